"""Holdings, the groups that follow from them, and who may not deal with whom (I9)."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, combinations, pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from unit.domain.registrar import ident
from unit.domain.town import Town, small_town

from ledger.domain.affiliation import are_affiliated
from ledger.domain.journal import LinkKind
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import ParticipantKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    Holdings = Mapping[tuple[str, str], int]


def holding(holdings: Holdings) -> Town:
    """A town in which these holdings, in basis points, are declared."""
    town = small_town()
    for (owner, owned), share_bp in holdings.items():
        town.ok(town.holding(owner, owned, share_bp))
    return town


def affiliated(town: Town, first: str = "acme", second: str = "cloud") -> bool:
    """Whether two are affiliated; which comes first must not matter."""
    said = are_affiliated(town.state, ident(first), ident(second))
    assert said == are_affiliated(town.state, ident(second), ident(first))
    return said


@pytest.mark.parametrize(
    ("holdings", "expected"),
    [
        ({}, False),
        ({("acme", "cloud"): 2_500}, True),
        ({("acme", "cloud"): 2_499}, False),
        ({("cloud", "acme"): 2_500}, True),
        ({("acme", "b"): 2_600, ("b", "cloud"): 2_600}, True),
        ({("acme", "b"): 3_000, ("b", "cloud"): 2_000}, False),
        ({("owner", "acme"): 2_500, ("owner", "cloud"): 10_000}, True),
        ({("owner", "acme"): 2_500, ("owner", "cloud"): 2_499}, False),
        ({("acme", "b"): 5_000, ("acme", "cloud"): 1_500, ("b", "cloud"): 1_000}, True),
        ({("acme", "b"): 5_000, ("acme", "cloud"): 1_500, ("b", "cloud"): 999}, False),
        ({("acme", "b"): 2_000, ("acme", "cloud"): 1_500, ("b", "cloud"): 1_000}, False),
        ({("acme", "cloud"): 1_250, ("cloud", "acme"): 1_250}, False),
    ],
    ids=[
        "nothing",
        "a quarter",
        "less than a quarter",
        "the other way",
        "two steps of 26 %",
        "30 % of B, B 20 % of C",
        "a common owner",
        "a common owner of too little",
        "together a quarter",
        "together a basis point less",
        "B is not in the group",
        "a little of each other",
    ],
)
def test_who_is_affiliated(holdings: Holdings, expected: bool) -> None:
    """A group is an entity with all of which its members together hold a quarter or more."""
    assert affiliated(holding(holdings)) == expected


def test_a_group_goes_to_any_depth() -> None:
    """Thirty steps of a quarter reach the last; one basis point less anywhere breaks the chain."""
    names = ["acme", *(f"step-{number}" for number in range(29)), "cloud"]
    links = dict.fromkeys(pairwise(names), 2_500)
    assert affiliated(holding(links))
    assert not affiliated(holding({**links, ("step-14", "step-15"): 2_499}))


def test_members_join_later_through_those_who_joined() -> None:
    """D is held by B and C, which join first; E only by D and the owner together."""
    holdings = {
        ("owner", "b"): 2_500,
        ("owner", "c"): 2_500,
        ("b", "acme"): 1_300,
        ("c", "acme"): 1_200,
        ("acme", "cloud"): 1_000,
        ("owner", "cloud"): 1_500,
    }
    assert affiliated(holding(holdings))
    assert not affiliated(holding({**holdings, ("c", "acme"): 1_199}))


def test_a_cycle_of_holdings_ends() -> None:
    """Entities that hold each other in a ring are one group, and the question is answered."""
    ring = {("acme", "b"): 3_000, ("b", "c"): 3_000, ("c", "acme"): 3_000, ("c", "cloud"): 2_400}
    assert not affiliated(holding(ring))
    assert affiliated(holding(ring), "acme", "c")
    assert affiliated(holding({**ring, ("b", "cloud"): 100}))


def test_the_newest_declaration_of_a_pair_counts() -> None:
    """A sale ends the affiliation, a purchase makes it; other pairs are not touched."""
    town = holding({("acme", "cloud"): 5_000})
    town.ok(town.holding("acme", "cloud", 0))
    assert not affiliated(town)
    town.ok(town.holding("acme", "cloud", 2_500, as_of="2025-01-01"))
    assert affiliated(town)
    assert town.state.holdings[ident("acme"), ident("cloud")].index == town.events[-1].index


def naive_groups(holdings: Holdings) -> list[set[str]]:
    """Every entity's group by the words of the rule: grow until nothing joins, over all entities."""
    entities = set(chain.from_iterable(holdings))
    groups = []
    for entity in entities:
        group = {entity}
        while True:
            joined = {
                other
                for other in entities - group
                if sum(
                    share for (owner, owned), share in holdings.items() if owned == other and owner in group
                )
                >= 2_500
            }
            if not joined:
                break
            group |= joined
        groups.append(group)
    return groups


