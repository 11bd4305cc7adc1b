"""The announced calendars, put in force by a played bureau."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.client.statements import programme
from ledger.profiles.calendar import working_days

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger_play.actors import Cast


def publish_calendars(cast: Cast, years: Iterable[int]) -> None:
    """Publish the working days of each year, signed by clerk and approver."""
    clerk, approver = cast["clerk"], cast["approver-1"]
    for year in years:
        statement = programme.calendar_publication(
            basis=clerk.basis("CALENDAR"), year=year, version=1, working_days=working_days(year)
        )
        clerk.act("calendar-publication", statement, approver.key)
