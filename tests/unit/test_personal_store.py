"""Personal data beside the ledger: kept under a key a subject, opened, erased; no secret anywhere else."""

from __future__ import annotations

import hashlib
import hmac
import logging
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from ledger.errors import MalformedError, UsageError, VerificationError
from ledger.proof.commitment import commitment, equality_tag, open_commitment
from ledger.store.errors import StoreBusy, StoreDamaged, StoreForeign, StoreMissing
from ledger.store.personal_store import PersonalStore, new_opening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEDGER = b"l" * 16
ANN, BOB = b"a" * 16, b"b" * 16
ACCOUNT = b"6222 0210 0100 1234 567"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PersonalStore]:
    """An empty store."""
    with PersonalStore(tmp_path / "personal.db", ledger_id=LEDGER, create=True) as made:
        yield made


def bytes_in(folder: Path) -> bytes:
    """Everything that lies in a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


# Commitments and tags.


def test_a_commitment_is_the_hmac_that_the_format_names() -> None:
    """HMAC-SHA-256(salt, label ‖ 0 ‖ value), computed by hand."""
    salt = bytes(range(32))
    by_hand = hmac.new(salt, b"payee-account\x00" + ACCOUNT, hashlib.sha256).digest()
    made = commitment(salt=salt, label="payee-account", value=ACCOUNT)
    assert made == by_hand
    assert open_commitment(made, salt=salt, label="payee-account", value=ACCOUNT) == ACCOUNT


def test_label_and_value_cannot_be_shifted() -> None:
    """The NUL ends the label, which has none, so two pairs never make one text."""
    salt = bytes(32)
    assert commitment(salt=salt, label="ab", value=b"c") != commitment(salt=salt, label="a", value=b"bc")


@pytest.mark.parametrize("label", ["", "A", "a b", "a\0", "-a", "a-", "a--b", "ä", "a" * 65])
def test_labels_are_plain(label: str) -> None:
    """Lower-case letters, digits and single hyphens."""
    with pytest.raises(MalformedError, match="no label"):
        commitment(salt=bytes(32), label=label, value=b"x")


@pytest.mark.parametrize(("salt", "value"), [(bytes(31), b"x"), (bytes(33), b"x"), (bytes(32), b"")])
def test_sizes_of_salt_and_value(salt: bytes, value: bytes) -> None:
    """A salt has 256 bits; nothing is committed to nothing."""
    with pytest.raises(MalformedError):
        commitment(salt=salt, label="a", value=value)
    with pytest.raises(MalformedError):
        commitment(salt=bytes(32), label="a", value=bytes(4097))


def test_a_wrong_opening_is_refused_without_its_value() -> None:
    """Another salt, label or value; the error shows the commitment alone."""
    made = commitment(salt=bytes(32), label="a", value=ACCOUNT)
    for change in ({"salt": b"\1" * 32}, {"label": "b"}, {"value": ACCOUNT + b"0"}):
        given = {"salt": bytes(32), "label": "a", "value": ACCOUNT} | change
        with pytest.raises(VerificationError) as caught:
            open_commitment(made, **given)  # type: ignore[arg-type]
        assert ACCOUNT.decode() not in caught.value.diagnostics()
        assert made.hex() in caught.value.diagnostics()


def test_a_tag_is_equal_for_one_document_only() -> None:
    """HMAC-SHA-256(pepper, type ‖ 0 ‖ number); a short pepper or an empty number is refused."""
    pepper = bytes(range(32))
    made = equality_tag(pepper=pepper, document_type="ID_CARD", number="440301199001011234")
    by_hand = hmac.new(pepper, b"ID_CARD\x00440301199001011234", hashlib.sha256).digest()
    assert made == by_hand
    assert made != equality_tag(pepper=pepper, document_type="PASSPORT", number="440301199001011234")
    for wrong in ({"pepper": bytes(31)}, {"number": ""}, {"document_type": "ID\0CARD"}):
        given = {"pepper": pepper, "document_type": "ID_CARD", "number": "1"} | wrong
        with pytest.raises(MalformedError):
            equality_tag(**given)  # type: ignore[arg-type]


# The store.


def test_what_was_added_is_opened(store: PersonalStore) -> None:
    """By subject or all; a second addition of the same changes nothing."""
    first = new_opening(subject_id=ANN, label="payee-account", value=ACCOUNT)
    second = new_opening(subject_id=ANN, label="name", value="安".encode())
    third = new_opening(subject_id=BOB, label="payee-account", value=ACCOUNT)
    assert [store.add(opening) for opening in (first, second, third, first)] == [True, True, True, False]
    assert store.openings(ANN) == [second, first]
    assert store.openings() == [second, first, third]
    assert store.subjects() == {ANN: 2, BOB: 1}
    assert store.openings(b"c" * 16) == []
    assert first.commitment != third.commitment


def test_openings_outlive_the_process(tmp_path: Path) -> None:
    """Another connection to the file opens them; the file is its owner's alone."""
    opening = new_opening(subject_id=ANN, label="payee-account", value=ACCOUNT)
    path = tmp_path / "personal.db"
    with PersonalStore(path, ledger_id=LEDGER, create=True) as first:
        first.add(opening)
    with PersonalStore(path, ledger_id=LEDGER) as again:
        assert again.openings() == [opening]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_erased_subject_leaves_no_byte(store: PersonalStore, tmp_path: Path) -> None:
    """Key, ciphertext and nonce are gone from every file; the other subject's stay. Twice is no error."""
    for subject in (ANN, BOB):
        store.add(new_opening(subject_id=subject, label="payee-account", value=ACCOUNT))
    with closing(sqlite3.connect(store.path)) as raw:
        secrets = {
            subject: raw.execute(
                "SELECT key, nonce, ciphertext FROM openings JOIN subject_keys USING (subject_id)"
                " WHERE subject_id = ?",
                (subject,),
            ).fetchone()
            for subject in (ANN, BOB)
        }
    assert all(secret in bytes_in(tmp_path) for found in secrets.values() for secret in found)
    assert store.erase(ANN) == 1
    left = bytes_in(tmp_path)
    assert [secret in left for secret in secrets[ANN]] == [False] * 3
    assert [secret in left for secret in secrets[BOB]] == [True] * 3
    assert store.openings(ANN) == []
    assert [opening.value for opening in store.openings()] == [ACCOUNT]
    assert store.erase(ANN) == 0


