"""What the auditor remembers of each log: the newest checkpoint that it verified, and its leaf hashes.

One folder a log, named by the SHA-256 of its origin, and in it one for each log key. A log that is shorter
than what is remembered is an older copy where its leaves are the same, else a fork. Nothing in here is ever
taken from a log that did not verify.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.errors import LedgerError
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.hashing import EMPTY_ROOT, HASH_SIZE
from ledger.proof.note import MAX_NOTE_SIZE, Ed25519NoteVerifier, Note
from ledger_audit.errors import AbsentError, CouldNotCheckError
from ledger_audit.files import read_file, write_file
from ledger_audit.leaf_hashes import LeafHashes, first_difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ledger_audit.findings import Findings
    from ledger_audit.report import Outcomes

CHECK = "checkpoint_remembered"
NOTE, LEAF_HASHES = "checkpoint", "leaf-hashes"
_KEY_DIGITS = 16
_CONFLICT_DIGITS = 16


@dataclass(slots=True)
class Told:
    """What is to be said to a person beside the findings, and the files in which evidence is kept."""

    notes: list[str] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)


class Remembered:
    """The state directory of an auditor; nothing is made in it before something is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def recall(self, origin: str, verifier: Ed25519NoteVerifier) -> Recollection:
        """What is remembered of a log. Raises CouldNotCheckError for what is there and cannot be read."""
        folder = self._folder / sha256(origin.encode()).hexdigest()
        key = sha256(verifier.vkey.public_key).hexdigest()[:_KEY_DIGITS]
        return Recollection.load(folder / key, origin)


class Recollection:
    """The newest verified checkpoint of one log under one key, if there is one."""

    def __init__(self, folder: Path, origin: str, note: bytes) -> None:
        self.folder = folder
        self.origin = origin
        self.note = note
        self.head: Checkpoint | None = Checkpoint.parse(Note.parse(note).text) if note else None

    @classmethod
    def load(cls, folder: Path, origin: str) -> Recollection:
        """What the folder holds; CouldNotCheckError for what is not what was kept."""
        try:
            note = read_file(
                folder / NOTE, limit=MAX_NOTE_SIZE, name=f"the remembered checkpoint in {folder}"
            )
        except AbsentError:
            note = b""
        try:
            return cls(folder, origin, note)
        except LedgerError as error:
            raise CouldNotCheckError(
                f"the remembered checkpoint in {folder} is damaged: {error.summary}",
                hint="If you can explain that, remove the folder; the next audit begins anew.",
            ) from None

    @property
    def size(self) -> int:
        """Its tree size; 0 where nothing is remembered."""
        return self.head.size if self.head is not None else 0

    @property
    def root(self) -> bytes:
        """Its root."""
        return self.head.root if self.head is not None else EMPTY_ROOT

    def judge(
        self,
        head: Checkpoint,
        note: bytes,
        *,
        roots: Mapping[int, bytes],
        seen: LeafHashes,
        complete: bool,
        findings: Findings,
        outcomes: Outcomes,
    ) -> Told:
        """Compare a log, whose leaf hashes were just computed, with what is remembered of it."""
        told = Told()
        if self.head is None:
            self._first(told)
            return told
        root = roots.get(self.head.size)
        if self.head.size > head.size:
            self._compare_shorter(head, note, seen, complete, findings, outcomes, told)
        elif self.head.size and root is None:
            outcomes.skip("entries are missing", CHECK)
        elif self.head.size and root != self.head.root:
            index = self._first_difference(seen, self.head.size)
            self._conflict(
                index, f"{root.hex() if root else ''} at size {self.head.size}", note, findings, told
            )
        return told

    def keep(self, head: Checkpoint, note: bytes, seen: LeafHashes) -> str:
        """Remember a verified checkpoint in place of an older one; what is to be said of that.

        Raises CouldNotCheckError where it cannot be written.
        """
        if head.size < self.size or note == self.note:
            return ""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with _locked(self.folder):
                if Recollection.load(self.folder, self.origin).note != self.note:
                    return "another audit of this log ended meanwhile: what that one saw is remembered"
                self._extend(head.size, seen)
                write_file(self.folder / NOTE, note)
        except OSError as error:
            raise CouldNotCheckError(
                f"the checkpoint could not be kept in {self.folder}: {error.strerror}",
                hint="See --state and --no-state.",
            ) from None
        return ""

    def _first(self, told: Told) -> None:
        told.notes.append(
            f"this is the first audit of {self.origin} here: there is nothing to compare it with"
        )
        try:
            others = any(path.is_dir() for path in self.folder.parent.iterdir())
        except OSError:
            others = False
        if others:
            told.notes.append(f"{self.origin} was audited here before, but under another log key")

    def _compare_shorter(
        self,
        head: Checkpoint,
        note: bytes,
        seen: LeafHashes,
        complete: bool,
        findings: Findings,
        outcomes: Outcomes,
        told: Told,
    ) -> None:
        """The log is shorter than what is remembered: an older copy of the same leaves, or a fork."""
        if not complete:
            outcomes.skip("entries are missing", CHECK)
            return
        with self._hashes() as kept:
            if kept is None or kept.root(self.size) != self.root:
                outcomes.skip(
                    f"the log has {head.size} events, the last audit saw {self.size} and kept no hashes",
                    CHECK,
                )
                return
            index = first_difference(seen, kept, stop=head.size)
        if index is None:
            told.notes.append(
                f"an older copy: the first {head.size} of the {self.size} events that the last audit saw"
            )
            return
        self._conflict(index, f"{head.root.hex()} at size {head.size}", note, findings, told)

    def _first_difference(self, seen: LeafHashes, size: int) -> int | None:
        with self._hashes() as kept:
            whole = kept is not None and kept.root(size) == self.root
            return first_difference(seen, kept, stop=size) if kept is not None and whole else None

    def _conflict(self, index: int | None, actual: str, note: bytes, findings: Findings, told: Told) -> None:
        """Another history than the remembered one: keep both notes side by side."""
        if self.head is None:
            return
        findings.add(CHECK, index, f"{self.head.root.hex()} at size {self.head.size}", actual)
        folder = self.folder / f"conflict-{sha256(note).hexdigest()[:_CONFLICT_DIGITS]}"
        paths = [folder / "remembered", folder / "found"]
        try:
            for path, data in zip(paths, (self.note, note), strict=True):
                write_file(path, data)
        except OSError as error:
            told.notes.append(f"the two checkpoints could not be kept in {folder}: {error.strerror}")
            return
        told.kept += paths
        told.notes.append(
            f"the two checkpoints that contradict each other are kept: {paths[0]} and {paths[1]}"
        )

    @contextmanager
    def _hashes(self) -> Iterator[LeafHashes | None]:
        """The leaf hashes below the remembered checkpoint, None where there are none."""
        try:
            descriptor = os.open(self.folder / LEAF_HASHES, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            yield None
            return
        with LeafHashes(descriptor) as kept:
            yield kept

    def _extend(self, size: int, seen: LeafHashes) -> None:
        """Bring the kept leaf hashes to that size; what a crash left behind the checkpoint is overwritten."""
        descriptor = os.open(self.folder / LEAF_HASHES, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            known = self.size if os.fstat(descriptor).st_size >= self.size * HASH_SIZE else 0
            offset = known * HASH_SIZE
            for piece in seen.pieces(known, size):
                os.pwrite(descriptor, piece, offset)
                offset += len(piece)
            os.ftruncate(descriptor, offset)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Wait until no other audit writes in the folder."""
    with (folder / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
