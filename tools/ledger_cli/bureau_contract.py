"""Steps on contracts and their evidence: contract, acceptance, outside support, invoices, payments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ledger_cli.act_command import act_command
from ledger_cli.options import Amount, ContractId, Document, ProviderId

if TYPE_CHECKING:
    from ledger_cli.acting import Acting

InvoiceNumber = Annotated[str, typer.Option("--number", help="Invoice number, 20 digits or 8.")]
InvoiceCode = Annotated[str, typer.Option("--code", help="Invoice code of a legacy invoice.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands into a group."""
    app.command("register-contract")(register_contract)
    app.command("declare-outside-support")(declare_outside_support)
    app.command("register-acceptance")(register_acceptance)
    app.command("register-invoice")(register_invoice)
    app.command("cancel-invoice")(cancel_invoice)
    app.command("register-payment")(register_payment)


@act_command(signers=2)
def register_contract(
    actor: Acting,
    provider: ProviderId,
    number: Annotated[str, typer.Option("--number", help="Contract number.")],
    item: Annotated[str, typer.Option("--item", metavar="CODE", help="Service item.")],
    signed: Annotated[str, typer.Option("--signed", metavar="DAY", help="Day of signature.")],
    from_day: Annotated[str, typer.Option("--from", metavar="DAY", help="First day of service.")],
    to_day: Annotated[str, typer.Option("--to", metavar="DAY", help="Last day of service.")],
    amount: Amount,
    document: Document,
    price: Annotated[
        list[str] | None,
        typer.Option("--price", metavar="MODEL=YUAN", help="Price of a card-hour; empty MODEL = all."),
    ] = None,
    excluded: Annotated[
        list[str] | None,
        typer.Option("--excluded", metavar="ITEM=YUAN", help="Part that policy may exclude; repeatable."),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option("--origin", metavar="ORIGIN=YUAN", help="Part by origin, DOMESTIC or FOREIGN."),
    ] = None,
    filing: Annotated[str, typer.Option("--filing", help="Model filing number.")] = "",
    trade: Annotated[str, typer.Option("--exchange-trade", help="Trade number of an exchange.")] = "",
) -> None:
    """Register a contract; signed by the beneficiary (--as), then by the provider (--with or --draft)."""
    from ledger.client.signing import new_id
    from ledger.client.statements import contract_registration
    from ledger.domain.identifiers import contract_fingerprint
    from ledger.domain.policy import Origin
    from ledger_cli.finding import find
    from ledger_cli.values import day_of, enum_of, fen_of, file_digest, id_of, pairs_of

    def yuan(option: str) -> dict[str, int]:
        texts = {"--price": price, "--excluded": excluded, "--origin": origin}[option]
        return pairs_of(texts, option=option, value=lambda text: fen_of(text, option=option))

    provider_id = id_of(provider, option="--provider")
    buyer_id = actor.identity.participant_id
    contract_id = new_id()
    participants = list(actor.client.list_participants())
    buyer = find(participants, "participant_id", buyer_id, what="participant")
    seller = find(participants, "participant_id", provider_id, what="participant")
    statement = contract_registration(
        contract_id=contract_id,
        beneficiary_id=buyer_id,
        provider_id=provider_id,
        fingerprint=contract_fingerprint(
            number=number, buyer_credit_code=buyer.credit_code, seller_credit_code=seller.credit_code
        ),
        document_digest=file_digest(document, option="--document"),
        item=item,
        signed_day=day_of(signed, option="--signed"),
        from_day=day_of(from_day, option="--from"),
        to_day=day_of(to_day, option="--to"),
        amount_fen=fen_of(amount, option="--amount"),
        prices=yuan("--price"),
        excluded=yuan("--excluded"),
        origin_amounts={
            enum_of(Origin, name, option="--origin"): fen for name, fen in yuan("--origin").items()
        },
        filing_number=filing,
        exchange_trade=trade,
    )
    actor.do("contract-registration", statement, made={"contract_id": contract_id})


@act_command(reason="SUPPORT_REPORTED")
def declare_outside_support(
    actor: Acting,
    contract: ContractId,
    source: Annotated[str, typer.Option("--source", metavar="CODE", help="Code of the authority that pays.")],
    amount: Amount,
) -> None:
    """Declare other public money on a contract; amounts add up. Signed by a clerk."""
    from ledger.client.statements import outside_support_declaration
    from ledger_cli.values import fen_of, id_of

    statement = outside_support_declaration(
        contract_id=id_of(contract, option="--contract"),
        source=source,
        amount_fen=fen_of(amount, option="--amount"),
        basis=actor.basis,
    )
    actor.do("outside-support", statement)


