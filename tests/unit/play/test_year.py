"""The played year: a public notice where the calendar of the usage is announced, else one line that says so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ledger.profiles.loader import load_profile
from ledger_play.actors import Cast
from ledger_play.ceremony import open_development_ledger
from ledger_play.serving import EmbeddedServer
from ledger_play.year import Year

if TYPE_CHECKING:
    from pathlib import Path

    from ledger_play.payout import YearResult

USAGE = """cluster,job_id,tenant,node,device_id,device_model,start_time,end_time,state
a,1,one,n,gpu-0,H800,{year}-05-11T08:00:00+08:00,{year}-05-11T18:00:00+08:00,COMPLETED
a,2,two,n,gpu-1,910B,{year}-05-12T08:00:00+08:00,{year}-06-01T18:00:00+08:00,COMPLETED
"""


def play(tmp_path: Path, year: int) -> tuple[YearResult, list[str]]:
    """A year on two jobs, and what was said."""
    usage = tmp_path / "usage.csv"
    usage.write_text(USAGE.format(year=year), encoding="utf-8")
    made = open_development_ledger(
        tmp_path / "d",
        profile="shenzhen-2025",
        server="127.0.0.1:1",
        hosts=("127.0.0.1",),
        now_ms=Year.start_ms(usage),
        store="memory:",
    )
    said: list[str] = []
    policy = load_profile("shenzhen-2025").programmes["GPU_TRAINING"]
    server = EmbeddedServer(made.directory, listen="127.0.0.1:0", application=made.application)
    with server, Cast(made) as cast:
        cast.ledger = replace(made, server=f"127.0.0.1:{server.port}")
        cast["operator"].client.set_clock(Year.start_ms(usage))
        result = Year(cast, usage=usage, policy=policy, say=said.append).play()
    return result, said


@pytest.mark.parametrize(
    ("year", "line"),
    [
        (2026, "Each was checked, reviewed and publicised until 2026-04-17."),
        (2024, "No calendar is announced for 2024: the demonstration has no public notice."),
    ],
)
def test_a_notice_runs_where_its_calendar_is_announced(tmp_path: Path, year: int, line: str) -> None:
    """Either way everything used is claimed, redeemed and paid, and what is left is released."""
    result, said = play(tmp_path, year)
    assert line in said
    assert sum("publicised" in each or "No calendar" in each for each in said) == 1
    # 10 hours at 40.00 at 50 %, and 490 hours at 40.00 for a start-up at 60 %.
    assert (result.claims_accepted, result.paid_fen) == (2, 20_000 + 1_176_000)
    assert dict(result.refused) == {"SEPARATION_OF_DUTY": 2, "DEVICE_OVERLAP": 1, "KEY_UNKNOWN": 1}
