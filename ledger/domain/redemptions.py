"""Redemptions: what usage, evidence and caps come to, and who asks for it (rules I3, I4, I5, I10).

This module must not know who decides about them (`approvals`) or pays (`payments`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from ledger.domain import authority, checks, entitlement
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.disputes import COUNTING, counts, is_disputed
from ledger.domain.entities import EvidenceKind, Redemption
from ledger.domain.events import RedemptionRequested
from ledger.domain.holds import check_not_held
from ledger.domain.journal import (
    Draft,
    Link,
    LinkKind,
    Premise,
    PremiseKind,
    Recorded,
)
from ledger.domain.policy import Instrument, Origin, Stacking
from ledger.domain.quantities import BP_FULL
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import InvoiceStatus
from ledger.domain.vouchers import check_voucher

if TYPE_CHECKING:
    from ledger.domain.entities import Claim, Evidence, Voucher
    from ledger.domain.state import State
    from ledger.domain.statements import (
        EvidenceUse,
        RedemptionRequest,
    )

    Decision = tuple[Draft, ...] | Rejection

Row_co = TypeVar("Row_co", covariant=True)

MAX_CLAIMS = 500
MAX_EVIDENCE = 64
MAX_INSTALMENTS = 12


def _check_request(statement: RedemptionRequest) -> None:
    checks.check_id(statement.redemption_id, "redemption_id")
    checks.check_digest(statement.payee_commitment, "payee_commitment")
    checks.expect(len(statement.payee_tag) in (0, checks.DIGEST_SIZE), "payee_tag: 32 bytes or none")
    checks.expect(len(statement.claim_ids) <= MAX_CLAIMS, f"claim_ids: at most {MAX_CLAIMS}")
    checks.check_distinct(statement.claim_ids, "claim_ids")
    for uses, name in ((statement.invoices, "invoices"), (statement.payments, "payments")):
        checks.expect(len(uses) <= MAX_EVIDENCE, f"{name}: at most {MAX_EVIDENCE}")
        checks.check_distinct([use.fingerprint for use in uses], name)
        for use in uses:
            checks.check_amount(use.amount_fen, f"{name}: amount_fen")
    instalments = statement.instalments_bp
    checks.expect(len(instalments) <= MAX_INSTALMENTS, f"instalments_bp: at most {MAX_INSTALMENTS}")
    checks.expect(
        not instalments or (sum(instalments) == BP_FULL and min(instalments) > 0),
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
    check_not_held(refusals, state, voucher)
    check_voucher(refusals, voucher, "redemption-request")
    _check_claims(refusals, state, voucher, known_claims)
    kinds = [EvidenceKind.INVOICE] * len(statement.invoices) + [EvidenceKind.PAYMENT] * len(
        statement.payments
    )
    for use, item, kind in zip(uses, known_evidence, kinds, strict=True):
        _check_evidence(refusals, voucher, use, item, kind)
    payments_fen = sum(use.amount_fen for use in statement.payments)
    _check_min_spend(refusals, state, voucher, payments_fen)
    invoices = tuple((use.fingerprint, use.amount_fen) for use in statement.invoices)
    facts = Facts(state.claims, state.evidence)
    worth = entitled(
        state, voucher, known_claims, invoices_fen=valid_fen(facts, invoices), payments_fen=payments_fen
    )
    for reason, message in worth.refusals:
        refusals.add(reason, message, voucher.index)
    base_fen, amount_fen = worth.base_fen, worth.amount_fen
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
    """Voucher, contract where there is one, and the policy frozen in the voucher (rule I11)."""
    return (
        Premise(PremiseKind.VOUCHER, voucher.index),
        *(
            ()
            if voucher.award
            else (Premise(PremiseKind.CONTRACT, state.contracts[voucher.contract_id].index),)
        ),
        Premise(PremiseKind.POLICY, voucher.policy.index),
    )


def _check_claims(refusals: Refusals, state: State, voucher: Voucher, claims: list[Claim]) -> None:
    for claim in claims:
        if claim.redemption_id:
            refusals.add(Reason.DUPLICATE_EVIDENCE, "a claim is in a redemption already", claim.last_index)
        if claim.status not in COUNTING or claim.voucher_id != voucher.voucher_id:
            refusals.add(
                Reason.STATE_CONFLICT, "a claim was refused or is of another voucher", claim.leaf_index
            )
        elif is_disputed(state, claim):
            text = "a claim is disputed: its key is revoked; allowed: reconfirmation, claim-setting-aside"
            refusals.add(Reason.STATE_CONFLICT, text, claim.leaf_index)


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
    if item.status != InvoiceStatus.VALID:
        refusals.add(Reason.STATE_CONFLICT, "an invoice is red-lettered or void", item.last_index)


def _check_min_spend(refusals: Refusals, state: State, voucher: Voucher, payments_fen: int) -> None:
    earlier = sum(state.redemptions[redemption_id].payments_fen for redemption_id in voucher.redemption_ids)
    if not voucher.award and earlier + payments_fen < voucher.policy.parameters.min_spend_fen:
        refusals.add(Reason.MIN_SPEND, "the payments named are below the least amount", voucher.policy.index)


class Lookup(Protocol[Row_co]):
    """Rows by key: facts that were fetched, of a batch or of a reader."""

    def __getitem__(self, key: bytes, /) -> Row_co:
        """The row; it has to be there."""


class Facts(NamedTuple):
    """The rows that a redemption rests on."""

    claims: Lookup[Claim]
    evidence: Lookup[Evidence]


def valid_fen(facts: Facts, invoices: tuple[tuple[bytes, int], ...]) -> int:
    """What the named invoices come to, fen; cancelled ones count nothing."""
    return sum(
        amount_fen
        for fingerprint, amount_fen in invoices
        if facts.evidence[fingerprint].status == InvoiceStatus.VALID
    )


@dataclass(frozen=True, slots=True)
class Worth:
    """What a redemption comes to on one day's facts, fen, and why that may be nothing."""

    base_fen: int
    amount_fen: int
    refusals: tuple[tuple[Reason, str], ...]


