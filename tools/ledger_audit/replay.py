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
from ledger_audit.watch import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger_audit.dossiers import Application, Clawback, Redemption, Voucher
    from ledger_audit.state import State


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
            "applications": [_application(application) for application in self.state.applications.values()],
            "vouchers": [_voucher(self.state, voucher) for voucher in self.state.vouchers_by_number],
            "redemptions": [_redemption(redemption) for redemption in self.state.redemptions.values()],
            "clawbacks": [_clawback(clawback) for clawback in self.state.clawbacks.values()],
        }


def tree_size(source: Source) -> int:
    """The size that the source's newest checkpoint names; nothing is verified."""
    return Checkpoint.parse(Note.parse(source.checkpoint()).text).size


def replay(source: Source, *, at: int, progress: Callable[[int, int], None] | None = None) -> Replay:
    """Fold the events 0 … `at`. Raises UsageError for an index that the log does not have."""
    size = tree_size(source)
    if not 0 <= at < size:
        raise UsageError(f"the log has no event {at}", hint=f"It has {size} events, from 0.")
    findings = Findings()
    newest = b""
    with Scratch() as scratch:
        fold = Fold(findings, scratch, partial(_read, source, size))
        for leaf in refold(source, fold, stop=at + 1, size=size):
            newest = leaf.leaf_hash
            if progress is not None:
                progress(leaf.index + 1, at + 1)
        scratch.flush_ids()
        return Replay(at, newest, fold.state, findings.ordered(), fold.stopped)


def refold(source: Source, fold: Fold, *, stop: int, size: int) -> Iterator[Seen]:
    """Fold the events before `stop` of a log of that size, and give each once it is folded."""
    for start, entries in source.chunks(start=0, stop=stop, size=size):
        for index, entry in enumerate(entries[: stop - start], start):
            seen = Seen(index, leaf_hash(entry), *parse_quickly(entry))
            fold.apply(index, seen.leaf_hash, entry, seen.event, seen.statement)
            yield seen


def _read(source: Source, size: int, index: int) -> bytes:
    return read_entry(source, index=index, size=size)


def _application(application: Application) -> dict[str, Any]:
    return {
        "application_id": application.application_id.hex(),
        "index": application.index,
        "programme_id": application.programme.programme_id.hex(),
        "state": application.step.value,
        "objections_open": application.objections,
    }


def _voucher(state: State, voucher: Voucher) -> dict[str, Any]:
    return {
        "voucher_id": voucher.voucher_id.hex(),
        "index": voucher.index,
        "programme_id": voucher.programme.programme_id.hex(),
        "state": voucher.standing.value,
        "held": state.is_held(voucher),
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
        "clawed_back": str(redemption.clawed_back),
        "verified": redemption.verified is not None,
        "approvals": approvals,
        "approved": approvals >= APPROVALS,
        "suspended": redemption.is_suspended and not redemption.is_paid,
    }


def _clawback(clawback: Clawback) -> dict[str, Any]:
    return {
        "clawback_id": clawback.clawback_id.hex(),
        "index": clawback.index,
        "redemption_id": clawback.redemption.redemption_id.hex(),
        "state": clawback.step.value,
        "determined": str(clawback.determined),
        "repaid": str(clawback.repaid),
        "written_off": str(clawback.written_off),
        "fines": str(clawback.fines),
    }
