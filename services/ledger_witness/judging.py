"""Whether a witness may cosign a request: the checks of C2SP tlog-witness in their order, over bytes alone.

It must not sign, store or send. Where v1.0.0 of the specification and drafts after it differ, v1.0.0 holds: a
tree of the same size with another root is a conflict (409).
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.cosignature import CosignatureVerifier
from ledger.proof.hashing import EMPTY_ROOT
from ledger.proof.merkle import verify_consistency
from ledger.proof.note import Ed25519NoteVerifier, Note, open_note
from ledger.proof.tlog_witness import SIZE_CONTENT_TYPE, AddCheckpoint, render_size
from ledger.proof.vkey import ED25519_TYPE, VKey
from ledger.web.messages import TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ledger.proof.note import NoteVerifier
    from ledger_witness.records import Record

    KnownLogs = Mapping[str, tuple[NoteVerifier, ...]]


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer without a cosignature: HTTP status, body and its type."""

    status: HTTPStatus
    body: bytes
    content_type: str = TEXT


@dataclass(frozen=True, slots=True)
class Consistent:
    """A checkpoint that may be cosigned: head, note with the log's own signatures, and the record so far."""

    head: Checkpoint
    note: Note
    before: Record | None


def known_logs(vkeys: Sequence[VKey]) -> dict[str, tuple[NoteVerifier, ...]]:
    """Verifiers by origin, which is the keys' name; a log that changes its key has two.

    Keys are of type 0x01 or ML-DSA-44 (C2SP tlog-checkpoint, "Signatures"); MalformedError for another.
    """
    logs: dict[str, tuple[NoteVerifier, ...]] = {}
    for vkey in dict.fromkeys(vkeys):
        ed25519 = vkey.signature_type == ED25519_TYPE
        verifier = Ed25519NoteVerifier(vkey) if ed25519 else CosignatureVerifier(vkey)
        logs[vkey.name] = (*logs.get(vkey.name, ()), verifier)
    return logs


def judge(body: bytes, *, logs: KnownLogs, latest: Callable[[str], Record | None]) -> Refused | Consistent:
    """What the witness has to answer to an add-checkpoint request (C2SP tlog-witness, "add-checkpoint")."""
    try:
        request = AddCheckpoint.parse(body)
        note = Note.parse(request.note)
        head = Checkpoint.parse(note.text)
    except MalformedError as error:
        return _refused(HTTPStatus.BAD_REQUEST, error.summary)
    verifiers = logs.get(head.origin)
    if verifiers is None:
        return _refused(HTTPStatus.NOT_FOUND, "this witness does not know the log")
    try:
        signed = Note(note.text, open_note(request.note, verifiers).verified)
    except LedgerError:
        return _refused(HTTPStatus.FORBIDDEN, "no trusted key of the log has signed, or one of them wrongly")
    if request.old_size > head.size:
        return _refused(HTTPStatus.BAD_REQUEST, "the old size is above the checkpoint's")
    before = latest(head.origin)
    size = before.size if before is not None else 0
    if request.old_size != size:
        return Refused(HTTPStatus.CONFLICT, render_size(size), SIZE_CONTENT_TYPE)
    if before is not None and head.size == size and head.root != before.root:
        return _refused(HTTPStatus.CONFLICT, f"another tree of size {size} was cosigned")
    try:
        _check_consistent(request, head, before)
    except LedgerError as error:
        return _refused(HTTPStatus.UNPROCESSABLE_ENTITY, error.summary)
    return Consistent(head, signed, before)


def _check_consistent(request: AddCheckpoint, head: Checkpoint, before: Record | None) -> None:
    """Raise unless the proof leads from the record to the head; to a first one there is nothing to prove."""
    if request.old_size == 0 or before is None:
        if request.proof:
            raise VerificationError("a proof from size 0 is not empty")
        if head.size == 0 and head.root != EMPTY_ROOT:
            raise VerificationError("the checkpoint of an empty tree has a root")
        return
    verify_consistency(
        size1=before.size, size2=head.size, root1=before.root, root2=head.root, proof=request.proof
    )


def _refused(status: HTTPStatus, text: str) -> Refused:
    return Refused(status, f"{text}\n".encode())
