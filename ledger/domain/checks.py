"""Checks of single values of a statement, before any rule looks at the ledger.

They raise MalformedError, which the caller answers as MALFORMED; this module must not read the state.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ledger.domain.identifiers import ID_SIZE
from ledger.domain.policy import MAX_DAY
from ledger.domain.quantities import INT64_MAX
from ledger.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.domain.statements import DecisionBasis, StatementHeader, SubjectReference

DIGEST_SIZE = 32
MAX_SIGNERS = 9
MAX_EVIDENCE_DIGESTS = 16
MIN_DAY = -719_162
_CODE = re.compile(r"[A-Z0-9_]{1,32}\Z", re.ASCII)
_NAME = re.compile(r"[!-~](?:[ -~]{0,62}[!-~])?\Z", re.ASCII)


def expect(holds: bool, what: str) -> None:
    """Raise MalformedError naming `what` unless the condition holds."""
    if not holds:
        raise MalformedError(what)


def check_id(value: bytes, name: str) -> None:
    """A 16-byte id that is not all zero."""
    expect(len(value) == ID_SIZE and any(value), f"{name}: 16 bytes, not all zero")


def check_digest(value: bytes, name: str) -> None:
    """A 32-byte digest."""
    expect(len(value) == DIGEST_SIZE, f"{name}: 32 bytes")


def check_day(value: int, name: str) -> None:
    """A day from 1970-01-01 to 9999-12-31."""
    expect(0 <= value <= MAX_DAY, f"{name}: a day from 1970-01-01 to 9999-12-31")


def check_founding_day(value: int, name: str) -> None:
    """A day from 0001-01-01 to 9999-12-31: a university may be older than the ledger's calendar of money."""
    expect(MIN_DAY <= value <= MAX_DAY, f"{name}: a day from 0001-01-01 to 9999-12-31")


def check_amount(value: int, name: str, *, low: int = 1) -> None:
    """An amount in fen that fits the ledger."""
    expect(low <= value <= INT64_MAX // 100_000, f"{name}: {low} to {INT64_MAX // 100_000} fen")


def check_code(value: str, name: str) -> None:
    """A short code: upper-case ASCII letters, digits and underscores."""
    expect(_CODE.match(value) is not None, f"{name}: 1 to 32 of A-Z, 0-9 and _")


def check_name(value: str, name: str) -> None:
    """A printable ASCII name of up to 64 characters without outer spaces."""
    expect(_NAME.match(value) is not None, f"{name}: 1 to 64 printable ASCII characters")


def check_distinct(values: Iterable[Any], name: str) -> None:
    """No value twice."""
    listed = list(values)
    expect(len(set(listed)) == len(listed), f"{name}: no two equal")


def check_header(header: StatementHeader) -> None:
    """Sizes of the header's values."""
    check_id(header.ledger_id, "header.ledger_id")
    check_id(header.request_id, "header.request_id")
    expect(1 <= len(header.key_ids) <= MAX_SIGNERS, f"header.key_ids: 1 to {MAX_SIGNERS}")
    for key_id in header.key_ids:
        check_digest(key_id, "header.key_ids")
    check_distinct(header.key_ids, "header.key_ids")
    expect(header.not_after_ms >= 0, "header.not_after_ms: 0 or later")


def check_basis_shape(basis: DecisionBasis) -> None:
    """Sizes of a decision's basis."""
    check_id(basis.bureau_id, "basis.bureau_id")
    check_code(basis.reason_code, "basis.reason_code")
    expect(len(basis.evidence_digests) <= MAX_EVIDENCE_DIGESTS, "basis.evidence_digests: at most 16")
    for digest in basis.evidence_digests:
        check_digest(digest, "basis.evidence_digests")


def check_subject_shape(subject: SubjectReference) -> None:
    """A subject names a leaf."""
    expect(subject.leaf_index is not None, "subject.leaf_index: required")
    check_digest(subject.leaf_hash, "subject.leaf_hash")
