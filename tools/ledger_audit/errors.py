"""The auditor's expected failures beside findings.

A finding is the result of an audit and no exception; these are raised where no result can be.
"""

from __future__ import annotations

from ledger.errors import ExitCode, LedgerError, VerificationError


class CouldNotCheckError(LedgerError):
    """Something that the check needs is absent or cannot be read."""

    exit_code = ExitCode.COULD_NOT_CHECK


class BrokenBundleError(VerificationError):
    """An entry bundle is present but does not hold exactly its entries."""

    def __init__(self, summary: str, *, start: int, width: int, entries: list[bytes]) -> None:
        super().__init__(summary)
        self.start = start
        self.width = width
        self.entries = entries
        """What could be read of it; from some entry on, these are not the right bytes."""


class AbsentError(CouldNotCheckError):
    """The source answered, and does not have it."""
