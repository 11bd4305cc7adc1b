"""Steps of the bureau and the treasury on redemptions: verify, approve, order, pay, fail."""

from __future__ import annotations

from typing import Annotated

import typer

from ledger_cli.options import As, Evidence, Insecure, Json, Reason

RedemptionId = Annotated[str, typer.Option("--redemption", metavar="ID", help="The redemption.")]
Bank = Annotated[str, typer.Option("--bank", help="The treasury's bank.")]
Reference = Annotated[str, typer.Option("--reference", help="The bank's reference.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands into a group."""
    app.command("verify")(verify)
    app.command("approve")(approve)
    app.command("order")(order)
    app.command("pay")(pay)
    app.command("fail")(fail)


def verify(
    who: As,
    redemption: RedemptionId,
    reason: Reason = "CHECKED",
    evidence: Evidence = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Confirm what the ledger recomputes today; signed by a reviewer."""
    from ledger.client.statements import redemption_verification
    from ledger_cli.acting import acting
    from ledger_cli.values import id_of

    redemption_id = id_of(redemption, option="--redemption")
    with acting(who, as_json=as_json, insecure=insecure) as actor:
        found = actor.client.get_redemption(redemption_id)
        statement = redemption_verification(
            basis=actor.basis(reason, evidence),
            redemption_id=redemption_id,
            subject=found.subject,
            amount_fen=found.verifiable_fen,
        )
        actor.do("redemption-verification", statement)


def approve(
    who: As,
    redemption: RedemptionId,
    reason: Reason = "APPROVED",
    evidence: Evidence = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Approve a verified redemption; two approvers do it, each alone."""
    from ledger.client.statements import redemption_approval
    from ledger_cli.acting import acting
    from ledger_cli.values import id_of

    redemption_id = id_of(redemption, option="--redemption")
    with acting(who, as_json=as_json, insecure=insecure) as actor:
        found = actor.client.get_redemption(redemption_id)
        statement = redemption_approval(
            basis=actor.basis(reason, evidence),
            redemption_id=redemption_id,
            subject=found.subject,
            amount_fen=found.amount_fen,
            payee_commitment=found.payee_commitment,
        )
        actor.do("redemption-approval", statement)


def order(
    who: As,
    redemption: RedemptionId,
    reason: Reason = "DUE",
    evidence: Evidence = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Order the next unpaid instalment; signed by the payer."""
    from ledger.client.statements import payment_order
    from ledger_cli.acting import acting
    from ledger_cli.instalment import next_instalment
    from ledger_cli.values import id_of

    redemption_id = id_of(redemption, option="--redemption")
    with acting(who, as_json=as_json, insecure=insecure) as actor:
        found = actor.client.get_redemption(redemption_id)
        instalment, amount_fen = next_instalment(found)
        statement = payment_order(
            basis=actor.basis(reason, evidence),
            redemption_id=redemption_id,
            subject=found.subject,
            instalment=instalment,
            attempt=found.attempt + 1,
            amount_fen=amount_fen,
            payee_commitment=found.payee_commitment,
        )
        actor.do("payment-order", statement)


def pay(
    who: As,
    redemption: RedemptionId,
    bank: Bank,
    reference: Reference,
    paid: Annotated[str, typer.Option("--paid", metavar="DAY", help="Day of payment.")],
    reason: Reason = "PAID",
    evidence: Evidence = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Confirm that the ordered instalment was paid; signed by the payer."""
    from ledger.client.statements import payment_confirmation
    from ledger.domain.identifiers import payment_fingerprint
    from ledger_cli.acting import acting
    from ledger_cli.instalment import next_instalment
    from ledger_cli.values import day_of, id_of

    redemption_id = id_of(redemption, option="--redemption")
    paid_day = day_of(paid, option="--paid")
    fingerprint = payment_fingerprint(bank=bank, reference=reference)
    with acting(who, as_json=as_json, insecure=insecure) as actor:
        found = actor.client.get_redemption(redemption_id)
        instalment, amount_fen = next_instalment(found)
        statement = payment_confirmation(
            basis=actor.basis(reason, evidence),
            redemption_id=redemption_id,
            subject=found.subject,
            instalment=instalment,
            amount_fen=amount_fen,
            reference_fingerprint=fingerprint,
            paid_day=paid_day,
        )
        actor.do("payment-confirmation", statement)


def fail(
    who: As,
    redemption: RedemptionId,
    bank: Bank,
    reference: Reference,
    reason: Reason = "RETURNED_BY_BANK",
    evidence: Evidence = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Record that the ordered payment failed; it may be ordered again. Signed by the payer."""
    from ledger.client.statements import payment_failure
    from ledger.domain.identifiers import payment_fingerprint
    from ledger_cli.acting import acting
    from ledger_cli.instalment import next_instalment
    from ledger_cli.values import id_of

    redemption_id = id_of(redemption, option="--redemption")
    fingerprint = payment_fingerprint(bank=bank, reference=reference)
    with acting(who, as_json=as_json, insecure=insecure) as actor:
        found = actor.client.get_redemption(redemption_id)
        instalment, _ = next_instalment(found)
        statement = payment_failure(
            basis=actor.basis(reason, evidence),
            redemption_id=redemption_id,
            subject=found.subject,
            instalment=instalment,
            reference_fingerprint=fingerprint,
        )
        actor.do("payment-failure", statement)
