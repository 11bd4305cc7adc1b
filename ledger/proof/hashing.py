"""The hashes of the Merkle tree, with the domain separation of RFC 6962.

It must not know the tree's shape (`merkle`) nor what the hashed bytes mean.
"""

from __future__ import annotations

from hashlib import sha256

HASH_SIZE = 32
LEAF_PREFIX = b"\x00"
NODE_PREFIX = b"\x01"
EMPTY_ROOT = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data): the hash of an entry, also its link in the chain (RFC 6962 section 2.1)."""
    return sha256(LEAF_PREFIX + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right) of two 32-byte hashes (RFC 6962 section 2.1)."""
    return sha256(NODE_PREFIX + left + right).digest()
