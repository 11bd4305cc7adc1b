"""Development ledgers: several bureaux, a store of another kind, codes for played firms."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from ledger.client.identity import load_identity
from ledger.domain.identifiers import check_credit_code
from ledger.errors import LedgerError
from ledger_play.actors import credit_code
from ledger_play.ceremony import OFFICERS, DevelopmentLedger, open_development_ledger

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.domain.state import State


def opened(root: Path, **options: object) -> DevelopmentLedger:
    """A development ledger in a folder."""
    return open_development_ledger(
        root,
        profile="beijing",
        server="127.0.0.1:1",
        hosts=("localhost",),
        now_ms=1_767_574_800_000,
        **options,  # type: ignore[arg-type]
    )


def state_of(made: DevelopmentLedger, *, store: str | None = None) -> State:
    """The state that its record folds to."""

    async def read() -> State:
        ledger = made.directory.open(store=store, application=made.application)
        await ledger.close()
        return ledger.state

    return asyncio.run(read())


def test_each_bureau_has_all_officers(tmp_path: Path) -> None:
    """From the second bureau on their names end with its code; co-signers are of the same bureau."""
    made = opened(tmp_path / "d", bureaux=("FIRST", "B2"))
    state = state_of(made)
    assert set(made.bureau_ids) == {"FIRST", "B2"}
    assert made.bureau_id == made.bureau_ids["FIRST"] != made.bureau_ids["B2"]
    for code, suffix in (("FIRST", ""), ("B2", "@B2")):
        for name, role in OFFICERS:
            identity = load_identity(made.directory.identities / f"{name}{suffix}.toml")
            officer = state.officers[identity.participant_id]
            assert (officer.role, officer.bureau_id) == (role, made.bureau_ids[code])
            assert identity.bureau_id == officer.bureau_id
    clerk = load_identity(made.directory.identities / "clerk@B2.toml")
    assert [path.name for path in clerk.co_signers] == ["approver-1@B2.pem"]
    assert len({officer.person_tag for officer in state.officers.values()}) == 2 * len(OFFICERS)


def test_a_store_elsewhere_or_in_memory_holds_the_ledger(tmp_path: Path) -> None:
    """The folder then has no database of its own."""
    url = f"sqlite://{tmp_path / 'elsewhere.db'}"
    elsewhere = opened(tmp_path / "one", store=url)
    assert (tmp_path / "elsewhere.db").exists()
    assert not elsewhere.directory.store.exists()
    assert len(list(state_of(elsewhere, store=url).officers.values())) == len(OFFICERS)
    in_memory = opened(tmp_path / "two", store="memory:")
    assert not in_memory.directory.store.exists()
    assert len(list(state_of(in_memory).officers.values())) == len(OFFICERS)


def test_a_store_that_holds_a_ledger_takes_no_second_one(tmp_path: Path) -> None:
    """One store, one ledger."""
    url = f"sqlite://{tmp_path / 'elsewhere.db'}"
    opened(tmp_path / "one", store=url)
    with pytest.raises(LedgerError, match="the store holds ledger"):
        opened(tmp_path / "two", store=url)


def test_played_firms_have_valid_codes_of_their_own() -> None:
    """Both check characters are right, and two labels do not meet."""
    codes = [credit_code(f"firm-{number}") for number in range(5_000)]
    assert [check_credit_code(code) for code in codes] == codes
    assert len(set(codes)) == len(codes)
