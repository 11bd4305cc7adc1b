"""What a judge has: the leaves of an excerpt by index, which one is accused, and the part of each other one.

It must not judge a rule. That the leaves are in the log was verified before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger_audit.fraud.leaves import Leaf, NotShown, open_leaf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Case:
    """Leaves under one signed root. Statements of another ledger show nothing.

    `ledger_id` and `genesis` (its leaf hash) are those of the caller's trust, None where it names none; then
    all statements have to be of one ledger.
    """

    def __init__(
        self,
        entries: Mapping[int, bytes],
        accused: int,
        roles: Mapping[str, Sequence[int]],
        *,
        ledger_id: bytes | None,
        genesis: bytes | None,
    ) -> None:
        self.entries = entries
        self.accused_index = accused
        self.roles = roles
        self.ledger_id = ledger_id
        self.genesis = genesis
        self._opened: dict[int, Leaf] = {}

    @property
    def accused(self) -> Leaf:
        """The leaf that is said to break a rule."""
        return self.leaf(self.accused_index)

    def leaf(self, index: int) -> Leaf:
        """The opened leaf at an index that the excerpt has; NotShown where it cannot be read."""
        leaf = self._opened.get(index)
        if leaf is None:
            leaf = self._opened[index] = self._open(index)
        return leaf

    def one(self, role: str) -> Leaf | None:
        """The leaf of a role; None where the proof has none, NotShown where it has several."""
        indexes = self.roles.get(role, ())
        if len(indexes) > 1:
            raise NotShown(f"one leaf can be the {role}")
        return self.leaf(indexes[0]) if indexes else None

    def need(self, role: str) -> Leaf:
        """The leaf of a role; NotShown where the proof has none or several."""
        leaf = self.one(role)
        if leaf is None:
            raise NotShown(f"the {role} is missing")
        return leaf

    def many(self, role: str) -> list[Leaf]:
        """The leaves of a role, in order of index."""
        return [self.leaf(index) for index in self.roles.get(role, ())]

    def named(self, by: Leaf, kind: int, role: str) -> Leaf | None:
        """The leaf of a role, which has to be the one that `by` names as its premise of this kind."""
        leaf = self.one(role)
        if leaf is not None and by.premise(kind) != leaf.index:
            raise NotShown(f"{by.name} does not name leaf {leaf.index} as its {role}")
        return leaf

    def all(self) -> list[Leaf]:
        """Every leaf that can be read, in order of index."""
        found = []
        for index in self.entries:
            try:
                found.append(self.leaf(index))
            except NotShown:
                continue
        return found

    def _open(self, index: int) -> Leaf:
        leaf = open_leaf(index, self.entries[index])
        for statement in leaf.statements:
            if statement is None:
                continue
            said = statement.header.ledger_id
            if self.ledger_id is None:
                self.ledger_id = said
            if said != self.ledger_id:
                raise NotShown(f"{leaf.name} has a statement for another ledger")
        return leaf
