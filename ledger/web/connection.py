"""One connection of the server: reads requests, has them answered, writes the answers, each in its time.

It must not know what a path means.
"""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import h11

from ledger.web.messages import Request, Response, refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ledger.web.limits import Limits

_READ_BYTES: Final = 64 * 1_024
_TOO_SLOW, _TOO_LONG, _TARGET_TOO_LONG, _HEAD_TOO_LONG = 408, 413, 414, 431


class _RefusedError(Exception):
    """The request is answered with a status, then the connection is closed."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Connection:
    """Serves one client until it leaves, errs or is too slow; `on_waiting` hears when it waits."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        limits: Limits,
        answer: Callable[[Request], Awaitable[Response]],
        on_waiting: Callable[[bool], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._answer = answer
        self._on_waiting = on_waiting
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head_bytes)
        # So that draining means that the system has taken every byte.
        writer.transport.set_write_buffer_limits(high=0)

    async def run(self) -> None:
        """Answer requests one after another; returns when the connection is to be closed."""
        try:
            while await self._exchange():
                self._http.start_next_cycle()
            await self._linger()
        except (OSError, TimeoutError, h11.RemoteProtocolError):
            # The client has gone, or does not take what it asked for: there is nobody to tell.
            return

    async def _exchange(self) -> bool:
        """Answer one request; whether another may follow."""
        try:
            request = await self._request()
        except _RefusedError as refused:
            return await self._refuse(refused.status)
        except h11.RemoteProtocolError as error:
            return await self._refuse(error.error_status_hint)
        if request is None:
            return False
        response = await self._answer(request)
        await self._send(response, head_only=request.method == "HEAD")
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def _refuse(self, status: int) -> bool:
        await self._send(refusal(status, headers=(("connection", "close"),)), head_only=False)
        return False

    async def _request(self) -> Request | None:
        """The next request with its body; None if the client leaves before it begins one."""
        self._on_waiting(True)
        scope = asyncio.timeout(self._limits.head_s)
        try:
            async with scope:
                event = await self._event()
        except TimeoutError:
            if not scope.expired() or not self._http.trailing_data[0]:
                raise
            raise _RefusedError(_TOO_SLOW) from None
        finally:
            self._on_waiting(False)
        if not isinstance(event, h11.Request):
            return None
        if len(event.target) > self._limits.target_chars:
            raise _RefusedError(_TARGET_TOO_LONG)
        # A head that came in one piece was not incomplete, and so not too long to h11.
        if sum(len(name) + len(value) for name, value in event.headers) > self._limits.head_bytes:
            raise _RefusedError(_HEAD_TOO_LONG)
        headers: dict[str, str] = {}
        for name, value in event.headers:
            key = name.decode("latin-1")
            text = value.decode("latin-1")
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
        # h11 has checked that the length is a number, and what it means beside a transfer coding.
        if int(headers.get("content-length", "0").partition(",")[0]) > self._limits.body_bytes:
            raise _RefusedError(_TOO_LONG)
        body = await self._body()
        return Request(
            method=event.method.decode("latin-1"),
            path=_path(event.target.decode("latin-1")),
            headers=headers,
            body=body,
        )

    async def _body(self) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.body_s):
                while isinstance(event := await self._event(), h11.Data):
                    body += event.data
                    if len(body) > self._limits.body_bytes:
                        raise _RefusedError(_TOO_LONG)
        except TimeoutError:
            raise _RefusedError(_TOO_SLOW) from None
        return bytes(body)

    async def _event(self) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                self._writer.write(
                    self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b""
                )
            self._http.receive_data(await self._reader.read(_READ_BYTES))
        return event

    async def _send(self, response: Response, *, head_only: bool) -> None:
        length = response.length
        headers = [("date", formatdate(usegmt=True)), *response.headers]
        if response.status != HTTPStatus.NOT_MODIFIED:
            headers.append(("content-length", str(length)))
        within_s = self._limits.answer_s + length / self._limits.bytes_per_s
        async with asyncio.timeout(within_s):
            phrase = HTTPStatus(response.status).phrase
            self._write(h11.Response(status_code=response.status, headers=headers, reason=phrase))
            if not head_only and length:
                async for piece in response.body.chunks(response.start, response.start + length):
                    self._write(h11.Data(data=piece))
                    await self._writer.drain()
            self._write(h11.EndOfMessage())
            await self._writer.drain()

    def _write(self, event: Any) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)

    async def _linger(self) -> None:
        """Let the client read the last answer before what it still sends resets the connection."""
        if self._reader.at_eof() or not self._writer.can_write_eof():
            return
        self._writer.write_eof()
        left = self._limits.linger_bytes
        async with asyncio.timeout(self._limits.linger_s):
            while left > 0 and (data := await self._reader.read(_READ_BYTES)):
                left -= len(data)


def _path(target: str) -> str:
    """The path of a target in origin or absolute form (RFC 9112 section 3.2)."""
    for scheme in ("http://", "https://"):
        if target.lower().startswith(scheme):
            _, slash, rest = target[len(scheme) :].partition("/")
            return slash + rest
    return target
