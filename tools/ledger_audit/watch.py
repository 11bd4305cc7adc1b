"""Looking on while a log is folded: what further reports on the same pass see.

A watcher sees every event right after the fold has judged it, with the state in which it left the fold. It
must not change that state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ledger_audit.acts import BY_EVENT
from ledger_audit.claim_cut import Cut

if TYPE_CHECKING:
    from ledger_audit.fold import Fold
    from ledger_audit.scan import Parsed


@dataclass(slots=True)
class Seen:
    """An event that was folded, and its first statement where it has one that parses."""

    index: int
    leaf_hash: bytes
    event: Parsed
    statement: Any

    @property
    def kind(self) -> str:
        """The type of the event; empty where it does not parse."""
        event = self.event
        if type(event) is Cut:
            return "claim_accepted"
        return (event.WhichOneof("payload") or "") if event is not None else ""  # type: ignore[union-attr]

    @property
    def is_well_formed(self) -> bool:
        """Whether the statement is of the type that the event's type calls for."""
        spec = BY_EVENT.get(self.kind)
        return spec is not None and (spec.statement is None or type(self.statement) is spec.statement)

    @property
    def recorded_ms(self) -> int:
        """When it was recorded; 0 where it does not parse."""
        return self.event.recorded_ms if self.event is not None else 0


class Watcher(Protocol):
    """Somebody who looks on."""

    def see(self, fold: Fold, seen: Seen) -> None:
        """Take in an event. A fold that stopped shows no more of them."""
