"""The treasury's own list against the payments and repayments that the ledger recorded, both ways.

It reads what the leaves say; whether they are right is `verify`'s business. It must not read the treasury's
file or know how a reference is spelled: rows come with their fingerprints.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ledger.errors import ExitCode
from ledger.v1 import clawback_pb2, event_pb2, programme_pb2, quantities_pb2, redemption_pb2
from ledger_audit.claim_cut import END
from ledger_audit.replay import tree_size
from ledger_audit.scan import parse_again

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ledger_audit.sources import Source

_DISBURSED, _RECOVERED = 3, 5
"""Places of these totals in a PROGRAMME link (docs/reference/format.md, section 3)."""
_INSTRUMENTS = {
    int(number): name.removeprefix("INSTRUMENT_") for name, number in quantities_pb2.Instrument.items()
}


class Kind(StrEnum):
    """Which way the money went."""

    PAYMENT = "PAYMENT"
    REPAYMENT = "REPAYMENT"


NAMES = MappingProxyType({Kind.PAYMENT: "paid", Kind.REPAYMENT: "repaid"})
"""What sums of a kind are called."""


class Difference(StrEnum):
    """In what the treasury's list and the ledger disagree."""

    NOT_IN_LEDGER = "NOT_IN_LEDGER"
    NOT_IN_FILE = "NOT_IN_FILE"
    FAILED_IN_LEDGER = "FAILED_IN_LEDGER"
    REPEATED_IN_LEDGER = "REPEATED_IN_LEDGER"
    KIND = "KIND"
    AMOUNT = "AMOUNT"
    DAY = "DAY"
    TOTAL = "TOTAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreasuryRow:
    """One line of the treasury's list; `fingerprint` is that of (bank, reference), `day` is since 1970."""

    line: int
    kind: Kind
    bank: str
    reference: str
    fingerprint: bytes
    day: int
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaf:
    """What a leaf says was paid or came back."""

    index: int
    kind: Kind
    fingerprint: bytes
    day: int
    amount_fen: int
    programme_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One difference: the file's line and the leaf, where there are such, and what each says.

    Amounts are in fen, days are since 1970; of a TOTAL `file` is the sum of the leaves.
    """

    difference: Difference
    line: int | None = None
    index: int | None = None
    programme_id: bytes = b""
    file: int | str | None = None
    ledger: int | str | None = None


@dataclass(slots=True)
class ProgrammeSums:
    """What one programme paid and got back by both lists, fen; the file's are those of rows with a leaf."""

    instrument: str = ""
    fiscal_year: int = 0
    sums_fen: dict[tuple[Kind, str], int] = field(default_factory=dict)

    def add(self, kind: Kind, side: str, amount_fen: int) -> None:
        """Count an amount on one side: `ledger` or `file`."""
        self.sums_fen[kind, side] = self.sum_fen(kind, side) + amount_fen

    def sum_fen(self, kind: Kind, side: str) -> int:
        """The sum of one side."""
        return self.sums_fen.get((kind, side), 0)

    def to_json(self, money: Callable[[int], str] = str) -> dict[str, Any]:
        """Instrument, year, and the four sums as text."""
        sums = {
            f"{name}_{side}": money(self.sum_fen(kind, side))
            for kind, name in NAMES.items()
            for side in ("ledger", "file")
        }
        return {"instrument": self.instrument, "fiscal_year": self.fiscal_year, **sums}


@dataclass(slots=True)
class Reconciliation:
    """How far the two lists agree."""

    tree_size: int
    rows: int
    matched: int
    differences: tuple[Found, ...]
    programmes: dict[bytes, ProgrammeSums]
    unmatched: ProgrammeSums
    """Sums of the file's rows that no leaf names, so that no programme is known."""

    @property
    def exit_code(self) -> ExitCode:
        """FINDINGS if anything differs."""
        return ExitCode.FINDINGS if self.differences else ExitCode.OK


def reconcile(source: Source, rows: Sequence[TreasuryRow]) -> Reconciliation:
    """Compare the treasury's rows, whose fingerprints are all different, with the leaves of a log.

    A leaf and a row with one fingerprint are partners; kind, amount and day are then compared. A second leaf
    with a fingerprint has no partner. Raises CouldNotCheckError for a source that cannot be read to its end.
    """
    size = tree_size(source)
    ledger = _Ledger()
    for index, entry in _entries(source, size):
        ledger.take(index, entry)
    by_fingerprint = {row.fingerprint: row for row in rows}
    differences: list[Found] = []
    partners: dict[bytes, _Leaf] = {}
    for leaf in ledger.leaves:
        sums = ledger.programmes[leaf.programme_id]
        sums.add(leaf.kind, "ledger", leaf.amount_fen)
        first = partners.setdefault(leaf.fingerprint, leaf)
        row = by_fingerprint.get(leaf.fingerprint)
        if first is not leaf:
            differences.append(_without_row(leaf, Difference.REPEATED_IN_LEDGER))
        elif row is None:
            differences.append(_without_row(leaf, Difference.NOT_IN_FILE))
        else:
            sums.add(row.kind, "file", row.amount_fen)
            differences += _compare(row, leaf)
    unmatched = ProgrammeSums()
    for row in rows:
        if row.fingerprint not in partners:
            unmatched.add(row.kind, "file", row.amount_fen)
            differences.append(_without_leaf(row, ledger.failed.get(row.fingerprint)))
    differences += ledger.totals()
    matched = sum(row.fingerprint in partners for row in rows)
    return Reconciliation(size, len(rows), matched, tuple(differences), ledger.programmes, unmatched)


