"""The generic usage CSV: what is read, what is refused and how the error names it."""

from __future__ import annotations

import csv
import io
import runpy
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.client.usage.generic_csv import COLUMNS, parse_generic_csv, read_generic_csv
from ledger.client.usage.rows import UsageRow
from ledger.domain.days import format_rfc3339, parse_rfc3339_ms
from ledger.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "tools" / "ledger_play" / "sample-usage.csv"
HEADER = ",".join(COLUMNS)
TIMES = "2026-02-01T00:00:00+08:00,2026-02-01T01:00:00+08:00"
LINE = f"c,j,t,n,d,H800,{TIMES},COMPLETED"
ROW = UsageRow(
    cluster="c",
    job_id="j",
    tenant="t",
    node="n",
    device_id="d",
    device_model="H800",
    start_ms=1_769_875_200_000,
    end_ms=1_769_878_800_000,
    state="COMPLETED",
)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(
    lambda text: text.isprintable() and text == text.strip()
)
INSTANTS = st.integers(min_value=0, max_value=4 * 10**12)


def parse(data: bytes | str) -> list[UsageRow]:
    """All rows of a text under a fixed name."""
    raw = data if isinstance(data, bytes) else data.encode()
    return list(parse_generic_csv(io.BytesIO(raw), name="usage.csv"))


def refusal(data: bytes | str) -> str:
    """The diagnostics with which a text is refused."""
    with pytest.raises(UsageError) as caught:
        parse(data)
    return caught.value.diagnostics()


def test_a_row_is_read() -> None:
    """Times become milliseconds, texts stay as they are."""
    assert parse(f"{HEADER}\n{LINE}\n") == [ROW]


@pytest.mark.parametrize(
    "data",
    [
        f"\ufeff{HEADER}\r\n{LINE}\r\n",
        f"{HEADER}\n{LINE}",
        '"' + HEADER.replace(",", '","') + '"\n"' + LINE.replace(",", '","') + '"\n',
        ",".join(reversed(COLUMNS)) + "\n" + ",".join(reversed(LINE.split(","))) + "\n",
    ],
)
def test_spellings_of_the_same_file(data: str) -> None:
    """Byte order mark, CRLF, quotes, no last line end and another column order change nothing."""
    assert parse(data) == [ROW]


def test_a_header_alone_is_an_empty_file() -> None:
    """No rows is no error."""
    assert parse(HEADER + "\n") == []


def test_an_empty_interval_is_read() -> None:
    """Start equal to end is an interval without time, not an error."""
    line = LINE.replace("T01:00", "T00:00")
    assert parse(f"{HEADER}\n{line}\n")[0].end_ms == ROW.start_ms


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("", "usage.csv, line 1: missing column 'cluster'"),
        (HEADER + ",state\n", "usage.csv, line 1: column 'state' is there twice"),
        (HEADER.replace("tenant", "user"), "missing column 'tenant'"),
        (HEADER + ",extra\n", "unknown column 'extra'"),
        (HEADER + ",\n", "a column has no name"),
        (f"{HEADER}\n{LINE},x\n", "usage.csv, line 2: 10 columns\n  allowed: 9 columns"),
        (f"{HEADER}\n\n{LINE}\n", "usage.csv, line 2: 0 columns"),
        (
            f"{HEADER}\n{LINE}\n{LINE.replace('c,j', 'c,')}\n",
            "usage.csv, line 3, column job_id: '' is not a name",
        ),
        (
            f"{HEADER}\n{LINE.replace('H800', ' H800')}\n",
            "line 2, column device_model: ' H800' is not a name",
        ),
        (f"{HEADER}\n{LINE.replace('H800', 'H' * 500)}\n", f"column device_model: '{'H' * 40}'… is not"),
        (
            f"{HEADER}\n{LINE.replace('H800', chr(0x1B) + '[2J')}\n",
            r"column device_model: '\x1b[2J' is not a name",
        ),
        (f'{HEADER}\n"a\nb{LINE[1:].replace(",j", chr(34) + ",j", 1)}\n', r"line 2, column cluster: 'a\nb'"),
        (
            f"{HEADER}\n{LINE.replace('2026-02-01T00:00:00+08:00', '2026-02-01 00:00:00')}\n",
            "line 2, column start_time: '2026-02-01 00:00:00' is not a time\n  allowed: RFC 3339",
        ),
        (
            f"{HEADER}\n{LINE.replace('T01:00:00+08:00', 'T25:00:00+08:00')}\n",
            "column end_time: '2026-02-01T25",
        ),
        (
            f"{HEADER}\n{LINE.replace('2026-02-01T01', '2026-01-01T01')}\n",
            (
                "line 2, column end_time: '2026-01-01T01:00:00+08:00' is before the start\n"
                "  allowed: 2026-02-01T00:00:00+08:00 or later"
            ),
        ),
        (f"{HEADER}\n{LINE}\n" + '"open', "usage.csv, line 3: not CSV"),
        (f'{HEADER}\n"c"x{LINE[1:]}\n', "usage.csv, line 2: not CSV"),
        (f"{HEADER}\n{LINE}".encode() + b"\0\n", "usage.csv, line 2: NUL at byte"),
        (f"{HEADER}\n".encode() + b"\xff" + LINE.encode(), "usage.csv, line 2: byte 1 is not UTF-8"),
        (f"{HEADER}\n{'x' * 70_000}\n", "usage.csv, line 2: the line is too long"),
    ],
)
def test_bad_files_are_refused_with_their_place(data: str | bytes, expected: str) -> None:
    """File, line, column, the text as printable ASCII, and what is allowed."""
    text = refusal(data)
    assert expected in text
    assert "allowed: " in text
    assert all(character.isprintable() or character == "\n" for character in text)


