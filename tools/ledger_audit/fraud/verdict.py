"""What a judge says.

It must not judge anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger_audit.fraud.leaves import Leaf


class Judgement(StrEnum):
    """The three verdicts."""

    PROVEN = "proven"
    NOT_PROVEN = "not proven"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Shown:
    """A rule that the leaves break: the rule in a sentence, what they show, and the numbers in it."""

    rule: str
    text: str
    numbers: Mapping[str, int] = field(default_factory=dict)
    """Fen where the name ends in `_fen`, milliseconds in `_ms`."""
    party: bytes = b""
    """The participant in whose name `signed` were made, where the type may accuse one."""
    signed: tuple[Leaf, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one file."""

    judgement: Judgement
    type: str = ""
    origin: str = ""
    log_key: str = ""
    tree_size: int = 0
    root_hash: bytes = b""
    shown: Shown | None = None
    why: str = ""
    """Why it is not proven or malformed."""
    provider: tuple[str, ...] = ()
    """The ids of the keys with which the party that is accused beside the operator signed, else none."""
    leaves: tuple[tuple[str, int], ...] = ()
    """Role and index of every leaf."""

    @property
    def is_proven(self) -> bool:
        """Whether the file proves a fraud."""
        return self.judgement is Judgement.PROVEN

    def to_json(self) -> dict[str, Any]:
        """One JSON object; fen and milliseconds are text."""
        value: dict[str, Any] = {"verdict": self.judgement.value, "type": self.type}
        if self.origin:
            value |= {"origin": self.origin, "log_key": self.log_key}
        if self.tree_size:
            value |= {"tree_size": self.tree_size, "root_hash": self.root_hash.hex()}
        if self.leaves:
            value["leaves"] = [{"role": role, "index": index} for role, index in self.leaves]
        if self.shown is not None:
            value |= {
                "rule": self.shown.rule,
                "statement": self.shown.text,
                "numbers": {name: str(number) for name, number in self.shown.numbers.items()},
                "accused": self._accused(),
            }
        if self.why:
            value["why"] = self.why
        return value

    def _accused(self) -> list[dict[str, Any]]:
        accused: list[dict[str, Any]] = [
            {"who": "log operator", "origin": self.origin, "log_key": self.log_key}
        ]
        if self.shown is not None and self.provider:
            accused.append(
                {
                    "who": "participant that signed both",
                    "participant_id": self.shown.party.hex(),
                    "key_ids": list(self.provider),
                }
            )
        return accused
