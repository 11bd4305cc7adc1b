"""What the makers of vectors share: a case, and keys that everybody can make again."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from ledger.proof.ed25519 import Signer

Case = dict[str, Any]
VALID, INVALID = "valid", "invalid"


def case(comment: str, *flags: str, result: str = VALID, **fields: object) -> Case:
    """One case: what it is, what it is about, whether a reader accepts it, and its fields (bytes as hex)."""
    shown = {name: _plain(value) for name, value in fields.items()}
    return {"comment": comment, "flags": list(flags), "result": result, **shown}


def signer(name: str) -> Signer:
    """The test key of a name: its seed is SHA-256 of a text that these vectors publish."""
    return Signer.from_seed(sha256(b"voucher-ledger/vectors/" + name.encode()).digest())


def digest(name: str, size: int = 32) -> bytes:
    """Bytes that mean nothing but are the same each time."""
    return sha256(name.encode()).digest()[:size]


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
