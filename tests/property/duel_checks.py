"""What the duel compares after each act: totals of both sides, and the invariants by brute force."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from itertools import combinations
from math import floor
from typing import TYPE_CHECKING

from property.naive_facts import start_of
from unit.domain import registrar
from unit.domain.registrar import digest, ident
from unit.domain.world import must

from ledger.domain.disputes import is_disputed, is_suspended
from ledger.domain.events import ClaimAccepted
from ledger.domain.holds import is_held
from ledger.domain.journal import LinkKind

if TYPE_CHECKING:
    from property.naive_facts import Voucher, Waiting
    from property.naive_model import NaiveLedger
    from unit.domain.town import Town


class DuelChecks:
    """Compares `town` and `model`."""

    town: Town
    model: NaiveLedger

    def check(self) -> None:
        """Compare totals and recompute I1, I2, I3, I4, I5, I6, I10, I12 and I15 from the facts."""
        self._check_programmes()
        self._check_contracts()
        self._check_vouchers()
        self._check_redemptions()
        self._check_clawbacks()
        self._check_evidence()
        self._check_intervals()

    def _check_programmes(self) -> None:
        model, state = self.model, self.town.state
        postings: dict[bytes, int] = {}
        for event in self.town.events:
            for posting in event.draft.postings:
                postings[posting.programme_id] = postings.get(posting.programme_id, 0) + posting.amount_fen
        must(not any(postings.values()), "I15: the trial balance is not zero")
        for programme in {name for name, _ in model.policies}:
            said, own = tuple(state.programme_totals(ident(programme))), model.totals(programme)
            must(said == own, f"I15: totals of {programme} are {said}, the facts give {own}")
            must(sum(own[1:4]) <= model.appropriation(programme), "I1: committed more than appropriated")
            waits = sum(waiting.entitlement for waiting in model.queue(programme))
            must(state.queued_fen(ident(programme)) == waits, f"{programme}: {waits} wait")
            for beneficiary in model.registered:
                granted = state.granted_fen(programme_id=ident(programme), beneficiary_id=ident(beneficiary))
                must(granted == model.granted(programme, beneficiary), "I2: granted differs from the facts")

    def check_cap(self, name: str, *, named: bool) -> None:
        """The beneficiary of a new grant is within its limit (I2)."""
        model = self.model
        grants: list[Voucher | Waiting] = [*model.vouchers, *model.waited]
        grant = next(item for item in grants if item.name == name)
        application = grant.application
        granted = model.granted(application.programme, application.contract.beneficiary)
        limit = max(grant.terms.cap, grant.terms.hard_cap if named else 0)
        must(granted <= limit, f"I2: granted {granted}, limit {limit}")

    def _check_contracts(self) -> None:
        for contract in self.model.contracts:
            said = tuple(self.town.state.contract_totals(ident(contract.name)))
            own = (self.model.public_money(contract), self.model.outside(contract))
            must(said == own, f"I4: totals of {contract.name} are {said}, the facts give {own}")

    def _check_vouchers(self) -> None:
        model = self.model
        for voucher in model.vouchers:
            said = self.town.voucher_totals(voucher.name)
            own = (
                voucher.face,
                model.metered(voucher),
                model.redeemed(voucher),
                model.paid(voucher),
                model.released(voucher),
            )
            must(said == own, f"totals of {voucher.name} are {said}, the facts give {own}")
            must(own[3] <= own[2] <= voucher.face - own[4], "I10: more redeemed than the face")
            lived = self.town.state.vouchers[ident(voucher.name)]
            must(
                (lived.state.name == "CLOSED") == model.closed(voucher), f"{voucher.name}: {lived.state.name}"
            )
            must(is_held(self.town.state, lived) == model.held(voucher), f"{voucher.name}: held or not")
            until = start_of(date(1970, 1, 1)) + lived.valid_until_day * 86_400_000
            must(until > start_of(voucher.issued), "a voucher ends before it begins")

    def _check_redemptions(self) -> None:
        for item in self.model.redemptions:
            terms, startup = item.voucher.terms, item.voucher.application.startup
            rate = terms.startup_rate_bp if startup else terms.rate_bp
            held = self.town.state.redemptions[ident(item.name)]
            said, own = (held.base_fen, held.amount_fen), (item.base, item.amount)
            must(said == own, f"{item.name}: base and amount {said}, the model {own}")
            must(item.amount <= floor(Fraction(rate * item.base, 10_000)), "I3: more than the entitlement")
            paid, approved = sum(item.paid), item.amount if len(item.approvers) == 2 else 0
            verified = item.amount if item.reviewer else 0
            chain = (paid, approved, verified, item.requested, item.voucher.face)
            must(list(chain) == sorted(chain), f"I10: {chain}")
            named = [signed.person for signed in item.signatures() if signed not in item.payers]
            must(len(set(named)) == len(named), f"I12: {named}")
            must(not {signed.person for signed in item.payers} & set(named), "I12: a payer decided too")
            suspended = is_suspended(self.town.state, held)
            must(suspended == self.model.suspended(item), f"{item.name}: suspended is {suspended}")
        for claim in self.model.claims:
            row = self.town.claim_rows[ident(claim.name)]
            disputed = is_disputed(self.town.state, row)
            must(disputed == self.model.disputed(claim), f"{claim.name}: disputed is {disputed}")

    def _check_clawbacks(self) -> None:
        for item in self.model.clawbacks:
            held = self.town.state.clawbacks[ident(item.name)]
            said = (held.determined_fen, held.repaid_fen, held.written_off_fen, held.fines_fen)
            own = (item.determined or 0, item.repaid, item.written_off, sum(item.fines))
            must(said == own, f"{item.name}: {said}, the model {own}")
            must(
                self.town.state.redemptions[ident(item.redemption.name)].open_clawback
                == any(c.open for c in self.model.clawbacks if c.redemption is item.redemption),
                f"{item.name}: open or not",
            )
            back = sum(c.determined or 0 for c in self.model.clawbacks if c.redemption is item.redemption)
            must(back <= item.redemption.amount, "more is claimed back than was paid")

    def _check_evidence(self) -> None:
        for name, _, _, amount in self.model.evidence:
            consumed = self.town.evidence_rows[digest(f"evidence/{name}")].consumed_fen
            must(consumed == self.model.consumed(name) <= amount, f"I5: {name} consumed {consumed}")

    def _check_intervals(self) -> None:
        statements = [e.recorded.statement for e in self.town.events if isinstance(e.payload, ClaimAccepted)]
        replaced = {statement.superseded_index for statement in statements}
        by_device: dict[bytes, list[tuple[int, int]]] = {}
        for event in self.town.events:
            if isinstance(event.payload, ClaimAccepted) and event.index not in replaced:
                said = event.recorded.statement
                lines = said.lines
                for device, offset, duration in zip(
                    lines.device, lines.start_offset_ms, lines.duration_ms, strict=True
                ):
                    start = said.base_ms + offset
                    by_device.setdefault(said.device_ids[device], []).append((start, start + duration))
        for intervals in by_device.values():
            for (start, end), (other_start, other_end) in combinations(intervals, 2):
                must(end <= other_start or other_end <= start, "I6: two accepted intervals overlap")
        heads = self.town.state.heads[LinkKind.DEVICE]
        for device in range(3):
            total = heads[registrar.device_id("cloud", device)].totals[0]
            must(total == self.model.device_ms(device), f"device {device}: total {total}")
