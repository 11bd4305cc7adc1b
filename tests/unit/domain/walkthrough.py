"""One statement of every act in an order in which each is accepted, beside so many other things.

This module must not check anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unit.domain.registrar import ROOTS, at, terms
from unit.domain.town import Town, small_town

from ledger.domain.policy import Allocation, Instrument
from ledger.domain.vocabulary import ParticipantKind, ProviderStanding, Role


def background(count: int) -> Town:
    """So many other contracts with vouchers, claims, paid redemptions, clawbacks, holdings and participants."""
    town = small_town(appropriation="500_000_000")
    town.open_programme(label="next", year=2027)
    town.open_programme(terms(open_data_award_cap_fen=100), label="corpus", instrument=Instrument.CORPUS)
    town.beneficiary("beta")
    town.provider("models", ParticipantKind.MODEL, device_count=0)
    town.open_programme(label="model", instrument=Instrument.MODEL)
    town.ok(town.contract("cm", "1_000", provider="models"))
    town.award("vm", "cm", programme="model")
    for number in range(count):
        town.ok(town.participant(f"other-{number}"))
        town.ok(town.holding(f"other-{number}", f"another-{number}", 3_000))
        town.ok(town.contract(f"x{number}", "1_000", beneficiary="beta"))
        town.award(f"vx{number}", f"x{number}", beneficiary="beta")
        town.ok(town.apply_for_award(f"ax{number}", beneficiary="beta"))
        town.ok(town.invoice(f"i-x{number}", f"x{number}", "1_000"))
        town.ok(town.payment(f"p-x{number}", f"x{number}", "1_000", by="beta"))
    town.now_ms = at("2026-02-20")
    for number in range(count):
        uses = {f"i-x{number}": 100_000}, {f"p-x{number}": 100_000}
        town.ok(town.metered(f"ux{number}", f"vx{number}", "1_000"))
        label = f"rx{number}"
        town.ok(
            town.redeem(label, f"vx{number}", [f"ux{number}"], invoices=uses[0], payments=uses[1], by="beta")
        )
    for number in range(count):
        town.settle(f"rx{number}")
    for number in range(count):
        town.ok(town.open_clawback(f"kx{number}", f"rx{number}"))
    return town


Make = Callable[[Town], Any]


def _later(days: int, make: Make) -> Make:
    """The same some days later."""

    def wait(town: Town) -> Any:
        town.now_ms += days * 86_400_000
        return make(town)

    return wait


_SPAN = (at("2026-02-01"), at("2026-02-02"))
STEPS: tuple[tuple[str, Make], ...] = (
    ("appointment of a second payer", lambda town: town.appoint("payer-2", Role.PAYER)),
    ("participant", lambda town: town.participant("gamma")),
    ("key", lambda town: town.register_key("gamma")),
    ("certificate", lambda town: town.certificate("gamma", "tls")),
    ("retirement", lambda town: town.retire("gamma", 1)),
    ("devices", lambda town: town.devices("cloud", 2, first=50)),
    ("programme", lambda town: town.programme("later", year=2030)),
    ("admission", lambda town: town.admit("gamma")),
    ("standing", lambda town: town.standing("gamma", ProviderStanding.SUSPENDED, "2026-03-01")),
    ("holding", lambda town: town.holding("gamma", "acme", 100)),
    ("contract", lambda town: town.contract("c", "1_000")),
    ("calendar", lambda town: town.calendar(2026, "1" * 365)),
    ("application", lambda town: town.apply("a", "c")),
    ("return", lambda town: town.give_back("a")),
    ("resubmission", lambda town: town.resubmit("a")),
    ("check", lambda town: town.check("a")),
    ("review", lambda town: town.review("a")),
    ("policy", lambda town: town.policy(terms(public_notice_days=1))),
    ("publication", lambda town: town.publicise("a")),
    ("objection", lambda town: town.object("o", "a")),
    ("decision", lambda town: town.decide_objection("o", upheld=False)),
    ("grant", _later(5, lambda town: town.grant("v", "a"))),
    ("invoice", lambda town: town.invoice("i", "c", "1_000")),
    ("payment", lambda town: town.payment("p", "c", "1_000")),
    ("acceptance", lambda town: town.acceptance("paper", "c")),
    ("hold", lambda town: town.hold("v")),
    ("release", lambda town: town.unhold("v")),
    ("claim", _later(5, lambda town: town.metered("u", "v", "1_000"))),
    ("request", lambda town: town.redeem("r", "v", ["u"], invoices={"i": 100_000}, payments={"p": 100_000})),
    ("outside support", lambda town: town.outside("c", 1)),
    ("verification", lambda town: town.verify("r")),
    ("approval", lambda town: town.approve("r")),
    ("second approval", lambda town: town.approve("r", by="approver-2")),
    ("order", lambda town: town.order("r")),
    ("failure", lambda town: town.fail("r")),
    ("second order", lambda town: town.order("r")),
    ("confirmation", lambda town: town.pay("r")),
    ("cancellation", lambda town: town.cancel("i")),
    ("opening", lambda town: town.open_clawback("k", "r")),
    ("notice", lambda town: town.notify("k")),
    ("appeal", lambda town: town.appeal("k")),
    ("determination", lambda town: town.determine("k", 50_000)),
    ("repayment", lambda town: town.repay("k", 1)),
    ("fine", lambda town: town.fine("k", 5_000)),
    ("write-off", lambda town: town.write_off("k")),
    ("shares", lambda town: town.policy(terms(allocation=Allocation.PRO_RATA), programme="next")),
    ("second application", lambda town: town.apply("b", "c", programme="next")),
    ("second check", lambda town: town.check("b")),
    ("second review", lambda town: town.review("b")),
    ("second publication", lambda town: town.publicise("b")),
    ("queue", lambda town: town.grant("w", "b")),
    ("allocation", lambda town: town.allocate("next")),
    ("revocation", lambda town: town.revoke_voucher("w")),
    ("award", lambda town: town.apply_for_award("d")),
    ("withdrawal", lambda town: town.withdraw("d")),
    ("second award", lambda town: town.apply_for_award("e")),
    ("rejection", lambda town: town.reject("e")),
    ("service", lambda town: town.served("s1", "vm", 1_000, span=_SPAN)),
    ("second service", lambda town: town.served("s2", "vm", 1_000, span=_SPAN)),
    ("end of the provider's key", lambda town: town.revoke("models", 0)),
    ("reconfirmation", lambda town: town.reconfirm(["s1"])),
    ("setting aside", lambda town: town.set_aside("s2")),
    ("erasure", lambda town: town.erase("acme")),
    ("end of a key", lambda town: town.revoke("payer-2", 1, by=ROOTS)),
    ("correction", lambda town: town.correct("payer-2", 0, by=ROOTS)),
)
