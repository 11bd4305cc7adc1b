"""Standing of providers: suspended, readmitted, removed, and items that are listed later (I8)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.domain.registrar import at, ident
from unit.domain.scribe import Line
from unit.domain.town import Town, small_town, with_voucher

from ledger.domain.days import parse_day
from ledger.domain.journal import PremiseKind
from ledger.domain.policy import Instrument
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import ParticipantKind, ProviderStanding, Role

SUSPENDED, READMITTED, REMOVED = (
    ProviderStanding.SUSPENDED,
    ProviderStanding.READMITTED,
    ProviderStanding.REMOVED,
)
HOUR = 3_600_000


def standing(town: Town, *changes: tuple[ProviderStanding, str]) -> list[str | None]:
    """Answers to changes of `cloud`'s standing: the message of a refusal, or None."""
    return [town.message(town.standing("cloud", *change)) for change in changes]


def using(town: Town, label: str, start: str, *, ms: int = HOUR) -> Reason | None:
    """A claim of `cloud` on voucher `v` from a time on; the reason of its refusal, or None."""
    return town.reason(town.claim(label, "v", Line(0, at(start), at(start) + ms)))


# Moves.


def test_a_provider_is_suspended_and_readmitted_in_turn() -> None:
    """A second suspension, a readmission without one and one before it began are refused."""
    town = small_town()
    no_suspension = "there is no suspension that ends on that day; allowed: suspension, removal"
    assert standing(
        town,
        (READMITTED, "2026-02-01"),
        (SUSPENDED, "2026-02-01"),
        (SUSPENDED, "2026-03-01"),
        (READMITTED, "2026-01-31"),
        (READMITTED, "2026-02-01"),
        (READMITTED, "2026-02-02"),
        (SUSPENDED, "2026-03-01"),
    ) == [
        no_suspension,
        None,
        "the provider is SUSPENDED; allowed: readmission, removal",
        no_suspension,
        None,
        no_suspension,
        None,
    ]
    admission = town.state.admissions[ident("cloud")]
    days = [parse_day(day) for day in ("2026-02-01", "2026-02-01", "2026-03-01")]
    assert admission.suspensions == ((days[0], days[1]), (days[2], None))


def test_a_removed_provider_stays_removed() -> None:
    """Nothing changes its standing, no admission brings it back; a suspended one can be removed."""
    town = small_town()
    assert standing(
        town,
        (SUSPENDED, "2026-02-01"),
        (REMOVED, "2026-03-01"),
        (READMITTED, "2026-02-10"),
        (SUSPENDED, "2026-03-01"),
        (REMOVED, "2026-03-01"),
    ) == [None, None, *(["the provider is REMOVED; allowed: nothing"] * 3)]
    assert town.message(town.admit("cloud", items=("storage",))) == (
        "the provider is REMOVED; allowed: nothing"
    )


def test_a_standing_changes_today_at_the_earliest() -> None:
    """Today is taken, yesterday is STATE_CONFLICT."""
    town = small_town()
    assert standing(town, (SUSPENDED, "2026-01-04"), (SUSPENDED, "2026-01-05")) == [
        "the standing cannot change before today",
        None,
    ]


def test_only_an_admitted_provider_has_a_standing() -> None:
    """Nobody, and a participant that is not admitted, are STATE_CONFLICT."""
    town = small_town()
    for label in ("nobody", "acme"):
        refused = town.message(town.standing(label, SUSPENDED, "2026-02-01"))
        assert refused == "the provider's admission does not exist"


def test_a_standing_needs_clerk_and_approver_of_any_bureau() -> None:
    """Other offices are SEPARATION_OF_DUTY; a provider belongs to no bureau."""
    town = small_town()
    for by in (("clerk", "reviewer"), ("approver-1", "clerk")):
        statement = town.standing("cloud", SUSPENDED, "2026-02-01", by=by)
        assert town.reason(statement) == Reason.SEPARATION_OF_DUTY
    town.ok(town.appoint("clerk-x", Role.CLERK, bureau="other"))
    town.ok(town.appoint("approver-x", Role.APPROVER, bureau="other"))
    good = town.standing("cloud", SUSPENDED, "2026-02-01")
    assert town.reason(town.in_bureau(good, "clerk-x", "approver-x")) is None
    wrong_day = replace(town.standing("cloud", READMITTED, "2026-02-01"), from_day=-1)
    assert town.reason(wrong_day) == Reason.MALFORMED


