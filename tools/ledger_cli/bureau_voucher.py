"""Steps on vouchers: grant, hold, revoke, expire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ledger_cli.act_command import VOUCHER, VOUCHER_ISSUE, act_command, plain_act
from ledger_cli.options import ApplicationId, As, Insecure, Json, VoucherId

if TYPE_CHECKING:
    from ledger_cli.acting import Acting


def add_to(app: typer.Typer) -> None:
    """Put the commands into a group."""
    app.command("grant")(grant)
    app.command("hold")(hold)
    app.command("release-hold")(release_hold)
    app.command("revoke-voucher")(revoke_voucher)
    app.command("expire")(expire)


@act_command(reason="CONDITIONS_MET")
def grant(
    actor: Acting,
    application: ApplicationId,
    named_approval: Annotated[
        bool, typer.Option("--named-approval", help="Open the policy's hard cap.")
    ] = False,
) -> None:
    """Grant an application: issue its voucher and reserve the money; signed by an approver.

    Under PRO_RATA the grant waits for `allocate`.
    """
    from ledger.client.signing import new_id
    from ledger.client.statements import voucher_grant
    from ledger_cli.values import id_of

    application_id = id_of(application, option="--application")
    voucher_id = new_id()
    statement = voucher_grant(
        basis=actor.basis,
        voucher_id=voucher_id,
        application_id=application_id,
        subject=actor.client.get_application(application_id).application.subject,
        named_approval=named_approval,
    )
    actor.do("voucher-grant", statement, made={"voucher_id": voucher_id})


hold = plain_act(
    "voucher-hold",
    "Hold a voucher for your office: no claim, request or payment; signed by a clerk or an auditor.",
    about=VOUCHER,
    reason="IRREGULARITY",
)
release_hold = plain_act(
    "hold-release",
    "End the hold of your office; signed by a clerk or an auditor.",
    about=VOUCHER,
    reason="IRREGULARITY_CURED",
)
revoke_voucher = plain_act(
    "voucher-revocation",
    "Revoke a voucher; what is unused is available again. Signed by a clerk and an approver.",
    about=VOUCHER_ISSUE,
    reason="CONDITIONS_NOT_MET",
    signers=2,
)


def expire(who: As, voucher: VoucherId, insecure: Insecure = False, as_json: Json = False) -> None:
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
