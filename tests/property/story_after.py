"""A second deterministic walk: queues, holds, revocations, doubts, and money that is claimed back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from property.duel import Contract, Duel, Line, Terms, line
from property.naive_facts import DAY_MS, HOUR_MS, start_of

FIRST, LAST = date(2026, 1, 5), date(2026, 12, 31)
PRICE = 2_001
GPU = Terms(rate_bp=5_000, startup_rate_bp=5_000, cap=30_000, hard_cap=0, ceiling_bp=5_000, validity_months=4)
SHARED = Terms(rate_bp=3_333, startup_rate_bp=3_333, cap=9_000, hard_cap=0, shared=True)


def tell() -> Duel:
    """Play the story; Disagreement if the rules and the model part."""
    duel = Duel({"gpu": GPU, "shared": SHARED}, {"gpu": 40_000, "shared": 10_000})
    _grant(duel)
    _share(duel)
    duel.advance(30 * DAY_MS)
    _hold(duel)
    _lower(duel)
    _claim_back(duel)
    _doubt_claims(duel)
    _doubt_officers(duel)
    _change_policies(duel)
    return duel


def hours(day: int, first: int, last: int, *, device: int = 0) -> Line:
    """Usage in January."""
    start = start_of(date(2026, 1, day))
    return line(device, start + first * HOUR_MS, start + last * HOUR_MS, price=PRICE)


def use(duel: Duel, name: str, voucher: str, *lines: Line, key: str | None = None) -> bool:
    """A claim at the price of all contracts."""
    return duel.claim(name, voucher, *lines, price=PRICE, key=key)


def ask(duel: Duel, name: str, voucher: str, claims: tuple[str, ...], contract: str, amount: int) -> bool:
    """A redemption with an amount of both pieces of the contract's evidence."""
    return duel.redeem(
        name, voucher, claims, invoice=(f"i-{contract}", amount), payment=(f"p-{contract}", amount)
    )


def _grant(duel: Duel) -> None:
    for name, owner, amount in (
        ("c1", "acme", 20_000),
        ("c2", "acme", 9_000),
        ("c3", "beta", 15_001),
        ("c4", "beta", 9_999),
        ("c5", "acme", 7_001),
        ("c6", "beta", 2),
    ):
        duel.contract(Contract(name, owner, amount, FIRST, LAST, PRICE), invoice=amount, payment=amount)
    for number in (1, 2, 3):
        duel.apply(f"a{number}", "gpu", f"c{number}")
        duel.grant(f"v{number}", f"a{number}", by="approver-r")
        duel.grant(f"v{number}", f"a{number}")
        duel.handle(f"a{number}")
        duel.reject(f"a{number}")
    duel.apply("a4", "gpu", "c4")
    duel.withdraw("a4")
    duel.withdraw("a4")
    duel.grant("v4", "a4")


def _share(duel: Duel) -> None:
    for number, contract in enumerate(("c4", "c5", "c1", "c6"), start=1):
        duel.apply(f"s{number}", "shared", contract)
        duel.grant(f"w{number}", f"s{number}")
        duel.withdraw(f"s{number}")
    duel.apply("s5", "shared", "c4")
    duel.publish("shared", replace(SHARED, shared=False, rate_bp=10_000))
    duel.apply("s6", "gpu", "c5")
    duel.grant("v6", "s6")
    duel.allocate("gpu")
    duel.allocate("shared")
    duel.allocate("shared")
    duel.revoke_voucher("w2")
    duel.apply("s7", "shared", "c5")
    duel.publish("shared", SHARED)
    duel.grant("w7", "s7")
    duel.allocate("shared")
    duel.apply("s8", "shared", "c6")


def _hold(duel: Duel) -> None:
    use(duel, "u1", "v1", hours(6, 0, 10))
    duel.hold("v1")
    duel.hold("v1")
    duel.hold("v1", office="AUDITOR")
    use(duel, "u1b", "v1", hours(6, 10, 11))
    ask(duel, "r1", "v1", ("u1",), "c1", 20_000)
    duel.hold("v1", release=True)
    duel.hold("v1", release=True)
    ask(duel, "r1", "v1", ("u1",), "c1", 20_000)
    duel.hold("v1", office="AUDITOR", release=True)
    ask(duel, "r1", "v1", ("u1",), "c1", 20_000)
    duel.hold("v1")
    duel.verify("r1")
    duel.hold("v1", release=True)
    duel.verify("r1")
    duel.hold("v1")
    duel.approve("r1")
    duel.hold("v1", release=True)
    duel.approve("r1")
    duel.approve("r1", by="approver-2")
    duel.hold("v1")
    duel.order("r1")
    duel.hold("v1", release=True)
    duel.order("r1")
    duel.hold("v1")
    duel.pay("r1")
    duel.hold("v1", office="AUDITOR")
    use(duel, "uw1", "w1", hours(12, 5, 6))
    ask(duel, "rw1", "w1", ("uw1",), "c4", 999)


