"""The worked examples of the domain, to the fen."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from random import Random

import pytest
from unit.domain.registrar import at, ident, terms, yuan
from unit.domain.scribe import Line
from unit.domain.town import LATER, Town, small_town, with_voucher
from unit.domain.world import Logged

from ledger.domain.days import format_day
from ledger.domain.journal import LinkKind
from ledger.domain.policy import Mode, Stacking
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import ParticipantKind, Role
from ledger.profiles.calendar import working_days
from ledger.profiles.loader import load_profile


def shenzhen(year: int, *, appropriation: str = "500_000_000") -> Town:
    """A small town under a shipped profile and the shipped calendar of 2026."""
    policy = load_profile(f"shenzhen-{year}").programmes["GPU_TRAINING"]
    town = small_town(policy, appropriation=appropriation)
    town.ok(town.calendar(2026, working_days(2026)))
    return town


@pytest.mark.parametrize(
    ("contract", "paid"), [("8_000_000", "4_000_000"), ("30_000_000", "10_000_000")], ids=["rate", "cap"]
)
def test_a_fully_used_contract_pays_the_rate_up_to_the_cap(contract: str, paid: str) -> None:
    """Scenario 1: half of 8 million is 4 million; half of 30 million stops at the cap of 10 million."""
    town = shenzhen(2026)
    town.ok(town.contract("c", contract))
    assert town.award("v", "c") == yuan(paid)
    town.evidence("e", "c", contract)
    town.now_ms = at(LATER)
    assert town.redeemed("r", "v", contract).payload.amount_fen == yuan(paid)
    assert town.settle("r") == [yuan(paid)]
    assert town.totals_of("gpu") == (yuan("500_000_000") - yuan(paid), 0, 0, yuan(paid))


def test_a_startup_is_paid_in_instalments_and_the_last_takes_the_rest() -> None:
    """Scenario 2: 60 % of 12,345,678.91 is 7,407,407.34, in thirds of 30/30/40."""
    town = shenzhen(2026)
    town.beneficiary("beta", registered="2025-08-01")
    town.ok(town.contract("c", "12_345_678.91", beneficiary="beta"))
    assert town.award("v", "c", beneficiary="beta") == yuan("7_407_407.34")
    town.evidence("e", "c", "12_345_678.91")
    town.now_ms = at(LATER)
    request = town.redeemed("r", "v", "12_345_678.91", instalments=(3_000, 3_000, 4_000), by="beta")
    assert request.payload.amount_fen == yuan("7_407_407.34")
    assert town.settle("r") == [yuan("2_222_222.20"), yuan("2_222_222.20"), yuan("2_962_962.94")]


@pytest.mark.parametrize(("year", "face"), [(2026, "10_000_000"), (2025, "6_000_000")])
def test_a_startup_has_the_cap_of_its_profile(year: int, face: str) -> None:
    """Scenario 2: a start-up's 20 million contract gives 10 million in 2026 and 6 million in 2025."""
    town = shenzhen(year)
    town.beneficiary("beta", registered="2025-08-01")
    town.ok(town.contract("c", "20_000_000", beneficiary="beta"))
    assert town.award("v", "c", beneficiary="beta") == yuan(face)


@pytest.mark.parametrize(("registered", "startup"), [("2025-05-07", True), ("2025-05-06", False)])
def test_a_startup_is_younger_than_twelve_months(registered: str, startup: bool) -> None:
    """Scenario 3: applied on 2026-05-06, registered a year ago tomorrow or a year ago today."""
    town = shenzhen(2026)
    town.beneficiary("beta", registered=registered)
    town.ok(town.contract("c", "1_000_000", beneficiary="beta"))
    town.now_ms = at("2026-05-06T23:59")
    assert town.ok(town.apply("a", "c", by="beta")).payload.startup == startup