def test_a_standing_rests_on_participant_and_newest_admission() -> None:
    """The premises of a change after a further admission."""
    town = small_town()
    town.ok(town.admit("cloud", items=("storage",)))
    newest = town.events[-1].index
    event = town.ok(town.standing("cloud", SUSPENDED, "2026-02-01"))
    assert event.draft.premises[-2:] == (
        (PremiseKind.PARTICIPANT, town.state.participants[ident("cloud")].index),
        (PremiseKind.ADMISSION, newest),
    )


# Applications.


@pytest.mark.parametrize(
    ("today", "reason"),
    [
        ("2026-01-31T23:59", None),
        ("2026-02-01T00:00", Reason.PROVIDER_NOT_ADMITTED),
        ("2026-02-27T23:59", Reason.PROVIDER_NOT_ADMITTED),
        ("2026-02-28T00:00", None),
    ],
)
def test_nobody_applies_with_a_suspended_provider(today: str, reason: Reason | None) -> None:
    """The day of recording decides, from the first day of the suspension to that of the readmission."""
    town = small_town()
    town.ok(town.contract("c", "1_000"))
    assert standing(town, (SUSPENDED, "2026-02-01"), (READMITTED, "2026-02-28")) == [None, None]
    town.now_ms = at(today)
    assert town.reason(town.apply("a", "c")) == reason


def test_nobody_applies_with_a_removed_provider() -> None:
    """PROVIDER_NOT_ADMITTED from the day of the removal on."""
    town = small_town()
    town.ok(town.contract("c", "1_000"))
    town.ok(town.standing("cloud", REMOVED, "2026-02-01"))
    town.now_ms = at("2026-02-01")
    assert town.reason(town.apply("a", "c")) == Reason.PROVIDER_NOT_ADMITTED


# Usage.


def suspended_in_march() -> Town:
    """A voucher whose provider was suspended for March; it is June."""
    town = with_voucher(at_time="2026-01-20")
    assert standing(town, (SUSPENDED, "2026-03-01"), (READMITTED, "2026-04-01")) == [None, None]
    town.now_ms = at("2026-06-01")
    return town


@pytest.mark.parametrize(
    ("start", "ms", "reason"),
    [
        ("2026-02-28T23:00", HOUR, None),
        ("2026-02-28T23:00", HOUR + 1, Reason.PROVIDER_NOT_ADMITTED),
        ("2026-03-15T10:00", HOUR, Reason.PROVIDER_NOT_ADMITTED),
        ("2026-03-31T23:59", 60_000, Reason.PROVIDER_NOT_ADMITTED),
        ("2026-04-01T00:00", HOUR, None),
        ("2026-02-28T00:00", 40 * 24 * HOUR, Reason.PROVIDER_NOT_ADMITTED),
    ],
    ids=["before", "a millisecond into it", "inside", "its last minute", "after", "over it"],
)
def test_usage_in_a_suspension_is_refused(start: str, ms: int, reason: Reason | None) -> None:
    """No part of an interval lies in a suspension, also when the claim comes after its end."""
    assert using(suspended_in_march(), "u", start, ms=ms) == reason


def test_lines_may_lie_on_both_sides_of_a_suspension() -> None:
    """Every interval counts for itself; one of them inside refuses the claim."""
    town = suspended_in_march()
    before, inside, after = (at(day) for day in ("2026-02-01", "2026-03-15", "2026-04-01"))
    lines = [Line(0, start, start + HOUR) for start in (before, inside, after)]
    assert town.reason(town.claim("u1", "v", *lines)) == Reason.PROVIDER_NOT_ADMITTED
    assert town.reason(town.claim("u2", "v", lines[0], lines[2])) is None


def test_services_may_lie_on_both_sides_of_a_suspension() -> None:
    """The same for an account of services."""
    town = small_town()
    town.provider("models", ParticipantKind.MODEL, device_count=0)
    town.open_programme(label="model", instrument=Instrument.MODEL)
    town.ok(town.contract("c", "1_000", provider="models"))
    town.award("m", "c", programme="model")
    for change in ((SUSPENDED, "2026-03-01"), (READMITTED, "2026-04-01")):
        town.ok(town.standing("models", *change))
    town.now_ms = at("2026-06-01")
    days = ("2026-02-01", "2026-03-15", "2026-04-01")
    services = town.served("s1", "m", 1, 1, 1, span=(at("2026-02-01"), at("2026-02-02")))
    lines = [
        replace(line, start_ms=at(day), end_ms=at(day) + HOUR)
        for line, day in zip(services.lines, days, strict=True)
    ]
    assert town.reason(replace(services, lines=tuple(lines))) == Reason.PROVIDER_NOT_ADMITTED
    around = replace(town.served("s2", "m", 1, 1, span=(0, 1)), lines=(lines[0], lines[2]))
    assert town.reason(around) is None


