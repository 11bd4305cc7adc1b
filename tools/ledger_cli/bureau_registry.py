"""Steps of the bureau on participants: register, admit, suspend; devices, holdings, personal data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger_cli.act_command import PARTICIPANT, act_command, plain_act
from ledger_cli.options import ProviderId

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger_cli.acting import Acting


def add_to(app: typer.Typer) -> None:
    """Put the commands into a group."""
    app.command("register-participant")(register_participant)
    app.command("admit-provider")(admit_provider)
    app.command("suspend-provider")(suspend_provider)
    app.command("readmit-provider")(readmit_provider)
    app.command("remove-provider")(remove_provider)
    app.command("register-devices")(register_devices)
    app.command("declare-holding")(declare_holding)
    app.command("erase-personal-data")(erase_personal_data)


@act_command(reason="LICENCE_CHECKED")
def register_participant(
    actor: Acting,
    kind: Annotated[
        str,
        typer.Option("--kind", help="ENTERPRISE, UNIVERSITY, RESEARCH, PERSON, COMPUTE, MODEL or EXCHANGE."),
    ],
    registered: Annotated[str, typer.Option("--registered", metavar="DAY", help="Business registration.")],
    code: Annotated[str, typer.Option("--code", help="Unified social credit code.")] = "",
    tag: Annotated[str, typer.Option("--tag", metavar="HEX", help="Person tag, for PERSON only.")] = "",
) -> None:
    """Register a participant; signed by a clerk."""
    from ledger.client.signing import new_id
    from ledger.client.statements import participant_registration
    from ledger.domain.identifiers import check_credit_code
    from ledger.domain.vocabulary import ParticipantKind
    from ledger_cli.values import day_of, digest_of, enum_of

    participant_id = new_id()
    statement = participant_registration(
        participant_id=participant_id,
        kind=enum_of(ParticipantKind, kind, option="--kind"),
        registered_day=day_of(registered, option="--registered"),
        credit_code=check_credit_code(code) if code else "",
        person_tag=digest_of(tag, option="--tag") if tag else b"",
        basis=actor.basis,
    )
    actor.do("participant-registration", statement, made={"participant_id": participant_id})


@act_command(reason="CONDITIONS_MET", signers=2)
def admit_provider(
    actor: Acting,
    provider: ProviderId,
    item: Annotated[list[str], typer.Option("--item", metavar="CODE", help="Service item; repeatable.")],
    from_day: Annotated[str, typer.Option("--from", metavar="DAY", help="First day of the admission.")],
    batch: Annotated[int, typer.Option("--batch", help="Number of the admission batch.")] = 1,
) -> None:
    """Admit a provider with its service items, or list more items; signed by a clerk and an approver."""
    from ledger.client.statements import provider_admission
    from ledger_cli.values import day_of, id_of

    statement = provider_admission(
        provider_id=id_of(provider, option="--provider"),
        items=item,
        from_day=day_of(from_day, option="--from"),
        batch=batch,
        basis=actor.basis,
    )
    actor.do("provider-admission", statement)


def _standing(standing: str, text: str, *, reason: str) -> Callable[..., None]:
    """A command that changes a provider's standing; `text` is its help."""

    def body(
        actor: Acting,
        provider: ProviderId,
        from_day: Annotated[
            str, typer.Option("--from", metavar="DAY", help="First day on which it holds; today or later.")
        ],
    ) -> None:
        from ledger.client.statements import provider_standing_change
        from ledger.domain.vocabulary import ProviderStanding
        from ledger_cli.values import day_of, id_of

        statement = provider_standing_change(
            provider_id=id_of(provider, option="--provider"),
            standing=ProviderStanding[standing],
            from_day=day_of(from_day, option="--from"),
            basis=actor.basis,
        )
        actor.do("provider-standing", statement)

    body.__doc__ = f"{text}; signed by a clerk and an approver."
    return act_command(reason=reason, signers=2)(body)


suspend_provider = _standing(
    "SUSPENDED", "Suspend an admitted provider: no usage counts until it is readmitted", reason="IRREGULARITY"
)
readmit_provider = _standing(
    "READMITTED", "Readmit a suspended provider from a day on", reason="IRREGULARITY_CURED"
)
remove_provider = _standing("REMOVED", "Remove a provider for good", reason="CONDITIONS_NOT_MET")


@act_command(signers=2)
def register_devices(
    actor: Acting,
    devices: Annotated[
        Path, typer.Option("--devices", metavar="FILE", help="CSV: device_id,vendor,model,origin.")
    ],
) -> None:
    """Register devices, at most 500 a statement; signed by the provider, confirmed by a clerk.

    Act --as the provider, --with the clerk; or --draft FILE --signer CLERK_KEY_ID, and the clerk confirms
    with `voucherctl keys sign FILE` and `voucherctl keys submit FILE`.
    """
    from ledger.client.statements import device_registration
    from ledger.errors import UsageError
    from ledger_cli.device_file import MAX_DEVICES, read_devices

    provider_id = actor.identity.participant_id
    models, found = read_devices(devices, provider_id=provider_id)
    if actor.draft is not None and len(found) > MAX_DEVICES:
        raise UsageError(f"{len(found)} devices in one draft", hint=f"allowed: {MAX_DEVICES}; split the file")
    for start in range(0, len(found), MAX_DEVICES):
        part = found[start : start + MAX_DEVICES]
        used = sorted({position for _, position in part})
        statement = device_registration(
            provider_id=provider_id,
            models=[models[position] for position in used],
            devices=[(device_id, used.index(position)) for device_id, position in part],
        )
        actor.do("device-registration", statement)


@act_command(reason="REGISTER_OF_COMPANIES")
def declare_holding(
    actor: Acting,
    owner: Annotated[str, typer.Option("--owner", metavar="ID", help="Who holds the shares.")],
    owned: Annotated[str, typer.Option("--owned", metavar="ID", help="Whose shares are held.")],
    share: Annotated[
        str, typer.Option("--share", metavar="PERCENT", help="For example 26 or 33.34; 0 ends a holding.")
    ],
    as_of: Annotated[str, typer.Option("--as-of", metavar="DAY", help="Day of the fact.")],
) -> None:
    """Declare a holding in place of the pair's earlier one; affiliation follows. Signed by a clerk.

    An owner that is no participant has an id, too: the one that it will have if it becomes one.
    """
    from ledger.client.statements import holding_declaration
    from ledger_cli.values import bp_of, day_of, id_of

    statement = holding_declaration(
        owner_id=id_of(owner, option="--owner"),
        owned_id=id_of(owned, option="--owned"),
        share_bp=bp_of(share, option="--share"),
        as_of_day=day_of(as_of, option="--as-of"),
        basis=actor.basis,
    )
    actor.do("holding-declaration", statement)


erase_personal_data = plain_act(
    "personal-data-erasure",
    "Record an erasure of personal data, which `voucherd personal erase` then does; signed by a clerk.",
    about=PARTICIPANT,
    reason="ERASURE_REQUESTED",
)
