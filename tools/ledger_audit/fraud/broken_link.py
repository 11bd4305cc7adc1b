"""`broken_link`: a link that skips an event of its entity, leads nowhere, or whose totals do not add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.acts import BY_EVENT
from ledger_audit.fraud.leaves import Leaf, LinkView, NotShown
from ledger_audit.fraud.link_tables import Wanted, ways
from ledger_audit.fraud.proof_type import Lead, ProofType, Roles, Search
from ledger_audit.fraud.sums import LENGTHS, Totals, change
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.reader import Reader

_LINKS = (
    "An event has a link for each entity that it changes, in the order of its type (format.md, section 3)."
)
_PREVIOUS = "A link names the previous event of its entity (format.md, section 3)."
_SUM = (
    "A link's totals are those of the entity's previous event and what the event adds (format.md, section 3)."
)


def judge(case: Case) -> Shown:
    """The accused leaf's links: `between` is an event that they skip, `previous` the one that they name.

    `others` are leaves that the sum needs: a superseded claim, a queued grant, a request.
    """
    leaf, between, previous = case.accused, case.one("between"), case.one("previous")
    shown = _impossible(leaf)
    if shown is None and between is not None:
        shown = _skipped(leaf, between)
    if shown is None:
        shown = _wrong_sum(leaf, previous, {other.index: other for other in case.many("others")})
    if shown is None:
        raise NotShown(f"no link of {leaf.name} is shown to be wrong")
    return shown


def name_of(link: LinkView) -> str:
    """A link's entity as a sentence names it."""
    return f"{_kind(link.kind)} {link.entity.hex()}"


def _impossible(leaf: Leaf) -> Shown | None:
    """Shown by the leaf alone: links that its type has not, one to a later leaf, a wrong number of totals."""
    links = leaf.links()
    allowed = ways(leaf) if leaf.has_statement or BY_EVENT[leaf.kind].statement is None else None
    if allowed is not None and not any(_fits(leaf, links, way) for way in allowed):
        type_has = " or ".join(", ".join(_kind(kind) for kind, _ in way) or "none" for way in allowed)
        have = ", ".join(name_of(link) for link in links) or "none"
        return Shown(_LINKS, f"{leaf.name} has the links {have}; by its statement it has {type_has}")
    for link in links:
        if link.prev is not None and link.prev >= leaf.index:
            return Shown(_PREVIOUS, f"the link of {leaf.name} to {name_of(link)} names leaf {link.prev}")
        wanted = LENGTHS.get(link.kind, 0)
        if len(link.totals) != wanted:
            text = f"the link of {leaf.name} to {name_of(link)} has {len(link.totals)} totals, not {wanted}"
            return Shown(_SUM, text)
    return None


def _fits(leaf: Leaf, links: Sequence[LinkView], way: Sequence[Wanted]) -> bool:
    """Whether the links are those of a way, each of its kind and, where the leaf says it, of its entity."""
    return len(leaf.event.links) == len(links) == len(way) and all(
        link.kind == kind and entity in {None, link.entity}
        for link, (kind, entity) in zip(links, way, strict=True)
    )


def _kind(kind: int) -> str:
    names = {int(number): name.removeprefix("LINK_KIND_") for name, number in event_pb2.LinkKind.items()}
    return names.get(kind, str(kind))


def _skipped(leaf: Leaf, between: Leaf) -> Shown | None:
    """An event of one of its entities that is later than the one it names, and earlier than itself."""
    touched = {(link.kind, link.entity) for link in between.links()}
    for link in leaf.links():
        if (link.kind, link.entity) in touched and between.index < leaf.index:
            named = "none" if link.prev is None else f"leaf {link.prev}"
            if link.prev is None or link.prev < between.index:
                return Shown(
                    _PREVIOUS,
                    f"the link of {leaf.name} to {name_of(link)} names {named} as the event before;"
                    f" {between.name} is a later one",
                )
    return None


def _wrong_sum(leaf: Leaf, previous: Leaf | None, others: dict[int, Leaf]) -> Shown | None:
    for link in leaf.links():
        if link.prev is None:
            before: Totals | None = (0,) * LENGTHS.get(link.kind, 0)
        elif previous is not None and previous.index == link.prev:
            old = [one for one in previous.links(link.kind) if one.entity == link.entity]
            if not old:
                return Shown(
                    _PREVIOUS,
                    f"the link of {leaf.name} to {name_of(link)} names {previous.name}, which has no link to"
                    " it",
                )
            before = old[0].totals if len(old[0].totals) == len(link.totals) else None
        else:
            continue
        added = change(leaf, link.kind, link.entity, others)
        if before is None or added is None:
            continue
        wanted = tuple(a + b for a, b in zip(before, added, strict=True))
        if wanted != link.totals:
            return Shown(
                _SUM,
                f"the link of {leaf.name} to {name_of(link)} has the totals {list(link.totals)}; before were"
                f" {list(before)}, it adds {list(added)}",
            )
    return None


def search(reader: Reader, lead: Lead) -> Search:
    """With each previous event, and with the first event of an entity that a link skips."""
    leaf = reader.leaf(lead.index)
    others = _others(reader, leaf)
    needed = {"others": others} if others else {}
    found: list[Roles] = [{}, needed]
    named = {link.prev for link in leaf.links() if link.prev is not None and link.prev < leaf.index}
    for prev in sorted(named):
        if reader.leaf_if(prev) is not None:
            found += [{"previous": [prev]}, {"previous": [prev], **needed}]
    for link in leaf.links():
        first = -1 if link.prev is None else link.prev
        for at in [*lead.hints, *(yield link.entity)]:
            one = reader.leaf_if(at) if first < at < leaf.index else None
            if one is not None and any(other[:2] == link[:2] for other in one.links()):
                found.append({"between": [at]})
                break
    return found


def _others(reader: Reader, leaf: Leaf) -> list[int]:
    """The leaves that sums may need, as the event names them."""
    named = [leaf.premise(event_pb2.PREMISE_KIND_GRANT), leaf.premise(event_pb2.PREMISE_KIND_REDEMPTION)]
    if leaf.has_statement and "superseded_index" in leaf.said.DESCRIPTOR.fields_by_name:
        named.append(leaf.said.superseded_index if leaf.said.HasField("superseded_index") else None)
    return sorted({at for at in named if at is not None and reader.leaf_if(at) is not None})


TYPE = ProofType(
    "broken_link",
    "a link that skips an event, leads nowhere, or whose totals do not add up",
    frozenset({"between", "previous", "others"}),
    judge,
    search,
)
