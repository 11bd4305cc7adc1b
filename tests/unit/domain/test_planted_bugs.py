"""The checks are checked: each bug planted in a rule is noticed by the naive model or the harness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from property import story, story_after
from unit.domain import planted, planted_after
from unit.domain.world import Disagreement

if TYPE_CHECKING:
    from unit.domain.planted import Plant


@pytest.mark.parametrize(
    ("tell", "accepted", "refused"),
    [(story.tell, 60, 25), (story_after.tell, 120, 60)],
    ids=["to the payment", "after it"],
)
def test_the_stories_have_no_disagreement(tell: object, accepted: int, refused: int) -> None:
    """Without a planted bug rules and model agree to the end, on acceptances and on refusals."""
    duel = tell()  # type: ignore[operator]
    assert (duel.accepted >= accepted, duel.refused >= refused) == (True, True)


@pytest.mark.parametrize("plant", planted.PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_noticed(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first story ends in a Disagreement."""
    plant(monkeypatch)
    with pytest.raises(Disagreement):
        story.tell()


@pytest.mark.parametrize("plant", planted_after.PLANTED, ids=lambda plant: plant.__name__)
def test_a_bug_planted_after_the_payment_is_noticed(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second story ends in a Disagreement."""
    plant(monkeypatch)
    with pytest.raises(Disagreement):
        story_after.tell()


def test_no_bug_is_planted_twice() -> None:
    """Every bug has a name and a sentence of its own."""
    plants = (*planted.PLANTED, *planted_after.PLANTED)
    assert len(plants) >= 40
    assert len({plant.__name__ for plant in plants}) == len(plants)
    assert len({plant.__doc__ for plant in plants}) == len(plants)
