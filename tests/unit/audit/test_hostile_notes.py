"""Checkpoints of a hostile log, through the whole audit: one spelling of everything, keys from the user alone."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from audit_forge.bulk import make_bulk
from audit_forge.draft import LOG, ORIGIN, VKEY, Actor, checkpoint, seal, write
from audit_forge.memory import MemorySource
from audit_forge.year import make_year

from ledger.proof.note import MAX_NOTE_SIZE, Note, NoteSignature, add_signatures
from ledger.proof.vkey import ED25519_TYPE, VKey, key_id_of
from ledger_audit.sources import ExportSource
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ledger_audit.report import Report

    Spoil = Callable[[bytes], bytes]

STRANGER = Actor("stranger")


@pytest.fixture(scope="module")
def entries() -> list[bytes]:
    """A whole year."""
    return seal(make_year().drafts)


def audit(entries: list[bytes], note: bytes, *, key: str = VKEY) -> Report:
    return verify(MemorySource(entries, note=note), log_key=key)


def signed(text: bytes, signer: Actor = LOG) -> bytes:
    """A text with a right signature: what is wrong with it is not that."""
    identity = key_id_of(name=ORIGIN, signature_type=ED25519_TYPE, public_key=signer.public_key)
    return Note(text, (NoteSignature(ORIGIN, identity, signer.signer.sign(text)),)).render()


def texted(change: Callable[[bytes, bytes, bytes], list[bytes]]) -> Spoil:
    """Change origin, size and root lines, and sign the result with the log's own key."""

    def spoil(note: bytes) -> bytes:
        lines = Note.parse(note).text.split(b"\n")[:3]
        return signed(b"".join(line + b"\n" for line in change(*lines)))

    return spoil


def arabic(size: bytes) -> bytes:
    """The same number in other digits, which int() takes."""
    return "".join(chr(0x660 + int(digit)) for digit in size.decode()).encode()


SIZES: dict[str, Callable[[bytes], bytes]] = {
    "plus": lambda size: b"+" + size,
    "underscore": lambda size: size[:1] + b"_" + size[1:],
    "space before": lambda size: b" " + size,
    "space after": lambda size: size + b" ",
    "zero before": lambda size: b"0" + size,
    "digits of another script": arabic,
    "minus": lambda _: b"-1",
    "hexadecimal": lambda size: hex(int(size)).encode(),
    "exponent": lambda _: b"1e2",
    "none": lambda _: b"",
    "over 64 bits": lambda _: str(1 << 64).encode(),
    "many digits": lambda _: b"9" * 5_000,
}
ROOTS: dict[str, Callable[[bytes], bytes]] = {
    "no padding": lambda root: root.rstrip(b"="),
    "more padding": lambda root: root + b"=",
    "stray bits": lambda root: root[:-2] + bytes([root[-2] + 1]) + b"=",
    "other alphabet": lambda root: base64.urlsafe_b64encode(b"\xff" * 32) if root else b"",
    "white space": lambda root: root[:8] + b" " + root[8:],
    "short": lambda _: base64.b64encode(bytes(31)),
    "long": lambda _: base64.b64encode(bytes(33)),
}


@pytest.mark.parametrize("change", SIZES.values(), ids=SIZES)
def test_a_size_has_one_spelling(entries: list[bytes], change: Callable[[bytes], bytes]) -> None:
    """What int() would take is no size, though the log's key signed it."""
    report = audit(entries, texted(lambda o, s, r: [o, change(s), r])(checkpoint(entries)))
    assert {finding.check for finding in report.findings} == {"checkpoint_form"}
    assert report.tree_size == 0


@pytest.mark.parametrize("change", ROOTS.values(), ids=ROOTS)
def test_a_root_has_one_spelling(entries: list[bytes], change: Callable[[bytes], bytes]) -> None:
    """Canonical base64 of 32 bytes."""
    report = audit(entries, texted(lambda o, s, r: [o, s, change(r)])(checkpoint(entries)))
    assert {finding.check for finding in report.findings} == {"checkpoint_form"}


def lines(note: bytes) -> tuple[bytes, bytes]:
    """Text with its blank line, and the signature line."""
    body, _, signature = note.rpartition(b"\n\n")
    return body + b"\n\n", signature