def test_a_subject_that_comes_back_gets_another_key(store: PersonalStore) -> None:
    """What is added after an erasure is under a new key."""
    keys = []
    for _ in range(2):
        store.add(new_opening(subject_id=ANN, label="payee-account", value=ACCOUNT))
        with closing(sqlite3.connect(store.path)) as raw:
            keys.append(raw.execute("SELECT key FROM subject_keys").fetchone()[0])
        assert store.erase(ANN) == 1
    assert keys[0] != keys[1]


def test_the_newest_version_is_that_of_the_newest_opening(store: PersonalStore) -> None:
    """So that an erasure can be told from one that was decided before the data came."""
    assert store.newest_version(ANN) == 0
    for version, value in ((1, b"a"), (7, b"b"), (3, b"c")):
        opening = new_opening(subject_id=ANN, label="payee-account", value=value)
        store.add(opening, after_version=version)
    store.add(new_opening(subject_id=BOB, label="payee-account", value=b"d"), after_version=9)
    assert store.newest_version(ANN) == 7
    store.erase(ANN)
    assert store.newest_version(ANN) == 0


def test_values_lie_encrypted(store: PersonalStore, tmp_path: Path) -> None:
    """Neither salt nor value is readable in the file."""
    opening = new_opening(subject_id=ANN, label="payee-account", value=ACCOUNT)
    store.add(opening)
    written = bytes_in(tmp_path)
    assert ACCOUNT not in written
    assert opening.salt not in written
    assert opening.commitment in written


