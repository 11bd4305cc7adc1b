"""Rules of programmes, policies and calendars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.decisions import decide
from ledger_audit.entities import Calendar, Policy, Programme
from ledger_audit.money import days_in_year
from ledger_audit.signatures import APPROVER, CLERK

if TYPE_CHECKING:
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act

FIRST_YEAR, LAST_YEAR = 2000, 2199
_AVAILABLE, _APPROPRIATION = event_pb2.ACCOUNT_AVAILABLE, event_pb2.ACCOUNT_APPROPRIATION


def programme_opened(fold: Fold, act: Act) -> None:
    """A clerk and an approver open a programme with its appropriation."""
    state, statement = fold.state, act.statement
    decide(fold, act, [CLERK, APPROVER])
    programme_id, amount = statement.programme_id, statement.appropriation_fen
    act.require(programme_id not in state.programmes, "programme", "a new id", programme_id)
    act.require(amount > 0, "programme", "an appropriation above 0", amount)
    name = (statement.instrument, statement.fiscal_year, statement.basis.bureau_id)
    first = state.programme_names.setdefault(name, act.index)
    act.require(first == act.index, "programme", "one per instrument, year and bureau", f"opened at {first}")
    programme = Programme(
        programme_id, statement.basis.bureau_id, statement.instrument, statement.fiscal_year, amount, amount
    )
    state.programmes[programme_id] = programme
    link_programme(act, programme)
    act.move(programme_id, _AVAILABLE, _APPROPRIATION, amount)
    act.stream = f"programme/{programme_id.hex()}"


def policy_published(fold: Fold, act: Act) -> None:
    """A clerk and an approver put the next policy version in force, with its appropriation."""
    statement = act.statement
    programme = programme_of(fold, act, statement.programme_id)
    decide(fold, act, [CLERK, APPROVER], bureau_id=programme.bureau_id)
    before = programme.policy
    act.equal("policy", before.version + 1 if before else 1, statement.version)
    values = statement.parameters
    rates = {rate.origin: rate.rate_bp for rate in values.rate_bp_by_origin}
    programme.policy = Policy(act.index, statement.version, values, frozenset(values.excluded_items), rates)
    act.links.append((event_pb2.LINK_KIND_POLICY, statement.programme_id, None, programme.policy_last, ()))
    programme.policy_last = act.index
    _appropriate(act, programme, values.appropriation_fen)
    act.stream = f"programme/{statement.programme_id.hex()}"


def _appropriate(act: Act, programme: Programme, amount: int) -> None:
    """The appropriation is the policy's from now on; a change of it is posted."""
    act.require(amount > 0, "policy", "an appropriation above 0", amount)
    committed = programme.committed
    act.require(amount >= committed, "policy", f"an appropriation of at least {committed}", amount)
    difference = amount - programme.appropriation
    if not difference:
        return
    programme.appropriation = amount
    programme.available += difference
    link_programme(act, programme)
    accounts = (_AVAILABLE, _APPROPRIATION) if difference > 0 else (_APPROPRIATION, _AVAILABLE)
    act.move(programme.programme_id, *accounts, abs(difference))


def calendar_published(fold: Fold, act: Act) -> None:
    """A clerk and an approver publish the working days of a year."""
    state, said = fold.state, act.statement
    decide(fold, act, [CLERK, APPROVER])
    year, days = said.year, said.working_days
    before = state.calendars.get(year)
    act.equal("calendar", before.version + 1 if before else 1, said.version)
    if act.require(FIRST_YEAR <= year <= LAST_YEAR, "calendar", f"{FIRST_YEAR} to {LAST_YEAR}", year):
        act.equal("calendar", days_in_year(year), len(days))
        state.calendars[year] = Calendar(act.index, said.version, days)
    act.require(set(days) <= {"0", "1"}, "calendar", "a 0 or 1 for each day", "other characters")
    act.stream = f"calendar/{year}"


def programme_of(fold: Fold, act: Act, programme_id: bytes) -> Programme:
    """The opened programme; its absence ends the judgement."""
    programme = fold.state.programmes.get(programme_id)
    if programme is None:
        raise act.missing("programme", programme_id)
    return programme


def policy_in_force(act: Act, programme: Programme) -> Policy:
    """The newest policy of the programme; its absence ends the judgement."""
    if programme.policy is None:
        raise act.missing("policy in force", programme.programme_id)
    return programme.policy


def link_programme(act: Act, programme: Programme) -> None:
    """Expect the programme's link with its totals now."""
    act.link(event_pb2.LINK_KIND_PROGRAMME, programme.programme_id, programme, programme.totals())