MALFORMED: dict[str, Spoil] = {
    "over the limit": lambda note: note + b"x" * MAX_NOTE_SIZE,
    "long line": lambda note: lines(note)[0] + "— ".encode() + b"x" * 900_000 + b" AAAAAAA\n",
    "many signatures": lambda note: note + lines(note)[1] * 100,
    "carriage returns": lambda note: note.replace(b"\n", b"\r\n"),
    "no newline at the end": lambda note: note[:-1],
    "a hyphen for the dash": lambda note: note.replace("—".encode(), b"-"),
    "signature without padding": lambda note: note[:-2].rstrip(b"=") + b"\n",
    "signature with white space": lambda note: note[:-9] + b" " + note[-9:],
    "a blank line more": lambda note: lines(note)[0] + b"\n" + lines(note)[1],
    "control character": lambda note: b"\x07" + note,
    "not UTF-8": lambda note: b"\xff" + note,
    "empty origin": texted(lambda _, s, r: [b"", s, r]),
    "two lines": texted(lambda o, s, _: [o, s]),
    "extension line": texted(lambda o, s, r: [o, s, r, b"more"]),
}


@pytest.mark.parametrize("spoil", MALFORMED.values(), ids=MALFORMED)
def test_a_note_has_one_form(entries: list[bytes], spoil: Spoil) -> None:
    """Anything else is a finding, and nothing is guessed from it."""
    report = audit(entries, spoil(checkpoint(entries)))
    assert report.result == "findings"
    assert {finding.check for finding in report.findings} == {"checkpoint_form"}


def test_a_doubled_signature_line_counts_once(entries: list[bytes]) -> None:
    """The same line twice is harmless; another wrong one of the log's key is a finding."""
    note = checkpoint(entries)
    text, signature = lines(note)
    assert audit(entries, text + signature * 2).result == "ok"
    (line,) = Note.parse(note).signatures
    wrong = NoteSignature(line.name, line.key_id, line.signature[:-1] + b"\x00")
    for data in (text + signature + wrong.render(), text + wrong.render() + signature):
        report = audit(entries, data)
        assert {finding.check for finding in report.findings} == {"checkpoint_signature"}


def test_signatures_of_unknown_keys_and_algorithms_are_nobodys(entries: list[bytes]) -> None:
    """They neither help nor hinder; alone they are no signature."""
    note = checkpoint(entries)
    text = Note.parse(note).text
    strangers = [
        NoteSignature(ORIGIN, bytes([number]) * 4, STRANGER.signer.sign(text)) for number in range(9)
    ]
    strangers.append(NoteSignature("other.example/w", b"\x07\x07\x07\x07", b"\x00" * 2_420))
    assert audit(entries, add_signatures(note, strangers)).result == "ok"
    alone = Note(text, tuple(strangers)).render()
    assert {finding.check for finding in audit(entries, alone).findings} == {"checkpoint_signature"}


def test_a_key_that_the_log_offers_is_not_taken(entries: list[bytes]) -> None:
    """Not from the note, whose line names it, and not from the genesis, which names it, too."""
    year = make_year()
    theirs = VKey(ORIGIN, ED25519_TYPE, STRANGER.public_key)
    year.drafts[0].statement.log_vkey = theirs.render()
    forged = seal(year.drafts)
    note = checkpoint(forged, signer=STRANGER)
    assert audit(forged, note, key=theirs.render()).result == "ok"
    report = audit(forged, note)
    assert report.result == "findings"
    assert {finding.check for finding in report.findings} == {"checkpoint_signature", "log_key"}


def test_a_signature_of_the_right_name_and_another_key_is_none(entries: list[bytes]) -> None:
    """The line claims the trusted key's name and id."""
    note = checkpoint(entries)
    (line,) = Note.parse(note).signatures
    text = Note.parse(note).text
    forged = Note(text, (NoteSignature(line.name, line.key_id, STRANGER.signer.sign(text)),)).render()
    assert {finding.check for finding in audit(entries, forged).findings} == {"checkpoint_signature"}


@pytest.mark.parametrize("size", [(1 << 64) - 1, 1 << 40])
def test_a_size_that_no_log_has_ends_soon(entries: list[bytes], tmp_path: Path, size: int) -> None:
    """The log's own key signed it. What is absent is not looked for for ever, and what is there is judged."""
    year = make_bulk(600)
    year["claim bulk 5"].statement.purpose = 0
    bulk = seal(year.drafts)
    note = texted(lambda o, _, r: [o, str(size).encode(), r])(checkpoint(bulk))
    report = verify(ExportSource(write(bulk, tmp_path / "log", note=note)), log_key=VKEY)
    assert report.tree_size == size
    assert [(f.check, f.index) for f in report.findings] == [("statement", year.named["claim bulk 5"])]
    assert {check.name: check.status for check in report.checks}["tree_root"] == "SKIPPED"


def test_a_source_that_gives_nothing_is_left(entries: list[bytes]) -> None:
    """It says neither that it has no more nor what is wrong."""

    class Mute(MemorySource):
        def chunks(self, *, start: int, stop: int, size: int) -> Any:
            return super().chunks(start=start, stop=min(stop, 60), size=size)

    report = verify(Mute(entries), log_key=VKEY)
    assert (report.result, report.findings) == ("incomplete", ())
