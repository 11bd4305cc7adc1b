"""The state of a ledger after any of its events, recomputed from the leaves before.

Signatures and the tree are not looked at: that is `verify`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ledger.errors import UsageError
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.hashing import leaf_hash
from ledger.proof.note import Note
from ledger_audit.findings import Finding, Findings
from ledger_audit.fold import Fold
from ledger_audit.report import totals
from ledger_audit.rules_verification import APPROVALS
from ledger_audit.scan import parse_quickly
from ledger_audit.scratch import Scratch
from ledger_audit.sources import Source, read_entry

if TYPE_CHECKING:
    from ledger_audit.state import Redemption, State, Voucher


@dataclass(frozen=True, slots=True)
class Replay:
    """The state after the event at `index`, and what the rules found on the way."""

    index: int
    leaf_hash: bytes
    state: State
    findings: tuple[Finding, ...]
    stopped: str

    def to_json(self) -> dict[str, Any]:
        """One JSON object; fen and device time are strings."""
        return {
            "index": self.index,
            "leaf_hash": self.leaf_hash.hex(),
            "recorded_ms": str(self.state.recorded_ms),
            "stopped": self.stopped,
            "findings": len(self.findings),
            "totals": totals(self.state),
            "vouchers": [_voucher(voucher) for voucher in self.state.vouchers_by_number],
            "redemptions": [_redemption(redemption) for redemption in self.state.redemptions.values()],
        }


def tree_size(source: Source) -> int:
    """The size that the source's newest checkpoint names; nothing is verified."""
    return Checkpoint.parse(Note.parse(source.checkpoint()).text).size


def replay(source: Source, *, at: int) -> Replay:
    """Fold the events 0 … `at`. Raises UsageError for an index that the log does not have."""
    size = tree_size(source)
    if not 0 <= at < size:
        raise UsageError(f"the log has no event {at}", hint=f"It has {size} events, from 0.")
    findings = Findings()
    newest = b""
    with Scratch() as scratch:
        fold = Fold(findings, scratch, partial(_read, source, size))
        for start, entries in source.chunks(start=0, stop=at + 1, size=size):
            for index, entry in enumerate(entries[: at + 1 - start], start):
                newest = leaf_hash(entry)
                fold.apply(index, newest, entry, *parse_quickly(entry))
        scratch.flush_ids()
        return Replay(at, newest, fold.state, findings.ordered(), fold.stopped)


def _read(source: Source, size: int, index: int) -> bytes:
    return read_entry(source, index=index, size=size)


def _voucher(voucher: Voucher) -> dict[str, Any]:
    state = "EXPIRED" if voucher.expired else "CLOSED" if voucher.closed else "ACTIVE"
    return {
        "voucher_id": voucher.voucher_id.hex(),
        "index": voucher.index,
        "programme_id": voucher.programme.programme_id.hex(),
        "state": state,
        "face": str(voucher.face),
        "metered_ms": str(voucher.metered),
        "redeemed": str(voucher.redeemed),
        "paid": str(voucher.paid),
        "released": str(voucher.released),
    }


def _redemption(redemption: Redemption) -> dict[str, Any]:
    approvals = len(redemption.approvals)
    return {
        "redemption_id": redemption.redemption_id.hex(),
        "index": redemption.index,
        "voucher_id": redemption.voucher.voucher_id.hex(),
        "base": str(redemption.base),
        "amount": str(redemption.amount),
        "paid": str(redemption.paid),
        "verified": redemption.verified is not None,
        "approvals": approvals,
        "approved": approvals >= APPROVALS,
    }
