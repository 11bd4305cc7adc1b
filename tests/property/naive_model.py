"""A second opinion on the rules: plain lists of facts, every total recomputed from them at every question.

Written from docs/reference/format.md and sharing no code with the ledger. It knows the rules about money,
time, devices, evidence, doubts and persons; it must not know statements, links or signatures.
"""

from __future__ import annotations

from property.naive_facts import Clawback, Redemption, Verdict
from property.naive_totals import NOT_THERE
from property.naive_use import NaiveUse


class NaiveLedger(NaiveUse):
    """Judges money that is claimed back too."""

    def determinable(self, redemption: Redemption) -> int:
        """What would have to be paid back today."""
        reasons, _, amount = self.today(redemption)
        entitled = 0 if reasons else amount
        return max(0, redemption.amount - self._claimed_back(redemption) - entitled)

    def open_clawback(self, name: str, redemption_name: str) -> Verdict:
        """An opening, of what is fully paid and has no other open."""
        redemption = self.named(self.redemptions, redemption_name)
        if redemption is None:
            return NOT_THERE
        another = any(c.redemption is redemption and c.open for c in self.clawbacks)
        reasons = {"STATE_CONFLICT"} if another or not redemption.done else set()
        failed, _, amount = self.today(redemption)
        made = Clawback(name, redemption)
        return Verdict(reasons, 0 if failed else amount, lambda: self.clawbacks.append(made))

    def _clawback(self, name: str) -> Clawback:
        return next(item for item in self.clawbacks if item.name == name)

    def notify(self, name: str) -> Verdict:
        """The notice."""
        clawback = self._clawback(name)

        def keep() -> None:
            clawback.notified = True

        return Verdict({"STATE_CONFLICT"} if clawback.notified else set(), None, keep)

    def appeal(self, name: str) -> Verdict:
        """The appeal, between notice and determination."""
        clawback = self._clawback(name)
        fits = clawback.notified and not clawback.appealed and clawback.determined is None

        def keep() -> None:
            clawback.appealed = True

        return Verdict(set() if fits else {"STATE_CONFLICT"}, None, keep)

    def determine(self, name: str, amount: int) -> Verdict:
        """The determination of exactly what is determinable today."""
        clawback = self._clawback(name)
        fits = clawback.notified and clawback.determined is None
        right = fits and amount == self.determinable(clawback.redemption)
        failed, _, entitled = self.today(clawback.redemption)

        def keep() -> None:
            clawback.determined = amount

        return Verdict(set() if right else {"STATE_CONFLICT"}, 0 if failed else entitled, keep)

    def repay(self, name: str, amount: int) -> Verdict:
        """Money that came back."""
        clawback = self._clawback(name)
        fits = 0 < amount <= clawback.outstanding and not clawback.written_off

        def keep() -> None:
            clawback.repaid += amount

        return Verdict(set() if fits else {"STATE_CONFLICT"}, None, keep)

    def write_off(self, name: str) -> Verdict:
        """All that is outstanding is given up."""
        clawback = self._clawback(name)
        amount = clawback.outstanding

        def keep() -> None:
            clawback.written_off += amount

        return Verdict(set() if amount > 0 else {"STATE_CONFLICT"}, None, keep)

    def fine(self, name: str, amount: int) -> Verdict:
        """A fine; all of them are a tenth to a half of what was determined."""
        clawback = self._clawback(name)
        total = sum(clawback.fines) + amount
        determined = clawback.determined or 0
        fits = determined > 0 and 10 * total >= determined >= 2 * total
        return Verdict(set() if fits else {"STATE_CONFLICT"}, None, lambda: clawback.fines.append(amount))
