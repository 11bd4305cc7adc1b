"""The HTTP server against clients that are slow, long, broken, greedy or many."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support.web import LOOPBACK, becoming, get, parsed, raw, running, serving

from ledger.web.address import Address, AddressUnavailable
from ledger.web.content import deliver, held
from ledger.web.limits import Limits
from ledger.web.messages import BytesBody, Request, Response, text
from ledger.web.server import serve_web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SMALL = Limits(
    connections=4,
    head_bytes=2_048,
    target_chars=100,
    head_s=0.3,
    body_bytes=10,
    body_s=0.3,
    answer_s=0.5,
    bytes_per_s=10**9,
    linger_s=0.1,
)


async def echo(request: Request) -> Response:
    """Say what was asked for."""
    return text(200, f"{request.method} {request.path} {request.body.decode()}")


async def ask(*parts: bytes, limits: Limits = SMALL) -> tuple[int, dict[str, str], bytes]:
    """The one answer of a server with small limits."""
    async with serving(echo, limits=limits) as server:
        return parsed(await raw(server.port, *parts))


def test_requests_follow_each_other_on_one_connection() -> None:
    """Keep-alive, also when they are sent all at once; the last one closes."""

    async def test() -> None:
        async with serving(echo) as server:
            sent = get("/a", close=False) + get("/b", close=False, method="HEAD") + get("/c")
            answers = await raw(server.port, sent)
        assert answers.count(b"HTTP/1.1 200 OK") == 3
        assert b"GET /a" in answers
        assert b"HEAD /b" not in answers
        assert answers.endswith(b"GET /c \n")

    running(test)


def test_a_head_has_the_length_and_no_body() -> None:
    """The same headers as GET."""

    async def test() -> None:
        assert (await ask(get("/x", method="HEAD")))[1]["content-length"] == str(len("HEAD /x \n"))
        assert (await ask(get("/x", method="HEAD")))[2] == b""

    running(test)


def test_the_absolute_form_names_the_same_path() -> None:
    """As proxies send it."""

    async def test() -> None:
        assert (await ask(get("http://a.example/x")))[2] == b"GET /x \n"

    running(test)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS greeting\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (get("/" + "x" * 200), 414),
        (get("/", "X: " + "x" * 3_000), 431),
        (b"GET /" + b"x" * 4_000, 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n" + b"x" * 11, 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nxxxxxxxxxxx\r\n0\r\n\r\n",
            413,
        ),
    ],
)
def test_what_is_no_request_is_answered_and_the_connection_closed(sent: bytes, status: int) -> None:
    """A status that says why, and nothing after it."""

    async def test() -> None:
        found, headers, _ = await ask(sent)
        assert (found, headers["connection"]) == (status, "close")

    running(test)


def test_bodies_come_whole_or_chunked_and_after_a_100() -> None:
    """Up to the limit."""

    async def test() -> None:
        whole = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\n0123456789"
        chunked = (
            b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\n012\r\n7\r\n3456789\r\n0\r\n\r\n"
        )
        asking = whole.replace(b"Content-Length", b"Expect: 100-continue\r\nContent-Length")
        assert (await ask(whole))[2] == b"POST / 0123456789\n"
        assert (await ask(chunked))[2] == b"POST / 0123456789\n"
        head, _, body = asking.partition(b"\r\n\r\n")
        async with serving(echo, limits=SMALL) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(head + b"\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 100")
            writer.write(body)
            assert (await reader.read()).endswith(b"POST / 0123456789\n")
            writer.transport.abort()

    running(test)


def test_slow_heads_and_bodies_are_408_and_silence_is_nothing() -> None:
    """Each within its time; who sends nothing at all gets nothing."""

    async def test() -> None:
        assert (await ask(b"GET / HTT"))[0] == 408
        assert (await ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"))[0] == 408
        async with serving(echo, limits=SMALL) as server:
            assert await raw(server.port) == b""

    running(test)


def test_a_byte_now_and_then_does_not_prolong_the_time() -> None:
    """Slowloris: the time is for the whole head."""

    async def test() -> None:
        async with serving(echo, limits=SMALL) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            drips = 0
            while not reader.at_eof():
                writer.write(b"x")
                drips += 1
                try:
                    async with asyncio.timeout(0.05):
                        if await reader.read(10):
                            break
                except TimeoutError:
                    continue
            writer.transport.abort()
            assert drips < 20

    running(test)


def test_the_one_that_waits_longest_makes_room() -> None:
    """At the limit of connections a newcomer is served; who holds requests back is closed."""

    async def test() -> None:
        patient = Limits(connections=4, head_s=30.0)
        async with serving(echo, limits=patient) as server:
            held_back = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(10)]
            for _, writer in held_back:
                writer.write(b"GET / HT")
            answers = await asyncio.gather(*(raw(server.port, get(f"/{n}")) for n in range(4)))
            assert all(answer.endswith(f"GET /{n} \n".encode()) for n, answer in enumerate(answers))
            assert server.connections <= 4
            assert await held_back[0][0].read() == b""
            for _, writer in held_back:
                writer.transport.abort()

    running(test)


def test_when_all_are_busy_a_newcomer_gets_503() -> None:
    """Nobody is thrown out in the middle of an answer."""

    async def test() -> None:
        go_on = asyncio.Event()

        async def wait(request: Request) -> Response:
            await go_on.wait()
            return await echo(request)

        async with serving(wait, limits=SMALL) as server:
            busy = [asyncio.create_task(raw(server.port, get("/"))) for _ in range(4)]
            await becoming(lambda: server.connections == 4 and not server._waiting)
            assert parsed(await raw(server.port, get("/")))[0] == 503
            go_on.set()
            assert all(parsed(answer)[0] == 200 for answer in await asyncio.gather(*busy))

    running(test)


def test_no_more_answers_are_worked_on_at_once_than_allowed() -> None:
    """The others wait for their turn."""

    async def test() -> None:
        now = most = 0

        async def count(request: Request) -> Response:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.01)
            now -= 1
            return await echo(request)

        async with serving(count, limits=Limits(working=2)) as server:
            await asyncio.gather(*(raw(server.port, get("/")) for _ in range(10)))
        assert most == 2

    running(test)


def test_who_does_not_take_the_answer_is_left() -> None:
    """The time of an answer is bounded, and so is what is held for it."""

    async def test() -> None:
        sent = 0

        class Endless:
            length = 1 << 30

            async def chunks(self, start: int, stop: int) -> AsyncIterator[bytes]:
                nonlocal sent
                for _ in range(start, stop, 65_536):
                    sent += 65_536
                    yield bytes(65_536)

        async def huge(_: Request) -> Response:
            return Response(status=200, body=Endless())

        async with serving(huge, limits=SMALL) as server:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(get("/"))
            await becoming(lambda: sent > 0 and not server.connections)
            writer.transport.abort()
        assert sent < 64 * 1_024 * 1_024

    running(test)


def test_a_fault_is_500_without_its_text_and_is_told() -> None:
    """What a handler raises, and what a body raises after its head is out."""

    async def test() -> None:
        told: list[tuple[str, str]] = []

        class Broken(BytesBody):
            async def chunks(self, start: int, stop: int) -> AsyncIterator[bytes]:
                yield self.data[start : stop - 2]
                raise RuntimeError("later secret")

        async def faulty(request: Request) -> Response:
            if request.path == "/body":
                return Response(status=200, body=Broken(b"abc"))
            raise RuntimeError("a secret")

        def hear(where: str, error: Exception) -> None:
            told.append((where, str(error)))

        async with serving(faulty, on_fault=hear) as server:
            status, _, body = parsed(await raw(server.port, get("/x")))
            assert (status, body) == (500, b"500 Internal Server Error\n")
            assert b"secret" not in await raw(server.port, get("/body"))
        assert told == [("GET /x", "a secret"), ("an answer", "later secret")]

    running(test)


def test_stopping_lets_answers_end_and_closes_the_rest() -> None:
    """Idle connections at once."""

    async def test() -> None:
        go_on = asyncio.Event()

        async def wait(request: Request) -> Response:
            await go_on.wait()
            return await echo(request)

        server = await serve_web(wait, listen=LOOPBACK)
        idle, writer = await asyncio.open_connection("127.0.0.1", server.port)
        busy = asyncio.create_task(raw(server.port, get("/")))
        await becoming(lambda: server.connections == 2 and len(server._waiting) == 1)
        stopping = asyncio.create_task(server.stop(5.0))
        assert await idle.read() == b""
        go_on.set()
        await stopping
        assert parsed(await busy)[0] == 200
        writer.transport.abort()

    running(test)


def test_a_taken_address_is_told() -> None:
    """Exit code 7 and a next step."""

    async def test() -> None:
        async with serving(echo) as server:
            with pytest.raises(AddressUnavailable, match="cannot listen"):
                await serve_web(echo, listen=Address("127.0.0.1", server.port))

    running(test)


def test_a_large_body_goes_out_whole() -> None:
    """Across many writes, and in part."""

    async def test() -> None:
        data = bytes(range(256)) * 8_192

        async def large(request: Request) -> Response:
            return await deliver(request, held(data))

        async with serving(large) as server:
            assert parsed(await raw(server.port, get("/")))[2] == data
            part = parsed(await raw(server.port, get("/", "Range: bytes=1000000-1999999")))
            assert (part[0], part[2]) == (206, data[1_000_000:2_000_000])

    running(test)
