"""Random acts against the naive model: same answers, same amounts, same totals, invariants after every step."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from property.duel import OFFICERS, SPARE, Contract, Duel, Line, Terms, line
from property.naive_facts import DAY_MS, HOUR_MS, day_of, start_of

PROGRAMMES = ("gpu", "next")
FIRST, LAST = date(2026, 1, 5), date(2026, 4, 30)
TERMS = st.builds(
    Terms,
    rate_bp=st.sampled_from([5_000, 3_333, 6_001, 10_000, 1]),
    startup_rate_bp=st.sampled_from([5_000, 6_000, 9_999]),
    cap=st.sampled_from([50_000, 7_001, 50_000, 2_000, 0]),
    hard_cap=st.sampled_from([0, 10_000]),
    ceiling_bp=st.sampled_from([None, 6_000, 5_000]),
    exclusive=st.just(False),
    min_contract=st.sampled_from([0, 500]),
    min_spend=st.sampled_from([0, 0, 700]),
    validity_months=st.sampled_from([2, 1, 4]),
    startup_months=st.sampled_from([0, 12]),
    shared=st.sampled_from([False, False, True]),
    ex_post=st.booleans(),
)
EXCLUSIVE = st.builds(
    Terms,
    rate_bp=st.just(5_000),
    startup_rate_bp=st.just(5_000),
    cap=st.just(50_000),
    hard_cap=st.just(0),
    exclusive=st.just(True),
    shared=st.booleans(),
)
OFFSETS = st.sampled_from([0, 0, 0, 0, 0, 0, 1, -1])
MEDDLING = ("allocate", "end", "hold", "release", "release", "revoke", "outside", "cancel")
PEOPLE = st.sampled_from(sorted(OFFICERS))
INSTALMENTS = st.sampled_from([(10_000,), (10_000,), (3_333, 3_333, 3_334), (1, 9_999)])
AMOUNTS = st.integers(1, 9_000)


class LedgerMachine(RuleBasedStateMachine):
    """Drives a `Duel`; whom an act names is drawn from what exists."""

    duel: Duel
    count: int

    @initialize(first=TERMS, second=TERMS, money=st.tuples(st.integers(1, 30_000), st.integers(1, 30_000)))
    def open(self, first: Terms, second: Terms, money: tuple[int, int]) -> None:
        """Two programmes of little money."""
        self.count = 0
        self.duel = Duel(
            dict(zip(PROGRAMMES, (first, second), strict=True)), dict(zip(PROGRAMMES, money, strict=True))
        )
        self.sign(beneficiary="acme", amount=9_000, invoice=9_000, payment=9_000, short=False)
        self.sign(beneficiary="beta", amount=3_001, invoice=3_001, payment=2_000, short=True)
        for programme, contract in (("gpu", "c1"), ("next", "c1"), ("gpu", "c2")):
            name = self.label("a")
            if self.duel.apply(name, programme, contract):
                self.duel.grant(f"v-{name}", name)
        for programme in PROGRAMMES:
            self.duel.allocate(programme)
        self.duel.advance(20 * DAY_MS)

    def label(self, prefix: str) -> str:
        """A fresh label."""
        self.count += 1
        return f"{prefix}{self.count}"

    def sign(self, *, beneficiary: str, amount: int, invoice: int, payment: int, short: bool) -> None:
        """A contract with its evidence."""
        last = date(2026, 2, 20) if short else LAST
        contract = Contract(self.label("c"), beneficiary, amount, FIRST, last, 2_000)
        self.duel.contract(contract, invoice=invoice, payment=payment)

    @rule(beneficiary=st.sampled_from(["acme", "beta"]), amount=AMOUNTS, invoice=AMOUNTS, short=st.booleans())
    def contract(self, beneficiary: str, amount: int, invoice: int, *, short: bool) -> None:
        """Another contract."""
        self.sign(beneficiary=beneficiary, amount=amount, invoice=invoice, payment=amount, short=short)

    @rule(
        programme=st.sampled_from(PROGRAMMES),
        terms=st.one_of(TERMS, TERMS, EXCLUSIVE),
        change=st.sampled_from([None, None, -1, 0, 5_000]),
    )
    def publish(self, programme: str, terms: Terms, change: int | None) -> None:
        """A new policy version, sometimes with an appropriation around what is committed."""
        if change is not None:
            amount = max(1, self.duel.model.committed(programme) + change)
            terms = replace(terms, appropriation=amount)
        self.duel.publish(programme, terms)

    @rule(days=st.sampled_from([1, 5, 10, 27]), hours=st.integers(0, 24))
    def advance(self, days: int, hours: int) -> None:
        """Time passes."""
        if self.duel.model.now < start_of(date(2026, 8, 1)):
            self.duel.advance(days * DAY_MS + hours * HOUR_MS)

    @rule(data=st.data(), programme=st.sampled_from(PROGRAMMES), named=st.booleans())
    def award(self, data: st.DataObject, programme: str, *, named: bool) -> None:
        """An application and, where it is taken, its grant."""
        contract = data.draw(st.sampled_from(self.duel.model.contracts))
        name = self.label("a")
        if self.duel.apply(name, programme, contract.name):
            self.duel.grant(f"v-{name}", name, named=named)

    @precondition(lambda self: self.duel.model.applications)
    @rule(data=st.data(), by=st.sampled_from(["approver-1", "approver-1", "approver-r", "payer"]))
    def grant_again(self, data: st.DataObject, by: str) -> None:
        """A grant of any application, granted or not."""
        application = data.draw(st.sampled_from(self.duel.model.applications))
        self.duel.grant(self.label("v"), application.name, by=by)

    @precondition(lambda self: self.duel.model.vouchers)
    @rule(
        data=st.data(),
        days=st.sampled_from([0, 1, 2, 3, 10, -1]),
        marks=st.lists(
            st.tuples(st.integers(0, 2), st.integers(0, 8), st.integers(1, 4)), min_size=1, max_size=3
        ),
        off=OFFSETS,
        over=st.sampled_from([0, 0, 0, 0, 0, 1]),
    )
    def claim(
        self, data: st.DataObject, days: int, marks: list[tuple[int, int, int]], off: int, over: int
    ) -> None:
        """Usage of one to three lines on a coarse grid of half hours, sometimes a fen or a ms off."""
        voucher = data.draw(st.sampled_from(self.duel.model.vouchers))
        start = start_of(voucher.issued + timedelta(days=days))
        half = HOUR_MS // 2
        lines: list[Line] = [
            line(
                device,
                start + first * half,
                start + (first + length) * half,
                price=2_000,
                allocated=length * half + over,
                off=off,
            )
            for device, first, length in marks
        ]
        key = data.draw(st.sampled_from([self.duel.keys[-1], self.duel.keys[-1], self.duel.keys[0]]))
        replaces = None
        if self.duel.model.claims and data.draw(st.integers(0, 3)) == 0:
            replaces = data.draw(st.sampled_from(self.duel.model.claims)).name
        self.duel.claim(self.label("u"), voucher.name, *lines, price=2_000, key=key, replaces=replaces)

    @precondition(lambda self: self.duel.model.vouchers)
    @rule(
        data=st.data(),
        halves=st.integers(1, 6),
        part=st.integers(1, 2_500),
        instalments=INSTALMENTS,
        early=st.booleans(),
    )
    def use_and_redeem(
        self, data: st.DataObject, halves: int, part: int, instalments: tuple[int, ...], *, early: bool
    ) -> None:
        """A claim on a quiet hour, a redemption of it with small parts of the right evidence, its payment."""
        voucher = data.draw(st.sampled_from(self.duel.model.vouchers))
        claim, name = self.label("u"), self.label("r")
        start = start_of(voucher.issued + timedelta(days=4)) + self.count * 2 * HOUR_MS
        usage = line(self.count % 3, start, start + halves * HOUR_MS // 2, price=2_000)
        contract = voucher.application.contract.name
        if self.duel.claim(claim, voucher.name, usage, price=2_000):
            taken = self.duel.redeem(
                name,
                voucher.name,
                (claim,),
                invoice=(f"i-{contract}", part),
                payment=(f"p-{contract}", part),
                instalments=instalments,
            )
            if taken and not early:
                self.duel.settle(name)

    @precondition(lambda self: self.duel.model.claims)
    @rule(data=st.data(), invoice=AMOUNTS, payment=AMOUNTS, instalments=INSTALMENTS)
    def redeem(self, data: st.DataObject, invoice: int, payment: int, instalments: tuple[int, ...]) -> None:
        """Claims of one voucher, rarely one of another, with parts of some contract's evidence."""
        model = self.duel.model
        first = data.draw(st.sampled_from(model.claims))
        used = {claim.name for item in model.redemptions for claim in item.claims}
        mine = [c.name for c in model.claims if c.voucher is first.voucher and c.name not in used]
        chosen = {first.name, *mine} if data.draw(st.booleans()) else {first.name}
        if data.draw(st.integers(0, 9)) == 0:
            chosen.add(data.draw(st.sampled_from(model.claims)).name)
        contract = first.voucher.application.contract
        if data.draw(st.integers(0, 9)) == 0:
            contract = data.draw(st.sampled_from(model.contracts))
        self.duel.redeem(
            self.label("r"),
            first.voucher.name,
            tuple(sorted(chosen)),
            invoice=(f"i-{contract.name}", invoice),
            payment=(f"p-{contract.name}", payment),
            instalments=instalments,
        )

    @precondition(lambda self: self.duel.model.redemptions)
    @rule(data=st.data(), off=OFFSETS, by=PEOPLE, right=st.booleans())
    def decide(self, data: st.DataObject, off: int, by: str, *, right: bool) -> None:
        """Verification or approval by anybody, or by somebody of the right role."""
        redemption = data.draw(st.sampled_from(self.duel.model.redemptions))
        if not redemption.reviewer:
            reviewer = "reviewer-2" if off else "reviewer"
            self.duel.verify(redemption.name, off=off, by=reviewer if right else by)
        elif right:
            turn = len(redemption.approvers) % 2
            self.duel.approve(redemption.name, off=off, by=("approver-1", "approver-2")[turn])
        else:
            self.duel.approve(redemption.name, off=off, by=by)

    @precondition(lambda self: self.duel.model.redemptions)
    @rule(data=st.data(), by=st.sampled_from(["payer", "payer", "payer", "payer-2", "payer-3", "reviewer"]))
    def order(self, data: st.DataObject, by: str) -> None:
        """An order of any redemption."""
        self.duel.order(data.draw(st.sampled_from(self.duel.model.redemptions)).name, by=by)

    @precondition(lambda self: self.duel.model.redemptions)
    @rule(
        data=st.data(),
        by=st.sampled_from(["payer", "payer", "payer", "payer-2", "payer-3"]),
        success=st.sampled_from([True, True, True, False]),
    )
    def pay(self, data: st.DataObject, by: str, *, success: bool) -> None:
        """A payment or a failure of any redemption."""
        redemption = data.draw(st.sampled_from(self.duel.model.redemptions))
        self.duel.pay(redemption.name, by=by, success=success)

    @precondition(lambda self: self.duel.model.redemptions)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        """The whole way of one redemption, as far as the rules let it go."""
        self.duel.settle(data.draw(st.sampled_from(self.duel.model.redemptions)).name)

    @precondition(lambda self: self.duel.model.vouchers)
    @rule(data=st.data())
    def expire(self, data: st.DataObject) -> None:
        """An expiry, in time or not."""
        self.duel.expire(data.draw(st.sampled_from(self.duel.model.vouchers)).name)

    @rule(data=st.data(), act=st.sampled_from(MEDDLING), flag=st.booleans())
    def meddle(self, data: st.DataObject, act: str, *, flag: bool) -> None:
        """Something that an office does out of turn, to anything that exists."""
        model, duel = self.duel.model, self.duel
        if act == "allocate":
            duel.allocate(PROGRAMMES[flag])
        elif act == "end" and model.applications:
            name = data.draw(st.sampled_from(model.applications)).name
            (duel.withdraw if flag else duel.reject)(name)
        elif act == "hold" and model.vouchers:
            name = data.draw(st.sampled_from(model.vouchers)).name
            duel.hold(name, office="CLERK" if flag else "AUDITOR")
        elif act == "release" and model.vouchers:
            held = [voucher for voucher, _ in model.holds]
            name = data.draw(st.sampled_from(held or model.vouchers)).name
            duel.hold(name, office="CLERK" if flag else "AUDITOR", release=True)
        elif act == "revoke" and model.vouchers and flag:
            duel.revoke_voucher(data.draw(st.sampled_from(model.vouchers)).name)
        elif act == "outside":
            duel.outside(data.draw(st.sampled_from(model.contracts)).name, 1 if flag else 500)
        elif act == "cancel" and flag:
            duel.cancel(f"i-{data.draw(st.sampled_from(model.contracts)).name}")

    @precondition(lambda self: len(self.duel.keys) < 5)
    @rule(data=st.data(), back=st.sampled_from([-1, 0, 1, DAY_MS, 40 * DAY_MS]))
    def revoke(self, data: st.DataObject, back: int) -> None:
        """A revocation of a provider's or a spare officer's key, or its correction."""
        key = data.draw(st.sampled_from([*self.duel.keys, *self.duel.keys, *SPARE]))
        self.duel.revoke(key, self.duel.model.now - back)

    @precondition(lambda self: self.duel.model.claims)
    @rule(data=st.data(), act=st.sampled_from(["aside", "claim", "redemption"]))
    def settle_doubts(self, data: st.DataObject, act: str) -> None:
        """Disputed claims and suspended redemptions first."""
        model = self.duel.model
        if act == "redemption" and model.redemptions:
            suspended = [item for item in model.redemptions if model.suspended(item)]
            self.duel.reconfirm(None, data.draw(st.sampled_from(suspended or model.redemptions)).name)
            return
        disputed = [claim for claim in model.claims if model.disputed(claim)]
        name = data.draw(st.sampled_from(disputed or model.claims)).name
        _ = self.duel.set_aside(name) if act == "aside" else self.duel.reconfirm(name)

    @precondition(lambda self: any(item.done for item in self.duel.model.redemptions))
    @rule(data=st.data(), cause=st.sampled_from(["cancel", "outside", "nothing"]), early=st.booleans())
    def open_clawback(self, data: st.DataObject, cause: str, *, early: bool) -> None:
        """An opening for some cause, and sometimes all that leads to its determination."""
        paid = [item for item in self.duel.model.redemptions if item.done]
        redemption = data.draw(st.sampled_from(paid))
        contract = redemption.voucher.application.contract.name
        if cause == "outside":
            self.duel.outside(contract, 1_000)
        elif cause == "cancel":
            self.duel.cancel(f"i-{contract}")
        name = self.label("k")
        if self.duel.open_clawback(name, redemption.name) and not early:
            self.duel.notify(name)
            self.duel.determine(name)

    @precondition(lambda self: self.duel.model.clawbacks)
    @rule(
        data=st.data(),
        act=st.sampled_from(["repay", "fine", "write_off", "repay", "notify", "appeal", "determine"]),
        off=OFFSETS,
        part=st.sampled_from([1, 2, 5, 20]),
    )
    def collect(self, data: st.DataObject, act: str, off: int, part: int) -> None:
        """The next or any other act of a clawback; amounts are fractions of what is at stake."""
        clawback = data.draw(st.sampled_from(self.duel.model.clawbacks))
        if act == "determine":
            self.duel.determine(clawback.name, off=off)
        elif act == "repay":
            self.duel.repay(clawback.name, max(1, clawback.outstanding // part + off))
        elif act == "fine":
            self.duel.fine(clawback.name, max(1, (clawback.determined or 0) // part + off))
        else:
            getattr(self.duel, act)(clawback.name)

    def teardown(self) -> None:
        """At the end a replay of the events gives the same state, and days are those of the calendar."""
        if not hasattr(self, "duel"):
            return
        town = self.duel.town
        assert [t.base for t in town.replayed()._tables] == [t.base for t in town.state._tables]
        assert day_of(self.duel.model.now) >= FIRST


TestLedgerModel = LedgerMachine.TestCase
TestLedgerModel.settings = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
