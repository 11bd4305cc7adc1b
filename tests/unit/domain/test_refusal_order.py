"""If several reasons apply the first of the enum is given: everything wrong at once, mended one by one."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unit.domain.registrar import at, ident, terms
from unit.domain.scribe import Line
from unit.domain.town import small_town, with_voucher

import ledger.domain
from ledger.domain.attestation import PricedModel
from ledger.domain.commands import Refusals
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
    admissions[ident("cloud")] = replace(admission, items=(), from_day=30_000)

    def given(by: str = "acme") -> Reason | None:
        return town.reason(town.apply("a-v", "c", by=by))

    assert given() == Reason.ROLE_CONFLICT
    del applicants[ident("cloud")]
    assert given() == Reason.PROVIDER_NOT_ADMITTED
    admissions[ident("cloud")] = replace(admission, items=())
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

    foreign = {"contract_digest": bytes(32)}
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
    """MIN_SPEND, VOUCHER_EXPIRED, KEY_UNKNOWN, DUPLICATE_EVIDENCE, FACE_EXCEEDED, then the conflicts."""
    town = with_voucher(terms(min_spend_fen=100))
    town.redeemed("r0", "v", "1_000", claim="u0")
    town.ok(town.metered("u1", "v", "1_000"))
    town.now_ms = at("2027-02-01")

    def ask(by: str, claims: list[str], amount: int) -> Reason | None:
        return town.reason(
            town.redeem("r0", "v", claims, invoices={"i-e": amount}, payments={"p-e": 100}, by=by)
        )

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
