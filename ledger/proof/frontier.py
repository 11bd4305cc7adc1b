"""The frontier of a growing RFC 6962 tree: the roots of its complete subtrees, and no more.

With it a tree is extended and its root computed in memory logarithmic in its size. It must not
keep leaves, and it makes no proofs (`merkle`).
"""

from __future__ import annotations

from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING

from ledger.errors import MalformedError
from ledger.proof.hashing import EMPTY_ROOT, HASH_SIZE, NODE_PREFIX, node_hash

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIZE_BYTES = 8
_BLOCK = 4096


class Frontier:
    """A tree that only grows: append leaf hashes, read `size` and `root()`."""

    __slots__ = ("_nodes", "_size")

    def __init__(self) -> None:
        self._size = 0
        self._nodes: dict[int, bytes] = {}

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    def append(self, leaf_hash: bytes) -> None:
        """Add one 32-byte leaf hash, or raise ValueError (RFC 6962 section 2.1)."""
        if len(leaf_hash) != HASH_SIZE:
            raise ValueError(f"a leaf hash is not {HASH_SIZE} bytes")
        node = leaf_hash
        level = 0
        while self._size >> level & 1:
            node = node_hash(self._nodes.pop(level), node)
            level += 1
        self._nodes[level] = node
        self._size += 1

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add many 32-byte leaf hashes in order; the same tree as one `append` each, but faster.

        Raises ValueError at a hash of another length; the blocks before it stay added.
        """
        hashes = iter(leaf_hashes)
        while block := list(islice(hashes, _BLOCK)):
            self._extend_block(block)

    def root(self) -> bytes:
        """The root of the tree at its present size (RFC 6962 section 2.1)."""
        levels = sorted(self._nodes)
        if not levels:
            return EMPTY_ROOT
        root = self._nodes[levels[0]]
        for level in levels[1:]:
            root = node_hash(self._nodes[level], root)
        return root

    def copy(self) -> Frontier:
        """An independent frontier of the same tree."""
        twin = Frontier()
        twin._size = self._size
        twin._nodes = dict(self._nodes)
        return twin

    def to_bytes(self) -> bytes:
        """Size as 8 bytes little-endian, then the complete subtrees' hashes, largest first."""
        nodes = (self._nodes[level] for level in sorted(self._nodes, reverse=True))
        return self._size.to_bytes(_SIZE_BYTES, "little") + b"".join(nodes)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """The frontier that `to_bytes` wrote, or MalformedError for any other length."""
        size = int.from_bytes(data[:_SIZE_BYTES], "little")
        if len(data) != _SIZE_BYTES + HASH_SIZE * size.bit_count():
            raise MalformedError("the frontier's length does not fit its size")
        frontier = cls()
        frontier._size = size
        levels = [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]
        for position, level in enumerate(levels):
            offset = _SIZE_BYTES + HASH_SIZE * position
            frontier._nodes[level] = data[offset : offset + HASH_SIZE]
        return frontier

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Frontier):
            return NotImplemented
        return self._size == other._size and self._nodes == other._nodes

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Frontier(size={self._size}, root={self.root().hex()})"

    def _extend_block(self, row: list[bytes]) -> None:
        """Pair the new nodes level by level, joining each level's waiting node to its left."""
        if any(length != HASH_SIZE for length in set(map(len, row))):
            raise ValueError(f"a leaf hash is not {HASH_SIZE} bytes")
        count = len(row)
        level = 0
        while row:
            waiting = self._nodes.pop(level, None)
            if waiting is not None:
                row.insert(0, waiting)
            if len(row) & 1:
                self._nodes[level] = row.pop()
            pairs = iter(row)
            row = [
                sha256(NODE_PREFIX + left + right).digest() for left, right in zip(pairs, pairs, strict=True)
            ]
            level += 1
        self._size += count
