"""The naive model's claims, redemptions, decisions and payments, and the doubts that revoked keys leave."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from math import floor

from property.naive_facts import (
    HOUR_MS,
    Claim,
    Contract,
    Line,
    Redemption,
    Signed,
    Verdict,
    months_later,
    share,
    start_of,
)
from property.naive_grants import NaiveGrants
from property.naive_totals import NOT_THERE


class NaiveUse(NaiveGrants):
    """Judges what is used and paid."""

    # Claims.

    def claim(
        self, name: str, voucher_name: str, key: str, lines: tuple[Line, ...], *, replaces: str | None = None
    ) -> Verdict:
        """A claim, held against every interval of every claim that was not replaced."""
        voucher = self.named(self.vouchers, voucher_name)
        if voucher is None:
            return NOT_THERE
        contract = voucher.application.contract
        reasons = self.standing(voucher) | ({"VOUCHER_HELD"} if self.held(voucher) else set())
        if self.revoked_since(key) is not None:
            reasons.add("KEY_REVOKED")
        until = start_of(months_later(voucher.issued, voucher.terms.validity_months))
        old = self.named(self.claims, replaces) if replaces is not None else None
        if old is not None:
            in_use = any(old in item.claims for item in self.redemptions)
            if old.voucher is not voucher or in_use or self.superseded(old) or old in self.aside:
                reasons.add("STATE_CONFLICT")
        counting = [claim for claim in self.claims if claim is not old and not self.superseded(claim)]
        occupied = [line for claim in counting for line in claim.lines]
        for position, line in enumerate(lines):
            if line.start < start_of(contract.first) or line.end > start_of(
                contract.last + timedelta(days=1)
            ):
                reasons.add("OUTSIDE_CONTRACT")
            early = line.start < start_of(voucher.issued) and not voucher.terms.ex_post
            if early or line.end > until or line.end > self.now:
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

    def set_aside(self, name: str) -> Verdict:
        """A disputed claim that no redemption uses is settled for good."""
        claim = self.named(self.claims, name)
        if claim is None:
            return NOT_THERE
        in_use = any(claim in item.claims for item in self.redemptions)
        reasons = {"STATE_CONFLICT"} if in_use or not self.disputed(claim) else set()
        return Verdict(reasons, None, lambda: self.aside.append(claim))

    def reconfirm(self, claim_name: str | None, redemption_name: str | None) -> Verdict:
        """A disputed claim, or a suspended redemption that is not fully paid, counts again."""
        claim = self.named(self.claims, claim_name) if claim_name else None
        redemption = self.named(self.redemptions, redemption_name) if redemption_name else None
        reasons: set[str] = set()
        if claim is not None and not self.disputed(claim):
            reasons.add("STATE_CONFLICT")
        if redemption is not None and (redemption.done or not self.suspended(redemption)):
            reasons.add("STATE_CONFLICT")

        def keep() -> None:
            if claim is not None:
                self.confirmed.append(claim)
            for signed in self.doubtful(redemption) if redemption is not None else ():
                signed.confirmed = True

        return Verdict(reasons, None, keep)

    # Evidence.

    def cancel(self, name: str) -> Verdict:
        """An invoice is red-lettered or void, once."""
        reasons = {"STATE_CONFLICT"} if name in self.cancelled else set()
        return Verdict(reasons, None, lambda: self.cancelled.append(name))

    def support(self, contract: Contract, amount: int) -> Verdict:
        """Other public money on a contract; nothing is against it."""
        return Verdict(set(), None, lambda: self.supports.append((contract, amount)))

    # Redemptions.

    def _entitled(
        self, redemption: Redemption, earlier: list[Redemption], *, new: bool
    ) -> tuple[set[str], int, int]:
        """Reasons, base and amount of a redemption on the facts of this moment."""
        voucher = redemption.voucher
        contract, terms = voucher.application.contract, voucher.terms
        invoice, invoiced = redemption.invoice
        base = min(
            contract.amount - sum(item.base for item in earlier),
            0 if invoice in self.cancelled else invoiced,
            redemption.payment[1],
            sum(claim.amount for claim in redemption.claims if self.counting(claim)),
        )
        rate = terms.startup_rate_bp if voucher.application.startup else terms.rate_bp
        others = [item for item in self.redemptions if item is not redemption]
        taken = sum(item.amount for item in others if item.voucher is voucher)
        rooms = [share(rate, max(base, 0)), voucher.face - taken - self.released(voucher)]
        if not new:
            rooms.append(redemption.amount)
        reasons: set[str] = set()
        outside = self.outside(contract)
        if terms.exclusive and outside:
            rooms.append(0)
            reasons.add("STACKING_EXCLUSIVE" if new else "FACE_EXCEEDED")
        if terms.ceiling_bp is not None:
            elsewhere = sum(
                item.amount - self._claimed_back(item)
                for item in others
                if item.voucher.application.contract is contract
            )
            room = share(terms.ceiling_bp, contract.amount) - outside - elsewhere
            rooms.append(room)
            if room <= 0:
                reasons.add("STACKING_CEILING" if new else "FACE_EXCEEDED")
        if min(rooms) <= 0:
            reasons.add("FACE_EXCEEDED")
        return reasons, max(base, 0), min(rooms)

    def _claimed_back(self, redemption: Redemption) -> int:
        return sum(c.determined or 0 for c in self.clawbacks if c.redemption is redemption)

    def today(self, redemption: Redemption) -> tuple[set[str], int, int]:
        """Reasons, base and amount of a verification today."""
        mine = [item for item in self.redemptions if item.voucher is redemption.voucher]
        return self._entitled(redemption, mine[: mine.index(redemption)], new=False)

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
        voucher = self.named(self.vouchers, voucher_name)
        claims = [self.named(self.claims, claim) for claim in claim_names]
        if voucher is None or None in claims:
            return NOT_THERE
        known = tuple(claim for claim in claims if claim is not None)
        reasons = self.standing(voucher) | ({"VOUCHER_HELD"} if self.held(voucher) else set())
        used = [claim for item in self.redemptions for claim in item.claims]
        if any(claim in used for claim in known):
            reasons.add("DUPLICATE_EVIDENCE")
        if any(c.voucher is not voucher or not self.counting(c) for c in known):
            reasons.add("STATE_CONFLICT")
        if invoice[0] in self.cancelled:
            reasons.add("STATE_CONFLICT")
        for part in (invoice, payment):
            _, contract, _, amount = next(item for item in self.evidence if item[0] == part[0])
            if contract is not voucher.application.contract or self.consumed(part[0]) + part[1] > amount:
                reasons.add("DUPLICATE_EVIDENCE")
        earlier = [item for item in self.redemptions if item.voucher is voucher]
        if sum(item.payment[1] for item in earlier) + payment[1] < voucher.terms.min_spend:
            reasons.add("MIN_SPEND")
        made = Redemption(name, voucher, known, invoice, payment, instalments, 0, 0, 0)
        more, made.base, made.amount = self._entitled(made, earlier, new=True)
        made.requested = made.amount
        return Verdict(reasons | more, made.amount, lambda: self.redemptions.append(made))

    # Decisions and payments.

    def _kept_back(self, redemption: Redemption) -> set[str]:
        """What keeps a decision back until the order."""
        reasons = {"VOUCHER_HELD"} if self.held(redemption.voucher) else set()
        return reasons | ({"STATE_CONFLICT"} if self.suspended(redemption) else set())

    def _signed(self, officer: str) -> Signed:
        return Signed(officer, self.officers[officer][0], self.now)

    def due(self, name: str) -> int:
        """The amount that a verification must name today."""
        redemption = next(item for item in self.redemptions if item.name == name)
        return self.today(redemption)[2]

    def verify(self, name: str, amount: int, officer: str) -> Verdict:
        """A verification at an amount."""
        redemption = self.named(self.redemptions, name)
        if redemption is None:
            return NOT_THERE
        others = [signed.person for signed in redemption.signatures() if signed is not redemption.reviewer]
        reasons = self.officer(officer, "REVIEWER", others) | self._kept_back(redemption)
        if redemption.reviewer is not None:
            return Verdict(reasons | {"STATE_CONFLICT"})
        more, base, due = self.today(redemption)
        if amount != due:
            more.add("STATE_CONFLICT")
        voucher = redemption.voucher

        def keep() -> None:
            if voucher in self.expired or voucher in self.revoked:
                self.releases.append((voucher, redemption.amount - due))
            redemption.base, redemption.amount = base, due
            redemption.reviewer = self._signed(officer)

        return Verdict(reasons | more, due, keep)

    def approve(self, name: str, amount: int, officer: str) -> Verdict:
        """One of two approvals."""
        redemption = self.named(self.redemptions, name)
        if redemption is None:
            return NOT_THERE
        taken = [signed.person for signed in redemption.signatures()]
        reasons = self.officer(officer, "APPROVER", taken) | self._kept_back(redemption)
        complete = len(redemption.approvers) == 2
        if redemption.reviewer is None or complete or amount != redemption.amount:
            reasons.add("STATE_CONFLICT")
        return Verdict(reasons, None, lambda: redemption.approvers.append(self._signed(officer)))

    def _payer(self, redemption: Redemption, officer: str) -> set[str]:
        taken = [signed.person for signed in redemption.signatures() if signed not in redemption.payers]
        return self.officer(officer, "PAYER", taken)

    def order(self, name: str, officer: str) -> Verdict:
        """An order of the next unpaid instalment."""
        redemption = self.named(self.redemptions, name)
        if redemption is None:
            return NOT_THERE
        reasons = self._payer(redemption, officer) | self._kept_back(redemption)
        if len(redemption.approvers) < 2 or redemption.order_open or redemption.done:
            reasons.add("STATE_CONFLICT")

        def keep() -> None:
            redemption.order_open = True
            redemption.payers.append(self._signed(officer))

        return Verdict(reasons, None, keep)

    def pay(self, name: str, officer: str, *, success: bool) -> Verdict:
        """A payment of the open order, or its failure; a hold or a doubt does not undo it."""
        redemption = self.named(self.redemptions, name)
        if redemption is None:
            return NOT_THERE
        reasons = self._payer(redemption, officer)
        if not redemption.order_open:
            reasons.add("STATE_CONFLICT")

        def keep() -> None:
            redemption.order_open = False
            redemption.payers.append(self._signed(officer))
            if success:
                redemption.paid.append(redemption.parts()[len(redemption.paid)])

        return Verdict(reasons, None, keep)
