"""One person, one participant: a tag is registered once, whatever name, kind of act or erasure comes after."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from unit.domain.registrar import credit_code, ident
from unit.domain.town import Town

from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import ParticipantKind

PERSON, ENTERPRISE = ParticipantKind.PERSON, ParticipantKind.ENTERPRISE


@pytest.fixture
def town() -> Town:
    """A ledger with its officers and one natural person."""
    made = Town()
    made.open_ledger()
    made.ok(made.participant("ann", PERSON))
    return made


def test_one_person_under_two_names_is_refused(town: Town) -> None:
    """The same tag under another id is STATE_CONFLICT and names the leaf of the first registration."""
    first = town.state.participants[ident("ann")]
    again = replace(town.participant("ann", PERSON), participant_id=ident("another name"))
    assert town.conflict(again) == (Reason.STATE_CONFLICT, first.index)
    assert town.conflict(replace(again, registered_day=again.registered_day + 1)) == (
        Reason.STATE_CONFLICT,
        first.index,
    )


def test_another_person_is_registered(town: Town) -> None:
    """Another tag is another person."""
    town.ok(town.participant("bob", PERSON))
    tags = [town.state.participants[ident(name)].person_tag for name in ("ann", "bob")]
    assert all(one != other for one, other in pairwise(tags))


def test_a_person_stays_the_same_after_an_erasure(town: Town) -> None:
    """The tag is in the leaf and is not erased, so that the person cannot come back under another name."""
    town.ok(town.erase("ann"))
    again = replace(town.participant("ann", PERSON), participant_id=ident("another name"))
    assert town.reason(again) == Reason.STATE_CONFLICT


def test_a_tag_is_no_credit_code(town: Town) -> None:
    """A firm that carries a tag beside its code, or a person with a code, is malformed."""
    tag = town.state.participants[ident("ann")].person_tag
    firm = town.participant("acme", ENTERPRISE)
    assert town.reason(replace(firm, person_tag=tag)) == Reason.MALFORMED
    person = town.participant("bob", PERSON)
    assert town.reason(replace(person, credit_code=credit_code("bob"))) == Reason.MALFORMED


def test_a_refusal_shows_no_tag(town: Town) -> None:
    """The message names neither the tag nor the first name."""
    again = replace(town.participant("ann", PERSON), participant_id=ident("another name"))
    shown = town.message(again)
    assert shown
    assert again.person_tag.hex() not in shown
    assert ident("ann").hex() not in shown
