"""Redemptions: from evidence to an obligation that two approvers signed (rules I3, I4, I5, I10, I12).

This module must not know how money leaves the treasury (`payments`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.domain import authority, checks, entitlement
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.entities import ClaimStatus, EvidenceKind, Redemption, RedemptionState, VoucherState
from ledger.domain.events import RedemptionApproved, RedemptionRequested, RedemptionVerified
from ledger.domain.journal import (
    Account,
    Draft,
    Link,
    LinkKind,
    Posting,
    Premise,
    PremiseKind,
    Recorded,
    transfer,
)
from ledger.domain.policy import Origin, Stacking
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import Role
from ledger.domain.vouchers import release

if TYPE_CHECKING:
    from ledger.domain.entities import Claim, Evidence, Voucher
    from ledger.domain.state import State
    from ledger.domain.statements import (
        DecisionBasis,
        EvidenceUse,
        RedemptionApproval,
        RedemptionRequest,
        RedemptionVerification,
        SubjectReference,
    )

    Decision = tuple[Draft, ...] | Rejection

MAX_CLAIMS = 500
MAX_EVIDENCE = 64
MAX_INSTALMENTS = 12


def is_disputed(state: State, claim: Claim) -> bool:
    """Whether the claim's key is invalid since before the claim was recorded."""
    key = state.keys.get(claim.key_id)
    return key is not None and key.invalid_since_ms is not None and key.invalid_since_ms <= claim.recorded_ms


def _check_request(statement: RedemptionRequest) -> None:
    checks.check_id(statement.redemption_id, "redemption_id")
    checks.check_digest(statement.payee_commitment, "payee_commitment")
    checks.expect(1 <= len(statement.claim_ids) <= MAX_CLAIMS, f"claim_ids: 1 to {MAX_CLAIMS}")
    checks.check_distinct(statement.claim_ids, "claim_ids")
    for uses, name in ((statement.invoices, "invoices"), (statement.payments, "payments")):
        checks.expect(len(uses) <= MAX_EVIDENCE, f"{name}: at most {MAX_EVIDENCE}")
        checks.check_distinct([use.fingerprint for use in uses], name)
        for use in uses:
            checks.check_amount(use.amount_fen, f"{name}: amount_fen")
    instalments = statement.instalments_bp
    checks.expect(len(instalments) <= MAX_INSTALMENTS, f"instalments_bp: at most {MAX_INSTALMENTS}")
    checks.expect(
        not instalments or (sum(instalments) == entitlement.BP and min(instalments) > 0),
        "instalments_bp: sum is 10000",
    )


def decide_request(state: State, command: Command[RedemptionRequest]) -> Decision:
    """Take a redemption and consume its evidence; the amount is what every rule leaves."""
    statement = command.statement
    _check_request(statement)
    voucher = state.vouchers.get(statement.voucher_id)
    if voucher is None:
        return missing("the voucher")
    claims = [state.claims.get(claim_id) for claim_id in statement.claim_ids]
    uses = (*statement.invoices, *statement.payments)
    evidence = [state.evidence.get(use.fingerprint) for use in uses]
    if None in claims or None in evidence:
        return missing("a claim, invoice or payment")
    known_claims = [claim for claim in claims if claim is not None]
    known_evidence = [item for item in evidence if item is not None]
    refusals = Refusals()
    authority.check_parties(refusals, command, voucher.beneficiary_id)
    if statement.redemption_id in state.redemptions:
        refusals.add(Reason.STATE_CONFLICT, "the redemption id is in use")
    _check_voucher(refusals, voucher)
    _check_claims(refusals, state, voucher, known_claims)
    kinds = [EvidenceKind.INVOICE] * len(statement.invoices) + [EvidenceKind.PAYMENT] * len(
        statement.payments
    )
    for use, item, kind in zip(uses, known_evidence, kinds, strict=True):
        _check_evidence(refusals, voucher, use, item, kind)
    _check_min_spend(refusals, state, voucher, sum(use.amount_fen for use in statement.payments))
    base_fen, amount_fen = _entitled(
        refusals,
        state,
        voucher,
        known_claims,
        invoices_fen=sum(use.amount_fen for use in statement.invoices),
        payments_fen=sum(use.amount_fen for use in statement.payments),
    )
    if refusals.first:
        return refusals.first
    totals = state.voucher_totals(voucher.voucher_id)
    after = totals._replace(redeemed_fen=totals.redeemed_fen + amount_fen)
    draft = Draft(
        payload=RedemptionRequested(base_fen=base_fen, amount_fen=amount_fen),
        stream_id=f"redemption/{statement.redemption_id.hex()}",
        actor=voucher.beneficiary_id,
        premises=(*authority.key_premises(command.keys), *voucher_premises(state, voucher)),
        links=(
            state.link(LinkKind.REDEMPTION, statement.redemption_id),
            state.link(LinkKind.VOUCHER, voucher.voucher_id, after),
            *(Link(LinkKind.CLAIM, claim.claim_id, claim.last_index) for claim in known_claims),
            *(
                Link(
                    LinkKind.INVOICE if item.kind == EvidenceKind.INVOICE else LinkKind.PAYMENT,
                    item.fingerprint,
                    item.last_index,
                    (item.consumed_fen + use.amount_fen,),
                )
                for use, item in zip(uses, known_evidence, strict=True)
            ),
        ),
    )
    return (draft,)