@pytest.mark.parametrize("seed", range(12))
def test_random_holdings_agree_with_the_rule_word_by_word(seed: int) -> None:
    """Every pair of eight entities with twenty random holdings, against a walk over everything."""
    random = Random(seed)
    names = [f"e{number}" for number in range(8)]
    holdings = {
        tuple(random.sample(names, 2)): random.choice([0, 900, 1_600, 2_499, 2_500, 6_000]) for _ in range(20)
    }
    town = holding(holdings)  # type: ignore[arg-type]
    groups = naive_groups(holdings)  # type: ignore[arg-type]
    for first, second in combinations(names, 2):
        expected = any({first, second} <= group for group in groups)
        assert affiliated(town, first, second) == expected


# Applications.


def test_affiliated_parties_do_not_apply() -> None:
    """AFFILIATED at the application; holdings declared later do not touch what was granted."""
    town = holding({("owner", "acme"): 2_600, ("owner", "cloud"): 2_600})
    town.ok(town.contract("c", "1_000"))
    assert town.reason(town.apply("a", "c")) == Reason.AFFILIATED
    town.ok(town.holding("owner", "cloud", 2_499))
    town.award("v", "c")
    town.ok(town.holding("owner", "cloud", 2_600))
    town.ok(town.contract("d", "1_000"))
    assert town.reason(town.apply("b", "d")) == Reason.AFFILIATED


def test_holdings_count_as_recorded_at_the_application() -> None:
    """A holding declared between application and grant does not stop the grant."""
    town = small_town()
    town.ok(town.contract("c", "1_000"))
    town.ok(town.apply("a", "c"))
    town.ok(town.holding("acme", "cloud", 10_000))
    town.handle("a")
    assert town.reason(town.grant("v", "a")) is None


def test_role_conflict_of_a_provider_of_another_kind() -> None:
    """An enterprise, university or institute sells nothing here even if it was admitted."""
    for kind in ParticipantKind:
        town = small_town()
        if kind == ParticipantKind.PERSON:
            continue
        town.provider("data", kind)
        town.ok(town.contract("c", "1_000", provider="data"))
        sells = kind in {ParticipantKind.COMPUTE, ParticipantKind.MODEL, ParticipantKind.EXCHANGE}
        assert town.reason(town.apply("a", "c")) == (None if sells else Reason.ROLE_CONFLICT)


# Declarations.


@pytest.mark.parametrize(
    "changes",
    [
        {"owned_id": ident("acme")},
        {"owner_id": bytes(16)},
        {"owned_id": b""},
        {"share_bp": 10_001},
        {"as_of_day": -1},
        {"as_of_day": 21_000},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_holding_out_of_shape_is_malformed(changes: dict[str, Any]) -> None:
    """Two different ids, 0 to 100 %, a day up to today."""
    town = small_town()
    assert town.reason(replace(town.holding("acme", "cloud", 1), **changes)) == Reason.MALFORMED


def test_a_clerk_declares_holdings() -> None:
    """Another office is SEPARATION_OF_DUTY; a clerk of any bureau may."""
    town = small_town()
    assert town.reason(town.holding("a", "b", 1, by="reviewer")) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.holding("a", "b", 1, by="acme")) == Reason.SEPARATION_OF_DUTY


def test_ids_that_nobody_registered_have_links_too() -> None:
    """A declaration links both entities, and the next one names it as the event before."""
    town = small_town()
    first = town.ok(town.holding("owner", "b", 1))
    second = town.ok(town.holding("b", "c", 1))
    assert [(link.kind, link.entity, link.prev) for link in second.draft.links] == [
        (LinkKind.PARTICIPANT, ident("b"), first.index),
        (LinkKind.PARTICIPANT, ident("c"), None),
    ]
    assert second.recorded.stream_id == f"holding/{ident('b').hex()}{ident('c').hex()}"


def test_versions_of_a_pair_share_a_stream() -> None:
    """The second declaration of a pair is version 2; the other direction is another pair."""
    town = holding({("a", "b"): 1, ("b", "a"): 1})
    assert town.ok(town.holding("a", "b", 2)).recorded.stream_version == 2
