"""RFC 6962 trees: transparency-dev inclusion and consistency cases, and the eight classic leaves."""

from __future__ import annotations

import json
from base64 import b64decode
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from ledger.errors import MalformedError, VerificationError
from ledger.proof.frontier import Frontier
from ledger.proof.hashing import EMPTY_ROOT, HASH_SIZE, leaf_hash, node_hash
from ledger.proof.merkle import (
    consistency_proof,
    inclusion_proof,
    root_from_nodes,
    verify_consistency,
    verify_inclusion,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Case = dict[str, Any]


def _inclusion(vectors: Path) -> Iterator[tuple[str, Case]]:
    for case in json.loads((vectors / "rfc6962-merkle/inclusion.json").read_text()):
        yield case["source_file"], case


def _consistency(vectors: Path) -> Iterator[tuple[str, Case]]:
    for case in json.loads((vectors / "rfc6962-merkle/consistency.json").read_text()):
        yield case["source_file"], case


def _hashes(values: list[str] | None) -> list[bytes]:
    return [b64decode(value) for value in values or []]


@pytest.fixture
def tree(vectors: Path) -> Case:
    """The tree of eight leaves."""
    loaded: Case = json.loads((vectors / "rfc6962-merkle/tree_8_leaves.json").read_text())
    return loaded


@pytest.mark.cases(load=_inclusion)
def test_inclusion(case: Case) -> None:
    """Right inclusion proofs give the leaf hash back, wrong ones raise."""
    leaf = b64decode(case["leafHash"] or "")

    def verify() -> bytes:
        return verify_inclusion(
            index=case["leafIdx"],
            size=case["treeSize"],
            leaf_hash=leaf,
            proof=_hashes(case["proof"]),
            root=b64decode(case["root"] or ""),
        )

    if case["wantErr"]:
        with pytest.raises((MalformedError, VerificationError)):
            verify()
    else:
        assert verify() == leaf


@pytest.mark.cases(load=_consistency)
def test_consistency(case: Case) -> None:
    """Right consistency proofs give the second root back, wrong ones raise.

    A published case with words in place of its roots is refused for them, and holds with their hashes.
    """
    root1, root2 = b64decode(case["root1"] or ""), b64decode(case["root2"] or "")
    if not case["wantErr"] and len(root1) != HASH_SIZE:
        with pytest.raises(MalformedError):
            verify_consistency(size1=case["size1"], size2=case["size2"], root1=root1, root2=root2, proof=[])
        root1, root2 = leaf_hash(root1), leaf_hash(root2)

    def verify() -> bytes:
        return verify_consistency(
            size1=case["size1"],
            size2=case["size2"],
            root1=root1,
            root2=root2,
            proof=_hashes(case["proof"]),
        )

    if case["wantErr"]:
        with pytest.raises((MalformedError, VerificationError)):
            verify()
    else:
        assert verify() == root2


def test_eight_leaves_have_the_published_nodes_and_roots(tree: Case) -> None:
    """Leaves, inner nodes and the root at each size are those of the Go implementation."""
    leaves = [leaf_hash(bytes.fromhex(text)) for text in tree["leaf_inputs_hex"]]
    nodes = [[bytes.fromhex(text) for text in level] for level in tree["node_hashes_by_level_hex"]]
    roots = [bytes.fromhex(text) for text in tree["root_by_size_hex"]]
    assert leaves == nodes[0]
    for below, above in pairwise(nodes):
        assert [node_hash(*below[at : at + 2]) for at in range(0, len(below), 2)] == above
    frontier = Frontier()
    assert frontier.root() == roots[0] == EMPTY_ROOT
    for size, leaf in enumerate(leaves, start=1):
        frontier.append(leaf)
        assert frontier.root() == roots[size]
        assert root_from_nodes(size, lambda level, index: nodes[level][index]) == roots[size]


def test_proofs_built_from_the_published_nodes_verify(tree: Case) -> None:
    """Every inclusion and consistency proof over the eight leaves leads to the published roots."""
    nodes = [[bytes.fromhex(text) for text in level] for level in tree["node_hashes_by_level_hex"]]
    roots = [bytes.fromhex(text) for text in tree["root_by_size_hex"]]

    def read(level: int, index: int) -> bytes:
        return nodes[level][index]

    for size in range(1, 9):
        for index in range(size):
            proof = inclusion_proof(index=index, size=size, read_node=read)
            verify_inclusion(index=index, size=size, leaf_hash=nodes[0][index], proof=proof, root=roots[size])
        for size1 in range(1, size + 1):
            proof = consistency_proof(size1=size1, size2=size, read_node=read)
            verify_consistency(size1=size1, size2=size, root1=roots[size1], root2=roots[size], proof=proof)


def test_hasher(tree: Case) -> None:
    """The empty root and the leaf and node prefixes."""
    for case in tree["hasher"]:
        if "left_utf8" in case:
            actual = node_hash(case["left_utf8"].encode(), case["right_utf8"].encode())
        elif "leaf_utf8" in case or "leaf_hex" in case:
            actual = leaf_hash(case.get("leaf_utf8", "").encode() or bytes.fromhex(case.get("leaf_hex", "")))
        else:
            actual = EMPTY_ROOT
        assert actual.hex() == case["want"], case["desc"]
