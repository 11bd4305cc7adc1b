"""The Merkle tree of RFC 6962: building proofs from stored nodes and verifying them.

It must not store anything: nodes come through a callback, and growing a tree is `frontier`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from ledger.errors import MalformedError, VerificationError
from ledger.proof.frontier import Frontier
from ledger.proof.hashing import EMPTY_ROOT, HASH_SIZE, NODE_PREFIX, node_hash

__all__ = [
    "MAX_PROOF_HASHES",
    "Frontier",
    "ReadNode",
    "consistency_proof",
    "inclusion_proof",
    "root_from_nodes",
    "tree_root_of_tile",
    "verify_consistency",
    "verify_inclusion",
]

MAX_PROOF_HASHES = 65
ReadNode = Callable[[int, int], bytes]
"""`read_node(level, index)`: the hash of the complete subtree over 2**level leaves from index * 2**level."""


def tree_root_of_tile(hashes: Sequence[bytes]) -> bytes:
    """The root over a complete subtree: 1, 2, 4 … hashes of one level, each of 32 bytes.

    Raises ValueError for a length that is no power of two (RFC 6962 section 2.1).
    """
    count = len(hashes)
    if count == 0 or count & (count - 1):
        raise ValueError("a complete subtree has a power of two of hashes")
    row = hashes
    while len(row) > 1:
        row = [
            sha256(NODE_PREFIX + left + right).digest()
            for left, right in zip(row[::2], row[1::2], strict=True)
        ]
    return row[0]


def root_from_nodes(size: int, read_node: ReadNode) -> bytes:
    """The root of the tree of `size` leaves, read from its complete subtrees (RFC 6962 section 2.1)."""
    return _range_root(0, size, read_node) if size else EMPTY_ROOT


def inclusion_proof(*, index: int, size: int, read_node: ReadNode) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root at `size`, leaf's sibling first.

    Raises ValueError unless 0 <= index < size (RFC 6962 section 2.1.1).
    """
    if not 0 <= index < size:
        raise ValueError("the leaf index is outside the tree")
    proof = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_range_root(middle, end, read_node))
            end = middle
        else:
            proof.append(_range_root(start, middle, read_node))
            start = middle
    proof.reverse()
    return proof


def consistency_proof(*, size1: int, size2: int, read_node: ReadNode) -> list[bytes]:
    """The hashes that show the tree of `size1` to be a prefix of the tree of `size2`.

    Empty for equal sizes. Raises ValueError unless 0 < size1 <= size2 (RFC 6962 section 2.1.2).
    """
    if not 0 < size1 <= size2:
        raise ValueError("the first tree size is zero or above the second")
    proof = []
    start, end = 0, size2
    while end != size1:
        middle = start + _split(end - start)
        if size1 <= middle:
            proof.append(_range_root(middle, end, read_node))
            end = middle
        else:
            proof.append(_range_root(start, middle, read_node))
            start = middle
    if start:
        proof.append(_range_root(start, end, read_node))
    proof.reverse()
    return proof


def verify_inclusion(
    *, index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes
) -> bytes:
    """The leaf hash, once the proof shows it at `index` of the tree with `size` and `root`.

    Raises MalformedError for a hash that is not 32 bytes or a proof that is too long,
    VerificationError if the proof does not lead to the root (RFC 9162 section 2.1.3.2).
    """
    _check_hashes(leaf_hash, root, *proof)
    if not 0 <= index < size:
        raise VerificationError(f"leaf index {index} is outside the tree of size {size}")
    node, last = index, size - 1
    computed = leaf_hash
    for sibling in proof:
        if last == 0:
            raise VerificationError("the inclusion proof is too long")
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise VerificationError("the inclusion proof is too short")
    if computed != root:
        raise VerificationError(f"the inclusion proof of leaf {index} does not lead to the root")
    return leaf_hash


def verify_consistency(
    *, size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]
) -> bytes:
    """The second root, once the proof shows that its tree extends the first.

    An empty first tree proves nothing and is refused. Raises MalformedError for a hash that is
    not 32 bytes or a proof that is too long, VerificationError otherwise (RFC 9162 section 2.1.4.2).
    """
    _check_hashes(root1, root2, *proof)
    if not 0 < size1 <= size2:
        raise VerificationError(f"no consistency can be shown from size {size1} to size {size2}")
    if size1 == size2:
        if proof or root1 != root2:
            raise VerificationError(f"two trees of size {size1} differ, or their proof is not empty")
        return root2
    path = [root1, *proof] if size1 & (size1 - 1) == 0 else list(proof)
    if not path:
        raise VerificationError("the consistency proof is empty")
    node, last = size1 - 1, size2 - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise VerificationError("the consistency proof is too long")
        if node & 1 or node == last:
            first = node_hash(sibling, first)
            second = node_hash(sibling, second)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise VerificationError("the consistency proof is too short")
    if first != root1 or second != root2:
        raise VerificationError(f"the tree of size {size2} does not extend the tree of size {size1}")
    return root2


def _split(length: int) -> int:
    """The largest power of two below `length` (RFC 6962 section 2.1)."""
    return 1 << (length - 1).bit_length() - 1


def _range_root(start: int, end: int, read_node: ReadNode) -> bytes:
    """The root over leaves [start, end), where `start` is aligned to the range's largest subtree."""
    length = end - start
    nodes = []
    position = start
    for level in range(length.bit_length() - 1, -1, -1):
        if length >> level & 1:
            nodes.append(read_node(level, position >> level))
            position += 1 << level
    root = nodes.pop()
    while nodes:
        root = node_hash(nodes.pop(), root)
    return root


def _check_hashes(*hashes: bytes) -> None:
    if len(hashes) > MAX_PROOF_HASHES + 2:
        raise MalformedError("the proof has too many hashes")
    if any(len(value) != HASH_SIZE for value in hashes):
        raise MalformedError(f"a hash is not {HASH_SIZE} bytes")
