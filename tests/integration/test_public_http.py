"""The log over HTTP and its export: the same files, with what caches need, and nothing that is not public."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.house import House
from support.waiting import until
from support.web import LOOPBACK, get, parsed, raw

from ledger.app.outcomes import Accepted
from ledger.client.statements import registry
from ledger.domain.identifiers import complete_credit_code
from ledger.domain.vocabulary import ParticipantKind, Role
from ledger.web.client import exchange
from ledger_server.public_web import serve_public
from ledger_server.telemetry import Metrics, json_logger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.web.server import WebServer

EVENTS = 300


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A ledger of more than one full tile."""
    made = House.open(tmp_path_factory.mktemp("house") / "d", in_memory=True)
    envelopes = [
        made.envelope(
            "participant-registration",
            registry.participant_registration(
                basis=made.basis(Role.CLERK),
                participant_id=number.to_bytes(16, "big"),
                kind=ParticipantKind.ENTERPRISE,
                registered_day=20_000,
                credit_code=complete_credit_code(f"91440300{number:08d}"),
            ),
            "clerk",
        )
        for number in range(1, EVENTS + 1)
    ]
    for start in range(0, EVENTS, 100):
        outcomes = made.send("participant-registration", *envelopes[start : start + 100], submitter="clerk")
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    yield made
    made.close()


@pytest.fixture(scope="module")
def exported(house: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its export."""
    return house.export(tmp_path_factory.mktemp("export"))


@pytest.fixture(params=[True, False], ids=["open", "closed"])
def server(house: House, exported: Path, request: pytest.FixtureRequest) -> Iterator[WebServer]:
    """The ledger that was exported over HTTP, with entries open or closed."""
    web = house.run(
        serve_public(
            house.ledger,
            LOOPBACK,
            open_entries=request.param,
            metrics=Metrics(),
            log=json_logger(io.StringIO()),
        )
    )
    web.opened = request.param
    yield web
    house.run(web.stop(0.1))


def files_of(exported: Path) -> list[str]:
    """Every path of an export."""
    return sorted(str(path.relative_to(exported)) for path in exported.rglob("*") if path.is_file())


def test_every_file_of_the_export_is_served_byte_for_byte(
    house: House, exported: Path, server: WebServer
) -> None:
    """But entries where they are closed; types and cache headers as specified for each kind."""
    for name in files_of(exported):
        status, headers, body = parsed(house.run(raw(server.port, get(f"/{name}"))))
        if name.startswith("tile/entries/") and not server.opened:  # type: ignore[attr-defined]
            assert (status, headers["cache-control"]) == (403, "no-store")
            assert b"not open to the public" in body
            continue
        assert (status, body) == (200, (exported / name).read_bytes())
        kind = "text/plain; charset=utf-8" if name == "checkpoint" else "application/octet-stream"
        age = "no-cache" if name == "checkpoint" else "public, max-age=31536000, immutable"
        assert (headers["content-type"], headers["cache-control"]) == (kind, age)
        again = house.run(raw(server.port, get(f"/{name}", f"If-None-Match: {headers['etag']}")))
        assert parsed(again)[0] == 304


def test_narrower_tiles_are_what_they_were_and_wider_ones_are_not_there(
    house: House, server: WebServer
) -> None:
    """Every width that a checkpoint had is served for ever; nothing beyond the newest one."""
    size = house.ledger.size
    full = house.run(exchange(f"http://127.0.0.1:{server.port}/tile/0/000")).body
    for width in (1, 7, 255):
        narrow = house.run(exchange(f"http://127.0.0.1:{server.port}/tile/0/000.p/{width}"))
        assert (narrow.status, narrow.body) == (200, full[: 32 * width])
    over = size % 256
    for name in (
        f"tile/0/001.p/{over + 1}",
        "tile/0/001",
        "tile/0/002.p/1",
        "tile/1/000.p/2",
        "tile/2/000.p/1",
    ):
        status, headers, _ = parsed(house.run(raw(server.port, get(f"/{name}"))))
        assert (status, headers["cache-control"]) == (404, "no-store")


@pytest.mark.parametrize(
    "path",
    [
        "/", "//checkpoint", "/checkpoint/", "/checkpoint?x", "/Checkpoint", "/tile/0/0", "/tile/0/000/",
        "/tile/00/000", "/tile/64/000", "/tile/-1/000", "/tile/0/x000/000", "/tile/0/000.p/0",
        "/tile/0/000.p/256", "/tile/0/000.p/01", "/tile/0/000.p/1_0", "/tile/0/../0/000", "/tile/0/%30%30%30",
        "/tile/0/000%2ep/1", "/tile/data/000", "/tile/entries", "/tile/entries/000.p/", "/../../etc/passwd",
        "/tile/0/\u0660\u0660\u0660", "/" + "0" * 64 + "/checkpoint", "*",
    ],
)  # fmt: skip
def test_other_spellings_of_paths_are_not_found(house: House, server: WebServer, path: str) -> None:
    """One spelling a file; none leaves the log."""
    line = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
    assert parsed(house.run(raw(server.port, line)))[0] in {400, 404}


def test_reading_methods_only(house: House, server: WebServer) -> None:
    """405 with what is allowed, for what is there."""
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT"):
        for path in ("/checkpoint", "/tile/0/000"):
            status, headers, _ = parsed(house.run(raw(server.port, get(path, method=method))))
            assert (status, headers["allow"]) == (405, "get, head")
    status, headers, body = parsed(house.run(raw(server.port, get("/tile/0/000", method="HEAD"))))
    assert (status, headers["content-length"], body) == (200, "8192", b"")


def test_ranges_of_entries(house: House, exported: Path, server: WebServer) -> None:
    """For who goes on with a transfer that was cut short; closed entries stay closed."""
    whole = (exported / "tile/entries/000").read_bytes()
    answer = house.run(raw(server.port, get("/tile/entries/000", "Range: bytes=100000-")))
    status, headers, body = parsed(answer)
    if server.opened:  # type: ignore[attr-defined]
        assert (status, body) == (206, whole[100_000:])
        assert headers["content-range"] == f"bytes 100000-{len(whole) - 1}/{len(whole)}"
    else:
        assert status == 403


def test_many_readers_at_once(house: House, exported: Path, server: WebServer) -> None:
    """All get the same bytes."""

    async def read() -> list[bytes]:
        url = f"http://127.0.0.1:{server.port}/tile/0/000"
        return [answer.body for answer in await asyncio.gather(*(exchange(url) for _ in range(100)))]

    assert set(house.run(read())) == {(exported / "tile/0/000").read_bytes()}


def test_any_web_server_can_host_an_export(house: House, exported: Path) -> None:
    """Python's own serves every file as it is."""
    command = [
        sys.executable,
        "-u",
        "-m",
        "http.server",
        "--bind",
        "127.0.0.1",
        "--directory",
        str(exported),
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        line = until(process.stdout.readline, what="the server's first line")
        port = int(line.split(" port ")[1].split(" ")[0])
        try:
            for name in files_of(exported):
                answer = house.run(exchange(f"http://127.0.0.1:{port}/{name}"))
                assert (answer.status, answer.body) == (200, (exported / name).read_bytes())
        finally:
            process.kill()
