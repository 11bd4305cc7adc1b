"""A log over HTTP: from an honest web server as from a directory, from a hostile one nothing but a clear end."""

from __future__ import annotations

import gzip
import resource
import socket
import time
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from audit_forge.bulk import make_bulk
from audit_forge.draft import VKEY, checkpoint, seal, write
from audit_forge.year import make_year
from support.hosting import Web, serving_web

from ledger.errors import ExitCode, UsageError
from ledger.proof.hashing import leaf_hash
from ledger_audit.export import export
from ledger_audit.http_fetching import Patience
from ledger_audit.http_source import HttpSource
from ledger_audit.prove import prove
from ledger_audit.sources import ExportSource, open_source
from ledger_audit.verify import BYTES_LAYERS, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ledger_audit.report import Report

    Answer = Callable[[Web], None]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An export of a whole year."""
    return write(seal(make_year().drafts), tmp_path / "export")


@pytest.fixture
def web(directory: Path) -> Iterator[type[Web]]:
    """A server of it below /log; `answers` make it hostile."""
    with serving_web(directory) as handler:
        yield handler


HURRY = Patience(attempts=4, answer_s=0.6, total_s=1.2, first_pause_s=0.001)


def audit(web: Any, **options: Any) -> Report:
    source = HttpSource(web.url, patience=HURRY)
    try:
        return verify(source, log_key=VKEY, **options)
    finally:
        source.close()


def test_it_is_the_log_of_the_directory(web: Any, directory: Path, tmp_path: Path) -> None:
    """Report, export and proofs are the same; with workers, too."""
    expected = verify(ExportSource(directory), log_key=VKEY).to_json()
    assert audit(web).to_json() == audit(web, workers=2).to_json() == expected
    source = open_source(web.url)
    export(source, tmp_path / "copy")
    assert prove(source, index=7) == prove(ExportSource(directory), index=7)
    source.close()
    files = {
        path.relative_to(directory): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }
    copied = tmp_path / "copy"
    assert {p.relative_to(copied): p.read_bytes() for p in copied.rglob("*") if p.is_file()} == files


def test_what_is_wrong_is_found_all_the_same(web: Any, directory: Path) -> None:
    """A changed byte is a finding at its event, a tile of another width one at its first."""
    (bundle,) = (path for path in (directory / "tile/entries").rglob("*") if path.is_file())
    data = bytearray(bundle.read_bytes())
    data[5_000] ^= 1
    bundle.write_bytes(bytes(data))
    expected = verify(ExportSource(directory), log_key=VKEY).to_json()
    assert audit(web).to_json() == expected
    assert expected["result"] == "findings"
    web.answers["tile/0"] = lambda h: h.give(bytes(32 * 255))
    assert "hash_tiles" in {finding.check for finding in audit(web).findings}


def once(answer: Answer) -> Answer:
    """The hostile answer the first time, the honest one afterwards."""
    left = [answer]
    return lambda handler: left.pop()(handler) if left else handler.plain()


@pytest.mark.parametrize(
    "answer",
    [
        lambda h: h.give(b"busy", status=503),
        lambda h: h.give(b"slow down", status=429, Retry_After="0"),
        lambda h: h.give(b"abc", length=9_999),
        lambda h: h.connection.close(),
        lambda h: h.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n"),
        lambda _: time.sleep(0.9),
    ],
    ids=["503", "429", "cut", "reset", "no http", "silence"],
)
def test_a_passing_fault_is_tried_again(web: Any, answer: Answer) -> None:
    """One bad answer, then a good one."""
    web.answers["tile/entries"] = once(answer)
    assert audit(web).result == "ok"


def drip(handler: Web) -> None:
    """A byte now and then, for ever."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.05)


def flood(handler: Web) -> None:
    """A body without end."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(bytes(1 << 20))


def chunks(handler: Web) -> None:
    """A body without end, in chunks of one byte."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(b"1\r\nx\r\n" * 1000)


