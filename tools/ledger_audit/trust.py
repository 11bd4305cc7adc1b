"""What the auditor trusts: a trust file, or the log key alone.

It must not read anything from the log into trust.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import MalformedError, UsageError
from ledger.proof.note import Ed25519NoteVerifier
from ledger_audit.strict_json import object_once

if TYPE_CHECKING:
    from pathlib import Path

_FIELDS = frozenset({"ledger_id", "genesis_leaf_hash", "origins", "policy"})


@dataclass(frozen=True, slots=True)
class Trust:
    """Keys by origin, and with a trust file the ledger id and genesis leaf hash; else None."""

    vkeys: tuple[tuple[str, str], ...]
    ledger_id: bytes | None = None
    genesis_leaf_hash: bytes | None = None
    policy: str = ""

    def verifier(self, origin: str) -> Ed25519NoteVerifier | None:
        """The verifier of the origin's checkpoints, None where the origin is not trusted."""
        for name, vkey in self.vkeys:
            if name == origin:
                return Ed25519NoteVerifier.parse(vkey)
        return None

    @classmethod
    def from_log_key(cls, vkey: str) -> Trust:
        """Trust in one log key, whose name is the origin. Raises MalformedError for another text."""
        return cls(((Ed25519NoteVerifier.parse(vkey.strip()).name, vkey.strip()),))

    @classmethod
    def parse(cls, data: bytes) -> Trust:
        """The trust file's content (docs/reference/format.md, section 5); MalformedError otherwise."""
        try:
            value = json.loads(data.decode("utf-8"), object_pairs_hook=object_once)
        except (UnicodeDecodeError, json.JSONDecodeError):
            raise MalformedError("the trust file is not JSON") from None
        if not isinstance(value, dict) or set(value) != _FIELDS:
            raise MalformedError(f"a trust file has exactly the fields {', '.join(sorted(_FIELDS))}")
        origins, policy = value["origins"], value["policy"]
        if not isinstance(origins, dict) or not origins or not isinstance(policy, str):
            raise MalformedError("the trust file names no origins, or its policy is no text")
        for origin, vkey in origins.items():
            if not isinstance(vkey, str) or Ed25519NoteVerifier.parse(vkey).name != origin:
                raise MalformedError("the trust file has a verifier key of another origin")
        return cls(
            tuple(sorted(origins.items())),
            _hex(value["ledger_id"], 16),
            _hex(value["genesis_leaf_hash"], 32),
            policy,
        )

    @classmethod
    def load(cls, path: Path) -> Trust:
        """The trust file at `path`; UsageError if it cannot be read."""
        try:
            return cls.parse(path.read_bytes())
        except OSError as error:
            raise UsageError(f"cannot read the trust file: {error.strerror}") from None


def _hex(value: object, size: int) -> bytes:
    if not isinstance(value, str) or len(value) != 2 * size or set(value) - set("0123456789abcdef"):
        raise MalformedError(f"the trust file has something else than {size} bytes in lower-case hexadecimal")
    return bytes.fromhex(value)
