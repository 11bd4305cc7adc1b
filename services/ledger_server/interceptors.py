"""What every call passes before and after its handler, composed once a method.

In order: exception guard (outermost, so that it covers the rest) → peer → access → size → parsing →
deadline → handler. Handlers get parsed requests of admitted callers only, and no exception text leaves.
"""

from __future__ import annotations

import asyncio
import inspect
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import grpc
from google.protobuf.message import DecodeError
from grpc import aio

from ledger.app.outcomes import Refused
from ledger.domain.rejections import Reason
from ledger_server.access import Caller, admitted_to
from ledger_server.guard import incident
from ledger_server.identity import ANYONE, Peer, PeerDirectory, enter
from ledger_server.limits import DEFAULT_CALL_S, MAX_CALL_S, STREAM_RECHECK_S, request_cap
from ledger_server.status import malformed, refuse
from ledger_server.watch import AccessWatch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from structlog.typing import FilteringBoundLogger

    from ledger_server.telemetry import Metrics

Context = aio.ServicerContext[Any, Any]

_DENIED = Refused(reason=Reason.PERMISSION_DENIED, message="your role may not call this method")
_TIMED_OUT = Refused(
    reason=Reason.DEADLINE_TOO_LONG,
    message="the server's time for one call is over; what was sent may be recorded: repeat the same request",
)


class Pipeline(aio.ServerInterceptor):
    """The one interceptor; `intercept_service` gives each method its wrapped handler."""

    def __init__(
        self,
        *,
        directory: PeerDirectory,
        metrics: Metrics,
        log: FilteringBoundLogger,
        default_call_s: float = DEFAULT_CALL_S,
        recheck_s: float = STREAM_RECHECK_S,
        open_entries: bool = False,
    ) -> None:
        self._directory = directory
        self._metrics = metrics
        self._log = log
        self._default_call_s = default_call_s
        self._recheck_s = recheck_s
        self._admitted_to = partial(admitted_to, open_entries=open_entries)
        self._wrapped: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """The handler of the method behind every check; a method that is not offered stays unknown."""
        method = handler_call_details.method
        wrapped = self._wrapped.get(method)
        if wrapped is None:
            handler = await continuation(handler_call_details)
            if handler is None:
                return None
            wrapped = self._wrapped[method] = self._wrap(method, handler)
        return wrapped

    def _wrap(self, method: str, handler: grpc.RpcMethodHandler[Any, Any]) -> grpc.RpcMethodHandler[Any, Any]:
        if handler.request_streaming:
            # Only reflection streams requests, and it is open to anyone.
            return handler if Caller.ANYONE in self._admitted_to(method) else _closed()
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(cast("Any", self._stream(method, handler)))
        return grpc.unary_unary_rpc_method_handler(cast("Any", self._unary(method, handler)))

    def _unary(
        self, method: str, handler: grpc.RpcMethodHandler[Any, Any]
    ) -> Callable[[bytes, Context], Awaitable[bytes]]:
        behaviour = cast("Callable[[Any, Context], Awaitable[Any]]", handler.unary_unary)
        render = cast("Callable[[Any], bytes]", handler.response_serializer)
        admit = self._admission(method, handler)
        succeeded = self._metrics.rpcs.labels(method=method, code="OK")

        async def call(raw: bytes, context: Context) -> bytes:
            try:
                _, request = await admit(raw, context)
                remaining_s = context.time_remaining()
                if remaining_s is not None and remaining_s <= MAX_CALL_S:
                    answer = render(await behaviour(request, context))
                else:
                    limit_s = self._default_call_s if remaining_s is None else MAX_CALL_S
                    answer = render(await self._in_time(limit_s, behaviour(request, context), context))
            except aio.AbortError:
                self._metrics.count_failure(method, context.code())
                raise
            except Exception as error:  # noqa: BLE001 - the guard is for what nobody expected
                self._metrics.count_failure(method, grpc.StatusCode.INTERNAL)
                await refuse(context, incident(self._log, method=method, error=error))
            succeeded.inc()
            return answer

        return call

    @staticmethod
    async def _in_time(limit_s: float, answer: Awaitable[Any], context: Context) -> Any:
        scope = asyncio.timeout(limit_s)
        try:
            async with scope:
                return await answer
        except TimeoutError:
            if not scope.expired():
                raise
            await refuse(context, _TIMED_OUT)

    def _stream(
        self, method: str, handler: grpc.RpcMethodHandler[Any, Any]
    ) -> Callable[[bytes, Context], Awaitable[None]]:
        behaviour = cast("Callable[[Any, Context], Any]", handler.unary_stream)
        render = cast("Callable[[Any], bytes]", handler.response_serializer)
        admit = self._admission(method, handler)
        generates = inspect.isasyncgenfunction(behaviour)
        admitted = self._admitted_to(method)

        def still(context: Context) -> Refused | None:
            peer = self._identify(admitted, context)
            return peer if isinstance(peer, Refused) else None

        async def call(raw: bytes, context: Context) -> None:
            try:
                peer, request = await admit(raw, context)
                if not generates:
                    await behaviour(request, cast("Context", _Rendering(context, render)))
                    return
                watch = AccessWatch(lambda: still(context), every_s=self._recheck_s)
                with watch.over(peer):
                    async with aclosing(behaviour(request, context)) as messages:
                        async for message in messages:
                            await context.write(render(message))
                if watch.lost is not None:
                    await refuse(context, watch.lost)
            except aio.AbortError:
                self._metrics.count_failure(method, context.code())
                raise
            except Exception as error:  # noqa: BLE001 - the guard is for what nobody expected
                self._metrics.count_failure(method, grpc.StatusCode.INTERNAL)
                await refuse(context, incident(self._log, method=method, error=error))
            self._metrics.rpcs.labels(method=method, code="OK").inc()

        return call

    def _identify(self, admitted: frozenset[Caller], context: Context) -> Peer | Refused:
        if Caller.ANYONE in admitted:
            return ANYONE
        peer = self._directory.identify(context)
        if isinstance(peer, Peer) and admitted.isdisjoint(peer.callers):
            return _DENIED
        return peer

    def _admission(
        self, method: str, handler: grpc.RpcMethodHandler[Any, Any]
    ) -> Callable[[bytes, Context], Awaitable[tuple[Peer, Any]]]:
        admitted = self._admitted_to(method)
        cap = request_cap(method)
        parse = cast("Callable[[bytes], Any]", handler.request_deserializer)
        too_large = Refused(
            reason=Reason.TOO_LARGE, message=f"a request of this method has at most {cap} bytes"
        )
        unreadable = malformed("the bytes are not a request of this method")

        async def admit(raw: bytes, context: Context) -> tuple[Peer, Any]:
            peer = self._identify(admitted, context)
            if isinstance(peer, Refused):
                await refuse(context, peer)
            enter(peer)
            if len(raw) > cap:
                await refuse(context, too_large)
            try:
                return peer, parse(raw)
            except DecodeError:
                await refuse(context, unreadable)

        return admit


class _Rendering:
    """The context for handlers that write messages themselves."""

    def __init__(self, context: Context, render: Callable[[Any], bytes]) -> None:
        self._context = context
        self._render = render

    async def write(self, message: Any) -> None:
        """Send one message."""
        await self._context.write(self._render(message))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def _closed() -> grpc.RpcMethodHandler[Any, Any]:
    async def call(_: Any, context: Context) -> None:
        await refuse(context, _DENIED)

    return grpc.stream_stream_rpc_method_handler(cast("Any", call))
