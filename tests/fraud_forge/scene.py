"""A sealed ledger and proofs about it by the names of its events, some of them spoilt on purpose."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from audit_forge import cases_after, cases_frame, cases_grant, cases_people, cases_rules
from audit_forge.draft import LOG, ORIGIN, VKEY, Actor, checkpoint, seal
from audit_forge.memory import MemorySource
from audit_forge.year import Year, make_year

from ledger.proof.checkpoint import Checkpoint, sign_checkpoint
from ledger.proof.hashing import leaf_hash
from ledger.proof.note import Note
from ledger_audit.excerpt import take_excerpt
from ledger_audit.fraud.extract import Suspicion, extract
from ledger_audit.fraud.proof_file import LeafProof
from ledger_audit.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit_forge.breaking import Case, Change

Where = str | int
"""The name of an event, or its index."""
CASES: tuple[Case, ...] = tuple(
    case for room in (cases_frame, cases_rules, cases_people, cases_grant, cases_after) for case in room.CASES
)


class Scene:
    """A year, its entries and its log."""

    def __init__(self, year: Year) -> None:
        self.year = year
        self.entries = seal(year.drafts)
        self.source = MemorySource(self.entries)

    def index(self, where: Where) -> int:
        """The leaf of an event."""
        return where if isinstance(where, int) else self.year.named[where]

    def searched(self, name: str, where: Where) -> LeafProof:
        """The proof of that type that a search from that event ends with."""
        suspicion = Suspicion(self.index(where), type=name)
        (result,) = extract(self.source, [suspicion], TRUST)
        assert result.proof is not None, f"{name} at {where}: {result.why}"
        return result.proof

    def told(self, name: str, where: Where, **roles: Where | tuple[Where, ...]) -> LeafProof:
        """The proof of that type with these leaves, proven or not."""
        chosen = {}
        for role, named in roles.items():
            names = named if isinstance(named, tuple) else (named,)
            chosen[role] = tuple(sorted(self.index(one) for one in names))
        return self.retold(LeafProof(name, self.index(where), chosen, take_excerpt(self.source, [])))

    def retold(self, proof: LeafProof) -> LeafProof:
        """The same accusation with the leaves of this ledger."""
        indexes = {proof.accused}.union(*proof.roles.values())
        return replace(proof, excerpt=take_excerpt(self.source, indexes))


@cache
def honest() -> Scene:
    """The year that keeps every rule."""
    return Scene(make_year())


TRUST = Trust(((ORIGIN, VKEY),), honest().year.ledger_id, leaf_hash(honest().entries[0]))
"""Trust in the honest year, and so in every year that changes nothing of its beginning."""


def changed(*changes: Change) -> Callable[[], Scene]:
    """The honest year with changes."""

    def make() -> Scene:
        year = make_year()
        for change in changes:
            change(year)
        return Scene(year)

    return make


def case(check: str, where: str, label: str = "") -> Callable[[], Scene]:
    """The year of one of the forge's cases of broken rules."""
    (found,) = (one for one in CASES if (one.check, one.where, one.label) == (check, where, label))
    return changed(found.change)


def under_key(proof: LeafProof, signer: Actor, *, origin: str = ORIGIN) -> LeafProof:
    """The same leaves under a note that another key signs, or that has another origin."""
    head = Checkpoint.parse(Note.parse(proof.excerpt.note).text)
    note = sign_checkpoint(replace(head, origin=origin), signer.signer)
    return replace(proof, excerpt=replace(proof.excerpt, note=note))


def under_root(proof: LeafProof, other: Scene) -> LeafProof:
    """The same leaves under the checkpoint of another tree of the same log key."""
    return replace(proof, excerpt=replace(proof.excerpt, note=checkpoint(other.entries, signer=LOG)))


def with_leaf(proof: LeafProof, index: int, entry: bytes) -> LeafProof:
    """The same proof with other bytes in the place of a leaf."""
    leaves = tuple(
        replace(leaf, entry=entry) if leaf.index == index else leaf for leaf in proof.excerpt.leaves
    )
    return replace(proof, excerpt=replace(proof.excerpt, leaves=leaves))


def without(proof: LeafProof, role: str) -> LeafProof:
    """The same proof without the leaves of a role."""
    roles = {name: indexes for name, indexes in proof.roles.items() if name != role}
    kept = {proof.accused}.union(*roles.values())
    leaves = tuple(leaf for leaf in proof.excerpt.leaves if leaf.index in kept)
    return replace(proof, roles=roles, excerpt=replace(proof.excerpt, leaves=leaves))