def test_only_an_enterprise_is_a_startup() -> None:
    """A university registered yesterday gets the ordinary rate."""
    town = shenzhen(2026)
    town.beneficiary("beta", ParticipantKind.UNIVERSITY, registered="2026-01-01")
    town.ok(town.contract("c", "1_000_000", beneficiary="beta"))
    assert town.award("v", "c", beneficiary="beta") == yuan("500_000")


def test_the_cap_of_a_year_runs_over_all_contracts() -> None:
    """Scenario 4: 7 million, then the 3 million that are left, then nothing."""
    town = shenzhen(2026)
    for name, amount in (("c1", "14_000_000"), ("c2", "9_000_000"), ("c3", "1_000_000")):
        town.ok(town.contract(name, amount))
    assert town.award("v1", "c1") == yuan("7_000_000")
    assert town.award("v2", "c2") == yuan("3_000_000")
    town.ok(town.apply("a3", "c3"))
    town.handle("a3")
    assert town.reason(town.grant("v3", "a3")) == Reason.CAP_EXHAUSTED
    assert town.state.granted_fen(programme_id=ident("gpu"), beneficiary_id=ident("acme")) == yuan(
        "10_000_000"
    )


def test_another_beneficiary_has_a_cap_of_its_own() -> None:
    """One beneficiary's used up cap does not touch another's."""
    town = small_town(terms(cap="1_000"))
    town.beneficiary("beta")
    town.ok(town.contract("c1", "5_000"))
    town.ok(town.contract("c2", "5_000", beneficiary="beta"))
    assert (town.award("v1", "c1"), town.award("v2", "c2", beneficiary="beta")) == (100_000, 100_000)


def test_the_last_voucher_gets_what_is_left() -> None:
    """Scenario 5: with 499 of 500 million encumbered, an entitlement of 4 million becomes 1 million."""
    town = small_town(terms(cap="900_000_000"))
    town.ok(town.contract("c1", "998_000_000"))
    town.ok(town.contract("c2", "8_000_000"))
    town.ok(town.contract("c3", "8_000_000"))
    assert town.award("v1", "c1") == yuan("499_000_000")
    assert town.award("v2", "c2") == yuan("1_000_000")
    assert town.totals_of("gpu") == (0, yuan("500_000_000"), 0, 0)
    town.ok(town.apply("a3", "c3"))
    town.handle("a3")
    assert town.reason(town.grant("v3", "a3")) == Reason.BUDGET_EXHAUSTED


def test_evidence_is_used_up_to_its_amount_and_not_a_fen_more() -> None:
    """Scenario 7: 1,200,000 + 800,000 of an invoice of 2,000,000; one fen more names the invoice's leaf."""
    town = small_town(terms())
    town.ok(town.contract("c", "8_000_000"))
    town.award("v", "c")
    invoice = town.ok(town.invoice("i", "c", "2_000_000"))
    town.ok(town.payment("p", "c", "8_000_000"))
    town.now_ms = at(LATER)
    for name, amount in (("r1", "1_200_000"), ("r2", "800_000")):
        town.ok(town.metered(f"u-{name}", "v", amount))
        fen = yuan(amount)
        request = town.redeem(name, "v", [f"u-{name}"], invoices={"i": fen}, payments={"p": fen})
        assert town.ok(request).payload.amount_fen == fen // 2
    town.ok(town.metered("u-r3", "v", "100"))
    late = town.redeem("r3", "v", ["u-r3"], invoices={"i": 1}, payments={"p": 1})
    assert town.conflict(late) == (Reason.DUPLICATE_EVIDENCE, invoice.index)


def test_evidence_of_one_contract_serves_two_programmes_once() -> None:
    """Scenario 7: what one programme consumed of an invoice, another programme cannot."""
    town = small_town(terms())
    town.open_programme(label="next", year=2027)
    town.ok(town.contract("c", "2_000_000"))
    town.award("v", "c")
    town.award("w", "c", programme="next")
    town.evidence("e", "c", "2_000_000")
    town.now_ms = at(LATER)
    town.redeemed("r1", "v", "2_000_000")
    town.ok(town.metered("u2", "w", "2_000_000"))
    second = town.redeem("r2", "w", ["u2"], invoices={"i-e": 1}, payments={"p-e": 1})
    assert town.reason(second) == Reason.DUPLICATE_EVIDENCE


