"""Slurm accounting output: rows, devices chosen first fit, what is left out, what is refused."""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.client.usage.slurm import SlurmOptions, SlurmUsage, parse_slurm, read_slurm
from ledger.domain.days import parse_rfc3339_ms
from ledger.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "JobID|Account|Cluster|NodeList|Start|End|State|AllocTRES"
DAY = "2026-02-01T"
TRES = "billing=8,cpu=8,gres/gpu:h800=1,gres/gpu=1,mem=64G,node=1"


def line(job: str, nodes: str, start: str, end: str, tres: str = TRES, state: str = "COMPLETED") -> str:
    """One line of accounting output on a fixed day."""
    return f"{job}|lab|c1|{nodes}|{DAY}{start}|{DAY}{end}|{state}|{tres}"


def parse(*lines: str, header: str = HEADER, options: SlurmOptions | None = None) -> SlurmUsage:
    """The usage in a header and lines, under a fixed name."""
    data = "".join(f"{text}\n" for text in (header, *lines)).encode()
    return parse_slurm(io.BytesIO(data), name="sacct.txt", options=options or SlurmOptions())


def refusal(*lines: str, header: str = HEADER) -> str:
    """The diagnostics with which lines are refused."""
    with pytest.raises(UsageError) as caught:
        parse(*lines, header=header)
    return caught.value.diagnostics()


def test_a_job_gives_a_row_for_each_gpu_of_each_node() -> None:
    """Totals over nodes are divided; local times get the offset; the canceller's id is dropped."""
    tres = "cpu=16,gres/gpu=4,gres/gpu:h800=4,node=2"
    usage = parse(line("7_1", "n[01-02]", "10:00:00", "12:00:00", tres, "CANCELLED by 1001"))
    assert [row.device_id for row in usage.rows] == ["n01/gpu0", "n01/gpu1", "n02/gpu0", "n02/gpu1"]
    row = usage.rows[0]
    assert (row.cluster, row.job_id, row.tenant, row.node) == ("c1", "7_1", "lab", "n01")
    assert (row.device_model, row.state) == ("h800", "CANCELLED")
    assert row.start_ms == parse_rfc3339_ms("2026-02-01T10:00:00+08:00")
    assert row.end_ms - row.start_ms == 7_200_000
    assert usage.left_out == {}


def test_another_zone_is_given_not_guessed() -> None:
    """The offset is the caller's; a wrong one is refused."""
    usage = parse(line("1", "n1", "10:00:00", "12:00:00"), options=SlurmOptions(utc_offset="Z"))
    assert usage.rows[0].start_ms == parse_rfc3339_ms("2026-02-01T10:00:00Z")
    with pytest.raises(UsageError, match="not an offset"):
        parse(options=SlurmOptions(utc_offset="Asia/Shanghai"))


def test_what_gives_no_row_is_counted() -> None:
    """Steps, waiting and running jobs, empty intervals and jobs without a GPU."""
    usage = parse(
        line("1", "n1", "10:00:00", "12:00:00"),
        line("1.batch", "n1", "10:00:00", "12:00:00"),
        line("1.0", "n1", "10:00:00", "12:00:00"),
        f"2|lab|c1|None assigned|Unknown|Unknown|PENDING|{TRES}",
        f"3|lab|c1|None assigned|None|{DAY}10:00:00|CANCELLED|",
        f"4|lab|c1|n1|{DAY}10:00:00|Unknown|RUNNING|{TRES}",
        line("5", "n1", "12:00:00", "12:00:00"),
        line("6", "n1", "10:00:00", "12:00:00", "cpu=8,mem=1G,node=1"),
        line("7", "n1", "10:00:00", "12:00:00", ""),
    )
    assert [row.job_id for row in usage.rows] == ["1"]
    assert usage.left_out == {
        "job step": 2,
        "not started": 2,
        "still running": 1,
        "no time used": 1,
        "no GPU": 2,
    }


def test_devices_are_chosen_first_fit_in_order_of_start() -> None:
    """Rows keep the file's order; a device that is free again is used again."""
    usage = parse(
        line("late", "n1", "12:00:00", "13:00:00"),
        line("long", "n1", "10:30:00", "14:00:00"),
        line("early", "n1", "10:00:00", "12:00:00"),
    )
    assert [(row.job_id, row.device_id) for row in usage.rows] == [
        ("late", "n1/gpu0"),
        ("long", "n1/gpu1"),
        ("early", "n1/gpu0"),
    ]


def test_given_indices_are_kept_and_avoided_by_the_others() -> None:
    """A GPU index in the file names the device; other jobs take what is left."""
    header = HEADER.replace("AllocTRES", "AllocGRES")
    usage = parse(
        line("free", "n1", "10:00:00", "12:00:00", "gpu:h800:1"),
        line("fixed", "n1", "11:00:00", "13:00:00", "gpu:h800:2(IDX:0,2)"),
        header=header,
    )
    assert [row.device_id for row in usage.rows] == ["n1/gpu1", "n1/gpu0", "n1/gpu2"]


def test_indices_hold_for_each_node_and_come_before_totals() -> None:
    """GRES_IDX is preferred; where it is empty the next column is read."""
    header = f"{HEADER}|GRES_IDX"
    usage = parse(
        line("1", "n[1-2]", "10:00:00", "12:00:00") + "|gpu:h800:1(IDX:3)",
        line("2", "n1", "10:00:00", "12:00:00") + "|",
        header=header,
    )
    assert [row.device_id for row in usage.rows] == ["n1/gpu3", "n2/gpu3", "n1/gpu0"]


