"""One broken rule a case: what is changed in a good year, and the check and event that must be found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from audit_forge.year import Year

Change = Callable[[Year], Any]


@dataclass(frozen=True)
class Case:
    """A check that must fail at the event `where` once `change` was made; `first` if no earlier one may."""

    check: str
    where: str
    change: Change
    label: str = ""
    later: str = ""
    """The event at which it is found, where that is not the changed one."""

    def __str__(self) -> str:
        return f"{self.check}-{self.where}-{self.label}".replace(" ", "_")


def said(name: str, label: str = "", **values: Any) -> Change:
    """Change fields of a statement."""

    def change(year: Year) -> None:
        for field, value in values.items():
            setattr(year[name].statement, field, value)

    del label
    return change


def event(name: str, **values: Any) -> Change:
    """Change fields of an event after it was signed."""

    def change(year: Year) -> None:
        def patch(made: Any) -> None:
            for field, value in values.items():
                setattr(made, field, value)

        year[name].patch = patch

    return change


def inside(name: str, change_it: Callable[[Any], Any]) -> Change:
    """Change an event after it was signed, by a function."""

    def change(year: Year) -> None:
        year[name].patch = change_it

    return change


def statement(name: str, change_it: Callable[[Any], Any]) -> Change:
    """Change a statement, by a function; it is signed afterwards."""

    def change(year: Year) -> None:
        change_it(year[name].statement)

    return change


def policy(change_it: Callable[[Any], Any], name: str = "policy") -> Change:
    """Change a policy's parameters."""

    def change(year: Year) -> None:
        change_it(year[name].statement.parameters)

    return change


def signed(name: str, *signers: Any) -> Change:
    """Another set of signers, whose keys are registered (their premises follow)."""

    def change(year: Year) -> None:
        draft = year[name]
        draft.signers = list(signers)
        others = [premise for premise in draft.event.premises if premise.kind != 1]
        del draft.event.premises[:]
        for signer in signers:
            if signer.key_id in year.keys:
                draft.event.premises.add(kind=1, index=year.keys[signer.key_id])
        draft.event.premises.extend(others)

    return change


def payload(name: str, **values: Any) -> Change:
    """Change fields of the event's own message."""

    def change(year: Year) -> None:
        draft = year[name]
        for field, value in values.items():
            setattr(getattr(draft.event, draft.kind), field, value)

    return change


def line(name: str, column: str, value: int, *, at: int = 0) -> Change:
    """Change one value of a claim's lines."""

    def change(year: Year) -> None:
        getattr(year[name].statement.lines, column)[at] = value

    return change


def both(*changes: Change) -> Change:
    """Several changes."""

    def change(year: Year) -> None:
        for one in changes:
            one(year)

    return change


def append(name: str, field: str, value: Any) -> Change:
    return statement(name, lambda s: getattr(s, field).append(value))


def without_last_link(name: str) -> Change:
    """The event has no link of what its statement no longer names."""

    def change(year: Year) -> None:
        del year[name].event.links[-1]

    return change


def recorded(name: str, at_ms: int) -> Change:
    """The event is recorded at another time."""

    def change(year: Year) -> None:
        year[name].event.recorded_ms = year[name].event.effective_ms = at_ms

    return change
