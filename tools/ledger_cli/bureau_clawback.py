"""`voucherctl bureau clawback`: from the opening to the last fen that comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ledger_cli.act_command import act_command
from ledger_cli.groups import part_app
from ledger_cli.options import Document, RedemptionId, TreasuryBank, TreasuryReference

if TYPE_CHECKING:
    from ledger.client.types import Clawback
    from ledger_cli.acting import Acting

ClawbackId = Annotated[str, typer.Option("--clawback", metavar="ID", help="The clawback.")]
Yuan = Annotated[str, typer.Option("--amount", metavar="YUAN", help="The amount.")]


def add_to(app: typer.Typer) -> None:
    """Put the group into a group."""
    clawback = part_app("Claim money back after payment: open, notify, determine, collect.")
    clawback.command("open")(open_)
    clawback.command("notify")(notify)
    clawback.command("appeal")(appeal)
    clawback.command("determine")(determine)
    clawback.command("repay")(repay)
    clawback.command("fine")(impose_fine)
    clawback.command("write-off")(write_off_)
    app.add_typer(clawback, name="clawback")


@act_command(reason="ENTITLEMENT_RECOMPUTED")
def open_(
    actor: Acting,
    redemption: RedemptionId,
    cause: Annotated[str, typer.Option("--cause", help="STACKING, RED_LETTER, DISPUTED_CLAIM or FRAUD.")],
) -> None:
    """Open a clawback of a paid redemption; the beneficiary's other vouchers are held. Signed by a clerk."""
    from ledger.client.signing import new_id
    from ledger.client.statements import clawback_opening
    from ledger.domain.vocabulary import ClawbackCause
    from ledger_cli.values import enum_of, id_of

    kind = enum_of(ClawbackCause, cause, option="--cause")
    redemption_id = id_of(redemption, option="--redemption")
    found = actor.client.get_redemption(redemption_id)
    clawback_id = new_id()
    statement = clawback_opening(
        basis=actor.basis,
        clawback_id=clawback_id,
        redemption_id=redemption_id,
        subject=found.subject,
        cause=kind,
    )
    actor.do("clawback-opening", statement, made={"clawback_id": clawback_id})


@act_command(reason="NOTICE_SERVED")
def notify(actor: Acting, clawback: ClawbackId, document: Document) -> None:
    """Record that the beneficiary was notified; signed by a clerk."""
    from ledger.client.statements import clawback_notice
    from ledger_cli.values import file_digest

    found = _clawback(actor, clawback)
    statement = clawback_notice(
        clawback_id=found.clawback_id,
        subject=found.subject,
        document_digest=file_digest(document, option="--document"),
        basis=actor.basis,
    )
    actor.do("clawback-notice", statement)


@act_command()
def appeal(actor: Acting, clawback: ClawbackId, document: Document) -> None:
    """Appeal against a clawback; signed by the beneficiary."""
    from ledger.client.statements import clawback_appeal
    from ledger_cli.values import file_digest

    found = _clawback(actor, clawback)
    statement = clawback_appeal(
        clawback_id=found.clawback_id,
        subject=found.subject,
        document_digest=file_digest(document, option="--document"),
    )
    actor.do("clawback-appeal", statement)


@act_command(reason="ENTITLEMENT_RECOMPUTED")
def determine(actor: Acting, clawback: ClawbackId) -> None:
    """Determine what is to be paid back, as the ledger recomputes it today; signed by a reviewer."""
    from ledger.client.statements import clawback_determination

    found = _clawback(actor, clawback)
    statement = clawback_determination(
        basis=actor.basis,
        clawback_id=found.clawback_id,
        subject=found.subject,
        amount_fen=found.determinable_fen,
    )
    actor.do("clawback-determination", statement)


@act_command(reason="RECEIVED")
def repay(
    actor: Acting,
    clawback: ClawbackId,
    amount: Yuan,
    bank: TreasuryBank,
    reference: TreasuryReference,
    received: Annotated[str, typer.Option("--received", metavar="DAY", help="Day of receipt.")],
) -> None:
    """Record money that came back, all or a part; signed by the payer."""
    from ledger.client.statements import repayment_receipt
    from ledger.domain.identifiers import payment_fingerprint
    from ledger_cli.values import day_of, fen_of

    amount_fen = fen_of(amount, option="--amount")
    received_day = day_of(received, option="--received")
    found = _clawback(actor, clawback)
    statement = repayment_receipt(
        basis=actor.basis,
        clawback_id=found.clawback_id,
        subject=found.subject,
        amount_fen=amount_fen,
        reference_fingerprint=payment_fingerprint(bank=bank, reference=reference),
        received_day=received_day,
    )
    actor.do("repayment-receipt", statement)


@act_command(reason="FRAUD")
def impose_fine(actor: Acting, clawback: ClawbackId, amount: Yuan) -> None:
    """Impose a fine of 10 to 50 % of the amount determined; signed by a reviewer."""
    from ledger.client.statements import fine
    from ledger_cli.values import fen_of

    amount_fen = fen_of(amount, option="--amount")
    found = _clawback(actor, clawback)
    statement = fine(
        basis=actor.basis, clawback_id=found.clawback_id, subject=found.subject, amount_fen=amount_fen
    )
    actor.do("fine", statement)


@act_command(reason="IRRECOVERABLE", signers=2)
def write_off_(actor: Acting, clawback: ClawbackId) -> None:
    """Give up all that is outstanding; signed by a clerk and an approver."""
    from ledger.client.statements import write_off

    found = _clawback(actor, clawback)
    statement = write_off(
        basis=actor.basis,
        clawback_id=found.clawback_id,
        subject=found.subject,
        amount_fen=found.outstanding_fen,
    )
    actor.do("write-off", statement)


def _clawback(actor: Acting, text: str) -> Clawback:
    """The clawback of that id as it stands."""
    from ledger_cli.values import id_of

    clawback_id = id_of(text, option="--clawback")
    return actor.client.get_clawback(clawback_id)
