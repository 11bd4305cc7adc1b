"""Equivocation among what somebody kept of a log: signed notes, receipts, and what the log shows now.

It must not judge: every pair is put to the judge of `equivocation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from ledger.errors import LedgerError
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.merkle import consistency_proof, root_from_nodes
from ledger.proof.note import MAX_NOTE_SIZE, Note
from ledger.proof.tiles import TileNodes
from ledger.proof.tlog_proof import HEADER, TlogProof
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.fraud.judge import judge_bytes
from ledger_audit.fraud.proof_file import FraudProof, Prefix, TwoNotes, TwoReceipts, render
from ledger_audit.prove import SUFFIX, prove

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ledger_audit.fraud.verdict import Verdict
    from ledger_audit.sources import Source
    from ledger_audit.trust import Trust


@dataclass(frozen=True, slots=True)
class Held:
    """A signed note, and the receipt (with its entry) that it was part of, if it was."""

    name: str
    note: bytes
    receipt: tuple[bytes, bytes] | None = None

    @property
    def head(self) -> Checkpoint:
        """The tree head, nothing verified."""
        return Checkpoint.parse(Note.parse(self.note).text)


def load_held(path: Path) -> Held:
    """A note, or a receipt NAME.tlog-proof with NAME.event beside it.

    Raises CouldNotCheckError for what cannot be read, MalformedError for anything else.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_NOTE_SIZE + 1)
        if not data.startswith(HEADER.encode()):
            Checkpoint.parse(Note.parse(data).text)
            return Held(str(path), data)
        entry = path.with_name(path.name.removesuffix(SUFFIX) + ".event").read_bytes()
    except OSError as error:
        raise CouldNotCheckError(f"cannot read {path}: {error.strerror}") from None
    note = TlogProof.parse(data).checkpoint_note
    Checkpoint.parse(Note.parse(note).text)
    return Held(str(path), note, (data, entry))


def load_folder(folder: Path) -> list[Held]:
    """Every note and receipt in a folder and below; whatever else is in it is left out."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            found.append(load_held(path))
        except LedgerError:
            continue
    return found


def equivocation(
    held: Sequence[Held], trust: Trust, log: Source | None = None
) -> tuple[FraudProof | None, Verdict | None, str]:
    """A proof among all pairs that is proven under `trust`, with its verdict; else why none is.

    With the `log` each thing is also compared with what the log shows now.
    """
    why = "there are no two notes or receipts to compare"
    for proof in [*_pairs(held), *(candidate for one in held for candidate in _against(one, log))]:
        verdict = judge_bytes(render(proof), trust)
        if verdict.is_proven:
            return proof, verdict, ""
        why = verdict.why
    return None, None, why


def _pairs(held: Sequence[Held]) -> Iterator[FraudProof]:
    for one, other in combinations(held, 2):
        if one.receipt is not None and other.receipt is not None:
            yield TwoReceipts((one.receipt, other.receipt))
        yield TwoNotes((one.note, other.note))


def _against(held: Held, log: Source | None) -> Iterator[FraudProof]:
    """What is held against the log's newest checkpoint, if that is not smaller."""
    if log is None:
        return
    note = log.checkpoint()
    head, old = Checkpoint.parse(Note.parse(note).text), held.head
    if old.size == head.size:
        yield TwoNotes((held.note, note))
    elif 0 < old.size < head.size:
        nodes = TileNodes(size=head.size, load_tile=log.tile)
        proof = tuple(consistency_proof(size1=old.size, size2=head.size, read_node=nodes))
        yield TwoNotes((held.note, note), Prefix(root_from_nodes(old.size, nodes), proof))
    if held.receipt is not None and (index := TlogProof.parse(held.receipt[0]).index) < head.size:
        made = prove(log, index=index)
        yield TwoReceipts((held.receipt, (made.tlog_proof, made.event)))
