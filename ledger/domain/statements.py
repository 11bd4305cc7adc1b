"""What people sign: every statement but the usage attestation, as immutable values.

Field names are those of the protobuf messages, which the codec maps by name. Values here have the right
types and nothing more: ranges and rules are the business of the modules that decide.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.policy import Instrument, Origin, PolicyParameters
from ledger.domain.vocabulary import Clock, ParticipantKind, RevocationReason, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementHeader:
    """The first field of every statement."""

    ledger_id: bytes
    request_id: bytes
    key_ids: tuple[bytes, ...]
    not_after_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectReference:
    """A decision's subject: the leaf that the signer had before its eyes."""

    leaf_index: int | None = None
    leaf_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionBasis:
    """Who decided, in which office and why (rule I12)."""

    bureau_id: bytes
    role: Role
    reason_code: str
    evidence_digests: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RootKey:
    """One root holder."""

    algorithm: str
    public_key: bytes
    person_tag: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Bureau:
    """A bureau that spends money through this ledger."""

    bureau_id: bytes
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Genesis:
    """The first statement of a ledger, signed by every root offline.

    The header's key ids are the roots' in the order of `roots`: consent and proof of possession in one.
    """

    header: StatementHeader
    base_name: str
    origin: str
    log_vkey: str
    format_version: int
    rules_version: int
    signature_algorithm: str
    hash_algorithm: str
    zone: str
    clock: Clock
    bureaux: tuple[Bureau, ...]
    roots: tuple[RootKey, ...]
    root_threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerAppointment:
    """Names an officer with its key and certificate; signed by the root threshold, then by the new key."""

    header: StatementHeader
    officer_id: bytes
    bureau_id: bytes
    role: Role
    person_tag: bytes
    algorithm: str
    public_key: bytes
    certificate_sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRegistration:
    """Registers a key of a participant; signed by two key administrators, then by the new key."""

    header: StatementHeader
    participant_id: bytes
    algorithm: str
    public_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRetirement:
    """Retires a key: nothing that it signs is accepted after `until_ms`. Signed by two key administrators."""

    header: StatementHeader
    key_id: bytes
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevocation:
    """Revokes a key for ever.

    Signed by its owner, by two key administrators, or for an officer's key by the root threshold.
    """

    header: StatementHeader
    key_id: bytes
    invalid_since_ms: int
    reason: RevocationReason


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRegistration:
    """Binds a TLS certificate to a participant or officer; signed by two key administrators."""

    header: StatementHeader
    participant_id: bytes
    certificate_sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantRegistration:
    """Registers a participant; signed by a clerk."""

    header: StatementHeader
    basis: DecisionBasis
    participant_id: bytes
    kind: ParticipantKind
    credit_code: str
    person_tag: bytes
    registered_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAdmission:
    """Admits a provider with its service items; signed by a clerk and an approver."""

    header: StatementHeader
    basis: DecisionBasis
    provider_id: bytes
    batch: int
    items: tuple[str, ...]
    from_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceModel:
    """A model of accelerator."""

    vendor: str
    model: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRegistration:
    """Registers devices; signed by the provider, confirmed by a clerk."""

    header: StatementHeader
    provider_id: bytes
    models: tuple[DeviceModel, ...]
    device_ids: tuple[bytes, ...]
    device_models: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeOpening:
    """Opens a programme with its appropriation; signed by a clerk and an approver."""

    header: StatementHeader
    basis: DecisionBasis
    programme_id: bytes
    instrument: Instrument
    fiscal_year: int
    appropriation_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPublication:
    """Puts a policy version in force; signed by a clerk and an approver."""

    header: StatementHeader
    basis: DecisionBasis
    programme_id: bytes
    version: int
    parameters: PolicyParameters


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
class ApplicationSubmission:
    """Applies for a voucher on a contract; signed by the beneficiary."""

    header: StatementHeader
    application_id: bytes
    programme_id: bytes
    contract_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherGrant:
    """Grants an application and issues the voucher; signed by one approver."""

    header: StatementHeader
    basis: DecisionBasis
    voucher_id: bytes
    application_id: bytes
    subject: SubjectReference
    named_approval: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceUse:
    """Use of a part of an invoice or payment."""

    fingerprint: bytes
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionRequest:
    """Asks to redeem usage under a voucher; signed by the beneficiary."""

    header: StatementHeader
    redemption_id: bytes
    voucher_id: bytes
    claim_ids: tuple[bytes, ...]
    invoices: tuple[EvidenceUse, ...]
    payments: tuple[EvidenceUse, ...]
    instalments_bp: tuple[int, ...]
    payee_commitment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionVerification:
    """Confirms a redemption after checking; signed by a reviewer."""

    header: StatementHeader
    basis: DecisionBasis
    redemption_id: bytes
    subject: SubjectReference
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionApproval:
    """Approves a verified redemption; signed by one approver, needed twice."""

    header: StatementHeader
    basis: DecisionBasis
    redemption_id: bytes
    subject: SubjectReference
    amount_fen: int
    payee_commitment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrder:
    """Orders the treasury to pay an instalment; signed by the payer."""

    header: StatementHeader
    basis: DecisionBasis
    redemption_id: bytes
    subject: SubjectReference
    instalment: int
    attempt: int
    amount_fen: int
    payee_commitment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentConfirmation:
    """Confirms that an ordered payment was made; signed by the payer."""

    header: StatementHeader
    basis: DecisionBasis
    redemption_id: bytes
    subject: SubjectReference
    instalment: int
    amount_fen: int
    reference_fingerprint: bytes
    paid_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFailure:
    """Records that an ordered payment failed; signed by the payer."""

    header: StatementHeader
    basis: DecisionBasis
    redemption_id: bytes
    subject: SubjectReference
    instalment: int
    reference_fingerprint: bytes
