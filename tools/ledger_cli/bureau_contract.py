"""Steps of the parties: contract, application, invoice, payment, redemption."""

from __future__ import annotations

from typing import Annotated

import typer

from ledger_cli.options import As, Document, Draft, Insecure, Json, Signers, With

ContractId = Annotated[str, typer.Option("--contract", metavar="ID", help="The contract.")]
Amount = Annotated[str, typer.Option("--amount", metavar="YUAN", help="Amount, with tax.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands into a group."""
    app.command("register-contract")(register_contract)
    app.command("apply")(apply)
    app.command("register-invoice")(register_invoice)
    app.command("register-payment")(register_payment)
    app.command("redeem")(redeem)


def register_contract(
    who: As,
    provider: Annotated[str, typer.Option("--provider", metavar="ID", help="The seller.")],
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
    co_signers: With = None,
    draft: Draft = None,
    draft_signers: Signers = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Register a contract; signed by the beneficiary (--as), then by the provider (--with or --draft)."""
    from ledger.client.signing import new_id
    from ledger.client.statements import contract_registration
    from ledger.domain.identifiers import contract_fingerprint
    from ledger.domain.policy import Origin
    from ledger_cli.acting import acting
    from ledger_cli.finding import find
    from ledger_cli.values import day_of, enum_of, fen_of, file_digest, id_of, pairs_of

    def yuan(option: str) -> dict[str, int]:
        texts = {"--price": price, "--excluded": excluded, "--origin": origin}[option]
        return pairs_of(texts, option=option, value=lambda text: fen_of(text, option=option))

    provider_id = id_of(provider, option="--provider")
    contract_id = new_id()
    with acting(
        who,
        as_json=as_json,
        insecure=insecure,
        co_signers=co_signers,
        draft=draft,
        draft_signers=draft_signers,
    ) as actor:
        buyer_id = actor.identity.participant_id
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
        actor.do("contract-registration", statement, made={"contract_id": contract_id}, signers=2)


def apply(
    who: As,
    programme: Annotated[str, typer.Option("--programme", metavar="ID", help="The programme.")],
    contract: ContractId,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Apply for a voucher on a contract; signed by its beneficiary."""
    from ledger.client.signing import new_id
    from ledger.client.statements import application_submission
    from ledger_cli.acting import acting
    from ledger_cli.values import id_of

    application_id = new_id()
    statement = application_submission(
        application_id=application_id,
        programme_id=id_of(programme, option="--programme"),
        contract_id=id_of(contract, option="--contract"),
    )
    with acting(who, as_json=as_json, insecure=insecure) as actor:
        actor.do("application-submission", statement, made={"application_id": application_id})


def register_invoice(
    who: As,
    contract: ContractId,
    number: Annotated[str, typer.Option("--number", help="Invoice number, 20 digits or 8.")],
    amount: Amount,
    net: Annotated[str, typer.Option("--net", metavar="YUAN", help="Amount without tax.")],
    issued: Annotated[str, typer.Option("--issued", metavar="DAY", help="Day of issue.")],
    document: Document,
    code: Annotated[str, typer.Option("--code", help="Invoice code of a legacy invoice.")] = "",
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Register an invoice; signed by the provider that issued it."""
    from ledger.client.statements import invoice_registration
    from ledger.domain.identifiers import invoice_fingerprint
    from ledger_cli.acting import acting
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
    with acting(who, as_json=as_json, insecure=insecure) as actor:
        actor.do("invoice-registration", statement, made={"fingerprint": fingerprint})


def register_payment(
    who: As,
    contract: ContractId,
    bank: Annotated[str, typer.Option("--bank", help="The bank.")],
    reference: Annotated[str, typer.Option("--reference", help="The bank's reference.")],
    amount: Amount,
    paid: Annotated[str, typer.Option("--paid", metavar="DAY", help="Day of payment.")],
    document: Document,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Register a payment to the provider; signed by the beneficiary."""
    from ledger.client.statements import payment_registration
    from ledger.domain.identifiers import payment_fingerprint
    from ledger_cli.acting import acting
    from ledger_cli.values import day_of, fen_of, file_digest, id_of

    fingerprint = payment_fingerprint(bank=bank, reference=reference)
    statement = payment_registration(
        contract_id=id_of(contract, option="--contract"),
        fingerprint=fingerprint,
        amount_fen=fen_of(amount, option="--amount"),
        paid_day=day_of(paid, option="--paid"),
        document_digest=file_digest(document, option="--document"),
    )
    with acting(who, as_json=as_json, insecure=insecure) as actor:
        actor.do("payment-registration", statement, made={"fingerprint": fingerprint})


def redeem(
    who: As,
    voucher: Annotated[str, typer.Option("--voucher", metavar="ID", help="The voucher.")],
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
    instalments: Annotated[
        str, typer.Option("--instalments", metavar="BP,…", help="Basis points, for example 3000,3000,4000.")
    ] = "",
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Ask to redeem usage under a voucher; signed by its beneficiary."""
    from ledger.client.signing import new_id
    from ledger.client.statements import redemption_request
    from ledger_cli.acting import acting
    from ledger_cli.evidence import claims_to_redeem, evidence_to_use, instalments_of
    from ledger_cli.values import digest_of, id_of

    voucher_id = id_of(voucher, option="--voucher")
    commitment = digest_of(payee, option="--payee-commitment")
    redemption_id = new_id()
    with acting(who, as_json=as_json, insecure=insecure) as actor:
        contract_id = actor.client.get_voucher(voucher_id).contract_id
        statement = redemption_request(
            redemption_id=redemption_id,
            voucher_id=voucher_id,
            claim_ids=claims_to_redeem(actor.client, voucher_id, claim),
            invoices=evidence_to_use(actor.client, contract_id, invoice, option="--invoice"),
            payments=evidence_to_use(actor.client, contract_id, payment, option="--payment"),
            instalments_bp=instalments_of(instalments),
            payee_commitment=commitment,
        )
        actor.do("redemption-request", statement, made={"redemption_id": redemption_id})
