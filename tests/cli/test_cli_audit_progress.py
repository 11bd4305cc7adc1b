"""How a long audit says where it is."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import TYPE_CHECKING

import pytest
from audit_forge.bulk import make_bulk
from audit_forge.draft import VKEY, seal, write
from support.processes import BIN

from ledger_cli.audit_progress import Lines, Rate, duration, stepping

if TYPE_CHECKING:
    from pathlib import Path


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_line_every_ten_seconds_with_rate_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    """A short audit says nothing; what was there before the first step does not count as speed."""
    clock = Clock()
    lines = Lines("verifying", clock=clock)
    lines(500, 100_500)
    for second in range(1, 26):
        clock.now_s = second
        lines(500 + 1000 * second, 100_500)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "verifying: 10,500 of 100,500 events, 1,000/s, about 1 min 30 s left",
        "verifying: 20,500 of 100,500 events, 1,000/s, about 1 min 20 s left",
    ]


def test_nothing_is_divided_by_zero(capsys: pytest.CaptureFixture[str]) -> None:
    """Steps without time or progress have no rate and no time left."""
    clock = Clock()
    lines = Lines("replaying", clock=clock)
    lines(0, 10)
    clock.now_s = 11
    lines(0, 10)
    assert capsys.readouterr().err == "replaying: 0 of 10 events, 0/s\n"
    assert Rate().at(5, 1.0) == 0


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (7_500, "2 h 5 min")]
)
def test_times_are_for_people(seconds: float, text: str) -> None:
    """Never more than two units."""
    assert duration(seconds) == text


def test_without_a_terminal_there_are_lines() -> None:
    """Tests have none."""
    with stepping("exporting") as step:
        assert isinstance(step, Lines)


@pytest.mark.parametrize("command", ["verify", "export", "replay", "trace"])
def test_on_a_terminal_there_is_a_bar(tmp_path: Path, command: str) -> None:
    """With the events done, their rate and the time left; data stays on stdout alone."""
    log = write(seal(make_bulk(300).drafts), tmp_path / "log")
    more = {
        "verify": ("--log-key", VKEY, "--json", "--workers", "2"),
        "export": ("--out", tmp_path / "out", "--json"),
        "replay": ("--at", 300, "--json"),
        "trace": ("00" * 16, "--json"),
    }
    ours, theirs = pty.openpty()
    words = [str(BIN / "voucherctl"), "audit", command, str(log), *map(str, more[command])]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=theirs, env=os.environ)
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 4096):
            said += piece
    except OSError:
        # The other end was closed.
        pass
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == (2 if command == "trace" else 0), said
    assert b"events" in said or b" of " in said
    assert b"/s" in said
    assert out.count(b"\n") == (0 if command == "trace" else 1)
