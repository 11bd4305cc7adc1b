"""Tiles: growth, bundles, canonical paths, and proofs read out of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import MalformedError
from ledger.proof.frontier import Frontier
from ledger.proof.hashing import leaf_hash
from ledger.proof.merkle import (
    consistency_proof,
    inclusion_proof,
    root_from_nodes,
    verify_consistency,
    verify_inclusion,
)
from ledger.proof.tiles import (
    TileNodes,
    TilePath,
    bundle_at,
    decode_bundle,
    decode_tile,
    encode_bundle,
    grown_tiles,
    tile_at,
    tiles_for_growth,
)

SIZES = (1, 2, 255, 256, 257, 511, 512, 600, 65_536, 65_537, 66_000)
LEAVES = [leaf_hash(b"%d" % number) for number in range(max(SIZES))]


def root_at(size: int) -> bytes:
    """The root of the first `size` leaves."""
    frontier = Frontier()
    frontier.extend(LEAVES[:size])
    return frontier.root()


@pytest.fixture(scope="module")
def stored() -> dict[TilePath, bytes]:
    """Every tile written while a log grew through SIZES."""
    tiles: dict[TilePath, bytes] = {}
    size = 0
    for new_size in SIZES:
        grown = dict(
            grown_tiles(old_size=size, leaf_hashes=LEAVES[size:new_size], load_tile=tiles.__getitem__)
        )
        assert list(grown) == tiles_for_growth(old_size=size, new_size=new_size)
        assert not any(path in tiles for path in grown)
        tiles |= grown
        size = new_size
    return tiles


@pytest.mark.parametrize("size", SIZES)
def test_tiles_give_roots_and_proofs_at_every_checkpoint(size: int, stored: dict[TilePath, bytes]) -> None:
    """The tiles of a growing log prove inclusion and consistency at each size it had."""
    nodes = TileNodes(size=size, load_tile=stored.__getitem__)
    root = root_at(size)
    assert root_from_nodes(size, nodes) == root
    for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
        proof = inclusion_proof(index=index, size=size, read_node=nodes)
        verify_inclusion(index=index, size=size, leaf_hash=LEAVES[index], proof=proof, root=root)
    for size1 in (old for old in SIZES if old <= size):
        proof = consistency_proof(size1=size1, size2=size, read_node=nodes)
        verify_consistency(size1=size1, size2=size, root1=root_at(size1), root2=root, proof=proof)


def test_no_growth_writes_nothing() -> None:
    """The same size has no new tile, a smaller one is a bug."""
    assert tiles_for_growth(old_size=300, new_size=300) == []
    with pytest.raises(ValueError, match="shrink"):
        tiles_for_growth(old_size=2, new_size=1)


def test_growth_names_only_what_changed() -> None:
    """From 255 to 258 leaves: the first tile fills, the next begins, and one level up begins."""
    assert tiles_for_growth(old_size=255, new_size=258) == [
        TilePath(0, 0),
        TilePath(0, 1, 2),
        TilePath(1, 0, 1),
    ]
    assert tiles_for_growth(old_size=256, new_size=257) == [TilePath(0, 1, 1)]


def test_tiles_and_nodes_outside_the_tree_are_a_bug() -> None:
    """Naming what a tree does not have is the caller's error."""
    for call in (
        lambda: tile_at(level=0, index=1, size=256),
        lambda: tile_at(level=0, index=-1, size=256),
        lambda: bundle_at(index=3, size=768),
        lambda: TileNodes(size=3, load_tile=lambda _: b"")(1, 1),
    ):
        with pytest.raises(ValueError, match="no such"):
            call()


def test_a_tile_of_another_length_is_malformed() -> None:
    """A loader that gives too little or too much is noticed before hashing."""
    for data in (b"", bytes(31), bytes(64)):
        with pytest.raises(MalformedError):
            TileNodes(size=1, load_tile=lambda _, data=data: data)(0, 0)
    with pytest.raises(MalformedError):
        decode_tile(b"", width=0)


@given(st.one_of(st.none(), st.integers(0, 63)), st.integers(0, 2**64 - 1), st.integers(1, 256))
def test_path_round_trip(level: int | None, index: int, width: int) -> None:
    """Every tile has one path, which parses back to it."""
    tile = TilePath(level, index, width)
    assert TilePath.parse(tile.render()) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/00/000",
        "tile/0/x000/001",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/5/",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/+1/000",
        "tile/1_0/000",
        "/tile/0/000",
        "tile/entries/00",
        "tile/Entries/000",
        "tile/0/" + "x000/" * 3000 + "001",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
    ],
)
def test_unusual_paths_are_refused(path: str) -> None:
    """Another spelling of a tile is no path."""
    with pytest.raises(MalformedError):
        TilePath.parse(path)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=20))
def test_bundle_round_trip(entries: list[bytes]) -> None:
    """Bundles hold entries of any bytes, and another width does not parse."""
    data = encode_bundle(entries)
    assert decode_bundle(data, width=len(entries)) == entries
    for width in (len(entries) - 1, len(entries) + 1):
        with pytest.raises(MalformedError):
            decode_bundle(data, width=width)


@given(st.binary(max_size=60), st.integers(-1, 300))
@settings(max_examples=300)
def test_any_bytes_parse_as_a_bundle_or_not(data: bytes, width: int) -> None:
    """What parses renders back to the same bytes."""
    try:
        entries = decode_bundle(data, width=width)
    except MalformedError:
        return
    assert encode_bundle(entries) == data


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\1", b"\0\1ab", b"\0\0\0"])
def test_cut_bundles_are_refused(data: bytes) -> None:
    """A cut length, a cut entry and trailing bytes."""
    with pytest.raises(MalformedError):
        decode_bundle(data, width=1)


def test_bundle_limits() -> None:
    """256 entries of 65,535 bytes at most; never none."""
    assert len(decode_bundle(encode_bundle([b""] * 256), width=256)) == 256
    assert decode_bundle(encode_bundle([bytes(65_535)]), width=1) == [bytes(65_535)]
    with pytest.raises(ValueError, match="entries"):
        encode_bundle([])
    with pytest.raises(ValueError, match="entries"):
        encode_bundle([b""] * 257)
    with pytest.raises(ValueError, match="longer"):
        encode_bundle([bytes(65_536)])
