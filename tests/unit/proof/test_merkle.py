"""The tree against the definition of RFC 6962 section 2.1, written out naively here."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import MalformedError, VerificationError
from ledger.proof.frontier import Frontier
from ledger.proof.hashing import EMPTY_ROOT, leaf_hash, node_hash
from ledger.proof.merkle import (
    consistency_proof,
    inclusion_proof,
    root_from_nodes,
    tree_root_of_tile,
    verify_consistency,
    verify_inclusion,
)


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, over leaf hashes."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else sha256(b"").digest()
    k = naive_split(len(leaves))
    return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_split(count: int) -> int:
    """The largest power of two below `count`."""
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) <= 1:
        return []
    k = naive_split(len(leaves))
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(size: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if size == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = naive_split(len(leaves))
    if size <= k:
        return [*naive_subproof(size, leaves[:k], whole=whole), naive_root(leaves[k:])]
    return [*naive_subproof(size - k, leaves[k:], whole=False), naive_root(leaves[:k])]


def leaves_of(count: int) -> list[bytes]:
    """Distinct leaf hashes."""
    return [leaf_hash(b"%d" % number) for number in range(count)]


class Nodes:
    """A `ReadNode` over the naive definition."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves

    def __call__(self, level: int, index: int) -> bytes:
        """The root over the subtree's leaves."""
        part = self.leaves[index << level : (index + 1) << level]
        assert len(part) == 1 << level
        return naive_root(part)


def test_known_answers() -> None:
    """The prefixes and the empty root of RFC 6962 section 2.1."""
    assert sha256(b"").digest() == EMPTY_ROOT
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert node_hash(leaf_hash(b""), leaf_hash(b"\0")).hex() == (
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    )


@pytest.mark.parametrize("size", range(35))
def test_every_proof_of_every_small_tree(size: int) -> None:
    """Roots and proofs are those of the definition, and verify."""
    leaves = leaves_of(size)
    root, nodes = naive_root(leaves), Nodes(leaves)
    assert root_from_nodes(size, nodes) == root
    for index in range(size):
        proof = inclusion_proof(index=index, size=size, read_node=nodes)
        assert proof == naive_path(index, leaves)
        assert (
            verify_inclusion(index=index, size=size, leaf_hash=leaves[index], proof=proof, root=root)
            == leaves[index]
        )
    for size1 in range(1, size + 1):
        proof = consistency_proof(size1=size1, size2=size, read_node=nodes)
        assert proof == naive_subproof(size1, leaves, whole=True)
        assert (
            verify_consistency(
                size1=size1, size2=size, root1=naive_root(leaves[:size1]), root2=root, proof=proof
            )
            == root
        )


@given(st.lists(st.integers(0, 700), max_size=6), st.booleans())
@settings(deadline=None, max_examples=50)
def test_frontier_does_not_depend_on_how_it_grew(steps: list[int], through_bytes: bool) -> None:
    """Any mixture of append, extend and serialisation gives the tree of the definition."""
    leaves = leaves_of(sum(steps))
    grown, single = Frontier(), Frontier()
    position = 0
    for step in steps:
        before = grown.copy()
        grown.extend(iter(leaves[position : position + step]))
        assert before.size == position
        position += step
        if through_bytes:
            assert Frontier.from_bytes(grown.to_bytes()) == grown
            grown = Frontier.from_bytes(grown.to_bytes())
    for leaf in leaves:
        single.append(leaf)
    assert grown == single
    assert grown.size == len(leaves)
    assert grown.root() == single.root() == naive_root(leaves)


def test_frontier_across_blocks() -> None:
    """More leaves than one internal block, from an odd start, give the same tree as appends."""
    leaves = leaves_of(9001)
    grown, single = Frontier(), Frontier()
    grown.append(leaves[0])
    grown.extend(leaves[1:])
    for leaf in leaves:
        single.append(leaf)
    assert grown == single


def test_frontier_refuses_leaves_of_another_length() -> None:
    """A short leaf hash is a bug of the caller, and the tree stays as it was."""
    frontier = Frontier()
    for add in (frontier.append, lambda leaf: frontier.extend([bytes(32), leaf])):
        with pytest.raises(ValueError, match="32 bytes"):
            add(bytes(31))
    assert frontier == Frontier()


@given(st.binary(max_size=200))
def test_frontier_bytes_are_canonical(data: bytes) -> None:
    """Bytes either do not parse or are exactly what the parsed frontier writes."""
    try:
        frontier = Frontier.from_bytes(data)
    except MalformedError:
        return
    assert frontier.to_bytes() == data


