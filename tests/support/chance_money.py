"""Random usage, evidence, redemptions and clawbacks, and keys that turn out to be stolen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.domain.days import start_ms
from ledger.domain.disputes import is_disputed, is_suspended
from ledger.domain.entities import ClawbackState, Quotas, RedemptionState
from ledger.domain.policy import Instrument
from ledger.domain.transitions import CLAWBACK_MOVES
from ledger.domain.vocabulary import ClawbackCause, InvoiceStatus, Role
from support.chance_cases import CaseActs
from support.house import DAY_MS, HOUR_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.app.outcomes import Outcome
    from support.chance import Case

ROOTS = ("root-1", "root-2")

# A clawback is open while an act can still lead it elsewhere.
OPEN_CLAWBACK = {state for move in CLAWBACK_MOVES if move.targets for state in move.sources}


class MoneyChance(CaseActs):
    """What is used, paid, doubted and claimed back."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.papers: list[tuple[Case, str, int]] = []
        self.redemptions: list[tuple[str, Case]] = []
        self.clawbacks: list[tuple[str, Case]] = []
        self.accepted_claims: list[tuple[Case, int]] = []
        self.stolen: dict[str, str] = {}
        self.fence = ""

    # Usage

    def usage(self) -> bool:
        """A claim at a random place, often colliding with earlier ones; now and then a correction."""
        case = self.likely([case for case in self.live() if case.contract], self.usable)
        return self._use(case)

    def _use(self, case: Case, key: str = "") -> bool:
        provider = case.seller if self.often(0.95) else "cloud-2"
        more: dict[str, Any] = {"key": key or self.pick(["", self.stolen.get(provider, "")])}
        if self.accepted_claims and self.often(0.25):
            case, index = self.pick(self.accepted_claims)
            provider = case.seller
            more |= {"superseded_index": index, "superseding_reason": 1}
        first_ms = self._some_time(case)
        services = self.programmes[case.programme] != Instrument.GPU_TRAINING
        if services != self.often(0.03):
            spans = [self.random.randrange(1, 3 * DAY_MS) for _ in range(self.random.randrange(1, 4))]
            lines = [(first_ms, first_ms + span, self.random.randrange(60_000)) for span in spans]
            outcome = self.house.service_claim(case.name, lines, provider=provider, **more)
        else:
            outcome = self._devices(case, provider, first_ms, more)
        if not self.note(outcome):
            return False
        self.accepted_claims.append((case, outcome.index))  # type: ignore[union-attr]
        return True

    def _some_time(self, case: Case) -> int:
        """A time since the voucher's first day, of which some is made to pass; seldom one before it."""
        valid_ms = start_ms(self.house.found(case.name).valid_from_day)
        passed_ms = self.house.now_ms - valid_ms
        if passed_ms < 4 * DAY_MS:
            self.house.wait(days=self.pick([4, 10]))
            passed_ms = self.house.now_ms - valid_ms
        early_ms = passed_ms if self.often(0.1) else 0
        return valid_ms + self.random.randrange(-early_ms, passed_ms) // HOUR_MS * HOUR_MS

    def _devices(self, case: Case, provider: str, first_ms: int, more: dict[str, Any]) -> Outcome:
        devices = self.house.devices[self.pick(["cloud", "cloud-2"])]
        if self.house.devices.get(provider):
            devices = self.house.devices[provider]
        lines = []
        for device in self.random.sample(devices, self.random.randrange(1, 3)):
            start = first_ms + self.pick([0, 0, 1]) * HOUR_MS
            end = start + self.random.randrange(1, 40) * HOUR_MS + self.random.randrange(999)
            lines.append((device, start, end))
        return self.house.claim(case.name, lines, provider=provider, **more)

    # Evidence and redemptions

    def paper(self, case: Case) -> tuple[str, int]:
        """Invoice and payment of one amount on a case's contract: the label and the amount."""
        label, amount = self.name("paper"), self.random.randrange(1, 200_000)
        self.house.evidence(
            case.contract, amount_fen=amount, seller=case.seller, buyer=case.buyer, label=label
        )
        self.papers.append((case, label, amount))
        return label, amount

    def cancelling(self) -> bool:
        """An invoice is red-lettered or void, or an acceptance paper comes."""
        case, label, _ = self.pick(self.papers)
        if self.often(0.2):
            return self.note(self.house.acceptance(case.contract, case.buyer, self.pick([label, "same"])))
        status = self.pick([InvoiceStatus.RED_LETTERED, InvoiceStatus.VOID])
        return self.note(self.house.cancel(case.contract, label, status=status))

    def redeeming(self) -> bool:
        """A request on some claims and papers, new or used before, and some of the steps after it."""
        case, name = self.likely(self.live(), self.usable), self.name("redemption")
        request: dict[str, Any] = {"amount_fen": 0, "claim_ids": []}
        if case.contract:
            label, amount = self.paper(case)
            if self.often(0.2):
                case, label, amount = self.pick(self.papers)
            if not self.house.unredeemed(case.name):
                self._use(case)
            claims = self.house.unredeemed(case.name)[: self.random.randrange(1, 9)]
            request = {
                "label": label,
                "amount_fen": amount + self.pick([0, 0, 0, 1]) if self.often(0.7) else amount // 2 + 1,
                "contract_name": case.contract,
                "claim_ids": claims,
            }
            if self.often(0.4):
                request["others"] = dict([self.paper(case)])
        instalments = self.pick([(), (), (3000, 3000, 4000), (1, 9999)])
        outcome = self.house.redeem(name, case.name, case.buyer, instalments_bp=instalments, **request)
        if not self.note(outcome):
            return False
        self.redemptions.append((name, case))
        if case.contract and self.often(0.15):
            self._upset(case)
        return self.often(0.2) or self.deciding(name, case)

    def _upset(self, case: Case) -> None:
        """Something that changes what a redemption is worth before anybody looks at it."""
        house = self.house
        if self.often(0.4):
            self.note(house.revoke_voucher(case.name, self.office(case.programme).both))
        label = self.stolen.pop(case.seller, "") if self.often(0.5) else ""
        if label:
            self.note(house.revoke(label, since_ms=house.now_ms - 30 * DAY_MS))
        elif self.often(0.7):
            self.note(house.cancel(case.contract, self.papers[-1][1]))
        else:
            self.note(house.support(case.contract, self.random.randrange(1, 50_000)))

    def further(self) -> bool:
        """An earlier redemption goes on."""
        paid = RedemptionState.PAID
        name, case = self.likely(self.redemptions, lambda each: self.house.redemption(each[0]).state != paid)
        return self.deciding(name, case)

    def deciding(self, name: str, case: Case) -> bool:
        """Some steps towards payment, with wrong people, amounts and steps in between."""
        house, office = self.house, self.office(case.programme)
        reviewers = [office.reviewer] * 5 + [office.clerk]
        acts: dict[RedemptionState, Callable[[], Outcome]] = {
            RedemptionState.REQUESTED: lambda: house.verify(
                name, self.pick(reviewers), more_fen=self.pick([0, 0, 0, 0, 1, -1])
            ),
            RedemptionState.VERIFIED: lambda: house.approve(
                name, self.pick([*office.approvers, *office.approvers, office.reviewer])
            ),
            RedemptionState.APPROVED: lambda: house.order(
                name, self.pick([office.payer] * 5 + [office.approvers[0]])
            ),
            RedemptionState.ORDERED: lambda: house.pay(name, office.payer, fail=self.often(0.2)),
        }
        acts[RedemptionState.APPROVED_ONCE] = acts[RedemptionState.VERIFIED]
        for _ in range(self.random.randrange(1, 14)):
            state = house.redemption(name).state
            if state == RedemptionState.PAID and self.often(0.8):
                break
            due = acts.get(state, acts[RedemptionState.ORDERED])
            done = self.note(due() if self.often(0.85) else self.pick(list(acts.values()))())
            if not done and state == RedemptionState.REQUESTED and self.often(0.7):
                break
        return True

    # Doubts

    def theft(self) -> bool:
        """A provider gets a second key and uses it, or that key turns out to be stolen."""
        provider = self.pick(["cloud", "cloud", "cloud-2", "models"])
        label = self.stolen.pop(provider, "")
        if label and self.often(0.6):
            since_ms = self.house.now_ms - self.random.randrange(20) * DAY_MS
            self.note(self.house.revoke(label, since_ms=since_ms))
            return self.often(0.3) or self.settling()
        self.stolen[provider] = label = label or self.name("key")
        if label not in self.house.keys:
            self.house.add_key(provider, label)
        own = [case for case in self.live() if case.seller == provider]
        return self._use(self.likely(own, self.usable), key=label)

    def settling(self) -> bool:
        """Two approvers confirm claims and redemptions again, or a clerk sets claims aside; in doubt or not."""
        case = self.likely(self.live(), lambda case: bool(self._doubted(case)))
        office = self.office(case.programme)
        doubted = self._doubted(case) or self.house.unredeemed(case.name)
        ids = self.random.sample(doubted, min(len(doubted), self.random.randrange(1, 3)))
        if ids and self.often(0.5):
            return self.note(self.house.set_aside(ids, office.clerk))
        suspended = [name for name, _ in self.redemptions if self._suspended(name) or self.often(0.05)]
        redemptions = self.random.sample(suspended, min(len(suspended), self.random.randrange(3)))
        if not ids and not redemptions:
            raise LookupError("nothing is in doubt")
        by = (office.approvers[1], office.approvers[0]) if self.often(0.5) else office.approvers
        return self.note(self.house.reconfirm(claims=ids, redemptions=redemptions, by=by))

    def _suspended(self, name: str) -> bool:
        return is_suspended(self.house.ledger.state, self.house.redemption(name))

    def _doubted(self, case: Case) -> list[bytes]:
        claims = self.house.run(
            self.house.ledger.list_claims(
                self.house.ids[case.name], unredeemed_only=False, after_index=None, limit=20
            )
        )
        return [claim.claim_id for claim in claims if is_disputed(self.house.ledger.state, claim)]

    def corruption(self) -> bool:
        """A further reviewer signs for a redemption; later that key turns out to be stolen."""
        if not self.fence:
            self.fence = self.name("fence")
            self.house.officer(self.fence, Role.REVIEWER)
        elif self.often(0.4):
            since_ms = self.house.now_ms - self.random.randrange(30) * DAY_MS
            self.note(self.house.revoke(self.fence, since_ms=since_ms, by=ROOTS))
            self.fence = ""
            return self.settling()
        waiting = [
            (name, case)
            for name, case in self.redemptions
            if self.house.redemption(name).state == RedemptionState.REQUESTED
        ]
        name, case = self.pick(waiting)
        self.note(self.house.verify(name, self.fence))
        return self.often(0.5) or self.deciding(name, case)

    # Clawbacks

    def clawing_back(self) -> bool:
        """A paid redemption is looked at again, often with a reason; or an earlier clawback goes on."""
        if self.clawbacks and self.often(0.6):
            return self.recovering(
                *self.likely(self.clawbacks, lambda each: self.house.clawback(each[0]).state in OPEN_CLAWBACK)
            )
        paid = [
            (name, case)
            for name, case in self.redemptions
            if self.house.redemption(name).state == RedemptionState.PAID or self.often(0.05)
        ]
        name, case = self.pick(paid)
        if case.contract and self.often(0.6):
            self._give_reason(name, case)
        label = self.name("clawback")
        cause = self.pick(list(ClawbackCause))
        opened = self.house.claw_back(label, name, cause, self.office(case.programme).clerk)
        if not self.note(opened):
            return False
        self.clawbacks.append((label, case))
        return self.often(0.3) or self.recovering(label, case)

    def _give_reason(self, name: str, case: Case) -> None:
        if self.often(0.3):
            self.note(self.house.support(case.contract, self.random.randrange(1, 200_000)))
            return
        used = {fingerprint for fingerprint, _ in self.house.redemption(name).invoices}
        for of, label, _ in self.papers:
            if of.contract == case.contract and self.invoice(of, label) in used:
                self.note(self.house.cancel(case.contract, label))

    @staticmethod
    def invoice(case: Case, label: str) -> bytes:
        """Fingerprint of a paper's invoice."""
        from support.house import digest

        return digest(f"invoice {case.contract} {label}")

    def recovering(self, name: str, case: Case) -> bool:
        """The next steps of a clawback, now and then another one."""
        for _ in range(self.random.randrange(1, 9)):
            state = self.house.clawback(name).state
            steps = self._steps(name, case)
            if state in (ClawbackState.DETERMINED, ClawbackState.PARTLY_RECOVERED):
                due = [steps[3], *steps[3:]]
            else:
                due = {
                    ClawbackState.OPENED: steps[:1],
                    ClawbackState.NOTIFIED: steps[1:3],
                    ClawbackState.APPEALED: steps[2:3],
                }.get(state, steps[4:5])
            self.note(self.pick(due if self.often(0.9) else steps)())
        return True

    def _steps(self, name: str, case: Case) -> list[Callable[[], Outcome]]:
        house, office = self.house, self.office(case.programme)
        found = house.clawback(name)
        due, determined = found.outstanding_fen, found.determined_fen
        parts = [max(part, 1) for part in (due, due, due + 1, due // 2, 1)]
        fines = [max(determined // part, 1) for part in (10, 9, 2, 1)]
        return [
            lambda: house.notify(name, office.clerk),
            lambda: house.appeal(name, case.buyer),
            lambda: house.determine(name, office.reviewer, more_fen=self.pick([0, 0, 0, 1])),
            lambda: house.repay(name, self.pick(parts), office.payer),
            lambda: house.fine(name, self.pick(fines) + self.pick([0, 1]), office.reviewer),
            lambda: house.write_off(name, office.both, more_fen=self.pick([0, 0, 1 - due]) if due else 1),
        ]

    # Quotas

    def quota(self) -> bool:
        """Other quotas are in force from now on."""
        numbers = self.pick([(2, 6, 10**9), (10_000, 1_000_000, 10**9), (1, 1_000, 4_000)])
        self.house.limit(Quotas(*numbers))
        return True
