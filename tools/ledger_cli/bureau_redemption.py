"""Steps on redemptions: redeem, verify, approve, order, pay, fail; and what a revoked key put in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ledger_cli.act_command import act_command
from ledger_cli.options import RedemptionId, TreasuryBank, TreasuryReference, VoucherId

if TYPE_CHECKING:
    from ledger.client.types import Redemption
    from ledger_cli.acting import Acting


def add_to(app: typer.Typer) -> None:
    """Put the commands into a group."""
    app.command("redeem")(redeem)
    app.command("verify")(verify)
    app.command("approve")(approve)
    app.command("order")(order)
    app.command("pay")(pay)
    app.command("fail")(fail)
    app.command("reconfirm")(reconfirm)
    app.command("set-aside")(set_aside)


@act_command()
def redeem(
    actor: Acting,
    voucher: VoucherId,
    payee: Annotated[
        str, typer.Option("--payee-commitment", metavar="HEX", help="Commitment to the payee's account.")
    ],
    claim: Annotated[
        list[str] | None, typer.Option("--claim", metavar="ID", help="A claim; without: all that are free.")
    ] = None,
    invoice: Annotated[
        list[str] | None,
        typer.Option(
            "--invoice", metavar="HEX=YUAN", help="Fingerprint and amount; without: all that is left."
        ),
    ] = None,
    payment: Annotated[
        list[str] | None,
        typer.Option(
            "--payment", metavar="HEX=YUAN", help="Fingerprint and amount; without: all that is left."
        ),
    ] = None,
    payee_tag: Annotated[
        str,
        typer.Option("--payee-tag", metavar="HEX", help="Tag of the account, from the operator."),
    ] = "",
    instalments: Annotated[
        str, typer.Option("--instalments", metavar="BP,…", help="Basis points, for example 3000,3000,4000.")
    ] = "",
) -> None:
    """Ask to redeem usage under a voucher, or an award; signed by its beneficiary."""
    from ledger.client.signing import new_id
    from ledger.client.statements import redemption_request
    from ledger_cli.evidence import claims_to_redeem, evidence_to_use, instalments_of
    from ledger_cli.values import digest_of, id_of

    voucher_id = id_of(voucher, option="--voucher")
    commitment = digest_of(payee, option="--payee-commitment")
    redemption_id = new_id()
    found = actor.client.get_voucher(voucher_id)
    statement = redemption_request(
        redemption_id=redemption_id,
        voucher_id=voucher_id,
        claim_ids=claims_to_redeem(actor.client, found, claim),
        invoices=evidence_to_use(actor.client, found.contract_id, invoice, option="--invoice"),
        payments=evidence_to_use(actor.client, found.contract_id, payment, option="--payment"),
        instalments_bp=instalments_of(instalments),
        payee_commitment=commitment,
        payee_tag=digest_of(payee_tag, option="--payee-tag") if payee_tag else b"",
    )
    actor.do("redemption-request", statement, made={"redemption_id": redemption_id})


@act_command(reason="CHECKED")
def verify(actor: Acting, redemption: RedemptionId) -> None:
    """Confirm what the ledger recomputes today; signed by a reviewer."""
    from ledger.client.statements import redemption_verification

    found = _redemption(actor, redemption)
    statement = redemption_verification(
        basis=actor.basis,
        redemption_id=found.redemption_id,
        subject=found.subject,
        amount_fen=found.verifiable_fen,
    )
    actor.do("redemption-verification", statement)


@act_command(reason="APPROVED")
def approve(actor: Acting, redemption: RedemptionId) -> None:
    """Approve a verified redemption; two approvers do it, each alone."""
    from ledger.client.statements import redemption_approval

    found = _redemption(actor, redemption)
    statement = redemption_approval(
        basis=actor.basis,
        redemption_id=found.redemption_id,
        subject=found.subject,
        amount_fen=found.amount_fen,
        payee_commitment=found.payee_commitment,
    )
    actor.do("redemption-approval", statement)


@act_command(reason="DUE")
def order(actor: Acting, redemption: RedemptionId) -> None:
    """Order the next unpaid instalment; signed by the payer."""
    from ledger.client.statements import payment_order
    from ledger_cli.instalment import next_instalment

    found = _redemption(actor, redemption)
    instalment, amount_fen = next_instalment(found)
    statement = payment_order(
        basis=actor.basis,
        redemption_id=found.redemption_id,
        subject=found.subject,
        instalment=instalment,
        attempt=found.attempt + 1,
        amount_fen=amount_fen,
        payee_commitment=found.payee_commitment,
    )
    actor.do("payment-order", statement)


@act_command(reason="PAID")
def pay(
    actor: Acting,
    redemption: RedemptionId,
    bank: TreasuryBank,
    reference: TreasuryReference,
    paid: Annotated[str, typer.Option("--paid", metavar="DAY", help="Day of payment.")],
) -> None:
    """Confirm that the ordered instalment was paid; signed by the payer."""
    from ledger.client.statements import payment_confirmation
    from ledger.domain.identifiers import payment_fingerprint
    from ledger_cli.instalment import next_instalment
    from ledger_cli.values import day_of

    paid_day = day_of(paid, option="--paid")
    found = _redemption(actor, redemption)
    instalment, amount_fen = next_instalment(found)
    statement = payment_confirmation(
        basis=actor.basis,
        redemption_id=found.redemption_id,
        subject=found.subject,
        instalment=instalment,
        amount_fen=amount_fen,
        reference_fingerprint=payment_fingerprint(bank=bank, reference=reference),
        paid_day=paid_day,
    )
    actor.do("payment-confirmation", statement)


@act_command(reason="RETURNED_BY_BANK")
def fail(actor: Acting, redemption: RedemptionId, bank: TreasuryBank, reference: TreasuryReference) -> None:
    """Record that the ordered payment failed; it may be ordered again. Signed by the payer."""
    from ledger.client.statements import payment_failure
    from ledger.domain.identifiers import payment_fingerprint
    from ledger_cli.instalment import next_instalment

    found = _redemption(actor, redemption)
    instalment, _ = next_instalment(found)
    statement = payment_failure(
        basis=actor.basis,
        redemption_id=found.redemption_id,
        subject=found.subject,
        instalment=instalment,
        reference_fingerprint=payment_fingerprint(bank=bank, reference=reference),
    )
    actor.do("payment-failure", statement)


@act_command(reason="RE_EXAMINED", signers=2)
def reconfirm(
    actor: Acting,
    claim: Annotated[
        list[str] | None, typer.Option("--claim", metavar="ID", help="Disputed claim; repeatable.")
    ] = None,
    redemption: Annotated[
        list[str] | None,
        typer.Option("--redemption", metavar="ID", help="Suspended redemption; repeatable."),
    ] = None,
) -> None:
    """Confirm again what a revoked key put in doubt; signed by two approvers."""
    from ledger.client.statements import reconfirmation
    from ledger.errors import UsageError
    from ledger_cli.values import id_of

    if not (claim or redemption):
        raise UsageError("nothing to reconfirm", hint="give --claim ID or --redemption ID")
    statement = reconfirmation(
        claim_ids=[id_of(text, option="--claim") for text in claim or ()],
        redemption_ids=[id_of(text, option="--redemption") for text in redemption or ()],
        basis=actor.basis,
    )
    actor.do("reconfirmation", statement)


@act_command(reason="NOT_PROVEN")
def set_aside(
    actor: Acting,
    claim: Annotated[list[str], typer.Option("--claim", metavar="ID", help="Disputed claim; repeatable.")],
) -> None:
    """Set disputed claims aside for good: they count nothing ever again. Signed by a clerk."""
    from ledger.client.statements import claim_setting_aside
    from ledger_cli.values import id_of

    statement = claim_setting_aside(
        claim_ids=[id_of(text, option="--claim") for text in claim], basis=actor.basis
    )
    actor.do("claim-setting-aside", statement)


def _redemption(actor: Acting, text: str) -> Redemption:
    """The redemption of that id as it stands."""
    from ledger_cli.values import id_of

    redemption_id = id_of(text, option="--redemption")
    return actor.client.get_redemption(redemption_id)
