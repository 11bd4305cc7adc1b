"""A world with its officers, a provider, a beneficiary and a programme, and the longer walks through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unit.domain.registrar import OFFICERS, YEAR, at, ident, terms, yuan
from unit.domain.scribe import Line
from unit.domain.world import Logged, World

from ledger.domain.days import start_ms
from ledger.domain.journal import LinkKind
from ledger.domain.policy import Instrument
from ledger.domain.quantities import MS_PER_HOUR
from ledger.domain.vocabulary import ParticipantKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.domain.attestation import UsageAttestation
    from ledger.domain.policy import PolicyParameters

START = "2026-01-05T09:00"
LATER = "2026-06-01T09:00"


class Town(World):
    """A world in which a walk is one call; amounts are texts in yuan."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = at(START)
        self._hours: dict[str, int] = {}

    def open_ledger(self) -> None:
        """Genesis and the officers, each another person."""
        self.ok(self.genesis())
        for label, role in OFFICERS.items():
            self.ok(self.appoint(label, role))

    def beneficiary(
        self,
        label: str = "acme",
        kind: ParticipantKind = ParticipantKind.ENTERPRISE,
        *,
        registered: str = "2019-03-01",
    ) -> None:
        """A registered participant with a key."""
        self.ok(self.participant(label, kind, registered=registered))
        self.ok(self.register_key(label))

    def provider(
        self,
        label: str = "cloud",
        kind: ParticipantKind = ParticipantKind.COMPUTE,
        *,
        device_count: int = 4,
        items: tuple[str, ...] = ("card-hour",),
        from_day: str = "2026-01-01",
    ) -> None:
        """An admitted provider with a key and devices."""
        self.beneficiary(label, kind)
        self.ok(self.admit(label, items=items, from_day=from_day))
        if device_count:
            self.ok(self.devices(label, device_count))

    def open_programme(
        self,
        policy: PolicyParameters | None = None,
        *,
        label: str = "gpu",
        appropriation: str = "500_000_000",
        instrument: Instrument = Instrument.GPU_TRAINING,
        year: int = YEAR,
    ) -> None:
        """A programme with its first policy."""
        self.ok(self.programme(label, appropriation, instrument=instrument, year=year))
        self.ok(self.policy(policy or terms(), programme=label))

    def award(
        self,
        voucher: str,
        contract: str,
        *,
        programme: str = "gpu",
        beneficiary: str = "acme",
        named: bool = False,
    ) -> int:
        """Apply for a voucher, see the application through its notice and grant it; its face, fen."""
        self.ok(self.apply(f"a-{voucher}", contract, programme=programme, by=beneficiary))
        self.handle(f"a-{voucher}")
        face: int = self.ok(self.grant(voucher, f"a-{voucher}", named=named)).payload.face_fen
        return face

    def handle(self, application: str, *, proposed_fen: int = 0) -> None:
        """Check, review and publicise an application, and wait for the end of its notice."""
        self.ok(self.check(application))
        self.ok(self.review(application, proposed_fen))
        event = self.ok(self.publicise(application))
        self.now_ms = max(self.now_ms, start_ms(event.payload.last_notice_day + 1))

    def opened_award(self, voucher: str, amount: str, *, publication: str | None = None) -> int:
        """Apply for an open-data award, have `amount` proposed and grant it; the voucher's face, fen."""
        self.ok(self.apply_for_award(f"a-{voucher}", publication=publication))
        self.handle(f"a-{voucher}", proposed_fen=yuan(amount))
        face: int = self.ok(self.grant(voucher, f"a-{voucher}")).payload.face_fen
        return face

    def metered(
        self, label: str, voucher: str, amount: str | int, *, provider: str = "cloud", by: str | None = None
    ) -> UsageAttestation:
        """A claim of one free hour on device 0 at a price that gives exactly `amount`."""
        price_fen = amount if isinstance(amount, int) else yuan(amount)
        hour = self._hours[provider] = self._hours.get(provider, 0) + 1
        day = self.state.vouchers[ident(voucher)].valid_from_day
        start = start_ms(day) + hour * MS_PER_HOUR
        return self.claim(
            label, voucher, Line(0, start, start + MS_PER_HOUR), price_fen=price_fen, provider=provider, by=by
        )

    def evidence(self, label: str, contract: str, amount: str) -> None:
        """An invoice `i-label` and a payment `p-label` of one amount on a contract."""
        registration = self.state.contracts[ident(contract)].registration
        owners = {ident(name): name for name in ("acme", "beta", "cloud", "data", "models")}
        self.ok(
            self.invoice(f"i-{label}", contract, amount, by=owners[registration.provider_id]),
        )
        self.ok(self.payment(f"p-{label}", contract, amount, by=owners[registration.beneficiary_id]))

    def redeemed(
        self,
        label: str,
        voucher: str,
        amount: str,
        *,
        claim: str | None = None,
        evidence: str = "e",
        instalments: tuple[int, ...] = (),
        by: str = "acme",
    ) -> Logged:
        """Meter `amount`, then redeem it with `i-evidence` and `p-evidence` of the same amount."""
        name = claim or f"u-{label}"
        self.ok(self.metered(name, voucher, amount))
        part: Mapping[str, int] = {evidence: yuan(amount)}
        return self.ok(
            self.redeem(
                label,
                voucher,
                [name],
                invoices={f"i-{k}": v for k, v in part.items()},
                payments={f"p-{k}": v for k, v in part.items()},
                instalments=instalments,
                by=by,
            )
        )

    def approve_twice(self, label: str) -> None:
        """Verify and approve by both approvers."""
        self.ok(self.verify(label))
        self.ok(self.approve(label, by="approver-1"))
        self.ok(self.approve(label, by="approver-2"))

    def settle(self, label: str) -> list[int]:
        """Verify, approve, order and pay every instalment; what was paid, fen."""
        self.approve_twice(label)
        paid = []
        while self.state.redemptions[ident(label)].state.name == "APPROVED":
            self.ok(self.order(label))
            confirmation = self.pay(label)
            self.ok(confirmation)
            paid.append(confirmation.amount_fen)
        return paid

    def voucher_totals(self, voucher: str) -> tuple[int, ...]:
        """Face, metered device-ms, redeemed, paid and released."""
        return tuple(self.state.heads[LinkKind.VOUCHER][ident(voucher)].totals)


def small_town(policy: PolicyParameters | None = None, *, appropriation: str = "500_000_000") -> Town:
    """Officers, provider `cloud` with four devices, beneficiary `acme` and programme `gpu`."""
    town = Town()
    town.open_ledger()
    town.provider()
    town.beneficiary()
    town.open_programme(policy, appropriation=appropriation)
    return town


def with_voucher(
    policy: PolicyParameters | None = None, *, contract: str = "8_000_000", at_time: str = LATER
) -> Town:
    """A small town with voucher `v` on contract `c` and evidence `e` for the whole contract, months later."""
    town = small_town(policy)
    town.ok(town.contract("c", contract))
    town.award("v", "c")
    town.evidence("e", "c", contract)
    town.now_ms = at(at_time)
    return town