def test_an_open_quote_does_not_swallow_a_large_file() -> None:
    """A field that never ends is refused while it is still small."""
    assert "line 2: not CSV" in refusal(f'{HEADER}\n"' + f"{LINE}\n" * 10_000)


def test_rows_before_an_error_are_yielded() -> None:
    """The reader streams; it does not look ahead."""
    rows = parse_generic_csv(io.BytesIO(f"{HEADER}\n{LINE}\nbad\n".encode()), name="usage.csv")
    assert next(rows) == ROW
    with pytest.raises(UsageError, match="line 3"):
        next(rows)


def test_an_absent_file_is_a_usage_error(tmp_path: Path) -> None:
    """The reason is named, without a traceback."""
    with pytest.raises(UsageError, match=r"absent\.csv: cannot be read"):
        list(read_generic_csv(tmp_path / "absent.csv"))


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(st.lists(st.tuples(*[NAMES] * 7, INSTANTS, INSTANTS), max_size=5))
def test_what_a_csv_writer_writes_is_read_back(
    values: list[tuple[str, str, str, str, str, str, str, int, int]],
) -> None:
    """Any printable text survives quoting, any instant to the millisecond."""
    rows = [
        UsageRow(
            cluster=texts[0],
            job_id=texts[1],
            tenant=texts[2],
            node=texts[3],
            device_id=texts[4],
            device_model=texts[5],
            state=texts[6],
            start_ms=min(texts[7:]),
            end_ms=max(texts[7:]),
        )
        for texts in values
    ]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        times = (format_rfc3339(row.start_ms), format_rfc3339(row.end_ms))
        names = (row.cluster, row.job_id, row.tenant, row.node, row.device_id, row.device_model)
        writer.writerow((*names, *times, row.state))
    assert parse(text.getvalue()) == rows


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """No input leads to another exception."""
    for raw in (data, f"{HEADER}\n".encode() + data):
        try:
            parse(raw)
        except UsageError as error:
            assert error.diagnostics().startswith("usage.csv, line ")  # noqa: PT017 - both outcomes are right


def test_the_sample_is_what_its_generator_writes() -> None:
    """The packaged file is not edited by hand."""
    made = runpy.run_path(str(ROOT / "tools" / "dev" / "make_sample_usage.py"))["make_sample_usage"]()
    assert SAMPLE.read_bytes() == made.encode()


def test_the_sample_is_a_plausible_year() -> None:
    """Three hundred rows, four tenants, twelve devices on three nodes, no overlap, all within the months."""
    rows = list(read_generic_csv(SAMPLE))
    assert len(rows) == 300
    assert len({row.tenant for row in rows}) == 4
    assert {row.device_model for row in rows} == {"H800", "A100", "910B"}
    assert len({row.node for row in rows}) == 3
    assert min(row.start_ms for row in rows) >= parse_rfc3339_ms("2026-02-01T00:00:00+08:00")
    assert max(row.end_ms for row in rows) <= parse_rfc3339_ms("2026-06-01T00:00:00+08:00")
    by_device: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        by_device[row.device_id].append((row.start_ms, row.end_ms))
    assert len(by_device) == 12
    for intervals in by_device.values():
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(sorted(intervals)))
