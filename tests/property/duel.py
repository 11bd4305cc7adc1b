"""The rules and the naive model side by side: one act goes to both, and every difference is a Disagreement.

After each act the totals are compared and the invariants recomputed by brute force over all facts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import combinations
from math import floor
from typing import TYPE_CHECKING, Any

from property.naive_facts import Claim, Contract, Line, Redemption, Terms, Verdict, start_of
from property.naive_model import NaiveLedger
from unit.domain import registrar, scribe
from unit.domain.registrar import digest, ident
from unit.domain.town import Town
from unit.domain.world import Disagreement, must

from ledger.domain.events import ClaimAccepted
from ledger.domain.journal import LinkKind
from ledger.domain.policy import Instrument, PolicyParameters, Stacking
from ledger.domain.rejections import Rejection
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

OFFICERS = {
    "reviewer": ("reviewer", "REVIEWER"),
    "approver-1": ("approver-1", "APPROVER"),
    "approver-2": ("approver-2", "APPROVER"),
    "approver-1b": ("approver-1", "APPROVER"),
    "approver-r": ("reviewer", "APPROVER"),
    "payer": ("payer", "PAYER"),
    "payer-2": ("approver-2", "PAYER"),
}
BENEFICIARIES = {"acme": date(2019, 3, 1), "beta": date(2025, 2, 10)}
DEVICES = 3


def parameters(terms: Terms) -> PolicyParameters:
    """The model's terms as policy parameters."""
    ceiling = 10_000 if terms.ceiling_bp is None else terms.ceiling_bp
    return PolicyParameters(
        appropriation_fen=0,
        rate_bp=terms.rate_bp,
        startup_rate_bp=terms.startup_rate_bp,
        cap_fen=terms.cap,
        startup_cap_fen=terms.cap,
        hard_cap_fen=terms.hard_cap,
        stacking=Stacking.NONE if terms.ceiling_bp is None else Stacking.CEILING,
        stacking_ceiling_bp=ceiling,
        startup_stacking_ceiling_bp=ceiling,
        min_contract_fen=terms.min_contract,
        min_spend_fen=terms.min_spend,
        startup_max_age_months=terms.startup_months,
        validity_months=terms.validity_months,
    )


