"""Accounts of model services and data exchanges: units and amounts instead of devices (I7, I8, I19)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.domain.registrar import at, digest, ident, terms, yuan
from unit.domain.scribe import Line
from unit.domain.town import LATER, Town, small_town

from ledger.domain.journal import LinkKind
from ledger.domain.policy import Instrument, Mode, Origin, OriginRate
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import ParticipantKind, ProviderStanding

HOUR = 3_600_000
MARCH = (at("2026-03-01"), at("2026-03-02"))


def modelled(
    instrument: Instrument = Instrument.MODEL, *, rate_bp: int = 3_000, at_time: str = LATER, **more: object
) -> Town:
    """Voucher `m` of a programme `model` on contract `c` of a million with provider `models`."""
    town = small_town()
    kind = ParticipantKind.MODEL if instrument == Instrument.MODEL else ParticipantKind.EXCHANGE
    town.provider("models", kind, device_count=0, items=("tokens",))
    town.open_programme(
        terms(rate_bp=rate_bp, **more),  # type: ignore[arg-type]
        label="model",
        instrument=instrument,
    )
    town.ok(town.contract("c", "1_000_000", provider="models", item="tokens", filing="F-1", trade="T-1"))
    town.award("m", "c", programme="model")
    town.evidence("e", "c", "1_000_000")
    town.now_ms = at(at_time)
    return town


def served(town: Town, label: str, *amounts: int, **more: Any) -> Reason | None:
    """Send an account on voucher `m`; the reason of its refusal, or None."""
    return town.reason(town.served(label, "m", *amounts, span=MARCH, **more))


@pytest.mark.parametrize("instrument", [Instrument.MODEL, Instrument.CORPUS])
def test_services_are_claimed_redeemed_and_paid(instrument: Instrument) -> None:
    """30 % of 1,000,000 in two lines; no device and no metered time is touched."""
    town = modelled(instrument)
    event = town.ok(town.served("u", "m", yuan("400_000"), yuan("600_000"), span=MARCH))
    assert [(link.kind, link.totals) for link in event.draft.links] == [
        (LinkKind.CLAIM, ()),
        (LinkKind.VOUCHER, (yuan("300_000"), 0, 0, 0, 0)),
    ]
    assert event.draft.effective_ms == MARCH[1]
    fen = yuan("1_000_000")
    request = town.redeem("r", "m", ["u"], invoices={"i-e": fen}, payments={"p-e": fen})
    assert town.ok(request).payload.amount_fen == yuan("300_000")
    assert town.settle("r") == [yuan("300_000")]
    assert town.state.vouchers[ident("m")].state.name == "CLOSED"


def test_services_have_one_rate() -> None:
    """Rates by origin are for devices: services get the ordinary one."""
    rates = (OriginRate(origin=Origin.DOMESTIC, rate_bp=9_000), OriginRate(origin=Origin.FOREIGN, rate_bp=1))
    town = modelled(rate_bp_by_origin=rates)
    town.ok(town.served("u", "m", 1_000_000, span=MARCH))
    request = town.redeem("r", "m", ["u"], invoices={"i-e": 1_000_000}, payments={"p-e": 1_000_000})
    assert town.ok(request).payload.amount_fen == 300_000


# Which attestation for which instrument.


def test_devices_are_for_gpu_programmes_and_services_for_the_others() -> None:
    """The wrong kind of attestation is STATE_CONFLICT that names the right one, and is recorded."""
    town = modelled()
    town.ok(town.contract("g", "1_000"))
    town.now_ms = at("2026-01-10")
    town.award("v", "g")
    town.now_ms = at(LATER)
    usage = town.claim("u1", "m", Line(0, *MARCH), provider="models")
    text = "not of the programme's instrument; allowed: service-attestation"
    assert town.message(replace(usage, device_ids=(ident("device/cloud/0"),))) is not None
    service = town.served("u2", "v", 100, span=MARCH, provider="cloud")
    assert town.message(service) == "not of the programme's instrument; allowed: usage-attestation"
    assert town.events[-1].payload.reason == Reason.STATE_CONFLICT
    town.ok(town.devices("models", 1))
    assert town.message(town.claim("u3", "m", Line(0, *MARCH), provider="models")) == text


# Time and provider: the same rules as for usage.


@pytest.mark.parametrize(
    ("span", "reason"),
    [
        ((at("2026-01-05"), at("2026-01-05") + 1), None),
        ((at("2026-01-05") - 1, at("2026-01-05") + 1), Reason.OUTSIDE_CONTRACT),
        ((at(LATER) - 1, at(LATER)), None),
        ((at(LATER) - 1, at(LATER) + 1), Reason.OUTSIDE_VALIDITY),
    ],
    ids=["first", "before", "now", "later"],
)
def test_services_lie_in_contract_and_before_now(span: tuple[int, int], reason: Reason | None) -> None:
    """Every line, half-open, to the millisecond."""
    town = modelled(mode=Mode.EX_POST)
    assert town.reason(town.served("u", "m", 1, span=span)) == reason


@pytest.mark.parametrize(("mode", "reason"), [(Mode.QUOTA, Reason.OUTSIDE_VALIDITY), (Mode.EX_POST, None)])
def test_services_before_the_voucher(mode: Mode, reason: Reason | None) -> None:
    """Refused under QUOTA, accepted under EX_POST."""
    town = small_town()
    town.provider("models", ParticipantKind.MODEL, device_count=0, items=("tokens",))
    town.open_programme(terms(mode=mode), label="model", instrument=Instrument.MODEL)
    town.ok(town.contract("c", "1_000_000", provider="models", item="tokens"))
    town.now_ms = at(LATER)
    town.award("m", "c", programme="model")
    assert served(town, "u", 1) == reason


def test_services_of_a_suspended_provider_are_refused() -> None:
    """In the suspension, and while it lasts."""
    town = modelled(at_time="2026-02-01")
    town.ok(town.standing("models", ProviderStanding.SUSPENDED, "2026-03-01"))
    town.now_ms = at("2026-03-20")
    assert served(town, "u1", 1) == Reason.PROVIDER_NOT_ADMITTED
    town.ok(town.standing("models", ProviderStanding.READMITTED, "2026-04-01"))
    town.now_ms = at(LATER)
    assert served(town, "u2", 1) == Reason.PROVIDER_NOT_ADMITTED
    after = (at("2026-04-01"), at("2026-04-02"))
    assert town.reason(town.served("u3", "m", 1, span=after)) is None


def test_services_are_of_what_the_voucher_is_bound_to() -> None:
    """Another programme, beneficiary, contract or provider is STATE_CONFLICT."""
    town = modelled()
    good = town.served("u", "m", 1, span=MARCH)
    for number, change in enumerate(
        (
            {"programme_id": ident("gpu")},
            {"beneficiary_id": ident("beta")},
            {"contract_digest": digest("other")},
        )
    ):
        wrong = replace(good, claim_id=ident(f"x{number}"), **change)  # type: ignore[arg-type]
        assert town.message(wrong) == "the voucher is bound to other parties or another contract"
    town.provider("data", ParticipantKind.MODEL, device_count=0, items=("tokens",))
    assert served(town, "y", 1, provider="data") == Reason.STATE_CONFLICT
    assert served(town, "z", 1, by="acme") == Reason.NOT_AUTHORISED
    assert town.message(town.served("u", "x", 1, span=MARCH)) == "the voucher does not exist"
    assert town.reason(good) is None


def test_a_held_or_ended_voucher_takes_no_services() -> None:
    """VOUCHER_HELD, then VOUCHER_EXPIRED."""
    town = modelled()
    town.ok(town.hold("m"))
    assert served(town, "u1", 1) == Reason.VOUCHER_HELD
    town.ok(town.unhold("m"))
    town.now_ms = at("2027-02-01")
    town.ok(town.expire("m"))
    assert served(town, "u2", 1) == Reason.VOUCHER_EXPIRED


# Ids, numbers, superseding.


def test_ids_and_numbers_of_services_are_used_once() -> None:
    """REQUEST_ID_REUSED names the claim; a refused id is spent, its number is not."""
    town = modelled()
    first = town.ok(town.served("u", "m", 1, span=MARCH, sequence=7))
    assert town.conflict(town.served("u", "m", 1, span=MARCH)) == (Reason.REQUEST_ID_REUSED, first.index)
    again = town.served("u2", "m", 1, span=MARCH, sequence=7)
    assert town.conflict(again) == (Reason.REQUEST_ID_REUSED, first.index)
    town.ok(town.hold("m"))
    assert served(town, "u3", 1, sequence=8) == Reason.VOUCHER_HELD
    town.ok(town.unhold("m"))
    assert served(town, "u3", 1) == Reason.REQUEST_ID_REUSED
    assert served(town, "u4", 1, sequence=8) is None


def test_a_service_claim_is_superseded_by_another() -> None:
    """The old one counts nothing; a redemption of the new one has its amount."""
    town = modelled()
    old = town.ok(town.served("u1", "m", 9_000, span=MARCH))
    new = town.ok(town.served("u2", "m", 5_000, span=MARCH, superseding=old.index))
    assert [(link.kind, link.entity) for link in new.draft.links] == [
        (LinkKind.CLAIM, ident("u2")),
        (LinkKind.VOUCHER, ident("m")),
        (LinkKind.CLAIM, ident("u1")),
    ]
    both = town.redeem("r", "m", ["u1", "u2"], invoices={"i-e": 9_000}, payments={"p-e": 9_000})
    assert town.reason(both) == Reason.STATE_CONFLICT
    one = town.redeem("r", "m", ["u2"], invoices={"i-e": 9_000}, payments={"p-e": 9_000})
    assert town.ok(one).payload.base_fen == 5_000


def test_only_an_unredeemed_claim_of_the_same_kind_is_superseded() -> None:
    """Not twice, not once redeemed, and no usage by services: STATE_CONFLICT."""
    town = modelled()
    town.ok(town.contract("g", "1_000"))
    town.now_ms = at("2026-01-10")
    town.award("v", "g")
    town.now_ms = at(LATER)
    usage = town.ok(town.claim("u0", "v", Line(0, *MARCH)))
    old = town.ok(town.served("u1", "m", 9_000, span=MARCH))
    town.ok(town.served("u2", "m", 5_000, span=MARCH, superseding=old.index))
    redeemed = town.ok(town.served("u3", "m", 5_000, span=MARCH))
    town.ok(town.redeem("r", "m", ["u3"], invoices={"i-e": 5_000}, payments={"p-e": 5_000}))
    for number, index in enumerate((usage.index, old.index, redeemed.index, 0, 99_999)):
        assert served(town, f"x{number}", 1, superseding=index) == Reason.STATE_CONFLICT
    by_usage = town.claim("y", "v", Line(1, *MARCH), superseding=redeemed.index)
    assert town.reason(by_usage) == Reason.STATE_CONFLICT


def test_a_disputed_service_claim_counts_nothing() -> None:
    """Until it is reconfirmed."""
    town = modelled()
    town.ok(town.served("u", "m", 9_000, span=MARCH))
    town.ok(town.revoke("models", 0))
    request = town.redeem("r", "m", ["u"], invoices={"i-e": 9_000}, payments={"p-e": 9_000})
    assert town.reason(request) == Reason.FACE_EXCEEDED
    town.ok(town.reconfirm(["u"]))
    assert town.ok(request).payload.amount_fen == 2_700


# Shape.


@pytest.mark.parametrize(
    "change",
    [
        {"unit": ""},
        {"unit": "token"},
        {"unit": "T" * 33},
        {"quantity": 0},
        {"start_ms": MARCH[1]},
        {"start_ms": -1},
        {"amount_fen": -1},
    ],
    ids=str,
)
def test_a_service_line_out_of_shape_is_malformed(change: dict[str, Any]) -> None:
    """Units are codes, quantities above 0, intervals not empty, amounts not below 0."""
    town = modelled()
    good = town.served("u", "m", 5, span=MARCH)
    wrong = replace(good, lines=(replace(good.lines[0], **change),), total_amount_fen=5)
    if "amount_fen" in change:
        wrong = replace(wrong, total_amount_fen=-1)
    assert town.reason(wrong) == Reason.MALFORMED
    assert town.reason(good) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"lines": ()},
        {"total_amount_fen": 4},
        {"sequence": 0},
        {"claim_id": bytes(16)},
        {"raw_log_digest": b""},
        {"previous_digest": b"x"},
        {"superseded_index": 1},
        {"superseding_reason": 1},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_service_attestation_out_of_shape_is_malformed(changes: dict[str, Any]) -> None:
    """1 to 500 lines, the total is their sum, digests and ids have their sizes."""
    town = modelled()
    good = town.served("u", "m", 5, span=MARCH)
    assert town.reason(replace(good, **changes)) == Reason.MALFORMED
    assert town.reason(town.served("u2", "m", *([1] * 501), span=MARCH)) == Reason.MALFORMED
    assert town.reason(town.served("u3", "m", *([1] * 500), span=MARCH)) is None
