"""Builders for the genesis, officers, keys, participants, their holdings, admissions and devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.client.statements.shared import origin_value
from ledger.v1 import genesis_pb2, quantities_pb2, registry_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.domain.policy import Origin
    from ledger.domain.vocabulary import Clock, ParticipantKind, ProviderStanding, RevocationReason, Role

ALGORITHM = "ed25519"
HASH_ALGORITHM = "sha256"
ZONE = "+08:00"
FORMAT_VERSION = 1
RULES_VERSION = 1


def genesis(
    *,
    base_name: str,
    log_vkey: str,
    clock: Clock,
    bureaux: Sequence[tuple[bytes, str]],
    roots: Sequence[tuple[bytes, bytes]],
    root_threshold: int,
) -> genesis_pb2.Genesis:
    """Opens a ledger of format and rules version 1; signed by all roots in the order of `roots`.

    `bureaux` are (16-byte id, code), `roots` (32-byte public key, 32-byte person tag).
    """
    return genesis_pb2.Genesis(
        base_name=base_name,
        origin=f"{base_name}/e0",
        log_vkey=log_vkey,
        format_version=FORMAT_VERSION,
        rules_version=RULES_VERSION,
        signature_algorithm=ALGORITHM,
        hash_algorithm=HASH_ALGORITHM,
        zone=ZONE,
        clock=genesis_pb2.Clock.ValueType(clock),
        bureaux=[genesis_pb2.Bureau(bureau_id=bureau_id, code=code) for bureau_id, code in bureaux],
        roots=[
            genesis_pb2.RootKey(algorithm=ALGORITHM, public_key=public_key, person_tag=tag)
            for public_key, tag in roots
        ],
        root_threshold=root_threshold,
    )


def officer_appointment(
    *,
    officer_id: bytes,
    bureau_id: bytes,
    role: Role,
    person_tag: bytes,
    public_key: bytes,
    certificate_sha256: bytes,
) -> registry_pb2.OfficerAppointment:
    """Names an officer; signed by the root threshold, then by the new key."""
    return registry_pb2.OfficerAppointment(
        officer_id=officer_id,
        bureau_id=bureau_id,
        role=quantities_pb2.Role.ValueType(role),
        person_tag=person_tag,
        algorithm=ALGORITHM,
        public_key=public_key,
        certificate_sha256=certificate_sha256,
    )


def key_registration(*, participant_id: bytes, public_key: bytes) -> registry_pb2.KeyRegistration:
    """Registers a participant's key; signed by two key administrators, then by the new key."""
    return registry_pb2.KeyRegistration(
        participant_id=participant_id, algorithm=ALGORITHM, public_key=public_key
    )


def key_retirement(*, key_id: bytes, until_ms: int) -> registry_pb2.KeyRetirement:
    """Lets a key sign until `until_ms` and no longer; signed by two key administrators or roots."""
    return registry_pb2.KeyRetirement(key_id=key_id, until_ms=until_ms)


def key_revocation(
    *, key_id: bytes, invalid_since_ms: int, reason: RevocationReason
) -> registry_pb2.KeyRevocation:
    """Revokes a key for ever; signed by its owner, two key administrators, or the root threshold."""
    return registry_pb2.KeyRevocation(
        key_id=key_id,
        invalid_since_ms=invalid_since_ms,
        reason=registry_pb2.RevocationReason.ValueType(reason),
    )


def revocation_correction(
    *, key_id: bytes, invalid_since_ms: int, reason: RevocationReason
) -> registry_pb2.RevocationCorrection:
    """Moves `invalid_since_ms` of a revoked key back; signed by two key administrators or by roots."""
    return registry_pb2.RevocationCorrection(
        key_id=key_id,
        invalid_since_ms=invalid_since_ms,
        reason=registry_pb2.RevocationReason.ValueType(reason),
    )


def certificate_registration(
    *, participant_id: bytes, certificate_sha256: bytes
) -> registry_pb2.CertificateRegistration:
    """Binds a TLS certificate (SHA-256 of its DER form); signed by two key administrators."""
    return registry_pb2.CertificateRegistration(
        participant_id=participant_id, certificate_sha256=certificate_sha256
    )


def participant_registration(
    *,
    basis: quantities_pb2.DecisionBasis,
    participant_id: bytes,
    kind: ParticipantKind,
    registered_day: int,
    credit_code: str = "",
    person_tag: bytes = b"",
) -> registry_pb2.ParticipantRegistration:
    """Registers a participant; signed by a clerk. A person has a tag and no code, all others a code."""
    return registry_pb2.ParticipantRegistration(
        basis=basis,
        participant_id=participant_id,
        kind=quantities_pb2.ParticipantKind.ValueType(kind),
        credit_code=credit_code,
        person_tag=person_tag,
        registered_day=registered_day,
    )


def provider_admission(
    *,
    basis: quantities_pb2.DecisionBasis,
    provider_id: bytes,
    items: Sequence[str],
    from_day: int,
    batch: int = 1,
) -> registry_pb2.ProviderAdmission:
    """Admits a provider with its service items from a day on; signed by a clerk and an approver."""
    return registry_pb2.ProviderAdmission(
        basis=basis, provider_id=provider_id, batch=batch, items=items, from_day=from_day
    )


def provider_standing_change(
    *, basis: quantities_pb2.DecisionBasis, provider_id: bytes, standing: ProviderStanding, from_day: int
) -> registry_pb2.ProviderStandingChange:
    """Suspends, readmits or removes a provider from a day on; signed by a clerk and an approver."""
    return registry_pb2.ProviderStandingChange(
        basis=basis,
        provider_id=provider_id,
        standing=registry_pb2.ProviderStanding.ValueType(standing),
        from_day=from_day,
    )


def holding_declaration(
    *, basis: quantities_pb2.DecisionBasis, owner_id: bytes, owned_id: bytes, share_bp: int, as_of_day: int
) -> registry_pb2.HoldingDeclaration:
    """Declares which share of one party another holds on a day, basis points; signed by a clerk."""
    return registry_pb2.HoldingDeclaration(
        basis=basis, owner_id=owner_id, owned_id=owned_id, share_bp=share_bp, as_of_day=as_of_day
    )


def personal_data_erasure(
    *, basis: quantities_pb2.DecisionBasis, participant_id: bytes
) -> registry_pb2.PersonalDataErasure:
    """Records that a person's data was erased outside the ledger; signed by a clerk."""
    return registry_pb2.PersonalDataErasure(basis=basis, participant_id=participant_id)


def device_registration(
    *,
    provider_id: bytes,
    models: Sequence[tuple[str, str, Origin]],
    devices: Sequence[tuple[bytes, int]],
) -> registry_pb2.DeviceRegistration:
    """Registers up to 500 devices; signed by the provider, then by a clerk.

    `models` are (vendor, model, origin), `devices` (16-byte id, position in `models`).
    """
    return registry_pb2.DeviceRegistration(
        provider_id=provider_id,
        models=[
            registry_pb2.DeviceModel(vendor=vendor, model=model, origin=origin_value(origin))
            for vendor, model, origin in models
        ],
        device_ids=[device_id for device_id, _ in devices],
        device_models=[position for _, position in devices],
    )
