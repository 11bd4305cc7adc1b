"""Entities of the ledger's committed state as read messages.

Only what is committed is read: what is pending may still be lost. Enum numbers are those of the protobuf
enums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ledger.domain.disputes import is_disputed, is_suspended
from ledger.domain.entities import EvidenceKind
from ledger.domain.holds import is_held
from ledger.domain.journal import ContractTotals, LinkKind, ProgrammeTotals, VoucherTotals
from ledger.v1 import (
    application_service_pb2,
    claim_service_pb2,
    contract_pb2,
    envelope_pb2,
    programme_service_pb2,
    quantities_pb2,
    redemption_service_pb2,
    registry_pb2,
    registry_service_pb2,
    voucher_service_pb2,
)
from ledger_server.committed import Committed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.domain import entities
    from ledger.domain.state import State


def _enum(number: int) -> Any:
    """A number as any protobuf enum's; generated types know no conversion."""
    return cast("Any", int(number))


def programme(state: State, entity: entities.Programme) -> programme_service_pb2.Programme:
    """A programme with its totals."""
    totals = ProgrammeTotals(*state.heads[LinkKind.PROGRAMME].base[entity.programme_id].totals)
    policy = state.policies.base.get(entity.programme_id)
    return programme_service_pb2.Programme(
        programme_id=entity.programme_id,
        bureau_id=entity.bureau_id,
        instrument=_enum(entity.instrument),
        fiscal_year=entity.fiscal_year,
        appropriation_fen=entity.appropriation_fen,
        **totals._asdict(),
        policy_version=policy.version if policy else 0,
        policy_index=policy.index if policy else None,
        queued_fen=Committed(state).queued_fen(entity.programme_id),
    )


def calendar(entity: entities.Calendar) -> programme_service_pb2.Calendar:
    """A calendar in force."""
    return programme_service_pb2.Calendar(
        year=entity.year, version=entity.version, working_days=entity.working_days, index=entity.index
    )


def key(entity: entities.Key) -> registry_service_pb2.Key:
    """A key."""
    return registry_service_pb2.Key(
        key_id=entity.key_id,
        algorithm=entity.algorithm,
        public_key=entity.public_key,
        registered_index=entity.registered_index,
        until_ms=entity.until_ms,
        invalid_since_ms=entity.invalid_since_ms,
    )


def participant(
    state: State, entity: entities.Participant, keys: Iterable[entities.Key], *, now_ms: int
) -> registry_service_pb2.Participant:
    """A participant with its keys and its standing at the time `now_ms`; person tags are not shown."""
    admission = state.admissions.base.get(entity.participant_id)
    return registry_service_pb2.Participant(
        participant_id=entity.participant_id,
        kind=_enum(entity.kind),
        credit_code=entity.credit_code,
        registered_day=entity.registered_day,
        index=entity.index,
        keys=[key(each) for each in keys],
        admitted=admission is not None,
        items=tuple(admission.items) if admission else (),
        suspended=admission is not None and admission.suspended_at(now_ms),
    )


def officer(entity: entities.Officer, keys: Iterable[entities.Key]) -> registry_service_pb2.Participant:
    """An officer with its keys; person tags are not shown."""
    return registry_service_pb2.Participant(
        participant_id=entity.officer_id,
        role=_enum(entity.role),
        index=entity.index,
        keys=[key(each) for each in keys],
        bureau_id=entity.bureau_id,
    )


def holding(entity: entities.Holding) -> registry_service_pb2.Holding:
    """What one entity holds of another."""
    return registry_service_pb2.Holding(
        owner_id=entity.owner_id,
        owned_id=entity.owned_id,
        share_bp=entity.share_bp,
        as_of_day=entity.as_of_day,
        index=entity.index,
    )


def device(state: State, device_id: bytes, entity: entities.Device) -> registry_service_pb2.Device:
    """A device with its accepted time."""
    head = state.heads[LinkKind.DEVICE].base.get(device_id)
    return registry_service_pb2.Device(
        device_id=device_id,
        provider_id=entity.provider_id,
        model=registry_pb2.DeviceModel(vendor=entity.vendor, model=entity.model, origin=_enum(entity.origin)),
        device_ms=head.totals[0] if head and head.totals else 0,
        last_end_ms=state.device_ends.base.get(device_id, 0),
    )


def contract(state: State, entity: entities.Contract) -> application_service_pb2.Contract:
    """A contract with the public money on it."""
    stated = entity.registration
    head = state.heads[LinkKind.CONTRACT].base.get(stated.contract_id)
    totals = ContractTotals(*head.totals) if head and head.totals else ContractTotals(0, 0)
    registration = contract_pb2.ContractRegistration(
        header=envelope_pb2.StatementHeader(
            ledger_id=stated.header.ledger_id,
            request_id=stated.header.request_id,
            key_ids=stated.header.key_ids,
            not_after_ms=stated.header.not_after_ms,
        ),
        contract_id=stated.contract_id,
        beneficiary_id=stated.beneficiary_id,
        provider_id=stated.provider_id,
        fingerprint=stated.fingerprint,
        document_digest=stated.document_digest,
        item=stated.item,
        signed_day=stated.signed_day,
        from_day=stated.from_day,
        to_day=stated.to_day,
        amount_fen=stated.amount_fen,
        prices=[
            contract_pb2.ModelPrice(model=price.model, unit_price_fen=price.unit_price_fen)
            for price in stated.prices
        ],
        excluded=[
            contract_pb2.ExcludedItem(item=part.item, amount_fen=part.amount_fen) for part in stated.excluded
        ],
        origin_amounts=[
            contract_pb2.OriginAmount(origin=_enum(part.origin), amount_fen=part.amount_fen)
            for part in stated.origin_amounts
        ],
        filing_number=stated.filing_number,
        exchange_trade=stated.exchange_trade,
    )
    return application_service_pb2.Contract(registration=registration, index=entity.index, **totals._asdict())


