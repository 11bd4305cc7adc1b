"""Wrong amounts in attestations: lines that are not rounded down, totals that are not sums.

The accused leaf shows all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger_audit.fraud.leaves import NotShown
from ledger_audit.fraud.verdict import Shown
from ledger_audit.money import line_amount_fen

if TYPE_CHECKING:
    from ledger_audit.fraud.leaves import Leaf

_LINE = "A line's amount is floor(allocated ms × unit price ÷ 3,600,000) (section 4)."
_TOTAL = "An attestation's totals are the sums of its lines (section 4)."


def judge_usage(leaf: Leaf) -> Shown:
    """Every line's amount by its device's price, then the totals of time and money."""
    said = leaf.said
    lines = said.lines
    columns = (lines.device, lines.allocated_ms, lines.amount_fen)
    if len({len(column) for column in columns}) != 1:
        raise NotShown(f"{leaf.name} has columns of different lengths")
    for number, (place, allocated_ms, amount_fen) in enumerate(zip(*columns, strict=True)):
        price = _price(said, place)
        wanted = line_amount_fen(allocated_ms=allocated_ms, unit_price_fen=price)
        if amount_fen != wanted:
            return Shown(
                _LINE,
                f"line {number} of {leaf.name}: {allocated_ms} ms at {price} fen an hour are {wanted} fen,"
                f" it says {amount_fen} fen",
                {"said_fen": amount_fen, "computed_fen": wanted},
            )
    for what, total, column in (
        ("fen", said.total_amount_fen, lines.amount_fen),
        ("allocated ms", said.total_allocated_ms, lines.allocated_ms),
    ):
        if total != sum(column):
            return Shown(
                _TOTAL,
                f"the lines of {leaf.name} sum to {sum(column)} {what}, it says {total}",
                {"said": total, "computed": sum(column)},
            )
    raise NotShown(f"the amounts of {leaf.name} are right")


def judge_service(leaf: Leaf) -> Shown:
    """The total of a service attestation."""
    total, summed = leaf.said.total_amount_fen, sum(line.amount_fen for line in leaf.said.lines)
    if total != summed:
        text = f"the lines of {leaf.name} sum to {summed} fen, it says {total} fen"
        return Shown(_TOTAL, text, {"said_fen": total, "computed_fen": summed})
    raise NotShown(f"the amounts of {leaf.name} are right")


def _price(said: object, place: int) -> int:
    models, of_models = said.models, said.device_models  # type: ignore[attr-defined]
    if place >= len(of_models) or of_models[place] >= len(models):
        raise NotShown("a line names a device or a model that is not in the statement's tables")
    return int(models[of_models[place]].unit_price_fen)
