"""After a thousand random life cycles ledger, treasury and arithmetic agree to the fen (DOMAIN 7.15)."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

from support.auditing import assert_agreement
from support.house import House
from support.life_cycles import Crowd

from ledger.codec.events import decode_event

if TYPE_CHECKING:
    from pathlib import Path

CYCLES = 1_000


def paid_by_the_log(house: House) -> Counter[str]:
    """What the confirmations in the record say was paid, by programme, fen."""
    names = {house.ids[name]: name for name in ("gpu", "next", "window", "model")}
    paid: Counter[str] = Counter()
    for _, kind, data in house.run(house.ledger.read(0, house.ledger.size)):
        if kind == "payment_confirmed":
            statement = decode_event(data).statement
            redemption = house.ledger.state.redemptions[statement.redemption_id]
            voucher = house.ledger.state.vouchers[redemption.voucher_id]
            paid[names[voucher.programme_id]] += statement.amount_fen
    return paid


def test_a_thousand_life_cycles_tie_out(tmp_path: Path) -> None:
    """Payments of the record = the treasury's list = entitlements by plain arithmetic = the auditor's totals.

    In every programme, each of a year of its own; and what was not paid is available again.
    """
    with closing(House.open(tmp_path / "ledger", in_memory=True)) as house:
        crowd = Crowd(house, seed=715, count=CYCLES)
        crowd.play()
        report = assert_agreement(house)
        treasury: Counter[str] = Counter()
        for programme, amount_fen in crowd.treasury:
            treasury[programme] += amount_fen
        entitled: Counter[str] = Counter()
        for cycle in crowd.cycles:
            entitled[cycle.programme] += cycle.amount_fen
        assert paid_by_the_log(house) == treasury == entitled
        years = set()
        for name, arithmetic in crowd.programmes.items():
            row = report.totals[house.ids[name].hex()]
            years.add(row["fiscal_year"])
            recovered = sum(amount_fen for programme, amount_fen in crowd.returned if programme == name)
            assert (row["disbursed"], row["recovered"]) == (str(entitled[name]), str(recovered))
            assert int(row["available"]) == arithmetic.parameters.appropriation_fen - entitled[name]
            assert (row["encumbered"], row["obligated"], row["recoverable"]) == ("0", "0", "0")
        assert len(years) == len(crowd.programmes)
    assert len(crowd.cycles) > CYCLES // 2
    assert crowd.returned
