"""Officers, keys, certificates, participants, providers, devices and holdings."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.policy import Origin
from ledger.domain.statements.shared import DecisionBasis, StatementHeader
from ledger.domain.vocabulary import Clock, ParticipantKind, ProviderStanding, RevocationReason, Role


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
class RevocationCorrection:
    """Moves the time since when a revoked key is invalid, only ever earlier.

    Signed by two key administrators, or for an officer's key by the root threshold.
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
class ProviderStandingChange:
    """Suspends, readmits or removes a provider; signed by a clerk and an approver."""

    header: StatementHeader
    basis: DecisionBasis
    provider_id: bytes
    standing: ProviderStanding
    from_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingDeclaration:
    """Declares how much of one entity another one holds.

    It replaces the pair's earlier declaration. Signed by a clerk.
    """

    header: StatementHeader
    basis: DecisionBasis
    owner_id: bytes
    owned_id: bytes
    share_bp: int
    as_of_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalDataErasure:
    """Erases the personal data behind a subject's commitments; no leaf changes. Signed by a clerk."""

    header: StatementHeader
    basis: DecisionBasis
    participant_id: bytes


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
