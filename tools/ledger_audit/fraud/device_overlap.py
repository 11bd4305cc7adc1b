"""`device_overlap`: a device that two accepted claims use at one time, or one claim twice.

Only a claim that stands counts: one that was superseded, or set aside, before the other was accepted has left
its device. A device's links do not show that, because a superseding claim need not name the device again; so
the proof has to show it, in one of three ways (`_require_standing`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ledger.v1 import event_pb2
from ledger_audit.fraud.leaves import Leaf, NotShown
from ledger_audit.fraud.proof_type import Lead, ProofType, Roles, Search
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.reader import Reader

CLAIM, DEVICE = event_pb2.LINK_KIND_CLAIM, event_pb2.LINK_KIND_DEVICE
MOST_BETWEEN, MOST_STEPS = 9_000, 9_000
_CLAIMS = frozenset({"claim_accepted", "service_claim_accepted"})
_AFTER = frozenset({*_CLAIMS, "redemption_requested", "reconfirmed", "claims_set_aside"})
"""Events that touch a claim only while it stands."""
_RULE = "No two accepted claims overlap on one device (I6)."


class Interval(NamedTuple):
    """Use of a device, [start, stop) in milliseconds."""

    device: bytes
    start_ms: int
    stop_ms: int


def judge(case: Case) -> Shown:
    """The accused claim against `earlier`, which stands by `redemption`, `later` or `between`; or itself."""
    leaf, earlier = case.accused, case.one("earlier")
    mine = intervals_of(leaf)
    if earlier is None:
        return _within(leaf, mine)
    if earlier.index >= leaf.index:
        raise NotShown("the earlier claim is not an earlier leaf")
    both = _overlap(intervals_of(earlier), mine)
    if both is None:
        raise NotShown(f"{earlier.name} and {leaf.name} use no device at one time")
    if supersedes(leaf, earlier):
        raise NotShown(f"{leaf.name} supersedes {earlier.name}")
    _require_standing(case, earlier, leaf)
    first, second = both
    party = leaf.said.provider_id if leaf.said.provider_id == earlier.said.provider_id else b""
    return Shown(
        _RULE,
        f"{earlier.name} uses the device {first.device.hex()} in [{first.start_ms}, {first.stop_ms}) ms,"
        f" {leaf.name} in [{second.start_ms}, {second.stop_ms}) ms",
        {
            "from_ms": max(first.start_ms, second.start_ms),
            "until_ms": min(first.stop_ms, second.stop_ms),
        },
        party=party,
        signed=(earlier, leaf) if party else (),
    )


def intervals_of(leaf: Leaf) -> list[Interval]:
    """The intervals of a claim for usage, each with its device; NotShown for anything else."""
    if leaf.kind != "claim_accepted":
        raise NotShown(f"{leaf.name} is no accepted claim for usage")
    said = leaf.said
    lines, ids = said.lines, said.device_ids
    columns = (lines.device, lines.start_offset_ms, lines.duration_ms)
    if len({len(column) for column in columns}) != 1 or any(place >= len(ids) for place in lines.device):
        raise NotShown(f"{leaf.name} has lines that do not fit together")
    return [
        Interval(ids[place], said.base_ms + start_ms, said.base_ms + start_ms + duration_ms)
        for place, start_ms, duration_ms in zip(*columns, strict=True)
        if duration_ms > 0
    ]


def supersedes(leaf: Leaf, earlier: Leaf) -> bool:
    """Whether a claim takes the place of another one."""
    return (
        leaf.kind in _CLAIMS
        and leaf.has_statement
        and leaf.said.HasField("superseded_index")
        and leaf.said.superseded_index == earlier.index
    )


def _within(leaf: Leaf, mine: list[Interval]) -> Shown:
    ordered = sorted(mine)
    for first, second in pairwise(ordered):
        if first.device == second.device and second.start_ms < first.stop_ms:
            return Shown(
                _RULE,
                f"{leaf.name} uses the device {first.device.hex()} in [{first.start_ms}, {first.stop_ms}) ms"
                f" and in [{second.start_ms}, {second.stop_ms}) ms",
                {"from_ms": second.start_ms, "until_ms": min(first.stop_ms, second.stop_ms)},
            )
    raise NotShown(f"{leaf.name} uses no device twice at one time")


def _overlap(one: list[Interval], other: list[Interval]) -> tuple[Interval, Interval] | None:
    """The first two intervals on one device that overlap."""
    by_device: dict[bytes, list[Interval]] = {}
    for interval in one:
        by_device.setdefault(interval.device, []).append(interval)
    for second in other:
        for first in by_device.get(second.device, ()):
            if first.start_ms < second.stop_ms and second.start_ms < first.stop_ms:
                return first, second
    return None


def _require_standing(case: Case, earlier: Leaf, leaf: Leaf) -> None:
    """NotShown unless the earlier claim was neither superseded nor set aside when the other one was accepted.

    A request to redeem the claim shows it, whenever it was made: what is redeemed can be neither. So does an
    event on the claim after the other one: a claim that was superseded or set aside has no further events.
    And so do all leaves between the two, of which none does either.
    """
    claim_id = earlier.said.claim_id
    redemption, later = case.one("redemption"), case.one("later")
    if redemption is not None:
        fits = redemption.kind == "redemption_requested" and claim_id in redemption.said.claim_ids
        if not fits or redemption.index < earlier.index:
            raise NotShown(f"{redemption.name} is no later request to redeem the claim of {earlier.name}")
    elif later is not None:
        fits = later.kind in _AFTER and later.link(CLAIM, claim_id) is not None
        own = later.kind in _CLAIMS and not supersedes(later, earlier)
        if not fits or own or later.index <= leaf.index:
            raise NotShown(f"{later.name} is no event on the claim of {earlier.name} after {leaf.name}")
    else:
        _require_between(case, earlier, leaf, claim_id)


def _require_between(case: Case, earlier: Leaf, leaf: Leaf, claim_id: bytes) -> None:
    wanted = range(earlier.index + 1, leaf.index)
    if list(case.roles.get("between", ())) != list(wanted):
        raise NotShown(
            f"whether {earlier.name} still stood is not shown: neither a redemption of it, nor a later event"
            " on it, nor all leaves between the two claims"
        )
    for one in case.many("between"):
        if supersedes(one, earlier):
            raise NotShown(f"{one.name} supersedes {earlier.name}")
        if one.kind == "claims_set_aside" and claim_id in one.said.claim_ids:
            raise NotShown(f"{one.name} sets {earlier.name} aside")


def search(reader: Reader, lead: Lead) -> Search:
    """Itself; and with the claims that were hinted at, or else the device's earlier ones along its links."""
    leaf = reader.leaf(lead.index)
    if leaf.kind != "claim_accepted":
        return []
    mine = intervals_of(leaf)
    found: list[Roles] = [{}]
    for at in [*lead.hints, *_along_devices(reader, leaf)]:
        earlier = reader.leaf_if(at) if at < leaf.index else None
        if earlier is None or earlier.kind != "claim_accepted" or not _overlap(intervals_of(earlier), mine):
            continue
        hits = yield earlier.said.claim_id
        touching = [one for hit in hits if (one := reader.leaf_if(hit)) is not None]
        pair = {"earlier": [at]}
        for one in touching:
            if one.kind == "redemption_requested":
                found.append({**pair, "redemption": [one.index]})
            elif one.index > leaf.index:
                found.append({**pair, "later": [one.index]})
        between = range(at + 1, leaf.index)
        if len(between) <= MOST_BETWEEN:
            found.append({**pair, "between": between} if between else pair)
    return found


def _along_devices(reader: Reader, leaf: Leaf) -> list[int]:
    """The claims before this one on its devices, newest first, as far as the links lead."""
    found: dict[int, None] = {}
    for link in leaf.links(DEVICE):
        prev, steps = link.prev, 0
        while prev is not None and prev < leaf.index and steps < MOST_STEPS:
            found[prev] = None
            before = reader.leaf_if(prev)
            back = before.link(DEVICE, link.entity) if before is not None else None
            if back is None or back.prev is None or back.prev >= prev:
                break
            prev, steps = back.prev, steps + 1
    return list(found)


TYPE = ProofType(
    "device_overlap",
    "a device that two claims use at one time",
    frozenset({"earlier", "redemption", "later", "between", "authority"}),
    judge,
    search,
)
