"""ML-DSA-44 cosignatures: what is signed, byte by byte, and what is refused or passed over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.proof import ed25519, mldsa44
from ledger.proof.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.proof.cosignature import (
    CosignatureVerifier,
    cosign,
    cosigned_subtree,
    cosigner_vkey,
    verify_cosignatures,
)
from ledger.proof.note import Ed25519NoteVerifier, Note, NoteSignature, add_signatures
from ledger.proof.signing import ALGORITHMS
from ledger.proof.vkey import VKey

ORIGIN = "ledger.example/city/e0"
NAME = "witness.example/w1"
ROOT = bytes(range(32))
HEAD = Checkpoint(ORIGIN, 0x0102030405, ROOT)
LOG = ed25519.Signer.from_seed(b"\1" * 32)
CLASSIC = ed25519.Signer.from_seed(b"\2" * 32)
QUANTUM = mldsa44.Signer.from_seed(b"\3" * 32)
SIGNED = sign_checkpoint(HEAD, LOG)
VERIFIER = CosignatureVerifier(cosigner_vkey(name=NAME, signer=QUANTUM))


def line(text: bytes = HEAD.render(), *, name: str = NAME, timestamp_s: int = 7) -> NoteSignature:
    """A cosignature of the quantum-safe key."""
    return cosign(text, name=name, signer=QUANTUM, timestamp_s=timestamp_s)


def verified(*lines: NoteSignature) -> list[tuple[str, int]]:
    """Name and time of what verifies on the signed checkpoint."""
    note = add_signatures(SIGNED, lines)
    return [(found.name, found.timestamp_s) for found in verify_cosignatures(note, [VERIFIER])]


def test_the_signed_message_is_the_specified_structure() -> None:
    """Label, name, time, origin, start 0, size, root; lengths one byte, numbers eight, big endian."""
    expected = (
        b"subtree/v1\n\x00"
        b"\x12witness.example/w1"
        + bytes.fromhex("000000006502a55b")
        + b"\x16ledger.example/city/e0"
        + bytes(8)
        + bytes.fromhex("0000000102030405")
        + ROOT
    )
    assert cosigned_subtree(HEAD.render(), name=NAME, timestamp_s=0x6502A55B) == expected


def test_a_cosignature_verifies_with_its_time_and_says_whose_it_is() -> None:
    """8 bytes of time and 2,420 of signature; another name, text or time does not verify."""
    made = line(timestamp_s=0x6502A55B)
    assert made.signature[:8] == bytes.fromhex("000000006502a55b")
    assert len(made.signature) == 8 + 2420
    assert verified(made) == [(NAME, 0x6502A55B)]
    renamed = replace(line(name="witness.example/w2"), name=NAME, key_id=made.key_id)
    later = replace(made, signature=bytes.fromhex("000000006502a55c") + made.signature[8:])
    elsewhere = line(replace(HEAD, size=5).render())
    for wrong in (renamed, later, elsewhere):
        with pytest.raises(VerificationError):
            verified(wrong)


def test_extension_lines_are_not_signed_but_the_log_signs_them() -> None:
    """As specified: no statement is made about extension lines."""
    extended = replace(HEAD, extensions=("more",))
    note = add_signatures(sign_checkpoint(extended, LOG), [line()])
    assert len(verify_cosignatures(note, [VERIFIER])) == 1
    log = Ed25519NoteVerifier(VKey(ORIGIN, 1, LOG.public_key))
    assert open_checkpoint(note, log, ORIGIN).extensions == ("more",)


def test_a_log_may_sign_with_it_and_make_no_statement_about_time() -> None:
    """Time 0, and the log's own name (C2SP tlog-checkpoint, "Signatures")."""
    log = CosignatureVerifier(cosigner_vkey(name=ORIGIN, signer=QUANTUM))
    note = Note(HEAD.render(), (line(name=ORIGIN, timestamp_s=0),)).render()
    assert open_checkpoint(note, log, ORIGIN) == HEAD


@pytest.mark.parametrize("signature", [b"", bytes(2419), bytes(2427), bytes(2429), b"\xff" * 2428, bytes(72)])
def test_another_length_and_an_impossible_time_are_malformed(signature: bytes) -> None:
    """Never read past the end, never taken for the other type."""
    with pytest.raises(MalformedError):
        VERIFIER.verify_cosignature(signature, HEAD.render())


def test_both_types_of_one_witness_stand_side_by_side() -> None:
    """One name, two key ids; whoever knows one key passes over the other's line and over unknown types."""
    classic = CosignatureVerifier(cosigner_vkey(name=NAME, signer=CLASSIC))
    unknown = NoteSignature(NAME, b"\x09\x09\x09\x09", b"whatever")
    both = add_signatures(
        SIGNED, [line(), cosign(HEAD.render(), name=NAME, signer=CLASSIC, timestamp_s=8), unknown]
    )
    assert [c.timestamp_s for c in verify_cosignatures(both, [VERIFIER])] == [7]
    assert [c.timestamp_s for c in verify_cosignatures(both, [classic])] == [8]
    assert [c.timestamp_s for c in verify_cosignatures(both, [VERIFIER, classic])] == [7, 8]


def test_a_line_that_is_there_twice_counts_once() -> None:
    """Also where the second has another time."""
    note = Note.parse(add_signatures(SIGNED, [line(), line(timestamp_s=9)]))
    doubled = Note(note.text, note.signatures + note.signatures[1:]).render()
    assert [c.timestamp_s for c in verify_cosignatures(doubled, [VERIFIER])] == [9]


def test_names_and_origins_over_255_bytes_cannot_be_signed() -> None:
    """Their length is one byte."""
    assert verified(line(name="w" * 255)) == []
    for name, origin in (("w" * 256, ORIGIN), ("é" * 128, ORIGIN), (NAME, "o" * 256)):
        with pytest.raises(MalformedError):
            line(replace(HEAD, origin=origin).render(), name=name)


def test_vkeys_of_the_type() -> None:
    """Type byte 0x06 before 1,312 bytes; another length is no key."""
    vkey = VERIFIER.vkey
    assert CosignatureVerifier.parse(vkey.render()).vkey == vkey
    assert (vkey.signature_type, len(vkey.public_key)) == (6, 1312)
    for size in (0, 32, 1311, 1313):
        with pytest.raises(MalformedError):
            VKey(NAME, 6, bytes(size))
    with pytest.raises(MalformedError):
        CosignatureVerifier(VKey(NAME, 1, LOG.public_key))


def test_it_is_no_algorithm_of_statements() -> None:
    """Officers, providers and roots sign with what the genesis names; notes with Ed25519."""
    assert [algorithm.name for algorithm in ALGORITHMS] == ["ed25519"]
    with pytest.raises(LedgerError):
        sign_checkpoint(HEAD, QUANTUM)


def test_the_primitive_refuses_what_is_not_signed() -> None:
    """A changed message, signature or key length."""
    signature = QUANTUM.sign(b"message")
    verifier = mldsa44.Verifier(QUANTUM.public_key)
    assert verifier.verify(signature, b"message") == b"message"
    for wrong, message in (
        (signature, b"massage"),
        (signature[:-1] + b"\0\0", b"message"),
        (b"", b"message"),
    ):
        with pytest.raises(VerificationError):
            verifier.verify(wrong, message)
    with pytest.raises(MalformedError):
        mldsa44.Verifier(bytes(32))
    with pytest.raises(MalformedError):
        mldsa44.Signer.from_seed(bytes(31))
