"""Contracts and what is evidence for them."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.policy import Origin
from ledger.domain.statements.shared import DecisionBasis, StatementHeader
from ledger.domain.vocabulary import InvoiceStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrice:
    """The price of one accelerator model."""

    model: str
    unit_price_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludedItem:
    """A part of the contract that policy may exclude from support."""

    item: str
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginAmount:
    """A part of the contract by origin of the accelerators."""

    origin: Origin
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRegistration:
    """Registers a contract; signed by the beneficiary, then countersigned by the provider."""

    header: StatementHeader
    contract_id: bytes
    beneficiary_id: bytes
    provider_id: bytes
    fingerprint: bytes
    document_digest: bytes
    item: str
    signed_day: int
    from_day: int
    to_day: int
    amount_fen: int
    prices: tuple[ModelPrice, ...]
    excluded: tuple[ExcludedItem, ...]
    origin_amounts: tuple[OriginAmount, ...]
    filing_number: str
    exchange_trade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideSupportDeclaration:
    """Declares other public money on a contract; signed by a clerk."""

    header: StatementHeader
    basis: DecisionBasis
    contract_id: bytes
    source: str
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRegistration:
    """Registers an invoice; signed by the provider that issued it."""

    header: StatementHeader
    contract_id: bytes
    fingerprint: bytes
    amount_fen: int
    net_amount_fen: int
    issued_day: int
    document_digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRegistration:
    """Registers a payment made to the provider; signed by the beneficiary."""

    header: StatementHeader
    contract_id: bytes
    fingerprint: bytes
    amount_fen: int
    paid_day: int
    document_digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceRegistration:
    """Registers the acceptance paper of a contract; signed by the beneficiary."""

    header: StatementHeader
    contract_id: bytes
    document_digest: bytes
    accepted_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceCancellation:
    """Notes that an invoice was red-lettered or is void.

    Signed by a clerk. It counts nothing from then on.
    """

    header: StatementHeader
    basis: DecisionBasis
    fingerprint: bytes
    status: InvoiceStatus
    red_letter_fingerprint: bytes
    cancelled_day: int