class Duel:
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
        for instrument, (name, policy) in zip(Instrument, terms.items(), strict=False):
            opening = town.programme(
                name, f"{appropriations[name] // 100}.{appropriations[name] % 100:02d}", instrument=instrument
            )
            town.ok(opening)
            self.publish(name, policy)

    # Facts that nothing refuses here.

    def publish(self, programme: str, terms: Terms) -> None:
        """A policy version for both."""
        self.town.ok(self.town.policy(parameters(terms), programme=programme))
        self.model.policies.append((programme, terms))

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

    def revoke(self, key: str, since: int) -> None:
        """A revocation that may only move earlier; the provider then gets another key."""
        before = self.model.revoked_since(key)
        refused = before is not None and since >= before
        verdict = Verdict({"KEY_REVOKED"} if refused else set(), None)
        self._compare(self.town.revoke(key, since), verdict)
        if not refused:
            self.model.revocations.append((key, since))
        if key == self.keys[-1]:
            self.rotate()
        self.check()

    def rotate(self) -> None:
        """One more key of the provider; it signs from now on."""
        self.keys.append(f"cloud/{len(self.keys) + 1}")
        self.town.ok(self.town.register_key("cloud", self.keys[-1]))

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
        """An application by the contract's beneficiary."""
        known = next((item for item in self.model.contracts if item.name == contract), None)
        statement = self.town.apply(
            name, contract, programme=programme, by=known.beneficiary if known else "acme"
        )
        return self._compare(statement, self.model.apply(name, programme, contract), fields=("startup",))

    def grant(self, name: str, application: str, *, named: bool = False) -> bool:
        """A grant."""
        verdict = self.model.grant(name, application, named=named)
        statement = self.town.grant(name, application, named=named)
        accepted = self._compare(statement, verdict, fields=("face_fen",))
        if accepted:
            self._check_cap(name, named=named)
        return accepted

    def expire(self, name: str) -> bool:
        """An expiry."""
        return self._compare(self.town.expire(name), self.model.expire(name), fields=("released_fen",))

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
        bound = next((item for item in self.model.vouchers if item.name == voucher), None)
        statement = self.town.redeem(
            name,
            voucher,
            claims,
            invoices=dict([invoice]),
            payments=dict([payment]),
            instalments=instalments,
            by=bound.application.contract.beneficiary if bound else "acme",
        )
        return self._compare(statement, verdict, fields=("amount_fen",))

    def verify(self, name: str, *, off: int = 0, by: str = "reviewer") -> bool:
        """A verification of what the model computes, or of `off` more."""
        amount = self.model.due(name) + off
        return self._compare(self.town.verify(name, amount, by=by), self.model.verify(name, amount, by))

    def approve(self, name: str, *, off: int = 0, by: str = "approver-1") -> bool:
        """An approval of the amount that stands, or of `off` more."""
        redemption = self.redemption(name)
        amount = redemption.amount + off
        return self._compare(self.town.approve(name, amount, by=by), self.model.approve(name, amount, by))

    def order(self, name: str, *, by: str = "payer") -> bool:
        """An order of the next instalment."""
        return self._compare(self.town.order(name, by=by), self.model.order(name, by))

    def pay(self, name: str, *, by: str = "payer", success: bool = True) -> bool:
        """A payment of the open order, or its failure."""
        statement = self.town.pay(name, by=by) if success else self.town.fail(name, by=by)
        return self._compare(statement, self.model.pay(name, by, success=success))

    def redemption(self, name: str) -> Redemption:
        """The model's redemption."""
        return next(item for item in self.model.redemptions if item.name == name)

    # Invariants, by brute force.

    def check(self) -> None:
        """Compare totals and recompute I1, I2, I3, I5, I6, I10 and I15 from the facts."""
        self._check_programmes()
        self._check_vouchers()
        self._check_redemptions()
        self._check_evidence()
        self._check_intervals()

    def _check_programmes(self) -> None:
        model, state = self.model, self.town.state
        postings: dict[bytes, int] = {}
        for event in self.town.events:
            for posting in event.draft.postings:
                postings[posting.programme_id] = postings.get(posting.programme_id, 0) + posting.amount_fen
        must(not any(postings.values()), "I15: the trial balance is not zero")
        for programme, appropriation in model.appropriations.items():
            said, own = self.town.totals_of(programme), model.totals(programme)
            must(said == own, f"I15: totals of {programme} are {said}, the facts give {own}")
            must(sum(own[1:]) <= appropriation, "I1: committed more than appropriated")
            for beneficiary in BENEFICIARIES:
                granted = state.granted_fen(programme_id=ident(programme), beneficiary_id=ident(beneficiary))
                must(granted == model.granted(programme, beneficiary), "I2: granted differs from the facts")

    def _check_cap(self, name: str, *, named: bool) -> None:
        voucher = next(item for item in self.model.vouchers if item.name == name)
        application = voucher.application
        granted = self.model.granted(application.programme, application.contract.beneficiary)
        limit = max(voucher.terms.cap, voucher.terms.hard_cap if named else 0)
        must(granted <= limit, f"I2: granted {granted}, limit {limit}")

    def _check_vouchers(self) -> None:
        model = self.model
        for voucher in model.vouchers:
            said = self.town.voucher_totals(voucher.name)
            own = (
                voucher.face,
                model.metered(voucher),
                model.redeemed(voucher),
                model.paid(voucher),
                model.released(voucher),
            )
            must(said == own, f"totals of {voucher.name} are {said}, the facts give {own}")
            must(own[3] <= own[2] <= voucher.face - own[4], "I10: more redeemed than the face")
            closed = self.town.state.vouchers[ident(voucher.name)].state.name == "CLOSED"
            must(closed == model.closed(voucher), f"{voucher.name}: closed is {closed}")
            lived = self.town.state.vouchers[ident(voucher.name)]
            until = start_of(date(1970, 1, 1)) + lived.valid_until_day * 86_400_000
            must(until > start_of(voucher.issued), "a voucher ends before it begins")

    def _check_redemptions(self) -> None:
        for item in self.model.redemptions:
            terms, startup = item.voucher.terms, item.voucher.application.startup
            rate = terms.startup_rate_bp if startup else terms.rate_bp
            held = self.town.state.redemptions[ident(item.name)]
            said, own = (held.base_fen, held.amount_fen), (item.base, item.amount)
            must(said == own, f"{item.name}: base and amount {said}, the model {own}")
            must(item.amount <= floor(Fraction(rate * item.base, 10_000)), "I3: more than the entitlement")
            paid, approved = sum(item.paid), item.amount if len(item.approvers) == 2 else 0
            verified = item.amount if item.reviewer else 0
            chain = (paid, approved, verified, item.requested, item.voucher.face)
            must(list(chain) == sorted(chain), f"I10: {chain}")
            persons = [item.reviewer, *item.approvers, item.payer]
            named = [person for person in persons if person]
            must(len(set(named)) == len(named), f"I12: {named}")

    def _check_evidence(self) -> None:
        for name, _, _, amount in self.model.evidence:
            consumed = self.town.evidence_rows[digest(f"evidence/{name}")].consumed_fen
            must(consumed == self.model.consumed(name) <= amount, f"I5: {name} consumed {consumed}")

    def _check_intervals(self) -> None:
        statements = [e.recorded.statement for e in self.town.events if isinstance(e.payload, ClaimAccepted)]
        replaced = {statement.superseded_index for statement in statements}
        by_device: dict[bytes, list[tuple[int, int]]] = {}
        for event in self.town.events:
            if isinstance(event.payload, ClaimAccepted) and event.index not in replaced:
                said = event.recorded.statement
                lines = said.lines
                for device, offset, duration in zip(
                    lines.device, lines.start_offset_ms, lines.duration_ms, strict=True
                ):
                    start = said.base_ms + offset
                    by_device.setdefault(said.device_ids[device], []).append((start, start + duration))
        for intervals in by_device.values():
            for (start, end), (other_start, other_end) in combinations(intervals, 2):
                must(end <= other_start or other_end <= start, "I6: two accepted intervals overlap")
        heads = self.town.state.heads[LinkKind.DEVICE]
        for device in range(DEVICES):
            total = heads[registrar.device_id("cloud", device)].totals[0]
            must(total == self.model.device_ms(device), f"device {device}: total {total}")


def line(
    device: int, start: int, end: int, *, price: int, allocated: int | None = None, off: int = 0
) -> Line:
    """A line whose amount is the floor, or `off` more."""
    counted = end - start if allocated is None else allocated
    return Line(device, start, end, counted, max(0, floor(Fraction(counted * price, 3_600_000)) + off))


__all__ = ["Claim", "Contract", "Disagreement", "Duel", "Line", "Terms", "line"]
