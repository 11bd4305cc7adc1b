"""The auditor is checked: each bug planted in the server's rules is a finding, under the check that is meant."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
from support.auditing import assert_agreement, audit
from support.house import House
from support.planted_cases import CASE_PLANTS
from support.planted_money import MONEY_PLANTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.planting import Plant

PLANTS: tuple[Plant, ...] = (*CASE_PLANTS, *MONEY_PLANTS)
STORIES = tuple(dict.fromkeys(plant.story for plant in PLANTS))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A new ledger whose events stay in memory."""
    with closing(House.open(tmp_path / "ledger", in_memory=True)) as made:
        yield made


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.name}-{plant.story.__name__}")
def test_the_auditor_reports_a_planted_bug(
    house: House, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server takes what it should not, or records it wrongly; the auditor names it."""
    plant.plant(monkeypatch)
    plant.story(house)
    report = audit(house)
    assert report.result == "findings"
    assert plant.check in {finding.check for finding in report.findings}, report.findings


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_without_a_bug_every_story_verifies(house: House, story: Callable[[House], None]) -> None:
    """The same stories on the rules as they are, up to the refusal that they run into."""
    with suppress(AssertionError):
        story(house)
    assert_agreement(house)
