"""The naive model's applications, grants, allocations, and the ends of vouchers."""

from __future__ import annotations

from property.naive_facts import (
    Application,
    Contract,
    Verdict,
    Voucher,
    Waiting,
    day_of,
    months_later,
    share,
    start_of,
)
from property.naive_totals import NOT_THERE, NaiveTotals


class NaiveGrants(NaiveTotals):
    """Judges what is granted and what ends."""

    def officer(self, officer: str, role: str, taken: list[str] | None = None) -> set[str]:
        """Against an officer: its key, its office, or its person among those who may not."""
        person, office = self.officers[officer]
        reasons = {"KEY_REVOKED"} if self.revoked_since(officer) is not None else set()
        if office != role or person in (taken or []):
            reasons.add("SEPARATION_OF_DUTY")
        return reasons

    def publish(self, programme: str, appropriation: int) -> Verdict:
        """A policy version with an appropriation."""
        return Verdict({"STATE_CONFLICT"} if appropriation < self.committed(programme) else set())

    # Applications.

    def _bound(self, programme: str, contract: Contract) -> set[str]:
        live = [
            v
            for v in self._of(programme)
            if v.application.contract is contract and v not in self.expired and v not in self.revoked
        ]
        waiting = [w for w in self.queue(programme) if w.application.contract is contract]
        reasons = {"CONTRACT_BOUND"} if live or waiting else set()
        if self.policy(programme).exclusive and (self.public_money(contract) or self.outside(contract)):
            reasons.add("STACKING_EXCLUSIVE")
        return reasons

    def apply(self, name: str, programme: str, contract_name: str) -> Verdict:
        """An application."""
        contract = self.named(self.contracts, contract_name)
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

    def _granted_once(self, application: Application) -> bool:
        grants: list[Voucher | Waiting] = [*self.vouchers, *self.waited]
        return any(grant.application is application for grant in grants)

    def handle(self, name: str) -> Verdict:
        """Check, review and publication in one."""
        application = self.named(self.applications, name)
        if application is None:
            return NOT_THERE

        def keep() -> None:
            application.publicised = True

        return Verdict(
            {"STATE_CONFLICT"} if application.publicised or application.ended else set(), None, keep
        )

    def end(self, name: str) -> Verdict:
        """A withdrawal or a rejection."""
        application = self.named(self.applications, name)
        if application is None:
            return NOT_THERE
        over = application.ended or self._granted_once(application)

        def keep() -> None:
            application.ended = True

        return Verdict({"STATE_CONFLICT"} if over else set(), None, keep)

    def grant(self, name: str, application_name: str, *, named: bool, by: str) -> Verdict:
        """A grant; the amount is the face, or what waits."""
        application = self.named(self.applications, application_name)
        if application is None:
            return NOT_THERE
        contract, programme = application.contract, application.programme
        terms = self.policy(programme)
        reasons = self._bound(programme, contract) | self.officer(by, "APPROVER", ["clerk", "reviewer"])
        if not application.publicised or application.ended or self._granted_once(application):
            reasons.add("STATE_CONFLICT")
        entitled = share(terms.startup_rate_bp if application.startup else terms.rate_bp, contract.amount)
        granted = self.granted(programme, contract.beneficiary)
        limit = max(terms.cap, terms.hard_cap) if named else terms.cap
        rooms = [entitled, limit - granted]
        if terms.ceiling_bp is not None:
            stacking = (
                share(terms.ceiling_bp, contract.amount)
                - self.public_money(contract)
                - self.outside(contract)
            )
            rooms.append(stacking)
            if stacking <= 0:
                reasons.add("STACKING_CEILING")
        if limit - granted <= 0:
            hard = max(terms.cap, terms.hard_cap)
            reasons.add("NAMED_APPROVAL_REQUIRED" if hard > granted else "CAP_EXHAUSTED")
        if not terms.shared:
            available = self.totals(programme)[0]
            rooms.append(available)
            if available <= 0:
                reasons.add("BUDGET_EXHAUSTED")
        if entitled <= 0:
            reasons.add("STATE_CONFLICT")
        amount = min(rooms)

        def keep() -> None:
            if terms.shared:
                self.waited.append(Waiting(name, application, terms, amount))
            else:
                self.vouchers.append(Voucher(name, application, terms, amount, day_of(self.now)))

        return Verdict(reasons, amount, keep)

    def shares(self, programme: str) -> list[int]:
        """What each waiting grant would get today, in order."""
        queue, available = self.queue(programme), self.totals(programme)[0]
        wanted = sum(waiting.entitlement for waiting in queue)
        if wanted <= available:
            return [waiting.entitlement for waiting in queue]
        return [waiting.entitlement * available // wanted for waiting in queue]

    def allocate(self, programme: str) -> Verdict:
        """An allocation: who gets nothing gets no voucher."""
        queue, faces = self.queue(programme), self.shares(programme)

        def keep() -> None:
            for waiting, face in zip(queue, faces, strict=True):
                self.allotted.append(waiting)
                if face:
                    self.vouchers.append(
                        Voucher(waiting.name, waiting.application, waiting.terms, face, day_of(self.now))
                    )

        return Verdict(set() if queue else {"STATE_CONFLICT"}, None, keep)

    # Ends and holds.

    def standing(self, voucher: Voucher) -> set[str]:
        """Why a voucher takes nothing more."""
        if voucher in self.expired:
            return {"VOUCHER_EXPIRED"}
        return {"STATE_CONFLICT"} if voucher in self.revoked or self.closed(voucher) else set()

    def expire(self, name: str) -> Verdict:
        """An expiry; the amount is what is released."""
        voucher = self.named(self.vouchers, name)
        if voucher is None:
            return NOT_THERE
        until = start_of(months_later(voucher.issued, voucher.terms.validity_months))
        reasons = self.standing(voucher) | ({"STATE_CONFLICT"} if self.now < until else set())
        return self._end_voucher(reasons, voucher, self.expired)

    def revoke_voucher(self, name: str) -> Verdict:
        """A revocation; the amount is what is released."""
        voucher = self.named(self.vouchers, name)
        if voucher is None:
            return NOT_THERE
        return self._end_voucher(self.standing(voucher), voucher, self.revoked)

    def _end_voucher(self, reasons: set[str], voucher: Voucher, ended: list[Voucher]) -> Verdict:
        rest = voucher.face - self.redeemed(voucher) - self.released(voucher)

        def keep() -> None:
            ended.append(voucher)
            self.releases.append((voucher, rest))

        return Verdict(reasons, rest, keep)

    def hold(self, name: str, office: str) -> Verdict:
        """A hold of one office."""
        voucher = self.named(self.vouchers, name)
        if voucher is None:
            return NOT_THERE
        twice = {"STATE_CONFLICT"} if (voucher, office) in self.holds else set()
        return Verdict(self.standing(voucher) | twice, None, lambda: self.holds.append((voucher, office)))

    def unhold(self, name: str, office: str) -> Verdict:
        """The end of an office's hold."""
        voucher = self.named(self.vouchers, name)
        if voucher is None:
            return NOT_THERE
        reasons = set() if (voucher, office) in self.holds else {"STATE_CONFLICT"}
        return Verdict(reasons, None, lambda: self.holds.remove((voucher, office)))
