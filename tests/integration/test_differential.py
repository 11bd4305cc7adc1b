"""Random histories through the server's rules and the auditor's, which share no code: they never disagree.

`HISTORIES=400 STEPS=300` in the environment makes more and longer ones.
"""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from support.auditing import assert_agreement
from support.chance import NORTH
from support.histories import History
from support.house import House

from ledger_play.ceremony import BUREAU_CODE

if TYPE_CHECKING:
    from pathlib import Path

HISTORIES = int(os.environ.get("HISTORIES", "40"))
STEPS = int(os.environ.get("STEPS", "120"))


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_server_and_auditor_agree(tmp_path: Path, seed: int) -> None:
    """Whatever was accepted verifies, and both sides count the same money in every account."""
    bureaux = (BUREAU_CODE, NORTH)
    with closing(House.open(tmp_path / "ledger", bureaux=bureaux, in_memory=True)) as house:
        history = History(house, seed)
        history.play(STEPS)
        assert_agreement(house)
        kinds = set(house.kinds())
    refused = history.tally.total() - history.tally["accepted"] - history.tally["nothing to act on"]
    assert (history.tally["accepted"] >= 10, refused >= 5, len(kinds) >= 20) == (True, True, True)
