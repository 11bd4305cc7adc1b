"""A repeatable random history of a house: the programmes it starts with, and how acts are drawn.

What is drawn is in `chance_cases` and `chance_money`, all of it together in `histories`.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ledger.app.outcomes import Accepted, Refused
from ledger.domain.days import civil_from_day
from ledger.domain.policy import Allocation, Instrument, Mode, Origin, OriginRate, Stacking
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import ParticipantKind, Role
from support.house import FIRST_DAY, ITEM, MODEL, policy
from support.house_registry import KEYMASTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.app.outcomes import Outcome
    from ledger.domain.policy import PolicyParameters
    from support.house import House

T = TypeVar("T")

DOMESTIC = ("huawei", "910B", 1)
YEAR = civil_from_day(FIRST_DAY)[0]
FAULTS = {Reason.INTERNAL, Reason.MALFORMED, Reason.BAD_SIGNATURE, Reason.WRITING_STOPPED}


@dataclass(frozen=True, slots=True)
class Office:
    """Who decides about a programme."""

    clerk: str = "clerk"
    reviewer: str = "reviewer"
    approvers: tuple[str, str] = ("approver-1", "approver-2")
    payer: str = "payer"

    @property
    def both(self) -> tuple[str, str]:
        """A clerk and an approver."""
        return self.clerk, self.approvers[0]


NORTH = "NORTH"
NORTHERN = Office(
    f"clerk@{NORTH}",
    f"reviewer@{NORTH}",
    (f"approver-1@{NORTH}", f"approver-2@{NORTH}"),
    f"payer@{NORTH}",
)
DOUBLE = Office(reviewer="double-reviewer", approvers=("double-approver", "approver-2"))


@dataclass(frozen=True, slots=True)
class Case:
    """An application and what may come of it: `name` is also its voucher's."""

    name: str
    programme: str
    buyer: str
    seller: str = ""
    contract: str = ""

    @property
    def application(self) -> str:
        """Name of the application."""
        return f"application {self.name}"


