"""What a type of proof is: its name, the roles that leaves can have, its judge, and its search.

It must not know a type.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.reader import Reader
    from ledger_audit.fraud.verdict import Shown

Roles: TypeAlias = Mapping[str, Sequence[int]]
Search: TypeAlias = Generator[bytes, Sequence[int], Iterable[Roles]]
"""Yields bytes to look for, is sent the indexes of entries that hold them, returns what may be a proof."""


@dataclass(frozen=True, slots=True)
class Lead:
    """Where a search begins: the leaf that is suspected, and others that were named beside it."""

    index: int
    hints: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ProofType:
    """A type of proof. `judge` returns what is shown or raises `leaves.NotShown`; `search` looks in a log."""

    name: str
    title: str
    """What is proven, for a list."""
    roles: frozenset[str]
    judge: Callable[[Case], Shown]
    search: Callable[[Reader, Lead], Search]


def search_alone(_reader: Reader, _lead: Lead) -> Search:
    """For types that need the accused leaf and no other."""
    yield from ()
    return [{}]
