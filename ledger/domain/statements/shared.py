"""Values that statements share: header, subject and basis."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.vocabulary import Role


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
