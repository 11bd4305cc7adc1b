"""What stands at the beginning of every scenario: the programmes, their policies, the calendars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.client.signing import new_id
from ledger.client.statements import programme as programmes
from ledger.domain.policy import Instrument
from ledger.profiles.calendar import CALENDAR_YEARS
from ledger_play.calendars import publish_calendars
from ledger_play.scenario.world import World

if TYPE_CHECKING:
    from ledger.client.acts import Statement
    from ledger_play.actors import Cast
    from ledger_play.scenario.file import Scenario


def open_world(cast: Cast, scenario: Scenario) -> World:
    """Open the profile's programmes for the year of the start, and publish the calendars."""
    world = World(cast=cast, scenario=scenario, profile=scenario.profile, now_ms=0)
    world.advance(scenario.start_ms)
    for name, parameters in scenario.profile.programmes.items():
        programme_id = world.programmes[name] = new_id()
        opening = programmes.programme_opening(
            basis=cast["clerk"].basis("OPENING"),
            programme_id=programme_id,
            instrument=Instrument[name],
            fiscal_year=scenario.fiscal_year,
            appropriation_fen=parameters.appropriation_fen,
        )
        _publish(cast, "programme-opening", opening)
        policy = programmes.policy_publication(
            basis=cast["clerk"].basis("POLICY"),
            programme_id=programme_id,
            version=1,
            parameters=parameters,
        )
        _publish(cast, "policy-publication", policy)
    publish_calendars(cast, CALENDAR_YEARS)
    return world


def _publish(cast: Cast, act: str, statement: Statement) -> None:
    cast["clerk"].act(act, statement, cast["approver-1"].key)
