"""Builders for service attestations and for what becomes of disputed claims.

Usage attestations are made from usage lines, by `ledger.client.attestations`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import claim_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.domain.vocabulary import SupersedingReason
    from ledger.v1 import quantities_pb2


def service_attestation(
    *,
    claim_id: bytes,
    programme_id: bytes,
    provider_id: bytes,
    voucher_id: bytes,
    contract_digest: bytes,
    beneficiary_id: bytes,
    lines: Sequence[tuple[str, int, int, int, int]],
    raw_log_digest: bytes,
    raw_log_rows: int,
    sequence: int = 1,
    previous_digest: bytes = b"",
    superseded_index: int | None = None,
    superseding_reason: SupersedingReason | None = None,
) -> claim_pb2.ServiceAttestation:
    """Claims for a model service or a corpus, 1 to 500 lines; signed by the voucher's provider.

    `lines` are (unit code, quantity, start_ms, end_ms, amount_fen), ms since 1970; the total is their sum.
    `sequence` counts the provider's attestations for the voucher from 1; `previous_digest` is SHA-256 of the
    payload of the one before, empty for the first. A claim that replaces another names its leaf and why.
    """
    return claim_pb2.ServiceAttestation(
        claim_id=claim_id,
        programme_id=programme_id,
        provider_id=provider_id,
        voucher_id=voucher_id,
        contract_digest=contract_digest,
        beneficiary_id=beneficiary_id,
        lines=[
            claim_pb2.ServiceLine(
                unit=unit, quantity=quantity, start_ms=start_ms, end_ms=end_ms, amount_fen=amount_fen
            )
            for unit, quantity, start_ms, end_ms, amount_fen in lines
        ],
        total_amount_fen=sum(amount_fen for *_, amount_fen in lines),
        raw_log_digest=raw_log_digest,
        raw_log_rows=raw_log_rows,
        sequence=sequence,
        previous_digest=previous_digest,
        superseded_index=superseded_index,
        superseding_reason=claim_pb2.SupersedingReason.ValueType(superseding_reason or 0),
    )


def reconfirmation(
    *,
    basis: quantities_pb2.DecisionBasis,
    claim_ids: Sequence[bytes] = (),
    redemption_ids: Sequence[bytes] = (),
) -> claim_pb2.Reconfirmation:
    """Confirms disputed claims and suspended redemptions again; signed by two approvers."""
    return claim_pb2.Reconfirmation(basis=basis, claim_ids=claim_ids, redemption_ids=redemption_ids)


def claim_setting_aside(
    *, basis: quantities_pb2.DecisionBasis, claim_ids: Sequence[bytes]
) -> claim_pb2.ClaimSettingAside:
    """Sets disputed claims aside for ever; signed by a clerk."""
    return claim_pb2.ClaimSettingAside(basis=basis, claim_ids=claim_ids)
