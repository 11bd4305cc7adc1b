"""What a witness answers, status by status, in the order of C2SP tlog-witness; over bytes alone."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny_log import ORIGIN, TinyLog, tiny_log

from ledger.proof import mldsa44
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.cosignature import cosign, cosigner_vkey
from ledger.proof.ed25519 import Signer
from ledger.proof.note import Note, NoteSignature, add_signatures, sign_note
from ledger.proof.tlog_witness import SIZE_CONTENT_TYPE
from ledger_witness.judging import Consistent, Refused, judge, known_logs
from ledger_witness.records import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.proof.vkey import VKey

LOG = tiny_log()
FORK = LOG.forked(10)
STRANGER = Signer.from_seed(b"\7" * 32)


def record(size: int, log: TinyLog = LOG) -> Record | None:
    """What was cosigned before; None at 0."""
    if size == 0:
        return None
    return Record(origin=ORIGIN, size=size, root=log.root(size), timestamp_s=1, note=log.note(size))


def ask(body: bytes, *, at: int = 0, logs: Sequence[VKey] = (LOG.vkey,)) -> Refused | Consistent:
    """The answer of a witness that cosigned a size before."""
    return judge(body, logs=known_logs(logs), latest=lambda _: record(at))


def status(body: bytes, *, at: int = 0) -> int:
    """The status of the refusal, 200 if there is none."""
    answer = ask(body, at=at)
    return int(answer.status) if isinstance(answer, Refused) else 200


def test_the_first_checkpoint_needs_no_proof() -> None:
    """Old size 0; only the log's own signatures go on."""
    others = [
        cosign(Note.parse(LOG.note(5)).text, name="other.example", signer=STRANGER, timestamp_s=1),
        NoteSignature(ORIGIN, b"\0\0\0\0", b"of an unknown kind"),
    ]
    answer = ask(LOG.request(0, 5, note=add_signatures(LOG.note(5), others)))
    assert isinstance(answer, Consistent)
    assert (answer.head, answer.before) == (Checkpoint(ORIGIN, 5, LOG.root(5)), None)
    assert answer.note.render() == LOG.note(5)


def test_every_pair_of_sizes_is_consistent_with_its_proof() -> None:
    """All growth of a small log, and the same size again."""
    for old in range(1, 20):
        for size in range(old, 20):
            assert status(LOG.request(old, size), at=old) == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        LOG.request(0, 5).replace(b"old 0", b"old 0x0"),
        LOG.request(0, 5).replace(b"old 0", b"old +0"),
        LOG.request(0, 5).replace(b"\n5\n", b"\n05\n"),
        LOG.request(0, 5).replace(b"\n5\n", b"\n 5\n"),
        LOG.request(0, 5).replace(b"\n5\n", b"\n5_0\n"),
        LOG.request(0, 5).replace(b"\n5\n", "\n٥\n".encode()),
        LOG.request(0, 5)[:-1],
        LOG.request(0, 5) + b"\n",
        LOG.request(0, 5).replace(b"\xe2\x80\x94", b"-"),
        LOG.request(0, 5) + b"x" * 2_000_000,
        LOG.request(0, 5, note=LOG.note(5) * 2),
        LOG.request(0, 5, note=LOG.note(5) + LOG.note(5).split(b"\n\n")[1] * 101),
        LOG.request(0, 5, proof=[bytes(32)] * 64),
        LOG.request(0, 5, proof=[bytes(31)]),
        b"old 0\n\nno checkpoint\n\n" + LOG.note(5).split(b"\n\n")[1],
    ],
)
def test_what_does_not_parse_is_400(body: bytes) -> None:
    """Sizes, base64, notes and lengths have one spelling."""
    assert status(body) == 400


def test_an_old_size_above_the_checkpoint_is_400() -> None:
    """Whatever was cosigned before."""
    for at in (0, 5, 7):
        assert status(LOG.request(7, 5, proof=[]), at=at) == 400


def test_an_unknown_origin_is_404() -> None:
    """Also if a known key signed it; before any signature is looked at."""
    other = TinyLog(LOG.leaves, "log.example/other", LOG.seed)
    assert status(other.request(0, 5)) == 404
    unsigned = Note(Note.parse(other.note(5)).text, (NoteSignature("a", b"abcd", b"x"),)).render()
    assert status(other.request(0, 5, note=unsigned)) == 404


