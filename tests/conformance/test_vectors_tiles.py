"""C2SP tlog-tiles: the published path cases, and a whole log written by Tessera."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ledger.errors import MalformedError
from ledger.proof.checkpoint import Checkpoint, open_checkpoint
from ledger.proof.frontier import Frontier
from ledger.proof.hashing import leaf_hash
from ledger.proof.merkle import (
    consistency_proof,
    inclusion_proof,
    root_from_nodes,
    verify_consistency,
    verify_inclusion,
)
from ledger.proof.note import Ed25519NoteVerifier
from ledger.proof.tiles import (
    TILE_WIDTH,
    TileNodes,
    TilePath,
    bundle_at,
    decode_bundle,
    decode_tile,
    encode_bundle,
    grown_tiles,
    tiles_for_growth,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Case = dict[str, Any]
_LOG = "c2sp-tlog-tiles/tessera-log-15"


def _paths(vectors: Path) -> Case:
    loaded: Case = json.loads((vectors / "c2sp-tlog-tiles/tile_paths.json").read_text())
    return loaded


def _parse_cases(vectors: Path) -> Iterator[tuple[str, Case]]:
    for case in _paths(vectors)["parse"]:
        yield f"{case['pathLevel']}/{case['pathIndex']}", case


def _tiles(vectors: Path) -> Iterator[tuple[int, Path]]:
    for path in sorted((vectors / _LOG / "tile/0").rglob("*")):
        if path.is_file():
            yield int(path.name), path


def _bundles(vectors: Path) -> Iterator[tuple[int, Path]]:
    for path in sorted((vectors / _LOG / "tile/entries").rglob("*")):
        if path.is_file():
            yield int(path.name), path


def _checkpoints(vectors: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted((vectors / _LOG).glob("checkpoint*")):
        yield path.name, path


@pytest.fixture
def keys(vectors: Path) -> Case:
    """The log's public key and entries."""
    loaded: Case = json.loads((vectors / _LOG / "KEYS.json").read_text())
    return loaded


def _open(path: Path, keys: Case) -> Checkpoint:
    return open_checkpoint(path.read_bytes(), Ed25519NoteVerifier.parse(keys["vkey"]), keys["origin"])


def _leaf_hashes(keys: Case) -> list[bytes]:
    return [leaf_hash(entry.encode()) for entry in keys["entries_utf8"]]


@pytest.mark.cases(load=_parse_cases)
def test_parse_path(case: Case) -> None:
    """Paths parse to the published level, index and width and render back, or are refused."""
    path = f"tile/{case['pathLevel']}/{case['pathIndex']}"
    if case.get("wantErr"):
        with pytest.raises(MalformedError):
            TilePath.parse(path)
    else:
        expected = TilePath(case["wantLevel"], case["wantIndex"], case["wantP"] or TILE_WIDTH)
        assert TilePath.parse(path) == expected
        assert expected.render() == path


def test_render_paths(vectors: Path) -> None:
    """Paths of tiles and bundles, by index and by leaf."""
    paths = _paths(vectors)
    for case in paths["tile_path"]:
        tile = TilePath(case["level"], case["index"], case.get("p") or TILE_WIDTH)
        assert tile.render() == case["wantPath"]
    for case in paths["entries_path"]:
        assert TilePath(None, case["N"], case.get("p") or TILE_WIDTH).render() == case["wantPath"]
    for case in paths["entries_path_for_log_index"]:
        bundle = bundle_at(index=case["seq"] // TILE_WIDTH, size=case["logSize"])
        assert bundle.render() == case["wantPath"]
        assert TilePath.parse(case["wantPath"]) == bundle


def test_examples_of_the_specification(vectors: Path) -> None:
    """The index 1234067, and the tiles of the trees of 70,000 and of 256 leaves."""
    examples = _paths(vectors)["spec_examples"]
    assert TilePath(0, 1234067).render() == f"tile/0/{examples['index_1234067']}"
    for size, expected in ((70_000, examples["tree_70000"]), (256, examples["tree_256"])):
        actual: dict[str, int] = {}
        for tile in tiles_for_growth(old_size=0, new_size=size):
            if tile.is_full:
                actual[f"full_l{tile.level}"] = actual.get(f"full_l{tile.level}", 0) + 1
            else:
                actual[f"partial_l{tile.level}_width"] = tile.width
        assert actual == expected


@pytest.mark.cases(load=_checkpoints)
def test_checkpoint_root(case: Path, keys: Case) -> None:
    """Each checkpoint's signature verifies and its root is that of the entries."""
    checkpoint = _open(case, keys)
    frontier = Frontier()
    frontier.extend(_leaf_hashes(keys)[: checkpoint.size])
    assert checkpoint.size == int(case.suffix.removeprefix(".") or 15)
    assert checkpoint.root == frontier.root()


@pytest.mark.cases(load=_tiles)
def test_hash_tile(case: Path, keys: Case, vectors: Path) -> None:
    """Each tile is what we would write, gives the signed root and proofs of every leaf."""
    name = case.relative_to(vectors / _LOG).as_posix()
    path = TilePath.parse(name)
    leaves = _leaf_hashes(keys)[: path.width]
    assert path.render() == name
    assert decode_tile(case.read_bytes(), width=path.width) == leaves
    assert list(grown_tiles(old_size=0, leaf_hashes=leaves, load_tile=lambda _: b"")) == [
        (path, case.read_bytes())
    ]
    size = path.width
    root = _open(vectors / _LOG / f"checkpoint.{size}", keys).root
    nodes = TileNodes(size=size, load_tile=lambda tile: (vectors / _LOG / tile.render()).read_bytes())
    assert root_from_nodes(size, nodes) == root
    for index, leaf in enumerate(leaves):
        proof = inclusion_proof(index=index, size=size, read_node=nodes)
        verify_inclusion(index=index, size=size, leaf_hash=leaf, proof=proof, root=root)
    for size1 in range(1, size + 1):
        root1 = _open(vectors / _LOG / f"checkpoint.{size1}", keys).root
        proof = consistency_proof(size1=size1, size2=size, read_node=nodes)
        verify_consistency(size1=size1, size2=size, root1=root1, root2=root, proof=proof)


@pytest.mark.cases(load=_bundles)
def test_entry_bundle(case: Path, keys: Case, vectors: Path) -> None:
    """Each bundle holds the entries and encodes back to its bytes."""
    path = TilePath.parse(case.relative_to(vectors / _LOG).as_posix())
    entries = decode_bundle(case.read_bytes(), width=path.width)
    assert path.level is None
    assert entries == [entry.encode() for entry in keys["entries_utf8"][: path.width]]
    assert encode_bundle(entries) == case.read_bytes()
