"""Read what the treasury paid and received: CSV with bank, reference, paid, amount and perhaps kind.

This module parses and refuses; it must not compare or repair. The format: docs/reference/treasury-file.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ledger.client.usage.csv_table import opened, read_table
from ledger.domain.days import parse_day
from ledger.domain.identifiers import payment_fingerprint
from ledger.domain.quantities import parse_yuan, printable
from ledger.errors import LedgerError
from ledger_audit.reconcile import Kind, TreasuryRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ledger.client.usage.rows import Place

T = TypeVar("T")

COLUMNS = ("bank", "reference", "paid", "amount")
OPTIONAL = ("kind",)

_DAY = "a day as YYYY-MM-DD"
_AMOUNT = "yuan above 0 with exactly two decimals and no separators, for example 1234.50"
_KINDS = {"payment": Kind.PAYMENT, "repayment": Kind.REPAYMENT}


def read_treasury(path: Path) -> list[TreasuryRow]:
    """The rows of a treasury file, in file order.

    Raises UsageError naming file, line, column and what is allowed for the first bad row, and for a
    (bank, reference) that is there twice, however it is spelled.
    """
    rows: dict[bytes, TreasuryRow] = {}
    with opened(path) as stream:
        for place, fields in read_table(stream, name=path.name, columns=COLUMNS, optional=OPTIONAL):
            row = _row(fields, place)
            before = rows.setdefault(row.fingerprint, row)
            if before is not row:
                raise place.error(
                    f"{printable(row.reference)} of bank {printable(row.bank)} stands in line {before.line}",
                    allowed="each reference of a bank once",
                    column="reference",
                )
    return list(rows.values())


def _row(fields: Mapping[str, str], place: Place) -> TreasuryRow:
    bank, reference = (place.text(fields[column], column=column) for column in ("bank", "reference"))
    kind = fields.get("kind", "") or "payment"
    if kind not in _KINDS:
        raise place.error(f"{printable(kind)} is no kind", allowed=" or ".join(_KINDS), column="kind")
    amount_fen = _value(parse_yuan, fields["amount"], place, column="amount", allowed=_AMOUNT)
    if amount_fen == 0:
        raise place.error("nothing was paid", allowed=_AMOUNT, column="amount")
    return TreasuryRow(
        line=place.line,
        kind=_KINDS[kind],
        bank=bank,
        reference=reference,
        fingerprint=_fingerprint(bank, reference, place),
        day=_value(parse_day, fields["paid"], place, column="paid", allowed=_DAY),
        amount_fen=amount_fen,
    )


def _fingerprint(bank: str, reference: str, place: Place) -> bytes:
    try:
        return payment_fingerprint(bank=bank, reference=reference)
    except LedgerError as error:
        column = "bank" if error.summary.startswith("bank:") else "reference"
        raise place.error(
            error.summary, allowed=error.hint.removeprefix("allowed: "), column=column
        ) from error


def _value(parse: Callable[[str], T], text: str, place: Place, *, column: str, allowed: str) -> T:
    try:
        return parse(text)
    except LedgerError as error:
        raise place.error(f"{printable(text)} is not allowed here", allowed=allowed, column=column) from error
