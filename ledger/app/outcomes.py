"""What a submitted statement comes to: recorded, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from ledger.domain.rejections import Reason


@dataclass(frozen=True, slots=True)
class Accepted:
    """Where the (first) event of a statement stands; `repeated` if it was recorded before this call."""

    index: int
    leaf_hash: bytes
    event_count: int
    repeated: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a statement was refused; `recorded_index` is the leaf of a refusal that was recorded."""

    reason: Reason
    message: str
    conflicting_index: int | None = None
    recorded_index: int | None = None


Outcome: TypeAlias = Accepted | Refused
