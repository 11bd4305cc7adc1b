"""The auditor's own file of old findings, and whether each still is what it was accepted as.

A finding stays acceptable while the event that makes up for it is in the log, after it and of a type that
can. Nothing here comes from the log but the types of those events.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ledger.errors import MalformedError, UsageError
from ledger_audit.findings import CHECK_NAMES
from ledger_audit.strict_json import object_once

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ledger_audit.findings import Findings
    from ledger_audit.watch import Seen

_FIELDS = frozenset({"check", "index", "reason", "compensating_index"})
_MAX_FILE_SIZE = 1 << 24
_SUPERSEDING = frozenset({"claim_accepted", "service_claim_accepted"})
COMPENSATING = frozenset(
    {
        "key_revoked",
        "revocation_corrected",
        "invoice_cancelled",
        "voucher_revoked",
        "claims_set_aside",
        "reconfirmed",
        "clawback_opened",
        "clawback_determined",
        "repayment_received",
        "recoverable_written_off",
    }
)
"""Event types that correct an earlier event (I16); a claim does where it supersedes another one."""


class Acceptance(StrEnum):
    """What became of a known finding."""

    ACCEPTED = "ACCEPTED"
    NOT_FOUND = "NOT_FOUND"
    NOT_COMPENSATED = "NOT_COMPENSATED"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding that the auditor knows, why it is accepted, and the leaf that makes up for it, if any."""

    check: str
    index: int | None
    reason: str
    compensating_index: int | None


@dataclass(frozen=True, slots=True)
class Settled:
    """A known finding at the end of an audit: what became of it, and how often it was found."""

    known: Accepted
    status: Acceptance
    count: int
    found: tuple[str, str] | None
    """The values expected and there, where it was found."""

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        expected, actual = self.found or (None, None)
        return {
            "check": self.known.check,
            "index": self.known.index,
            "expected": expected,
            "actual": actual,
            "reason": self.known.reason,
            "compensating_index": self.known.compensating_index,
            "status": self.status.value,
            "count": self.count,
        }


def load_accepted(path: Path) -> tuple[Accepted, ...]:
    """The content of the file, which is JSON; UsageError if it cannot be read, MalformedError otherwise."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_SIZE + 1)
    except OSError as error:
        raise UsageError(f"cannot read the accepted findings: {error.strerror}") from None
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=object_once)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise MalformedError("the file of accepted findings is not JSON") from None
    if not isinstance(value, list) or len(data) > _MAX_FILE_SIZE:
        raise MalformedError("the file of accepted findings is not a list, or too long")
    items = tuple(_accepted(item) for item in value)
    if len({(item.check, item.index) for item in items}) != len(items):
        raise MalformedError("a finding is accepted twice")
    return items


def settle(
    items: tuple[Accepted, ...], findings: Findings, kinds: Mapping[int, str] | None
) -> tuple[Settled, ...]:
    """Say what became of each; findings that may not be accepted count like any others.

    `kinds` has what `compensating_kind` says of each leaf that is named to compensate; None where the events
    were not read, and then no acceptance is doubted.
    """
    settled = []
    for item in items:
        place = (item.check, item.index)
        count = findings.known_counts[place]
        found = next((f for f in findings.accepted if (f.check, f.index) == place), None)
        status = Acceptance.ACCEPTED if count else Acceptance.NOT_FOUND
        if count and kinds is not None and not _is_compensated(item, kinds):
            status = Acceptance.NOT_COMPENSATED
            findings.withdraw(*place)
        shown = (found.expected, found.actual) if found is not None else None
        settled.append(Settled(item, status, count, shown))
    return tuple(settled)


def compensating_kind(seen: Seen) -> str:
    """The type of an event where it makes up for an earlier one, else empty."""
    kind = seen.kind
    if kind in _SUPERSEDING:
        return kind if seen.is_well_formed and seen.statement.HasField("superseded_index") else ""
    return kind if kind in COMPENSATING else ""


def _is_compensated(item: Accepted, kinds: Mapping[int, str]) -> bool:
    leaf = item.compensating_index
    return leaf is None or (bool(kinds.get(leaf)) and (item.index is None or leaf > item.index))


def _accepted(item: Any) -> Accepted:
    if not isinstance(item, dict) or set(item) != _FIELDS:
        raise MalformedError("an accepted finding has exactly check, index, reason and compensating_index")
    check, index, leaf = item["check"], item["index"], item["compensating_index"]
    if check not in CHECK_NAMES or not (_is_index(index) and _is_index(leaf)):
        raise MalformedError("an accepted finding has a wrong check, index or compensating_index")
    if not isinstance(item["reason"], str) or not item["reason"].strip():
        raise MalformedError("an accepted finding needs a reason")
    return Accepted(check, index, item["reason"], leaf)


def _is_index(value: Any) -> bool:
    return value is None or (type(value) is int and value >= 0)
