"""What every step of a scenario file may carry, and what can be asked of a parsed one.

This module must not know any particular step.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, NamedTuple, get_args

from pydantic import Field
from pydantic.fields import FieldInfo

from ledger.profiles.tables import StrictTable
from ledger_play.scenario.values import OK, Amount, Expected, Instant, Kind, Names, Officer

MAX_TIMES = 1_000

_NO_CONTENT = frozenset({"do", "at", "by"})

ExpectAmount = Annotated[Amount | None, Field(description='yuan as text with two decimals, "500000.00"')]


def _description(field: FieldInfo) -> str:
    """The words of a field, or those of the kind that may be left out."""
    marks = [mark for part in get_args(field.annotation) for mark in getattr(part, "__metadata__", ())]
    words = [mark.description for mark in marks if isinstance(mark, FieldInfo) and mark.description]
    return field.description or "; ".join(words)


class Misfit(NamedTuple):
    """What does not fit together in a step: the key to blame, and why."""

    key: str
    problem: str


class Step(StrictTable):
    """What every step may carry; `makes` is the key with the label of what a step makes."""

    makes: ClassVar[str] = ""

    do: Annotated[str, Field(description="the name of a step")]
    at: Instant | None = None
    by: Officer | None = None
    expect: Expected = OK

    @classmethod
    def allowed(cls) -> dict[str, str]:
        """What may stand under each key, in words."""
        return {field.alias or key: _description(field) for key, field in cls.model_fields.items()}

    def misfit(self) -> Misfit | None:
        """What is wrong between values that are each allowed."""
        return None

    @property
    def label(self) -> str:
        """The label of what the step makes, or nothing."""
        return str(getattr(self, self.makes)) if self.makes else ""

    def named(self) -> list[tuple[str, Kind, str]]:
        """Every label of earlier things that the step names: key, kind, label."""
        found = []
        for key, field in type(self).model_fields.items():
            value = getattr(self, key)
            for mark in field.metadata:
                if isinstance(mark, Names):
                    labels = [value] if isinstance(value, str) else list(value or ())
                    found += [(field.alias or key, mark.kind, label) for label in labels]
        return found

    def content(self) -> dict[str, Any]:
        """The values by which two steps of one label are one request."""
        keys = set(type(self).model_fields) - _NO_CONTENT
        return {key: getattr(self, key) for key in sorted(keys) if not key.startswith("expect")}

    def expectations(self) -> dict[str, Any]:
        """The values that must come out if the step is accepted, by key."""
        keys = [key for key in type(self).model_fields if key.startswith("expect_")]
        return {key: getattr(self, key) for key in keys if getattr(self, key) is not None}
