"""A witness over HTTP: statuses, what it publishes, concurrent requests, restarts, and a store that fails."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from support.tiny_log import ORIGIN, TinyLog, tiny_log
from support.web import get, parsed, raw, running
from support.witnessing import PLAIN, RULES, witnessing

from ledger.errors import UsageError
from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.cosignature import CosignatureVerifier, verify_cosignatures
from ledger.proof.note import Note, parse_signature_lines
from ledger.proof.tlog_witness import MAX_REQUEST_BYTES
from ledger_witness.cosigner import Cosigner, check_apart
from ledger_witness.evidence import MOST, Evidence
from ledger_witness.records import PLAIN as PLAIN_RECORD
from ledger_witness.records import RecordsUnavailable

if TYPE_CHECKING:
    from pathlib import Path

LOG = tiny_log()
PATH = f"{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
VERIFIERS = [CosignatureVerifier(vkey) for vkey in PLAIN.vkeys]


def times_on(note: bytes) -> list[int]:
    """The times of the witness's cosignatures on a note."""
    return [found.timestamp_s for found in verify_cosignatures(note, VERIFIERS)]


def kept_in(directory: Path) -> list[bytes]:
    """The notes that were kept as evidence."""
    return sorted(path.read_bytes() for path in directory.glob("inconsistent-*.note"))


def test_it_answers_with_a_line_of_each_key_and_publishes_the_checkpoint(tmp_path: Path) -> None:
    """Lines over exactly this text; the log's signature and both of its own in the published note."""

    async def test() -> None:
        async with witnessing(tmp_path, [LOG.vkey], clock=lambda: 1_700_000_000.9) as it:
            answer = await it.post(LOG.request(0, 7))
            assert (answer.status, answer.content_type) == (200, "text/plain; charset=utf-8")
            lines = parse_signature_lines(answer.body)
            assert [line.name for line in lines] == ["witness.example/w"] * 2
            text = Note.parse(LOG.note(7)).text
            assert times_on(Note(text, lines).render()) == [1_700_000_000] * 2
            published = await it.get(PATH)
            assert published.body == LOG.note(7) + answer.body
            assert open_checkpoint(published.body, LOG.verifier, ORIGIN).size == 7

    running(test)


def test_every_status_over_http(tmp_path: Path) -> None:
    """200, 400, 403, 404, 409 of both kinds, 413, 422; a trusted key's second history is written down."""

    async def test() -> None:
        async with witnessing(tmp_path, [LOG.vkey]) as it:
            fork, stranger = LOG.forked(3), TinyLog(LOG.leaves, ORIGIN, b"\x31" * 32)
            cases = [
                (LOG.request(0, 7), 200, "text/plain; charset=utf-8"),
                (b"nonsense", 400, "text/plain; charset=utf-8"),
                (LOG.request(9, 7, proof=[]), 400, "text/plain; charset=utf-8"),
                (stranger.request(7, 9), 403, "text/plain; charset=utf-8"),
                (TinyLog(LOG.leaves, "unknown.example").request(0, 3), 404, "text/plain; charset=utf-8"),
                (LOG.request(5, 9), 409, "text/x.tlog.size"),
                (fork.request(7, 7), 409, "text/plain; charset=utf-8"),
                (fork.request(7, 9), 422, "text/plain; charset=utf-8"),
                (b"x" * (MAX_REQUEST_BYTES + 1), 413, "text/plain; charset=utf-8"),
            ]
            for body, status, content_type in cases:
                answer = await it.post(body)
                assert (answer.status, answer.content_type) == (status, content_type)
            assert (await it.post(LOG.request(0, 9))).body == b"7\n"
            assert (await it.get("add-checkpoint")).status == 405
            assert (await it.get("nothing")).status == 404
            assert it.said.getvalue().count('"event": "inconsistent"') == 2
            assert kept_in(tmp_path) == sorted([fork.note(7), fork.note(9)])
            assert it.metrics.answers.labels(code="422")._value.get() == 1
            assert (await it.get(PATH)).body.startswith(LOG.note(7))

    running(test)


def test_reading_is_cached_by_validator_and_nothing_is_published_before_the_first(tmp_path: Path) -> None:
    """404 that is not kept, then a note with an ETag, and 304."""

    async def test() -> None:
        async with witnessing(tmp_path, [LOG.vkey]) as it:
            port = int(it.url.rpartition(":")[2])
            status, headers, _ = parsed(await raw(port, get(f"/{PATH}")))
            assert (status, headers["cache-control"]) == (404, "no-store")
            await it.post(LOG.request(0, 7))
            status, headers, _ = parsed(await raw(port, get(f"/{PATH}")))
            assert (status, headers["cache-control"]) == (200, "no-cache")
            again = await raw(port, get(f"/{PATH}", f"If-None-Match: {headers['etag']}"))
            assert parsed(again)[0] == 304
            assert (await it.get(f"rules/{PATH}")).status == 404

    running(test)


