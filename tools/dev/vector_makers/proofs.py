"""Proofs under a signed checkpoint: inclusion, consistency, receipts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.proof.checkpoint import Checkpoint, sign_checkpoint
from ledger.proof.hashing import leaf_hash
from ledger.proof.merkle import consistency_proof, inclusion_proof, root_from_nodes, tree_root_of_tile
from ledger.proof.tlog_proof import TlogProof
from ledger.proof.vkey import ED25519_TYPE, VKey
from vector_makers.casework import INVALID, Case, case, signer

if TYPE_CHECKING:
    from ledger.proof.ed25519 import Signer

COMMENT = (
    "Proofs of RFC 6962 and receipts of C2SP tlog-proof (format.md, section 5). A receipt is judged under"
    " vkey for origin, with the event's bytes beside it."
)
ORIGIN = "ledger.example/vectors/e0"
_LEAVES = [b"event %d" % number for number in range(21)]


def _node(level: int, index: int) -> bytes:
    leaves = _LEAVES[index << level : (index + 1) << level]
    return tree_root_of_tile([leaf_hash(leaf) for leaf in leaves])


def _root(size: int) -> bytes:
    return root_from_nodes(size, _node)


def _inclusions() -> list[Case]:
    made = []
    for index, size in [(0, 1), (0, 2), (1, 2), (0, 8), (5, 8), (20, 21), (16, 21), (3, 21)]:
        proof = inclusion_proof(index=index, size=size, read_node=_node)
        fields = {"kind": "inclusion", "index": index, "size": size, "leaf_hash": leaf_hash(_LEAVES[index])}
        right = {**fields, "root": _root(size), "proof": proof}

        def wrong(
            comment: str, flag: str, *, size: int = size, right: dict[str, object] = right, **changed: object
        ) -> Case:
            return case(f"{comment}, size {size}", flag, result=INVALID, **{**right, **changed})

        made += [
            case(f"leaf {index} of {size}", **right),
            wrong("one node too long", "length", proof=[*proof, leaf_hash(b"more")]),
            wrong("another leaf", "leaf", leaf_hash=leaf_hash(b"another")),
            wrong("another root", "root", root=leaf_hash(b"root")),
            wrong("an index at the size", "index", index=size),
        ]
        if proof:
            made += [
                wrong("one node too short", "length", proof=proof[:-1]),
                wrong("a node of 31 bytes", "hash", proof=[proof[0][:31], *proof[1:]]),
                wrong("the neighbour's index", "index", index=index ^ 1),
            ]
    return made


def _consistencies() -> list[Case]:
    made = []
    for old, new in [(1, 2), (1, 21), (8, 21), (16, 21), (7, 8), (20, 21), (13, 21), (21, 21)]:
        proof = consistency_proof(size1=old, size2=new, read_node=_node)
        right = {
            "kind": "consistency",
            "size1": old,
            "size2": new,
            "root1": _root(old),
            "root2": _root(new),
            "proof": proof,
        }
        made += [
            case(f"from {old} to {new}", **right),
            case(
                "one node too long",
                "length",
                result=INVALID,
                **{**right, "proof": [*proof, leaf_hash(b"more")]},
            ),
            case("another old root", "root", result=INVALID, **{**right, "root1": leaf_hash(b"root")}),
            case("another new root", "root", result=INVALID, **{**right, "root2": leaf_hash(b"root")}),
        ]
        if proof:
            made.append(
                case("one node too short", "length", result=INVALID, **{**right, "proof": proof[:-1]})
            )
    nothing = {"kind": "consistency", "size2": 2, "root2": _root(2), "proof": []}
    made.append(
        case(
            "from nothing, which proves nothing",
            "size",
            result=INVALID,
            size1=0,
            root1=leaf_hash(b""),
            **nothing,
        )
    )
    return made


def _receipts() -> list[Case]:
    log, other = signer("log"), signer("other log")
    note, vkey = _signed(log)
    index = 5
    proof = tuple(inclusion_proof(index=index, size=21, read_node=_node))
    text = TlogProof(index, proof, note).render().decode()
    right = {"kind": "receipt", "vkey": vkey, "origin": ORIGIN, "event": _LEAVES[index], "tlog_proof": text}

    def wrong(comment: str, flag: str, **changed: object) -> Case:
        return case(comment, flag, result=INVALID, **{**right, **changed})

    foreign = TlogProof(index, proof, _signed(other)[0]).render().decode()
    twice = text + text.splitlines()[-1] + "\n"
    return [
        case("the receipt of event 5", **right),
        case(
            "with extra data, which says nothing",
            "extra",
            **{**right, "tlog_proof": text.replace("index 5", "extra eA==\nindex 5")},
        ),
        wrong("the bytes of another event", "event", event=_LEAVES[6]),
        wrong("another index", "index", tlog_proof=text.replace("index 5", "index 6")),
        wrong("an index with a leading zero", "decimal", tlog_proof=text.replace("index 5", "index 05")),
        wrong("an index with a sign", "decimal", tlog_proof=text.replace("index 5", "index +5")),
        wrong("an index with an underscore", "decimal", tlog_proof=text.replace("index 5", "index 0_5")),
        wrong("an index in other digits", "decimal", tlog_proof=text.replace("index 5", "index ٥")),
        wrong("a tree of another size", "checkpoint", tlog_proof=text.replace("\n21\n", "\n22\n")),
        wrong("signed by another key", "signature", tlog_proof=foreign),
        wrong("for another origin", "origin", origin="ledger.example/vectors/e1"),
        wrong("no signature", "signature", tlog_proof=text[: text.rindex("— ")]),
        case("the signature line twice, which counts once", "signature", **{**right, "tlog_proof": twice}),
        wrong("CR before LF", "line", tlog_proof=text.replace("\n", "\r\n")),
        wrong("another version in the header", "header", tlog_proof=text.replace("@v1", "@v2", 1)),
        wrong("base64 without padding", "base64", tlog_proof=text.replace("=\n", "\n", 1)),
        wrong("an empty line too many", "line", tlog_proof=text.replace("\n\n", "\n\n\n", 1)),
    ]


def _signed(log: Signer) -> tuple[bytes, str]:
    """The checkpoint of all leaves, signed, and the verifier key."""
    note = sign_checkpoint(Checkpoint(ORIGIN, len(_LEAVES), _root(len(_LEAVES))), log)
    return note, VKey(ORIGIN, ED25519_TYPE, log.public_key).render()


def cases() -> list[Case]:
    """All cases."""
    return [*_inclusions(), *_consistencies(), *_receipts()]
