"""C2SP signed notes, checkpoint texts and cosignatures, as published upstream."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import pytest

from ledger.errors import MalformedError, VerificationError
from ledger.proof.checkpoint import Checkpoint, open_checkpoint
from ledger.proof.cosignature import CosignatureVerifier, verify_cosignatures
from ledger.proof.hashing import EMPTY_ROOT, leaf_hash
from ledger.proof.note import Ed25519NoteVerifier, Note, open_note
from ledger.proof.tlog_witness import log_path
from ledger.proof.vkey import VKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Case = dict[str, Any]
_ROOT = b64encode(EMPTY_ROOT).decode()


def _load(vectors: Path, name: str) -> Case:
    loaded: Case = json.loads((vectors / name).read_text())
    return loaded


def _notes(vectors: Path) -> Case:
    return _load(vectors, "c2sp-signed-note/note_vectors.json")


def _bodies(vectors: Path) -> Case:
    return _load(vectors, "c2sp-tlog-checkpoint/checkpoint_body.json")


def _open_cases(vectors: Path) -> Iterator[tuple[str, Case]]:
    for case in _notes(vectors)["open"]:
        yield case["name"], case


def _valid_bodies(vectors: Path) -> Iterator[tuple[int, Case]]:
    yield from enumerate(_bodies(vectors)["valid"])


def _invalid_bodies(vectors: Path) -> Iterator[tuple[str, Case]]:
    for case in _bodies(vectors)["invalid"]:
        yield case["desc"], case


def _valid_vkeys(vectors: Path) -> Iterator[tuple[str, str]]:
    for vkey in _notes(vectors)["valid_vkeys"]:
        yield vkey.partition("+")[0], vkey


def _cosigned(vectors: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted((vectors / "c2sp-tlog-cosignature").rglob("checkpoint")):
        yield path.parent.parent.name, path


def _cosigner_keys(vectors: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((vectors / "c2sp-tlog-cosignature").rglob("*.v0.json")):
        for vkey in json.loads(path.read_text())["verifier_keys"]:
            yield path.stem, vkey


@pytest.mark.cases(load=_open_cases)
def test_open(case: Case) -> None:
    """Each note opens with the named keys, or raises, as in golang.org/x/mod."""
    data = b64decode(case["note_b64"]) if "note_b64" in case else case["note"].encode()
    verifiers = [Ed25519NoteVerifier.parse(vkey) for vkey in case["verifiers"]]
    if case["want"] == "error":
        with pytest.raises((MalformedError, VerificationError)):
            open_note(data, verifiers)
    else:
        assert Note.parse(data).render() == data
        assert [line.name for line in open_note(data, verifiers).verified] == case["verified_names"]


@pytest.mark.cases(load=_valid_vkeys)
def test_every_cut_or_changed_vkey_is_refused(case: str) -> None:
    """A key renders back to its text; proper substrings and single-byte changes are refused."""
    assert VKey.parse(case).render() == case
    for start in range(len(case)):
        for end in range(start, len(case) + 1):
            if end - start < len(case):
                with pytest.raises(MalformedError):
                    VKey.parse(case[start:end])
    for at, character in enumerate(case):
        with pytest.raises(MalformedError):
            VKey.parse(case[:at] + chr(ord(character) + 1) + case[at + 1 :])


def test_invalid_vkeys_are_refused(vectors: Path) -> None:
    """A key of the wrong length and a key of an unknown type."""
    for vkey in _notes(vectors)["invalid_vkeys"]:
        with pytest.raises(MalformedError):
            VKey.parse(vkey)


def test_published_signed_notes_open(vectors: Path) -> None:
    """The note that Go signs, the example of the specification and a real checksum database's."""
    notes = _notes(vectors)
    signed = notes["sign"][0]
    peter = Ed25519NoteVerifier.parse(notes["valid_vkeys"][0])
    assert open_note(signed["want"].encode(), [peter]).text == signed["text"].encode()
    example = notes["spec_example"]
    verifier = Ed25519NoteVerifier.parse(example["vkey"])
    assert open_note(example["note"].encode(), [verifier]).text == b"This is an example message.\n"
    sumdb = notes["sumdb_real_world"]
    opened = open_checkpoint(
        sumdb["note"].encode(), Ed25519NoteVerifier.parse(sumdb["vkey"]), sumdb["origin"]
    )
    assert opened.size == int(sumdb["note"].split("\n")[1])


@pytest.mark.cases(load=_valid_bodies)
def test_valid_body(case: Case) -> None:
    """The lines parse as published once the root, there a short stand-in, is 32 bytes long."""
    with pytest.raises(MalformedError):
        Checkpoint.parse(case["m"].encode())
    text = case["m"].replace(case["hash_b64"], _ROOT).encode()
    extensions = tuple(case["rest"].split("\n")[:-1])
    assert Checkpoint.parse(text) == Checkpoint(case["origin"], case["size"], EMPTY_ROOT, extensions)
    assert Checkpoint.parse(text).render() == text


@pytest.mark.cases(load=_invalid_bodies)
def test_invalid_body(case: Case) -> None:
    """Refused as published, and also with a root of the right length where it has one."""
    published = case["m"]
    stand_in = "dGhlIHZpZXcgZnJvbSB0aGUgdHJlZSB0b3BzIGlzIGdyZWF0IQ=="
    for text in (published, published.replace(stand_in, _ROOT).replace("YmFuYW5hcw==", _ROOT)):
        with pytest.raises(MalformedError):
            Checkpoint.parse(text.encode())


def test_sumdb_tree_text(vectors: Path) -> None:
    """The tree text of golang.org/x/mod/sumdb/tlog."""
    case = _bodies(vectors)["sumdb_tree"]["format"]
    root = leaf_hash(case["record_utf8_hashed_as_leaf"].encode())
    assert Checkpoint("go.sum database tree", case["n"], root).render() == case["want"].encode()


@pytest.mark.cases(load=_cosigner_keys)
def test_cosigner_key(case: str) -> None:
    """Published witness and mirror keys are cosignature keys and render back."""
    assert CosignatureVerifier.parse(case).vkey.render() == case


@pytest.mark.cases(load=_cosigned)
def test_cosigned_checkpoint(case: Path) -> None:
    """Published under its origin's hash; the cosignature verifies with its time, and not over another text."""
    data = case.read_bytes()
    keys = json.loads((case.parent.parent / "witness.v0.json").read_text())["verifier_keys"]
    witnesses = [CosignatureVerifier.parse(vkey) for vkey in keys]
    assert log_path(Checkpoint.parse(Note.parse(data).text).origin) == f"{case.parent.name}/checkpoint"
    (cosignature,) = verify_cosignatures(data, witnesses)
    assert cosignature.name == witnesses[0].name
    assert cosignature.timestamp_s == 0x69546780
    assert Checkpoint.parse(open_note(data, witnesses).text).size == 300
    with pytest.raises(VerificationError):
        verify_cosignatures(data.replace(b"\n300\n", b"\n301\n"), witnesses)
