"""Daily quotas, what counts towards them, the report of what they kept out, and erasure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.domain.registrar import at, ident
from unit.domain.town import Town, with_voucher
from unit.domain.world import SIZE_BYTES

from ledger.domain.commands import PublishQuotas, ReportSuppressed
from ledger.domain.days import day_of_ms, parse_day
from ledger.domain.entities import DayUse, Quotas
from ledger.domain.journal import LinkKind, PremiseKind
from ledger.domain.quotas import over_quota
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import Role


def used(town: Town) -> DayUse | None:
    """What `cloud` used on the day of its last claim."""
    return town.state.day_use.get(ident("cloud"))


def full(town: Town, *, refusal: bool = False) -> bool:
    """Whether a further claim, or a further refusal, of `cloud` is over a quota."""
    answer = over_quota(town.state, ident("cloud"), town.now_ms, refusal=refusal)
    assert answer is None or answer.reason == Reason.QUOTA_EXCEEDED
    return answer is not None


def refused(town: Town, label: str) -> None:
    """A claim that the state refuses, and records."""
    town.ok(town.hold("v"))
    assert town.reason(town.metered(label, "v", 1)) == Reason.VOUCHER_HELD
    town.ok(town.unhold("v"))


def test_defaults_until_quotas_are_published() -> None:
    """10,000 refusals, 1,000,000 claims and 1 GB a day."""
    town = with_voucher()
    assert town.state.quotas_in_force() == (10_000, 1_000_000, 1_000_000_000)
    event = town.ok(PublishQuotas(Quotas(1, 2, 3)))
    assert town.state.quotas_in_force() == (1, 2, 3)
    assert (event.draft.links, event.draft.premises, event.draft.actor) == ((), (), None)
    assert event.recorded.stream_id == f"ledger/{ident('ledger').hex()}"


@pytest.mark.parametrize("quotas", [(0, 1, 1), (1, 0, 1), (1, 1, 0), (-1, 1, 1)])
def test_quotas_are_above_zero(quotas: tuple[int, int, int]) -> None:
    """None of the three stops everything."""
    assert with_voucher().reason(PublishQuotas(Quotas(*quotas))) == Reason.MALFORMED


def test_claims_and_refusals_count_with_their_bytes() -> None:
    """An accepted claim counts as a claim, a recorded refusal as both."""
    town = with_voucher()
    today = day_of_ms(town.now_ms)
    town.ok(town.metered("u1", "v", 1))
    assert used(town) == DayUse(today, 0, 1, SIZE_BYTES)
    refused(town, "u2")
    assert used(town) == DayUse(today, 1, 2, 2 * SIZE_BYTES)


def test_what_is_not_recorded_does_not_count() -> None:
    """Malformed and unsigned claims leave the day's use as it is."""
    town = with_voucher()
    assert town.reason(replace(town.metered("u1", "v", 1), sequence=0)) == Reason.MALFORMED
    assert town.reason(town.metered("u2", "v", 1, by="acme")) == Reason.NOT_AUTHORISED
    assert used(town) is None


def test_a_new_day_starts_from_nothing() -> None:
    """Days are those of +08:00."""
    town = with_voucher(at_time="2026-06-01T23:59")
    town.ok(PublishQuotas(Quotas(1, 1, 10**9)))
    town.ok(town.metered("u1", "v", 1))
    assert full(town)
    town.now_ms = at("2026-06-02")
    assert not full(town)
    town.ok(town.metered("u2", "v", 1))
    assert used(town) == DayUse(parse_day("2026-06-02"), 0, 1, SIZE_BYTES)


def test_the_last_claim_of_a_quota_is_taken() -> None:
    """With a quota of 2 a third claim is too much, accepted or refused."""
    town = with_voucher()
    town.ok(PublishQuotas(Quotas(9, 2, 10**9)))
    town.ok(town.metered("u1", "v", 1))
    assert not full(town)
    refused(town, "u2")
    assert (full(town), full(town, refusal=True)) == (True, True)


