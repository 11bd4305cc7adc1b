"""The one base error of the library and how it is shown to a person.

Every expected failure is a `LedgerError` that knows its exit code and says what to do next.
A refusal by a rule is a value (`ledger.domain.rejections`), a finding is the result of an
audit; neither is an exception. This module imports nothing of the project.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Process exit codes, fixed for scripts (docs/reference/exit-codes.md)."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    FINDINGS = 3
    DENIED = 4
    COULD_NOT_CHECK = 5
    REFUSED = 6
    UNAVAILABLE = 7
    INTERRUPTED = 130


class LedgerError(Exception):
    """An expected failure: `summary` says what is wrong, `hint` what to do next.

    Neither text may carry a secret, a private key or personal data, because both are shown to
    people and written to logs.
    """

    exit_code: ExitCode = ExitCode.INTERNAL

    def __init__(self, summary: str, *, hint: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint

    def diagnostics(self) -> str:
        """The summary and, where one is known, the next step, as lines for a terminal."""
        return f"{self.summary}\n  {self.hint}" if self.hint else self.summary


class UsageError(LedgerError):
    """The caller's input (a file, a flag, a value) is malformed."""

    exit_code = ExitCode.USAGE


class MalformedError(UsageError):
    """Bytes that do not parse under the strict grammar that they claim to follow."""


class VerificationError(LedgerError):
    """Bytes that parse but do not verify: a hash, a proof or a signature is wrong."""

    exit_code = ExitCode.FINDINGS
