"""State digests, recomputed: what every event linked since the last one, and the totals of all programmes.

Two views are kept. `recorded` is what the leaves say, by which a recorded digest is judged; `own` is what
this auditor computed, by which two auditors find where they part. They differ only after a finding.
Memory is bounded by the entities of one stretch, at most 4,096 events (docs/reference/format.md, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ledger.proof.frontier import Frontier
from ledger.v1 import event_pb2
from ledger_audit.findings import Layer
from ledger_audit.frame import read_links
from ledger_audit.money import day_of_ms, day_start_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act, LinkValue, Totals

    Entry = tuple[int, Totals]

KIND = "state_digested"
MASK = 4_095
"""The event at an index whose lowest twelve bits are all set is a digest."""
_VERSION = b"\x01"
_FIRST = bytes(32)
_NUMBER = 1 << 64
_PROGRAMME, _DEVICE = event_pb2.LINK_KIND_PROGRAMME, event_pb2.LINK_KIND_DEVICE
_REQUEST_ID_SIZE = 16
_TAGS = [bytes((kind,)) for kind in range(256)]
"""The first byte of a leaf, by kind."""


@dataclass(slots=True)
class View:
    """Entities since the last digest, programmes of all time, and that digest."""

    touched: dict[bytes, Entry] = field(default_factory=dict)
    programmes: dict[bytes, Totals] = field(default_factory=dict)
    previous: bytes = _FIRST

    def digest(self, over: View | None = None) -> bytes:
        """The digest of this view, with what `over` knows better."""
        touched, programmes = self.touched, self.programmes
        if over is not None:
            touched, programmes = {**touched, **over.touched}, {**programmes, **over.programmes}
        frontier = Frontier()
        leaves = [entity + _numbers((index, *totals)) for entity, (index, totals) in sorted(touched.items())]
        frontier.extend([sha256(b"\x00" + leaf).digest() for leaf in leaves])
        said = b"".join(entity + _numbers(totals) for entity, totals in sorted(programmes.items()))
        previous = self.previous if over is None else over.previous
        return sha256(_VERSION + previous + said + frontier.root()).digest()


class Digests:
    """Follows links and digests of one log."""

    def __init__(self) -> None:
        self.own = View()
        self.computed: list[tuple[int, bytes]] = []
        """Every digest that this auditor computed, with its leaf index."""
        self.day_end_ms = 0
        """The first instant of the day after the newest event's."""
        self._counts: Mapping[str, int] = {}
        self._recorded = View()
        """Where the leaves say something else than `own`, and the newest digest that they record."""

    def is_due(self, index: int, recorded_ms: int) -> bool:
        """Whether the event has to be a digest."""
        return index > 0 and (index & MASK == MASK or recorded_ms >= self.day_end_ms)

    def begin(self, recorded_ms: int) -> None:
        """An event of this time follows."""
        if recorded_ms >= self.day_end_ms:
            self.day_end_ms = day_start_ms(day_of_ms(recorded_ms) + 1)

    def touch(self, entity: bytes, index: int, totals: Totals) -> None:
        """An event linked an entity (kind ‖ id) as expected."""
        self.own.touched[entity] = (index, totals)
        if entity[0] == _PROGRAMME:
            self.own.programmes[entity[1:]] = totals
        recorded = self._recorded
        if recorded.touched or recorded.programmes:
            recorded.touched.pop(entity, None)
            recorded.programmes.pop(entity[1:], None)

    def touch_claim(
        self, index: int, links: Sequence[LinkValue], devices: Sequence[tuple[Any, bytes, int, int]]
    ) -> None:
        """A claim has exactly these links, its devices by their position in `devices`."""
        touched, recorded = self.own.touched, self._recorded.touched
        for kind, entity, position, _, totals in links:
            name = _TAGS[kind] + (entity if position is None else devices[position][1])
            touched[name] = (index, totals)
            if recorded:
                recorded.pop(name, None)

    def note(
        self,
        index: int,
        wanted: Sequence[LinkValue],
        actual: Sequence[LinkValue],
        device_ids: Sequence[bytes],
    ) -> None:
        """Take the links of an event: those expected, and those that it has."""
        for kind, entity, device, _, totals in wanted:
            name = _entity(entity, device, device_ids)
            if name is not None:
                self.touch(bytes((kind & 0xFF,)) + name, index, totals)
        if wanted == actual:
            return
        for kind, entity, device, _, totals in actual:
            name = _entity(entity, device, device_ids)
            if name is None:
                continue
            self._recorded.touched[bytes((kind & 0xFF,)) + name] = (index, totals)
            if kind == _PROGRAMME:
                self._recorded.programmes[name] = totals

    def take(self, index: int, recorded: bytes, counts: Mapping[str, int]) -> bytes:
        """The digest that the leaves give; from here on the recorded one counts, and all is touched anew.

        `counts` are the findings of all rules so far: where the leaves break one, what was computed is not
        what they say, and this auditor's digest is another than that of one who finds nothing.
        """
        expected = self.own.digest(self._recorded)
        mine = self.own.digest()
        if counts != self._counts:
            mine = sha256(mine + repr(sorted(counts.items())).encode()).digest()
            self._counts = dict(counts)
        self.computed.append((index, mine))
        self.own.previous = mine
        self.own.touched = {}
        self._recorded.previous = recorded
        self._recorded.touched = {}
        return expected


def state_digested(fold: Fold, act: Act) -> None:
    """The digest is that of the leaves before it; nobody asked for it."""
    event = act.event
    counts = fold.findings.counts_of(Layer.RULES)
    expected = fold.digests.take(act.index, event.state_digested.digest, counts)
    act.equal("state_digest", expected, event.state_digested.digest)
    act.equal("request_id", act.index.to_bytes(_REQUEST_ID_SIZE, "big"), event.request_id)
    act.equal("request_digest", event.state_digested.digest, event.request_digest)
    act.require(not event.HasField("ordinal"), "ordinal", "none", event.ordinal)
    act.equal("digest_place", b"", event.submitter)
    act.stream = f"ledger/{fold.state.ledger_id.hex()}"


def note_event(digests: Digests, act: Act) -> None:
    """Take the links of a judged event."""
    device_ids = getattr(act.statement, "device_ids", ())
    digests.note(act.index, act.links, read_links(act.event), device_ids)


def _entity(entity: bytes, device: int | None, device_ids: Sequence[bytes]) -> bytes | None:
    if device is None:
        return entity
    return device_ids[device] if device < len(device_ids) else None


def _numbers(values: tuple[int, ...]) -> bytes:
    return b"".join((value % _NUMBER).to_bytes(8, "big") for value in values)