def test_refusals_have_a_quota_of_their_own() -> None:
    """Claims are still taken when no further refusal is recorded."""
    town = with_voucher()
    town.ok(PublishQuotas(Quotas(1, 9, 10**9)))
    refused(town, "u1")
    assert (full(town), full(town, refusal=True)) == (False, True)


def test_bytes_count_before_the_claim() -> None:
    """A claim is taken while the bytes before it are below the quota, however many its own are."""
    town = with_voucher()
    town.ok(PublishQuotas(Quotas(9, 9, SIZE_BYTES + 1)))
    town.ok(town.metered("u1", "v", 1))
    assert not full(town)
    town.ok(town.metered("u2", "v", 1))
    assert full(town)


def test_services_count_like_usage() -> None:
    """One quota for all attestations of a provider; another provider has its own."""
    town = with_voucher()
    town.ok(PublishQuotas(Quotas(9, 1, 10**9)))
    span = (at("2026-03-01"), at("2026-03-02"))
    assert town.reason(town.served("s", "v", 1, span=span, provider="cloud")) == Reason.STATE_CONFLICT
    assert full(town)
    assert over_quota(town.state, ident("models"), town.now_ms, refusal=False) is None


# The report.


def test_suppressed_statements_are_reported_after_their_day() -> None:
    """The count of a day that is over, with a link of the participant."""
    town = with_voucher()
    yesterday = day_of_ms(town.now_ms) - 1
    event = town.ok(ReportSuppressed(ident("cloud"), yesterday, 7))
    assert (event.payload.participant_id, event.payload.day, event.payload.count) == (
        ident("cloud"),
        yesterday,
        7,
    )
    assert [(link.kind, link.entity) for link in event.draft.links] == [
        (LinkKind.PARTICIPANT, ident("cloud"))
    ]
    assert (event.draft.premises, event.draft.signed) == ((), False)


def test_nothing_and_today_are_not_reported() -> None:
    """Neither a count of 0, nor a day that still runs, nor of nobody."""
    town = with_voucher()
    today = day_of_ms(town.now_ms)
    for report in (
        ReportSuppressed(ident("cloud"), today - 1, 0),
        ReportSuppressed(ident("cloud"), today, 1),
        ReportSuppressed(ident("nobody"), today - 1, 1),
    ):
        assert town.reason(report) == Reason.STATE_CONFLICT


# Erasure.


def test_an_erasure_changes_no_leaf_and_no_rule() -> None:
    """It rests on the participant, links it, and everything else goes on as before."""
    town = with_voucher()
    before = {id(table): dict(table.base) for table in town.state._tables}
    event = town.ok(town.erase("acme"))
    assert event.draft.premises[-1] == (
        PremiseKind.PARTICIPANT,
        town.state.participants[ident("acme")].index,
    )
    assert [(link.kind, link.entity) for link in event.draft.links] == [(LinkKind.PARTICIPANT, ident("acme"))]
    changed = {
        name
        for name, table in vars(town.state).items()
        if id(table) in before and table.base != before[id(table)]
    }
    assert changed == {"streams", "recorded_ms"}
    town.redeemed("r", "v", "1_000")
    assert town.settle("r") == [50_000]


def test_a_clerk_of_any_bureau_erases_a_registered_participant() -> None:
    """As often as there is something to erase; another office is SEPARATION_OF_DUTY, nobody unknown."""
    town = with_voucher()
    town.ok(town.appoint("clerk-x", Role.CLERK, bureau="other"))
    for by in ("reviewer", "approver-1", "acme"):
        assert town.reason(town.erase("acme", by=by)) == Reason.SEPARATION_OF_DUTY
    assert town.message(town.erase("nobody")) == "the participant does not exist"
    assert town.message(town.erase("clerk")) == "the participant does not exist"
    town.ok(town.erase("acme"))
    assert town.reason(town.in_bureau(town.erase("acme"), "clerk-x")) is None
