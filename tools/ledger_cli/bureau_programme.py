"""Steps of the bureau on programmes: open, publish policies and calendars, allocate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger_cli.act_command import PROGRAMME, act_command, plain_act
from ledger_cli.options import ProgrammeId

if TYPE_CHECKING:
    from ledger_cli.acting import Acting

Profile = Annotated[str, typer.Option("--profile", metavar="NAME", help="Shipped profile, or a .toml file.")]
InstrumentName = Annotated[
    str, typer.Option("--instrument", metavar="NAME", help="GPU_TRAINING, MODEL or CORPUS.")
]


def add_to(app: typer.Typer) -> None:
    """Put the commands into a group."""
    app.command("open-programme")(open_programme)
    app.command("publish-policy")(publish_policy)
    app.command("publish-calendar")(publish_calendar)
    app.command("allocate")(allocate)


@act_command(reason="BUDGET_LAW", signers=2)
def open_programme(
    actor: Acting,
    profile: Profile,
    year: Annotated[int, typer.Option("--year", help="Fiscal year.")],
    instrument: InstrumentName = "GPU_TRAINING",
    appropriation: Annotated[
        str, typer.Option("--appropriation", metavar="YUAN", help="Instead of the profile's.")
    ] = "",
) -> None:
    """Open a programme with its appropriation; signed by a clerk and an approver."""
    from ledger.client.signing import new_id
    from ledger.client.statements import programme_opening
    from ledger.domain.policy import Instrument
    from ledger.errors import UsageError
    from ledger.profiles.loader import load_profile
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
    statement = programme_opening(
        basis=actor.basis,
        programme_id=programme_id,
        instrument=kind,
        fiscal_year=year,
        appropriation_fen=fen,
    )
    actor.do("programme-opening", statement, made={"programme_id": programme_id})


@act_command(reason="MEASURES_IN_FORCE", signers=2)
def publish_policy(actor: Acting, programme: ProgrammeId, profile: Profile) -> None:
    """Put the values of a profile in force as the programme's next policy version."""
    from ledger.client.rendering import plain
    from ledger.client.statements import policy_publication
    from ledger.errors import UsageError
    from ledger.profiles.loader import load_profile
    from ledger_cli.finding import find
    from ledger_cli.values import id_of

    programme_id = id_of(programme, option="--programme")
    programmes = load_profile(profile).programmes
    found = find(actor.client.list_programmes(), "programme_id", programme_id, what="programme")
    instrument = plain(found, complete=True)["instrument"]
    if instrument not in programmes:
        raise UsageError(f"profile {profile} has no {instrument}", hint="choose another profile")
    statement = policy_publication(
        basis=actor.basis,
        programme_id=programme_id,
        version=found.policy_version + 1,
        parameters=programmes[instrument],
    )
    actor.do("policy-publication", statement)


@act_command(reason="HOLIDAYS_ANNOUNCED", signers=2)
def publish_calendar(
    actor: Acting,
    year: Annotated[int, typer.Option("--year", help="The year.")],
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="TOML of the year's holidays; without: the shipped one."),
    ] = None,
) -> None:
    """Put the working days of a year in force as its next version; signed by a clerk and an approver."""
    from ledger.client.statements import calendar_publication
    from ledger.profiles.calendar import parse_calendar, working_days
    from ledger.profiles.strict_toml import read_toml_text

    if file is None:
        days = working_days(year)
    else:
        days = parse_calendar(read_toml_text(file, source=str(file)), year=year, source=str(file))
    versions = {calendar.year: calendar.version for calendar in actor.client.list_calendars()}
    statement = calendar_publication(
        basis=actor.basis, year=year, version=versions.get(year, 0) + 1, working_days=days
    )
    actor.do("calendar-publication", statement)


allocate = plain_act(
    "fund-allocation",
    "Close a PRO_RATA window: a voucher for each queued grant; signed by a clerk and an approver.",
    about=PROGRAMME,
    reason="WINDOW_CLOSED",
    signers=2,
)
