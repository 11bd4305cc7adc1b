"""A second opinion on the rules: plain lists of facts, every total recomputed from them at every question.

Written from docs/reference/format.md and sharing no code with the ledger. Times are ms, amounts fen. It knows
the rules about money, time, devices, evidence and persons; it must not know statements, links or signatures.
"""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from math import floor
from typing import TypeVar

from property.naive_facts import (
    HOUR_MS,
    Application,
    Claim,
    Contract,
    Line,
    Redemption,
    Terms,
    Verdict,
    Voucher,
    day_of,
    months_later,
    share,
    start_of,
)

NOT_THERE = Verdict({"STATE_CONFLICT"})
_Fact = TypeVar("_Fact", Contract, Application, Voucher, Claim, Redemption)


class NaiveLedger:
    """Lists of facts; `persons` and `roles` of officers are given."""

    def __init__(self, *, appropriations: dict[str, int], officers: dict[str, tuple[str, str]]) -> None:
        self.now = 0
        self.appropriations = appropriations
        self.officers = officers
        self.registered: dict[str, date] = {}
        self.policies: list[tuple[str, Terms]] = []
        self.contracts: list[Contract] = []
        self.evidence: list[tuple[str, Contract, str, int]] = []
        self.applications: list[Application] = []
        self.vouchers: list[Voucher] = []
        self.releases: list[tuple[Voucher, int]] = []
        self.expired: list[Voucher] = []
        self.claims: list[Claim] = []
        self.redemptions: list[Redemption] = []
        self.revocations: list[tuple[str, int]] = []

    # Totals, each from the facts.

    def released(self, voucher: Voucher) -> int:
        """Money that a voucher gave back."""
        return sum(amount for of, amount in self.releases if of is voucher)

    def redeemed(self, voucher: Voucher) -> int:
        """Amounts of a voucher's redemptions."""
        return sum(item.amount for item in self.redemptions if item.voucher is voucher)

    def paid(self, voucher: Voucher) -> int:
        """What was paid on a voucher."""
        return sum(sum(item.paid) for item in self.redemptions if item.voucher is voucher)

    def _of(self, programme: str) -> list[Voucher]:
        return [voucher for voucher in self.vouchers if voucher.application.programme == programme]

    def disbursed(self, programme: str) -> int:
        """Everything paid."""
        return sum(self.paid(voucher) for voucher in self._of(programme))

    def obligated(self, programme: str) -> int:
        """Approved twice and not paid."""
        vouchers = self._of(programme)
        twice = [r for r in self.redemptions if r.voucher in vouchers and len(r.approvers) == 2]
        return sum(item.amount - sum(item.paid) for item in twice)

    def committed(self, programme: str) -> int:
        """Faces less released."""
        return sum(voucher.face - self.released(voucher) for voucher in self._of(programme))

    def totals(self, programme: str) -> tuple[int, int, int, int]:
        """Available, encumbered, obligated, disbursed."""
        committed, obligated = self.committed(programme), self.obligated(programme)
        disbursed = self.disbursed(programme)
        available = self.appropriations[programme] - committed
        return available, committed - obligated - disbursed, obligated, disbursed

    def granted(self, programme: str, beneficiary: str) -> int:
        """Faces less released of one beneficiary."""
        return sum(
            voucher.face - self.released(voucher)
            for voucher in self._of(programme)
            if voucher.application.contract.beneficiary == beneficiary
        )

    def public_money(self, contract: Contract) -> int:
        """Faces less released on one contract."""
        return sum(v.face - self.released(v) for v in self.vouchers if v.application.contract is contract)

    def policy(self, programme: str) -> Terms:
        """The version in force."""
        return next(terms for name, terms in reversed(self.policies) if name == programme)

    def closed(self, voucher: Voucher) -> bool:
        """Whether nothing is left and all is paid; an expired voucher never closes."""
        if voucher in self.expired:
            return False
        return voucher.face == self.redeemed(voucher) == self.paid(voucher)

    def consumed(self, name: str) -> int:
        """How much of an invoice or payment is used."""
        uses = [use for item in self.redemptions for use in (item.invoice, item.payment)]
        return sum(amount for used, amount in uses if used == name)

    def revoked_since(self, key: str) -> int | None:
        """The earliest time of a key's revocations."""
        return min((since for name, since in self.revocations if name == key), default=None)

    def metered(self, voucher: Voucher) -> int:
        """Device time of a voucher's claims that count."""
        mine = [claim for claim in self.claims if claim.voucher is voucher and not self.superseded(claim)]
        return sum(line.allocated for claim in mine for line in claim.lines)

    def device_ms(self, device: int) -> int:
        """Time of a device; a replaced claim's is taken back on the devices that the new claim names."""
        total = 0
        for claim in self.claims:
            if any(line.device == device for line in claim.lines):
                total += sum(line.allocated for line in claim.lines if line.device == device)
                old = claim.replaces.lines if claim.replaces is not None else ()
                total -= sum(line.allocated for line in old if line.device == device)
        return total

    def disputed(self, claim: Claim) -> bool:
        """Whether a claim's key was invalid when it was recorded."""
        since = self.revoked_since(claim.key)
        return since is not None and since <= claim.recorded

    def _bound(self, programme: str, contract: Contract) -> set[str]:
        live = [
            v for v in self._of(programme) if v.application.contract is contract and v not in self.expired
        ]
        return {"CONTRACT_BOUND"} if live else set()

    @staticmethod
    def _named(facts: list[_Fact], name: str) -> _Fact | None:
        return next((fact for fact in facts if fact.name == name), None)

    # Acts.

    def apply(self, name: str, programme: str, contract_name: str) -> Verdict:
        """An application."""
        contract = self._named(self.contracts, contract_name)
        if contract is None:
            return NOT_THERE
        policy = self.policy(programme)
        reasons = self._bound(programme, contract)
        if contract.amount < policy.min_contract:
            reasons.add("MIN_CONTRACT")
        end = months_later(self.registered[contract.beneficiary], policy.startup_months)
        startup = policy.startup_months > 0 and end > day_of(self.now)
        made = Application(name, programme, contract, startup)
        return Verdict(reasons, int(startup), lambda: self.applications.append(made))

    def grant(self, name: str, application_name: str, *, named: bool) -> Verdict:
        """A grant; the amount is the face."""
        application = self._named(self.applications, application_name)
        if application is None:
            return NOT_THERE
        contract, programme = application.contract, application.programme
        terms = self.policy(programme)
        reasons = self._bound(programme, contract)
        if any(voucher.application is application for voucher in self.vouchers):
            reasons.add("STATE_CONFLICT")
        entitled = share(terms.startup_rate_bp if application.startup else terms.rate_bp, contract.amount)
        granted = self.granted(programme, contract.beneficiary)
        limit = max(terms.cap, terms.hard_cap) if named else terms.cap
        available = self.totals(programme)[0]
        rooms = [entitled, limit - granted, available]
        if terms.ceiling_bp is not None:
            stacking = share(terms.ceiling_bp, contract.amount) - self.public_money(contract)
            rooms.append(stacking)
            if stacking <= 0:
                reasons.add("STACKING_CEILING")
        if limit - granted <= 0:
            hard = max(terms.cap, terms.hard_cap)
            reasons.add("NAMED_APPROVAL_REQUIRED" if hard > granted else "CAP_EXHAUSTED")
        if available <= 0:
            reasons.add("BUDGET_EXHAUSTED")
        if entitled <= 0:
            reasons.add("STATE_CONFLICT")
        voucher = Voucher(name, application, terms, min(rooms), day_of(self.now))
        return Verdict(reasons, voucher.face, lambda: self.vouchers.append(voucher))

    def expire(self, name: str) -> Verdict:
        """An expiry; the amount is what is released."""
        voucher = self._named(self.vouchers, name)
        if voucher is None:
            return NOT_THERE
        if voucher in self.expired:
            return Verdict({"VOUCHER_EXPIRED"})
        until = start_of(months_later(voucher.issued, voucher.terms.validity_months))
        reasons = {"STATE_CONFLICT"} if self.closed(voucher) or self.now < until else set()
        rest = voucher.face - self.redeemed(voucher) - self.released(voucher)

        def keep() -> None:
            self.expired.append(voucher)
            self.releases.append((voucher, rest))

        return Verdict(reasons, rest, keep)

    def superseded(self, claim: Claim) -> bool:
        """Whether a later claim took its place."""
        return any(other.replaces is claim for other in self.claims)

    def claim(
        self, name: str, voucher_name: str, key: str, lines: tuple[Line, ...], *, replaces: str | None = None
    ) -> Verdict:
        """A claim, held against every interval of every claim that counts."""
        voucher = self._named(self.vouchers, voucher_name)
        if voucher is None:
            return NOT_THERE
        reasons = set()
        contract = voucher.application.contract
        if voucher in self.expired:
            reasons.add("VOUCHER_EXPIRED")
        elif self.closed(voucher):
            reasons.add("STATE_CONFLICT")
        if self.revoked_since(key) is not None:
            reasons.add("KEY_REVOKED")
        until = start_of(months_later(voucher.issued, voucher.terms.validity_months))
        old = self._named(self.claims, replaces) if replaces is not None else None
        if old is not None:
            in_use = any(old in item.claims for item in self.redemptions)
            if old.voucher is not voucher or in_use or self.superseded(old):
                reasons.add("STATE_CONFLICT")
        counting = [claim for claim in self.claims if claim is not old and not self.superseded(claim)]
        occupied = [line for claim in counting for line in claim.lines]
        for position, line in enumerate(lines):
            if line.start < start_of(contract.first) or line.end > start_of(
                contract.last + timedelta(days=1)
            ):
                reasons.add("OUTSIDE_CONTRACT")
            if line.start < start_of(voucher.issued) or line.end > until or line.end > self.now:
                reasons.add("OUTSIDE_VALIDITY")
            if any(
                other.device == line.device and max(other.start, line.start) < min(other.end, line.end)
                for other in (*occupied, *lines[:position])
            ):
                reasons.add("DEVICE_OVERLAP")
            if line.allocated > line.end - line.start:
                reasons.add("CAPACITY_EXCEEDED")
            if line.amount != floor(Fraction(line.allocated * contract.price, HOUR_MS)):
                reasons.add("PRICE_MISMATCH")
        made = Claim(name, voucher, key, lines, self.now, old)
        return Verdict(reasons, None, lambda: self.claims.append(made))

    def _entitled(
        self, redemption: Redemption, earlier: list[Redemption], *, at_verification: bool
    ) -> tuple[set[str], int, int]:
        voucher = redemption.voucher
        contract, terms = voucher.application.contract, voucher.terms
        base = min(
            contract.amount - sum(item.base for item in earlier),
            redemption.invoice[1],
            redemption.payment[1],
            sum(claim.amount for claim in redemption.claims if not self.disputed(claim)),
        )
        rate = terms.startup_rate_bp if voucher.application.startup else terms.rate_bp
        others = [item for item in self.redemptions if item is not redemption]
        taken = sum(item.amount for item in others if item.voucher is voucher)
        rooms = [share(rate, max(base, 0))]
        if at_verification:
            rooms.append(redemption.requested)
        if voucher not in self.expired:
            rooms.append(voucher.face - taken)
        reasons: set[str] = set()
        if terms.ceiling_bp is not None:
            on_contract = sum(i.amount for i in others if i.voucher.application.contract is contract)
            room = share(terms.ceiling_bp, contract.amount) - on_contract
            rooms.append(room)
            if room <= 0:
                reasons.add("FACE_EXCEEDED" if at_verification else "STACKING_CEILING")
        if min(rooms) <= 0:
            reasons.add("FACE_EXCEEDED")
        return reasons, max(base, 0), min(rooms)

    def redeem(
        self,
        name: str,
        voucher_name: str,
        claim_names: tuple[str, ...],
        *,
        invoice: tuple[str, int],
        payment: tuple[str, int],
        instalments: tuple[int, ...],
    ) -> Verdict:
        """A request; the amount is the redemption's."""
        voucher = self._named(self.vouchers, voucher_name)
        claims = [self._named(self.claims, claim) for claim in claim_names]
        if voucher is None or None in claims:
            return NOT_THERE
        known = tuple(claim for claim in claims if claim is not None)
        reasons: set[str] = set()
        if voucher in self.expired:
            reasons.add("VOUCHER_EXPIRED")
        elif self.closed(voucher):
            reasons.add("STATE_CONFLICT")
        used = [claim for item in self.redemptions for claim in item.claims]
        if any(claim in used for claim in known):
            reasons.add("DUPLICATE_EVIDENCE")
        if any(c.voucher is not voucher or self.disputed(c) or self.superseded(c) for c in known):
            reasons.add("STATE_CONFLICT")
        for part in (invoice, payment):
            _, contract, _, amount = next(item for item in self.evidence if item[0] == part[0])
            if contract is not voucher.application.contract or self.consumed(part[0]) + part[1] > amount:
                reasons.add("DUPLICATE_EVIDENCE")
        earlier = [item for item in self.redemptions if item.voucher is voucher]
        if sum(item.payment[1] for item in earlier) + payment[1] < voucher.terms.min_spend:
            reasons.add("MIN_SPEND")
        made = Redemption(name, voucher, known, invoice, payment, instalments, 0, 0, 0)
        more, made.base, made.amount = self._entitled(made, earlier, at_verification=False)
        made.requested = made.amount
        return Verdict(reasons | more, made.amount, lambda: self.redemptions.append(made))

    def _person(self, officer: str, role: str, taken: list[str]) -> set[str]:
        person, office = self.officers[officer]
        return {"SEPARATION_OF_DUTY"} if office != role or person in taken else set()

    def due(self, name: str) -> int:
        """The amount that a verification must name today."""
        redemption = next(item for item in self.redemptions if item.name == name)
        mine = [item for item in self.redemptions if item.voucher is redemption.voucher]
        return self._entitled(redemption, mine[: mine.index(redemption)], at_verification=True)[2]

    def verify(self, name: str, amount: int, officer: str) -> Verdict:
        """A verification at an amount."""
        redemption = self._named(self.redemptions, name)
        if redemption is None:
            return NOT_THERE
        taken = [
            person for person in (redemption.reviewer, *redemption.approvers, redemption.payer) if person
        ]
        reasons = self._person(officer, "REVIEWER", taken)
        if redemption.reviewer:
            return Verdict(reasons | {"STATE_CONFLICT"})
        voucher = redemption.voucher
        mine = [item for item in self.redemptions if item.voucher is voucher]
        more, base, due = self._entitled(redemption, mine[: mine.index(redemption)], at_verification=True)
        if amount != due:
            more.add("STATE_CONFLICT")

        def keep() -> None:
            if voucher in self.expired:
                self.releases.append((voucher, redemption.amount - due))
            redemption.base, redemption.amount = base, due
            redemption.reviewer = self.officers[officer][0]

        return Verdict(reasons | more, due, keep)

    def approve(self, name: str, amount: int, officer: str) -> Verdict:
        """One of two approvals."""
        redemption = self._named(self.redemptions, name)
        if redemption is None:
            return NOT_THERE
        taken = [
            person for person in (redemption.reviewer, *redemption.approvers, redemption.payer) if person
        ]
        reasons = self._person(officer, "APPROVER", taken)
        if not redemption.reviewer or len(redemption.approvers) == 2 or amount != redemption.amount:
            reasons.add("STATE_CONFLICT")
        return Verdict(reasons, None, lambda: redemption.approvers.append(self.officers[officer][0]))

    def _payer(self, redemption: Redemption, officer: str) -> set[str]:
        return self._person(officer, "PAYER", [redemption.reviewer, *redemption.approvers])

    def order(self, name: str, officer: str) -> Verdict:
        """An order of the next unpaid instalment."""
        redemption = self._named(self.redemptions, name)
        if redemption is None:
            return NOT_THERE
        reasons = self._payer(redemption, officer)
        done = len(redemption.paid) == len(redemption.instalments)
        if len(redemption.approvers) < 2 or redemption.order_open or done:
            reasons.add("STATE_CONFLICT")

        def keep() -> None:
            redemption.order_open, redemption.payer = True, self.officers[officer][0]

        return Verdict(reasons, None, keep)

    def pay(self, name: str, officer: str, *, success: bool) -> Verdict:
        """A payment of the open order, or its failure."""
        redemption = self._named(self.redemptions, name)
        if redemption is None:
            return NOT_THERE
        reasons = self._payer(redemption, officer)
        if not redemption.order_open:
            reasons.add("STATE_CONFLICT")

        def keep() -> None:
            redemption.order_open = False
            if success:
                redemption.paid.append(redemption.parts()[len(redemption.paid)])

        return Verdict(reasons, None, keep)