@pytest.mark.parametrize("change", [b"", b"\0" * 7, b"\1" + bytes(7), b"\1" + bytes(38), b"\1" + bytes(40)])
def test_frontier_bytes_of_another_length_are_refused(change: bytes) -> None:
    """The length must be 8 + 32 for each set bit of the size."""
    with pytest.raises(MalformedError):
        Frontier.from_bytes(change)


@given(st.data())
@settings(deadline=None)
def test_a_changed_inclusion_proof_is_refused(data: st.DataObject) -> None:
    """No single change of index, leaf, proof or root verifies."""
    size = data.draw(st.integers(2, 40))
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    proof, root = naive_path(index, leaves), naive_root(leaves)
    other = bytes([leaves[index][0] ^ 1]) + leaves[index][1:]
    at = data.draw(st.integers(0, len(proof) - 1))
    wrong_index = data.draw(st.integers(0, size + 3).filter(lambda number: number != index))
    for index_, leaf_, proof_, root_ in (
        (wrong_index, leaves[index], proof, root),
        (-1, leaves[index], proof, root),
        (index, other, proof, root),
        (index, leaves[index], proof, other),
        (index, leaves[index], proof[:at] + proof[at + 1 :], root),
        (index, leaves[index], [*proof[:at], other, *proof[at:]], root),
        (index, leaves[index], [*proof[:at], other, *proof[at + 1 :]], root),
        (index, leaves[index], [*proof, root], root),
    ):
        with pytest.raises(VerificationError):
            verify_inclusion(index=index_, size=size, leaf_hash=leaf_, proof=proof_, root=root_)


@given(st.data())
@settings(deadline=None)
def test_a_changed_consistency_proof_is_refused(data: st.DataObject) -> None:
    """No single change of a size, root or proof verifies."""
    size2 = data.draw(st.integers(2, 40))
    size1 = data.draw(st.integers(1, size2 - 1))
    leaves = leaves_of(size2)
    root1, root2 = naive_root(leaves[:size1]), naive_root(leaves)
    proof = naive_subproof(size1, leaves, whole=True)
    at = data.draw(st.integers(0, len(proof) - 1))
    other = bytes(32)
    for size1_, root1_, root2_, proof_ in (
        (0, root1, root2, proof),
        (size2, root1, root2, proof),
        (size2 + 1, root1, root2, proof),
        (size1, other, root2, proof),
        (size1, root1, other, proof),
        (size1, root1, root2, []),
        (size1, root1, root2, [*proof, other]),
        (size1, root1, root2, [*proof[:at], other, *proof[at + 1 :]]),
    ):
        with pytest.raises(VerificationError):
            verify_consistency(size1=size1_, size2=size2, root1=root1_, root2=root2_, proof=proof_)


def test_hashes_of_another_length_and_endless_proofs_are_malformed() -> None:
    """Form is judged before truth."""
    with pytest.raises(MalformedError):
        verify_inclusion(index=0, size=2, leaf_hash=bytes(32), proof=[bytes(33)], root=bytes(32))
    with pytest.raises(MalformedError):
        verify_inclusion(index=0, size=2, leaf_hash=bytes(32), proof=[bytes(32)] * 66, root=bytes(32))
    with pytest.raises(MalformedError):
        verify_consistency(size1=1, size2=2, root1=b"", root2=bytes(32), proof=[])


def test_equal_sizes_need_equal_roots_and_no_proof() -> None:
    """Two roots at one size are an equivocation, whatever the proof says."""
    root = naive_root(leaves_of(3))
    assert verify_consistency(size1=3, size2=3, root1=root, root2=root, proof=[]) == root
    with pytest.raises(VerificationError):
        verify_consistency(size1=3, size2=3, root1=root, root2=bytes(32), proof=[])
    with pytest.raises(VerificationError):
        verify_consistency(size1=3, size2=3, root1=root, root2=root, proof=[root])


def test_proofs_outside_the_tree_are_a_bug() -> None:
    """Building a proof for what does not exist is the caller's error."""
    nodes = Nodes(leaves_of(4))
    with pytest.raises(ValueError, match="outside"):
        inclusion_proof(index=4, size=4, read_node=nodes)
    for size1 in (0, 5):
        with pytest.raises(ValueError, match="first tree size"):
            consistency_proof(size1=size1, size2=4, read_node=nodes)


def test_complete_subtrees_only() -> None:
    """A tile's root is defined for a power of two of hashes."""
    leaves = leaves_of(256)
    assert tree_root_of_tile(leaves) == naive_root(leaves)
    assert tree_root_of_tile(leaves[:1]) == leaves[0]
    for count in (0, 3, 255):
        with pytest.raises(ValueError, match="power of two"):
            tree_root_of_tile(leaves[:count])