def test_one_device_has_one_model() -> None:
    """Two models on a node get different ordinals even when their times do not meet."""
    usage = parse(
        line("1", "n1", "10:00:00", "11:00:00", "gres/gpu:a100=1"),
        line("2", "n1", "12:00:00", "13:00:00", "gres/gpu:h800=1"),
        line("3", "n1", "14:00:00", "15:00:00", "gres/gpu:a100=1,gres/gpu:h800=1"),
    )
    assert [(row.device_model, row.device_id[-1]) for row in usage.rows] == [
        ("a100", "0"),
        ("h800", "1"),
        ("a100", "0"),
        ("h800", "1"),
    ]


def test_cluster_user_and_model_fall_back() -> None:
    """User where Account is empty; cluster and model from the caller where the file has none."""
    header = "JobID|User|Account|NodeList|Start|End|State|AllocTRES"
    text = f"1|u1||n1|{DAY}10:00:00|{DAY}11:00:00|COMPLETED|gres/gpu=1"
    options = SlurmOptions(cluster="hpc", device_model="A100")
    row = parse(text, header=header, options=options).rows[0]
    assert (row.cluster, row.tenant, row.device_model) == ("hpc", "u1", "A100")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (line("1", "n1", "10:00:00", "12:00:00") + "|", "sacct.txt, line 2: 9 columns"),
        ("", "sacct.txt, line 2: 1 columns"),
        (line("", "n1", "10:00:00", "12:00:00"), "line 2, column JobID: '' is not a name"),
        (line("1", "n[2-1]", "10:00:00", "12:00:00"), "line 2, column NodeList: 'n[2-1]' is not a node list"),
        (line("1", "n1", "10:00", "12:00:00"), "line 2, column Start: '2026-02-01T10:00' is not a time"),
        (line("1", "n1", "10:00:00", "24:00:00"), "line 2, column End: '2026-02-01T24:00:00' is not a time"),
        (line("1", "n1", "10:00:00+08:00", "12:00:00"), "column Start"),
        (line("1", "n1", "12:00:00", "10:00:00"), "column End: '2026-02-01T10:00:00' is before the start"),
        (
            line("1", "n1", "10:00:00", "12:00:00", "gres/gpu=1"),
            "column AllocTRES: 'gres/gpu=1' has no GPU model",
        ),
        (line("1", "n1", "10:00:00", "12:00:00", "gres/gpu:h800=x"), "does not say which GPUs"),
        (line("1", "n[1-2]", "10:00:00", "12:00:00", "gres/gpu:h800=3"), "has 2 nodes for 3 GPUs"),
        (line("1", "n1", "10:00:00", "12:00:00", state=" "), "column State: '' is not a name"),
    ],
)
def test_bad_lines_are_refused_with_their_place(text: str, expected: str) -> None:
    """File, line, column, the text and what is allowed."""
    diagnostics = refusal(text)
    assert expected in diagnostics
    assert "allowed: " in diagnostics


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (HEADER + "|", "a column has no name"),
        (HEADER + "|State", "column 'State' is there twice"),
        (HEADER.replace("End", "Finish"), "no column End"),
        (HEADER.replace("Account", "Group"), "no column Account or User"),
        (HEADER.replace("AllocTRES", "ReqTRES"), "no column GRES_IDX or AllocGRES or AllocTRES"),
    ],
)
def test_bad_headers_are_refused(header: str, expected: str) -> None:
    """Every needed column once; a trailing bar is `-p`, not `-P`."""
    assert f"sacct.txt, line 1: {expected}" in refusal(header=header)


def test_files_with_mark_and_crlf_are_read_and_absent_ones_named(tmp_path: Path) -> None:
    """As for the generic CSV."""
    path = tmp_path / "sacct.txt"
    text = f"\ufeff{HEADER}\r\n{line('1', 'n1', '10:00:00', '12:00:00')}\r\n"
    path.write_bytes(text.encode())
    assert len(read_slurm(path, options=SlurmOptions()).rows) == 1
    with pytest.raises(UsageError, match="cannot be read"):
        read_slurm(tmp_path / "absent", options=SlurmOptions())
    path.write_bytes(b"")
    with pytest.raises(UsageError, match="no header"):
        read_slurm(path, options=SlurmOptions())


@given(st.lists(st.tuples(st.integers(0, 120), st.integers(1, 20), st.integers(1, 3)), max_size=12))
def test_first_fit_never_overlaps_and_needs_no_more_devices_than_run_at_once(
    jobs: list[tuple[int, int, int]],
) -> None:
    """The naive model: the busiest moment says how many devices there must be."""
    lines, busy = [], Counter[int]()
    for number, (first, length, count) in enumerate(jobs):
        start, end = (f"{at // 6:02d}:{at % 6}0:00" for at in (first, first + length))
        lines.append(line(str(number), "n1", start, end, f"gres/gpu:h800={count}"))
        busy.update(dict.fromkeys(range(first, first + length), count))
    rows = parse(*lines).rows
    assert Counter(row.job_id for row in rows) == {str(n): count for n, (_, _, count) in enumerate(jobs)}
    by_device: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        by_device[row.device_id].append((row.start_ms, row.end_ms))
    assert len(by_device) == max(busy.values(), default=0)
    for intervals in by_device.values():
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(sorted(intervals)))
