"""Plays the steps of a scenario in order and stops at the first that comes out otherwise than expected.

A refusal is an outcome like any other here. This module must not know how a step is carried out.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger.client.errors import Denied, RpcRefused, Unavailable
from ledger.domain.quantities import format_yuan_plain
from ledger_play.scenario import grants, parties, recovering, redeeming, usage
from ledger_play.scenario.file import check_forward
from ledger_play.scenario.steps import Parallel, Totals
from ledger_play.scenario.turn import SecondEffect, Turn
from ledger_play.scenario.values import OK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ledger_play.scenario.file import Planned
    from ledger_play.scenario.step import Step
    from ledger_play.scenario.world import World

    Phase = Callable[[Turn, Any], dict[str, object] | None]

MAX_AT_ONCE = 128
_REFUSED = (RpcRefused, Denied, Unavailable, SecondEffect)
# Evidence is known by its fingerprint, which the ledger makes of the label: it answers DUPLICATE_EVIDENCE.
_NEVER_REPEATED = frozenset({"invoice", "payment"})


def totals(turn: Turn, step: Totals) -> dict[str, object]:
    """Read a programme's money."""
    programme_id = turn.world.programmes[step.programme]
    found = next(each for each in turn.world.reader.list_programmes() if each.programme_id == programme_id)
    return {key: getattr(found, f"{key}_fen") for key in step.expectations()}


PHASES: Mapping[str, tuple[Phase, ...]] = {
    "beneficiary": (parties.beneficiary,),
    "provider": (parties.provider,),
    "holding": (parties.holding,),
    "contract": (grants.contract,),
    "outside_support": (grants.outside_support,),
    "apply": (grants.apply,),
    "review": (grants.review,),
    "publicise": (grants.publicise,),
    "grant": (grants.grant,),
    "object": (grants.object_,),
    "decide": (grants.decide,),
    # All of a parallel award are publicised before the clock moves for any.
    "award": (grants.award_up_to_notice, grants.award_grant),
    "allocate": (grants.allocate,),
    "claim": (usage.claim,),
    "invoice": (redeeming.invoice,),
    "red_letter": (redeeming.red_letter,),
    "payment": (redeeming.payment,),
    "redeem": (redeeming.redeem,),
    "verify": (redeeming.verify,),
    "approve": (redeeming.approve,),
    "order": (redeeming.order,),
    "pay": (redeeming.pay,),
    "pay_failed": (redeeming.pay_failed,),
    "settle": (redeeming.settle,),
    "hold": (recovering.hold,),
    "release": (recovering.release,),
    "expire": (recovering.expire,),
    "revoke": (recovering.revoke,),
    "suspend_provider": (parties.suspend_provider,),
    "rotate_key": (parties.rotate_key,),
    "revoke_key": (parties.revoke_key,),
    "clawback": (recovering.clawback,),
    "determine": (recovering.determine,),
    "repay": (recovering.repay,),
    "fine": (recovering.fine,),
    "write_off": (recovering.write_off,),
    "amend_policy": (grants.amend_policy,),
    "totals": (totals,),
}
"""How each step is carried out: phase by phase, of a parallel step all at once in each."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What came out otherwise: the step's place from 0, what it does, which of its keys, and why."""

    position: int
    do: str
    key: str
    expected: str
    actual: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended: `ok` or a reason, in words, and the values that came out."""

    reason: str = OK
    why: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Attempt:
    """A step on its way through its phases; it is over once it has an outcome."""

    turn: Turn
    values: dict[str, object] = field(default_factory=dict)
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was accepted: what a later one of the same label is compared with."""

    content: Mapping[str, object]
    turn: Turn
    values: Mapping[str, object]