def entitled(
    state: State,
    voucher: Voucher,
    claims: list[Claim],
    *,
    invoices_fen: int,
    payments_fen: int,
    redemption: Redemption | None = None,
) -> Worth:
    """What a new redemption, or `redemption` on the facts of this day, comes to (rules I3, I4).

    Disputed claims count nothing. Of an award it is what is left of the face.
    """
    own_fen = redemption.amount_fen if redemption is not None else 0
    rest_fen = state.voucher_totals(voucher.voucher_id).rest_fen + own_fen
    rooms = [rest_fen] if redemption is None else [rest_fen, own_fen]
    refusals: list[tuple[Reason, str]] = []
    base_fen = min(rooms)
    if not voucher.award:
        base_fen, worth_fen = _base_and_entitlement(
            state, voucher, claims, (invoices_fen, payments_fen), redemption
        )
        rooms += [worth_fen, *_stacking_rooms(refusals, state, voucher, redemption)]
    amount_fen = min(rooms)
    if amount_fen <= 0:
        refusals.append((Reason.FACE_EXCEEDED, "nothing is left to redeem"))
    return Worth(base_fen, amount_fen, tuple(refusals))


def _base_and_entitlement(
    state: State,
    voucher: Voucher,
    claims: list[Claim],
    evidence_fen: tuple[int, int],
    redemption: Redemption | None,
) -> tuple[int, int]:
    policy = voucher.policy.parameters
    registration = state.contracts[voucher.contract_id].registration
    earlier_ids = voucher.redemption_ids
    if redemption is not None:
        earlier_ids = earlier_ids[: earlier_ids.index(redemption.redemption_id)]
    counted = [claim for claim in claims if counts(state, claim)]
    claimed_fen = sum(claim.amount_fen for claim in counted)
    base_fen = min(
        registration.amount_fen
        - entitlement.excluded_fen(policy, registration)
        - sum(state.redemptions[earlier_id].base_fen for earlier_id in earlier_ids),
        *evidence_fen,
        claimed_fen,
    )
    base_fen = max(base_fen, 0)
    parts_fen: dict[Origin, int] = {}
    if state.programmes[voucher.programme_id].instrument == Instrument.GPU_TRAINING:
        domestic_fen = sum(claim.domestic_fen for claim in counted)
        parts_fen = {Origin.DOMESTIC: domestic_fen, Origin.FOREIGN: claimed_fen - domestic_fen}
    worth_fen = entitlement.entitled_fen(
        policy, startup=voucher.startup, base_fen=base_fen, parts_fen=parts_fen
    )
    return base_fen, worth_fen


