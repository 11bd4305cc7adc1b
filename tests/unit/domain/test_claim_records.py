"""Shape, ids and sequence numbers of usage claims, and how refusals are recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from unit.domain.registrar import at, ident, terms, yuan
from unit.domain.scribe import Line
from unit.domain.town import LATER, Town, small_town, with_voucher

from ledger.domain.days import start_ms
from ledger.domain.journal import LinkKind, PremiseKind
from ledger.domain.rejections import Reason

if TYPE_CHECKING:
    from ledger.domain.attestation import UsageAttestation

HOUR = 3_600_000
NOON = at("2026-03-02T12:00")


def hours(device: int, start: int, end: int) -> Line:
    """A line of whole hours of 2 March, counted from 00:00."""
    midnight = at("2026-03-02")
    return Line(device, midnight + start * HOUR, midnight + end * HOUR)


def town_with_prices() -> Town:
    """A voucher on a contract that prices an H800 at 20.00."""
    town = small_town()
    town.ok(town.contract("c", "8_000_000", prices={"H800": 2_000}))
    town.award("v", "c")
    town.now_ms = at(LATER)
    return town


# Ids and sequences; recorded refusals.


def test_a_sequence_number_is_used_once() -> None:
    """A used sequence of provider and voucher is REQUEST_ID_REUSED and names the claim; gaps are free."""
    town = with_voucher()
    first = town.ok(town.claim("u1", "v", hours(0, 1, 2), sequence=7))
    assert town.conflict(town.claim("u2", "v", hours(0, 3, 4), sequence=7)) == (
        Reason.REQUEST_ID_REUSED,
        first.index,
    )
    assert town.reason(town.claim("u3", "v", hours(0, 3, 4), sequence=3)) is None


def test_a_refused_claim_is_recorded_and_its_id_spent() -> None:
    """A validly signed claim that the state refuses is an event; its id is spent, its sequence is not."""
    town = with_voucher()
    town.ok(town.claim("u1", "v", hours(0, 10, 12)))
    size = len(town.events)
    assert town.reason(town.claim("u2", "v", hours(0, 11, 13), sequence=9)) == Reason.DEVICE_OVERLAP
    refused = town.events[-1]
    assert (len(town.events), refused.payload.reason, refused.payload.claim_id) == (
        size + 1,
        Reason.DEVICE_OVERLAP,
        ident("u2"),
    )
    assert [premise.kind for premise in refused.draft.premises] == [
        PremiseKind.VOUCHER,
        PremiseKind.CONTRACT,
        PremiseKind.ADMISSION,
    ]
    assert [link.kind for link in refused.draft.links] == [LinkKind.CLAIM]
    assert town.conflict(town.claim("u2", "v", hours(0, 13, 14))) == (Reason.REQUEST_ID_REUSED, refused.index)
    assert not town.sequence_used("cloud", "v", 9)
    assert town.reason(town.claim("u3", "v", hours(0, 13, 14), sequence=9)) is None


def test_what_the_state_did_not_refuse_is_not_recorded() -> None:
    """Malformed, unsigned, repeated and foreign submissions leave no event."""
    town = with_voucher()
    good = town.claim("u", "v", hours(0, 1, 2))
    overlong = town.claim("u9", "v", replace(hours(0, 1, 2), allocated_ms=2 * HOUR))
    size = len(town.events)
    assert town.reason(replace(good, total_amount_fen=1)) == Reason.MALFORMED
    assert town.reason(town.claim("u", "v", hours(0, 1, 2), by="acme")) == Reason.NOT_AUTHORISED
    town.submitter = ident("acme")
    assert town.reason(overlong) == Reason.CAPACITY_EXCEEDED
    town.submitter, town.signatures_hold = None, False
    assert town.reason(overlong) == Reason.BAD_SIGNATURE
    assert len(town.events) == size


def test_totals_of_voucher_and_devices_count_the_allocated_time() -> None:
    """A claim adds its allocated milliseconds to the voucher and to each of its devices."""
    town = with_voucher()
    town.ok(town.claim("u1", "v", hours(0, 1, 2), hours(1, 1, 3)))
    event = town.ok(town.claim("u2", "v", hours(1, 4, 5)))
    assert town.voucher_totals("v")[1] == 4 * HOUR
    assert event.totals(LinkKind.DEVICE) == (3 * HOUR,)


# Shape.


def with_lines(claim: UsageAttestation, **columns: Any) -> UsageAttestation:
    """The claim with other columns."""
    return replace(claim, lines=replace(claim.lines, **columns))


@pytest.mark.parametrize(
    "columns",
    [
        {"device": (0,)},
        {"device": (0, 2)},
        {"device": (0, 0)},
        {"start_offset_ms": (0,)},
        {"start_offset_ms": (0, -1)},
        {"duration_ms": (HOUR, 0)},
        {"allocated_ms": (HOUR,)},
        {"allocated_ms": (HOUR + 1, HOUR)},
        {"amount_fen": (2_000, -1)},
        {"amount_fen": (2_001, 2_000)},
        {"node": (0,)},
        {"node": (0, 0)},
        {"energy_wh": (1, 1)},
        {"energy_wh": (-1, 1)},
        {"active_ms": (1, 0)},
        {"active_ms": (HOUR + 1, 0)},
        {"active_ms": (-1, 1)},
    ],
    ids=str,
)
def test_columns_out_of_shape_are_malformed(columns: dict[str, Any]) -> None:
    """Lengths, positions, signs and sums of the columns are judged before the ledger is looked at."""
    town = with_voucher()
    claim = with_lines(town.claim("u", "v", hours(0, 1, 2), hours(1, 1, 2)), **columns)
    assert town.reason(claim) == Reason.MALFORMED


@pytest.mark.parametrize(
    "changes",
    [
        {"total_allocated_ms": 1},
        {"total_active_ms": 1},
        {"total_energy_wh": 1},
        {"total_amount_fen": 1},
        {"sequence": 0},
        {"claim_id": bytes(16)},
        {"raw_log_digest": b""},
        {"previous_digest": b"x"},
        {"models": ()},
        {"device_models": (0,)},
        {"device_models": (0, 1)},
        {"device_ids": (ident("device/cloud/0"),) * 2},
        {"device_ids": (b"x", b"y")},
        {"base_ms": -1},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_an_attestation_out_of_shape_is_malformed(changes: dict[str, Any]) -> None:
    """Totals are the sums, tables fit, digests and ids have their sizes."""
    town = with_voucher()
    claim = town.claim("u", "v", hours(0, 1, 2), hours(1, 1, 2))
    assert town.reason(replace(claim, **changes)) == Reason.MALFORMED


def test_a_claim_has_up_to_500_lines() -> None:
    """500 lines are accepted, 501 are TOO_LARGE once nothing else is wrong, 1,002 are malformed."""
    town = with_voucher()
    start = at("2026-03-02")
    lines = [Line(0, start + n, start + n + 1) for n in range(1_002)]
    assert town.reason(town.claim("u1", "v", *lines)) == Reason.MALFORMED
    assert town.reason(town.claim("u1", "v", *lines[:1_001])) == Reason.TOO_LARGE
    assert town.reason(town.claim("u1", "v", *lines[:501])) == Reason.TOO_LARGE
    assert town.reason(town.claim("u2", "v", *lines[:500])) is None


def test_active_time_is_at_most_the_allocated() -> None:
    """Active milliseconds that fit are accepted with their total."""
    town = with_voucher()
    claim = with_lines(town.claim("u", "v", hours(0, 1, 2)), active_ms=(HOUR,), energy_wh=(5,))
    assert town.reason(replace(claim, total_active_ms=HOUR, total_energy_wh=5)) is None


def test_a_claim_may_meter_more_than_the_voucher_covers() -> None:
    """The amount of a claim has no cap; the base of the redemption takes the minimum."""
    town = with_voucher()
    assert town.reason(town.metered("u", "v", "80_000_000")) is None
    fen = yuan("8_000_000")
    request = town.ok(town.redeem("r", "v", ["u"], invoices={"i-e": fen}, payments={"p-e": fen}))
    assert request.payload.base_fen == fen


def test_validity_is_counted_in_months_clipped_to_their_end() -> None:
    """A voucher of 31 January with one month ends before 28 February."""
    town = small_town(terms(validity_months=1))
    town.ok(town.contract("c", "1_000_000"))
    town.now_ms = at("2026-01-31T10:00")
    town.award("v", "c")
    voucher = town.state.vouchers[ident("v")]
    assert start_ms(voucher.valid_until_day) == at("2026-02-28")
