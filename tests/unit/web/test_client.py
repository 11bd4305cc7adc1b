"""One exchange under limits, against servers of every kind."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from support.web import running, serving

from ledger.errors import ExitCode, UsageError
from ledger.web.client import Answer, Unreachable, check_url, exchange
from ledger.web.limits import Limits
from ledger.web.messages import Request, Response, text
from ledger_server.dev_authority import DevelopmentAuthority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def saying(*parts: bytes, close: bool = True) -> AsyncIterator[str]:
    """A server that says some bytes to whoever comes; its URL."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
        if close:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def echo(request: Request) -> Response:
    """Say what was asked for."""
    return text(200, f"{request.method} {request.path} {request.headers['host']} {request.body.decode()}")


def test_get_and_post() -> None:
    """Path, host, body and type arrive; status, type and body come back."""

    async def test() -> None:
        async with serving(echo, limits=Limits(body_bytes=100)) as server:
            url = f"http://127.0.0.1:{server.port}"
            assert await exchange(f"{url}/a/b") == Answer(
                200, "text/plain; charset=utf-8", f"GET /a/b 127.0.0.1:{server.port} \n".encode()
            )
            posted = await exchange(url, method="POST", body=b"hello")
            assert posted.body == f"POST / 127.0.0.1:{server.port} hello\n".encode()

    running(test)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([], "in HTTP"),
        ([b"SSH-2.0-OpenSSH\r\n"], "in HTTP"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"], "in HTTP"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"], "in HTTP"),
        ([b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000], "in HTTP"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", b"x" * 5_000], "more than 1000 bytes"),
        ([b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 5_000], "more than 1000 bytes"),
    ],
)
def test_what_is_no_answer_within_the_limits_is_unreachable(parts: list[bytes], why: str) -> None:
    """Exit code 7: it may be another time."""

    async def test() -> None:
        async with saying(*parts) as url:
            with pytest.raises(Unreachable, match=why) as caught:
                await exchange(url, within_s=5, max_bytes=1_000)
        assert caught.value.exit_code == ExitCode.UNAVAILABLE

    running(test)


def test_a_silent_or_dripping_server_does_not_keep_anybody() -> None:
    """The time is for the whole exchange."""

    async def test() -> None:
        async with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", close=False) as url:
            with pytest.raises(Unreachable, match=r"within 0\.2 s"):
                await exchange(url, within_s=0.2)
        endless = [b"HTTP/1.1 102 Processing\r\n\r\n"] * 10_000
        async with saying(*endless, close=False) as url:
            with pytest.raises(Unreachable):
                await exchange(url, within_s=0.5)

    running(test)


def test_nobody_there() -> None:
    """A refused connection, and a name that cannot be one."""

    async def test() -> None:
        async with saying() as url:
            pass
        for gone in (url, "http://..example/"):
            with pytest.raises(Unreachable):
                await exchange(gone, within_s=5)

    running(test)


def test_redirects_are_answers() -> None:
    """Nobody is sent elsewhere."""

    async def test() -> None:
        async with saying(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        ) as url:
            assert (await exchange(url)).status == 302

    running(test)


def test_https_needs_a_certificate_that_holds(tmp_path: Path) -> None:
    """Of a known authority and for the host."""
    authority = DevelopmentAuthority.create(tmp_path / "ca-folder")
    issued = authority.issue_server(["localhost"])
    for name, data in (("cert", issued.cert_pem), ("key", issued.key_pem), ("ca", authority.certificate_pem)):
        (tmp_path / name).write_bytes(data)
    own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    trusting = ssl.create_default_context(cafile=tmp_path / "ca")

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    async def test() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=own)
        port = server.sockets[0].getsockname()[1]
        assert (await exchange(f"https://localhost:{port}", tls=trusting)).body == b"ok"
        with pytest.raises(Unreachable, match="certificate"):
            await exchange(f"https://localhost:{port}")
        with pytest.raises(Unreachable, match="certificate"):
            await exchange(f"https://127.0.0.1:{port}", tls=trusting)
        server.close()

    running(test)


def test_urls() -> None:
    """Scheme, host and a path; nothing that could name another request."""
    assert check_url("http://a.example:80/w/") == "http://a.example:80/w"
    assert check_url("https://[::1]:8443") == "https://[::1]:8443"
    for wrong in (
        "", "a.example", "ftp://a", "http://", "http://a b", "http://a/?q", "http://a/#f", "http://u:p@a",
        "http://u@a", "http://a:0", "http://a:99999", "http://a\r\nX: 1", "http://ä.example", "http://[::1",
    ):  # fmt: skip
        with pytest.raises(UsageError):
            check_url(wrong)