def test_unused_money_is_released_at_expiry() -> None:
    """Scenario 8: 250,000 of 400,000 card-hours at 20.00 pay 2,500,000; 1,500,000 come back."""
    town = with_voucher(terms())
    hours = 250_000 // 500
    start = at("2026-01-06")
    town.ok(town.devices("cloud", 496, first=4))
    lines = [Line(number, start, start + hours * 3_600_000) for number in range(500)]
    town.ok(town.claim("u", "v", *lines, price_fen=2_000))
    uses = yuan("8_000_000")
    request = town.ok(town.redeem("r", "v", ["u"], invoices={"i-e": uses}, payments={"p-e": uses}))
    assert (request.payload.base_fen, request.payload.amount_fen) == (yuan("5_000_000"), yuan("2_500_000"))
    assert town.settle("r") == [yuan("2_500_000")]
    assert town.totals_of("gpu") == (yuan("496_000_000"), yuan("1_500_000"), 0, yuan("2_500_000"))
    town.now_ms = at("2027-01-05")
    assert town.ok(town.expire("v")).payload.released_fen == yuan("1_500_000")
    assert town.totals_of("gpu") == (yuan("497_500_000"), 0, 0, yuan("2_500_000"))
    assert town.state.contract_totals(ident("c")).public_money_fen == yuan("2_500_000")


def test_cards_cannot_work_longer_than_the_month() -> None:
    """Scenario 9: 64 cards in 31 days hold 47,616 card-hours; a claim of 60,000 is too much."""
    town = with_voucher(terms())
    town.ok(town.devices("cloud", 60, first=4))
    start, end = at("2026-03-01"), at("2026-04-01")
    assert 64 * (end - start) // 3_600_000 == 47_616
    share = 60_000 * 3_600_000 // 64
    lines = [Line(number, start, end, allocated_ms=share) for number in range(64)]
    assert town.reason(town.claim("u1", "v", *lines)) == Reason.CAPACITY_EXCEEDED
    assert town.reason(town.claim("u2", "v", *(Line(n, start, end) for n in range(64)))) is None


def test_twenty_of_fifty_grants_fit_into_the_last_money() -> None:
    """Scenario 12: 20 million left and 50 grants of a million give 20 vouchers; a replay gives the same."""
    town = small_town(terms(cap="900_000_000"), appropriation="20_000_000")
    for number in range(50):
        town.ok(town.contract(f"c{number}", "2_000_000"))
        town.ok(town.apply(f"a{number}", f"c{number}"))
        town.handle(f"a{number}")
    grants = [town.grant(f"v{number}", f"a{number}") for number in range(50)]
    answers = town.send(*grants)
    issued = [answer for answer in answers if isinstance(answer, Logged)]
    refused = [answer.reason for answer in answers if not isinstance(answer, Logged)]
    assert (len(issued), refused) == (20, [Reason.BUDGET_EXHAUSTED] * 30)
    assert town.totals_of("gpu") == (0, yuan("20_000_000"), 0, 0)
    assert town.replayed().heads[LinkKind.PROGRAMME].base == town.state.heads[LinkKind.PROGRAMME].base


def test_an_order_sent_again_finds_it_open() -> None:
    """Scenario 13: the second order of one instalment is refused, and one order stands."""
    town = with_voucher(terms())
    town.redeemed("r", "v", "100_000")
    town.approve_twice("r")
    order = town.order("r")
    assert [town.reason(order), town.reason(order), town.reason(town.order("r"))] == [
        None,
        Reason.STATE_CONFLICT,
        Reason.STATE_CONFLICT,
    ]
    assert [type(event.payload).__name__ for event in town.events].count("PaymentOrdered") == 1


