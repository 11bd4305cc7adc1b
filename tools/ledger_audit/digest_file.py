"""The digests that an auditor computed, in a file, to be compared with those of another auditor."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ledger.errors import MalformedError, UsageError
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.strict_json import object_once

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "voucher-ledger/digests/1"
MAX_BYTES = 1 << 28
_FIELDS = frozenset({"format", "genesis_leaf_hash", "tree_size", "digests"})
_PAIR = 2


@dataclass(frozen=True, slots=True)
class DigestFile:
    """What one auditor computed of one log: (leaf index, digest) in ascending order."""

    genesis_leaf_hash: bytes
    tree_size: int
    digests: tuple[tuple[int, bytes], ...]

    def save(self, path: Path) -> None:
        """Write the file whole or not at all."""
        value = {
            "format": FORMAT,
            "genesis_leaf_hash": self.genesis_leaf_hash.hex(),
            "tree_size": self.tree_size,
            "digests": [[index, digest.hex()] for index, digest in self.digests],
        }
        new = path.with_name(path.name + ".new")
        try:
            new.write_text(json.dumps(value) + "\n", encoding="utf-8")
            new.replace(path)
        except OSError as error:
            raise CouldNotCheckError(f"the digests could not be written: {error.strerror}") from None

    @classmethod
    def load(cls, path: Path) -> DigestFile:
        """The file at `path`; UsageError if it cannot be read, MalformedError if it is none."""
        try:
            if path.stat().st_size > MAX_BYTES:
                raise MalformedError(f"{path.name} is too large for a file of digests")
            return cls.parse(path.read_bytes())
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from None

    @classmethod
    def parse(cls, data: bytes) -> DigestFile:
        """The content of such a file, or MalformedError."""
        try:
            value = json.loads(data.decode("utf-8"), object_pairs_hook=object_once)
        except (ValueError, RecursionError):
            raise MalformedError("the file of digests is not JSON") from None
        if not isinstance(value, dict) or set(value) != _FIELDS or value["format"] != FORMAT:
            raise MalformedError(f"a file of digests has the fields {', '.join(sorted(_FIELDS))}")
        size, digests = value["tree_size"], value["digests"]
        if type(size) is not int or size < 0 or not isinstance(digests, list):
            raise MalformedError("the file of digests has no size or no list of digests")
        read = tuple(_digest(item) for item in digests)
        if any(before[0] >= after[0] for before, after in pairwise(read)):
            raise MalformedError("the digests do not ascend")
        return cls(_hash(value["genesis_leaf_hash"]), size, read)


def _digest(item: Any) -> tuple[int, bytes]:
    if not isinstance(item, list) or len(item) != _PAIR or type(item[0]) is not int or item[0] < 0:
        raise MalformedError("a digest is a list of leaf index and hash")
    return item[0], _hash(item[1])


def _hash(value: object) -> bytes:
    if not isinstance(value, str) or len(value) != 64 or set(value) - set("0123456789abcdef"):  # noqa: PLR2004
        raise MalformedError("a hash is 64 lower-case hexadecimal digits")
    return bytes.fromhex(value)