def test_concurrent_requests_for_one_log_make_one_chain(tmp_path: Path) -> None:
    """Of requests from one size at most one grows it; the others get the size that is now, and no fork does."""

    async def test() -> None:
        async with witnessing(tmp_path, [LOG.vkey]) as it:
            await it.post(LOG.request(0, 5))
            fork = LOG.forked(5)
            bodies = [log.request(5, size) for size in range(6, 16) for log in (LOG, fork)]
            answers = await asyncio.gather(*map(it.post, bodies))
            assert [answer.status for answer in answers].count(200) == 1
            assert {answer.status for answer in answers} == {200, 409}
            record = await it.witness.record(PLAIN_RECORD, ORIGIN)
            assert record is not None
            assert {answer.body for answer in answers if answer.status == 409} == {b"%d\n" % record.size}
            assert record.root in {LOG.root(record.size), fork.root(record.size)}

    running(test)


def test_a_restart_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """An older or forked checkpoint is not signed after it, and times do not go back with the clock."""

    async def test() -> None:
        async with witnessing(tmp_path, [LOG.vkey], clock=lambda: 2_000.0) as it:
            await it.post(LOG.request(0, 9))
        async with witnessing(tmp_path, [LOG.vkey], clock=lambda: 1_000.0) as it:
            assert (await it.post(LOG.request(0, 5))).body == b"9\n"
            assert (await it.post(LOG.request(5, 9))).status == 409
            assert (await it.post(LOG.forked(3).request(9, 9))).status == 409
            assert (await it.post(LOG.forked(3).request(9, 12))).status == 422
            again = await it.post(LOG.request(9, 9))
            assert times_on(LOG.note(9) + again.body) == [2_000, 2_000]
            assert (await it.post(LOG.request(9, 12))).status == 200

    running(test)


def test_what_cannot_be_stored_is_not_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """500, no signature, and the next request is judged by what is stored."""

    async def test() -> None:
        async with witnessing(tmp_path, [LOG.vkey]) as it:
            await it.post(LOG.request(0, 5))
            swap = it.witness._records.swap

            def fail(*_: object) -> None:
                raise RecordsUnavailable("the disk is full")

            monkeypatch.setattr(it.witness._records, "swap", fail)
            refused = await it.post(LOG.request(5, 9))
            assert (refused.status, refused.body) == (500, b"500 Internal Server Error\n")
            monkeypatch.setattr(it.witness._records, "swap", swap)
            assert (await it.get(PATH)).body.startswith(LOG.note(5))
            assert (await it.post(LOG.forked(5).request(5, 9))).status == 200

    running(test)


def test_the_published_note_of_what_was_recomputed(tmp_path: Path) -> None:
    """Beside the plain cosignature while the texts are the same; below /rules the newest of its own."""

    async def test() -> None:
        async with witnessing(tmp_path, [LOG.vkey], rules=RULES) as it:
            await it.post(LOG.request(0, 5), "rules/add-checkpoint")
            record = await it.witness.record(PLAIN_RECORD, ORIGIN)
            assert record is not None
            await it.witness.add_recomputed(record)
            rules = [CosignatureVerifier(vkey) for vkey in RULES.vkeys]
            for path in (PATH, f"rules/{PATH}"):
                note = (await it.get(path)).body
                assert len(verify_cosignatures(note, [*VERIFIERS, *rules])) == 3
                assert open_checkpoint(note, LOG.verifier, ORIGIN).size == 5
            assert (await it.post(LOG.request(5, 9))).status == 200
            assert verify_cosignatures((await it.get(PATH)).body, rules) == ()
            assert len(verify_cosignatures((await it.get(f"rules/{PATH}")).body, rules)) == 1

    running(test)


def test_names_and_keys_serve_one_each() -> None:
    """Between cosigners, and between them and logs."""
    check_apart([PLAIN, RULES], [LOG.vkey])
    for cosigners, logs in (
        ([PLAIN, Cosigner("other.example", PLAIN.signers)], []),
        ([PLAIN, Cosigner(PLAIN.name, RULES.signers)], []),
        ([Cosigner("w.example", (LOG.signer,))], [LOG.vkey]),
        ([Cosigner(ORIGIN, PLAIN.signers)], [LOG.vkey]),
    ):
        with pytest.raises(UsageError):
            check_apart(cosigners, logs)


def test_evidence_is_kept_once_and_within_a_limit(tmp_path: Path) -> None:
    """The same note is one file; a key that signs nonsense without end fills no disk."""
    evidence = Evidence(tmp_path)
    first = evidence.keep(LOG.request(0, 1))
    assert first is not None
    assert (evidence.keep(LOG.request(0, 1)), first.read_bytes()) == (first, LOG.note(1))
    for number in range(MOST + 5):
        evidence.keep(LOG.request(0, 2, note=LOG.note(2, f"extension {number}")))
    assert len(kept_in(tmp_path)) == MOST
    assert evidence.keep(LOG.request(0, 1)) == first
    assert Evidence(tmp_path / "none").keep(LOG.request(0, 1)) is None
