"""Usage claims: one signed attestation on one voucher (rules I6, I7, I8, I19).

This is the hot path of the ledger: a claim costs a few dictionary reads a line. The module must not know
redemptions or money beyond the line amounts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import authority
from ledger.domain.attestation_shape import check_attestation, used_ms
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.days import start_ms
from ledger.domain.entities import Claim, ClaimStatus, Interval, UniqueKey, UniqueKind, VoucherState
from ledger.domain.events import ClaimAccepted, ClaimRefused
from ledger.domain.journal import Draft, Link, LinkKind, Premise, PremiseKind, Recorded
from ledger.domain.policy import Mode, Origin
from ledger.domain.quantities import INT64_MAX, MS_PER_HOUR
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
    from ledger.domain.entities import Admission, Contract, Voucher
    from ledger.domain.state import State

    Decision = tuple[Draft, ...] | Rejection

NEVER_RECORDED = frozenset(
    {
        Reason.MALFORMED,
        Reason.WRONG_LEDGER,
        Reason.STATEMENT_EXPIRED,
        Reason.KEY_UNKNOWN,
        Reason.KEY_REVOKED,
        Reason.BAD_SIGNATURE,
        Reason.REQUEST_ID_REUSED,
        Reason.NOT_AUTHORISED,
    }
)
_ACCEPTED = ClaimAccepted()


def sequence_key(statement: UsageAttestation) -> bytes:
    """The key under which (provider, voucher, sequence) may be used once."""
    return statement.provider_id + statement.voucher_id + statement.sequence.to_bytes(8, "big")


def decide_claim(state: State, command: Command[UsageAttestation]) -> Decision:
    """Accept usage, or give the first reason against it; the amounts were floored by the signer."""
    statement = command.statement
    check_attestation(statement)
    voucher = state.vouchers.get(statement.voucher_id)
    if voucher is None:
        return missing("the voucher")
    spent = state.claims.get(statement.claim_id)
    if spent is not None:
        return Rejection(Reason.REQUEST_ID_REUSED, "the claim id is spent", spent.leaf_index)
    sequence = state.unique.get((UniqueKind.SEQUENCE, sequence_key(statement)))
    if sequence is not None:
        return Rejection(Reason.REQUEST_ID_REUSED, "the sequence number is used", sequence.leaf_index)
    contract = state.contracts[voucher.contract_id]
    admission = state.admissions.get(statement.provider_id)
    refusals = Refusals()
    authority.check_parties(refusals, command, statement.provider_id)
    _check_voucher(refusals, statement, voucher)
    first_ms, last_ms = used_ms(statement)
    _check_provider(refusals, contract, admission, first_ms)
    _check_time(refusals, command, contract, voucher, first_ms, last_ms)
    _check_models(refusals, statement, contract, voucher)
    _check_devices(refusals, state, statement)
    _check_lines(refusals, state, statement)
    check_superseding(refusals, state, statement)
    if refusals.first is not None:
        return refusals.first
    key = command.keys[0]
    return (
        Draft(
            payload=_ACCEPTED,
            stream_id="claim/" + statement.claim_id.hex(),
            actor=statement.provider_id,
            premises=(
                Premise(PremiseKind.KEY, key.registered_index if key else 0),
                *premises(voucher, contract, admission),
            ),
            links=_links(state, statement),
            effective_ms=last_ms,
        ),
    )


def premises(voucher: Voucher, contract: Contract, admission: Admission | None) -> tuple[Premise, ...]:
    """The facts that a claim rests on beside its key."""
    facts = (Premise(PremiseKind.VOUCHER, voucher.index), Premise(PremiseKind.CONTRACT, contract.index))
    return facts if admission is None else (*facts, Premise(PremiseKind.ADMISSION, admission.index))


def _check_voucher(refusals: Refusals, statement: UsageAttestation, voucher: Voucher) -> None:
    if voucher.state == VoucherState.EXPIRED:
        refusals.add(Reason.VOUCHER_EXPIRED, "the voucher has expired", voucher.index)
    elif voucher.state != VoucherState.ACTIVE:
        refusals.add(Reason.STATE_CONFLICT, "the voucher is closed", voucher.index)
    if (
        statement.provider_id != voucher.provider_id
        or statement.beneficiary_id != voucher.beneficiary_id
        or statement.programme_id != voucher.programme_id
        or statement.contract_digest != voucher.contract_digest
    ):
        refusals.add(
            Reason.STATE_CONFLICT, "the voucher is bound to other parties or another contract", voucher.index
        )


def _check_provider(
    refusals: Refusals, contract: Contract, admission: Admission | None, first_ms: int
) -> None:
    if admission is None or first_ms < start_ms(admission.from_day):
        index = admission.index if admission else None
        refusals.add(Reason.PROVIDER_NOT_ADMITTED, "the provider was not admitted at that time", index)
    elif contract.registration.item not in admission.items:
        refusals.add(Reason.ITEM_NOT_LISTED, "the service item is not in the admission", admission.index)


def _check_time(
    refusals: Refusals,
    command: Command[UsageAttestation],
    contract: Contract,
    voucher: Voucher,
    first_ms: int,
    last_ms: int,
) -> None:
    registration = contract.registration
    if first_ms < start_ms(registration.from_day) or last_ms > start_ms(registration.to_day + 1):
        refusals.add(Reason.OUTSIDE_CONTRACT, "usage lies outside the contract's days", contract.index)
    early = voucher.policy.parameters.mode == Mode.QUOTA and first_ms < start_ms(voucher.valid_from_day)
    if early or last_ms > start_ms(voucher.valid_until_day):
        refusals.add(Reason.OUTSIDE_VALIDITY, "usage lies outside the voucher's validity", voucher.index)
    elif last_ms > command.now_ms + command.clock_slack_ms:
        refusals.add(Reason.OUTSIDE_VALIDITY, "usage ends after ledger time")


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
    metered += statement.total_allocated_ms - (old.total_allocated_ms if old is not None else 0)
    links = [
        Link(LinkKind.CLAIM, statement.claim_id, None),
        Link(
            LinkKind.VOUCHER, statement.voucher_id, head.leaf_index, (face, metered, redeemed, paid, released)
        ),
    ]
    if old is not None:
        links.append(superseded_link(state, old))
    freed = freed_ms(old)
    device_heads = state.heads[LinkKind.DEVICE]
    for position, (device_id, used) in enumerate(
        zip(statement.device_ids, _device_ms(statement), strict=True)
    ):
        device_head = device_heads[device_id]
        total_ms = device_head.totals[0] + used - freed.get(device_id, 0)
        links.append(Link(LinkKind.DEVICE, b"", device_head.leaf_index, (total_ms,), position))
    return tuple(links)


def refusal(state: State, command: Command[UsageAttestation], rejection: Rejection) -> Draft | None:
    """The event that records a refusal, where the ledger's state refused a validly signed claim."""
    statement = command.statement
    voucher = state.vouchers.get(statement.voucher_id)
    key = command.keys[0] if len(command.keys) == 1 else None
    signed = key is not None and key.owner_id == statement.provider_id == command.submitter
    signed = signed and key is not None and key.active_at(command.now_ms)
    if not signed or not command.signatures_hold or voucher is None or rejection.reason in NEVER_RECORDED:
        return None
    payload = ClaimRefused(
        claim_id=statement.claim_id,
        voucher_id=statement.voucher_id,
        provider_id=statement.provider_id,
        payload_digest=command.payload_digest,
        reason=rejection.reason,
        conflicting_index=rejection.conflicting_index,
    )
    contract = state.contracts[voucher.contract_id]
    return Draft(
        payload=payload,
        stream_id="claim/" + statement.claim_id.hex(),
        actor=statement.provider_id,
        premises=premises(voucher, contract, state.admissions.get(statement.provider_id)),
        links=(Link(LinkKind.CLAIM, statement.claim_id, None),),
        signed=False,
    )


def evolve_claim_accepted(state: State, recorded: Recorded) -> None:
    """Fold the ends of the devices' intervals; totals are in the links."""
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
    state.claims[statement.claim_id] = Claim(
        statement.claim_id,
        index,
        index,
        ClaimStatus.ACCEPTED,
        statement.voucher_id,
        statement.provider_id,
        statement.header.key_ids[0],
        recorded.recorded_ms,
        statement.total_amount_fen,
        domestic_fen,
        statement.total_allocated_ms,
        statement.sequence,
        b"",
    )
    key = (UniqueKind.SEQUENCE, sequence_key(statement))
    state.unique[key] = UniqueKey(key[0], key[1], index)


def record_refused_claim(state: State, recorded: Recorded) -> None:
    """Write the row that spends the id of a refused claim."""
    payload: ClaimRefused = recorded.payload
    state.claims[payload.claim_id] = Claim(
        payload.claim_id,
        recorded.index,
        recorded.index,
        ClaimStatus.REFUSED,
        payload.voucher_id,
        payload.provider_id,
        b"",
        recorded.recorded_ms,
        0,
        0,
        0,
        0,
        b"",
    )
