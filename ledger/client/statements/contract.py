"""Builders for contracts and the evidence and support that hang on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.client.statements.shared import origin_value
from ledger.v1 import contract_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.domain.policy import Origin
    from ledger.domain.vocabulary import InvoiceStatus
    from ledger.v1 import quantities_pb2


def contract_registration(
    *,
    contract_id: bytes,
    beneficiary_id: bytes,
    provider_id: bytes,
    fingerprint: bytes,
    document_digest: bytes,
    item: str,
    signed_day: int,
    from_day: int,
    to_day: int,
    amount_fen: int,
    prices: Mapping[str, int] | None = None,
    excluded: Mapping[str, int] | None = None,
    origin_amounts: Mapping[Origin, int] | None = None,
    filing_number: str = "",
    exchange_trade: str = "",
) -> contract_pb2.ContractRegistration:
    """Registers a contract; signed by the beneficiary, then by the provider.

    `prices` maps a model (empty = every model) to fen per card-hour, `excluded` an item code and
    `origin_amounts` an origin to its part of the amount, fen. `to_day` is the last day of service.
    """
    return contract_pb2.ContractRegistration(
        contract_id=contract_id,
        beneficiary_id=beneficiary_id,
        provider_id=provider_id,
        fingerprint=fingerprint,
        document_digest=document_digest,
        item=item,
        signed_day=signed_day,
        from_day=from_day,
        to_day=to_day,
        amount_fen=amount_fen,
        prices=[
            contract_pb2.ModelPrice(model=model, unit_price_fen=price)
            for model, price in (prices or {}).items()
        ],
        excluded=[
            contract_pb2.ExcludedItem(item=code, amount_fen=amount)
            for code, amount in (excluded or {}).items()
        ],
        origin_amounts=[
            contract_pb2.OriginAmount(origin=origin_value(origin), amount_fen=amount)
            for origin, amount in sorted((origin_amounts or {}).items())
        ],
        filing_number=filing_number,
        exchange_trade=exchange_trade,
    )


def invoice_registration(
    *,
    contract_id: bytes,
    fingerprint: bytes,
    amount_fen: int,
    net_amount_fen: int,
    issued_day: int,
    document_digest: bytes,
) -> contract_pb2.InvoiceRegistration:
    """Registers an invoice, amounts with and without tax; signed by the provider."""
    return contract_pb2.InvoiceRegistration(
        contract_id=contract_id,
        fingerprint=fingerprint,
        amount_fen=amount_fen,
        net_amount_fen=net_amount_fen,
        issued_day=issued_day,
        document_digest=document_digest,
    )


def payment_registration(
    *, contract_id: bytes, fingerprint: bytes, amount_fen: int, paid_day: int, document_digest: bytes
) -> contract_pb2.PaymentRegistration:
    """Registers a payment to the provider; signed by the beneficiary."""
    return contract_pb2.PaymentRegistration(
        contract_id=contract_id,
        fingerprint=fingerprint,
        amount_fen=amount_fen,
        paid_day=paid_day,
        document_digest=document_digest,
    )


def acceptance_registration(
    *, contract_id: bytes, document_digest: bytes, accepted_day: int
) -> contract_pb2.AcceptanceRegistration:
    """Registers the acceptance paper (SHA-256) of a service; signed by the contract's beneficiary."""
    return contract_pb2.AcceptanceRegistration(
        contract_id=contract_id, document_digest=document_digest, accepted_day=accepted_day
    )


def invoice_cancellation(
    *,
    basis: quantities_pb2.DecisionBasis,
    fingerprint: bytes,
    status: InvoiceStatus,
    cancelled_day: int,
    red_letter_fingerprint: bytes = b"",
) -> contract_pb2.InvoiceCancellation:
    """Cancels an invoice; signed by a clerk. Red-lettered, it names the red letter; void, none."""
    return contract_pb2.InvoiceCancellation(
        basis=basis,
        fingerprint=fingerprint,
        status=contract_pb2.InvoiceStatus.ValueType(status),
        red_letter_fingerprint=red_letter_fingerprint,
        cancelled_day=cancelled_day,
    )


def outside_support_declaration(
    *, basis: quantities_pb2.DecisionBasis, contract_id: bytes, source: str, amount_fen: int
) -> contract_pb2.OutsideSupportDeclaration:
    """Adds other public money, from the authority with that code, to a contract; signed by a clerk."""
    return contract_pb2.OutsideSupportDeclaration(
        basis=basis, contract_id=contract_id, source=source, amount_fen=amount_fen
    )