def test_a_voucher_keeps_the_policy_of_its_issue() -> None:
    """Scenario 14: a voucher issued at 50 % and redeemed after a change to 20 % pays 50 %."""
    town = with_voucher(terms(rate_bp=5_000))
    town.ok(town.policy(terms(rate_bp=2_000)))
    request = town.redeemed("r", "v", "1_000_000")
    assert request.payload.amount_fen == yuan("500_000")
    town.ok(town.contract("c2", "1_000_000"))
    assert town.award("v2", "c2") == yuan("200_000")


def test_an_application_is_granted_under_the_policy_of_the_grant() -> None:
    """The policy frozen in a voucher is the one in force at the grant, not at the application."""
    town = small_town(terms(rate_bp=5_000))
    town.ok(town.contract("c", "1_000_000"))
    town.ok(town.apply("a", "c"))
    town.handle("a")
    town.ok(town.policy(terms(rate_bp=2_000)))
    event = town.ok(town.grant("v", "a"))
    assert event.payload.face_fen == yuan("200_000")
    assert town.state.vouchers[ident("v")].policy.version == 2


# Scenario 6: other public money on a contract of 10,000,000.


def six(stacking: Stacking) -> Town:
    """A programme of 50 % under a stacking rule, and the contract."""
    town = small_town(terms(stacking=stacking, stacking_ceiling_bp=5_000))
    town.ok(town.contract("c", "10_000_000"))
    return town


def test_outside_support_lowers_the_face_under_a_ceiling() -> None:
    """Scenario 6: 3,000,000 known before leave a voucher of 2,000,000."""
    town = six(Stacking.CEILING)
    town.ok(town.outside("c", "3_000_000"))
    assert town.award("v", "c") == yuan("2_000_000")


def test_outside_support_refuses_an_exclusive_voucher() -> None:
    """Scenario 6: under EXCLUSIVE there is no voucher at all."""
    town = six(Stacking.EXCLUSIVE)
    town.ok(town.outside("c", "3_000_000"))
    assert town.reason(town.apply("a", "c")) == Reason.STACKING_EXCLUSIVE


def test_outside_support_reported_after_the_payment_is_claimed_back() -> None:
    """Scenario 6: 5,000,000 were paid, 3,000,000 are determined and repaid."""
    town = six(Stacking.CEILING)
    assert town.award("v", "c") == yuan("5_000_000")
    town.evidence("e", "c", "10_000_000")
    town.now_ms = at(LATER)
    town.redeemed("r", "v", "10_000_000")
    assert town.settle("r") == [yuan("5_000_000")]
    town.ok(town.outside("c", "3_000_000"))
    town.ok(town.open_clawback("k", "r"))
    town.ok(town.notify("k"))
    town.ok(town.determine("k", "3_000_000"))
    town.ok(town.repay("k", "3_000_000"))
    assert town.state.programme_totals(ident("gpu"))[3:] == (yuan("5_000_000"), 0, yuan("3_000_000"), 0)


# Scenarios 9 to 11 and 13: time, groups, notice, persons.


def test_a_device_works_for_one_claim_at_a_time() -> None:
    """Scenario 9: [10:00, 12:00), then [11:00, 13:00) is an overlap, [12:00, 13:00) is accepted."""
    town = with_voucher()
    ten, eleven, twelve, one = (at(f"2026-03-02T{hour}:00") for hour in (10, 11, 12, 13))
    town.ok(town.claim("u1", "v", Line(0, ten, twelve)))
    assert town.reason(town.claim("u2", "v", Line(0, eleven, one))) == Reason.DEVICE_OVERLAP
    assert town.reason(town.claim("u3", "v", Line(0, twelve, one))) is None