def voucher_premises(state: State, voucher: Voucher) -> tuple[Premise, ...]:
    """Voucher, contract and the policy frozen in the voucher (rule I11)."""
    return (
        Premise(PremiseKind.VOUCHER, voucher.index),
        Premise(PremiseKind.CONTRACT, state.contracts[voucher.contract_id].index),
        Premise(PremiseKind.POLICY, voucher.policy.index),
    )


def _check_voucher(refusals: Refusals, voucher: Voucher) -> None:
    if voucher.state == VoucherState.EXPIRED:
        refusals.add(Reason.VOUCHER_EXPIRED, "the voucher has expired", voucher.index)
    elif voucher.state != VoucherState.ACTIVE:
        refusals.add(Reason.STATE_CONFLICT, "the voucher is closed", voucher.index)


def _check_claims(refusals: Refusals, state: State, voucher: Voucher, claims: list[Claim]) -> None:
    for claim in claims:
        if claim.redemption_id:
            refusals.add(Reason.DUPLICATE_EVIDENCE, "a claim is in a redemption already", claim.last_index)
        if claim.status != ClaimStatus.ACCEPTED or claim.voucher_id != voucher.voucher_id:
            refusals.add(
                Reason.STATE_CONFLICT, "a claim was refused or is of another voucher", claim.leaf_index
            )
        elif is_disputed(state, claim):
            refusals.add(Reason.STATE_CONFLICT, "a claim is disputed: its key is revoked", claim.leaf_index)


def _check_evidence(
    refusals: Refusals, voucher: Voucher, use: EvidenceUse, item: Evidence, kind: EvidenceKind
) -> None:
    if item.kind != kind:
        refusals.add(
            Reason.STATE_CONFLICT,
            "an invoice is named as a payment or a payment as an invoice",
            item.leaf_index,
        )
    if item.contract_id != voucher.contract_id:
        refusals.add(Reason.DUPLICATE_EVIDENCE, "the evidence is of another contract", item.leaf_index)
    if item.consumed_fen + use.amount_fen > item.amount_fen:
        refusals.add(
            Reason.DUPLICATE_EVIDENCE, "the evidence is used up to its amount already", item.leaf_index
        )


def _check_min_spend(refusals: Refusals, state: State, voucher: Voucher, payments_fen: int) -> None:
    earlier = sum(state.redemptions[redemption_id].payments_fen for redemption_id in voucher.redemption_ids)
    if earlier + payments_fen < voucher.policy.parameters.min_spend_fen:
        refusals.add(Reason.MIN_SPEND, "the payments named are below the least amount", voucher.policy.index)


