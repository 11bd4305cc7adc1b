"""What can go wrong between the ledger and its stores, as errors that say what to do next.

An error names the certainty that it leaves: after `HeadMoved` and `StoreBusy` nothing was written, after
`CommitUnknown` only a fresh reading of the head can tell. A clash of (stream, version) or of a request id
is the library's `IntegrityError`. This module must not import a database driver.
"""

from __future__ import annotations

from ledger.errors import ExitCode, LedgerError


class StoreError(LedgerError):
    """The base of every error of a store."""


class HeadMoved(StoreError):
    """Another writer appended first; nothing of this batch was written and its plan is void."""

    exit_code = ExitCode.UNAVAILABLE


class CommitUnknown(StoreError):
    """The commit failed in a way that leaves its outcome open; re-read the head before anything else."""

    exit_code = ExitCode.UNAVAILABLE


class StoreBusy(StoreError):
    """A lock or a connection was not free in time; nothing was written."""

    exit_code = ExitCode.UNAVAILABLE


class StoreClaimed(StoreError):
    """Another server writes to this store."""

    exit_code = ExitCode.UNAVAILABLE


class StoreUnavailable(StoreError):
    """The store cannot be reached, read or written now: a full disk, an I/O error, a missing right."""

    exit_code = ExitCode.UNAVAILABLE


class StoreMissing(StoreError):
    """There is no store at this place, and this command may not make one."""

    exit_code = ExitCode.COULD_NOT_CHECK


class StoreForeign(StoreError):
    """What is stored here is something else: another program's, another ledger's or another schema's."""

    exit_code = ExitCode.USAGE


class StoreDamaged(StoreError):
    """The stored rows contradict one another; the summary names the object or the index."""

    exit_code = ExitCode.FINDINGS


class TileConflict(StoreDamaged):
    """A full tile was about to be replaced by other bytes; nothing was written."""


class LockMoved(StoreError):
    """The locked checkpoint is not the expected one: another checkpointer signed, this one must stop."""

    exit_code = ExitCode.UNAVAILABLE


class LockRegression(StoreError):
    """The new checkpoint would go back, or would be a second tree of the same size; nothing was written."""

    exit_code = ExitCode.FINDINGS


class LockExists(StoreError):
    """A locked checkpoint exists already; it is made once in the life of an epoch."""

    exit_code = ExitCode.USAGE


class UnknownRecordType(StoreError):
    """A stored record has a type that this release does not know; reading on would skip it."""

    exit_code = ExitCode.COULD_NOT_CHECK