def head(handler: Web) -> None:
    """A head without end, a byte at a time."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Endless: ")
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.05)


def provisional(handler: Web) -> None:
    """Told to go on, for ever."""
    while True:
        handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def bomb(handler: Web) -> None:
    """A hundred kilobytes that unpack to a hundred megabytes."""
    packer = zlib.compressobj(wbits=31)
    data = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(100)), packer.flush()])
    handler.give(data, Content_Encoding="gzip")


@pytest.mark.parametrize("file", ["checkpoint", "tile/entries", "tile/0"])
@pytest.mark.parametrize(
    "answer",
    [
        lambda h: h.give(b"gone", status=404),
        lambda h: h.give(b"no", status=403),
        lambda h: h.give(b"broken", status=500),
        lambda h: h.give(b"", status=302, Location="http://127.0.0.1:1/"),
        lambda h: h.give(b"", status=301, Location="/log/elsewhere"),
        lambda h: h.give(gzip.compress(b"abc")[:-6], Content_Encoding="gzip"),
        lambda h: h.give(b"abc", Content_Encoding="br"),
        lambda h: h.give(b"abc", length=1 << 40),
        bomb,
        drip,
        flood,
        chunks,
        head,
        provisional,
    ],
    ids=[
        *("404", "403", "500", "redirect", "redirect here", "gzip cut", "brotli", "cut"),
        *("bomb", "drip", "flood", "chunks", "head", "provisional"),
    ],
)
def test_a_hostile_answer_ends_as_not_checked(web: Any, file: str, answer: Answer) -> None:
    """Bounded time and memory, exit 5, and the report says what was not checked."""
    web.answers[file] = answer
    begun = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = audit(web)
    assert time.monotonic() - begun < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 80 << 10
    assert report.exit_code == ExitCode.COULD_NOT_CHECK
    assert any(check.reason for check in report.checks)


@pytest.mark.parametrize("file", ["checkpoint", "tile/entries", "tile/0"])
def test_a_file_that_is_too_long_is_a_finding_here_and_there(web: Any, directory: Path, file: str) -> None:
    """It is there whole and does not parse; the same in a directory."""
    (path,) = [path for path in (directory / file, *(directory / file).rglob("*")) if path.is_file()]
    path.write_bytes(path.read_bytes() + bytes(20_000_000))
    expected = verify(ExportSource(directory), log_key=VKEY).to_json()
    assert expected["result"] == "findings"
    assert audit(web).to_json() == expected


def test_entries_may_come_packed(web: Any) -> None:
    """A static host may keep them so and ask nobody (C2SP tlog-tiles, "Log entries")."""

    def packed(handler: Web) -> None:
        data = (handler.root / handler.path.removeprefix("/log/")).read_bytes()
        handler.give(gzip.compress(data), Content_Encoding="gzip")

    web.answers["tile/"] = packed
    assert audit(web).result == "ok"


def test_one_who_shows_another_entry_the_second_time_is_not_believed(web: Any, directory: Path) -> None:
    """What is read again has to be what the tree was made of."""
    write(seal(make_bulk(300).drafts), directory)
    data = (directory / "tile/entries/000").read_bytes()
    seen: list[str] = []

    def twofaced(handler: Web) -> None:
        seen.append(handler.path)
        handler.give(data if len(seen) == 1 else data[:5] + bytes([data[5] ^ 1]) + data[6:])

    web.answers["tile/entries/000"] = twofaced
    report = audit(web)
    assert len(seen) > 1
    assert report.result == "incomplete"
    assert any("other bytes for event" in check.reason for check in report.checks)


def test_few_connections_serve_many_files(web: Any, directory: Path) -> None:
    """They are kept, and tiles come beside their bundles."""
    entries = chained(2_000)
    write(entries, directory)
    report = audit(web, layers=BYTES_LAYERS)
    assert (report.result, report.tree_size) == ("ok", 2_000)
    assert len(web.asked) == len(set(web.asked))
    assert len(set(web.clients)) <= 6


@pytest.mark.parametrize(
    "note",
    [b"", b"\xff" * 50, b"a" * 900_000, b"\xe2\x80\x94 x y\n" * 60_000],
    ids=["empty", "binary", "long", "signatures"],
)
def test_a_checkpoint_that_is_none_is_a_finding(web: Any, note: bytes) -> None:
    """It is there, and does not parse."""
    web.answers["checkpoint"] = lambda h: h.give(note)
    report = audit(web)
    assert report.result == "findings"
    assert {finding.check for finding in report.findings} == {"checkpoint_form"}


def test_nobody_listens() -> None:
    """Refused connections are told as such."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    source = HttpSource(f"http://127.0.0.1:{port}")
    assert verify(source, log_key=VKEY).exit_code == ExitCode.COULD_NOT_CHECK


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http://user@host/",
        "http://user:secret@host/",
        "http://host:99999/",
        "http://host/log?x=1",
        "http://host/log#x",
        "ftp://host/log",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """Before anything is asked, and without repeating a password."""
    with pytest.raises(UsageError) as caught:
        open_source(url)
    assert "secret" not in str(caught.value)


def test_a_log_that_grew_is_read_through_fuller_files(web: Any, directory: Path) -> None:
    """A partial bundle or tile may be gone once there is a full one, which is cut."""
    entries = chained(600)
    write(entries[:300], directory)
    write(entries, directory)
    gone = [path for path in directory.rglob("001.p/*") if path.is_file()]
    assert len(gone) == 2
    for path in gone:
        path.unlink()
    (directory / "checkpoint").write_bytes(checkpoint(entries[:300]))
    expected = verify(ExportSource(directory), log_key=VKEY, layers=BYTES_LAYERS).to_json()
    assert (expected["result"], expected["tree_size"]) == ("ok", 300)
    assert audit(web, layers=BYTES_LAYERS).to_json() == expected


def chained(count: int) -> list[bytes]:
    """Leaves that say nothing."""
    entries: list[bytes] = []
    previous = bytes(32)
    for index in range(count):
        entries.append(b"\x09" + index.to_bytes(8, "little") + b"\x12\x20" + previous + b"\x18\x01")
        previous = leaf_hash(entries[-1])
    return entries
