"""One deterministic walk past every limit that the naive model knows, on the limit and a step beyond it."""

from __future__ import annotations

from datetime import date

from property.duel import Contract, Duel, Line, Terms, line
from property.naive_facts import DAY_MS, HOUR_MS, start_of

FIRST, LAST = date(2026, 1, 5), date(2026, 12, 31)
PRICE = 2_001
GPU = Terms(
    rate_bp=5_000,
    startup_rate_bp=6_001,
    cap=10_001,
    hard_cap=12_000,
    validity_months=2,
    startup_months=12,
    min_spend=101,
)
MODEL = Terms(rate_bp=1_003, startup_rate_bp=2_000, cap=50_000, hard_cap=0, ceiling_bp=6_000)


def tell() -> Duel:
    """Play the story; Disagreement if the rules and the model part."""
    duel = Duel({"gpu": GPU, "model": MODEL}, {"gpu": 15_000, "model": 2_000})
    _sign_and_grant(duel)
    _use(duel)
    _redeem(duel)
    _dispute(duel)
    _end(duel)
    return duel


def _sign_and_grant(duel: Duel) -> None:
    for name, owner, amount in (
        ("c1", "acme", 9_001),
        ("c2", "acme", 19_999),
        ("c3", "beta", 7_777),
        ("c4", "beta", 9_999),
    ):
        duel.contract(Contract(name, owner, amount, FIRST, LAST, PRICE), invoice=amount, payment=amount)
    duel.apply("a1", "gpu", "c1")
    duel.grant("v1", "a1")
    duel.apply("m1", "model", "c1")
    duel.grant("w1", "m1")
    duel.apply("a2", "gpu", "c2")
    duel.grant("v2", "a2")
    duel.apply("a3", "gpu", "c3")
    duel.grant("v3", "a3")
    duel.apply("a4", "gpu", "c4")
    duel.grant("v4", "a4")
    duel.apply("a5", "gpu", "c1")
    duel.publish("gpu", Terms(rate_bp=900, startup_rate_bp=900, cap=9_000, hard_cap=9_500))
    duel.advance(36 * DAY_MS)


def _use(duel: Duel) -> None:
    day = start_of(date(2026, 1, 20))

    def hours(device: int, first: int, last: int, *, off: int = 0, allocated: int | None = None) -> Line:
        start, end = day + first * HOUR_MS, day + last * HOUR_MS
        return line(device, start, end, price=PRICE, off=off, allocated=allocated)

    for name, voucher, lines in (
        ("u1", "v1", [hours(0, 10, 11)]),
        ("u2", "v1", [hours(0, 11, 12), hours(0, 9, 10)]),
        ("u3", "v1", [hours(0, 8, 11)]),
        ("u4", "v2", [hours(0, 10, 11)]),
        ("u5", "v2", [hours(1, 0, 1, off=1)]),
        ("u6", "v2", [hours(1, 0, 1, allocated=HOUR_MS + 1)]),
        ("u7", "v2", [hours(1, 0, 1), hours(2, 0, 1, allocated=3_599_999)]),
        ("u8", "v3", [hours(2, 2, 4)]),
        ("u9", "w1", [hours(2, 4, 5)]),
        ("u10", "v2", [hours(1, 5, 8)]),
        ("u11", "w1", [hours(2, 6, 9)]),
        ("u12", "v4", [hours(0, 13, 14)]),
        ("u13", "v4", [hours(0, 14, 15)]),
    ):
        if name == "u10":
            duel.rotate()
        duel.claim(name, voucher, *lines, price=PRICE)
    duel.claim("s1", "v4", hours(2, 15, 18), hours(1, 15, 18), price=PRICE)
    duel.claim("s2", "v4", hours(2, 15, 16), hours(0, 7, 8), price=PRICE, replaces="s1")
    duel.claim("s3", "v4", hours(2, 15, 16), price=PRICE, replaces="s1")
    duel.claim("s4", "v3", hours(2, 15, 16), price=PRICE, replaces="s2")
    duel.claim("s6", "v4", hours(2, 14, 17), price=PRICE, replaces="s2")
    duel.claim("s7", "v4", hours(2, 17, 18), hours(1, 15, 18), price=PRICE)


