"""One event under judgement: what its rules expect of the fields that every event has.

Rules say what they expect through `Act`; `check` compares it with the event. It must not know
single event types.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ledger.v1 import event_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger_audit.entities import Key
    from ledger_audit.findings import Findings

Totals = tuple[int, ...]
LinkValue = tuple[int, bytes, int | None, int | None, Totals]
"""Kind, entity, device position, previous leaf, totals after."""

_LINK_NAMES = event_pb2.LinkKind.Name
_PREMISE_NAMES = event_pb2.PremiseKind.Name
_ACCOUNT_NAMES = event_pb2.Account.Name


class Linked(Protocol):
    """An entity that knows the leaf of its newest event."""

    last: int | None


class Unjudgeable(Exception):
    """The event names something that does not exist, so that its other rules cannot be judged."""


@dataclass(slots=True)
class Act:
    """An event with its statement and signers, and what the rules expect of it."""

    index: int
    leaf_hash: bytes
    event: event_pb2.Event
    kind: str
    statement: Any
    findings: Findings
    keys: list[Key | None] = field(default_factory=list)
    actor: bytes = b""
    stream: str = ""
    effective_ms: int = 0
    has_new_key: bool = False
    size: int = 0
    """Bytes of the stored event."""
    premises: list[tuple[int, int]] = field(default_factory=list)
    links: list[LinkValue] = field(default_factory=list)
    postings: list[tuple[int, bytes, int]] = field(default_factory=list)

    @property
    def first_owner(self) -> bytes:
        """Whose key signed first; where that is not known, whatever the event says."""
        first = self.keys[0] if self.keys else None
        return first.owner if first is not None else self.event.actor

    def fail(self, check: str, expected: object, actual: object) -> None:
        """Record a finding at this event."""
        self.findings.add(check, self.index, expected, actual, self.leaf_hash)

    def require(self, truth: bool, check: str, expected: object, actual: object) -> bool:
        """Record a finding unless `truth` holds; the truth."""
        if not truth:
            self.findings.add(check, self.index, expected, actual, self.leaf_hash)
        return truth

    def equal(self, check: str, expected: object, actual: object) -> bool:
        """Record a finding unless both are equal."""
        return self.require(expected == actual, check, expected, actual)

    def missing(self, what: str, name: bytes) -> Unjudgeable:
        """Record that something named does not exist; to be raised."""
        self.fail("references", f"an existing {what}", name)
        return Unjudgeable()

    def premise(self, kind: int, index: int | None) -> None:
        """Expect a further premise, if the fact exists."""
        if index is not None:
            self.premises.append((kind, index))

    def link(self, kind: int, entity: bytes, linked: Linked, totals: Totals = ()) -> None:
        """Expect a link of an entity and count this event as its newest."""
        self.links.append((kind, entity, None, linked.last, totals))
        linked.last = self.index

    def move(self, programme_id: bytes, debit: int, credit: int, amount: int) -> None:
        """Expect a double entry; of nothing there is none."""
        if amount:
            self.postings += [(debit, programme_id, amount), (credit, programme_id, -amount)]


class Frame:
    """Compares events with what their rules expect, and remembers drifting totals."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._drift: dict[tuple[int, bytes], Totals] = {}
        self.balances: dict[tuple[bytes, int], int] = {}
        """Sums of the recorded postings by programme and account."""

    def check(self, act: Act) -> None:
        """Compare actor, stream, times, premises, links and postings; findings go to the collector."""
        event = act.event
        act.equal("actor", act.actor, event.actor)
        act.equal("stream", act.stream, event.stream_id)
        act.equal("effective_ms", act.effective_ms, event.effective_ms)
        self._check_premises(act)
        self.check_links(act.index, act.leaf_hash, act.links, read_links(event))
        self._check_postings(act)

    def check_links(
        self, index: int, leaf_hash: bytes, expected: list[LinkValue], actual: list[LinkValue]
    ) -> None:
        """One finding for each link that is not the expected one.

        Totals that are wrong by the same amounts as at the entity's finding before are no new one.
        """
        if expected == actual and not self._drift:
            return
        for want, have in zip(expected, actual, strict=False):
            entity = want[:2]
            if want == have:
                self._drift.pop(entity, None)
            elif want[:4] != have[:4] or len(want[4]) != len(have[4]):
                self._findings.add("links", index, show_link(want), show_link(have), leaf_hash)
            else:
                drift = tuple(b - a for a, b in zip(want[4], have[4], strict=True))
                if self._drift.get(entity) != drift:
                    self._findings.add("links", index, show_link(want), show_link(have), leaf_hash)
                self._drift[entity] = drift
        if len(expected) != len(actual):
            self._findings.add("links", index, f"{len(expected)} links", f"{len(actual)} links", leaf_hash)

    def _check_premises(self, act: Act) -> None:
        signing = act.keys[:-1] if act.has_new_key else act.keys
        if act.kind == "ledger_opened":
            signing = []
        actual = [(p.kind, p.index if p.HasField("index") else None) for p in act.event.premises[:]]
        expected: list[tuple[int, int | None]] = []
        for number, key in enumerate(signing):
            known = key.index if key is not None else None
            if key is None and number < len(actual):
                known = actual[number][1]
            expected.append((event_pb2.PREMISE_KIND_KEY, known))
        expected += act.premises
        if expected != actual:
            act.fail("premises", _show_premises(expected), _show_premises(actual))

    def _check_postings(self, act: Act) -> None:
        actual = [(p.account, p.programme_id, p.amount_fen) for p in act.event.postings]
        if actual != act.postings:
            act.fail("postings", _show_postings(act.postings), _show_postings(actual))
        self.check_balance(act.event, act.fail)

    def check_balance(self, event: event_pb2.Event, fail: Callable[[str, object, object], None]) -> None:
        """The postings sum to zero in every programme; they are added to the balances."""
        sums: dict[bytes, int] = {}
        for posting in event.postings:
            programme_id, amount = posting.programme_id, posting.amount_fen
            sums[programme_id] = sums.get(programme_id, 0) + amount
            name = (programme_id, int(posting.account))
            self.balances[name] = self.balances.get(name, 0) + amount
        for programme_id, total in sums.items():
            if total:
                fail("trial_balance", "postings that sum to 0", f"{total} in {programme_id.hex()}")


def read_links(event: event_pb2.Event) -> list[LinkValue]:
    """The links of an event as values; absent fields are None."""
    return [
        (
            link.kind,
            link.entity,
            link.device if link.HasField("device") else None,
            link.prev if link.HasField("prev") else None,
            tuple(link.totals),
        )
        for link in event.links[:]
    ]


def show_link(link: LinkValue) -> str:
    """A link as a finding shows it."""
    kind, entity, device, prev, totals = link
    name = f"device {device}" if device is not None else entity.hex()
    return f"{_name(_LINK_NAMES, kind)} {name} prev={prev} totals={list(totals)}"


def _show_premises(premises: Sequence[tuple[int, int | None]]) -> str:
    return ", ".join(f"{_name(_PREMISE_NAMES, kind)}={index}" for kind, index in premises) or "none"


def _show_postings(postings: Sequence[tuple[int, bytes, int]]) -> str:
    return (
        ", ".join(f"{_name(_ACCOUNT_NAMES, account)} {amount:+d}" for account, _, amount in postings)
        or "none"
    )


def _name(names: Any, number: int) -> str:
    try:
        return str(names(number)).split("_KIND_")[-1].removeprefix("ACCOUNT_")
    except ValueError:
        return str(number)
