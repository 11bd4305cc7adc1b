"""Steps from the evidence to the payment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.client.statements import contract as contracts
from ledger.client.statements import redemption as redemptions
from ledger.domain.disputes import COUNTING
from ledger.domain.entities import ClaimStatus, RedemptionState
from ledger.domain.policy import Payee
from ledger.domain.vocabulary import InvoiceStatus

if TYPE_CHECKING:
    from ledger.client.types import Redemption
    from ledger_play.scenario import money_steps as steps
    from ledger_play.scenario.turn import Turn
    from ledger_play.scenario.world import World

NET_PER_GROSS = (100, 106)
APPROVERS = ("approver-1", "approver-2")


def invoice(turn: Turn, step: steps.Invoice) -> None:
    """The provider registers its invoice."""
    world = turn.world
    contract = world.contracts[step.contract]
    fingerprint = world.digest_of("invoice", step.id)
    net, gross = NET_PER_GROSS
    statement = contracts.invoice_registration(
        contract_id=contract.contract_id,
        fingerprint=fingerprint,
        amount_fen=step.amount,
        net_amount_fen=max(1, step.amount * net // gross),
        issued_day=world.today,
        document_digest=world.digest_of("invoice document", step.id),
    )
    turn.act(contract.provider.actor, "invoice-registration", statement)
    world.invoices[step.id] = fingerprint


def payment(turn: Turn, step: steps.Payment) -> None:
    """The beneficiary registers its payment."""
    world = turn.world
    contract = world.contracts[step.contract]
    fingerprint = world.digest_of("payment", step.id)
    statement = contracts.payment_registration(
        contract_id=contract.contract_id,
        fingerprint=fingerprint,
        amount_fen=step.amount,
        paid_day=world.today,
        document_digest=world.digest_of("payment document", step.id),
    )
    turn.act(contract.beneficiary.actor, "payment-registration", statement)
    world.payments[step.id] = fingerprint


def red_letter(turn: Turn, step: steps.RedLetter) -> None:
    """Note that an invoice is red-lettered."""
    world = turn.world
    clerk = turn.officer("clerk")
    statement = contracts.invoice_cancellation(
        basis=clerk.basis("RED_LETTER"),
        fingerprint=world.invoices[step.invoice],
        status=InvoiceStatus.RED_LETTERED,
        cancelled_day=world.today,
        red_letter_fingerprint=world.digest_of("red letter", step.invoice),
    )
    turn.decide("clerk", "invoice-cancellation", statement, by=clerk)


def redeem(turn: Turn, step: steps.Redeem) -> dict[str, object]:
    """Ask to redeem."""
    world = turn.world
    voucher = world.vouchers[step.voucher]
    contract = voucher.contract
    redemption_id = world.id_of("redemption", step.id)
    payee = contract.provider if voucher.payee == Payee.PROVIDER else contract.beneficiary
    statement = redemptions.redemption_request(
        redemption_id=redemption_id,
        voucher_id=voucher.voucher_id,
        claim_ids=_all_claims(world, voucher.voucher_id)
        if step.claims is None
        else [world.claims[label] for label in step.claims],
        invoices={world.invoices[label]: part for label, part in step.invoices.items()},
        payments={world.payments[label]: part for label, part in step.payments.items()},
        payee_commitment=world.digest_of("account", payee.label, step.id),
        payee_tag=world.digest_of("account tag", payee.label),
        instalments_bp=step.instalments_bp or (),
    )
    turn.act(contract.beneficiary.actor, "redemption-request", statement)
    world.redemptions[step.id] = redemption_id
    found = world.reader.get_redemption(redemption_id)
    return {"expect_amount": found.amount_fen, "expect_instalments": list(found.instalments_fen)}


def _all_claims(world: World, voucher_id: bytes) -> list[bytes]:
    return [
        claim.claim_id
        for claim in world.reader.list_claims(voucher_id, unredeemed_only=True)
        if ClaimStatus(claim.state) in COUNTING and not claim.disputed
    ]


def _redemption(turn: Turn, label: str) -> Redemption:
    return turn.world.reader.get_redemption(turn.world.redemptions[label])


def verify(turn: Turn, step: steps.Verify) -> None:
    """Verify at what the ledger recomputes; where that is nothing, it says so itself."""
    _verify(turn, step.redemption)


def _verify(turn: Turn, label: str) -> None:
    reviewer = turn.officer("reviewer")
    found = _redemption(turn, label)
    statement = redemptions.redemption_verification(
        basis=reviewer.basis("VERIFIED"),
        redemption_id=found.redemption_id,
        subject=found.subject,
        amount_fen=max(1, found.verifiable_fen),
    )
    turn.decide("reviewer", "redemption-verification", statement, by=reviewer)


def approve(turn: Turn, step: steps.Approve) -> None:
    """Approve: without a name the first approver, then the second one."""
    _approve(turn, step.redemption)


def _approve(turn: Turn, label: str, *, by: str | None = None) -> None:
    found = _redemption(turn, label)
    default = APPROVERS[found.state >= RedemptionState.APPROVED_ONCE]
    approver = turn.world.cast[by or turn.step.by or default]
    statement = redemptions.redemption_approval(
        basis=approver.basis("APPROVED"),
        redemption_id=found.redemption_id,
        subject=found.subject,
        amount_fen=found.amount_fen,
        payee_commitment=found.payee_commitment,
    )
    turn.decide(default, "redemption-approval", statement, by=approver)


def order(turn: Turn, step: steps.Order) -> None:
    """Order an instalment; the same request `times` times has one effect."""
    _order(turn, step.redemption, instalment=step.instalment, times=step.times)


def _order(turn: Turn, label: str, *, instalment: int | None = None, times: int = 1) -> None:
    payer = turn.world.cast[_payer(turn)]
    found = _redemption(turn, label)
    number = instalment or found.paid_count + 1
    statement = redemptions.payment_order(
        basis=payer.basis("ORDERED"),
        redemption_id=found.redemption_id,
        subject=found.subject,
        instalment=number,
        attempt=found.attempt + 1,
        amount_fen=_part_fen(found, number),
        payee_commitment=found.payee_commitment,
    )
    envelope = payer.sign("payment-order", statement)
    turn.send(envelope, payer, carrier=turn.world.cast["payer"], times=times)


def _payer(turn: Turn) -> str:
    """`by` of a settlement names the reviewer, who begins it."""
    return "payer" if turn.step.do == "settle" else turn.step.by or "payer"


def _part_fen(found: Redemption, instalment: int) -> int:
    """The amount of an instalment; of one that there is not, any."""
    parts = found.instalments_fen
    return parts[instalment - 1] if instalment <= len(parts) else found.amount_fen


def pay(turn: Turn, step: steps.Pay) -> None:
    """Confirm an ordered instalment."""
    _pay(turn, step.redemption, instalment=step.instalment)


def _pay(turn: Turn, label: str, *, instalment: int | None = None) -> None:
    world = turn.world
    payer = world.cast[_payer(turn)]
    found = _redemption(turn, label)
    number = instalment or found.paid_count + 1
    statement = redemptions.payment_confirmation(
        basis=payer.basis("PAID"),
        redemption_id=found.redemption_id,
        subject=found.subject,
        instalment=number,
        amount_fen=_part_fen(found, number),
        reference_fingerprint=world.digest_of("treasury", label, str(number), str(found.attempt)),
        paid_day=world.today,
    )
    turn.decide("payer", "payment-confirmation", statement, by=payer)


def pay_failed(turn: Turn, step: steps.PayFailed) -> None:
    """Record that an ordered instalment failed."""
    world = turn.world
    payer = turn.officer("payer")
    found = _redemption(turn, step.redemption)
    number = step.instalment or found.paid_count + 1
    statement = redemptions.payment_failure(
        basis=payer.basis("BANK_REFUSED"),
        redemption_id=found.redemption_id,
        subject=found.subject,
        instalment=number,
        reference_fingerprint=world.digest_of("failed", step.redemption, str(number), str(found.attempt)),
    )
    turn.decide("payer", "payment-failure", statement, by=payer)


def settle(turn: Turn, step: steps.Settle) -> None:
    """Verify, approve twice, order and pay every instalment; only a verification can begin it."""
    _verify(turn, step.redemption)
    for approver in APPROVERS:
        _approve(turn, step.redemption, by=approver)
    for _ in _redemption(turn, step.redemption).instalments_fen:
        _order(turn, step.redemption)
        _pay(turn, step.redemption)
