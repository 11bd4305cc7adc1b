"""Chains of small entries: links, trees and the first index that is wrong."""

from __future__ import annotations

from ledger.proof.frontier import Frontier
from ledger.proof.hashing import EMPTY_ROOT, leaf_hash
from vector_makers.casework import INVALID, Case, case

COMMENT = (
    "The entries of one log, of which only bytes 0-42 matter here (format.md, section 1). root is the RFC"
    " 6962 root over the entries as they are; first_wrong_index is the first whose index or "
    "prev_leaf_hash is not what the entries before give."
)


def _chain(bodies: list[bytes]) -> list[bytes]:
    entries: list[bytes] = []
    previous = bytes(32)
    for index, body in enumerate(bodies):
        entries.append(b"\x09" + index.to_bytes(8, "little") + b"\x12\x20" + previous + body)
        previous = leaf_hash(entries[-1])
    return entries


def _root(entries: list[bytes]) -> bytes:
    frontier = Frontier()
    frontier.extend([leaf_hash(entry) for entry in entries])
    return frontier.root() if entries else EMPTY_ROOT


def _good(comment: str, entries: list[bytes], *flags: str) -> Case:
    return case(comment, *flags, entries=entries, root=_root(entries))


def _bad(comment: str, entries: list[bytes], index: int, *flags: str) -> Case:
    return case(
        comment, *flags, result=INVALID, entries=entries, root=_root(entries), first_wrong_index=index
    )


def cases() -> list[Case]:
    """All cases."""
    seven = _chain([b"body %d" % number for number in range(7)])
    other = _chain([b"other %d" % number for number in range(7)])
    early = b"\x09" + bytes(8) + b"\x12\x20" + leaf_hash(b"") + b"body 0"
    changed = seven[3][:-1] + b"!"
    return [
        _good("no entry at all", []),
        *(_good(f"{count} entries", seven[:count]) for count in range(1, 8)),
        _good("an entry that is its 43 bytes alone", _chain([b""]), "boundary"),
        _bad(
            "entry 3 is changed; the link in entry 4 tells", [*seven[:3], changed, *seven[4:]], 4, "changed"
        ),
        _bad("entries 2 and 3 changed places", [*seven[:2], seven[3], seven[2], *seven[4:]], 2, "swapped"),
        _bad("entry 3 is left out", [*seven[:3], *seven[4:]], 3, "deleted"),
        _bad("entry 3 stands twice", [*seven[:4], *seven[3:]], 4, "doubled"),
        _bad("from entry 4 on it is another log's", [*seven[:4], *other[4:]], 4, "spliced"),
        _bad("the first entry names an entry before it", [early], 0, "genesis"),
        _bad("the first entries are missing", seven[2:], 0, "deleted"),
        _bad(
            "the index is big endian",
            [*seven[:1], b"\x09" + (1).to_bytes(8, "big") + seven[1][9:]],
            1,
            "endianness",
        ),
        _bad("an entry shorter than 43 bytes", [*seven[:2], seven[2][:42]], 2, "cut"),
        _bad("an empty entry", [*seven[:2], b""], 2, "cut"),
    ]
