"""Personal data beside the ledger: openings of commitments under a key for each subject, in one SQLite file.

A leaf has commitments only; salts and values lie here, encrypted with AES-256-GCM. To erase a subject is to
destroy its key and its rows: every leaf still verifies, and nobody can open its commitments any more. This
module must not touch the event database, and no secret may be in an error or in a `repr`.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import MalformedError, UsageError, VerificationError
from ledger.proof.commitment import SALT_SIZE, commitment, open_commitment
from ledger.store.errors import StoreDamaged, StoreForeign, StoreMissing, StoreUnavailable
from ledger.store.sqlite_pool import connect, translated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

FILE_NAME = "personal.db"
SUBJECT_SIZE = 16
KEY_SIZE = 32
NONCE_SIZE = 12

_PURPOSE = b"voucher-ledger/personal/1"
_TABLES = frozenset({"personal_info", "subject_keys", "openings"})
_CREATE = (
    "CREATE TABLE personal_info (id INTEGER PRIMARY KEY CHECK (id = 1), ledger_id BLOB NOT NULL) STRICT",
    "CREATE TABLE subject_keys (subject_id BLOB PRIMARY KEY, key BLOB NOT NULL) STRICT, WITHOUT ROWID",
    (
        "CREATE TABLE openings (commitment BLOB PRIMARY KEY, "
        "subject_id BLOB NOT NULL REFERENCES subject_keys, label TEXT NOT NULL, "
        "after_version INTEGER NOT NULL, nonce BLOB NOT NULL, ciphertext BLOB NOT NULL) STRICT, WITHOUT ROWID"
    ),
    "CREATE INDEX openings_by_subject ON openings (subject_id, label, commitment)",
)
_INSERT_KEY = "INSERT OR IGNORE INTO subject_keys VALUES (?, ?)"
_INSERT_OPENING = (
    "INSERT INTO openings (commitment, subject_id, label, after_version, nonce, ciphertext) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
_SELECT = (
    "SELECT subject_id, label, commitment, nonce, ciphertext, key FROM openings "
    "LEFT JOIN subject_keys USING (subject_id) "
)
_ORDER = "ORDER BY subject_id, label, commitment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What opens one commitment of one subject; salt and value are secret and not in the `repr`."""

    subject_id: bytes
    label: str
    commitment: bytes
    salt: bytes = field(repr=False)
    value: bytes = field(repr=False)


def new_opening(*, subject_id: bytes, label: str, value: bytes, salt: bytes | None = None) -> Opening:
    """The opening of a value under its salt, a new random one unless it is given.

    Raises MalformedError for a subject of another size than 16 bytes and for what `commitment` refuses.
    """
    if len(subject_id) != SUBJECT_SIZE:
        raise MalformedError(
            f"a subject id has {len(subject_id)} bytes", hint=f"allowed: {SUBJECT_SIZE} bytes"
        )
    salt = secrets.token_bytes(SALT_SIZE) if salt is None else salt
    committed = commitment(salt=salt, label=label, value=value)
    return Opening(subject_id=subject_id, label=label, commitment=committed, salt=salt, value=value)