class Player:
    """Plays a scenario against a world; it stops for good at the first failure."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._done: dict[tuple[str, str], Done] = {}

    def play(self) -> Failure | None:
        """Play every step. MalformedError if the file turns out to be wrong on the way."""
        for planned in self._world.scenario.steps:
            check_forward(self._world.scenario.source, planned, self._world.now_ms)
            if planned.step.at is not None:
                self._world.advance(planned.step.at)
            outcomes = self._outcomes(planned)
            failure = _compare(planned, outcomes)
            if failure is not None:
                return failure
        return None

    def _outcomes(self, planned: Planned) -> list[Outcome]:
        """What becomes of a step, or of each of those that are sent at once."""
        attempts = [
            Attempt(Turn(self._world, step, planned.path), outcome=self._decided(step))
            for step in planned.each
        ]
        for phase in PHASES[planned.each[0].do]:
            _at_once(phase, [attempt for attempt in attempts if attempt.outcome is None])
        return [attempt.outcome or self._accepted(attempt) for attempt in attempts]

    def _decided(self, step: Step) -> Outcome | None:
        """What is settled before the ledger is asked: a repeated label, and one that stands for nothing."""
        done = self._done.get((step.do, step.label))
        if done is not None and step.do not in _NEVER_REPEATED:
            return _again(done, step)
        unknown = self._world.unknown(step)
        return Outcome("STATE_CONFLICT", unknown) if unknown else None

    def _accepted(self, attempt: Attempt) -> Outcome:
        step = attempt.turn.step
        if step.label:
            self._done.setdefault((step.do, step.label), Done(step.content(), attempt.turn, attempt.values))
        return Outcome(values=attempt.values)


def _again(done: Done, step: Step) -> Outcome:
    """The same request for the same content, which has no second effect."""
    if done.content != step.content():
        return Outcome("REQUEST_ID_REUSED", f"{step.label} was used with other content")
    try:
        done.turn.repeat()
    except _REFUSED as error:
        return Outcome(error.reason, str(error))
    return Outcome(values=done.values)


def _at_once(phase: Phase, attempts: Sequence[Attempt]) -> None:
    """Carry out a phase of every attempt, all at the same time."""
    if len(attempts) <= 1:
        for attempt in attempts:
            _carry_out(phase, attempt)
        return
    with ThreadPoolExecutor(min(len(attempts), MAX_AT_ONCE), "scenario") as pool:
        list(pool.map(lambda attempt: _carry_out(phase, attempt), attempts))


def _carry_out(phase: Phase, attempt: Attempt) -> None:
    try:
        attempt.values.update(phase(attempt.turn, attempt.turn.step) or {})
    except _REFUSED as error:
        attempt.outcome = Outcome(error.reason, str(error))


def _compare(planned: Planned, outcomes: Sequence[Outcome]) -> Failure | None:
    step = planned.step
    if isinstance(step, Parallel):
        return _compare_counts(planned, step, outcomes)
    (outcome,) = outcomes
    if outcome.reason != step.expect:
        return Failure(planned.position, step.do, "expect", step.expect, outcome.reason, outcome.why)
    return _compare_values(planned, step, outcome)


def _compare_values(planned: Planned, step: Step, outcome: Outcome) -> Failure | None:
    if outcome.reason != OK:
        return None
    for key, expected in step.expectations().items():
        actual = outcome.values.get(key)
        if actual != expected:
            return Failure(planned.position, step.do, key, _shown(expected), _shown(actual))
    return None


def _compare_counts(planned: Planned, step: Parallel, outcomes: Sequence[Outcome]) -> Failure | None:
    counted = Counter(outcome.reason for outcome in outcomes)
    ok = counted.pop(OK, 0)
    refused = dict(sorted(counted.items()))
    expected_refused = {code: count for code, count in (step.expect_refused or {}).items() if count}
    expected_ok = step.expect_ok
    if expected_ok is None:
        expected_ok = step.times - sum(expected_refused.values())
    if ok != expected_ok:
        why = next((outcome.why for outcome in outcomes if outcome.reason != OK), "")
        actual = f"{ok}, refused {refused}" if refused else str(ok)
        return Failure(planned.position, step.do, "expect_ok", str(expected_ok), actual, why)
    if refused != expected_refused and (step.expect_refused is not None or step.expect_ok is None):
        wanted = dict(sorted(expected_refused.items()))
        return Failure(planned.position, step.do, "expect_refused", str(wanted), str(refused))
    for inner, outcome in zip(planned.at_once, outcomes, strict=True):
        failure = _compare_values(planned, inner, outcome)
        if failure is not None:
            return failure
    return None


def _shown(value: object) -> str:
    """Amounts as the file writes them."""
    if isinstance(value, int):
        return format_yuan_plain(value)
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_shown(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return "nothing" if value is None else str(value)
