"""Receipts held outside: every `*.tlog-proof` with the `*.event` beside it, compared with the log.

A receipt that does not verify, or that the log does not keep, is a finding. One that cannot be compared is
told as such: half of it is gone, it is of another log, or the log is shorter here. It must not read the log;
the orchestrator gives hashes and roots.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.errors import LedgerError
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.hashing import leaf_hash
from ledger.proof.note import Note
from ledger.proof.tiles import MAX_ENTRY_SIZE
from ledger.proof.tlog_proof import MAX_PROOF_SIZE, TlogProof, verify_tlog_proof
from ledger_audit.errors import AbsentError, CouldNotCheckError
from ledger_audit.files import read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ledger.proof.policy import Policy
    from ledger_audit.findings import Findings
    from ledger_audit.trust import Trust

CHECK = "receipts"
_PROOF, _EVENT = ".tlog-proof", ".event"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that verified: its leaf and the tree that it is under."""

    name: str
    origin: str
    index: int
    leaf_hash: bytes
    size: int
    root: bytes


@dataclass(slots=True)
class Receipts:
    """Those of a directory that verified, and why others could not be looked at."""

    held: list[Receipt] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    agreed: int = 0
    """How many were found in the log as they are."""

    def sizes(self) -> set[int]:
        """The sizes of the trees that they are under."""
        return {receipt.size for receipt in self.held}

    def compare(
        self,
        head: Checkpoint,
        *,
        hash_at: Callable[[int], bytes | None],
        roots: Mapping[int, bytes],
        findings: Findings,
    ) -> None:
        """Compare each with the log under `head`, whose leaf hashes and roots were just computed."""
        for receipt in self.held:
            agrees, why = _compare(receipt, head, hash_at(receipt.index), roots, findings)
            self.agreed += agrees
            if why:
                self.unchecked.append(f"{receipt.name}: {why}")

    def summary(self) -> str:
        """Why the check is not complete, empty where it is: the first reason, and how many there are."""
        if not self.unchecked:
            return ""
        more = len(self.unchecked) - 1
        return self.unchecked[0] + (f" (and {more} more receipts)" if more else "")


def load_receipts(
    directory: Path, trust: Trust, findings: Findings, policy: Policy | None = None
) -> Receipts:
    """Verify every receipt of a directory; those that do not are findings.

    With a policy the cosignatures of its witnesses are verified, too, but no quorum is asked for. Raises
    CouldNotCheckError for a directory that cannot be read or that holds no receipt.
    """
    try:
        names = {path.name for path in directory.iterdir()}
    except OSError as error:
        raise CouldNotCheckError(f"cannot read receipts: {error.strerror}") from None
    stems = sorted(
        {name.removesuffix(end) for name in names for end in (_PROOF, _EVENT) if name.endswith(end)}
    )
    if not stems:
        raise CouldNotCheckError(f"there is no receipt in {directory}")
    receipts = Receipts()
    for stem in stems:
        try:
            data = read_file(directory / f"{stem}{_PROOF}", limit=MAX_PROOF_SIZE)
            event = read_file(directory / f"{stem}{_EVENT}", limit=MAX_ENTRY_SIZE)
        except AbsentError as error:
            receipts.unchecked.append(f"{stem}: half of it is gone: {error.summary}")
            continue
        except CouldNotCheckError as error:
            receipts.unchecked.append(f"{stem}: {error.summary}")
            continue
        _verify(stem, data, event, trust, policy, receipts, findings)
    return receipts


def _verify(
    name: str,
    data: bytes,
    event: bytes,
    trust: Trust,
    policy: Policy | None,
    receipts: Receipts,
    findings: Findings,
) -> None:
    index = None
    try:
        proof = TlogProof.parse(data)
        index = proof.index
        origin = Checkpoint.parse(Note.parse(proof.checkpoint_note).text).origin
        verifier = trust.verifier(origin)
        if verifier is None:
            # Somebody else's log may have given it: that says nothing against this one.
            receipts.unchecked.append(f"{name}: it is of {origin}, which is not trusted")
            return
        head = verify_tlog_proof(data, event=event, verifier=verifier, origin=origin)
        if policy is not None:
            policy.satisfied(proof.checkpoint_note, origin=origin)
    except LedgerError as error:
        findings.add(CHECK, index, "a receipt that verifies", f"{name}: {error.summary}")
        return
    receipts.held.append(Receipt(name, origin, index, leaf_hash(event), head.size, head.root))


def _compare(
    receipt: Receipt,
    head: Checkpoint,
    found: bytes | None,
    roots: Mapping[int, bytes],
    findings: Findings,
) -> tuple[bool, str]:
    """Whether the log keeps it, and if that could not be told, why."""
    index, size = receipt.index, receipt.size
    if index >= head.size:
        return False, f"the log has {head.size} events, the receipt is of event {index}"
    if found is None:
        return False, f"event {index} is missing"
    if found != receipt.leaf_hash:
        findings.add(CHECK, index, receipt.leaf_hash, found, found)
        return False, ""
    if receipt.origin != head.origin:
        # An earlier epoch's tree may go on otherwise than this one; what it promised of the leaf is kept.
        return True, ""
    if size > head.size:
        return False, f"the log has {head.size} events, the receipt's tree {size}"
    root = roots.get(size)
    if root is None:
        return False, f"there is a gap before event {size}"
    if root != receipt.root:
        findings.add(CHECK, index, f"root {receipt.root.hex()} at size {size}", root, found)
        return False, ""
    return True, ""
