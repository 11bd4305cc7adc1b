"""The statements about usage, services, redemptions and payments, written from short labels.

Subjects are read from the state. This module must not decide or fold anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from unit.domain.casework import Casework, subject_of
from unit.domain.registrar import device_id, digest, ident

from ledger.domain import statements as say
from ledger.domain.attestation import (
    PricedModel,
    ServiceAttestation,
    ServiceLine,
    UsageAttestation,
    UsageLines,
)
from ledger.domain.days import parse_day
from ledger.domain.policy import Origin
from ledger.domain.quantities import MS_PER_HOUR
from ledger.domain.vocabulary import Purpose, Role, SupersedingReason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.domain.entities import Redemption


@dataclass(frozen=True, slots=True)
class Line:
    """One line of usage on device `device` of the provider, [start_ms, end_ms)."""

    device: int
    start_ms: int
    end_ms: int
    allocated_ms: int | None = None
    amount_fen: int | None = None

    @property
    def counted_ms(self) -> int:
        """Allocated device-milliseconds; the whole interval where the line does not say."""
        return self.end_ms - self.start_ms if self.allocated_ms is None else self.allocated_ms


class Scribe(Casework):
    """Makes statements about what vouchers are used and paid for."""

    # Usage.

    def claim(
        self,
        label: str,
        voucher: str,
        *lines: Line,
        price_fen: int = 2_000,
        provider: str = "cloud",
        model: PricedModel | None = None,
        sequence: int | None = None,
        superseding: int | None = None,
        by: str | None = None,
    ) -> UsageAttestation:
        """A usage attestation; amounts of lines that give none are the floors."""
        self._sequences += 1
        bound = self.state.vouchers.get(ident(voucher))
        priced = model or PricedModel(
            vendor="nvidia", model="H800", origin=Origin.FOREIGN, unit_price_fen=price_fen
        )
        table = list(dict.fromkeys(line.device for line in lines))
        base_ms = min(line.start_ms for line in lines)
        amounts = tuple(
            line.counted_ms * priced.unit_price_fen // MS_PER_HOUR
            if line.amount_fen is None
            else line.amount_fen
            for line in lines
        )
        return UsageAttestation(
            header=self.header(by or provider),
            claim_id=ident(label),
            programme_id=bound.programme_id if bound else ident("gpu"),
            provider_id=ident(provider),
            voucher_id=ident(voucher),
            contract_digest=bound.contract_digest if bound else bytes(32),
            beneficiary_id=bound.beneficiary_id if bound else ident("acme"),
            purpose=Purpose.TRAINING,
            strings=(),
            models=(priced,),
            device_ids=tuple(device_id(provider, number) for number in table),
            device_models=(0,) * len(table),
            base_ms=base_ms,
            lines=UsageLines(
                device=tuple(table.index(line.device) for line in lines),
                node=(),
                cluster=(),
                job=(),
                start_offset_ms=tuple(line.start_ms - base_ms for line in lines),
                duration_ms=tuple(line.end_ms - line.start_ms for line in lines),
                allocated_ms=tuple(line.counted_ms for line in lines),
                active_ms=(),
                energy_wh=(),
                amount_fen=amounts,
            ),
            total_allocated_ms=sum(line.counted_ms for line in lines),
            total_active_ms=0,
            total_energy_wh=0,
            total_amount_fen=sum(amounts),
            raw_log_digest=digest(f"log/{label}"),
            raw_log_rows=len(lines),
            sequence=self._sequences if sequence is None else sequence,
            previous_digest=b"",
            superseded_index=superseding,
            superseding_reason=0 if superseding is None else SupersedingReason.LOG_CORRECTED,
        )

    def served(
        self,
        label: str,
        voucher: str,
        *amounts_fen: int,
        span: tuple[int, int],
        provider: str = "models",
        sequence: int | None = None,
        superseding: int | None = None,
        by: str | None = None,
    ) -> ServiceAttestation:
        """An account of services: one line an amount, all of them in `span`, [start, end) in ms."""
        self._sequences += 1
        bound = self.state.vouchers.get(ident(voucher))
        return ServiceAttestation(
            header=self.header(by or provider),
            claim_id=ident(label),
            programme_id=bound.programme_id if bound else ident("model"),
            provider_id=ident(provider),
            voucher_id=ident(voucher),
            contract_digest=bound.contract_digest if bound else bytes(32),
            beneficiary_id=bound.beneficiary_id if bound else ident("acme"),
            lines=tuple(
                ServiceLine(unit="TOKEN", quantity=1, start_ms=span[0], end_ms=span[1], amount_fen=amount)
                for amount in amounts_fen
            ),
            total_amount_fen=sum(amounts_fen),
            raw_log_digest=digest(f"log/{label}"),
            raw_log_rows=len(amounts_fen),
            sequence=self._sequences if sequence is None else sequence,
            previous_digest=b"",
            superseded_index=superseding,
            superseding_reason=0 if superseding is None else SupersedingReason.LOG_CORRECTED,
        )

    # Redemptions and payments.

    def redeem(
        self,
        label: str,
        voucher: str,
        claims: Sequence[str],
        *,
        invoices: Mapping[str, int],
        payments: Mapping[str, int],
        instalments: tuple[int, ...] = (),
        by: str = "acme",
    ) -> say.RedemptionRequest:
        """A redemption of claims with parts of invoices and payments, fen."""
        return say.RedemptionRequest(
            header=self.header(by),
            redemption_id=ident(label),
            voucher_id=ident(voucher),
            claim_ids=tuple(ident(claim) for claim in claims),
            invoices=_uses(invoices),
            payments=_uses(payments),
            instalments_bp=instalments,
            payee_commitment=digest(f"payee/{label}"),
            payee_tag=b"",
        )

    def _redemption(self, label: str) -> Redemption | None:
        return self.state.redemptions.get(ident(label))

    def _subject(self, label: str) -> say.SubjectReference:
        return subject_of(self._redemption(label))

    def verify(
        self, label: str, amount_fen: int | None = None, *, by: str = "reviewer"
    ) -> say.RedemptionVerification:
        """A verification, of the requested amount if none is given."""
        known = self._redemption(label)
        return say.RedemptionVerification(
            header=self.header(by),
            basis=self.basis(Role.REVIEWER),
            redemption_id=ident(label),
            subject=self._subject(label),
            amount_fen=(known.amount_fen if known else 0) if amount_fen is None else amount_fen,
        )

    def approve(
        self, label: str, amount_fen: int | None = None, *, by: str = "approver-1"
    ) -> say.RedemptionApproval:
        """An approval of the verified amount."""
        known = self._redemption(label)
        return say.RedemptionApproval(
            header=self.header(by),
            basis=self.basis(Role.APPROVER),
            redemption_id=ident(label),
            subject=self._subject(label),
            amount_fen=(known.amount_fen if known else 0) if amount_fen is None else amount_fen,
            payee_commitment=digest(f"payee/{label}"),
        )

    def _due(self, label: str) -> tuple[int, int, int]:
        known = self._redemption(label)
        if known is None:
            return 1, 1, 0
        parts = [share * known.amount_fen // 10_000 for share in known.instalments_bp[:-1]]
        parts.append(known.amount_fen - sum(parts))
        number = min(known.paid_count, len(parts) - 1) + 1
        return number, known.attempt + 1, parts[number - 1]

    def order(
        self, label: str, *, instalment: int | None = None, attempt: int | None = None, by: str = "payer"
    ) -> say.PaymentOrder:
        """An order of the next unpaid instalment."""
        number, following, amount_fen = self._due(label)
        return say.PaymentOrder(
            header=self.header(by),
            basis=self.basis(Role.PAYER),
            redemption_id=ident(label),
            subject=self._subject(label),
            instalment=number if instalment is None else instalment,
            attempt=following if attempt is None else attempt,
            amount_fen=amount_fen,
            payee_commitment=digest(f"payee/{label}"),
        )

    def pay(self, label: str, *, instalment: int | None = None, by: str = "payer") -> say.PaymentConfirmation:
        """The confirmation of the open order."""
        number, _, amount_fen = self._due(label)
        return say.PaymentConfirmation(
            header=self.header(by),
            basis=self.basis(Role.PAYER),
            redemption_id=ident(label),
            subject=self._subject(label),
            instalment=number if instalment is None else instalment,
            amount_fen=amount_fen,
            reference_fingerprint=digest(f"reference/{label}/{number}"),
            paid_day=parse_day("2026-06-01"),
        )

    def fail(self, label: str, *, instalment: int | None = None, by: str = "payer") -> say.PaymentFailure:
        """The failure of the open order."""
        number, _, _ = self._due(label)
        return say.PaymentFailure(
            header=self.header(by),
            basis=self.basis(Role.PAYER),
            redemption_id=ident(label),
            subject=self._subject(label),
            instalment=number if instalment is None else instalment,
            reference_fingerprint=digest(f"reference/{label}/{number}"),
        )


def _uses(amounts: Mapping[str, int]) -> tuple[say.EvidenceUse, ...]:
    return tuple(
        say.EvidenceUse(fingerprint=digest(f"evidence/{label}"), amount_fen=amount)
        for label, amount in amounts.items()
    )
