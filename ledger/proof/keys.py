"""The key id by which events and signed payloads name a key.

It must not look keys up nor decide what a key may do.
"""

from __future__ import annotations

from hashlib import sha256

from ledger.errors import MalformedError
from ledger.proof.signing import algorithm_named


def key_id(algorithm: str, public_key: bytes) -> bytes:
    """SHA-256(algorithm name in ASCII || public key), 32 bytes.

    Raises MalformedError for an unregistered algorithm or a key of another length than its.
    """
    if len(public_key) != algorithm_named(algorithm).public_key_size:
        raise MalformedError("the public key's length does not fit its algorithm")
    return sha256(algorithm.encode("ascii") + public_key).digest()