def _entitled(
    refusals: Refusals,
    state: State,
    voucher: Voucher,
    claims: list[Claim],
    *,
    invoices_fen: int,
    payments_fen: int,
    redemption: Redemption | None = None,
) -> tuple[int, int]:
    """Base and amount of a new redemption, or of `redemption` on the facts of this day.

    Disputed claims count nothing (rules I3, I4).
    """
    policy = voucher.policy.parameters
    registration = state.contracts[voucher.contract_id].registration
    earlier_ids = voucher.redemption_ids
    if redemption is not None:
        earlier_ids = earlier_ids[: earlier_ids.index(redemption.redemption_id)]
    counted = [claim for claim in claims if not is_disputed(state, claim)]
    base_fen = min(
        registration.amount_fen
        - entitlement.excluded_fen(policy, registration)
        - sum(state.redemptions[earlier_id].base_fen for earlier_id in earlier_ids),
        invoices_fen,
        payments_fen,
        sum(claim.amount_fen for claim in counted),
    )
    domestic_fen = sum(claim.domestic_fen for claim in counted)
    parts_fen = {
        Origin.DOMESTIC: domestic_fen,
        Origin.FOREIGN: sum(claim.amount_fen for claim in counted) - domestic_fen,
    }
    own_fen = redemption.amount_fen if redemption is not None else 0
    rooms = [
        entitlement.entitled_fen(
            policy, startup=voucher.startup, base_fen=max(base_fen, 0), parts_fen=parts_fen
        ),
        state.voucher_totals(voucher.voucher_id).rest_fen + own_fen,
    ]
    if redemption is not None:
        rooms.append(own_fen)
    rooms += _stacking_room(refusals, state, voucher, own_fen)
    amount_fen = min(rooms)
    if amount_fen <= 0:
        refusals.add(Reason.FACE_EXCEEDED, "nothing is left to redeem", voucher.index)
    return max(base_fen, 0), amount_fen


def _stacking_room(refusals: Refusals, state: State, voucher: Voucher, own_fen: int) -> list[int]:
    policy = voucher.policy.parameters
    registration = state.contracts[voucher.contract_id].registration
    outside_fen = state.contract_totals(voucher.contract_id).outside_support_fen
    if policy.stacking == Stacking.EXCLUSIVE and outside_fen:
        reason = Reason.FACE_EXCEEDED if own_fen else Reason.STACKING_EXCLUSIVE
        refusals.add(reason, "outside support is on the contract")
    ceiling = entitlement.stacking_ceiling_fen(
        policy, startup=voucher.startup, contract_fen=registration.amount_fen
    )
    if ceiling is None:
        return []
    redeemed_fen = state.contract_redeemed.get(voucher.contract_id) or 0
    room = ceiling - outside_fen - (redeemed_fen - own_fen)
    if room <= 0:
        reason = Reason.FACE_EXCEEDED if own_fen else Reason.STACKING_CEILING
        refusals.add(reason, "public money on the contract has reached its ceiling")
    return [room]


def evolve_redemption_requested(state: State, recorded: Recorded) -> None:
    """Fold a redemption."""
    statement: RedemptionRequest = recorded.statement
    payload: RedemptionRequested = recorded.payload
    state.redemptions[statement.redemption_id] = Redemption(
        redemption_id=statement.redemption_id,
        voucher_id=statement.voucher_id,
        claim_ids=statement.claim_ids,
        invoices_fen=sum(use.amount_fen for use in statement.invoices),
        payments_fen=sum(use.amount_fen for use in statement.payments),
        instalments_bp=statement.instalments_bp or (entitlement.BP,),
        payee_commitment=statement.payee_commitment,
        base_fen=payload.base_fen,
        amount_fen=payload.amount_fen,
        index=recorded.index,
        subject_index=recorded.index,
        subject_hash=recorded.leaf_hash,
    )
    voucher = state.vouchers[statement.voucher_id]
    state.vouchers[voucher.voucher_id] = replace(
        voucher, redemption_ids=(*voucher.redemption_ids, statement.redemption_id)
    )
    _add_redeemed(state, voucher, payload.amount_fen)


def _add_redeemed(state: State, voucher: Voucher, change_fen: int) -> None:
    state.contract_redeemed[voucher.contract_id] = (
        state.contract_redeemed.get(voucher.contract_id) or 0
    ) + change_fen


def record_redemption_request(state: State, recorded: Recorded) -> None:
    """Write the rows of the claims and the evidence that a redemption uses."""
    statement: RedemptionRequest = recorded.statement
    for claim_id in statement.claim_ids:
        claim = state.claims[claim_id]
        state.claims[claim_id] = claim._replace(
            redemption_id=statement.redemption_id, last_index=recorded.index
        )
    for use in (*statement.invoices, *statement.payments):
        item = state.evidence[use.fingerprint]
        state.evidence[use.fingerprint] = item._replace(
            consumed_fen=item.consumed_fen + use.amount_fen, last_index=recorded.index
        )