class PersonalStore:
    """The openings of one ledger in the file at `path`, mode 0600; made only where `create` says so.

    Raises StoreMissing where there is no file, StoreForeign for another program's or another ledger's.
    """

    def __init__(
        self, path: Path, *, ledger_id: bytes, create: bool = False, lock_timeout_ms: int = 5_000
    ) -> None:
        self.path = path
        if create:
            _make_file(path)
        elif not path.is_file():
            raise StoreMissing(
                f"there is no personal data at {path}", hint="add some with: voucherd personal add"
            )
        with translated():
            self._connection = connect(path, mode="rw", lock_timeout_ms=lock_timeout_ms)
            try:
                _configure(self._connection)
                with self._transaction():
                    self._claim(ledger_id)
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def add(self, opening: Opening, *, after_version: int = 0) -> bool:
        """Keep an opening durably under its subject's key; False if it is there already.

        `after_version` is how many events the subject's stream has now (see `newest_version`). Raises
        UsageError if the commitment is another subject's.
        """
        with translated(), self._transaction() as connection:
            connection.execute(_INSERT_KEY, (opening.subject_id, secrets.token_bytes(KEY_SIZE)))
            held = connection.execute(
                "SELECT subject_id FROM openings WHERE commitment = ?", (opening.commitment,)
            ).fetchone()
            if held is not None:
                if held["subject_id"] != opening.subject_id:
                    raise UsageError(
                        f"commitment {opening.commitment.hex()} belongs to another subject",
                        hint="commit again with a new salt",
                    )
                return False
            key = connection.execute(
                "SELECT key FROM subject_keys WHERE subject_id = ?", (opening.subject_id,)
            ).fetchone()["key"]
            nonce = secrets.token_bytes(NONCE_SIZE)
            bound = (opening.subject_id, opening.label, opening.commitment)
            sealed = AESGCM(key).encrypt(nonce, opening.salt + opening.value, _bound_to(*bound))
            row = (opening.commitment, opening.subject_id, opening.label, after_version, nonce, sealed)
            connection.execute(_INSERT_OPENING, row)
        return True

    def subjects(self) -> dict[bytes, int]:
        """The number of openings of each subject, in the order of their ids."""
        statement = "SELECT subject_id, count(*) AS n FROM openings GROUP BY subject_id ORDER BY subject_id"
        with translated():
            return {row["subject_id"]: row["n"] for row in self._connection.execute(statement)}

    def openings(self, subject_id: bytes | None = None) -> list[Opening]:
        """The openings of one subject or of all, decrypted, each checked against its commitment.

        Raises StoreDamaged, naming the commitment, for one that does not decrypt or open.
        """
        where, values = ("", ()) if subject_id is None else ("WHERE subject_id = ? ", (subject_id,))
        with translated():
            rows = self._connection.execute(_SELECT + where + _ORDER, values).fetchall()
        return [_decrypted(row) for row in rows]

    def newest_version(self, subject_id: bytes) -> int:
        """The largest `after_version` of a subject's openings, 0 without any.

        An erasure that stands in the stream behind it was decided when all of them were there.
        """
        statement = "SELECT coalesce(max(after_version), 0) AS n FROM openings WHERE subject_id = ?"
        with translated():
            return int(self._connection.execute(statement, (subject_id,)).fetchone()["n"])

    def erase(self, subject_id: bytes) -> int:
        """Destroy a subject's key and rows, overwritten in the file; how many openings there were.

        Copies elsewhere (backups, exports, what the file system keeps) are not reached.
        """
        with translated(), self._transaction() as connection:
            count = connection.execute("DELETE FROM openings WHERE subject_id = ?", (subject_id,)).rowcount
            connection.execute("DELETE FROM subject_keys WHERE subject_id = ?", (subject_id,))
        return count

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; the write lock is taken first, so that what is read stays true."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")

    def _claim(self, ledger_id: bytes) -> None:
        """Make the tables in an empty file; refuse a file of something else."""
        rows = self._connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        names = {str(row["name"]) for row in rows}
        if not names:
            for statement in _CREATE:
                self._connection.execute(statement)
            self._connection.execute("INSERT INTO personal_info VALUES (1, ?)", (ledger_id,))
        elif names != _TABLES:
            raise StoreForeign(f"{self.path} holds something else than personal data")
        row = self._connection.execute("SELECT ledger_id FROM personal_info").fetchone()
        if row is None or row["ledger_id"] != ledger_id:
            raise StoreForeign(
                f"{self.path} holds the personal data of another ledger", hint="give that ledger's --dir"
            )


def _make_file(path: Path) -> None:
    """An empty file for its owner alone, unless there is one: SQLite would make it readable for others."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be made: {error.strerror}", hint="check the folder") from error


def _configure(connection: sqlite3.Connection) -> None:
    """Durable commits, and deleted bytes overwritten.

    A write-ahead log would keep old pages until it is copied back, so the journal is the rollback journal,
    which is removed with each commit.
    """
    for statement in (
        "PRAGMA journal_mode = DELETE",
        "PRAGMA synchronous = EXTRA",
        "PRAGMA secure_delete = ON",
        "PRAGMA foreign_keys = ON",
        "PRAGMA temp_store = MEMORY",
    ):
        connection.execute(statement).fetchall()
    (overwrites,) = connection.execute("PRAGMA secure_delete").fetchone()
    if overwrites != 1:
        raise StoreUnavailable("this SQLite cannot overwrite what it deletes", hint="use another build of it")


def _bound_to(subject_id: bytes, label: str, committed: bytes) -> bytes:
    """What a ciphertext is valid for, so that no row can take another one's place."""
    return b"\x00".join((_PURPOSE, subject_id + committed, label.encode()))


def _decrypted(row: sqlite3.Row) -> Opening:
    subject_id, label, committed, nonce, sealed, key = row
    try:
        plain = AESGCM(key).decrypt(nonce, sealed, _bound_to(subject_id, label, committed))
        salt, value = plain[:SALT_SIZE], plain[SALT_SIZE:]
        open_commitment(committed, salt=salt, label=label, value=value)
    except (InvalidTag, TypeError, ValueError, MalformedError, VerificationError) as error:
        raise StoreDamaged(
            f"the opening of commitment {committed.hex()} does not decrypt",
            hint="restore the file from a backup that is not older than the last erasure",
        ) from error
    return Opening(subject_id=subject_id, label=label, commitment=committed, salt=salt, value=value)
