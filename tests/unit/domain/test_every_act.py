"""What holds of every act: ledger, time, keys and signatures, and that an overlay can be dropped."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from unit.domain.registrar import key_id
from unit.domain.walkthrough import STEPS, background
from unit.domain.world import ACT_OF_STATEMENT

from ledger.domain.acts import ACTS
from ledger.domain.rejections import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from unit.domain.town import Town

NEW_KEY = {"officer-appointment", "key-registration"}
"""Acts whose last signature is the new key's own."""


def of_every_act(look: Callable[[Town, Any], Any]) -> dict[str, list[Any]]:
    """What `look` sees of each act's statements just before they are accepted, by act."""
    town = background(1)
    seen: dict[str, list[Any]] = defaultdict(list)
    for _, make in STEPS:
        statement = make(town)
        name = ACT_OF_STATEMENT[type(statement)].name
        seen[name].append(look(town, statement))
        town.ok(statement)
    return dict(seen)


def headed(statement: Any, **changes: Any) -> Any:
    """The statement with another header."""
    return replace(statement, header=replace(statement.header, **changes))


def test_every_act_but_the_genesis_is_walked_through() -> None:
    """The walk of these tests leaves none out."""
    seen = of_every_act(lambda _town, _statement: None)
    assert set(seen) == {act.name for act in ACTS} - {"genesis"}


def test_another_ledger_is_refused_first() -> None:
    """WRONG_LEDGER, whatever the act."""
    seen = of_every_act(lambda town, statement: town.reason(headed(statement, ledger_id=b"x" * 16)))
    assert {reason for reasons in seen.values() for reason in reasons} == {Reason.WRONG_LEDGER}


def test_a_statement_is_valid_up_to_its_last_millisecond() -> None:
    """STATEMENT_EXPIRED a millisecond after `not_after_ms`, whatever the act."""
    seen = of_every_act(lambda town, statement: town.reason(headed(statement, not_after_ms=town.now_ms - 1)))
    assert {reason for reasons in seen.values() for reason in reasons} == {Reason.STATEMENT_EXPIRED}


def test_a_bad_signature_is_refused() -> None:
    """BAD_SIGNATURE where nothing else is wrong, whatever the act."""

    def look(town: Town, statement: Any) -> Reason | None:
        town.signatures_hold = False
        reason = town.reason(statement)
        town.signatures_hold = True
        return reason

    assert {r for reasons in of_every_act(look).values() for r in reasons} == {Reason.BAD_SIGNATURE}


def test_every_signer_has_a_registered_key() -> None:
    """KEY_UNKNOWN for an unknown key in the place of any signer."""

    def look(town: Town, statement: Any) -> set[Reason | None]:
        keys = statement.header.key_ids
        count = len(keys) - (ACT_OF_STATEMENT[type(statement)].name in NEW_KEY)
        unknown = key_id("nobody")
        return {
            town.reason(headed(statement, key_ids=(*keys[:n], unknown, *keys[n + 1 :]))) for n in range(count)
        }

    seen = of_every_act(look)
    assert {name: reasons for name, reasons in seen.items() if {Reason.KEY_UNKNOWN} not in reasons} == {}


def test_every_signer_is_needed() -> None:
    """Without its last signature, or with one more, no act is taken.

    More roots than the threshold may sign; for keys one signature is the owner's, who may revoke.
    """

    def look(town: Town, statement: Any) -> set[Reason | None]:
        keys = statement.header.key_ids
        by_roots = keys[0] == key_id("root-1")
        more = () if by_roots else (headed(statement, key_ids=(*keys, key_id("auditor-1"))),)
        fewer = (headed(statement, key_ids=keys[:-1]),) if len(keys) > 1 else ()
        return {town.reason(changed) for changed in (*more, *fewer)}

    refused = {Reason.MALFORMED, Reason.SEPARATION_OF_DUTY, Reason.WEAK_KEY}
    seen = of_every_act(look)
    assert {name: sets for name, sets in seen.items() if not set().union(*sets) <= refused} == {}


def test_what_was_decided_can_be_dropped() -> None:
    """After each act is decided and folded on the overlay a rollback leaves the state of before."""

    def look(town: Town, statement: Any) -> bool:
        tables = town.state._tables
        before = [dict(table.base) for table in tables if table.base]
        kept = (town.events[:], dict(town.balances), dict(town._newest), dict(town._versions))
        town._fetch((statement,))
        logged = town._decide(statement)
        assert not hasattr(logged, "reason")
        changed = any(table.pending for table in tables)
        town.state.rollback()
        town.events = kept[0]
        for mine, copy in zip((town.balances, town._newest, town._versions), kept[1:], strict=True):
            mine.clear()  # type: ignore[attr-defined]
            mine.update(copy)  # type: ignore[attr-defined]
        assert [dict(table.base) for table in tables if table.base] == before
        return changed

    assert {changed for seen in of_every_act(look).values() for changed in seen} == {True}


def test_a_replay_of_every_act_is_the_state() -> None:
    """The events alone give every table."""
    town = background(1)
    for _, make in STEPS:
        town.ok(make(town))
    again = town.replayed()
    assert again.info == town.state.info
    assert [table.base for table in again._tables] == [table.base for table in town.state._tables]