def recompute(
    state: State, redemption: Redemption, claims: list[Claim], refusals: Refusals
) -> tuple[int, int]:
    """Base and amount of a requested redemption with its claims on the facts of this day."""
    return _entitled(
        refusals,
        state,
        state.vouchers[redemption.voucher_id],
        claims,
        invoices_fen=redemption.invoices_fen,
        payments_fen=redemption.payments_fen,
        redemption=redemption,
    )


def check_decision(
    refusals: Refusals,
    state: State,
    command: Command[object],
    redemption: Redemption,
    basis: DecisionBasis,
    subject: SubjectReference,
    role: Role,
) -> None:
    """Role, bureau, person and subject of a decision on a redemption (rule I12)."""
    voucher = state.vouchers[redemption.voucher_id]
    officers = authority.check_officers(refusals, state, command, role, basis=basis)
    authority.check_bureau(refusals, basis, state.programmes[voucher.programme_id].bureau_id)
    key = command.keys[0]
    for key_id, person_tag in redemption.decided_by:
        if (key is not None and key.key_id == key_id) or any(o.person_tag == person_tag for o in officers):
            refusals.add(Reason.SEPARATION_OF_DUTY, "this person has signed for the redemption already")
    if (subject.leaf_index, subject.leaf_hash) != (redemption.subject_index, redemption.subject_hash):
        refusals.add(
            Reason.STATE_CONFLICT, "the subject is not the redemption's newest leaf", redemption.subject_index
        )


def signer_of(state: State, recorded: Recorded) -> tuple[bytes, bytes]:
    """Key id and person tag of the officer who signed a decision."""
    key_id = recorded.statement.header.key_ids[0]
    return key_id, state.officers[state.keys[key_id].owner_id].person_tag


