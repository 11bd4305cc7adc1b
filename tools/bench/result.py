"""The result of one run, as it grows and as it is printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Result:
    """Ratios by their fixed names, and under `raw` what they were computed from."""

    ratios: dict[str, float] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which ratios are wanted, and whether fewer and smaller rounds will do."""

    wanted: frozenset[str]
    quick: bool

    def wants(self, *names: str) -> bool:
        """Whether any of the ratios is wanted."""
        return not self.wanted.isdisjoint(names)

    def count(self, full: int) -> int:
        """A size or a number of rounds: all of it, or about a quarter."""
        return -(-full // 4) if self.quick else full
