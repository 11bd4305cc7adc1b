"""Random histories of the real ledger are never convicted by a fraud proof.

`FRAUD_HISTORIES=40` in the environment makes more of them.
"""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from fraud_forge.brute import Accuser
from support import everything
from support.auditing import trust_of
from support.chance import NORTH
from support.histories import History
from support.house import House

from ledger_play.ceremony import BUREAU_CODE

if TYPE_CHECKING:
    from pathlib import Path

HISTORIES = int(os.environ.get("FRAUD_HISTORIES", "3"))
STEPS, PARTNERS, ROUNDS = 150, 2, 200


def convictions(house: House, seed: int) -> list[str]:
    """What is proven against a ledger."""
    _, entries = house.entries()
    accuser = Accuser(entries, trust_of(house).ledger_id or b"", seed)
    return list(accuser.convictions(partners=PARTNERS, rounds=ROUNDS))


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_random_history_is_never_convicted(tmp_path: Path, seed: int) -> None:
    """Two bureaux, all acts, much that was refused."""
    bureaux = (BUREAU_CODE, NORTH)
    with closing(House.open(tmp_path / "ledger", bureaux=bureaux, in_memory=True)) as house:
        History(house, seed + 1000).play(STEPS)
        assert convictions(house, seed) == []


def test_a_year_of_everything_is_never_convicted(tmp_path: Path) -> None:
    """Every event type."""
    with closing(House.open(tmp_path / "ledger", in_memory=True)) as house:
        everything.play(house)
        assert convictions(house, 7) == []