@pytest.mark.parametrize(
    ("first", "second", "reason"), [(2_600, 2_600, Reason.AFFILIATED), (3_000, 2_000, None)]
)
def test_affiliation_goes_through_holdings_of_holdings(
    first: int, second: int, reason: Reason | None
) -> None:
    """Scenario 10: 26 % of 26 % affiliates A and C; 30 % of B that holds 20 % of C does not."""
    town = small_town()
    town.ok(town.holding("acme", "between", first))
    town.ok(town.holding("between", "cloud", second))
    town.ok(town.contract("c", "1_000"))
    assert town.reason(town.apply("a", "c")) == reason


def test_a_notice_runs_over_the_october_holiday() -> None:
    """Scenario 11: publicised on 2026-09-28 for 5 working days; granted on Saturday 2026-10-10, not before."""
    town = shenzhen(2026)
    town.now_ms = at("2026-09-28T10:00")
    town.ok(town.contract("c", "1_000_000"))
    town.ok(town.apply("a", "c"))
    town.ok(town.check("a"))
    town.ok(town.review("a"))
    assert format_day(town.ok(town.publicise("a")).payload.last_notice_day) == "2026-10-09"
    town.now_ms = at("2026-10-09T23:59")
    assert town.reason(town.grant("v", "a")) == Reason.NOTICE_NOT_OVER
    town.now_ms = at("2026-10-10")
    assert town.ok(town.grant("v", "a")).payload.face_fen == yuan("500_000")


def test_reviewer_approvers_and_payer_are_four_persons() -> None:
    """Scenario 13: the reviewer does not approve, an approver neither approves again nor pays."""
    town = with_voucher()
    for label, role, person in (
        ("approver-r", Role.APPROVER, "reviewer"),
        ("approver-1b", Role.APPROVER, "approver-1"),
        ("payer-2", Role.PAYER, "approver-2"),
    ):
        town.ok(town.appoint(label, role, person=person))
    town.redeemed("r", "v", "1_000")
    town.ok(town.verify("r"))
    assert town.reason(town.approve("r", by="approver-r")) == Reason.SEPARATION_OF_DUTY
    town.ok(town.approve("r", by="approver-1"))
    for by in ("approver-1", "approver-1b"):
        assert town.reason(town.approve("r", by=by)) == Reason.SEPARATION_OF_DUTY
    town.ok(town.approve("r", by="approver-2"))
    assert town.reason(town.order("r", by="payer-2")) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.order("r", by="payer")) is None


def test_payments_are_the_recomputed_entitlements_after_many_life_cycles() -> None:
    """Scenario 15: over 1,000 random life cycles what was paid is what exact fractions give, to the fen."""
    random = Random(15)
    policy = terms(rate_bp=3_333, cap="9_000_000_000", mode=Mode.EX_POST)
    town = small_town(policy, appropriation="9_000_000_000")
    town.now_ms = at(LATER)
    expected = []
    for number in range(1_000):
        contract, metered, invoiced, paid = (random.randrange(4, 100_000_000) for _ in range(4))
        town.ok(town.contract(f"c{number}", contract))
        town.award(f"v{number}", f"c{number}")
        town.ok(town.invoice(f"i{number}", f"c{number}", invoiced))
        town.ok(town.payment(f"p{number}", f"c{number}", paid))
        start = at("2026-01-05") + number * 3_600_000
        usage = Line(0, start, start + 3_600_000)
        town.ok(town.claim(f"u{number}", f"v{number}", usage, price_fen=metered))
        request = town.redeem(
            f"r{number}",
            f"v{number}",
            [f"u{number}"],
            invoices={f"i{number}": invoiced},
            payments={f"p{number}": paid},
            instalments=random.choice([(), (5_000, 5_000), (3_333, 3_333, 3_334)]),
        )
        town.ok(request)
        expected.append(floor(Fraction(3_333 * min(contract, metered, invoiced, paid), 10_000)))
        assert sum(town.settle(f"r{number}")) == expected[-1]
    assert town.totals_of("gpu")[3] == sum(expected)
    confirmed = [e.recorded.statement for e in town.events if type(e.payload).__name__ == "PaymentConfirmed"]
    assert sum(statement.amount_fen for statement in confirmed) == sum(expected)