def hours_on_the_21st() -> Line:
    """An hour that no other act of the story uses."""
    start = start_of(date(2026, 1, 21))
    return line(0, start, start + HOUR_MS, price=PRICE)


def _redeem(duel: Duel) -> None:
    def ask(
        name: str, voucher: str, contract: str, claims: tuple[str, ...], amount: int, **more: object
    ) -> bool:
        return duel.redeem(
            name,
            voucher,
            claims,
            invoice=(f"i-{contract}", amount),
            payment=(f"p-{contract}", amount),
            **more,  # type: ignore[arg-type]
        )

    ask("r0", "v1", "c1", ("u1",), 100)
    ask("r1", "v1", "c1", ("u1",), 2_001, instalments=(3_333, 3_333, 3_334))
    ask("r1b", "v1", "c1", ("u1",), 2_001)
    ask("r2", "v1", "c2", ("u2",), 2_001)
    ask("r3", "v1", "c1", ("u2",), 7_001)
    ask("r4", "w1", "c1", ("u9",), 1_999)
    ask("r5", "v3", "c3", ("u8",), 3_333)
    duel.verify("r1", by="payer")
    duel.verify("r1", off=1)
    duel.verify("r1")
    duel.approve("r1", by="approver-r")
    duel.approve("r1", off=1)
    duel.approve("r1", by="approver-1")
    duel.approve("r1", by="approver-1b")
    duel.approve("r1", by="approver-2")
    duel.order("r1", by="payer-2")
    duel.order("r1")
    duel.order("r1")
    duel.pay("r1", success=False)
    while duel.order("r1"):
        duel.pay("r1")
    ask("r6", "v2", "c2", ("u7", "u10"), 8_004)
    ask("r10", "v4", "c4", ("u12",), 2_001, instalments=(1, 9_999))
    duel.verify("r10")
    duel.approve("r10", by="approver-2")
    duel.approve("r10", by="approver-1")
    while duel.order("r10"):
        duel.pay("r10")
    duel.claim("u14", "v4", hours_on_the_21st(), price=PRICE)
    ask("r11", "v4", "c4", ("u13",), 2_001)


def _dispute(duel: Duel) -> None:
    duel.rotate()
    start = start_of(date(2026, 1, 25))

    def use(name: str, hour: int, key: str | None = None) -> None:
        begin = start + hour * HOUR_MS
        duel.claim(name, "v2", line(1, begin, begin + HOUR_MS, price=PRICE), price=PRICE, key=key)

    use("u20", 0)
    duel.redeem("r7", "v2", ("u20",), invoice=("i-c2", 2_001), payment=("p-c2", 2_001))
    newest = duel.keys[-1]
    duel.revoke(newest, duel.model.now + 1)
    duel.revoke(newest, duel.model.now + 2)
    use("u21", 1, newest)
    duel.revoke(newest, duel.model.now)
    duel.verify("r7")
    use("u22", 0)
    use("u23", 1)
    duel.redeem("r8", "v2", ("u20", "u23"), invoice=("i-c2", 2_001), payment=("p-c2", 2_001))
    duel.redeem("r9", "v2", ("u23",), invoice=("i-c2", 8_001), payment=("p-c2", 8_001))


def _end(duel: Duel) -> None:
    end = start_of(date(2026, 3, 5))
    duel.advance(end - 1 - duel.model.now)
    duel.expire("v3")
    duel.advance(1)
    duel.expire("v3")
    duel.expire("v3")
    duel.expire("v2")
    duel.expire("v4")
    duel.revoke("cloud", 0)
    duel.verify("r6")
    duel.verify("r5")
    duel.apply("a9", "gpu", "c3")
    duel.grant("v9", "a9")