class Chance:
    """What all random acts share: the draw, the office of a programme, and the tally of answers."""

    def __init__(self, house: House, seed: int) -> None:
        self.house = house
        self.random = random.Random(seed)
        self.tally: Counter[str] = Counter()
        self.firms = ["acme", "lab", "young", "person"]
        self.sellers = {
            Instrument.GPU_TRAINING: ["cloud", "cloud-2"],
            Instrument.MODEL: ["models"],
            Instrument.CORPUS: ["market"],
        }
        self.programmes: dict[str, Instrument] = {}
        self.cases: list[Case] = []
        self.number = 0

    # Drawing

    def pick(self, things: Sequence[T]) -> T:
        """One of some things; LookupError where there is none."""
        if not things:
            raise LookupError("there is nothing yet")
        return self.random.choice(things)

    def likely(self, things: Sequence[T], sensible: Callable[[T], bool]) -> T:
        """Mostly one of the things for which an act makes sense; LookupError where there is none."""
        fitting = [thing for thing in things if sensible(thing)]
        return self.pick(fitting if self.often(0.9) else things)

    def often(self, chance: float) -> bool:
        """Whether something of that probability happens."""
        return self.random.random() < chance

    def name(self, kind: str) -> str:
        """A name that is new."""
        self.number += 1
        return f"{kind}-{self.number}"

    def office(self, programme: str) -> Office:
        """Who decides about a programme; once in a while somebody of the other bureau tries.

        Seldom, and in the south, reviewer and approver are one person in two offices.
        """
        if (programme == "north") != self.often(0.02):
            return NORTHERN
        return DOUBLE if self.often(0.05) else Office()

    def note(self, outcome: Outcome | None) -> bool:
        """Count an answer; whether it is an acceptance. A fault of the server is never one."""
        if isinstance(outcome, Refused):
            assert outcome.reason not in FAULTS, outcome
            self.tally[outcome.reason.name] += 1
        elif isinstance(outcome, Accepted):
            self.tally["accepted"] += 1
        return isinstance(outcome, Accepted)

    # What there is at the start

    def open(self) -> None:
        """Providers with devices of two origins, firms of every kind, calendars, and some programmes."""
        house = self.house
        items = (ITEM, "tokens", "corpus")
        for name, kind in (
            ("cloud", "COMPUTE"),
            ("cloud-2", "COMPUTE"),
            ("models", "MODEL"),
            ("market", "EXCHANGE"),
        ):
            house.provider(name, devices=0, kind=ParticipantKind[kind], items=items)
        for name in ("cloud", "cloud-2"):
            house.devices[name] = [f"{name} {number}".encode().ljust(16, b".") for number in range(3)]
            house.register_devices(name, house.devices[name][:2], model=MODEL)
            house.register_devices(name, house.devices[name][2:], model=DOMESTIC)
        house.officer(DOUBLE.reviewer, Role.REVIEWER, person="double")
        house.officer(DOUBLE.approvers[0], Role.APPROVER, person="double")
        house.party("acme")
        house.party("lab", ParticipantKind.UNIVERSITY, age_days=100)
        house.party("young", age_days=100)
        house.party("person", ParticipantKind.PERSON, age_days=9000)
        for year in (YEAR, YEAR + 1):
            self.note(house.calendar(year))
        for name, instrument in self._kinds():
            self.programmes[name] = instrument
            office = NORTHERN if name == "north" else Office()
            house.programme(self.parameters(name), name, instrument=instrument, by=office.both)

    def _kinds(self) -> list[tuple[str, Instrument]]:
        gpu = Instrument.GPU_TRAINING
        others = [
            ("north", gpu),
            ("shared", gpu),
            ("alone", gpu),
            ("model", Instrument.MODEL),
            ("corpus", Instrument.CORPUS),
        ]
        return [("gpu", gpu), *self.random.sample(others, 2)]

    def parameters(self, programme: str, *, least_fen: int = 0) -> PolicyParameters:
        """A tight policy for a programme, with an appropriation of at least `least_fen`."""
        choose = self.random.choice
        stacking = {"gpu": Stacking.CEILING, "alone": Stacking.EXCLUSIVE}.get(programme)
        money = (
            [60_001, 150_001, 900_001] if programme == "shared" else [500_001, 900_001, 2_000_000, 50_000_000]
        )
        changes: dict[str, Any] = {
            "appropriation_fen": max(choose(money), least_fen),
            "rate_bp": choose([3333, 5000, 9999, 10_000]),
            "startup_rate_bp": choose([4444, 10_000]),
            "cap_fen": choose([150_001, 300_003, 1_000_000]),
            "startup_cap_fen": choose([150_001, 1_000_000]),
            "hard_cap_fen": choose([0, 700_000]),
            "stacking": stacking or choose(list(Stacking)),
            "stacking_ceiling_bp": choose([3384, 6000, 10_000]),
            "startup_stacking_ceiling_bp": choose([3384, 10_000]),
            "min_contract_fen": choose([0, 0, 5_000]),
            "min_spend_fen": choose([0, 0, 20_000]),
            "validity_months": choose([1, 3, 12]),
            "public_notice_days": choose([0, 0, 1, 3]),
            "allocation": Allocation.PRO_RATA if programme == "shared" else Allocation.FCFS,
            "mode": choose(list(Mode)),
            "excluded_items": choose([(), ("storage",)]),
            "allowed_vendors": choose([(), (), ("nvidia", "huawei"), ("nvidia",)]),
            "contract_not_before_day": choose([0, 0, FIRST_DAY - 1]),
            "requires_exchange": programme == "corpus" and self.often(0.5),
            "requires_filing": programme == "model" and self.often(0.5),
            "open_data_award_cap_fen": choose([0, 99_999, 200_000]) if programme == "corpus" else 0,
        }
        if self.often(0.4):
            rates = [OriginRate(origin=origin, rate_bp=choose([2999, 7001])) for origin in Origin]
            changes["rate_bp_by_origin"] = tuple(rates[: self.random.randrange(1, 3)])
        return policy(**changes)

    # Time, policy, people

    def pass_time(self) -> bool:
        """Hours, days or weeks go by."""
        self.house.wait(days=self.pick([0, 0, 1, 2, 5, 20]), hours=self.random.randrange(1, 30))
        return True

    def change_policy(self) -> bool:
        """A new policy version, perhaps with too small an appropriation; vouchers keep theirs."""
        programme = self.pick(list(self.programmes))
        committed = self.house.ledger.state.programme_totals(self.house.ids[programme])
        used = committed.encumbered_fen + committed.obligated_fen + committed.disbursed_fen
        least = used + self.pick([0, 1, -1]) if self.often(0.5) else 0
        parameters = self.parameters(programme, least_fen=max(least, 1))
        by = self.office(programme).both
        statement = self.house.version(parameters, programme, by=by)
        return self.note(self.house.submit("policy-publication", statement, *by))

    def change_calendar(self) -> bool:
        """A new version of a calendar, with another day off."""
        days = list(self.house.ledger.state.calendars[YEAR].working_days)
        days[self.random.randrange(len(days))] = self.pick(["0", "1"])
        return self.note(self.house.calendar(YEAR, "".join(days)))

    def people(self) -> bool:
        """Something that happens to somebody's registration."""
        house, who = self.house, self.pick([*self.firms, "cloud", "models"])
        drawn = self.random.randrange(5)
        if drawn == 0:
            return self.note(house.certificate(who, self.name("certificate")))
        if drawn == 1:
            return self.note(house.erase(who))
        if drawn == 2:
            label = self.name("key")
            house.add_key(who, label)
            return self.note(house.retire(label, until_ms=house.now_ms + self.pick([-1, 0, 10**9])))
        if drawn == 3:
            house.officer(self.name("officer"), self.pick([Role.CLERK, Role.REVIEWER, Role.AUDITOR]))
            return True
        label = self.name("key")
        house.add_key(who, label)
        self.note(
            house.revoke(
                label, since_ms=house.now_ms, by=self.pick([KEYMASTERS, (label,), ("root-1", "root-2")])
            )
        )
        return self.note(house.revoke(label, since_ms=house.now_ms - self.pick([0, 1]), correct=True))