def test_without_a_trusted_signature_it_is_403() -> None:
    """Another key under the name, another name of the key, no known line, or a known one that is wrong."""
    text = Note.parse(LOG.note(5)).text
    named = sign_note(text, name="log.example/alias", signer=LOG.signer)
    (line,) = Note.parse(LOG.note(6)).signatures
    wrong = Note(text, (line,)).render()
    both = Note(text, (*Note.parse(LOG.note(5)).signatures, line)).render()
    cosigned = Note(text, (cosign(text, name=ORIGIN, signer=LOG.signer, timestamp_s=1),)).render()
    for note in (LOG.note(5, signer=STRANGER), named, wrong, both, cosigned):
        assert status(LOG.request(0, 5, note=note)) == 403


def test_another_old_size_is_409_with_the_right_one() -> None:
    """Digits, a newline, and the content type that tells a size; also from 0, which is how a log asks."""
    for at, old in ((5, 0), (5, 4), (5, 6), (0, 3)):
        answer = ask(LOG.request(old, 9, proof=[]), at=at)
        assert isinstance(answer, Refused)
        assert (answer.status, answer.body, answer.content_type) == (409, b"%d\n" % at, SIZE_CONTENT_TYPE)
    assert status(LOG.request(0, 0, proof=[]), at=5) == 409


def test_another_tree_of_the_same_size_is_409_without_a_size() -> None:
    """A log must not take it for advice to try again."""
    answer = ask(FORK.request(20, 20, proof=[]), at=20)
    assert isinstance(answer, Refused)
    assert (answer.status, answer.content_type) == (409, "text/plain; charset=utf-8")


def test_a_proof_that_does_not_lead_there_is_422() -> None:
    """Too short, one node too long, changed, none, of another history, or one where none is needed."""
    right = LOG.proof(11, 33)
    for proof in (right[:-1], [*right, bytes(32)], [bytes(32), *right], right[::-1], []):
        assert status(LOG.request(11, 33, proof=proof), at=11) == 422
    assert status(FORK.request(11, 33), at=11) == 422
    assert status(LOG.request(0, 5, proof=[bytes(32)])) == 422
    assert status(LOG.request(5, 5, proof=[bytes(32)]), at=5) == 422


def test_the_empty_tree() -> None:
    """It has one root; growing from it needs no proof, whether it was cosigned or not."""
    assert status(LOG.request(0, 0)) == 200
    text = Checkpoint(ORIGIN, 0, bytes(32)).render()
    assert status(LOG.request(0, 0, note=sign_note(text, name=ORIGIN, signer=LOG.signer))) == 422


def test_a_log_that_changes_its_key_has_two() -> None:
    """Either signs, or both; a wrong line of one spoils it."""
    new = TinyLog(LOG.leaves, ORIGIN, b"\x21" * 32)
    keys = (LOG.vkey, new.vkey)
    both = add_signatures(LOG.note(5), Note.parse(new.note(5)).signatures)
    for note in (LOG.note(5), new.note(5), both):
        answer = ask(LOG.request(0, 5, note=note), logs=keys)
        assert isinstance(answer, Consistent)
        assert answer.note.render() == note
    spoilt = add_signatures(LOG.note(5), Note.parse(new.note(6)).signatures)
    refused = ask(LOG.request(0, 5, note=spoilt), logs=keys)
    assert isinstance(refused, Refused)
    assert refused.status == 403


def test_a_log_may_sign_with_ml_dsa_44() -> None:
    """Type 0x06, time 0 (C2SP tlog-checkpoint, "Signatures")."""
    quantum = mldsa44.Signer.from_seed(b"\5" * 32)
    text = Note.parse(LOG.note(5)).text
    note = Note(text, (cosign(text, name=ORIGIN, signer=quantum, timestamp_s=0),)).render()
    vkey = cosigner_vkey(name=ORIGIN, signer=quantum)
    assert isinstance(ask(LOG.request(0, 5, note=note), logs=(vkey,)), Consistent)


@settings(max_examples=300)
@given(st.data())
def test_no_changed_request_is_a_fault_or_another_tree(data: st.DataObject) -> None:
    """Bytes changed, cut or put in: a status, and never a tree that the log's key did not sign."""
    body = bytearray(LOG.request(11, 33))
    at = data.draw(st.integers(0, len(body) - 1))
    change = data.draw(st.binary(max_size=4))
    body[at : at + data.draw(st.integers(0, 4))] = change
    answer = ask(bytes(body), at=11)
    if isinstance(answer, Consistent):
        assert answer.head == Checkpoint(ORIGIN, 33, LOG.root(33))
    else:
        assert answer.status in {400, 403, 404, 409, 422}


@given(st.binary(max_size=200))
def test_no_bytes_are_a_fault(noise: bytes) -> None:
    """Noise is 400."""
    assert status(noise) == 400
    assert status(b"old 1\n" + b64encode(noise) + b"\n\n" + noise) == 400
