"""Excerpts: some leaves of a log under one signed checkpoint, written, read and opened."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from audit_forge.draft import ORIGIN, VKEY, Actor, checkpoint, seal
from audit_forge.memory import MemorySource
from audit_forge.people import STRANGER
from audit_forge.year import opened

from ledger.errors import MalformedError, VerificationError
from ledger.proof.tiles import TilePath
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.excerpt import MAX_LEAVES, Excerpt, ProvenLeaf, take_excerpt
from ledger_audit.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Callable

ENTRIES = seal(opened().drafts)
LAST = len(ENTRIES) - 1
TRUST = Trust.from_log_key(VKEY)


def taken(*indexes: int) -> Excerpt:
    """Leaves of the forged ledger."""
    return take_excerpt(MemorySource(ENTRIES), indexes)


@pytest.mark.parametrize("indexes", [(), (0,), (LAST,), (0, 3, 7, LAST), tuple(range(LAST + 1))], ids=str)
def test_an_excerpt_opens_to_the_stored_bytes(indexes: tuple[int, ...]) -> None:
    """Also after it was written and read; leaves come in order however they were asked for."""
    excerpt = taken(*reversed(indexes), *indexes)
    again = Excerpt.from_json(json.loads(json.dumps(excerpt.to_json())))
    assert again == excerpt
    head, leaves = again.open(TRUST)
    assert (head.origin, head.size) == (ORIGIN, len(ENTRIES))
    assert leaves == {index: ENTRIES[index] for index in indexes}


def test_what_the_log_is_comes_from_the_reader() -> None:
    """A note of another key or another origin opens nothing, whatever it says."""
    excerpt = taken(3)
    stranger = replace(excerpt, note=checkpoint(ENTRIES, signer=STRANGER))
    with pytest.raises(VerificationError):
        stranger.open(TRUST)
    elsewhere = Trust((("other.example.org/e0", VKEY),))
    with pytest.raises(VerificationError, match="not one that is trusted"):
        excerpt.open(elsewhere)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda leaf: replace(leaf, entry=leaf.entry + b"\0"),
        lambda leaf: replace(leaf, entry=b""),
        lambda leaf: replace(leaf, index=leaf.index + 1),
        lambda leaf: replace(leaf, index=len(ENTRIES)),
        lambda leaf: replace(leaf, index=(1 << 53) - 1),
        lambda leaf: replace(leaf, proof=leaf.proof[:-1]),
        lambda leaf: replace(leaf, proof=(*leaf.proof, bytes(32))),
        lambda leaf: replace(leaf, proof=tuple(reversed(leaf.proof))),
        lambda leaf: replace(leaf, proof=()),
    ],
)
def test_a_leaf_that_is_not_in_the_tree_opens_nothing(spoil: Callable[[ProvenLeaf], ProvenLeaf]) -> None:
    """Not the other leaves either."""
    excerpt = taken(3, 9)
    with pytest.raises(VerificationError):
        replace(excerpt, leaves=(excerpt.leaves[0], spoil(excerpt.leaves[1]))).open(TRUST)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda v: v.pop("checkpoint"),
        lambda v: v.update(more=1),
        lambda v: v.update(checkpoint=5),
        lambda v: v.update(checkpoint="no note"),
        lambda v: v.update(checkpoint="\ud800" + v["checkpoint"]),
        lambda v: v.update(leaves={}),
        lambda v: v["leaves"].reverse(),
        lambda v: v["leaves"].append(v["leaves"][1]),
        lambda v: v["leaves"][0].pop("proof"),
        lambda v: v["leaves"][0].update(hash=""),
        lambda v: v["leaves"][0].update(index="3"),
        lambda v: v["leaves"][0].update(index=-1),
        lambda v: v["leaves"][0].update(entry=v["leaves"][0]["entry"] + "="),
        lambda v: v["leaves"][0].update(entry=None),
        lambda v: v["leaves"][0].update(proof=["AA=="] * 66),
        lambda v: v["leaves"][0].update(proof="AA=="),
        lambda v: v["leaves"][0]["proof"].append("A"),
        lambda v: v["leaves"][0]["proof"].append("AA=="),
        lambda v: v["leaves"][0]["proof"].append("A" * 44),
    ],
)
def test_an_object_that_is_no_excerpt_is_malformed(spoil: Callable[[dict[str, Any]], Any]) -> None:
    """Strictly: fields, order, base64, lengths."""
    value = taken(3, 9).to_json()
    spoil(value)
    with pytest.raises(MalformedError):
        Excerpt.from_json(value)


def test_so_many_leaves_and_no_more() -> None:
    """10,000; one more is refused before its bytes are decoded."""
    leaf = {"index": 0, "entry": "", "proof": []}
    many = [{**leaf, "index": index} for index in range(MAX_LEAVES)]
    note = checkpoint(ENTRIES).decode()
    assert len(Excerpt.from_json({"checkpoint": note, "leaves": many}).leaves) == MAX_LEAVES
    with pytest.raises(MalformedError, match="10000"):
        Excerpt.from_json({"checkpoint": note, "leaves": [*many, {"entry": "not even a leaf"}]})


def test_what_is_taken_is_verified() -> None:
    """An entry that is not the tree's, and a tile that is not there."""
    changed = MemorySource([*ENTRIES[:5], ENTRIES[5] + b"\0", *ENTRIES[6:]], note=checkpoint(ENTRIES))
    changed.tiles = MemorySource(ENTRIES).tiles
    assert len(take_excerpt(changed, [4]).leaves) == 1
    with pytest.raises(VerificationError):
        take_excerpt(changed, [4, 5])
    bare = MemorySource(ENTRIES)
    bare.tiles = {}
    assert TilePath(0, 0, len(ENTRIES)) not in bare.tiles
    with pytest.raises(CouldNotCheckError):
        take_excerpt(bare, [4])


def test_the_signer_of_a_note_is_a_key_not_a_name() -> None:
    """A second line of another key changes nothing; a wrong line of the log's own key spoils the note."""
    excerpt = taken(3)
    extra = checkpoint(ENTRIES, signer=Actor("somebody")).splitlines(keepends=True)[-1]
    assert replace(excerpt, note=excerpt.note + extra).open(TRUST)[0].size == len(ENTRIES)
    line = excerpt.note.splitlines(keepends=True)[-1]
    wrong = line[:-8] + (b"AAAA" if line[-8:-4] != b"AAAA" else b"BBBB") + line[-4:]
    with pytest.raises((VerificationError, MalformedError)):
        replace(excerpt, note=excerpt.note + wrong).open(TRUST)
