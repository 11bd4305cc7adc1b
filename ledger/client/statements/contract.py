"""Builders for contracts, applications and the evidence that hangs on contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.client.statements.shared import origin_value
from ledger.v1 import contract_pb2, voucher_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.domain.policy import Origin


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


def application_submission(
    *, application_id: bytes, programme_id: bytes, contract_id: bytes
) -> voucher_pb2.ApplicationSubmission:
    """Applies for a voucher on a contract; signed by the contract's beneficiary."""
    return voucher_pb2.ApplicationSubmission(
        application_id=application_id, programme_id=programme_id, contract_id=contract_id
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