def _entries(source: Source, size: int) -> Iterator[tuple[int, bytes]]:
    """Every entry but accepted claims, which move no money."""
    for start, entries in source.chunks(start=0, stop=size, size=size):
        yield from ((index, entry) for index, entry in enumerate(entries, start) if entry[-3:] != END)


def _compare(row: TreasuryRow, leaf: _Leaf) -> Iterator[Found]:
    pairs: tuple[tuple[Difference, int | str, int | str], ...] = (
        (Difference.KIND, row.kind.value, leaf.kind.value),
        (Difference.AMOUNT, row.amount_fen, leaf.amount_fen),
        (Difference.DAY, row.day, leaf.day),
    )
    for difference, in_file, in_ledger in pairs:
        if in_file != in_ledger:
            yield Found(
                difference=difference,
                line=row.line,
                index=leaf.index,
                programme_id=leaf.programme_id,
                file=in_file,
                ledger=in_ledger,
            )


def _without_row(leaf: _Leaf, difference: Difference) -> Found:
    return Found(
        difference=difference, index=leaf.index, programme_id=leaf.programme_id, ledger=leaf.amount_fen
    )


def _without_leaf(row: TreasuryRow, failed_index: int | None) -> Found:
    difference = Difference.NOT_IN_LEDGER if failed_index is None else Difference.FAILED_IN_LEDGER
    return Found(difference=difference, line=row.line, index=failed_index, file=row.amount_fen)


class _Ledger:
    """What the leaves say about money that was paid and came back."""

    def __init__(self) -> None:
        self.leaves: list[_Leaf] = []
        self.failed: dict[bytes, int] = {}
        """Index of the newest failure by the fingerprint of its reference."""
        self.programmes: dict[bytes, ProgrammeSums] = {}
        self._stated: dict[bytes, tuple[int, int, int]] = {}
        """By programme: index, disbursed and recovered of its newest PROGRAMME link."""

    def take(self, index: int, entry: bytes) -> None:
        """Take in an event; one that does not parse says nothing here, and `verify` finds it."""
        event, statement = parse_again(entry)
        if event is None or statement is None:
            return
        if isinstance(statement, programme_pb2.ProgrammeOpening):
            name = _INSTRUMENTS.get(statement.instrument, str(statement.instrument))
            self.programmes[statement.programme_id] = ProgrammeSums(name, statement.fiscal_year)
        elif isinstance(statement, redemption_pb2.PaymentConfirmation):
            self._money(index, event, statement, Kind.PAYMENT, statement.paid_day)
        elif isinstance(statement, clawback_pb2.RepaymentReceipt):
            self._money(index, event, statement, Kind.REPAYMENT, statement.received_day)
        elif isinstance(statement, redemption_pb2.PaymentFailure):
            self.failed[statement.reference_fingerprint] = index

    def _money(self, index: int, event: event_pb2.Event, statement: Any, kind: Kind, day: int) -> None:
        links = [link for link in event.links if link.kind == event_pb2.LINK_KIND_PROGRAMME]
        programme_id = links[0].entity if links else b""
        if links and len(links[0].totals) > _RECOVERED:
            totals = links[0].totals
            self._stated[programme_id] = (index, totals[_DISBURSED], totals[_RECOVERED])
        self.programmes.setdefault(programme_id, ProgrammeSums())
        leaf = _Leaf(
            index=index,
            kind=kind,
            fingerprint=statement.reference_fingerprint,
            day=day,
            amount_fen=statement.amount_fen,
            programme_id=programme_id,
        )
        self.leaves.append(leaf)

    def totals(self) -> Iterator[Found]:
        """The sum of a programme's leaves is what its newest link says was disbursed and recovered."""
        for programme_id, (index, disbursed, recovered) in self._stated.items():
            sums = self.programmes[programme_id]
            for kind, stated in ((Kind.PAYMENT, disbursed), (Kind.REPAYMENT, recovered)):
                added = sums.sum_fen(kind, "ledger")
                if added != stated:
                    yield Found(
                        difference=Difference.TOTAL,
                        index=index,
                        programme_id=programme_id,
                        file=added,
                        ledger=stated,
                    )
