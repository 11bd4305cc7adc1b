"""What every attestation shares: voucher, parties, provider, time, sequence number, and its refusal.

Rules I7, I8, I19. This module must not know what was delivered: devices are in `claims`, services in
`service_claims`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ledger.domain import authority
from ledger.domain.attestation import ServiceAttestation, UsageAttestation
from ledger.domain.attestation_shape import intervals
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.days import start_ms
from ledger.domain.entities import Claim, ClaimStatus, UniqueKey, UniqueKind, Voucher
from ledger.domain.events import ClaimRefused
from ledger.domain.holds import check_not_held
from ledger.domain.journal import Draft, Link, LinkKind, Premise, PremiseKind, Recorded
from ledger.domain.policy import Instrument, Mode
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vouchers import check_voucher

if TYPE_CHECKING:
    from ledger.domain.entities import Admission, Contract
    from ledger.domain.state import State

Attestation: TypeAlias = UsageAttestation | ServiceAttestation

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
        Reason.TOO_LARGE,
    }
)


def sequence_key(statement: Attestation) -> bytes:
    """The key under which (provider, voucher, sequence) may be used once."""
    return statement.provider_id + statement.voucher_id + statement.sequence.to_bytes(8, "big")


def find_voucher(state: State, statement: Attestation) -> Voucher | Rejection:
    """The voucher of an attestation whose id and number are free; these are decided before all else."""
    voucher = state.vouchers.get(statement.voucher_id)
    if voucher is None:
        return missing("the voucher")
    spent = state.claims.get(statement.claim_id)
    if spent is not None:
        return Rejection(Reason.REQUEST_ID_REUSED, "the claim id is spent", spent.leaf_index)
    sequence = state.unique.get((UniqueKind.SEQUENCE, sequence_key(statement)))
    if sequence is not None:
        return Rejection(Reason.REQUEST_ID_REUSED, "the sequence number is used", sequence.leaf_index)
    return voucher


def check_claim(
    refusals: Refusals,
    state: State,
    command: Command[UsageAttestation] | Command[ServiceAttestation],
    voucher: Voucher,
    used_ms: tuple[int, int],
) -> None:
    """Signer, voucher, provider and time of an attestation whose usage lies in `used_ms`, [first, last)."""
    statement = command.statement
    authority.check_parties(refusals, command, statement.provider_id)
    check_not_held(refusals, state, voucher)
    act = "usage-attestation" if type(statement) is UsageAttestation else "service-attestation"
    check_voucher(refusals, voucher, act)
    if (
        statement.provider_id != voucher.provider_id
        or statement.beneficiary_id != voucher.beneficiary_id
        or statement.programme_id != voucher.programme_id
        or statement.contract_digest != voucher.contract_digest
    ):
        refusals.add(
            Reason.STATE_CONFLICT, "the voucher is bound to other parties or another contract", voucher.index
        )
    of_devices = state.programmes[voucher.programme_id].instrument == Instrument.GPU_TRAINING
    if of_devices != (act == "usage-attestation"):
        allowed = "usage-attestation" if of_devices else "service-attestation"
        refusals.add(
            Reason.STATE_CONFLICT, f"not of the programme's instrument; allowed: {allowed}", voucher.index
        )
    contract = state.contracts.get(voucher.contract_id)
    if contract is None:
        refusals.add(Reason.STATE_CONFLICT, "the voucher pays an award and takes no claims", voucher.index)
        return
    _check_provider(refusals, command, contract, state.admissions.get(statement.provider_id), used_ms)
    _check_time(refusals, command, contract, voucher, used_ms)


def claim_premises(
    voucher: Voucher, contract: Contract | None, admission: Admission | None
) -> tuple[Premise, ...]:
    """The facts that a claim rests on beside its key."""
    return (
        Premise(PremiseKind.VOUCHER, voucher.index),
        *(() if contract is None else (Premise(PremiseKind.CONTRACT, contract.index),)),
        *(() if admission is None else (Premise(PremiseKind.ADMISSION, admission.index),)),
    )


def _check_provider(
    refusals: Refusals,
    command: Command[UsageAttestation] | Command[ServiceAttestation],
    contract: Contract,
    admission: Admission | None,
    used_ms: tuple[int, int],
) -> None:
    first_ms, last_ms = used_ms
    if admission is None or first_ms < start_ms(admission.from_day):
        index = admission.index if admission else None
        refusals.add(Reason.PROVIDER_NOT_ADMITTED, "the provider was not admitted at that time", index)
        return
    # Lines may lie on both sides of a suspension: only where the whole meets one they are looked at.
    barred = admission.barred_between(first_ms, last_ms) and any(
        admission.barred_between(*interval) for interval in intervals(command.statement)
    )
    if barred or admission.suspended_at(command.now_ms):
        text = "the provider is, or was at that time, suspended or removed"
        refusals.add(Reason.PROVIDER_NOT_ADMITTED, text, admission.index)
    listed_day = admission.items.get(contract.registration.item)
    if listed_day is None or first_ms < start_ms(listed_day):
        refusals.add(
            Reason.ITEM_NOT_LISTED, "the service item was not in the admission at that time", admission.index
        )


def _check_time(
    refusals: Refusals,
    command: Command[UsageAttestation] | Command[ServiceAttestation],
    contract: Contract,
    voucher: Voucher,
    used_ms: tuple[int, int],
) -> None:
    first_ms, last_ms = used_ms
    registration = contract.registration
    if first_ms < start_ms(registration.from_day) or last_ms > start_ms(registration.to_day + 1):
        refusals.add(Reason.OUTSIDE_CONTRACT, "usage lies outside the contract's days", contract.index)
    early = voucher.policy.parameters.mode == Mode.QUOTA and first_ms < start_ms(voucher.valid_from_day)
    if early or last_ms > start_ms(voucher.valid_until_day):
        refusals.add(Reason.OUTSIDE_VALIDITY, "usage lies outside the voucher's validity", voucher.index)
    elif last_ms > command.now_ms + command.clock_slack_ms:
        refusals.add(Reason.OUTSIDE_VALIDITY, "usage ends after ledger time")


def refusal(
    state: State, command: Command[UsageAttestation] | Command[ServiceAttestation], rejection: Rejection
) -> Draft | None:
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
    contract = state.contracts.get(voucher.contract_id)
    return Draft(
        payload=payload,
        stream_id="claim/" + statement.claim_id.hex(),
        actor=statement.provider_id,
        premises=claim_premises(voucher, contract, state.admissions.get(statement.provider_id)),
        links=(Link(LinkKind.CLAIM, statement.claim_id, None),),
        signed=False,
    )


def claim_row(
    statement: Attestation, recorded: Recorded, *, domestic_fen: int = 0, device_ms: int = 0
) -> Claim:
    """The row of a claim that was accepted."""
    return Claim(
        statement.claim_id,
        recorded.index,
        recorded.index,
        ClaimStatus.ACCEPTED,
        statement.voucher_id,
        statement.provider_id,
        statement.header.key_ids[0],
        recorded.recorded_ms,
        statement.total_amount_fen,
        domestic_fen,
        device_ms,
        statement.sequence,
        b"",
    )


def record_sequence(state: State, recorded: Recorded) -> None:
    """Spend the attestation's number."""
    key = (UniqueKind.SEQUENCE, sequence_key(recorded.statement))
    state.unique[key] = UniqueKey(key[0], key[1], recorded.index)


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