def _stacking_rooms(
    refusals: list[tuple[Reason, str]], state: State, voucher: Voucher, redemption: Redemption | None
) -> list[int]:
    policy = voucher.policy.parameters
    outside_fen = state.contract_totals(voucher.contract_id).outside_support_fen
    new = redemption is None
    if policy.stacking == Stacking.EXCLUSIVE and outside_fen:
        reason = Reason.STACKING_EXCLUSIVE if new else Reason.FACE_EXCEEDED
        refusals.append((reason, "outside support is on the contract"))
        return [0]
    ceiling = entitlement.stacking_ceiling_fen(
        policy,
        startup=voucher.startup,
        contract_fen=state.contracts[voucher.contract_id].registration.amount_fen,
    )
    if ceiling is None:
        return []
    redeemed_fen = state.contract_redeemed.get(voucher.contract_id) or 0
    own_fen = 0 if redemption is None else redemption.amount_fen - redemption.clawed_back_fen
    room = ceiling - outside_fen - (redeemed_fen - own_fen)
    if room <= 0:
        reason = Reason.STACKING_CEILING if new else Reason.FACE_EXCEEDED
        refusals.append((reason, "public money on the contract has reached its ceiling"))
    return [room]


def evolve_redemption_requested(state: State, recorded: Recorded) -> None:
    """Fold a redemption."""
    statement: RedemptionRequest = recorded.statement
    payload: RedemptionRequested = recorded.payload
    state.redemptions[statement.redemption_id] = Redemption(
        redemption_id=statement.redemption_id,
        voucher_id=statement.voucher_id,
        claim_ids=statement.claim_ids,
        invoices=tuple((use.fingerprint, use.amount_fen) for use in statement.invoices),
        payments_fen=sum(use.amount_fen for use in statement.payments),
        instalments_bp=statement.instalments_bp or (BP_FULL,),
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
    add_redeemed(state, voucher, payload.amount_fen)


def add_redeemed(state: State, voucher: Voucher, change_fen: int) -> None:
    """Change what the redemptions of the voucher's contract come to less clawbacks, fen (rule I4)."""
    if not voucher.award:
        redeemed_fen = state.contract_redeemed.get(voucher.contract_id) or 0
        state.contract_redeemed[voucher.contract_id] = redeemed_fen + change_fen


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


def recompute(state: State, redemption: Redemption, facts: Facts) -> Worth:
    """What a redemption comes to on the facts of this day."""
    return entitled(
        state,
        state.vouchers[redemption.voucher_id],
        [facts.claims[claim_id] for claim_id in redemption.claim_ids],
        invoices_fen=valid_fen(facts, redemption.invoices),
        payments_fen=redemption.payments_fen,
        redemption=redemption,
    )


def entitlement_today_fen(state: State, redemption: Redemption, facts: Facts) -> int:
    """What a redemption would be verified at on the facts of this day, fen; 0 where it would be refused."""
    if state.vouchers[redemption.voucher_id].award:
        return redemption.amount_fen
    worth = recompute(state, redemption, facts)
    return 0 if worth.refusals else max(worth.amount_fen, 0)
