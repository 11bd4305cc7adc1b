"""The rules and the naive model side by side: one act goes to both, and every difference is a Disagreement.

After each act the totals are compared and the invariants recomputed by brute force over all facts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

from property.duel_checks import DuelChecks
from property.naive_facts import Claim, Clawback, Contract, Line, Redemption, Terms, Verdict
from property.naive_model import NaiveLedger
from unit.domain import scribe
from unit.domain.registrar import ROOTS, ident
from unit.domain.town import Town
from unit.domain.world import Disagreement, must

from ledger.domain.policy import Allocation, Mode, PolicyParameters, Stacking
from ledger.domain.rejections import Rejection
from ledger.domain.vocabulary import InvoiceStatus, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

OFFICERS = {
    "reviewer": ("reviewer", "REVIEWER"),
    "reviewer-2": ("second", "REVIEWER"),
    "approver-1": ("approver-1", "APPROVER"),
    "approver-2": ("approver-2", "APPROVER"),
    "approver-1b": ("approver-1", "APPROVER"),
    "approver-r": ("reviewer", "APPROVER"),
    "payer": ("payer", "PAYER"),
    "payer-2": ("approver-2", "PAYER"),
    "payer-3": ("third", "PAYER"),
}
SPARE = ("reviewer-2", "payer-3")
"""Officers whose keys may be revoked; the others have to go on."""
BENEFICIARIES = {"acme": date(2019, 3, 1), "beta": date(2025, 2, 10)}
DEVICES = 3


def parameters(terms: Terms) -> PolicyParameters:
    """The model's terms as policy parameters."""
    ceiling = 10_000 if terms.ceiling_bp is None else terms.ceiling_bp
    stacking = Stacking.NONE if terms.ceiling_bp is None else Stacking.CEILING
    return PolicyParameters(
        appropriation_fen=terms.appropriation or 0,
        rate_bp=terms.rate_bp,
        startup_rate_bp=terms.startup_rate_bp,
        cap_fen=terms.cap,
        startup_cap_fen=terms.cap,
        hard_cap_fen=terms.hard_cap,
        stacking=Stacking.EXCLUSIVE if terms.exclusive else stacking,
        stacking_ceiling_bp=ceiling,
        startup_stacking_ceiling_bp=ceiling,
        min_contract_fen=terms.min_contract,
        min_spend_fen=terms.min_spend,
        startup_max_age_months=terms.startup_months,
        validity_months=terms.validity_months,
        public_notice_days=0,
        allocation=Allocation.PRO_RATA if terms.shared else Allocation.FCFS,
        mode=Mode.EX_POST if terms.ex_post else Mode.QUOTA,
    )