def decide_verification(state: State, command: Command[RedemptionVerification]) -> Decision:
    """Verify a redemption at the amount that the ledger recomputes on this day."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_subject_shape(statement.subject)
    redemption = state.redemptions.get(statement.redemption_id)
    if redemption is None:
        return missing("the redemption")
    voucher = state.vouchers[redemption.voucher_id]
    refusals = Refusals()
    check_decision(refusals, state, command, redemption, statement.basis, statement.subject, Role.REVIEWER)
    if redemption.state != RedemptionState.REQUESTED:
        refusals.add(
            Reason.STATE_CONFLICT, f"the redemption is {redemption.state.name}", redemption.subject_index
        )
        return refusals.first or missing("the redemption")
    claims = [state.claims[claim_id] for claim_id in redemption.claim_ids]
    base_fen, amount_fen = recompute(state, redemption, claims, refusals)
    if statement.amount_fen != amount_fen:
        refusals.add(Reason.STATE_CONFLICT, f"the amount to verify is {amount_fen} fen", redemption.index)
    if refusals.first:
        return refusals.first
    links, postings = _verification_effects(state, voucher, redemption, amount_fen)
    draft = Draft(
        payload=RedemptionVerified(base_fen=base_fen),
        stream_id=f"redemption/{redemption.redemption_id.hex()}",
        actor=command.keys[0].owner_id if command.keys[0] else b"",
        premises=(
            *authority.key_premises(command.keys),
            Premise(PremiseKind.REDEMPTION, redemption.index),
            *voucher_premises(state, voucher),
        ),
        links=(state.link(LinkKind.REDEMPTION, redemption.redemption_id), *links),
        postings=postings,
    )
    return (draft,)


def _verification_effects(
    state: State, voucher: Voucher, redemption: Redemption, amount_fen: int
) -> tuple[tuple[Link, ...], tuple[Posting, ...]]:
    fallen_fen = redemption.amount_fen - amount_fen
    if fallen_fen == 0:
        return (), ()
    totals = state.voucher_totals(voucher.voucher_id)
    after = totals._replace(redeemed_fen=totals.redeemed_fen - fallen_fen)
    if voucher.state != VoucherState.EXPIRED:
        return (state.link(LinkKind.VOUCHER, voucher.voucher_id, after),), ()
    after = after._replace(released_fen=after.released_fen + fallen_fen)
    links, postings = release(state, voucher, fallen_fen)
    return (state.link(LinkKind.VOUCHER, voucher.voucher_id, after), *links), postings


def evolve_redemption_verified(state: State, recorded: Recorded) -> None:
    """Fold a verification; base and amount take the recomputed values."""
    statement: RedemptionVerification = recorded.statement
    redemption = state.redemptions[statement.redemption_id]
    voucher = state.vouchers[redemption.voucher_id]
    _add_redeemed(state, voucher, statement.amount_fen - redemption.amount_fen)
    state.redemptions[redemption.redemption_id] = replace(
        redemption,
        base_fen=recorded.payload.base_fen,
        amount_fen=statement.amount_fen,
        state=RedemptionState.VERIFIED,
        subject_index=recorded.index,
        subject_hash=recorded.leaf_hash,
        verification_index=recorded.index,
        decided_by=(signer_of(state, recorded),),
    )


def decide_approval(state: State, command: Command[RedemptionApproval]) -> Decision:
    """Approve a verified redemption; the second approver's signature obligates the money."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_subject_shape(statement.subject)
    redemption = state.redemptions.get(statement.redemption_id)
    if redemption is None:
        return missing("the redemption")
    voucher = state.vouchers[redemption.voucher_id]
    refusals = Refusals()
    check_decision(refusals, state, command, redemption, statement.basis, statement.subject, Role.APPROVER)
    if redemption.state not in (RedemptionState.VERIFIED, RedemptionState.APPROVED_ONCE):
        refusals.add(
            Reason.STATE_CONFLICT, f"the redemption is {redemption.state.name}", redemption.subject_index
        )
    if (
        statement.amount_fen != redemption.amount_fen
        or statement.payee_commitment != redemption.payee_commitment
    ):
        refusals.add(
            Reason.STATE_CONFLICT, "amount or payee is not the redemption's", redemption.subject_index
        )
    if refusals.first:
        return refusals.first
    first_index = redemption.first_approval_index
    links = [state.link(LinkKind.REDEMPTION, redemption.redemption_id)]
    premises = [Premise(PremiseKind.VERIFICATION, redemption.verification_index or 0)]
    postings: tuple[Posting, ...] = ()
    if first_index is not None:
        totals = state.programme_totals(voucher.programme_id)
        after = totals._replace(
            encumbered_fen=totals.encumbered_fen - redemption.amount_fen,
            obligated_fen=totals.obligated_fen + redemption.amount_fen,
        )
        links.append(state.link(LinkKind.PROGRAMME, voucher.programme_id, after))
        premises.append(Premise(PremiseKind.APPROVAL, first_index))
        postings = transfer(
            voucher.programme_id,
            debit=Account.OBLIGATED,
            credit=Account.ENCUMBERED,
            amount_fen=redemption.amount_fen,
        )
    draft = Draft(
        payload=RedemptionApproved(approvals=1 if first_index is None else 2),
        stream_id=f"redemption/{redemption.redemption_id.hex()}",
        actor=command.keys[0].owner_id if command.keys[0] else b"",
        premises=(*authority.key_premises(command.keys), *premises),
        links=tuple(links),
        postings=postings,
        completes=() if first_index is None else (first_index,),
    )
    return (draft,)


def evolve_redemption_approved(state: State, recorded: Recorded) -> None:
    """Fold an approval; until the second one the subject stays the verification's leaf."""
    redemption = state.redemptions[recorded.statement.redemption_id]
    decided_by = (*redemption.decided_by, signer_of(state, recorded))
    if recorded.payload.approvals == 1:
        after = replace(
            redemption,
            state=RedemptionState.APPROVED_ONCE,
            first_approval_index=recorded.index,
            decided_by=decided_by,
        )
    else:
        after = replace(
            redemption,
            state=RedemptionState.APPROVED,
            second_approval_index=recorded.index,
            second_approval_hash=recorded.leaf_hash,
            subject_index=recorded.index,
            subject_hash=recorded.leaf_hash,
            decided_by=decided_by,
        )
    state.redemptions[redemption.redemption_id] = after
