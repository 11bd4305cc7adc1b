"""The counterfactual state: what the same history would have left under another policy.

It is a state of the auditor's own kind beside the recorded one, with dossiers of the same ids. It must not
decide anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from ledger.v1 import errors_pb2
from ledger_audit.state import State

if TYPE_CHECKING:
    from ledger_audit.entities import Policy, Programme

Plan = Callable[["Programme"], "Policy | None"]
"""The policy under which what is decided now in a recorded programme is decided anew; None keeps what is
recorded."""
Reason: TypeAlias = errors_pb2.RejectionReason.ValueType

GRANT, REDEMPTION = "GRANT", "REDEMPTION"


@dataclass(frozen=True, slots=True)
class Zero:
    """A grant or redemption of the record that comes to nothing, and why; `entity_id` is its id.

    `recorded` is what the record gave at that leaf, fen.
    """

    index: int
    kind: str
    entity_id: bytes
    programme_id: bytes
    beneficiary_id: bytes
    reason: Reason
    recorded: int


@dataclass(slots=True)
class Shadow:
    """All that the counterfactual part remembers."""

    plan: Plan
    state: State = field(default_factory=State)
    zeros: list[Zero] = field(default_factory=list)
    lacking: dict[bytes, Reason] = field(default_factory=dict)
    """By application: what the policy asked of it in vain when it was made."""
    reasons: dict[bytes, Reason] = field(default_factory=dict)
    """By voucher: why there is none."""
    unaccepted: set[int] = field(default_factory=set)
    """Leaves of the claims that would not have been accepted."""
    unaccepted_counts: Counter[Reason] = field(default_factory=Counter)

    def keeps(self, recorded: Programme) -> bool:
        """Whether everything of the programme stays as recorded."""
        return self.plan(recorded) is None


def reason_name(reason: Reason) -> str:
    """The reason as the ledger's refusals name it."""
    return errors_pb2.RejectionReason.Name(reason).removeprefix("REJECTION_REASON_")
