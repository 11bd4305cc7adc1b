"""Random acts from the contract to the voucher, and what happens to providers meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.domain.entities import ApplicationState, VoucherState
from ledger.domain.holds import is_held
from ledger.domain.policy import Instrument, Origin
from ledger.domain.vocabulary import ProviderStanding
from support.chance import Case, Chance, Office
from support.house import FIRST_DAY, ITEM, PRICE_FEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.app.outcomes import Outcome


class CaseActs(Chance):
    """Contracts, applications, objections, grants, holds, ends of vouchers; admissions and holdings."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.objections: list[tuple[str, str]] = []
        self.contracts: list[Case] = []

    def live(self) -> list[Case]:
        """Cases that have a voucher."""
        vouchers = self.house.ledger.state.vouchers.base
        return [case for case in self.cases if self.house.ids.get(case.name) in vouchers]

    def usable(self, case: Case) -> bool:
        """Whether claims on a case's voucher have a chance."""
        found = self.house.found(case.name)
        return found.state == VoucherState.ACTIVE and not is_held(self.house.ledger.state, found)

    def waiting(self, *states: ApplicationState) -> list[Case]:
        """Cases whose application is in one of the states."""
        return [case for case in self.cases if self.house.application(case.application).state in states]

    # Contracts

    def _contract(self, case: Case) -> None:
        amount = self.random.randrange(1, 900_000)
        prices = self.pick([{}, {"": PRICE_FEN}, {"": PRICE_FEN}, {"": PRICE_FEN, "910B": PRICE_FEN + 1}])
        more: dict[str, Any] = {"prices": prices}
        instrument = self.programmes[case.programme]
        if self.often(0.3):
            more["excluded"] = {"storage": self.random.randrange(amount + 1), "network": 0}
        if self.often(0.3):
            part = self.random.randrange(amount + 1)
            more["origin_amounts"] = {Origin.DOMESTIC: part, Origin.FOREIGN: amount - part}
        if instrument == Instrument.MODEL:
            more |= {"item": "tokens", "filing_number": self.pick(["", "FILED-1"])}
        elif instrument == Instrument.CORPUS:
            more |= {"item": "corpus", "exchange_trade": self.pick(["", "TRADE-1"])}
        elif self.often(0.1):
            more["item"] = "unlisted"
        more["signed_day"] = FIRST_DAY - self.pick([1, 1, 1, 1, 2])
        more["days"] = self.house.today - FIRST_DAY + self.pick([300, 300, 300, 30])
        self.house.contract(case.contract, case.buyer, case.seller, amount_fen=amount, **more)
        self.contracts.append(case)

    def case(self) -> bool:
        """A new case, from its contract as far as it goes; sometimes on a contract that is in use."""
        programme = self.pick(list(self.programmes))
        name = self.name("case")
        if self.contracts and self.often(0.3):
            old = self.pick(self.contracts)
            case = Case(name, programme, old.buyer, old.seller, old.contract)
        else:
            seller = self.pick(self.sellers[self.programmes[programme]])
            case = Case(name, programme, self.pick(self.firms), seller, f"contract {name}")
            self._contract(case)
        house = self.house
        outcome = house.apply(case.application, case.buyer, case.contract, programme)
        if not self.note(outcome):
            return False
        self.cases.append(case)
        return self.often(0.2) or self._finish(case)

    def award_case(self) -> bool:
        """An application for an open-data award, sometimes with a publication that was used before."""
        if "corpus" not in self.programmes and self.often(0.9):
            raise LookupError("no programme knows awards")
        name = self.name("case")
        programme = "corpus" if "corpus" in self.programmes else "gpu"
        case = Case(name, programme, self.pick(self.firms))
        corpus = self.pick(["one", "two", name])
        outcome = self.house.apply_for_award(case.application, case.buyer, programme, corpus)
        if not self.note(outcome):
            return False
        self.cases.append(case)
        return self.often(0.2) or self._finish(case)

    def _finish(self, case: Case) -> bool:
        office = self.office(case.programme)
        self.note(
            self.house.handle(
                case.application,
                clerk=office.clerk,
                reviewer=office.reviewer,
                proposed_fen=0 if case.contract else self.random.randrange(200_002),
            )
        )
        if self.often(0.2):
            self.objection()
        if self.often(0.7):
            self.house.wait(days=self.pick([1, 3, 6]))
        return self._grant(case, office)

    def _grant(self, case: Case, office: Office) -> bool:
        by = self.pick([*office.approvers, *office.approvers, office.clerk])
        name = case.name if self.house.ids.get(case.name) is None else self.name("again")
        granted = self.note(
            self.house.grant(name, case.application, by, named_approval=self.often(0.3), handled=False)
        )
        if not granted and name == case.name:
            del self.house.ids[name]
        return granted

    # Handling

    def handling(self) -> bool:
        """Some act on some application, right or wrong at that time, by somebody of the office or not."""
        case = self.likely(self.cases, lambda case: case not in self.live())
        office, house, name = self.office(case.programme), self.house, case.application
        acts: list[Callable[[], Outcome | None]] = [
            lambda: house.check(name, office.clerk),
            lambda: house.review(name, office.reviewer, proposed_fen=self.pick([0, 1, 99_999])),
            lambda: house.publicise(name, office.clerk),
            lambda: house.return_(name, office.clerk),
            lambda: house.resubmit(name, case.buyer),
            lambda: house.resubmit(name, "acme"),
            lambda: house.check(name, office.approvers[0]),
        ]
        if self.often(0.1):
            acts = [lambda: house.reject(name, office.clerk), lambda: house.withdraw(name, case.buyer)]
        done = self.note(self.pick(acts)())
        return done or self._finish(case)

    def objection(self) -> bool:
        """An objection is raised, or one is decided."""
        if self.objections and self.often(0.6):
            name, programme = self.pick(self.objections)
            by = self.office(programme).reviewer
            return self.note(self.house.decide_objection(name, upheld=self.often(0.3), by=by))
        case = self.pick(self.waiting(ApplicationState.PUBLICISED)[-2:] if self.often(0.9) else self.cases)
        name = self.name("objection")
        taken = self.note(self.house.object(name, case.application, self.office(case.programme).clerk))
        if taken:
            self.objections.append((name, case.programme))
        return taken

    def allocation(self) -> bool:
        """A window closes, or nothing waits in it."""
        if not self.waiting(ApplicationState.QUEUED) and self.often(0.9):
            raise LookupError("nothing is queued")
        programme = "shared" if "shared" in self.programmes else "gpu"
        return self.note(self.house.allocate(programme, self.office(programme).both))

    # Vouchers

    def holding_back(self) -> bool:
        """An office holds a voucher, or lets it go."""
        held = [case for case in self.live() if self.house.found(case.name).held_by]
        release = bool(held) and self.often(0.8)
        case = self.pick(held if release else self.live())
        by = self.pick([self.office(case.programme).clerk, "auditor"] * 4 + ["reviewer"])
        return self.note(self.house.hold(case.name, by, release=release or self.often(0.1)))

    def ending(self) -> bool:
        """A voucher is revoked, or somebody tries to expire it, once in a while after its time."""
        case = self.pick(self.live())
        if self.often(0.4):
            return self.note(self.house.revoke_voucher(case.name, self.office(case.programme).both))
        if self.often(0.4):
            found = self.house.found(case.name)
            self.house.wait(days=max(found.valid_until_day - self.house.today + self.pick([-1, 0]), 0))
        return self.note(self.house.expire(case.name))

    def support(self) -> bool:
        """Other public money turns up on a contract."""
        case = self.pick(self.contracts)
        return self.note(self.house.support(case.contract, self.random.randrange(1, 50_000)))

    # Providers

    def standing(self) -> bool:
        """A provider is suspended, readmitted, seldom removed, or gets further items."""
        name = self.pick(["cloud-2", "models", "cloud", "market"])
        if self.often(0.2):
            items = self.pick([("unlisted",), (ITEM,), ("unlisted", "more")])
            return self.note(self.house.admit(name, items=items, from_day=FIRST_DAY - 1))
        drawn = self.pick([1, 2, 2, 2, 3] if self.often(0.2) else [1, 2, 2, 2])
        day = self.house.today + self.pick([0, 0, 1, 9, -1])
        return self.note(self.house.standing(name, ProviderStanding(drawn), from_day=day))

    def holding(self) -> bool:
        """A share changes hands, often around the quarter from which on it counts; or two in a chain."""
        between = ["parent", "holding"]
        owners, owned = [*self.firms, *between], ["cloud", "cloud-2", *between]
        pairs = [(owner, other) for owner in owners for other in owned if owner != other]
        owner, other = self.pick(pairs) if self.often(0.8) else self.pick(pairs)[::-1]
        share = self.pick([0, 1250, 1249, 2499, 2500, 2500, 2501, 6000])
        day = self.house.today + self.pick([0, 0, 0, -1])
        if self.often(0.2):
            self.note(self.house.holding(self.pick(self.firms), "parent", share, as_of_day=day))
            owner, other = "parent", self.pick(["cloud", "cloud-2"])
        return self.note(self.house.holding(owner, other, share, as_of_day=day))
