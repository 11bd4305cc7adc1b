"""A thousand random life cycles side by side, and what each of them is worth by plain arithmetic.

The arithmetic is written from the rules in prose and shares no code with the ledger's. Cycles go through the
ledger together, step by step, so that a step of all of them is one batch of the sequencer.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger.app.outcomes import Accepted
from ledger.client.signing import new_id
from ledger.domain.days import start_ms
from ledger.domain.entities import VoucherState
from ledger.domain.policy import Allocation, Instrument, Mode, Stacking
from ledger.domain.vocabulary import ParticipantKind
from support.house import DAY_MS, HOUR_MS, ITEM, PRICE_FEN, policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.domain.policy import PolicyParameters
    from support.house import House

DEVICES = 400
FIRMS = 60
INSTALMENTS = ((10_000,), (10_000,), (3000, 3000, 4000), (3333, 6667))
PARAMETERS: dict[str, dict[str, Any]] = {
    "gpu": {
        "appropriation_fen": 60_000_000,
        "cap_fen": 2_000_000,
        "hard_cap_fen": 2_500_000,
        "startup_cap_fen": 1_500_000,
        "stacking": Stacking.CEILING,
        "stacking_ceiling_bp": 4700,
        "startup_stacking_ceiling_bp": 5500,
    },
    "next": {"appropriation_fen": 90_000_000, "rate_bp": 3333, "startup_rate_bp": 3333},
    "window": {"appropriation_fen": 30_000_001, "allocation": Allocation.PRO_RATA, "rate_bp": 4999},
    "model": {"rate_bp": 3001, "mode": Mode.EX_POST, "cap_fen": 700_000, "hard_cap_fen": 1_000_000},
}


@dataclass(slots=True)
class Cycle:
    """One contract on its way: drawn amounts in fen, and what the arithmetic says of them."""

    name: str
    programme: str
    firm: str
    young: bool
    contract_fen: int
    lines: tuple[int, ...]
    paper_fen: int
    instalments: tuple[int, ...]
    red: bool
    named: bool
    face_fen: int = 0
    amount_fen: int = 0

    @property
    def contract(self) -> str:
        """Name of the contract."""
        return f"contract of {self.name}"

    @property
    def services(self) -> bool:
        """Whether its lines are fen of a model service, not ms of a device."""
        return self.programme == "model"

    @property
    def used_fen(self) -> int:
        """What its claim comes to: the floor of each line."""
        return sum(line if self.services else line * PRICE_FEN // HOUR_MS for line in self.lines)

    @property
    def parts_fen(self) -> list[int]:
        """What each instalment pays: floors, and the rest last."""
        parts = [share * self.amount_fen // 10_000 for share in self.instalments[:-1]]
        return [*parts, self.amount_fen - sum(parts)]


class Arithmetic:
    """What the grants of a programme come to, one after another or in a window."""

    def __init__(self, parameters: PolicyParameters) -> None:
        self.parameters = parameters
        self.available = parameters.appropriation_fen
        self.granted: dict[str, int] = {}
        self.window: list[tuple[Cycle, int]] = []

    def rate(self, cycle: Cycle) -> int:
        """Rate, basis points."""
        return self.parameters.startup_rate_bp if cycle.young else self.parameters.rate_bp

    def grant(self, cycle: Cycle) -> None:
        """The face of a voucher, or its place in the window; 0 where nothing is left."""
        terms = self.parameters
        cap = terms.startup_cap_fen if cycle.young else terms.cap_fen
        if cycle.named:
            cap = max(cap, terms.hard_cap_fen)
        rooms = [
            self.rate(cycle) * cycle.contract_fen // 10_000,
            cap - self.granted.get(cycle.firm, 0),
        ]
        if terms.stacking == Stacking.CEILING:
            ceiling = terms.startup_stacking_ceiling_bp if cycle.young else terms.stacking_ceiling_bp
            rooms.append(ceiling * cycle.contract_fen // 10_000)
        if terms.allocation == Allocation.FCFS:
            rooms.append(self.available)
        worth = max(min(rooms), 0)
        self.granted[cycle.firm] = self.granted.get(cycle.firm, 0) + worth
        if terms.allocation == Allocation.PRO_RATA:
            self.window.append((cycle, worth))
        else:
            cycle.face_fen = worth
            self.available -= worth

    def allocate(self) -> None:
        """Everybody in the window gets the floor of a share, or all if there is enough."""
        wanted, available = sum(worth for _, worth in self.window), self.available
        for cycle, worth in self.window:
            cycle.face_fen = worth if wanted <= available else worth * available // wanted
            self.available -= cycle.face_fen
            self.granted[cycle.firm] -= worth - cycle.face_fen
        self.window = []

    def redeem(self, cycle: Cycle) -> None:
        """What a redemption comes to."""
        base = min(cycle.contract_fen, cycle.paper_fen, cycle.used_fen)
        cycle.amount_fen = min(self.rate(cycle) * base // 10_000, cycle.face_fen)


class Crowd:
    """All cycles of one ledger."""

    def __init__(self, house: House, seed: int, count: int) -> None:
        self.house = house
        self.random = random.Random(seed)
        self.programmes = {name: Arithmetic(policy(**values)) for name, values in PARAMETERS.items()}
        self.cycles = [self._draw(number) for number in range(count)]
        self.treasury: list[tuple[str, int]] = []
        """What the treasury paid by its own list: programme and amount, fen."""
        self.returned: list[tuple[str, int]] = []

    def _draw(self, number: int) -> Cycle:
        choose, drawn = self.random.choice, self.random.randrange
        firm = drawn(FIRMS)
        programme = choose(list(PARAMETERS))
        longest = 500_000 if programme == "model" else 90 * HOUR_MS
        return Cycle(
            name=f"cycle-{number}",
            programme=programme,
            firm=f"firm-{firm}",
            young=firm % 5 == 0,
            contract_fen=drawn(2, 900_000),
            lines=tuple(drawn(2, longest) for _ in range(choose([1, 2]))),
            paper_fen=drawn(1, 900_000),
            instalments=choose(INSTALMENTS),
            red=drawn(20) == 0,
            named=drawn(3) == 0,
        )

    def play(self) -> None:
        """From the registrations to the end of every voucher."""
        self._open()
        self._apply()
        self._grant()
        self.house.wait(days=30)
        self._use()
        self._redeem()
        self._settle()
        self._claw_back()
        self._expire()

    def _open(self) -> None:
        house = self.house
        house.provider(devices=DEVICES, items=(ITEM, "tokens"))
        house.provider("models", devices=0, kind=ParticipantKind.MODEL, items=(ITEM, "tokens"))
        for firm in range(FIRMS):
            house.party(f"firm-{firm}", age_days=100 if firm % 5 == 0 else 3000)
        for name, arithmetic in self.programmes.items():
            instrument = Instrument.MODEL if name == "model" else Instrument.GPU_TRAINING
            house.programme(arithmetic.parameters, name, instrument=instrument)

    # Each step for all cycles at once

    def _all(self, cycles: list[Cycle]) -> Iterator[Cycle]:
        """The cycles, what is submitted for them sent as one batch at the end, and all of it accepted."""
        with self.house.together() as outcomes:
            yield from cycles
        refused = [outcome for outcome in outcomes if not isinstance(outcome, Accepted)]
        assert refused == []

    def _apply(self) -> None:
        house, cycles = self.house, self.cycles
        for cycle in self._all(cycles):
            seller, item = ("models", "tokens") if cycle.programme == "model" else ("cloud", ITEM)
            house.contract(cycle.contract, cycle.firm, seller, amount_fen=cycle.contract_fen, item=item)
        for cycle in self._all(cycles):
            house.apply(f"application of {cycle.name}", cycle.firm, cycle.contract, cycle.programme)
        for step in (house.check, house.review, house.publicise):
            for cycle in self._all(cycles):
                step(f"application of {cycle.name}")

    def _grant(self) -> None:
        """What the arithmetic says that nothing is left for is refused, all else granted at its face."""
        house = self.house
        with house.together() as outcomes:
            for cycle in self.cycles:
                self.programmes[cycle.programme].grant(cycle)
                house.grant(
                    cycle.name, f"application of {cycle.name}", named_approval=cycle.named, handled=False
                )
        waiting = {cycle.name for cycle, worth in self.programmes["window"].window if worth}
        for cycle, outcome in zip(self.cycles, outcomes, strict=True):
            assert isinstance(outcome, Accepted) == (cycle.face_fen > 0 or cycle.name in waiting), cycle
        self.programmes["window"].allocate()
        assert isinstance(house.allocate("window"), Accepted)
        self.cycles = [cycle for cycle in self.cycles if cycle.face_fen]
        for cycle in self.cycles:
            totals = house.ledger.state.voucher_totals(house.ids[cycle.name])
            assert totals.face_fen == cycle.face_fen, cycle

    def _use(self) -> None:
        house, first_ms = self.house, self.house.now_ms - 29 * DAY_MS
        for number, cycle in enumerate(self._all(self.cycles)):
            if cycle.services:
                lines = [(first_ms - DAY_MS, first_ms + DAY_MS, amount) for amount in cycle.lines]
                house.service_claim(cycle.name, lines, provider="models")
            else:
                house.claim(cycle.name, _on_a_device(house, cycle, number, first_ms))
            seller = "models" if cycle.services else "cloud"
            house.evidence(cycle.contract, amount_fen=cycle.paper_fen, seller=seller, buyer=cycle.firm)

    def _redeem(self) -> None:
        house = self.house
        for cycle in self.cycles:
            self.programmes[cycle.programme].redeem(cycle)
        self.cycles = [cycle for cycle in self.cycles if cycle.amount_fen]
        for cycle in self._all(self.cycles):
            shares = () if len(cycle.instalments) == 1 else cycle.instalments
            name = f"redemption of {cycle.name}"
            house.redeem(name, cycle.name, cycle.firm, amount_fen=cycle.paper_fen, instalments_bp=shares)
        for cycle in self.cycles:
            assert house.redemption(f"redemption of {cycle.name}").amount_fen == cycle.amount_fen, cycle

    def _settle(self) -> None:
        house = self.house
        for cycle in self._all(self.cycles):
            house.verify(f"redemption of {cycle.name}")
        for approver in ("approver-1", "approver-2"):
            for cycle in self._all(self.cycles):
                house.approve(f"redemption of {cycle.name}", approver)
        for place in range(max(map(len, INSTALMENTS))):
            due = [cycle for cycle in self.cycles if place < len(cycle.instalments)]
            for cycle in self._all(due):
                house.order(f"redemption of {cycle.name}")
            for cycle in self._all(due):
                house.pay(f"redemption of {cycle.name}")
                self.treasury.append((cycle.programme, cycle.parts_fen[place]))

    def _claw_back(self) -> None:
        """Invoices that are red-lettered after the payment: all of it comes back."""
        house, red = self.house, [cycle for cycle in self.cycles if cycle.red]
        for cycle in self._all(red):
            house.cancel(cycle.contract)
        for cycle in self._all(red):
            house.claw_back(f"clawback of {cycle.name}", f"redemption of {cycle.name}")
        for step in (house.notify, house.determine):
            for cycle in self._all(red):
                step(f"clawback of {cycle.name}")
        for cycle in self._all(red):
            house.repay(f"clawback of {cycle.name}", cycle.amount_fen)
            self.returned.append((cycle.programme, cycle.amount_fen))

    def _expire(self) -> None:
        house, vouchers = self.house, self.house.ledger.state.vouchers
        active = [voucher for voucher in vouchers.values() if voucher.state == VoucherState.ACTIVE]
        house.at(start_ms(max(voucher.valid_until_day for voucher in active)))

        async def expire() -> list[Any]:
            return await asyncio.gather(
                *(
                    house.ledger.expire_voucher(
                        voucher_id=voucher.voucher_id, request_id=new_id(), submitter=b""
                    )
                    for voucher in active
                )
            )

        assert [outcome for outcome in house.run(expire()) if not isinstance(outcome, Accepted)] == []


def _on_a_device(house: House, cycle: Cycle, number: int, first_ms: int) -> list[tuple[bytes, int, int]]:
    """Lines on a device, one after another, in an eight days' slot of the cycle's own."""
    device = house.devices["cloud"][number % DEVICES]
    start_at = first_ms + number // DEVICES * 8 * DAY_MS
    lines = []
    for length in cycle.lines:
        lines.append((device, start_at, start_at + length))
        start_at += length
    return lines
