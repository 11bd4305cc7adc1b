"""The treasury's list against the ledger's leaves: partners, both ways, sums; the file's strict reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from audit_forge.memory import MemorySource
from unit.audit.leaves import leaf

from ledger.domain.days import parse_day
from ledger.domain.identifiers import payment_fingerprint
from ledger.errors import ExitCode, UsageError
from ledger.v1 import clawback_pb2, event_pb2, programme_pb2, quantities_pb2, redemption_pb2
from ledger_audit.reconcile import Kind, Reconciliation, TreasuryRow, reconcile
from ledger_cli.treasury_file import read_treasury

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

GPU, MODEL = b"g" * 16, b"m" * 16
DAY = parse_day("2026-07-01")
HEADER = "bank,reference,paid,amount\n"


class Payments:
    """Leaves of two programmes, with the totals that their links name."""

    def __init__(self) -> None:
        self.leaves = [self._opening(GPU, 1), self._opening(MODEL, 2)]
        self.disbursed = {GPU: 0, MODEL: 0}
        self.recovered = {GPU: 0, MODEL: 0}

    @staticmethod
    def _opening(programme_id: bytes, instrument: int) -> bytes:
        number = quantities_pb2.Instrument.ValueType(instrument)
        statement = programme_pb2.ProgrammeOpening(
            programme_id=programme_id, instrument=number, fiscal_year=2026
        )
        return leaf("programme_opened", "programme-opening", statement)

    def _links(self, programme_id: bytes) -> Sequence[tuple[int, bytes, Sequence[int]]]:
        totals = (0, 0, 0, self.disbursed[programme_id], 0, self.recovered[programme_id], 0)
        return ((event_pb2.LINK_KIND_PROGRAMME, programme_id, totals),)

    def paid(self, reference: str, amount_fen: int, *, programme: bytes = GPU, day: int = DAY) -> int:
        """A confirmed payment; its leaf index."""
        self.disbursed[programme] += amount_fen
        statement = redemption_pb2.PaymentConfirmation(
            amount_fen=amount_fen, reference_fingerprint=fingerprint(reference), paid_day=day
        )
        links = self._links(programme)
        self.leaves.append(leaf("payment_confirmed", "payment-confirmation", statement, links=links))
        return len(self.leaves) - 1

    def repaid(self, reference: str, amount_fen: int, *, programme: bytes = GPU) -> int:
        """A repayment; its leaf index."""
        self.recovered[programme] += amount_fen
        statement = clawback_pb2.RepaymentReceipt(
            amount_fen=amount_fen, reference_fingerprint=fingerprint(reference), received_day=DAY
        )
        links = self._links(programme)
        self.leaves.append(leaf("repayment_received", "repayment-receipt", statement, links=links))
        return len(self.leaves) - 1

    def failed(self, reference: str) -> int:
        """A failed payment; its leaf index."""
        statement = redemption_pb2.PaymentFailure(reference_fingerprint=fingerprint(reference))
        self.leaves.append(leaf("payment_failed", "payment-failure", statement))
        return len(self.leaves) - 1

    def against(self, *rows: TreasuryRow) -> Reconciliation:
        """The comparison."""
        return reconcile(MemorySource(self.leaves), rows)


def fingerprint(reference: str) -> bytes:
    """Of a payment of the one bank."""
    return payment_fingerprint(bank="T", reference=reference)


def row(
    reference: str, amount_fen: int, *, line: int = 2, kind: Kind = Kind.PAYMENT, day: int = DAY
) -> TreasuryRow:
    """A line of the file."""
    return TreasuryRow(
        line=line,
        kind=kind,
        bank="T",
        reference=reference,
        fingerprint=fingerprint(reference),
        day=day,
        amount_fen=amount_fen,
    )


def found(result: Reconciliation) -> list[tuple[str, int | None, int | None, object, object]]:
    """The differences as plain values."""
    return [(f.difference.value, f.line, f.index, f.file, f.ledger) for f in result.differences]


# Comparing.


def test_equal_lists_tie_out_per_programme() -> None:
    """Payments and repayments of two programmes, in another order than the leaves."""
    book = Payments()
    book.paid("1", 100_00)
    book.paid("2", 250_00, programme=MODEL)
    book.paid("3", 7)
    book.repaid("4", 40_00)
    result = book.against(
        row("4", 40_00, kind=Kind.REPAYMENT), row("3", 7), row("2", 250_00), row("1", 100_00)
    )
    assert (result.exit_code, found(result), result.matched) == (ExitCode.OK, [], 4)
    assert {programme: sums.to_json() for programme, sums in result.programmes.items()} == {
        GPU: {
            "instrument": "GPU_TRAINING",
            "fiscal_year": 2026,
            "paid_ledger": "10007",
            "paid_file": "10007",
            "repaid_ledger": "4000",
            "repaid_file": "4000",
        },
        MODEL: {
            "instrument": "MODEL",
            "fiscal_year": 2026,
            "paid_ledger": "25000",
            "paid_file": "25000",
            "repaid_ledger": "0",
            "repaid_file": "0",
        },
    }


def test_two_empty_lists_are_equal() -> None:
    """A ledger without payments, a file with its header alone."""
    assert Payments().against().exit_code == ExitCode.OK


def test_what_has_no_partner_is_listed_both_ways() -> None:
    """A row without a leaf, a leaf without a row."""
    book = Payments()
    index = book.paid("1", 100)
    result = book.against(row("2", 100))
    assert found(result) == [
        ("NOT_IN_FILE", None, index, None, 100),
        ("NOT_IN_LEDGER", 2, None, 100, None),
    ]
    assert (result.exit_code, result.matched) == (ExitCode.FINDINGS, 0)
    assert result.unmatched.sum_fen(Kind.PAYMENT, "file") == 100


def test_another_amount_day_or_direction_is_listed() -> None:
    """By one fen, by one day, and money that went the other way."""
    book = Payments()
    indexes = [book.paid(str(number), 100) for number in range(3)]
    result = book.against(
        row("0", 101), row("1", 100, day=DAY + 1, line=3), row("2", 100, kind=Kind.REPAYMENT, line=4)
    )
    assert found(result) == [
        ("AMOUNT", 2, indexes[0], 101, 100),
        ("DAY", 3, indexes[1], DAY + 1, DAY),
        ("KIND", 4, indexes[2], "REPAYMENT", "PAYMENT"),
    ]
    assert result.programmes[GPU].sum_fen(Kind.PAYMENT, "file") == 201


def test_what_the_ledger_calls_failed_the_treasury_paid() -> None:
    """The row names the failure's leaf."""
    book = Payments()
    index = book.failed("1")
    assert found(book.against(row("1", 100))) == [("FAILED_IN_LEDGER", 2, index, 100, None)]


