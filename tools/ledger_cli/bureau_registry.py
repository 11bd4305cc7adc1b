"""Steps of the bureau on participants: register, admit, confirm devices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger_cli.options import As, Draft, Evidence, Insecure, Json, Reason, Signers, With


def add_to(app: typer.Typer) -> None:
    """Put the commands into a group."""
    app.command("register-participant")(register_participant)
    app.command("admit-provider")(admit_provider)
    app.command("register-devices")(register_devices)


def register_participant(
    who: As,
    kind: Annotated[
        str,
        typer.Option("--kind", help="ENTERPRISE, UNIVERSITY, RESEARCH, PERSON, COMPUTE, MODEL or EXCHANGE."),
    ],
    registered: Annotated[str, typer.Option("--registered", metavar="DAY", help="Business registration.")],
    code: Annotated[str, typer.Option("--code", help="Unified social credit code.")] = "",
    tag: Annotated[str, typer.Option("--tag", metavar="HEX", help="Person tag, for PERSON only.")] = "",
    reason: Reason = "LICENCE_CHECKED",
    evidence: Evidence = None,
    draft: Draft = None,
    draft_signers: Signers = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Register a participant; signed by a clerk."""
    from ledger.client.signing import new_id
    from ledger.client.statements import participant_registration
    from ledger.domain.identifiers import check_credit_code
    from ledger.domain.vocabulary import ParticipantKind
    from ledger_cli.acting import acting
    from ledger_cli.values import day_of, digest_of, enum_of

    participant_id = new_id()
    values = {
        "kind": enum_of(ParticipantKind, kind, option="--kind"),
        "registered_day": day_of(registered, option="--registered"),
        "credit_code": check_credit_code(code) if code else "",
        "person_tag": digest_of(tag, option="--tag") if tag else b"",
    }
    with acting(who, as_json=as_json, insecure=insecure, draft=draft, draft_signers=draft_signers) as actor:
        statement = participant_registration(
            basis=actor.basis(reason, evidence),
            participant_id=participant_id,
            **values,  # type: ignore[arg-type]
        )
        actor.do("participant-registration", statement, made={"participant_id": participant_id})


def admit_provider(
    who: As,
    provider: Annotated[str, typer.Option("--provider", metavar="ID", help="The participant.")],
    item: Annotated[list[str], typer.Option("--item", metavar="CODE", help="Service item; repeatable.")],
    from_day: Annotated[str, typer.Option("--from", metavar="DAY", help="First day of the admission.")],
    batch: Annotated[int, typer.Option("--batch", help="Number of the admission batch.")] = 1,
    reason: Reason = "CONDITIONS_MET",
    evidence: Evidence = None,
    co_signers: With = None,
    draft: Draft = None,
    draft_signers: Signers = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Admit a provider with its service items; signed by a clerk and an approver."""
    from ledger.client.statements import provider_admission
    from ledger_cli.acting import acting
    from ledger_cli.values import day_of, id_of

    provider_id = id_of(provider, option="--provider")
    day = day_of(from_day, option="--from")
    with acting(
        who,
        as_json=as_json,
        insecure=insecure,
        co_signers=co_signers,
        draft=draft,
        draft_signers=draft_signers,
    ) as actor:
        statement = provider_admission(
            basis=actor.basis(reason, evidence),
            provider_id=provider_id,
            items=item,
            from_day=day,
            batch=batch,
        )
        actor.do("provider-admission", statement, signers=2)


def register_devices(
    who: As,
    devices: Annotated[
        Path, typer.Option("--devices", metavar="FILE", help="CSV: device_id,vendor,model,origin.")
    ],
    co_signers: With = None,
    draft: Draft = None,
    draft_signers: Signers = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Register devices, at most 500 a statement; signed by the provider, confirmed by a clerk.

    Act --as the provider, --with the clerk; or --draft FILE --signer CLERK_KEY_ID, and the clerk confirms
    with `voucherctl keys sign FILE` and `voucherctl keys submit FILE`.
    """
    from ledger.client.statements import device_registration
    from ledger.errors import UsageError
    from ledger_cli.acting import acting
    from ledger_cli.device_file import MAX_DEVICES, read_devices

    with acting(
        who,
        as_json=as_json,
        insecure=insecure,
        co_signers=co_signers,
        draft=draft,
        draft_signers=draft_signers,
    ) as actor:
        provider_id = actor.identity.participant_id
        models, found = read_devices(devices, provider_id=provider_id)
        if draft is not None and len(found) > MAX_DEVICES:
            raise UsageError(
                f"{len(found)} devices in one draft", hint=f"allowed: {MAX_DEVICES}; split the file"
            )
        for start in range(0, len(found), MAX_DEVICES):
            part = found[start : start + MAX_DEVICES]
            used = sorted({position for _, position in part})
            statement = device_registration(
                provider_id=provider_id,
                models=[models[position] for position in used],
                devices=[(device_id, used.index(position)) for device_id, position in part],
            )
            actor.do("device-registration", statement, signers=2)
