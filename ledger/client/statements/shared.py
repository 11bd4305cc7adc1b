"""Parts that several statements share: the basis of a decision and its subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import quantities_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.domain.policy import Origin
    from ledger.domain.vocabulary import Role


def basis(
    *, bureau_id: bytes, role: Role, reason_code: str, evidence_digests: Sequence[bytes] = ()
) -> quantities_pb2.DecisionBasis:
    """For which bureau, in which office and why an officer decides (rule I12).

    `reason_code` is upper-case ASCII letters, digits and underscores; digests are SHA-256 of documents.
    """
    return quantities_pb2.DecisionBasis(
        bureau_id=bureau_id,
        role=quantities_pb2.Role.ValueType(role),
        reason_code=reason_code,
        evidence_digests=evidence_digests,
    )


def subject(*, leaf_index: int, leaf_hash: bytes) -> quantities_pb2.SubjectReference:
    """The leaf that the signer of a decision had before its eyes: its index and 32-byte RFC 6962 hash."""
    return quantities_pb2.SubjectReference(leaf_index=leaf_index, leaf_hash=leaf_hash)


def origin_value(origin: Origin) -> quantities_pb2.Origin.ValueType:
    """The wire value of an accelerator's origin."""
    return quantities_pb2.Origin.ValueType(origin)
