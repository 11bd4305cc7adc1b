"""What reaches the rules: a statement with its signers, and the collector of reasons to refuse it.

This module must not know any rule but the order of reasons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from ledger.domain.rejections import Reason, Rejection

if TYPE_CHECKING:
    from ledger.domain.entities import Key, Quotas
    from ledger.domain.statements import StatementHeader

S_co = TypeVar("S_co", covariant=True)


@dataclass(frozen=True, slots=True)
class ExpireVoucher:
    """A command without a signature: a SYSTEM act that a caller triggers."""

    voucher_id: bytes


@dataclass(frozen=True, slots=True)
class PublishQuotas:
    """A SYSTEM act at a start with other quotas than those in force."""

    quotas: Quotas


@dataclass(frozen=True, slots=True)
class ReportSuppressed:
    """A SYSTEM act after a day on which statements of a participant were over a quota."""

    participant_id: bytes
    day: int
    count: int


@dataclass(slots=True, kw_only=True)
class Command(Generic[S_co]):
    """A statement at the moment of its decision.

    `keys` are the registered keys of the header's key ids at this index (None = not registered),
    `signatures_hold` says whether every signature verifies, `now_ms` is the time of recording and
    `clock_slack_ms` how far usage may lie ahead of it.
    """

    statement: S_co
    header: StatementHeader | None
    payload_digest: bytes
    submitter: bytes
    keys: tuple[Key | None, ...] = ()
    signatures_hold: bool = True
    now_ms: int = 0
    clock_slack_ms: int = 0


class Refusals:
    """Collects every reason that applies; the first in the order of the enum is given."""

    __slots__ = ("_first",)

    def __init__(self) -> None:
        self._first: Rejection | None = None

    def add(self, reason: Reason, message: str, conflicting_index: int | None = None) -> None:
        """Note one reason; among equal ones the earliest noted stays."""
        if self._first is None or reason < self._first.reason:
            self._first = Rejection(reason, message, conflicting_index)

    @property
    def first(self) -> Rejection | None:
        """The refusal to give, or None."""
        return self._first


def missing(what: str) -> Rejection:
    """The refusal of a reference to nothing; decided before every other reason."""
    return Rejection(Reason.STATE_CONFLICT, f"{what} does not exist")
