"""Usage claims: one signed attestation of devices on one voucher (rules I6, I19).

This is the hot path of the ledger: a claim costs a few dictionary reads a line. The module must not know
redemptions or money beyond the line amounts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain.attestation_shape import MAX_LINES, check_attestation, used_ms
from ledger.domain.claim_frame import check_claim, claim_premises, claim_row, find_voucher, record_sequence
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.entities import Interval
from ledger.domain.events import ClaimAccepted
from ledger.domain.journal import Draft, Link, LinkKind, Premise, PremiseKind, Recorded
from ledger.domain.policy import Origin
from ledger.domain.quantities import INT64_MAX, MS_PER_HOUR
from ledger.domain.quotas import count_claim
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.superseding import (
    check_superseding,
    freed_ms,
    intervals_of,
    record_superseded,
    replaced_by,
    superseded_link,
)

if TYPE_CHECKING:
    from ledger.domain.attestation import UsageAttestation
    from ledger.domain.entities import Contract, Voucher
    from ledger.domain.state import State

    Decision = tuple[Draft, ...] | Rejection

_ACCEPTED = ClaimAccepted()


def decide_claim(state: State, command: Command[UsageAttestation]) -> Decision:
    """Accept usage, or give the first reason against it; the amounts were floored by the signer."""
    statement = command.statement
    check_attestation(statement)
    voucher = find_voucher(state, statement)
    if isinstance(voucher, Rejection):
        return voucher
    refusals = Refusals()
    used = used_ms(statement)
    check_claim(refusals, state, command, voucher, used)
    contract = state.contracts.get(voucher.contract_id)
    if contract is None:
        return refusals.first or missing("the contract")
    _check_models(refusals, statement, contract, voucher)
    _check_devices(refusals, state, statement)
    _check_lines(refusals, state, statement)
    check_superseding(refusals, state, statement)
    if refusals.first is not None:
        return refusals.first
    if len(statement.lines.device) > MAX_LINES:
        return Rejection(Reason.TOO_LARGE, f"a claim has at most {MAX_LINES} lines")
    key = command.keys[0]
    return (
        Draft(
            payload=_ACCEPTED,
            stream_id="claim/" + statement.claim_id.hex(),
            actor=statement.provider_id,
            premises=(
                Premise(PremiseKind.KEY, key.registered_index if key else 0),
                *claim_premises(voucher, contract, state.admissions.get(statement.provider_id)),
            ),
            links=_links(state, statement),
            effective_ms=used[1],
        ),
    )


def _check_models(
    refusals: Refusals, statement: UsageAttestation, contract: Contract, voucher: Voucher
) -> None:
    vendors = voucher.policy.parameters.allowed_vendors
    for model in statement.models:
        if vendors and model.vendor not in vendors:
            refusals.add(
                Reason.VENDOR_NOT_ALLOWED, f"vendor {model.vendor} is not allowed", voucher.policy.index
            )
        if contract.unit_prices_fen and contract.price_fen(model.model) != model.unit_price_fen:
            refusals.add(
                Reason.PRICE_MISMATCH, f"the contract has another price for {model.model}", contract.index
            )


def _check_devices(refusals: Refusals, state: State, statement: UsageAttestation) -> None:
    devices = state.devices
    models = statement.models
    for device_id, position in zip(statement.device_ids, statement.device_models, strict=True):
        device = devices.get(device_id)
        if device is None or device.provider_id != statement.provider_id:
            refusals.add(Reason.DEVICE_UNKNOWN, f"device {device_id.hex()} is not the provider's")
            continue
        model = models[position]
        if (device.vendor, device.model, device.origin) != (model.vendor, model.model, model.origin):
            refusals.add(
                Reason.MODEL_MISMATCH, f"device {device_id.hex()} is another model", device.registered_index
            )


def _check_lines(refusals: Refusals, state: State, statement: UsageAttestation) -> None:
    lines = statement.lines
    prices = [statement.models[position].unit_price_fen for position in statement.device_models]
    own: dict[bytes, list[tuple[int, int]]] = {}
    for device, offset_ms, duration_ms, allocated_ms, amount_fen in zip(
        lines.device,
        lines.start_offset_ms,
        lines.duration_ms,
        lines.allocated_ms,
        lines.amount_fen,
        strict=True,
    ):
        if allocated_ms > duration_ms:
            refusals.add(Reason.CAPACITY_EXCEEDED, "a line allocates more than its interval holds")
        if amount_fen != allocated_ms * prices[device] // MS_PER_HOUR:
            refusals.add(Reason.PRICE_MISMATCH, "a line amount is not the floor of time and price")
        device_id = statement.device_ids[device]
        start = statement.base_ms + offset_ms
        end = start + duration_ms
        index = overlapping(state, device_id, start, end, ignored=statement.superseded_index)
        if index is not None:
            refusals.add(
                Reason.DEVICE_OVERLAP, f"device {device_id.hex()} is occupied in the interval", index
            )
        earlier = own.setdefault(device_id, [])
        if any(start < other_end and other_start < end for other_start, other_end in earlier):
            refusals.add(Reason.DEVICE_OVERLAP, f"two lines overlap on device {device_id.hex()}")
        earlier.append((start, end))


def overlapping(
    state: State, device_id: bytes, start: int, end: int, *, ignored: int | None = None
) -> int | None:
    """Leaf of an accepted claim, but the ignored one, that occupies the device in [start, end) (rule I6)."""
    last_end = state.device_ends.get(device_id)
    if last_end is None or start >= last_end:
        return None
    for interval in state.busy.get(device_id) or ():
        if interval.start_ms < end and start < interval.end_ms and interval.leaf_index != ignored:
            return interval.leaf_index
    # Only `base`: pending rows are keyed by their start, and `busy` has them.
    before = state.intervals.base.get((device_id, end))
    freed = state.intervals.freed
    while before is not None and (
        before.leaf_index == ignored or (freed and (device_id, before.start_ms) in freed)
    ):
        before = state.intervals.base.get((device_id, before.start_ms))
    return before.leaf_index if before is not None and before.end_ms > start else None


def intervals_needed(state: State, statement: UsageAttestation) -> list[tuple[bytes, int]]:
    """(device, end) of the lines that may meet an interval in the store.

    Nothing has judged the statement's shape yet: lines that do not fit its columns, or whose times no store
    could hold, need no rows.
    """
    old = replaced_by(state, statement)
    needed = [] if old is None else list(intervals_of(old))
    lines = statement.lines
    devices = len(statement.device_ids)
    for device, offset_ms, duration_ms in zip(
        lines.device, lines.start_offset_ms, lines.duration_ms, strict=False
    ):
        if device >= devices:
            continue
        device_id = statement.device_ids[device]
        start = statement.base_ms + offset_ms
        end = start + duration_ms
        if 0 <= start < state.device_ends.base.get(device_id, start) and end <= INT64_MAX:
            needed.append((device_id, end))
    return needed


def _device_ms(statement: UsageAttestation) -> list[int]:
    totals = [0] * len(statement.device_ids)
    for device, allocated_ms in zip(statement.lines.device, statement.lines.allocated_ms, strict=True):
        totals[device] += allocated_ms
    return totals


def _links(state: State, statement: UsageAttestation) -> tuple[Link, ...]:
    head = state.heads[LinkKind.VOUCHER][statement.voucher_id]
    face, metered, redeemed, paid, released = head.totals
    old = replaced_by(state, statement)
    freed = freed_ms(old)
    metered += statement.total_allocated_ms - sum(freed.values())
    links = [
        Link(LinkKind.CLAIM, statement.claim_id, None),
        Link(
            LinkKind.VOUCHER, statement.voucher_id, head.leaf_index, (face, metered, redeemed, paid, released)
        ),
    ]
    if old is not None:
        links.append(superseded_link(state, old))
    device_heads = state.heads[LinkKind.DEVICE]
    for position, (device_id, used) in enumerate(
        zip(statement.device_ids, _device_ms(statement), strict=True)
    ):
        device_head = device_heads[device_id]
        total_ms = device_head.totals[0] + used - freed.get(device_id, 0)
        links.append(Link(LinkKind.DEVICE, b"", device_head.leaf_index, (total_ms,), position))
    return tuple(links)


def evolve_claim_accepted(state: State, recorded: Recorded) -> None:
    """Fold the ends of the devices' intervals and the day's use; totals are in the links."""
    count_claim(state, recorded)
    statement: UsageAttestation = recorded.statement
    ends = state.device_ends
    lines = statement.lines
    for device, offset_ms, duration_ms in zip(
        lines.device, lines.start_offset_ms, lines.duration_ms, strict=True
    ):
        device_id = statement.device_ids[device]
        end = statement.base_ms + offset_ms + duration_ms
        if end > (ends.get(device_id) or 0):
            ends[device_id] = end


def record_claim(state: State, recorded: Recorded) -> None:
    """Write the rows of an accepted claim: itself, its intervals and its sequence number."""
    statement: UsageAttestation = recorded.statement
    record_superseded(state, recorded)
    lines = statement.lines
    index = recorded.index
    domestic_fen = 0
    for device, offset_ms, duration_ms, amount_fen in zip(
        lines.device, lines.start_offset_ms, lines.duration_ms, lines.amount_fen, strict=True
    ):
        device_id = statement.device_ids[device]
        start = statement.base_ms + offset_ms
        interval = Interval(device_id, start, start + duration_ms, index)
        state.intervals[device_id, start] = interval
        busy = state.busy.pending.get(device_id)
        if busy is None:
            state.busy[device_id] = [interval]
        else:
            busy.append(interval)
        if statement.models[statement.device_models[device]].origin == Origin.DOMESTIC:
            domestic_fen += amount_fen
    state.claims[statement.claim_id] = claim_row(
        statement, recorded, domestic_fen=domestic_fen, device_ms=statement.total_allocated_ms
    )
    record_sequence(state, recorded)
