"""Every accusation that the leaves of a ledger allow, put to every judge: an honest ledger is never convicted."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from audit_forge.memory import MemorySource

from ledger.proof.hashing import leaf_hash
from ledger_audit.fraud.case import Case
from ledger_audit.fraud.leaves import NotShown
from ledger_audit.fraud.proof_type import Lead
from ledger_audit.fraud.reader import Reader
from ledger_audit.fraud.registry import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ledger_audit.fraud.proof_type import ProofType, Roles
    from ledger_audit.fraud.verdict import Shown

FEW = (1, 1, 1, 2, 3)


class Accuser:
    """Tries proofs about one ledger; what a judge opened once is kept."""

    def __init__(self, entries: Sequence[bytes], ledger_id: bytes, seed: int) -> None:
        self.entries = dict(enumerate(entries))
        self.size = len(entries)
        self.reader = Reader(MemorySource(list(entries)), self.size)
        self.random = random.Random(seed)
        self.tried = 0
        self._ledger_id = ledger_id
        self._genesis = leaf_hash(entries[0])
        self._opened = self._case(0, {})
        self._opened.all()

    def convictions(self, *, partners: int, rounds: int) -> Iterator[str]:
        """What is proven, as text: by searches and their variations, by pairs, and by chance."""
        for one in TYPES:
            for accused in range(self.size):
                for roles in self._proposed(one, accused, partners):
                    shown = self.judge(one, accused, roles)
                    if shown is not None:
                        yield f"{one.name} at {accused} with {dict(roles)}: {shown.text}"
            for _ in range(rounds):
                accused, roles = self.random.randrange(self.size), self._by_chance(one)
                shown = self.judge(one, accused, roles)
                if shown is not None:
                    yield f"{one.name} at {accused} with {dict(roles)}: {shown.text}"

    def judge(self, one: ProofType, accused: int, roles: Roles) -> Shown | None:
        """What a judge says; None for nothing. Whatever the leaves are, it raises nothing else."""
        self.tried += 1
        case = self._case(accused, roles)
        case._opened = self._opened._opened
        try:
            return one.judge(case)
        except NotShown:
            return None

    def searched(self, one: ProofType, accused: int) -> list[Roles]:
        """What the type's own search proposes, with hints by chance."""
        hints = tuple(self.random.sample(range(self.size), min(self.size, 5)))
        search = one.search(self.reader, Lead(accused, hints))
        hits: Sequence[int] | None = None
        try:
            while True:
                needle = next(search) if hits is None else search.send(hits)
                hits = self.reader.find([needle])[needle]
        except StopIteration as stop:
            return list(stop.value)
        except NotShown:
            return []

    def _proposed(self, one: ProofType, accused: int, partners: int) -> Iterator[Roles]:
        yield {}
        for roles in self.searched(one, accused):
            yield roles
            yield from self._varied(one, roles)
        for role in one.roles:
            for other in self._some(partners):
                yield {role: [other]}

    def _varied(self, one: ProofType, roles: Roles) -> Iterator[Roles]:
        """The same with a role less, another leaf in a role, or a role more."""
        for role in roles:
            less = {name: indexes for name, indexes in roles.items() if name != role}
            yield less
            yield {**less, role: [self.random.randrange(self.size)]}
        for role in one.roles - roles.keys():
            yield {**roles, role: [self.random.randrange(self.size)]}

    def _by_chance(self, one: ProofType) -> Roles:
        return {
            role: sorted({self.random.randrange(self.size) for _ in range(self.random.choice(FEW))})
            for role in sorted(one.roles)
            if self.random.random() < 0.5
        }

    def _some(self, count: int) -> Iterable[int]:
        """So many leaves by chance, or all of them."""
        return range(self.size) if count >= self.size else self.random.sample(range(self.size), count)

    def _case(self, accused: int, roles: Mapping[str, Sequence[int]]) -> Case:
        return Case(self.entries, accused, roles, ledger_id=self._ledger_id, genesis=self._genesis)
