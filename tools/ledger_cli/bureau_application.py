"""Applications on their way to a grant: apply, and the groups `application` and `objection`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger_cli.act_command import APPLICATION, act_command, plain_act
from ledger_cli.groups import part_app
from ledger_cli.options import ApplicationId, ContractId, ProgrammeId

if TYPE_CHECKING:
    from ledger_cli.acting import Acting


def add_to(app: typer.Typer) -> None:
    """Put the commands and groups into a group."""
    app.command("apply")(apply)
    app.command("apply-for-award")(apply_for_award)
    application = part_app("Handle an application: check, review, publicise; resubmit, withdraw.")
    application.command("check")(check)
    application.command("return")(return_)
    application.command("resubmit")(resubmit)
    application.command("review")(review)
    application.command("publicise")(publicise)
    application.command("reject")(reject)
    application.command("withdraw")(withdraw)
    app.add_typer(application, name="application")
    objection = part_app("Record and decide objections to a publicised application.")
    objection.command("record")(record)
    objection.command("decide")(decide)
    app.add_typer(objection, name="objection")


@act_command()
def apply(actor: Acting, programme: ProgrammeId, contract: ContractId) -> None:
    """Apply for a voucher on a contract; signed by its beneficiary."""
    from ledger.client.signing import new_id
    from ledger.client.statements import application_submission
    from ledger_cli.values import id_of

    application_id = new_id()
    statement = application_submission(
        application_id=application_id,
        programme_id=id_of(programme, option="--programme"),
        contract_id=id_of(contract, option="--contract"),
    )
    actor.do("application-submission", statement, made={"application_id": application_id})


@act_command()
def apply_for_award(
    actor: Acting,
    programme: ProgrammeId,
    platform: Annotated[str, typer.Option("--platform", metavar="CODE", help="The public platform.")],
    manifest: Annotated[
        Path, typer.Option("--manifest", metavar="FILE", help="Published manifest; its SHA-256 is sent.")
    ],
) -> None:
    """Apply for the award for a corpus opened on a public platform; signed by the beneficiary."""
    from ledger.client.signing import new_id
    from ledger.client.statements import award_application
    from ledger_cli.values import file_digest, id_of

    application_id = new_id()
    statement = award_application(
        application_id=application_id,
        programme_id=id_of(programme, option="--programme"),
        beneficiary_id=actor.identity.participant_id,
        platform=platform,
        publication_digest=file_digest(manifest, option="--manifest"),
    )
    actor.do("award-application", statement, made={"application_id": application_id})


check = plain_act(
    "application-check",
    "Confirm that a submitted application is formally complete; signed by a clerk.",
    about=APPLICATION,
    reason="COMPLETE",
)
return_ = plain_act(
    "application-return",
    "Give an application back for correction; signed by a clerk.",
    about=APPLICATION,
    reason="INCOMPLETE",
)
resubmit = plain_act(
    "application-resubmission",
    "Submit a returned application again; signed by the beneficiary.",
    about=APPLICATION,
)
publicise = plain_act(
    "application-publication",
    "Start the public notice of a reviewed application; signed by a clerk.",
    about=APPLICATION,
    reason="CONDITIONS_MET",
)
reject = plain_act(
    "application-rejection",
    "Reject an application; signed by a clerk.",
    about=APPLICATION,
    reason="CONDITIONS_NOT_MET",
)
withdraw = plain_act(
    "application-withdrawal", "Withdraw an application; signed by the beneficiary.", about=APPLICATION
)


@act_command(reason="CONDITIONS_MET")
def review(
    actor: Acting,
    application: ApplicationId,
    proposed: Annotated[
        str, typer.Option("--proposed", metavar="YUAN", help="Award that is proposed; for awards only.")
    ] = "",
) -> None:
    """Approve the substance of a checked application; signed by a reviewer."""
    from ledger.client.statements import application_review
    from ledger_cli.values import fen_of, id_of

    application_id = id_of(application, option="--application")
    proposed_fen = fen_of(proposed, option="--proposed") if proposed else 0
    statement = application_review(
        basis=actor.basis,
        application_id=application_id,
        subject=actor.client.get_application(application_id).application.subject,
        proposed_fen=proposed_fen,
    )
    actor.do("application-review", statement)


@act_command(reason="OBJECTION_RAISED")
def record(actor: Acting, application: ApplicationId) -> None:
    """Record an objection that somebody raised during the notice; signed by a clerk."""
    from ledger.client.signing import new_id
    from ledger.client.statements import objection_record
    from ledger_cli.values import id_of

    objection_id = new_id()
    statement = objection_record(
        objection_id=objection_id,
        application_id=id_of(application, option="--application"),
        basis=actor.basis,
    )
    actor.do("objection-record", statement, made={"objection_id": objection_id})


@act_command(reason="OBJECTION_EXAMINED")
def decide(
    actor: Acting,
    application: ApplicationId,
    objection: Annotated[str, typer.Option("--objection", metavar="ID", help="The objection.")],
    upheld: Annotated[
        bool, typer.Option("--upheld/--dismissed", help="Upheld ends the application.", show_default=False)
    ],
) -> None:
    """Decide an objection; signed by a reviewer."""
    from ledger.client.statements import objection_decision
    from ledger_cli.finding import find
    from ledger_cli.values import id_of

    objection_id = id_of(objection, option="--objection")
    application_id = id_of(application, option="--application")
    objections = actor.client.get_application(application_id).objections
    found = find(objections, "objection_id", objection_id, what="objection")
    statement = objection_decision(
        basis=actor.basis, objection_id=objection_id, subject=found.subject, upheld=upheld
    )
    actor.do("objection-decision", statement)