def test_a_suspended_provider_claims_nothing() -> None:
    """While it is suspended earlier usage waits; after the readmission it is accepted."""
    town = with_voucher(at_time="2026-03-10")
    town.ok(town.standing("cloud", SUSPENDED, "2026-03-10"))
    assert using(town, "u1", "2026-02-01") == Reason.PROVIDER_NOT_ADMITTED
    town.ok(town.standing("cloud", READMITTED, "2026-03-11"))
    assert using(town, "u2", "2026-02-01") == Reason.PROVIDER_NOT_ADMITTED
    town.now_ms = at("2026-03-11")
    assert using(town, "u3", "2026-02-01") is None


def test_a_removed_provider_claims_nothing_more() -> None:
    """From the day of the removal on, for usage before it too."""
    town = with_voucher(at_time="2026-03-10")
    town.ok(town.standing("cloud", REMOVED, "2026-03-12"))
    assert using(town, "u1", "2026-02-01") is None
    town.now_ms = at("2026-03-12")
    assert using(town, "u2", "2026-02-02") == Reason.PROVIDER_NOT_ADMITTED


def test_a_redemption_does_not_ask_for_the_standing() -> None:
    """What was accepted before is paid."""
    town = with_voucher()
    town.ok(town.metered("u", "v", "1_000"))
    town.ok(town.standing("cloud", REMOVED, "2026-06-01"))
    request = town.redeem("r", "v", ["u"], invoices={"i-e": 100_000}, payments={"p-e": 100_000})
    assert town.ok(request).payload.amount_fen == 50_000
    assert town.settle("r") == [50_000]


# Items.


def test_a_further_admission_adds_items_from_its_own_day() -> None:
    """The earlier items keep their day; the provider keeps the first admission's."""
    town = small_town()
    town.ok(town.admit("cloud", items=("card-hour", "storage"), from_day="2026-03-01"))
    admission = town.state.admissions[ident("cloud")]
    first, later = parse_day("2026-01-01"), parse_day("2026-03-01")
    assert (admission.from_day, admission.items) == (first, {"card-hour": first, "storage": later})
    assert admission.index == town.events[-1].index


def test_a_further_admission_has_something_to_add() -> None:
    """Known items alone are STATE_CONFLICT; the premise of a further one is the one before."""
    town = small_town()
    first = town.state.admissions[ident("cloud")].index
    assert town.conflict(town.admit("cloud")) == (Reason.STATE_CONFLICT, first)
    event = town.ok(town.admit("cloud", items=("storage",)))
    assert event.draft.premises[-1] == (PremiseKind.ADMISSION, first)


@pytest.mark.parametrize(("today", "taken"), [("2026-01-31", True), ("2026-02-01", False)])
def test_a_suspended_provider_gets_no_items(today: str, taken: bool) -> None:
    """On the first day of the suspension a further admission is STATE_CONFLICT, the day before it is not."""
    town = small_town()
    town.ok(town.standing("cloud", SUSPENDED, "2026-02-01"))
    town.now_ms = at(today)
    refused = town.message(town.admit("cloud", items=("storage",)))
    assert refused == (None if taken else "the provider is SUSPENDED; allowed: provider-standing")


@pytest.mark.parametrize(
    ("first_day", "reason"), [("2026-03-01", None), ("2026-02-28", Reason.ITEM_NOT_LISTED)]
)
def test_a_contract_s_item_is_listed_on_its_first_day(first_day: str, reason: Reason | None) -> None:
    """An item of a further admission serves contracts from that admission's day on."""
    town = small_town()
    town.ok(town.admit("cloud", items=("storage",), from_day="2026-03-01"))
    town.ok(town.contract("c", "1_000", item="storage", days=(first_day, "2026-12-31")))
    assert town.reason(town.apply("a", "c")) == reason
