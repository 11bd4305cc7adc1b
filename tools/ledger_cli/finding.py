"""Find one item of a list by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ledger.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


def find(items: Iterable[T], field: str, wanted: bytes, *, what: str) -> T:
    """The item whose `field` is `wanted`; UsageError if there is none."""
    for item in items:
        if getattr(item, field) == wanted:
            return item
    raise UsageError(f"there is no {what} {wanted.hex()}", hint=f"see: voucherctl bureau {what}s")
