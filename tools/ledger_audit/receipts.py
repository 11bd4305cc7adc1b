"""Receipts held outside: every `*.tlog-proof` with the `*.event` beside it, compared with the log.

It must not read the log; the orchestrator gives hashes and roots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import LedgerError
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.hashing import leaf_hash
from ledger.proof.note import Note
from ledger.proof.tlog_proof import TlogProof, verify_tlog_proof
from ledger_audit.errors import CouldNotCheckError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ledger_audit.findings import Findings
    from ledger_audit.trust import Trust

_SUFFIX = ".tlog-proof"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that verified: its leaf and the tree that it is under."""

    name: str
    index: int
    leaf_hash: bytes
    size: int
    root: bytes


def load_receipts(directory: Path, trust: Trust, findings: Findings) -> list[Receipt]:
    """Verify every receipt of a directory; those that do not are findings.

    Raises CouldNotCheckError for a file that is absent or unreadable.
    """
    receipts = []
    try:
        paths = sorted(path for path in directory.iterdir() if path.name.endswith(_SUFFIX))
        for path in paths:
            event = path.with_name(path.name.removesuffix(_SUFFIX) + ".event").read_bytes()
            receipt = _verify(path.name, path.read_bytes(), event, trust, findings)
            if receipt is not None:
                receipts.append(receipt)
    except OSError as error:
        raise CouldNotCheckError(f"cannot read receipts: {error.strerror}") from None
    return receipts


def compare(
    receipt: Receipt, *, hashes: Mapping[int, bytes], roots: Mapping[int, bytes], findings: Findings
) -> bool:
    """Compare a receipt with the log; False if the log is too short to tell."""
    index, size = receipt.index, receipt.size
    if index not in hashes:
        return False
    if hashes[index] != receipt.leaf_hash:
        findings.add("receipts", index, receipt.leaf_hash, hashes[index], hashes[index])
    elif size in roots and roots[size] != receipt.root:
        findings.add(
            "receipts", index, f"root {receipt.root.hex()} at size {size}", roots[size], hashes[index]
        )
    return size in roots


def _verify(name: str, data: bytes, event: bytes, trust: Trust, findings: Findings) -> Receipt | None:
    index = None
    try:
        proof = TlogProof.parse(data)
        index = proof.index
        origin = Checkpoint.parse(Note.parse(proof.checkpoint_note).text).origin
        verifier = trust.verifier(origin)
        if verifier is None:
            findings.add("receipts", index, "a receipt of a trusted origin", f"{name}: {origin}")
            return None
        head = verify_tlog_proof(data, event=event, verifier=verifier, origin=origin)
    except LedgerError as error:
        findings.add("receipts", index, "a receipt that verifies", f"{name}: {error.summary}")
        return None
    return Receipt(name, proof.index, leaf_hash(event), head.size, head.root)
