"""Reading files that somebody else may have put there, and replacing the auditor's own.

What is read at once has a limit, and what is no regular file is not read: a named pipe would be waited for
for ever, and a device never ends.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from ledger_audit.errors import AbsentError, CouldNotCheckError

if TYPE_CHECKING:
    from pathlib import Path


def read_file(path: Path, *, limit: int, name: str = "", hint: str = "") -> bytes:
    """The content of a file, or of a longer one the first `limit` + 1 bytes.

    Raises AbsentError where there is none, CouldNotCheckError where it cannot be read; both call it `name`.
    """
    name = name or path.name
    try:
        # Without O_NONBLOCK opening a named pipe waits for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise AbsentError(f"there is no {name}", hint=hint) from None
    except OSError as error:
        raise CouldNotCheckError(f"cannot read {name}: {error.strerror}", hint=hint) from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise CouldNotCheckError(f"cannot read {name}: it is no file", hint=hint)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(min(found.st_size, limit) + 1)
    except OSError as error:
        raise CouldNotCheckError(f"cannot read {name}: {error.strerror}", hint=hint) from None
    finally:
        os.close(descriptor)


def write_file(path: Path, data: bytes) -> None:
    """Put a file in place at once, durably, whatever was there; its folder is made. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
