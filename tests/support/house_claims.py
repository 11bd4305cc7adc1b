"""Usage, services and evidence in a house, and what becomes of claims that are in doubt."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from ledger.client.signing import new_id
from ledger.client.statements import claim, contract
from ledger.domain.policy import Origin
from ledger.domain.vocabulary import InvoiceStatus, Role
from ledger.v1 import claim_pb2
from support.house_base import FIRST_DAY, HOUR_MS, MODEL, PRICE_FEN, digest
from support.house_grants import GrantActs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.app.outcomes import Outcome

APPROVERS = ("approver-1", "approver-2")


class ClaimActs(GrantActs):
    """What providers deliver, and the papers about it."""

    def attestation(
        self,
        voucher: str,
        lines: Sequence[tuple[bytes, int, int]],
        *,
        provider: str = "cloud",
        **changes: Any,
    ) -> claim_pb2.UsageAttestation:
        """An attestation of (device, start ms, end ms) lines, fully allocated, at the contract's price.

        A device is of the model that it is registered as.
        """
        found = self.found(voucher)
        devices = list(dict.fromkeys(device for device, _, _ in lines))
        models = [self._model_of(device) for device in devices]
        base = min(start for _, start, _ in lines)
        used = [end - start for _, start, end in lines]
        amounts = [ms * PRICE_FEN // HOUR_MS for ms in used]
        sequence, previous = self.heads.get((self.ids[provider], found.voucher_id), (0, b""))
        table = list(dict.fromkeys(models))
        statement = claim_pb2.UsageAttestation(
            claim_id=new_id(),
            programme_id=found.programme_id,
            provider_id=self.ids[provider],
            voucher_id=found.voucher_id,
            contract_digest=found.contract_digest,
            beneficiary_id=found.beneficiary_id,
            purpose=claim_pb2.PURPOSE_TRAINING,
            models=[
                claim_pb2.PricedModel(vendor=vendor, model=model, origin=origin, unit_price_fen=PRICE_FEN)
                for vendor, model, origin in table
            ],
            device_ids=devices,
            device_models=[table.index(model) for model in models],
            base_ms=base,
            lines=claim_pb2.UsageLines(
                device=[devices.index(device) for device, _, _ in lines],
                start_offset_ms=[start - base for _, start, _ in lines],
                duration_ms=used,
                allocated_ms=used,
                amount_fen=amounts,
            ),
            total_allocated_ms=sum(used),
            total_amount_fen=sum(amounts),
            raw_log_digest=digest("log"),
            raw_log_rows=len(lines),
            sequence=sequence + 1,
            previous_digest=previous,
        )
        for name, value in changes.items():
            setattr(statement, name, value)
        return statement

    def _model_of(self, device: bytes) -> tuple[str, str, int]:
        found = self.ledger.state.devices.get(device)
        return MODEL if found is None else (found.vendor, found.model, int(Origin(found.origin)))

    def _claim(self, act: str, statement: Any, provider: str, key: str) -> Outcome:
        chain = (self.ids[provider], statement.voucher_id)
        envelope = self.envelope(act, statement, key or provider)
        self.heads[chain] = (statement.sequence, hashlib.sha256(envelope.payload).digest())
        return self.submit_envelope(act, envelope, provider)

    def claim(
        self,
        voucher: str,
        lines: Sequence[tuple[bytes, int, int]],
        *,
        provider: str = "cloud",
        key: str = "",
        **changes: Any,
    ) -> Outcome:
        """Sign and submit an attestation; the chain of sequence numbers goes on whatever the answer."""
        statement = self.attestation(voucher, lines, provider=provider, **changes)
        return self._claim("usage-attestation", statement, provider, key)

    def service_claim(
        self,
        voucher: str,
        lines: Sequence[tuple[int, int, int]],
        *,
        provider: str,
        key: str = "",
        **changes: Any,
    ) -> Outcome:
        """The same of services: (start ms, end ms, amount fen) lines."""
        found = self.found(voucher)
        sequence, previous = self.heads.get((self.ids[provider], found.voucher_id), (0, b""))
        values: dict[str, Any] = {
            "claim_id": new_id(),
            "programme_id": found.programme_id,
            "provider_id": self.ids[provider],
            "voucher_id": found.voucher_id,
            "contract_digest": found.contract_digest,
            "beneficiary_id": found.beneficiary_id,
            "lines": [("TOKENS", 1000, start, end, amount) for start, end, amount in lines],
            "raw_log_digest": digest("log"),
            "raw_log_rows": len(lines),
            "sequence": sequence + 1,
            "previous_digest": previous,
        }
        statement = claim.service_attestation(**(values | changes))
        return self._claim("service-attestation", statement, provider, key)

    # Doubts

    def reconfirm(
        self,
        *,
        claims: Sequence[bytes] = (),
        redemptions: Sequence[str] = (),
        by: tuple[str, str] = APPROVERS,
    ) -> Outcome:
        """Confirm again what a revoked key put in doubt."""
        statement = claim.reconfirmation(
            basis=self.basis(Role.APPROVER, by=by[0]),
            claim_ids=claims,
            redemption_ids=[self.ids[name] for name in redemptions],
        )
        return self.submit("reconfirmation", statement, *by)

    def set_aside(self, claims: Sequence[bytes], by: str = "clerk") -> Outcome:
        """Set disputed claims aside."""
        statement = claim.claim_setting_aside(basis=self.basis(Role.CLERK, by=by), claim_ids=claims)
        return self.submit("claim-setting-aside", statement, by)

    # Evidence

    def evidence(
        self, contract_name: str, *, amount_fen: int, seller: str = "cloud", buyer: str, label: str = ""
    ) -> None:
        """An invoice and a payment of one amount, named after the contract and the label."""
        shared_values = {"contract_id": self.ids[contract_name], "amount_fen": amount_fen}
        invoice = contract.invoice_registration(
            **shared_values,
            fingerprint=digest(f"invoice {contract_name} {label}"),
            net_amount_fen=amount_fen,
            issued_day=FIRST_DAY,
            document_digest=digest("paper"),
        )
        self.must("invoice-registration", invoice, seller)
        payment = contract.payment_registration(
            **shared_values,
            fingerprint=digest(f"payment {contract_name} {label}"),
            paid_day=FIRST_DAY,
            document_digest=digest("paper"),
        )
        self.must("payment-registration", payment, buyer)

    def acceptance(self, contract_name: str, buyer: str, label: str = "") -> Outcome:
        """Register the acceptance paper of a contract."""
        statement = contract.acceptance_registration(
            contract_id=self.ids[contract_name],
            document_digest=digest(f"acceptance {contract_name} {label}"),
            accepted_day=FIRST_DAY,
        )
        return self.submit("acceptance-registration", statement, buyer)

    def cancel(
        self,
        contract_name: str,
        label: str = "",
        *,
        status: InvoiceStatus = InvoiceStatus.RED_LETTERED,
        by: str = "clerk",
    ) -> Outcome:
        """Note that an invoice is red-lettered or void."""
        red = status == InvoiceStatus.RED_LETTERED
        statement = contract.invoice_cancellation(
            basis=self.basis(Role.CLERK, by=by),
            fingerprint=digest(f"invoice {contract_name} {label}"),
            status=status,
            cancelled_day=FIRST_DAY,
            red_letter_fingerprint=digest(f"red {contract_name} {label}") if red else b"",
        )
        return self.submit("invoice-cancellation", statement, by)
