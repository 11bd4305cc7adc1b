"""State digests: when one is due, and what of the state it covers.

What is hashed is given as bytes; hashing is the caller's. By two chains of digests one finds the stretch
where they part (docs/reference/format.md, section 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain.days import day_of_ms
from ledger.domain.events import StateDigested
from ledger.domain.journal import Draft, LinkKind

if TYPE_CHECKING:
    from ledger.domain.journal import Recorded
    from ledger.domain.state import State

INTERVAL = 4_096
VERSION = b"\x01"
_FIRST = bytes(32)
_ALL = b""
_NUMBER_SIZE = 8


def is_due(state: State, *, index: int, recorded_ms: int) -> bool:
    """Whether the event at `index`, recorded at `recorded_ms`, has to be a digest."""
    last_ms = state.recorded_ms.get(_ALL)
    if last_ms is None:
        return False
    return index % INTERVAL == INTERVAL - 1 or day_of_ms(recorded_ms) > day_of_ms(last_ms)


def preamble(state: State) -> bytes:
    """What is hashed before the root: version, the digest before, and the totals of every programme."""
    heads = state.heads[LinkKind.PROGRAMME]
    programmes = [key + _numbers(heads[key].totals) for key in sorted({*heads.base, *heads.pending})]
    return VERSION + (state.digest.get(_ALL) or _FIRST) + b"".join(programmes)


def leaves(state: State) -> list[bytes]:
    """Leaf data of every entity that an event since the newest digest linked, by kind, then entity."""
    touched = state.touched.entries()
    return [
        bytes([kind]) + entity + _numbers((head.leaf_index, *head.totals))
        for (kind, entity), head in sorted(touched.items())
    ]


def draft(state: State, digest: bytes) -> Draft:
    """The event that records a digest."""
    return Draft(
        payload=StateDigested(digest=digest),
        stream_id=f"ledger/{state.ledger().ledger_id.hex()}",
        actor=None,
        premises=(),
        links=(),
        signed=False,
    )


def evolve_state_digested(state: State, recorded: Recorded) -> None:
    """Fold a digest: from here on entities are touched anew."""
    state.digest[_ALL] = recorded.payload.digest
    state.touched.clear()


def _numbers(values: tuple[int, ...]) -> bytes:
    return b"".join(value.to_bytes(_NUMBER_SIZE, "big", signed=True) for value in values)