@act_command()
def register_acceptance(
    actor: Acting,
    contract: ContractId,
    accepted: Annotated[str, typer.Option("--accepted", metavar="DAY", help="Day of acceptance.")],
    document: Document,
) -> None:
    """Register the acceptance paper of a contract; signed by the beneficiary."""
    from ledger.client.statements import acceptance_registration
    from ledger_cli.values import day_of, file_digest, id_of

    digest = file_digest(document, option="--document")
    statement = acceptance_registration(
        contract_id=id_of(contract, option="--contract"),
        document_digest=digest,
        accepted_day=day_of(accepted, option="--accepted"),
    )
    actor.do("acceptance-registration", statement, made={"fingerprint": digest})


@act_command()
def register_invoice(
    actor: Acting,
    contract: ContractId,
    number: InvoiceNumber,
    amount: Amount,
    net: Annotated[str, typer.Option("--net", metavar="YUAN", help="Amount without tax.")],
    issued: Annotated[str, typer.Option("--issued", metavar="DAY", help="Day of issue.")],
    document: Document,
    code: InvoiceCode = "",
) -> None:
    """Register an invoice; signed by the provider that issued it."""
    from ledger.client.statements import invoice_registration
    from ledger.domain.identifiers import invoice_fingerprint
    from ledger_cli.values import day_of, fen_of, file_digest, id_of

    fingerprint = invoice_fingerprint(code=code, number=number)
    statement = invoice_registration(
        contract_id=id_of(contract, option="--contract"),
        fingerprint=fingerprint,
        amount_fen=fen_of(amount, option="--amount"),
        net_amount_fen=fen_of(net, option="--net"),
        issued_day=day_of(issued, option="--issued"),
        document_digest=file_digest(document, option="--document"),
    )
    actor.do("invoice-registration", statement, made={"fingerprint": fingerprint})


@act_command(reason="TAX_BUREAU_QUERY")
def cancel_invoice(
    actor: Acting,
    number: InvoiceNumber,
    cancelled: Annotated[str, typer.Option("--cancelled", metavar="DAY", help="Day on which it happened.")],
    code: InvoiceCode = "",
    void: Annotated[bool, typer.Option("--void", help="It is void.")] = False,
    red_letter_number: Annotated[
        str, typer.Option("--red-letter-number", help="It is red-lettered: number of the red-letter invoice.")
    ] = "",
    red_letter_code: Annotated[
        str, typer.Option("--red-letter-code", help="Invoice code of a legacy red-letter invoice.")
    ] = "",
) -> None:
    """Note that an invoice is void or red-lettered: it counts nothing from then on. Signed by a clerk."""
    from ledger.client.statements import invoice_cancellation
    from ledger.domain.identifiers import invoice_fingerprint
    from ledger.domain.vocabulary import InvoiceStatus
    from ledger.errors import UsageError
    from ledger_cli.values import day_of

    if void == bool(red_letter_number):
        raise UsageError("give either --void or --red-letter-number N")
    red_letter = (
        invoice_fingerprint(code=red_letter_code, number=red_letter_number) if red_letter_number else b""
    )
    statement = invoice_cancellation(
        fingerprint=invoice_fingerprint(code=code, number=number),
        status=InvoiceStatus.VOID if void else InvoiceStatus.RED_LETTERED,
        red_letter_fingerprint=red_letter,
        cancelled_day=day_of(cancelled, option="--cancelled"),
        basis=actor.basis,
    )
    actor.do("invoice-cancellation", statement)


@act_command()
def register_payment(
    actor: Acting,
    contract: ContractId,
    bank: Annotated[str, typer.Option("--bank", help="The bank.")],
    reference: Annotated[str, typer.Option("--reference", help="The bank's reference.")],
    amount: Amount,
    paid: Annotated[str, typer.Option("--paid", metavar="DAY", help="Day of payment.")],
    document: Document,
) -> None:
    """Register a payment to the provider; signed by the beneficiary."""
    from ledger.client.statements import payment_registration
    from ledger.domain.identifiers import payment_fingerprint
    from ledger_cli.values import day_of, fen_of, file_digest, id_of

    fingerprint = payment_fingerprint(bank=bank, reference=reference)
    statement = payment_registration(
        contract_id=id_of(contract, option="--contract"),
        fingerprint=fingerprint,
        amount_fen=fen_of(amount, option="--amount"),
        paid_day=day_of(paid, option="--paid"),
        document_digest=file_digest(document, option="--document"),
    )
    actor.do("payment-registration", statement, made={"fingerprint": fingerprint})