@pytest.mark.parametrize("column", ["ciphertext", "nonce", "label", "subject_id"])
def test_a_changed_row_is_damaged(store: PersonalStore, column: str) -> None:
    """Bytes, label and subject are bound to the ciphertext; the error shows no secret."""
    opening = new_opening(subject_id=ANN, label="payee-account", value=ACCOUNT)
    store.add(opening)
    store.add(new_opening(subject_id=BOB, label="payee-account", value=b"another"))
    change = {
        "ciphertext": "ciphertext = substr(ciphertext, 2)",
        "nonce": "nonce = zeroblob(12)",
        "label": "label = 'another'",
        "subject_id": f"subject_id = x'{BOB.hex()}'",
    }[column]
    with closing(sqlite3.connect(store.path)) as raw:
        raw.execute(f"UPDATE openings SET {change} WHERE subject_id = ?", (ANN,))
        raw.commit()
    with pytest.raises(StoreDamaged) as caught:
        store.openings()
    assert opening.commitment.hex() in str(caught.value)
    assert ACCOUNT.decode() not in caught.value.diagnostics()


def test_a_lost_key_is_damage_not_data(store: PersonalStore) -> None:
    """A row without its key cannot be opened."""
    store.add(new_opening(subject_id=ANN, label="payee-account", value=ACCOUNT))
    with closing(sqlite3.connect(store.path)) as raw:
        raw.execute("DELETE FROM subject_keys")
        raw.commit()
    with pytest.raises(StoreDamaged, match="does not decrypt"):
        store.openings(ANN)


def test_a_commitment_has_one_subject(store: PersonalStore) -> None:
    """The same salt, label and value under another name is refused, and nothing of it is kept."""
    opening = new_opening(subject_id=ANN, label="payee-account", value=ACCOUNT)
    store.add(opening)
    copy = new_opening(subject_id=BOB, label="payee-account", value=ACCOUNT, salt=opening.salt)
    with pytest.raises(UsageError, match="another subject"):
        store.add(copy)
    with closing(sqlite3.connect(store.path)) as raw:
        assert raw.execute("SELECT count(*) FROM subject_keys").fetchone() == (1,)


def test_only_this_ledgers_file_is_opened(tmp_path: Path) -> None:
    """Another ledger's, another program's, none at all, and a subject id of a wrong size."""
    path = tmp_path / "personal.db"
    with pytest.raises(StoreMissing):
        PersonalStore(path, ledger_id=LEDGER)
    assert not path.exists()
    PersonalStore(path, ledger_id=LEDGER, create=True).close()
    with pytest.raises(StoreForeign, match="another ledger"):
        PersonalStore(path, ledger_id=b"m" * 16)
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as raw:
        raw.execute("CREATE TABLE t (x)")
    with pytest.raises(StoreForeign, match="something else"):
        PersonalStore(other, ledger_id=LEDGER, create=True)
    with pytest.raises(MalformedError, match="subject id"):
        new_opening(subject_id=b"short", label="a", value=b"x")


def test_a_locked_file_is_busy_and_nothing_is_erased(tmp_path: Path) -> None:
    """While another writer holds the file, adding and erasing fail whole."""
    path = tmp_path / "personal.db"
    with PersonalStore(path, ledger_id=LEDGER, create=True, lock_timeout_ms=1) as store:
        store.add(new_opening(subject_id=ANN, label="payee-account", value=ACCOUNT))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreBusy):
                store.erase(ANN)
            other.execute("ROLLBACK")
        assert len(store.openings(ANN)) == 1


def test_no_secret_is_shown_or_logged(store: PersonalStore, caplog: pytest.LogCaptureFixture) -> None:
    """Not in the repr of an opening, not in a log line."""
    caplog.set_level(logging.DEBUG)
    opening = new_opening(subject_id=ANN, label="payee-account", value=ACCOUNT)
    store.add(opening)
    store.openings()
    store.erase(ANN)
    for shown in (repr(opening), caplog.text):
        assert ACCOUNT.decode() not in shown
        assert repr(opening.salt) not in shown
        assert opening.salt.hex() not in shown
