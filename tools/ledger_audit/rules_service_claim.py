"""Rules of accepted claims for a model service or a corpus: units and amounts instead of devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2, quantities_pb2
from ledger_audit.claim_frame import (
    SIMULATED_SLACK_MS,
    SYSTEM_SLACK_MS,
    check_identity,
    check_number,
    check_quota,
    check_standing,
    explain_window,
    intervals_of,
    superseded,
)
from ledger_audit.decisions import by_party
from ledger_audit.rules_contract import premise_contract
from ledger_audit.scratch import CLAIM
from ledger_audit.vouchers import link_voucher, voucher_of

if TYPE_CHECKING:
    from ledger_audit.dossiers import Voucher
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act

MAX_LINES, MAX_UNIT = 500, 32
_UNIT = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_INSTRUMENTS = frozenset({quantities_pb2.INSTRUMENT_MODEL, quantities_pb2.INSTRUMENT_CORPUS})


def service_claim_accepted(fold: Fold, act: Act) -> None:
    """The voucher's provider says what it delivered, line by line."""
    state, said = fold.state, act.statement
    by_party(fold, act, said.provider_id)
    act.stream = f"claim/{said.claim_id.hex()}"
    fold.scratch.note_id(CLAIM + said.claim_id, act.index)
    voucher = voucher_of(fold, act, said.voucher_id)
    provider = voucher.provider
    if voucher.contract is None or provider is None:
        act.fail("i7_claim_voucher", "a voucher on a contract", "one of an award")
        return
    act.premise(event_pb2.PREMISE_KIND_VOUCHER, voucher.index)
    premise_contract(act, voucher.contract)
    act.premise(event_pb2.PREMISE_KIND_ADMISSION, provider.admission)
    check_identity(act.fail, said, voucher)
    instrument = voucher.programme.instrument
    act.require(instrument in _INSTRUMENTS, "claim", "a programme of MODEL or CORPUS", instrument)
    check_number(fold, act.fail, act.index, said, voucher)
    recorded_ms = act.event.recorded_ms
    check_quota(state, act.fail, provider, recorded_ms, act.size)
    _check_lines(act)
    intervals = intervals_of(said)
    first_ms = min((start_ms for start_ms, _ in intervals), default=recorded_ms)
    last_ms = max((end_ms for _, end_ms in intervals), default=recorded_ms)
    if first_ms < voucher.lo_ms or last_ms > voucher.hi_ms:
        explain_window(act.fail, voucher, first_ms, last_ms)
    check_standing(fold, act.fail, voucher, provider, recorded_ms, intervals)
    latest_ms = recorded_ms + (SIMULATED_SLACK_MS if state.simulated else SYSTEM_SLACK_MS)
    act.require(last_ms <= latest_ms, "claim_window", f"usage that ends by {latest_ms}", last_ms)
    act.effective_ms = last_ms
    _take(fold, act, voucher)


def _take(fold: Fold, act: Act, voucher: Voucher) -> None:
    """Remember the claim and expect its links; another one may count no longer."""
    said, scratch = act.statement, fold.scratch
    act.links.append((event_pb2.LINK_KIND_CLAIM, said.claim_id, None, None, ()))
    link_voucher(act, voucher)
    if said.HasField("superseded_index"):
        old = superseded(fold, act.fail, act.index, said, voucher, service=1)
        if old is not None:
            act.link(event_pb2.LINK_KIND_CLAIM, old.claim_id, old)
            scratch.update_claim(old)
    key = act.keys[0] if act.keys else None
    number = key.number if key is not None else -1
    amount = sum(line.amount_fen for line in said.lines)
    row = (
        act.index,
        said.claim_id,
        voucher.number,
        number,
        act.event.recorded_ms,
        amount,
        0,
        0,
        0,
        act.index,
        1,
    )
    scratch.put_claim(row)


def _check_lines(act: Act) -> None:
    said = act.statement
    lines = list(said.lines)
    act.require(0 < len(lines) <= MAX_LINES, "service", f"1 to {MAX_LINES} lines", len(lines))
    for number, line in enumerate(lines):
        unit = line.unit
        good = 0 < len(unit) <= MAX_UNIT and _UNIT.issuperset(unit)
        act.require(good, "service", "the code of a unit", f"{unit!r} in line {number}")
        act.require(line.quantity > 0, "service", "a quantity above 0", f"{line.quantity} in line {number}")
        span = (line.start_ms, line.end_ms)
        act.require(line.start_ms < line.end_ms, "service", "a start before its end", span)
        act.require(line.amount_fen >= 0, "amounts", "an amount of at least 0", line.amount_fen)
    act.equal("amounts", sum(line.amount_fen for line in lines), said.total_amount_fen)


__all__ = ["service_claim_accepted"]