def _lower(duel: Duel) -> None:
    use(duel, "u2", "v2", hours(7, 0, 3))
    use(duel, "u2b", "v2", hours(7, 3, 4))
    ask(duel, "r2", "v2", ("u2",), "c2", 5_000)
    duel.outside("c2", 3_000)
    duel.verify("r2", off=1)
    duel.verify("r2")
    duel.cancel("i-c2")
    duel.cancel("i-c2", void=True)
    ask(duel, "r2b", "v2", ("u2b",), "c2", 1_000)
    duel.settle("r2")
    duel.approve("r2")
    duel.approve("r2", by="approver-2")
    while duel.order("r2"):
        duel.pay("r2")


def _claim_back(duel: Duel) -> None:
    use(duel, "u5", "v6", hours(8, 0, 3))
    ask(duel, "r5", "v6", ("u5",), "c5", 1_000)
    duel.outside("c1", 4_000)
    duel.open_clawback("k1", "r5")
    duel.open_clawback("k1", "r1")
    duel.open_clawback("k1b", "r1")
    use(duel, "u6", "v6", hours(8, 3, 4))
    duel.verify("r5")
    duel.determine("k1")
    duel.notify("k1")
    duel.notify("k1")
    duel.appeal("k1")
    duel.appeal("k1")
    duel.fine("k1", 400)
    duel.determine("k1", off=-1)
    duel.determine("k1")
    duel.fine("k1", 399)
    duel.fine("k1", 400)
    duel.fine("k1", 1_601)
    duel.fine("k1", 1_600)
    duel.repay("k1", 1_000)
    duel.repay("k1", 3_001)
    use(duel, "u6b", "v6", hours(8, 4, 5))
    duel.repay("k1", 3_000)
    duel.write_off("k1")
    use(duel, "u6c", "v6", hours(8, 5, 6))
    duel.verify("r5")
    duel.outside("c1", 500)
    for number, (name, redemption) in enumerate((("k2", "r1"), ("k3", "r1"), ("k4", "r2"))):
        duel.open_clawback(name, redemption)
        duel.notify(name)
        use(duel, f"u2-{name}", "v2", hours(12, number, number + 1))
        duel.determine(name)
        duel.repay(name, 1)
        duel.write_off(name)
        duel.fine(name, 100)


def _doubt_claims(duel: Duel) -> None:
    newest = duel.keys[-1]
    use(duel, "u3", "v3", hours(9, 0, 2))
    use(duel, "u4", "v3", hours(9, 2, 4))
    use(duel, "u7", "v3", hours(9, 4, 6))
    ask(duel, "r3", "v3", ("u3",), "c3", 4_000)
    duel.revoke_voucher("v3")
    duel.revoke_voucher("v3")
    duel.set_aside("u4")
    duel.reconfirm("u4")
    duel.revoke(newest, duel.model.now + 1)
    duel.set_aside("u4")
    duel.revoke(newest, duel.model.now)
    duel.verify("r3")
    duel.set_aside("u3")
    duel.reconfirm("u3")
    duel.set_aside("u4")
    duel.reconfirm("u4")
    duel.reconfirm("u3")
    use(duel, "u8", "v3", hours(9, 4, 6))
    duel.settle("r3")
    duel.apply("a3b", "gpu", "c3")
    duel.grant("v3b", "a3b")
    duel.set_aside("u6c")


def _doubt_officers(duel: Duel) -> None:
    use(duel, "u9", "v6", hours(10, 0, 1))
    ask(duel, "r9", "v6", ("u9", "u6c"), "c5", 1_000)
    ask(duel, "r9", "v6", ("u9",), "c5", 1_000)
    duel.verify("r9", by="reviewer-2")
    duel.revoke("reviewer-2", duel.model.now + 1)
    duel.reconfirm(None, "r9")
    duel.revoke("reviewer-2", duel.model.now)
    duel.approve("r9")
    duel.reconfirm(None, "r9")
    duel.revoke("reviewer-2", 0)
    duel.approve("r9")
    duel.approve("r9", by="approver-2")
    duel.order("r9", by="payer-3")
    duel.pay("r9", by="payer-3", success=False)
    duel.revoke("payer-3", 0)
    duel.order("r9")
    duel.order("r9", by="payer-3")
    duel.reconfirm(None, "r9")
    duel.order("r9")
    duel.pay("r9")
    duel.reconfirm(None, "r9")


def _change_policies(duel: Duel) -> None:
    committed = duel.model.committed("gpu")
    duel.publish("gpu", replace(GPU, appropriation=committed - 1))
    duel.publish("gpu", replace(GPU, appropriation=committed))
    duel.apply("a8", "gpu", "c4")
    duel.grant("v8", "a8")
    duel.publish("gpu", replace(GPU, appropriation=committed + 3_001, ex_post=True, ceiling_bp=None))
    duel.grant("v8", "a8")
    use(duel, "u10", "v8", hours(11, 0, 2, device=1))
    use(duel, "u11", "v3b", hours(11, 2, 4, device=1))
    use(duel, "u12", "v8", hours(4, 0, 2, device=1))
    duel.publish("shared", replace(SHARED, shared=False, exclusive=True))
    duel.apply("s9", "shared", "c2")
    duel.contract(Contract("c7", "beta", 999, FIRST, LAST, PRICE), invoice=999, payment=999)
    duel.apply("s10", "shared", "c7")
    duel.outside("c7", 1)
    duel.grant("w10", "s10")
