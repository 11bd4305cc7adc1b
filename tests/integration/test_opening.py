"""What may be opened for writing and what may not: each refusal is one clear error, and nothing is written."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest
from support.house import START_MS, House, digest

from ledger.app.bootstrap import GenesisRefused, create_ledger
from ledger.app.fold import RolledBack
from ledger.app.ledger import NotInitialised
from ledger.app.rows import LogDamaged
from ledger.client.signing import SigningKey, make_envelope, new_id
from ledger.client.statements import registry
from ledger.codec.envelopes import from_message
from ledger.domain.vocabulary import Clock
from ledger.errors import UsageError
from ledger.proof.vkey import ED25519_TYPE, VKey
from ledger.store.location import StoreLocation
from ledger.store.lock_store import MemoryLockStore
from ledger_play.ceremony import open_development_ledger
from ledger_server.directory import LedgerDirectory, SecondServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def open_again(house: House) -> None:
    """Open the ledger of a closed house."""

    async def start() -> None:
        await house.made.directory.open().close()

    house.run(start())


def closed(tmp_path: Path) -> House:
    """A house whose ledger has some events and is closed."""
    house = House.open(tmp_path / "ledger")
    house.programme()
    house.run(house.ledger.close())
    return house


def house_records(house: House) -> list[tuple[int, str, bytes]]:
    """Index, type and bytes of every row of a closed house."""
    connection = sqlite3.connect(house.made.directory.store)
    rows = connection.execute("SELECT rowid - 1, topic, state FROM stored_events ORDER BY rowid").fetchall()
    connection.close()
    return rows


def edit(house: House, statement: str, *values: object) -> None:
    """Change the store behind the ledger's back, with its triggers gone and put back."""
    connection = sqlite3.connect(house.made.directory.store)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type='trigger'")
    triggers = rows.fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement, values)
    for _, sql in triggers:
        connection.execute(sql)
    connection.commit()
    connection.close()


def test_a_second_server_on_one_ledger_is_refused(house: House) -> None:
    """While one process serves a ledger another one is told so and stops."""
    with pytest.raises(SecondServer, match="another server"):
        house.made.directory.open()


def test_a_store_behind_its_lock_is_refused(tmp_path: Path) -> None:
    """A store that lost events of a signed checkpoint names the first missing index."""
    house = closed(tmp_path)
    size = house.ledger.size
    edit(house, f"DELETE FROM stored_events WHERE rowid = {size}")
    edit(
        house,
        "UPDATE ledger_head SET size = size - 1, leaf_hash = (SELECT leaf_hash FROM stored_events ORDER BY rowid DESC LIMIT 1)",
    )
    with pytest.raises(RolledBack, match=f"index {size - 1} is missing"):
        open_again(house)
    house.loop.close()


@pytest.mark.parametrize("index", [0, 5, 11])
def test_an_edited_row_is_named(tmp_path: Path, index: int) -> None:
    """A stored byte that somebody changed is found at start, by index."""
    house = closed(tmp_path)
    _, _, data = house_records(house)[index]
    changed = data[:60] + bytes([data[60] ^ 1]) + data[61:]
    edit(house, "UPDATE stored_events SET state = ? WHERE rowid = ?", changed, index + 1)
    with pytest.raises(LogDamaged, match=f"record {index} "):
        open_again(house)
    house.loop.close()


def test_a_store_without_lock_or_lock_without_store_is_refused(tmp_path: Path) -> None:
    """Neither half of a ledger opens alone."""
    house = closed(tmp_path)
    lock = house.made.directory.lock
    kept = lock.read_bytes()
    lock.unlink()
    with pytest.raises(NotInitialised):
        open_again(house)
    lock.write_bytes(kept)
    open_again(house)
    shutil.rmtree(house.made.directory.store.parent)
    with pytest.raises(Exception, match="there is no database"):
        open_again(house)
    house.loop.close()


def test_a_folder_that_holds_a_ledger_is_not_made_again(tmp_path: Path) -> None:
    """`init` never touches an existing ledger."""
    house = closed(tmp_path)
    house.loop.close()
    with pytest.raises(UsageError, match="holds a ledger already"):
        open_development_ledger(
            tmp_path / "ledger", profile="beijing", server="127.0.0.1:1", hosts=("localhost",)
        )
    with pytest.raises(UsageError, match="holds no ledger"):
        LedgerDirectory(tmp_path / "elsewhere").read_config()


def genesis_envelopes(
    log_key: SigningKey, *, sign: Callable[[list[SigningKey]], list[SigningKey]]
) -> list[object]:
    """A genesis of three roots, signed by those that `sign` picks."""
    roots = [SigningKey.generate() for _ in range(3)]
    statement = registry.genesis(
        base_name="ledger.example/t",
        log_vkey=VKey("ledger.example/t/e0", ED25519_TYPE, log_key.public_key).render(),
        clock=Clock.SIMULATED,
        bureaux=[(new_id(), "B")],
        roots=[(key.public_key, digest(f"root {number}")) for number, key in enumerate(roots)],
        root_threshold=2,
    )
    return [from_message(make_envelope("genesis", statement, sign(roots), ledger_id=new_id()))]


@pytest.mark.parametrize(
    ("sign", "text"),
    [
        (lambda roots: roots[:2], "lacks the signature of a root|key_ids"),
        (lambda roots: [roots[1], roots[0], roots[2]], "key_ids"),
        (lambda roots: [*roots[:2], SigningKey.generate()], "key_ids"),
    ],
)
def test_an_incomplete_genesis_opens_nothing(
    tmp_path: Path, sign: Callable[..., list[SigningKey]], text: str
) -> None:
    """Every root signs, in the order of the roots, or no ledger is made."""
    log_key = SigningKey.generate()
    lock_store = MemoryLockStore()
    with pytest.raises(Exception, match=text):
        create_ledger(
            location=StoreLocation.sqlite(tmp_path / "ledger.db"),
            lock_store=lock_store,
            log_signer=log_key.signer,
            envelopes=genesis_envelopes(log_key, sign=sign),  # type: ignore[arg-type]
            now_ms=START_MS,
        )
    assert lock_store.read() is None


def test_a_genesis_with_another_log_key_is_refused(tmp_path: Path) -> None:
    """The genesis names the key that will sign checkpoints."""
    with pytest.raises(GenesisRefused, match="another log key"):
        create_ledger(
            location=StoreLocation.sqlite(tmp_path / "ledger.db"),
            lock_store=MemoryLockStore(),
            log_signer=SigningKey.generate().signer,
            envelopes=genesis_envelopes(SigningKey.generate(), sign=list),  # type: ignore[arg-type]
            now_ms=START_MS,
        )
