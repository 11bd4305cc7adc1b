"""The naive model's lists of facts, and every total and state recomputed from them at every question.

Written from docs/reference/format.md and sharing no code with the ledger. Times are ms, amounts fen. This
module must not judge an act.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from property.naive_facts import (
    Application,
    Claim,
    Clawback,
    Contract,
    Redemption,
    Terms,
    Verdict,
    Voucher,
    Waiting,
)

if TYPE_CHECKING:
    from datetime import date

    from property.naive_facts import Signed

NOT_THERE = Verdict({"STATE_CONFLICT"})
_Fact = TypeVar("_Fact", Contract, Application, Voucher, Claim, Redemption, Clawback)


class NaiveTotals:
    """Lists of facts; `persons` and `roles` of officers are given."""

    def __init__(self, *, appropriations: dict[str, int], officers: dict[str, tuple[str, str]]) -> None:
        self.now = 0
        self.opened = appropriations
        self.officers = officers
        self.registered: dict[str, date] = {}
        self.policies: list[tuple[str, Terms]] = []
        self.contracts: list[Contract] = []
        self.evidence: list[tuple[str, Contract, str, int]] = []
        self.cancelled: list[str] = []
        self.supports: list[tuple[Contract, int]] = []
        self.applications: list[Application] = []
        self.waited: list[Waiting] = []
        self.allotted: list[Waiting] = []
        self.vouchers: list[Voucher] = []
        self.releases: list[tuple[Voucher, int]] = []
        self.expired: list[Voucher] = []
        self.revoked: list[Voucher] = []
        self.holds: list[tuple[Voucher, str]] = []
        self.claims: list[Claim] = []
        self.confirmed: list[Claim] = []
        self.aside: list[Claim] = []
        self.redemptions: list[Redemption] = []
        self.clawbacks: list[Clawback] = []
        self.revocations: list[tuple[str, int]] = []

    @staticmethod
    def named(facts: list[_Fact], name: str) -> _Fact | None:
        """The fact of a name, or None."""
        return next((fact for fact in facts if fact.name == name), None)

    # Programmes.

    def policy(self, programme: str) -> Terms:
        """The version in force."""
        return next(terms for name, terms in reversed(self.policies) if name == programme)

    def appropriation(self, programme: str) -> int:
        """The newest appropriation that was published, or the opened one."""
        published = [terms.appropriation for name, terms in self.policies if name == programme]
        return next((amount for amount in reversed(published) if amount is not None), self.opened[programme])

    def _of(self, programme: str) -> list[Voucher]:
        return [voucher for voucher in self.vouchers if voucher.application.programme == programme]

    def committed(self, programme: str) -> int:
        """Faces less released."""
        return sum(voucher.face - self.released(voucher) for voucher in self._of(programme))

    def disbursed(self, programme: str) -> int:
        """Everything paid."""
        return sum(self.paid(voucher) for voucher in self._of(programme))

    def obligated(self, programme: str) -> int:
        """Approved twice and not paid."""
        vouchers = self._of(programme)
        twice = [r for r in self.redemptions if r.voucher in vouchers and len(r.approvers) == 2]
        return sum(item.amount - sum(item.paid) for item in twice)

    def totals(self, programme: str) -> tuple[int, ...]:
        """Available, encumbered, obligated, disbursed, recoverable, recovered, fines."""
        committed, obligated = self.committed(programme), self.obligated(programme)
        disbursed = self.disbursed(programme)
        available = self.appropriation(programme) - committed
        mine = [c for c in self.clawbacks if c.redemption.voucher.application.programme == programme]
        return (
            available,
            committed - obligated - disbursed,
            obligated,
            disbursed,
            sum(clawback.outstanding for clawback in mine),
            sum(clawback.repaid for clawback in mine),
            sum(sum(clawback.fines) for clawback in mine),
        )

    # The queue, beneficiaries and contracts.

    def queue(self, programme: str) -> list[Waiting]:
        """Grants that wait for an allocation."""
        return [w for w in self.waited if w not in self.allotted and w.application.programme == programme]

    def granted(self, programme: str, beneficiary: str) -> int:
        """Faces less released of one beneficiary, and what waits for it."""
        mine = [v for v in self._of(programme) if v.beneficiary == beneficiary]
        waiting = [w for w in self.queue(programme) if w.application.contract.beneficiary == beneficiary]
        return sum(v.face - self.released(v) for v in mine) + sum(w.entitlement for w in waiting)

    def public_money(self, contract: Contract) -> int:
        """Faces less released and what waits on one contract, less what was claimed back."""
        faces = sum(v.face - self.released(v) for v in self.vouchers if v.application.contract is contract)
        waiting = [w for w in self.waited if w not in self.allotted and w.application.contract is contract]
        back = [c for c in self.clawbacks if c.redemption.voucher.application.contract is contract]
        return faces + sum(w.entitlement for w in waiting) - sum(c.determined or 0 for c in back)

    def outside(self, contract: Contract) -> int:
        """Outside support declared on a contract."""
        return sum(amount for of, amount in self.supports if of is contract)

    # Vouchers.

    def released(self, voucher: Voucher) -> int:
        """Money that a voucher gave back."""
        return sum(amount for of, amount in self.releases if of is voucher)

    def redeemed(self, voucher: Voucher) -> int:
        """Amounts of a voucher's redemptions."""
        return sum(item.amount for item in self.redemptions if item.voucher is voucher)

    def paid(self, voucher: Voucher) -> int:
        """What was paid on a voucher."""
        return sum(sum(item.paid) for item in self.redemptions if item.voucher is voucher)

    def closed(self, voucher: Voucher) -> bool:
        """Whether nothing is left and all is paid; an ended voucher never closes."""
        if voucher in self.expired or voucher in self.revoked:
            return False
        return voucher.face == self.redeemed(voucher) == self.paid(voucher)

    def held(self, voucher: Voucher) -> bool:
        """By an office, or by an open clawback of another voucher of the beneficiary."""
        by_clawback = any(
            c.open
            and c.redemption.voucher is not voucher
            and c.redemption.voucher.beneficiary == voucher.beneficiary
            for c in self.clawbacks
        )
        return by_clawback or any(of is voucher for of, _ in self.holds)

    def metered(self, voucher: Voucher) -> int:
        """Device time of a voucher's claims that were not replaced."""
        mine = [claim for claim in self.claims if claim.voucher is voucher and not self.superseded(claim)]
        return sum(line.allocated for claim in mine for line in claim.lines)

    # Claims, evidence, keys.

    def device_ms(self, device: int) -> int:
        """Time of a device; a replaced claim's is taken back on the devices that the new claim names."""
        total = 0
        for claim in self.claims:
            if any(line.device == device for line in claim.lines):
                total += sum(line.allocated for line in claim.lines if line.device == device)
                old = claim.replaces.lines if claim.replaces is not None else ()
                total -= sum(line.allocated for line in old if line.device == device)
        return total

    def superseded(self, claim: Claim) -> bool:
        """Whether a later claim took its place."""
        return any(other.replaces is claim for other in self.claims)

    def disputed(self, claim: Claim) -> bool:
        """Whether a claim's key was invalid when it was recorded, and nothing was settled since."""
        if claim in self.confirmed or claim in self.aside or self.superseded(claim):
            return False
        since = self.revoked_since(claim.key)
        return since is not None and since <= claim.recorded

    def counting(self, claim: Claim) -> bool:
        """Whether a claim's amount counts."""
        return claim not in self.aside and not self.superseded(claim) and not self.disputed(claim)

    def consumed(self, name: str) -> int:
        """How much of an invoice or payment is used."""
        uses = [use for item in self.redemptions for use in (item.invoice, item.payment)]
        return sum(amount for used, amount in uses if used == name)

    def revoked_since(self, key: str) -> int | None:
        """The earliest time of a key's revocation and its corrections."""
        return min((since for name, since in self.revocations if name == key), default=None)

    def suspended(self, redemption: Redemption) -> bool:
        """Whether a signature that it rests on, and nobody confirmed, was made with an invalid key."""
        return bool(self.doubtful(redemption))

    def doubtful(self, redemption: Redemption) -> list[Signed]:
        """Its signatures that were made with an invalid key and that nobody confirmed."""
        found = []
        for signed in redemption.signatures():
            since = self.revoked_since(signed.officer)
            if not signed.confirmed and since is not None and since <= signed.at:
                found.append(signed)
        return found
