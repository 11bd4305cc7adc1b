"""`voucherctl audit reconcile` from a treasury's CSV file and an export: equal, different, malformed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from support.house import FIRST_DAY, House
from support.paid import AMOUNT_FEN, BANK, settle_of_contract
from typer.testing import CliRunner

from ledger.domain.days import format_day
from ledger.domain.quantities import format_yuan_plain
from ledger_cli import voucherctl
from ledger_play.serving import EmbeddedServer
from ledger_server.directory import LedgerDirectory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typer.testing import Result

RUN = CliRunner()
HALF = format_yuan_plain(AMOUNT_FEN // 4)
PAID = format_day(FIRST_DAY)
ROWS = ((BANK, "R-1", PAID, HALF), (BANK.lower(), "r-2", PAID, HALF))


class Paid(NamedTuple):
    """An export, its programme, and the leaves of its two payments."""

    folder: Path | str
    programme: str
    indexes: tuple[int, int]


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> Paid:
    """A redemption that was paid in two instalments."""
    root = tmp_path_factory.mktemp("reconciled")
    house = House.open(root / "ledger")
    house.provider()
    programme = house.programme()
    house.party("acme")
    settle_of_contract(house, "v", "acme", commitment=bytes(32), references=["R-1", "R-2"])
    # The voucher closes in the request of its last payment.
    last = house.ledger.size - 2
    made = Paid(house.export(root / "export"), programme.hex(), (last - 2, last))
    house.close()
    return made


def reconcile(paid: Paid, folder: Path, rows: Sequence[Sequence[str]], *options: str) -> Result:
    """Run the command on a file of these rows."""
    path = folder / "treasury.csv"
    lines = ["bank,reference,paid,amount", *(",".join(row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return RUN.invoke(
        voucherctl.app, ["audit", "reconcile", str(paid.folder), "--treasury", str(path), *options]
    )


def answer(
    paid: Paid, folder: Path, rows: Sequence[Sequence[str]], *options: str, code: int
) -> dict[str, Any]:
    """What it prints as JSON; the text form ends the same way."""
    done = reconcile(paid, folder, rows, *options, "--json")
    assert done.exit_code == code, (done.output, done.exception)
    plain = reconcile(paid, folder, rows, *options)
    assert plain.exit_code == code, (plain.output, plain.exception)
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def test_equal_lists_end_with_0(paid: Paid, tmp_path: Path) -> None:
    """Bank and reference are normalised; totals are in fen, by programme."""
    found = answer(paid, tmp_path, ROWS, code=0)
    assert (found["schema"], found["result"]) == ("voucher-ledger/cli/audit-reconcile/1", "equal")
    assert (found["rows"], found["matched"], found["differences"]) == (2, 2, [])
    half = str(AMOUNT_FEN // 2)
    assert found["programmes"] == {
        paid.programme: {
            "instrument": "GPU_TRAINING",
            "fiscal_year": 2026,
            "paid_ledger": half,
            "paid_file": half,
            "repaid_ledger": "0",
            "repaid_file": "0",
        }
    }
    assert found["unmatched"] == {"paid_file": "0", "repaid_file": "0"}


def test_differences_end_with_3(paid: Paid, tmp_path: Path) -> None:
    """Both ways: an amount, a day, a payment that the file lacks and one that the ledger lacks."""
    first, second = paid.indexes
    rows = [(BANK, "R-1", "2026-01-06", "0.01"), (BANK, "R-3", PAID, HALF)]
    found = answer(paid, tmp_path, rows, code=3)
    quarter = str(AMOUNT_FEN // 4)
    assert found["result"] == "differences"
    assert found["differences"] == [
        {
            "difference": "AMOUNT",
            "line": 2,
            "index": first,
            "programme": paid.programme,
            "file": "1",
            "ledger": quarter,
        },
        {
            "difference": "DAY",
            "line": 2,
            "index": first,
            "programme": paid.programme,
            "file": "2026-01-06",
            "ledger": PAID,
        },
        {
            "difference": "NOT_IN_FILE",
            "line": None,
            "index": second,
            "programme": paid.programme,
            "file": None,
            "ledger": quarter,
        },
        {
            "difference": "NOT_IN_LEDGER",
            "line": 3,
            "index": None,
            "programme": "",
            "file": quarter,
            "ledger": None,
        },
    ]
    assert found["unmatched"]["paid_file"] == quarter


def test_people_read_yuan(paid: Paid, tmp_path: Path) -> None:
    """The tables have amounts with two decimals, and the last lines say how it ended."""
    said = reconcile(paid, tmp_path, ROWS[:1]).stdout
    assert "NOT_IN_FILE" in said
    assert HALF in said
    assert "result: differences" in said
    assert "matched: 1" in said


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ((BANK, "R-1", PAID, "1.5"), ("line 2, column amount", "exactly two decimals")),
        ((BANK, "R-1", "05.01.2026", HALF), ("line 2, column paid", "YYYY-MM-DD")),
        ((BANK, "", PAID, HALF), ("line 2, column reference",)),
    ],
)
def test_a_malformed_file_ends_with_2(
    paid: Paid, tmp_path: Path, row: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    """File, line, column and what is allowed; nothing is compared."""
    done = reconcile(paid, tmp_path, [row])
    assert (done.exit_code, done.stdout) == (2, "")
    for part in ("treasury.csv", *parts):
        assert part in done.stderr


def test_a_reference_twice_ends_with_2(paid: Paid, tmp_path: Path) -> None:
    """However it is spelled."""
    done = reconcile(paid, tmp_path, [ROWS[0], (BANK.lower(), " r-1".strip(), PAID, HALF)])
    assert done.exit_code == 2
    assert "line 3, column reference" in done.stderr


def test_a_source_that_is_not_there_ends_with_5(paid: Paid, tmp_path: Path) -> None:
    """Nothing could be compared."""
    gone = paid._replace(folder=tmp_path / "none")
    done = reconcile(gone, tmp_path, ROWS)
    assert done.exit_code == 5
    assert "there is no directory" in done.stderr


def test_a_server_is_reconciled_like_an_export(paid: Paid, tmp_path: Path) -> None:
    """Over mutual TLS with the auditor's identity: the same answer."""
    root = Path(paid.folder).parent / "ledger"
    with EmbeddedServer(LedgerDirectory(root), listen="localhost:0") as server:
        source = f"grpcs://localhost:{server.port}"
        found = [
            answer(paid._replace(folder=where), tmp_path, ROWS, *options, code=0)
            for where, options in ((paid.folder, ()), (source, ("--as", str(root / "as" / "auditor.toml"))))
        ]
    assert found[0] == found[1]
