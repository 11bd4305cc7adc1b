"""The file of a fraud proof: strict JSON in, the same JSON out (docs/reference/format.md, section 8).

It must not verify or judge anything.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ledger.errors import MalformedError
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.merkle import MAX_PROOF_HASHES
from ledger.proof.note import Note
from ledger.proof.strict import encode_base64
from ledger.proof.tlog_proof import TlogProof
from ledger_audit.excerpt import MAX_LEAVES, Excerpt
from ledger_audit.strict_json import bytes_of, fields_of, hash_of, index_of, list_of, load_object, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger_audit.fraud.proof_type import ProofType

FORMAT = "voucher-ledger/fraud-proof/1"
EQUIVOCATION = "equivocation"
MAX_BYTES = 64 << 20
"""No proof is longer: 10,000 leaves of a few kilobytes each."""

_LEAVES = frozenset({"format", "type", "accused", "roles", "excerpt"})
_NOTES = frozenset({"format", "type", "notes"})
_PREFIX = frozenset({"root", "proof"})
_RECEIPTS = frozenset({"format", "type", "receipts"})
_RECEIPT = frozenset({"proof", "entry"})
_TWO = 2


@dataclass(frozen=True, slots=True)
class LeafProof:
    """A type, the accused leaf, the parts that other leaves play, and all of them under one checkpoint."""

    type: str
    accused: int
    roles: Mapping[str, tuple[int, ...]]
    excerpt: Excerpt

    def to_json(self) -> dict[str, Any]:
        """The object that `parse` reads."""
        return {
            "format": FORMAT,
            "type": self.type,
            "accused": self.accused,
            "roles": {role: list(indexes) for role, indexes in self.roles.items()},
            "excerpt": self.excerpt.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Prefix:
    """The root that the larger of two trees had at the smaller size, and the consistency proof of it."""

    root: bytes
    proof: tuple[bytes, ...]

    def to_json(self) -> dict[str, Any]:
        """The object in a file."""
        return {"root": encode_base64(self.root), "proof": [encode_base64(value) for value in self.proof]}


@dataclass(frozen=True, slots=True)
class TwoNotes:
    """Two signed notes of which a log may have signed only one; of different sizes with a prefix."""

    notes: tuple[bytes, bytes]
    prefix: Prefix | None = None

    def to_json(self) -> dict[str, Any]:
        """The object that `parse` reads."""
        notes = [note.decode() for note in self.notes]
        prefix = {} if self.prefix is None else {"prefix": self.prefix.to_json()}
        return {"format": FORMAT, "type": EQUIVOCATION, "notes": notes, **prefix}


@dataclass(frozen=True, slots=True)
class TwoReceipts:
    """Two receipts, each with the entry that it is for, of which a log may have given only one."""

    receipts: tuple[tuple[bytes, bytes], tuple[bytes, bytes]]

    def to_json(self) -> dict[str, Any]:
        """The object that `parse` reads."""
        receipts = [
            {"proof": proof.decode(), "entry": encode_base64(entry)} for proof, entry in self.receipts
        ]
        return {"format": FORMAT, "type": EQUIVOCATION, "receipts": receipts}


FraudProof: TypeAlias = LeafProof | TwoNotes | TwoReceipts


def render(proof: FraudProof) -> bytes:
    """The bytes that `parse` reads."""
    return json.dumps(proof.to_json(), indent=1, ensure_ascii=False).encode() + b"\n"


def parse(data: bytes, types: Mapping[str, ProofType]) -> FraudProof:
    """The proof of a file, or MalformedError."""
    value = load_object(data, what="a fraud proof", max_bytes=MAX_BYTES)
    if value.get("format") != FORMAT:
        raise MalformedError(f"a fraud proof has the format {FORMAT}")
    name = text_of(value.get("type"), what="the type of a fraud proof")
    if name == EQUIVOCATION:
        return _two(value)
    if name not in types:
        raise MalformedError("the type of the fraud proof is not known")
    fields = fields_of(value, _LEAVES, what="a fraud proof")
    accused = index_of(fields["accused"], what="the accused leaf")
    roles = _roles(fields["roles"], types[name].roles)
    excerpt = Excerpt.from_json(fields["excerpt"])
    Checkpoint.parse(Note.parse(excerpt.note).text)
    named = {accused}.union(*roles.values())
    if named != {leaf.index for leaf in excerpt.leaves}:
        raise MalformedError("a fraud proof has exactly the leaves that it accuses or gives a role")
    return LeafProof(name, accused, roles, excerpt)


def _roles(value: object, known: frozenset[str]) -> dict[str, tuple[int, ...]]:
    if not isinstance(value, dict) or not known.issuperset(value):
        raise MalformedError(f"the roles of this type are {', '.join(sorted(known)) or 'none'}")
    roles = {}
    for role, items in value.items():
        named = list_of(items, what=f"the role {role}", most=MAX_LEAVES)
        indexes = tuple(index_of(item, what=f"a leaf of the role {role}") for item in named)
        if not indexes or list(indexes) != sorted(set(indexes)):
            raise MalformedError(f"the role {role} names leaves once, in ascending order, at least one")
        roles[role] = indexes
    return roles


def _two(value: dict[str, Any]) -> TwoNotes | TwoReceipts:
    if "notes" in value:
        names = _NOTES | {"prefix"} if "prefix" in value else _NOTES
        fields = fields_of(value, names, what="a fraud proof of two notes")
        first, second = (_note(item) for item in _pair(fields["notes"]))
        return TwoNotes((first, second), _prefix(fields["prefix"]) if "prefix" in fields else None)
    fields = fields_of(value, _RECEIPTS, what="a fraud proof of two receipts")
    one, other = (_receipt(item) for item in _pair(fields["receipts"]))
    return TwoReceipts((one, other))


def _pair(value: object) -> list[Any]:
    items = list_of(value, what="an equivocation", most=_TWO)
    if len(items) != _TWO:
        raise MalformedError("an equivocation is two things")
    return items


def _prefix(value: object) -> Prefix:
    fields = fields_of(value, _PREFIX, what="a prefix")
    hashes = list_of(fields["proof"], what="a consistency proof", most=MAX_PROOF_HASHES)
    root = hash_of(fields["root"], what="the root of a prefix")
    return Prefix(root, tuple(hash_of(item, what="a hash of a proof") for item in hashes))


def _note(value: object) -> bytes:
    note = _text_bytes(value, what="a note")
    Checkpoint.parse(Note.parse(note).text)
    return note


def _receipt(value: object) -> tuple[bytes, bytes]:
    fields = fields_of(value, _RECEIPT, what="a receipt")
    proof = _text_bytes(fields["proof"], what="a tlog-proof")
    Checkpoint.parse(Note.parse(TlogProof.parse(proof).checkpoint_note).text)
    return proof, bytes_of(fields["entry"], what="the entry of a receipt")


def _text_bytes(value: object, *, what: str) -> bytes:
    try:
        return text_of(value, what=what).encode()
    except UnicodeEncodeError:
        raise MalformedError(f"{what} is not UTF-8") from None
