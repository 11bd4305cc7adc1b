"""Random but repeatable histories over all acts, mostly sensible, with much that must be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.chance_money import MoneyChance

if TYPE_CHECKING:
    from collections.abc import Callable

SELDOM, USUAL, OFTEN = 1, 4, 12
FIRST_CASES = 4


class History(MoneyChance):
    """A history that follows from its seed, which also says what happens more often than elsewhere."""

    def play(self, steps: int) -> None:
        """Open the ledger's programmes, then draw so many acts that can be tried."""
        self.open()
        weights = {
            act: weight * self.pick([1, 2, 4])
            for act, weight in (
                (self.case, OFTEN),
                (self.award_case, USUAL),
                (self.handling, USUAL),
                (self.objection, USUAL),
                (self.allocation, USUAL),
                (self.holding_back, SELDOM),
                (self.ending, SELDOM),
                (self.support, SELDOM),
                (self.standing, SELDOM),
                (self.holding, USUAL),
                (self.usage, 3 * OFTEN),
                (self.cancelling, SELDOM),
                (self.redeeming, OFTEN),
                (self.further, OFTEN),
                (self.theft, USUAL),
                (self.settling, USUAL),
                (self.corruption, USUAL),
                (self.clawing_back, OFTEN),
                (self.pass_time, OFTEN),
                (self.change_policy, SELDOM),
                (self.change_calendar, SELDOM),
                (self.people, SELDOM),
                (self.quota, SELDOM),
            )
        }
        for _ in range(FIRST_CASES):
            self._try(self.case)
        for act in self.random.choices(list(weights), list(weights.values()), k=steps):
            self._try(act)

    def _try(self, act: Callable[[], bool]) -> None:
        try:
            act()
        except LookupError:
            self.tally["nothing to act on"] += 1
