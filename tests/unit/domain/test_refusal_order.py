"""If several reasons apply the first of the enum is given: everything wrong at once, mended one by one."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unit.domain.clawed import notified
from unit.domain.registrar import ROOTS, at, ident, terms
from unit.domain.scribe import Line
from unit.domain.town import Town, small_town, with_voucher

import ledger.domain
from ledger.domain.attestation import PricedModel
from ledger.domain.commands import Refusals
from ledger.domain.journal import LinkKind
from ledger.domain.policy import Instrument, Origin, Stacking
from ledger.domain.rejections import FIRST_TRANSIENT, Reason, is_transient
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.domain.attestation import UsageAttestation

    Mend = Callable[[UsageAttestation], UsageAttestation]

HOUR = 3_600_000


def test_the_smallest_reason_is_given_and_among_equals_the_first() -> None:
    """The collector keeps the smallest; a second of the same reason does not replace it."""
    refusals = Refusals()
    assert refusals.first is None
    for number, reason in enumerate(
        (Reason.STATE_CONFLICT, Reason.MIN_SPEND, Reason.MIN_SPEND, Reason.FACE_EXCEEDED)
    ):
        refusals.add(reason, str(number), number)
    assert refusals.first is not None
    assert (refusals.first.reason, refusals.first.conflicting_index) == (Reason.MIN_SPEND, 1)


def test_transient_reasons_are_the_last_of_the_enum() -> None:
    """No rule gives one of them."""
    assert [reason for reason in Reason if is_transient(reason)] == [
        r for r in Reason if r >= FIRST_TRANSIENT
    ]


def test_every_reason_of_a_rule_has_a_test() -> None:
    """Each reason that a module of the domain names is named by a test beside this one."""
    domain = Path(next(iter(ledger.domain.__path__)))
    tests = Path(__file__).parent
    named = re.compile(r"Reason\.([A-Z_]+)")
    given = {name for path in domain.glob("*.py") for name in named.findall(path.read_text("utf-8"))}
    tested = {
        name
        for path in tests.glob("test_*.py")
        if path.name != Path(__file__).name
        for name in named.findall(path.read_text("utf-8"))
    }
    assert given - tested == set()


def test_an_application_with_everything_wrong() -> None:
    """Each refusal is the next reason in the order once the one before is mended."""
    strict = terms(
        contract_not_before_day=30_000,
        min_contract_fen=10**9,
        requires_filing=True,
        requires_exchange=True,
        stacking=Stacking.EXCLUSIVE,
    )
    town = small_town(terms())
    town.open_programme(terms(), label="model", instrument=Instrument.MODEL)
    town.ok(town.contract("c", "1_000"))
    town.award("v", "c")
    town.award("w", "c", programme="model")
    town.ok(town.policy(strict))
    town.ok(town.revoke("acme", 0))
    town.ok(town.register_key("acme", "acme/2"))
    admission = town.state.admissions[ident("cloud")]
    applicants = town.state.applicants.base
    admissions = town.state.admissions.base
    applicants[ident("cloud")] = 7
    admissions[ident("cloud")] = replace(admission, items={}, from_day=30_000)

    def given(by: str = "acme") -> Reason | None:
        return town.reason(town.apply("a-v", "c", by=by))

    town.ok(town.holding("acme", "cloud", 2_500))
    assert given() == Reason.ROLE_CONFLICT
    del applicants[ident("cloud")]
    assert given() == Reason.AFFILIATED
    town.ok(town.holding("acme", "cloud", 2_499))
    assert given() == Reason.PROVIDER_NOT_ADMITTED
    admissions[ident("cloud")] = replace(admission, items={})
    assert given() == Reason.ITEM_NOT_LISTED
    admissions[ident("cloud")] = admission
    steps: list[tuple[dict[str, Any], Reason]] = [
        ({}, Reason.CONTRACT_TOO_EARLY),
        ({"contract_not_before_day": 0}, Reason.CONTRACT_BOUND),
    ]
    for mended, reason in steps:
        strict = replace(strict, **mended)
        town.ok(town.policy(strict))
        assert given() == reason
    town.now_ms = at("2027-01-06")
    town.ok(town.expire("v"))
    steps = [
        ({}, Reason.MIN_CONTRACT),
        ({"min_contract_fen": 0}, Reason.FILING_MISSING),
        ({"requires_filing": False}, Reason.EXCHANGE_REQUIRED),
        ({"requires_exchange": False}, Reason.STACKING_EXCLUSIVE),
        ({"stacking": Stacking.NONE}, Reason.KEY_REVOKED),
    ]
    for mended, reason in steps:
        strict = replace(strict, **mended)
        town.ok(town.policy(strict))
        assert given() == reason
    assert given("acme/2") == Reason.STATE_CONFLICT
    assert town.reason(town.apply("fresh", "c", by="acme/2")) is None


def test_a_claim_with_everything_wrong() -> None:
    """From the shape to the signer, each mended in turn; only then the claim is accepted."""
    town = with_voucher(terms(allowed_vendors=("nvidia",)))
    town.ok(town.register_key("cloud", "cloud/2"))
    town.ok(town.revoke("cloud", town.now_ms + 1))
    start = at("2026-03-02")
    town.ok(town.claim("u0", "v", Line(0, start, start + HOUR), by="cloud/2"))
    before = at("2025-12-31")
    wrong = PricedModel(vendor="other", model="A100", origin=Origin.FOREIGN, unit_price_fen=2_000)
    right = replace(wrong, vendor="nvidia", model="H800")

    def claim(number: int, **changes: Any) -> UsageAttestation:
        first, last = changes.pop("span", (start, start + HOUR))
        line = Line(changes.pop("device", 77), first, last, changes.pop("allocated", HOUR * 24 * 90))
        amount = changes.pop("amount", None)
        model = changes.pop("model", wrong)
        by = changes.pop("by", "cloud")
        said = town.claim(f"u{number}", "v", replace(line, amount_fen=amount), model=model, by=by)
        return replace(said, **changes)

    town.ok(town.hold("v"))
    foreign = {"contract_digest": bytes(32)}
    held = town.reason(claim(100, span=(at("2026-01-04"), start), model=right, **foreign))
    assert held == Reason.VOUCHER_HELD
    assert town.reason(claim(101, span=(at("2026-01-04"), start), **foreign)) == Reason.VENDOR_NOT_ALLOWED
    town.ok(town.unhold("v"))
    mended: list[tuple[dict[str, Any], Reason | None]] = [
        ({"span": (before, start), "total_amount_fen": 1, **foreign}, Reason.MALFORMED),
        ({"span": (before, start), **foreign}, Reason.PROVIDER_NOT_ADMITTED),
        ({"span": (at("2026-01-04"), start), **foreign}, Reason.VENDOR_NOT_ALLOWED),
        ({"span": (at("2026-01-04"), start), "model": right, **foreign}, Reason.OUTSIDE_CONTRACT),
        ({"span": (start, town.now_ms + 1), "model": right, **foreign}, Reason.OUTSIDE_VALIDITY),
        ({"model": right, **foreign}, Reason.KEY_REVOKED),
        ({"model": right, "by": "cloud/2", **foreign}, Reason.DEVICE_UNKNOWN),
        ({"model": right, "by": "cloud/2", "device": 0, **foreign}, Reason.DEVICE_OVERLAP),
        ({"model": right, "by": "cloud/2", "device": 1, "amount": 1, **foreign}, Reason.CAPACITY_EXCEEDED),
        (
            {
                "model": replace(right, model="A100"),
                "by": "cloud/2",
                "device": 1,
                "allocated": HOUR,
                "amount": 1,
                **foreign,
            },
            Reason.MODEL_MISMATCH,
        ),
        (
            {"model": right, "by": "cloud/2", "device": 1, "allocated": HOUR, "amount": 1, **foreign},
            Reason.PRICE_MISMATCH,
        ),
        ({"model": right, "by": "cloud/2", "device": 1, "allocated": HOUR, **foreign}, Reason.STATE_CONFLICT),
        ({"model": right, "by": "acme", "device": 1, "allocated": HOUR}, Reason.NOT_AUTHORISED),
        ({"model": right, "by": "cloud/2", "device": 1, "allocated": HOUR}, None),
    ]
    given = [town.reason(claim(number, **changes)) for number, (changes, _) in enumerate(mended, start=1)]
    assert given == [reason for _, reason in mended]


def test_a_redemption_with_everything_wrong() -> None:
    """VOUCHER_HELD, VOUCHER_EXPIRED, KEY_UNKNOWN, DUPLICATE_EVIDENCE, FACE_EXCEEDED, then the conflicts."""
    town = with_voucher(terms(min_spend_fen=100))
    town.redeemed("r0", "v", "1_000", claim="u0")
    town.ok(town.metered("u1", "v", "1_000"))
    town.now_ms = at("2027-02-01")

    def ask(by: str, claims: list[str], amount: int) -> Reason | None:
        return town.reason(
            town.redeem("r0", "v", claims, invoices={"i-e": amount}, payments={"p-e": 100}, by=by)
        )

    town.ok(town.hold("v"))
    assert ask("stranger", ["u0"], 1) == Reason.VOUCHER_HELD
    town.ok(town.unhold("v"))
    assert ask("stranger", ["u0"], 1) == Reason.KEY_UNKNOWN
    assert ask("cloud", ["u0"], 1) == Reason.DUPLICATE_EVIDENCE
    assert ask("cloud", ["u1"], 1) == Reason.FACE_EXCEEDED
    assert ask("cloud", ["u1"], 100) == Reason.STATE_CONFLICT
    town.ok(town.expire("v"))
    assert ask("stranger", ["u0"], 1) == Reason.VOUCHER_EXPIRED


def test_a_decision_with_everything_wrong() -> None:
    """An inactive key comes before the wrong office, that before a stale subject, that before the bureau."""
    town = with_voucher()
    town.redeemed("r", "v", "1_000")
    town.ok(town.appoint("reviewer-x", Role.REVIEWER, bureau="other"))
    good = town.verify("r")
    stale = replace(good, subject=replace(good.subject, leaf_index=0))
    other = town.basis(Role.REVIEWER, "other")

    def by(label: str, statement: Any) -> Reason | None:
        return town.reason(replace(statement, header=town.header(label), basis=other))

    assert by("nobody", stale) == Reason.KEY_UNKNOWN
    assert by("clerk", stale) == Reason.SEPARATION_OF_DUTY
    assert by("reviewer-x", stale) == Reason.STATE_CONFLICT
    assert by("reviewer-x", good) == Reason.NOT_AUTHORISED
    assert town.reason(good) is None


def test_a_held_voucher_comes_before_the_signer_of_a_decision() -> None:
    """VOUCHER_HELD, then the key, then the office."""
    town = with_voucher()
    town.redeemed("r", "v", "1_000")
    town.ok(town.hold("v"))
    assert town.reason(town.verify("r", by="nobody")) == Reason.VOUCHER_HELD
    town.ok(town.unhold("v"))
    assert town.reason(town.verify("r", by="nobody")) == Reason.KEY_UNKNOWN
    assert town.reason(town.verify("r", by="clerk")) == Reason.SEPARATION_OF_DUTY


def in_notice(at_time: str, **more: Any) -> Town:
    """Application `a` publicised for a day with an objection `o` against it, on contract `c`."""
    town = small_town(terms(public_notice_days=1, **more))
    town.ok(town.calendar(2026, "1" * 365))
    town.ok(town.contract("c", "1_000"))
    town.now_ms = at(at_time)
    town.ok(town.apply("a", "c"))
    town.ok(town.check("a"))
    town.ok(town.review("a"))
    town.ok(town.publicise("a"))
    town.ok(town.object("o", "a"))
    return town


def test_a_grant_with_everything_wrong() -> None:
    """Contract, stacking, notice, objection, cap, budget, key, office, subject, bureau, mended in turn."""
    town = in_notice("2026-01-10")
    town.ok(town.appoint("approver-x", Role.APPROVER, bureau="other"))
    town.ok(town.revoke("approver-2", 0, by=ROOTS))
    good = town.grant("v", "a", by="approver-2")
    subject = replace(good.subject, leaf_hash=bytes(32))
    basis = town.basis(Role.APPROVER, "other")

    def given(by: str = "approver-2", **changes: Any) -> Reason | None:
        said = replace(town.grant("v", "a"), header=town.header(by), **{"subject": subject, **changes})
        return town.reason(replace(said, basis=changes.get("basis", basis)))

    def policy(**more: Any) -> None:
        town.ok(town.policy(terms(public_notice_days=1, **more)))

    # Another application on the contract is granted before this one.
    town.open_programme(label="next", year=2027)
    town.ok(town.outside("c", "1_000"))
    policy(cap="0", stacking=Stacking.EXCLUSIVE)
    bound = town.state.voucher_on.base
    bound[ident("gpu"), ident("c")] = ident("another")
    assert given() == Reason.CONTRACT_BOUND
    del bound[ident("gpu"), ident("c")]
    assert given() == Reason.STACKING_EXCLUSIVE
    policy(cap="0", stacking=Stacking.CEILING)
    assert given() == Reason.STACKING_CEILING
    policy(cap="0")
    assert given() == Reason.NOTICE_NOT_OVER
    town.now_ms = at("2026-01-11")
    assert given() == Reason.OBJECTION_OPEN
    town.ok(town.decide_objection("o", upheld=False))
    assert given() == Reason.CAP_EXHAUSTED
    policy(cap="0", hard_cap="1_000")
    assert given() == Reason.NAMED_APPROVAL_REQUIRED
    heads = town.state.heads[LinkKind.PROGRAMME].base
    before = heads[ident("gpu")]
    heads[ident("gpu")] = before._replace(totals=(0, *before.totals[1:]))
    assert given(named_approval=True) == Reason.BUDGET_EXHAUSTED
    heads[ident("gpu")] = before
    policy()
    assert given() == Reason.KEY_REVOKED
    assert given("clerk") == Reason.SEPARATION_OF_DUTY
    assert given("approver-x") == Reason.STATE_CONFLICT
    right = town.grant("v", "a").subject
    assert given("approver-x", subject=right) == Reason.NOT_AUTHORISED
    assert given("approver-1", subject=right, basis=town.basis(Role.APPROVER)) is None


def test_a_publication_with_everything_wrong() -> None:
    """CALENDAR_NOT_COVERED, then key, office, state and bureau."""
    town = small_town(terms(public_notice_days=1))
    town.ok(town.appoint("clerk-x", Role.CLERK, bureau="other"))
    town.ok(town.contract("c", "1_000"))
    town.ok(town.apply("a", "c"))
    other = town.basis(Role.CLERK, "other")

    def given(by: str) -> Reason | None:
        return town.reason(replace(town.publicise("a", by=by), basis=other))

    assert given("nobody") == Reason.CALENDAR_NOT_COVERED
    town.ok(town.calendar(2026, "1" * 365))
    assert given("nobody") == Reason.KEY_UNKNOWN
    assert given("reviewer") == Reason.SEPARATION_OF_DUTY
    assert given("clerk-x") == Reason.STATE_CONFLICT
    town.ok(town.check("a"))
    town.ok(town.review("a"))
    assert given("clerk-x") == Reason.NOT_AUTHORISED
    assert town.reason(town.publicise("a")) is None


def test_a_review_with_everything_wrong() -> None:
    """A wrong proposal is a STATE_CONFLICT like a wrong state: before the bureau, after the office."""
    town = small_town()
    town.ok(town.appoint("reviewer-x", Role.REVIEWER, bureau="other"))
    town.ok(town.contract("c", "1_000"))
    town.ok(town.apply("a", "c"))
    town.ok(town.check("a"))
    assert town.reason(town.review("a", 1, by="clerk")) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.in_bureau(town.review("a", 1), "reviewer-x")) == Reason.STATE_CONFLICT
    assert town.reason(town.in_bureau(town.review("a"), "reviewer-x")) == Reason.NOT_AUTHORISED


def test_a_determination_with_everything_wrong() -> None:
    """Key, office, then state, subject and amount as one reason, then the bureau."""
    town = notified()
    town.ok(town.appoint("reviewer-x", Role.REVIEWER, bureau="other"))
    amount = "3_000_000"

    def given(by: str, amount: str) -> Reason | None:
        return town.reason(town.in_bureau(town.determine("k", amount), by))

    assert given("nobody", "1") == Reason.KEY_UNKNOWN
    assert given("clerk", "1") == Reason.SEPARATION_OF_DUTY
    assert given("reviewer-x", "1") == Reason.STATE_CONFLICT
    assert given("reviewer-x", amount) == Reason.NOT_AUTHORISED
    assert town.reason(town.determine("k", amount)) is None