class Duel(DuelChecks):
    """Two ledgers of the same acts."""

    def __init__(self, terms: Mapping[str, Terms], appropriations: dict[str, int]) -> None:
        self.town = Town()
        self.model = NaiveLedger(appropriations=appropriations, officers=OFFICERS)
        self.model.now = self.town.now_ms
        self.keys = ["cloud"]
        self.refused = 0
        self.accepted = 0
        town = self.town
        town.open_ledger()
        for label, (person, role) in OFFICERS.items():
            if ident(label) not in town.state.officers:
                town.ok(town.appoint(label, Role[role], person=person))
        town.provider("cloud", device_count=DEVICES)
        for label, registered in BENEFICIARIES.items():
            town.beneficiary(label, registered=registered.isoformat())
            self.model.registered[label] = registered
        for year, (name, policy) in enumerate(terms.items(), start=2026):
            amount = appropriations[name]
            town.ok(town.programme(name, f"{amount // 100}.{amount % 100:02d}", year=year))
            self.publish(name, policy)

    def publish(self, programme: str, terms: Terms) -> bool:
        """A policy version for both; one with less money than is committed is refused."""
        amount = terms.appropriation
        verdict = Verdict(set()) if amount is None else self.model.publish(programme, amount)
        verdict.keep = lambda: self.model.policies.append((programme, terms))
        return self._compare(self.town.policy(parameters(terms), programme=programme), verdict)

    def advance(self, ms: int) -> None:
        """Both clocks."""
        self.town.now_ms += ms
        self.model.now += ms

    def contract(self, contract: Contract, *, invoice: int, payment: int) -> None:
        """A contract with an invoice `i-…` and a payment `p-…`."""
        town, name = self.town, contract.name
        days = (contract.first.isoformat(), contract.last.isoformat())
        prices = {"H800": contract.price}
        statement = town.contract(
            name, contract.amount, beneficiary=contract.beneficiary, days=days, prices=prices
        )
        newest = self.keys[-1]
        town.ok(replace(statement, header=town.header(contract.beneficiary, newest)))
        town.ok(town.invoice(f"i-{name}", name, invoice, by=newest))
        town.ok(town.payment(f"p-{name}", name, payment, by=contract.beneficiary))
        self.model.contracts.append(contract)
        self.model.evidence.append((f"i-{name}", contract, "INVOICE", invoice))
        self.model.evidence.append((f"p-{name}", contract, "PAYMENT", payment))

    # Keys.

    def revoke(self, key: str, since: int) -> None:
        """A revocation, or its correction where there is one; the provider then gets another key."""
        before = self.model.revoked_since(key)
        refused = before is not None and since >= before
        verdict = Verdict({"STATE_CONFLICT"} if refused else set())
        verdict.keep = lambda: self.model.revocations.append((key, since))
        by: dict[str, Any] = {"by": ROOTS} if key in OFFICERS else {}
        statement = self.town.revoke if before is None else self.town.correct
        self._compare(statement(key, since, **by), verdict)
        if key == self.keys[-1]:
            self.rotate()

    def rotate(self) -> None:
        """One more key of the provider; it signs from now on."""
        self.keys.append(f"cloud/{len(self.keys) + 1}")
        self.town.ok(self.town.register_key("cloud", self.keys[-1]))

    def reconfirm(self, claim: str | None = None, redemption: str | None = None) -> bool:
        """A reconfirmation by two approvers."""
        statement = self.town.reconfirm([claim] if claim else [], [redemption] if redemption else [])
        return self._compare(statement, self.model.reconfirm(claim, redemption))

    def set_aside(self, claim: str) -> bool:
        """A claim is settled."""
        return self._compare(self.town.set_aside(claim), self.model.set_aside(claim))

    # Acts.

    def _compare(self, statement: Any, verdict: Verdict, *, fields: tuple[str, ...] = ()) -> bool:
        name = type(statement).__name__
        answer = self.town.send(statement)[0]
        said = answer.reason.name if isinstance(answer, Rejection) else None
        must(said == verdict.first, f"{name}: the rules say {said}, the model {verdict.first}")
        if isinstance(answer, Rejection):
            self.refused += 1
            return False
        for field in fields:
            value = int(getattr(answer.payload, field))
            must(value == verdict.amount, f"{name}: {field} {value}, the model {verdict.amount}")
        verdict.keep()
        self.accepted += 1
        self.check()
        return True

    def apply(self, name: str, programme: str, contract: str) -> bool:
        """An application by the contract's beneficiary, and its way through the notice."""
        known = self.model.named(self.model.contracts, contract)
        statement = self.town.apply(
            name, contract, programme=programme, by=known.beneficiary if known else "acme"
        )
        verdict = self.model.apply(name, programme, contract)
        return self._compare(statement, verdict, fields=("startup",)) and self.handle(name)

    def handle(self, name: str) -> bool:
        """Check, review and publication of an application."""
        verdict = self.model.handle(name)
        if verdict.reasons:
            return self._compare(self.town.check(name), verdict)
        self.town.ok(self.town.check(name))
        self.town.ok(self.town.review(name))
        return self._compare(self.town.publicise(name), verdict)

    def withdraw(self, name: str) -> bool:
        """A withdrawal by the applicant."""
        known = self.model.named(self.model.applications, name)
        by = known.contract.beneficiary if known else "acme"
        return self._compare(self.town.withdraw(name, by=by), self.model.end(name))

    def reject(self, name: str) -> bool:
        """A rejection."""
        return self._compare(self.town.reject(name), self.model.end(name))

    def grant(self, name: str, application: str, *, named: bool = False, by: str = "approver-1") -> bool:
        """A grant, which waits under PRO_RATA."""
        verdict = self.model.grant(name, application, named=named, by=by)
        known = self.model.named(self.model.applications, application)
        shared = known is not None and self.model.policy(known.programme).shared
        statement = self.town.grant(name, application, named=named, by=by)
        accepted = self._compare(statement, verdict, fields=("entitlement_fen" if shared else "face_fen",))
        if accepted:
            self.check_cap(name, named=named)
        return accepted

    def allocate(self, programme: str) -> bool:
        """An allocation: every share is compared."""
        shares = self.model.shares(programme)
        accepted = self._compare(self.town.allocate(programme), self.model.allocate(programme))
        if accepted:
            faces = [event.payload.face_fen for event in self.town.events[-len(shares) :]]
            must(faces == shares, f"the rules allot {faces}, the model {shares}")
        return accepted

    def expire(self, name: str) -> bool:
        """An expiry."""
        return self._compare(self.town.expire(name), self.model.expire(name), fields=("released_fen",))

    def revoke_voucher(self, name: str) -> bool:
        """A revocation of a voucher."""
        verdict = self.model.revoke_voucher(name)
        return self._compare(self.town.revoke_voucher(name), verdict, fields=("released_fen",))

    def hold(self, name: str, *, office: str = "CLERK", release: bool = False) -> bool:
        """A hold of the clerk's or the auditor's office, or its end."""
        by = {"CLERK": "clerk", "AUDITOR": "auditor-1"}[office]
        if release:
            statement: Any = self.town.unhold(name, by=by, role=Role[office])
            return self._compare(statement, self.model.unhold(name, office))
        return self._compare(self.town.hold(name, by=by, role=Role[office]), self.model.hold(name, office))

    def claim(
        self,
        name: str,
        voucher: str,
        *lines: Line,
        price: int,
        key: str | None = None,
        replaces: str | None = None,
    ) -> bool:
        """A claim signed by the provider's newest key, or another, in place of an earlier one."""
        signer = key or self.keys[-1]
        index = None if replaces is None else self.town.claim_rows[ident(replaces)].leaf_index
        said = [scribe.Line(x.device, x.start, x.end, x.allocated, x.amount) for x in lines]
        statement = self.town.claim(name, voucher, *said, price_fen=price, by=signer, superseding=index)
        return self._compare(statement, self.model.claim(name, voucher, signer, lines, replaces=replaces))

    def cancel(self, invoice: str, *, void: bool = False) -> bool:
        """A red-letter invoice, or a void one."""
        status = InvoiceStatus.VOID if void else InvoiceStatus.RED_LETTERED
        return self._compare(self.town.cancel(invoice, status), self.model.cancel(invoice))

    def outside(self, contract: str, amount: int) -> bool:
        """Outside support on a contract."""
        known = next(item for item in self.model.contracts if item.name == contract)
        return self._compare(self.town.outside(contract, amount), self.model.support(known, amount))

    def redeem(
        self,
        name: str,
        voucher: str,
        claims: tuple[str, ...],
        *,
        invoice: tuple[str, int],
        payment: tuple[str, int],
        instalments: tuple[int, ...] = (10_000,),
    ) -> bool:
        """A request by the voucher's beneficiary."""
        verdict = self.model.redeem(
            name, voucher, claims, invoice=invoice, payment=payment, instalments=instalments
        )
        bound = self.model.named(self.model.vouchers, voucher)
        statement = self.town.redeem(
            name,
            voucher,
            claims,
            invoices=dict([invoice]),
            payments=dict([payment]),
            instalments=instalments,
            by=bound.beneficiary if bound else "acme",
        )
        return self._compare(statement, verdict, fields=("amount_fen",))

    def verify(self, name: str, *, off: int = 0, by: str = "reviewer") -> bool:
        """A verification of what the model computes, or of `off` more."""
        amount = self.model.due(name) + off
        return self._compare(self.town.verify(name, amount, by=by), self.model.verify(name, amount, by))

    def approve(self, name: str, *, off: int = 0, by: str = "approver-1") -> bool:
        """An approval of the amount that stands, or of `off` more."""
        amount = self.redemption(name).amount + off
        return self._compare(self.town.approve(name, amount, by=by), self.model.approve(name, amount, by))

    def order(self, name: str, *, by: str = "payer") -> bool:
        """An order of the next instalment."""
        return self._compare(self.town.order(name, by=by), self.model.order(name, by))

    def pay(self, name: str, *, by: str = "payer", success: bool = True) -> bool:
        """A payment of the open order, or its failure."""
        statement = self.town.pay(name, by=by) if success else self.town.fail(name, by=by)
        return self._compare(statement, self.model.pay(name, by, success=success))

    def settle(self, name: str) -> None:
        """The whole way of a redemption, as far as the rules let it go."""
        self.verify(name)
        self.approve(name, by="approver-1")
        self.approve(name, by="approver-2")
        while self.order(name):
            self.pay(name)

    def redemption(self, name: str) -> Redemption:
        """The model's redemption."""
        return next(item for item in self.model.redemptions if item.name == name)

    # Money that is claimed back.

    def open_clawback(self, name: str, redemption: str) -> bool:
        """An opening; the entitlement of the day is compared."""
        verdict = self.model.open_clawback(name, redemption)
        statement = self.town.open_clawback(name, redemption)
        return self._compare(statement, verdict, fields=("entitlement_fen",))

    def notify(self, name: str) -> bool:
        """The notice of a clawback."""
        return self._compare(self.town.notify(name), self.model.notify(name))

    def appeal(self, name: str) -> bool:
        """The beneficiary's appeal."""
        by = self.clawback(name).redemption.voucher.beneficiary
        return self._compare(self.town.appeal(name, by=by), self.model.appeal(name))

    def determine(self, name: str, *, off: int = 0) -> bool:
        """The determination of what the model computes, or of `off` more."""
        amount = max(0, self.model.determinable(self.clawback(name).redemption) + off)
        verdict = self.model.determine(name, amount)
        return self._compare(self.town.determine(name, amount), verdict, fields=("entitlement_fen",))

    def repay(self, name: str, amount: int) -> bool:
        """A repayment."""
        return self._compare(self.town.repay(name, amount), self.model.repay(name, amount))

    def write_off(self, name: str) -> bool:
        """A write-off of what is outstanding, or of a fen where nothing is."""
        amount = max(1, self.clawback(name).outstanding)
        return self._compare(self.town.write_off(name, amount), self.model.write_off(name))

    def fine(self, name: str, amount: int) -> bool:
        """A fine."""
        return self._compare(self.town.fine(name, amount), self.model.fine(name, amount))

    def clawback(self, name: str) -> Clawback:
        """The model's clawback."""
        return next(item for item in self.model.clawbacks if item.name == name)


def line(
    device: int, start: int, end: int, *, price: int, allocated: int | None = None, off: int = 0
) -> Line:
    """A line whose amount is the floor, or `off` more."""
    counted = end - start if allocated is None else allocated
    return Line(device, start, end, counted, max(0, floor(Fraction(counted * price, 3_600_000)) + off))


__all__ = ["Claim", "Contract", "Disagreement", "Duel", "Line", "Terms", "line"]
