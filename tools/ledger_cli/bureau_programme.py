"""Steps of the bureau on programmes and vouchers: open, publish, grant, expire."""

from __future__ import annotations

from typing import Annotated

import typer

from ledger_cli.options import As, Draft, Evidence, Insecure, Json, Reason, Signers, With

Profile = Annotated[str, typer.Option("--profile", metavar="NAME", help="Shipped profile, or a .toml file.")]
InstrumentName = Annotated[
    str, typer.Option("--instrument", metavar="NAME", help="GPU_TRAINING, MODEL or CORPUS.")
]


def add_to(app: typer.Typer) -> None:
    """Put the commands into a group."""
    app.command("open-programme")(open_programme)
    app.command("publish-policy")(publish_policy)
    app.command("grant")(grant)
    app.command("expire")(expire)


def open_programme(
    who: As,
    profile: Profile,
    year: Annotated[int, typer.Option("--year", help="Fiscal year.")],
    instrument: InstrumentName = "GPU_TRAINING",
    appropriation: Annotated[
        str, typer.Option("--appropriation", metavar="YUAN", help="Instead of the profile's.")
    ] = "",
    reason: Reason = "BUDGET_LAW",
    evidence: Evidence = None,
    co_signers: With = None,
    draft: Draft = None,
    draft_signers: Signers = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Open a programme with its appropriation; signed by a clerk and an approver."""
    from ledger.client.signing import new_id
    from ledger.client.statements import programme_opening
    from ledger.domain.policy import Instrument
    from ledger.errors import UsageError
    from ledger.profiles.loader import load_profile
    from ledger_cli.acting import acting
    from ledger_cli.values import enum_of, fen_of

    kind = enum_of(Instrument, instrument, option="--instrument")
    programmes = load_profile(profile).programmes
    if kind.name not in programmes:
        raise UsageError(f"profile {profile} has no {kind.name}", hint=f"allowed: {', '.join(programmes)}")
    fen = (
        fen_of(appropriation, option="--appropriation")
        if appropriation
        else programmes[kind.name].appropriation_fen
    )
    programme_id = new_id()
    with acting(
        who,
        as_json=as_json,
        insecure=insecure,
        co_signers=co_signers,
        draft=draft,
        draft_signers=draft_signers,
    ) as actor:
        statement = programme_opening(
            basis=actor.basis(reason, evidence),
            programme_id=programme_id,
            instrument=kind,
            fiscal_year=year,
            appropriation_fen=fen,
        )
        actor.do("programme-opening", statement, made={"programme_id": programme_id}, signers=2)


def publish_policy(
    who: As,
    programme: Annotated[str, typer.Option("--programme", metavar="ID", help="The programme.")],
    profile: Profile,
    reason: Reason = "MEASURES_IN_FORCE",
    evidence: Evidence = None,
    co_signers: With = None,
    draft: Draft = None,
    draft_signers: Signers = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Put the values of a profile in force as the programme's next policy version."""
    from ledger.client.rendering import plain
    from ledger.client.statements import policy_publication
    from ledger.errors import UsageError
    from ledger.profiles.loader import load_profile
    from ledger_cli.acting import acting
    from ledger_cli.finding import find
    from ledger_cli.values import id_of

    programme_id = id_of(programme, option="--programme")
    programmes = load_profile(profile).programmes
    with acting(
        who,
        as_json=as_json,
        insecure=insecure,
        co_signers=co_signers,
        draft=draft,
        draft_signers=draft_signers,
    ) as actor:
        found = find(actor.client.list_programmes(), "programme_id", programme_id, what="programme")
        instrument = plain(found, complete=True)["instrument"]
        if instrument not in programmes:
            raise UsageError(f"profile {profile} has no {instrument}", hint="choose another profile")
        statement = policy_publication(
            basis=actor.basis(reason, evidence),
            programme_id=programme_id,
            version=found.policy_version + 1,
            parameters=programmes[instrument],
        )
        actor.do("policy-publication", statement, signers=2)


def grant(
    who: As,
    application: Annotated[str, typer.Option("--application", metavar="ID", help="The application.")],
    named_approval: Annotated[
        bool, typer.Option("--named-approval", help="Open the policy's hard cap.")
    ] = False,
    reason: Reason = "CONDITIONS_MET",
    evidence: Evidence = None,
    draft: Draft = None,
    draft_signers: Signers = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Grant an application: issue its voucher and reserve the money; signed by an approver."""
    from ledger.client.signing import new_id
    from ledger.client.statements import voucher_grant
    from ledger_cli.acting import acting
    from ledger_cli.finding import find
    from ledger_cli.values import id_of

    application_id = id_of(application, option="--application")
    voucher_id = new_id()
    with acting(who, as_json=as_json, insecure=insecure, draft=draft, draft_signers=draft_signers) as actor:
        found = find(actor.client.list_applications(), "application_id", application_id, what="application")
        statement = voucher_grant(
            basis=actor.basis(reason, evidence),
            voucher_id=voucher_id,
            application_id=application_id,
            subject=found.subject,
            named_approval=named_approval,
        )
        actor.do("voucher-grant", statement, made={"voucher_id": voucher_id})


def expire(
    who: As,
    voucher: Annotated[str, typer.Option("--voucher", metavar="ID", help="The voucher.")],
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Expire a voucher whose validity is over; what is unused is available again."""
    import hashlib

    from ledger.client.identity import load_identity
    from ledger_cli.acting import reading, receipt_fields
    from ledger_cli.output import print_object
    from ledger_cli.values import id_of

    voucher_id = id_of(voucher, option="--voucher")
    # The request id follows from voucher and caller, so that a repeated command is the same request.
    caller = load_identity(who).participant_id
    request_id = hashlib.sha256(b"expire" + caller + voucher_id).digest()[:16]
    with reading(who, insecure=insecure) as client:
        receipt = client.expire_voucher(voucher_id, request_id=request_id)
    print_object("receipt", {"act": "expire", **receipt_fields(receipt)}, as_json=as_json)