def test_a_reference_that_the_ledger_names_twice_has_one_partner() -> None:
    """The second leaf is listed."""
    book = Payments()
    book.paid("1", 100)
    index = book.paid("1", 100)
    assert found(book.against(row("1", 100))) == [("REPEATED_IN_LEDGER", None, index, None, 100)]


def test_leaves_that_do_not_sum_to_their_link_are_listed() -> None:
    """The newest PROGRAMME link says what was disbursed."""
    book = Payments()
    book.disbursed[GPU] = 5
    index = book.paid("1", 100)
    assert found(book.against(row("1", 100))) == [("TOTAL", None, index, 100, 105)]


# The file.


def read(tmp_path: Path, text: str) -> list[TreasuryRow]:
    """The rows of a file with that text."""
    path = tmp_path / "treasury.csv"
    path.write_text(text, encoding="utf-8")
    return read_treasury(path)


def test_rows_are_read_with_their_fingerprints(tmp_path: Path) -> None:
    """Columns in any order; kind may be absent or empty; spelling of bank and reference is normalised."""
    assert read(tmp_path, HEADER + "T,1,2026-07-01,1.00\nt,２,2026-07-02,0.07\n") == [
        row("1", 100),
        TreasuryRow(
            line=3,
            kind=Kind.PAYMENT,
            bank="t",
            reference="２",
            fingerprint=fingerprint("2"),
            day=DAY + 1,
            amount_fen=7,
        ),
    ]
    text = "kind,amount,paid,reference,bank\nrepayment,1.00,2026-07-01,1,T\n,1.00,2026-07-01,2,T\n"
    assert read(tmp_path, text) == [row("1", 100, kind=Kind.REPAYMENT), row("2", 100, line=3)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            HEADER + "T,1,2026-07-01,1.5\n",
            ("line 2, column amount: '1.5' is not allowed", "exactly two decimals"),
        ),
        (HEADER + "T,1,2026-07-01,1,000.00\n", ("line 2: 5 columns", "4 columns")),
        (HEADER + 'T,1,2026-07-01,"1,000.00"\n', ("line 2, column amount", "no separators")),
        (HEADER + "T,1,2026-07-01,-1.00\n", ("line 2, column amount", "above 0")),
        (HEADER + "T,1,2026-07-01,0.00\n", ("line 2, column amount: nothing was paid", "above 0")),
        (
            HEADER + "T,1,2026-7-1,1.00\n",
            ("line 2, column paid: '2026-7-1' is not allowed", "YYYY-MM-DD"),
        ),
        (HEADER + "T,1,2026-02-30,1.00\n", ("line 2, column paid", "YYYY-MM-DD")),
        (HEADER + ",1,2026-07-01,1.00\n", ("line 2, column bank", "printable characters")),
        (HEADER + "T,a b,2026-07-01,1.00\n", ("line 2, column reference", "no white space")),
        (
            HEADER + "T,a,2026-07-01,1.00\nT,Ａ,2026-07-02,2.00\n",
            ("line 3, column reference", "stands in line 2", "each reference of a bank once"),
        ),
        ("bank,reference,paid\n", ("line 1: missing column 'amount'", "kind (optional)")),
        (
            "bank,reference,paid,amount,note\n",
            ("line 1: unknown column 'note'", "bank, reference, paid, amount, kind (optional)"),
        ),
        ("bank,bank,reference,paid,amount\n", ("line 1: column 'bank' is there twice",)),
        ("", ("line 1: missing column 'bank'",)),
        (
            "bank,reference,paid,amount,kind\nT,1,2026-07-01,1.00,refund\n",
            ("line 2, column kind: 'refund' is no kind", "payment or repayment"),
        ),
    ],
)
def test_errors_name_file_line_column_and_what_is_allowed(
    tmp_path: Path, text: str, parts: tuple[str, ...]
) -> None:
    """A person can mend the file from the message alone."""
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert caught.value.exit_code == ExitCode.USAGE
    said = caught.value.diagnostics()
    assert said.startswith("treasury.csv, line ")
    for part in parts:
        assert part in said


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With what the system says."""
    with pytest.raises(UsageError, match=r"none\.csv: cannot be read"):
        read_treasury(tmp_path / "none.csv")
