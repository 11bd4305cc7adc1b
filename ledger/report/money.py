"""The money of a programme as a table of text, with the words that officials look for.

This module must not compute amounts; it shows those it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain.quantities import format_yuan

if TYPE_CHECKING:
    from collections.abc import Mapping

ROWS = (
    ("appropriation", "预算额度"),
    ("available", "可用额度"),
    ("encumbered", "已核发"),
    ("obligated", "已批准待付"),
    ("disbursed", "已拨付"),
)


def money_table(totals_fen: Mapping[str, int]) -> list[str]:
    """One line an account: the English and the Chinese word, and the amount in yuan."""
    amounts = [format_yuan(totals_fen[name]) for name, _ in ROWS]
    width = max(map(len, amounts))
    return [
        f"{name:<14} {amount:>{width}} yuan  {chinese}"
        for (name, chinese), amount in zip(ROWS, amounts, strict=True)
    ]