def subject(*, index: int, leaf_hash: bytes) -> quantities_pb2.SubjectReference:
    """The leaf that a decision names."""
    return quantities_pb2.SubjectReference(leaf_index=index, leaf_hash=leaf_hash)


def application(entity: entities.Application) -> application_service_pb2.Application:
    """An application with its newest leaf, how far it got and what it proposes."""
    return application_service_pb2.Application(
        application_id=entity.application_id,
        programme_id=entity.programme_id,
        contract_id=entity.contract_id,
        beneficiary_id=entity.beneficiary_id,
        state=_enum(entity.state),
        startup=entity.startup,
        subject=subject(index=entity.subject_index, leaf_hash=entity.subject_hash),
        last_notice_day=entity.last_notice_day,
        open_objections=entity.open_objections,
        award=entity.award,
        proposed_fen=entity.proposed_fen,
    )


def objection(entity: entities.Objection) -> application_service_pb2.Objection:
    """An objection with the leaf that a decision names."""
    return application_service_pb2.Objection(
        objection_id=entity.objection_id,
        decided=entity.decided,
        upheld=entity.upheld,
        subject=subject(index=entity.index, leaf_hash=entity.leaf_hash),
    )


def voucher(
    state: State, entity: entities.Voucher, *, unredeemed_fen: int = 0
) -> voucher_service_pb2.Voucher:
    """A voucher with its totals."""
    totals = VoucherTotals(*state.heads[LinkKind.VOUCHER].base[entity.voucher_id].totals)
    return voucher_service_pb2.Voucher(
        voucher_id=entity.voucher_id,
        programme_id=entity.programme_id,
        beneficiary_id=entity.beneficiary_id,
        provider_id=entity.provider_id,
        contract_id=entity.contract_id,
        contract_digest=entity.contract_digest,
        state=_enum(entity.state),
        unredeemed_claims_fen=unredeemed_fen,
        valid_from_day=entity.valid_from_day,
        valid_until_day=entity.valid_until_day,
        index=entity.index,
        policy_index=entity.policy.index,
        held=is_held(Committed(state), entity),
        subject=subject(index=entity.index, leaf_hash=entity.issue_hash),
        **totals._asdict(),
    )


def claim(state: State, row: entities.Claim) -> claim_service_pb2.Claim:
    """A claim; an accepted one is disputed if its key is revoked from a time at or before its recording."""
    return claim_service_pb2.Claim(
        claim_id=row.claim_id,
        voucher_id=row.voucher_id,
        provider_id=row.provider_id,
        state=_enum(row.status),
        amount_fen=row.amount_fen,
        device_ms=row.device_ms,
        sequence=row.sequence,
        index=row.leaf_index,
        redemption_id=row.redemption_id,
        disputed=is_disputed(Committed(state), row),
    )


def redemption(
    state: State, entity: entities.Redemption, *, verifiable_fen: int
) -> redemption_service_pb2.Redemption:
    """A redemption with its instalments and the subject of its next decision."""
    return redemption_service_pb2.Redemption(
        redemption_id=entity.redemption_id,
        voucher_id=entity.voucher_id,
        state=_enum(entity.state),
        amount_fen=entity.amount_fen,
        verifiable_fen=verifiable_fen,
        instalments_fen=entity.instalments_fen(),
        paid_count=entity.paid_count,
        attempt=entity.attempt,
        subject=subject(index=entity.subject_index, leaf_hash=entity.subject_hash),
        payee_commitment=entity.payee_commitment,
        index=entity.index,
        clawed_back_fen=entity.clawed_back_fen,
        suspended=is_suspended(Committed(state), entity),
    )


def clawback(entity: entities.Clawback, *, determinable_fen: int) -> redemption_service_pb2.Clawback:
    """A clawback with the subject of its next act."""
    return redemption_service_pb2.Clawback(
        clawback_id=entity.clawback_id,
        redemption_id=entity.redemption_id,
        beneficiary_id=entity.beneficiary_id,
        state=_enum(entity.state),
        cause=_enum(entity.cause),
        determinable_fen=determinable_fen,
        determined_fen=entity.determined_fen,
        outstanding_fen=entity.outstanding_fen,
        fines_fen=entity.fines_fen,
        subject=subject(index=entity.subject_index, leaf_hash=entity.subject_hash),
        index=entity.index,
    )


def evidence(row: entities.Evidence) -> redemption_service_pb2.Evidence:
    """An invoice, payment or acceptance paper; only an invoice has a status."""
    return redemption_service_pb2.Evidence(
        fingerprint=row.fingerprint,
        kind=_enum(row.kind),
        contract_id=row.contract_id,
        amount_fen=row.amount_fen,
        consumed_fen=row.consumed_fen,
        index=row.leaf_index,
        status=_enum(row.status if row.kind == EvidenceKind.INVOICE else 0),
    )
