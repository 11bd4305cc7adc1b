"""Whole life cycles through the real store and sequencer, and what the auditor makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support import everything
from support.auditing import assert_agreement, trust_of
from support.faults import folded
from support.house import DAY_MS, HOUR_MS, START_MS

from ledger.app.outcomes import Accepted, Refused
from ledger.client.acts import ACTS
from ledger.codec.registry import by_event_name
from ledger.domain.days import start_ms
from ledger.domain.entities import VoucherState
from ledger.domain.rejections import Reason
from ledger_audit.sources import ExportSource
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from support.house import House

    from ledger.app.outcomes import Outcome
    from ledger.codec.envelopes import SignedEnvelope


def test_a_voucher_used_up_and_paid_closes(house: House) -> None:
    """Usage, invoice and payment of the whole contract: the face is paid, the voucher closes, the audit agrees."""
    devices = house.provider()
    house.programme()
    house.party("acme")
    amount_fen = 4 * 100 * 2000
    assert isinstance(house.voucher("v", "acme", amount_fen=amount_fen), Accepted)
    house.at(START_MS + 30 * DAY_MS)
    lines = [(device, START_MS, START_MS + 100 * HOUR_MS) for device in devices]
    assert isinstance(house.claim("v", lines), Accepted)
    house.evidence("contract of v", amount_fen=amount_fen, buyer="acme")
    assert isinstance(house.redeem("r", "v", "acme", amount_fen=amount_fen), Accepted)
    house.settle("r")
    assert house.ledger.state.vouchers[house.ids["v"]].state == VoucherState.CLOSED
    report = assert_agreement(house)
    totals = report.totals[house.ids["gpu"].hex()]
    assert (totals["disbursed"], totals["encumbered"]) == (str(amount_fen // 2), "0")


def test_instalments_failure_dispute_and_expiry(house: House) -> None:
    """A failed payment is ordered again, a disputed claim lowers a verification, expiry releases the rest."""
    devices = house.provider()
    house.programme()
    house.party("acme")
    house.voucher("v", "acme", amount_fen=1_000_000)
    house.at(START_MS + 30 * DAY_MS)
    assert isinstance(house.claim("v", [(devices[0], START_MS, START_MS + 100 * HOUR_MS)]), Accepted)
    house.add_key("cloud", "cloud-2")
    assert isinstance(
        house.claim("v", [(devices[1], START_MS, START_MS + 50 * HOUR_MS)], key="cloud-2"), Accepted
    )
    house.evidence("contract of v", amount_fen=1_000_000, buyer="acme")
    outcome = house.redeem("r", "v", "acme", amount_fen=1_000_000, instalments_bp=(3000, 7000))
    assert isinstance(outcome, Accepted)
    assert isinstance(house.revoke("cloud-2"), Accepted)
    assert isinstance(house.claim("v", [(devices[2], START_MS, START_MS + HOUR_MS)], key="cloud-2"), Refused)
    assert isinstance(house.verify("r"), Accepted)
    assert isinstance(house.approve("r", "approver-1"), Accepted)
    refused = house.approve("r", "approver-1")
    assert isinstance(refused, Refused)
    assert refused.reason == Reason.SEPARATION_OF_DUTY
    assert isinstance(house.approve("r", "approver-2"), Accepted)
    for _ in range(2):
        assert isinstance(house.order("r"), Accepted)
        assert isinstance(house.pay("r", fail=True), Accepted)
    for _ in range(2):
        assert isinstance(house.order("r"), Accepted)
        assert isinstance(house.pay("r"), Accepted)
    voucher = house.ledger.state.vouchers[house.ids["v"]]
    house.at(start_ms(voucher.valid_until_day))
    assert isinstance(house.expire("v"), Accepted)
    report = assert_agreement(house)
    totals = report.totals[house.ids["gpu"].hex()]
    assert (totals["disbursed"], totals["encumbered"], totals["obligated"]) == (
        str(100 * 2000 // 2),
        "0",
        "0",
    )


def test_a_year_with_every_act_and_every_event(house: House, tmp_path: Path) -> None:
    """Everything that people sign and everything that follows of itself happens, and the audit agrees.

    Folding the stored events again gives the state that writing them left.
    """
    signed = set()
    real = house.send

    def send(act: str, *envelopes: SignedEnvelope, submitter: str = "") -> list[Outcome]:
        signed.add(act)
        return real(act, *envelopes, submitter=submitter)

    house.send = send  # type: ignore[method-assign]
    everything.play(house)
    assert signed == {act.name for act in ACTS} - {"genesis"}
    assert set(house.kinds()) == set(by_event_name())
    report = assert_agreement(house)
    exported = verify(ExportSource(house.export(tmp_path)), trust=trust_of(house), workers=2)
    assert (exported.result, exported.totals) == ("ok", report.totals)
    before = folded(house.ledger.state)
    house.reopen()
    assert folded(house.ledger.state) == before


def test_a_reopened_ledger_knows_which_devices_are_occupied(house: House) -> None:
    """Intervals are in the store, not in the state: what was accepted before a restart still counts."""
    devices = house.provider()
    house.programme()
    house.party("acme")
    house.voucher("v", "acme", amount_fen=1_000_000)
    house.at(START_MS + 30 * DAY_MS)
    house.claim("v", [(devices[0], START_MS, START_MS + HOUR_MS)])
    house.reopen()
    outcome = house.claim("v", [(devices[0], START_MS, START_MS + HOUR_MS)])
    assert isinstance(outcome, Refused)
    assert outcome.reason == Reason.DEVICE_OVERLAP
    assert_agreement(house)


def test_adjacent_intervals_of_one_batch_do_not_overlap(house: House) -> None:
    """Half-open intervals that touch are accepted in any order, also when one call carries both (rule I6)."""
    devices = house.provider()
    house.programme()
    house.party("acme")
    house.voucher("v", "acme", amount_fen=1_000_000)
    house.at(START_MS + 30 * DAY_MS)
    hours = [(10, 11), (12, 13), (11, 12), (9, 10), (8, 10)]
    envelopes = []
    for sequence, (start, end) in enumerate(hours, start=1):
        line = (devices[0], START_MS + start * HOUR_MS, START_MS + end * HOUR_MS)
        statement = house.attestation("v", [line], sequence=sequence)
        envelopes.append(house.envelope("usage-attestation", statement, "cloud"))
    outcomes = house.send("usage-attestation", *envelopes, submitter="cloud")
    assert [isinstance(outcome, Accepted) for outcome in outcomes] == [True, True, True, True, False]
    assert isinstance(outcomes[4], Refused)
    assert outcomes[4].reason == Reason.DEVICE_OVERLAP
    assert outcomes[4].conflicting_index == outcomes[3].index  # type: ignore[union-attr]


def test_a_superseded_claim_frees_its_devices_and_counts_nothing(house: House) -> None:
    """A correction replaces the provider's own claim: intervals, totals and redemption follow the new one."""
    devices = house.provider()
    house.programme()
    house.party("acme")
    house.voucher("v", "acme", amount_fen=1_000_000)
    house.at(START_MS + 30 * DAY_MS)

    def line(device: int, start: int, end: int) -> tuple[bytes, int, int]:
        return devices[device], START_MS + start * HOUR_MS, START_MS + end * HOUR_MS

    assert isinstance(house.claim("v", [line(0, 0, 2)]), Accepted)
    wrong = house.claim("v", [line(0, 2, 12), line(0, 14, 20), line(1, 0, 10)])
    assert isinstance(wrong, Accepted)
    right = house.claim(
        "v", [line(0, 3, 8), line(0, 15, 16)], superseded_index=wrong.index, superseding_reason=1
    )
    assert isinstance(right, Accepted)
    again = house.claim("v", [line(0, 30, 31)], superseded_index=wrong.index, superseding_reason=1)
    assert isinstance(again, Refused)
    assert again.reason == Reason.STATE_CONFLICT
    for taken, free in [((0, 1, 3), (0, 2, 3)), ((0, 7, 9), (0, 8, 15)), ((0, 15, 17), (1, 0, 10))]:
        refused = house.claim("v", [line(*taken)])
        assert isinstance(refused, Refused)
        assert refused.reason == Reason.DEVICE_OVERLAP
        assert isinstance(house.claim("v", [line(*free)]), Accepted)
    voucher = house.ledger.state.voucher_totals(house.ids["v"])
    assert voucher.metered_ms == (2 + 6 + 1 + 7 + 10) * HOUR_MS
    house.reopen()
    assert house.ledger.state.voucher_totals(house.ids["v"]) == voucher
    house.evidence("contract of v", amount_fen=1_000_000, buyer="acme")
    assert isinstance(house.redeem("r", "v", "acme", amount_fen=1_000_000), Accepted)
    assert house.ledger.state.redemptions[house.ids["r"]].base_fen == 26 * 2000
    assert_agreement(house)
