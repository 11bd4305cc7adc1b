"""`chain`: a leaf that does not follow the one before, or was recorded before an earlier one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.proof.hashing import leaf_hash
from ledger_audit.fraud.leaves import HEADER_SIZE, NotShown, has_header
from ledger_audit.fraud.proof_type import Lead, ProofType, Search
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.reader import Reader

_HASH_AT = 11
_FOLLOWS = "Every event names the leaf hash of the event before, the first one zeros (I14)."


def judge(case: Case) -> Shown:
    """The hash in the accused leaf against the leaf `before` it, or the times of recording of both."""
    index = case.accused_index
    before = case.roles.get("before", ())
    named = case.entries[index][_HASH_AT:HEADER_SIZE]
    if not before:
        if index == 0 and has_header(0, case.entries[0]) and any(named):
            return Shown(_FOLLOWS, "leaf 0 names a leaf before it")
        raise NotShown("the leaf before is missing")
    if len(before) > 1 or before[0] >= index:
        raise NotShown("one earlier leaf can be the one before")
    if before[0] == index - 1 and has_header(index, case.entries[index]):
        expected = leaf_hash(case.entries[index - 1])
        if named != expected:
            return Shown(
                _FOLLOWS, f"leaf {index} names {named.hex()}, the leaf before it has {expected.hex()}"
            )
    earlier, leaf = case.leaf(before[0]), case.accused
    if leaf.event.recorded_ms < earlier.event.recorded_ms:
        return Shown(
            "Recorded time never goes back (I18).",
            f"{leaf.name} was recorded before {earlier.name}",
            {"recorded_ms": leaf.event.recorded_ms, "recorded_before_ms": earlier.event.recorded_ms},
        )
    raise NotShown("the leaf follows the other one")


def search(_reader: Reader, lead: Lead) -> Search:
    """With the leaf before it."""
    yield from ()
    return [{"before": [lead.index - 1]} if lead.index else {}]


TYPE = ProofType(
    "chain",
    "a leaf that does not follow the one before",
    frozenset({"before"}),
    judge,
    search,
)
