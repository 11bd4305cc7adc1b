"""The state machines as data agree with the rules: every act is driven in every state of its machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from unit.domain.machines import APPLICATIONS, DRIVEN, Machine
from unit.domain.registrar import ident, terms
from unit.domain.town import Town, with_voucher

from ledger.domain.acts import ACTS, SYSTEM_ACTS
from ledger.domain.entities import ApplicationState, VoucherState
from ledger.domain.policy import Allocation
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.transitions import MACHINES, Move

if TYPE_CHECKING:
    from enum import IntEnum

TABLES = dict(MACHINES)
EARLIER = {
    "voucher-grant": {Reason.CONTRACT_BOUND, Reason.BUDGET_EXHAUSTED},
    "redemption-request": {Reason.DUPLICATE_EVIDENCE, Reason.FACE_EXCEEDED},
    "usage-attestation": {Reason.DEVICE_OVERLAP},
}
EVERY = [
    pytest.param(machine, state, act, id=f"{act} of a {state.name.lower()} {machine.what}")
    for machine in DRIVEN
    for state in machine.states
    for act in machine.acts
]


def move_of(what: str, act: str) -> Move:
    """The row of an act in its machine's table."""
    return next(move for move in TABLES[what] if move.act == act)


@pytest.mark.parametrize(("machine", "state", "act"), EVERY)
def test_an_act_is_taken_exactly_where_its_row_says(machine: Machine, state: IntEnum, act: str) -> None:
    """Taken in its sources and refused elsewhere; it leads to one of its targets, or nowhere."""
    town = machine.states[state]()
    assert machine.state_of(town) == state
    move = move_of(machine.what, act)
    statement = machine.acts[act](town)
    answer = town.send(statement)[0]
    after = machine.state_of(town)
    if state not in move.sources:
        assert isinstance(answer, Rejection)
        assert after == state
        check_refusal(machine.what, state, act, answer)
        return
    assert not isinstance(answer, Rejection), answer
    assert after in (move.targets or (state,))


def check_refusal(what: str, state: IntEnum, act: str, answer: Rejection) -> None:
    """The refusal names the state and exactly the acts of the table that fit it.

    A smaller reason may come first. A claim's state is not named, and an allocation is refused for an empty
    queue, not for an application.
    """
    smaller = EARLIER.get(act, set()) | ({Reason.VOUCHER_EXPIRED} if what == "voucher" else set())
    if answer.reason in smaller:
        return
    assert answer.reason == Reason.STATE_CONFLICT
    if what != "claim" and act != "fund-allocation":
        allowed = ", ".join(move.act for move in TABLES[what] if state in move.sources) or "nothing"
        assert answer.message == f"the {what} is {state.name}; allowed: {allowed}"


def test_every_state_and_act_of_a_table_is_driven() -> None:
    """All states of each machine, all rows of each table; a closing is nobody's act."""
    for what, moves in MACHINES:
        driven = [machine for machine in DRIVEN if machine.what == what]
        states = {state for machine in driven for state in machine.states}
        kind: type[IntEnum] = type(next(iter(states)))
        assert states == set(kind)
        acts = {act for machine in driven for act in machine.acts}
        assert {move.act for move in moves} - acts == ({"voucher-closing"} if what == "voucher" else set())


def test_rows_name_acts_of_the_registry_once() -> None:
    """A name in a table is the name of an act, and each machine has one row for it."""
    known = {act.name for act in (*ACTS, *SYSTEM_ACTS)}
    for _, moves in MACHINES:
        names = [move.act for move in moves]
        assert set(names) <= known
        assert len(set(names)) == len(names)


def test_every_state_is_reached_by_a_row() -> None:
    """But the first of each machine, and a claim's refusal."""
    for what, moves in MACHINES:
        states = set(type(moves[0].sources[0]))
        reached = {target for move in moves for target in move.targets}
        first = {state.name for state in states - reached}
        assert first <= {"SUBMITTED", "ACTIVE", "REQUESTED", "OPENED", "ACCEPTED", "REFUSED"}, what


def test_both_ends_of_a_grant_and_of_an_allocation() -> None:
    """GRANTED or QUEUED by the policy, then GRANTED or UNFUNDED by the money."""
    seen: dict[str, set[Any]] = {"voucher-grant": set(), "fund-allocation": set()}
    for allocation in Allocation:
        town = APPLICATIONS.states[ApplicationState.PUBLICISED]()
        town.ok(town.policy(terms(allocation=allocation)))
        town.ok(APPLICATIONS.acts["voucher-grant"](town))
        seen["voucher-grant"].add(APPLICATIONS.state_of(town))
    for state in (ApplicationState.GRANTED, ApplicationState.UNFUNDED):
        town = APPLICATIONS.states[ApplicationState.QUEUED]()
        if state == ApplicationState.UNFUNDED:
            _take_everything(town)
        town.ok(town.allocate())
        seen["fund-allocation"].add(APPLICATIONS.state_of(town))
    assert {act: set(move_of("application", act).targets) for act in seen} == seen


def _take_everything(town: Town) -> None:
    town.ok(town.policy(terms()))
    town.ok(town.contract("all", "20_000_000"))
    town.award("w", "all")
    town.ok(town.policy(terms(appropriation_fen=town.totals_of("gpu")[1])))


def test_a_closing_follows_the_last_payment_only() -> None:
    """ACTIVE becomes CLOSED; a revoked voucher that is paid stays revoked."""
    town = with_voucher()
    town.redeemed("r", "v", "8_000_000")
    town.approve_twice("r")
    town.ok(town.revoke_voucher("v"))
    town.ok(town.order("r"))
    assert town.ok(town.pay("r")).followed_by == ()
    assert town.state.vouchers[ident("v")].state == VoucherState.REVOKED
    assert move_of("voucher", "voucher-closing") == Move(
        "voucher-closing", (VoucherState.ACTIVE,), (VoucherState.CLOSED,)
    )


def test_a_clawback_is_open_while_something_can_still_end_it() -> None:
    """Its open states are those from which a row leads elsewhere."""
    moves = TABLES["clawback"]
    leaving = {state for move in moves if move.targets for state in move.sources}
    assert {state.name for state in leaving} == {
        "OPENED",
        "NOTIFIED",
        "APPEALED",
        "DETERMINED",
        "PARTLY_RECOVERED",
    }
