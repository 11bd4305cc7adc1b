"""Random histories through the server's rules and the auditor's, which share no code: they never disagree."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from support.house import DAY_MS, HOUR_MS, START_MS, House, policy

from ledger.app.outcomes import Accepted
from ledger.domain.days import start_ms
from ledger.domain.journal import LinkKind, ProgrammeTotals
from ledger_audit.sources import ExportSource
from ledger_audit.trust import Trust
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("available", "encumbered", "obligated", "disbursed", "recoverable", "recovered", "fines")


class History:
    """A random but repeatable year: mostly sensible acts, with many that must be refused."""

    def __init__(self, house: House, seed: int) -> None:
        self.house = house
        self.random = random.Random(seed)
        self.now_ms = START_MS
        self.vouchers: list[tuple[str, str]] = []
        self.redemptions: list[str] = []
        self.accepted = 0

    def start(self) -> None:
        """Open a tight programme with firms and devices."""
        choice = self.random.choice
        self.devices = self.house.provider(devices=3)
        parameters = policy(
            appropriation_fen=choice([900_001, 2_000_000, 50_000_000]),
            cap_fen=choice([300_003, 1_000_000]),
            startup_cap_fen=choice([200_000, 1_000_000]),
            rate_bp=choice([3333, 5000, 10_000]),
            min_spend_fen=choice([0, 50_000]),
            validity_months=choice([2, 12]),
            stacking=choice(list(type(policy().stacking))),
            stacking_ceiling_bp=choice([2384, 5000, 10_000]),
        )
        self.house.programme(parameters)
        for number in range(4):
            self.house.party(f"firm-{number}", age_days=self.random.choice([100, 3000]))

    def step(self, number: int) -> None:
        """One random act."""
        acts = [
            self.award,
            self.claim,
            self.claim,
            self.claim,
            self.redeem,
            self.advance,
            self.expire,
            self.policy,
        ]
        act = self.random.choice(acts)
        self.accepted += bool(act(number))

    def award(self, number: int) -> bool:
        """A contract, an application and a grant."""
        buyer = f"firm-{self.random.randrange(4)}"
        amount = self.random.randrange(1, 900_000)
        outcome = self.house.voucher(f"v{number}", buyer, amount_fen=amount)
        if isinstance(outcome, Accepted):
            self.vouchers.append((f"v{number}", buyer))
        return isinstance(outcome, Accepted)

    def claim(self, number: int) -> bool:
        """Usage at a random place, often colliding with earlier usage."""
        del number
        if not self.vouchers:
            return False
        voucher, _ = self.random.choice(self.vouchers)
        lines = []
        for device in self.random.sample(self.devices, self.random.randrange(1, 3)):
            start = START_MS + self.random.randrange(-2, 200) * HOUR_MS + self.random.choice([0, 0, 1])
            lines.append(
                (device, start, start + self.random.randrange(1, 40) * HOUR_MS + self.random.randrange(999))
            )
        return isinstance(self.house.claim(voucher, lines), Accepted)

    def redeem(self, number: int) -> bool:
        """Evidence, a redemption, and some of the steps after it."""
        if not self.vouchers:
            return False
        voucher, buyer = self.random.choice(self.vouchers)
        amount = self.random.randrange(1, 200_000)
        self.house.evidence(f"contract of {voucher}", amount_fen=amount, buyer=buyer, label=str(number))
        instalments = self.random.choice([(), (3000, 3000, 4000), (1, 9999)])
        claims = self.house.run(
            self.house.ledger.list_claims(
                self.house.ids[voucher], unredeemed_only=True, after_index=None, limit=9
            )
        )
        ids = [claim.claim_id for claim in claims][: self.random.randrange(1, 9)]
        outcome = self.house.redeem(
            f"r{number}",
            voucher,
            buyer,
            amount_fen=amount + self.random.choice([0, 0, 1]),
            label=str(number),
            claim_ids=ids or [b"\x01" * 16],
            instalments_bp=instalments,
        )
        if not isinstance(outcome, Accepted):
            return False
        self.decide(f"r{number}")
        return True

    def decide(self, name: str) -> None:
        """Go some way towards payment, with wrong people in between."""
        house = self.house
        house.verify(name, self.random.choice(["reviewer", "reviewer", "clerk"]))
        for by in self.random.choices(["approver-1", "approver-2", "reviewer"], k=4):
            house.approve(name, by)
        for _ in range(self.random.randrange(6)):
            house.order(name, self.random.choice(["payer", "payer", "approver-1"]))
            house.pay(name, fail=self.random.random() < 0.3)

    def advance(self, number: int) -> bool:
        """Time passes."""
        del number
        self.now_ms += self.random.randrange(1, 30) * DAY_MS
        self.house.at(self.now_ms)
        return True

    def expire(self, number: int) -> bool:
        """Somebody tries to expire a voucher."""
        del number
        if not self.vouchers:
            return False
        voucher, _ = self.random.choice(self.vouchers)
        if self.random.random() < 0.3:
            found = self.house.ledger.state.vouchers[self.house.ids[voucher]]
            self.now_ms = max(self.now_ms, start_ms(found.valid_until_day))
            self.house.at(self.now_ms)
        return isinstance(self.house.expire(voucher), Accepted)

    def policy(self, number: int) -> bool:
        """A new policy version; vouchers keep theirs."""
        del number
        self.house.publish(
            policy(rate_bp=self.random.randrange(1, 10_000), cap_fen=self.random.randrange(10**6))
        )
        return True


@pytest.mark.parametrize("seed", range(8))
def test_server_and_auditor_agree(house: House, tmp_path: Path, seed: int) -> None:
    """Whatever was accepted verifies, and both sides count the same money in every account."""
    history = History(house, seed)
    history.start()
    for number in range(60):
        history.step(number)
    trust = Trust.load(house.made.directory.trust_file)
    report = verify(ExportSource(house.export(tmp_path / "export")), trust=trust)
    assert report.findings == ()
    assert report.result == "ok"
    state = house.ledger.state
    ours = {
        programme_id.hex(): ProgrammeTotals(*head.totals)
        for programme_id, head in state.heads[LinkKind.PROGRAMME].base.items()
    }
    theirs = {key: tuple(int(row[name]) for name in NAMES) for key, row in report.totals.items()}
    assert theirs == {key: tuple(totals) for key, totals in ours.items()}
    assert history.accepted > 10
