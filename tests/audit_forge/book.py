"""The forge's own bookkeeping: it adds drafts with their links, premises and postings filled in.

Totals are given by the caller; only previous leaves, stream versions and times are kept here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit_forge.digest import DIGEST, is_due
from audit_forge.draft import Actor, Draft, ident
from ledger.v1 import event_pb2 as ev

if TYPE_CHECKING:
    from collections.abc import Sequence

START_MS = 1_767_225_600_000 + 36_000_000  # 2026-01-01T10:00:00Z
DAY_MS = 86_400_000


class Book:
    """Adds drafts one after the other."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.ledger_id = ident("ledger")
        self.now_ms = START_MS
        self.named: dict[str, int] = {}
        self._recorded_ms = START_MS
        self._digests = 0
        self.keys: dict[bytes, int] = {}
        self._last: dict[tuple[int, bytes], int] = {}
        self._versions: dict[str, int] = {}

    @property
    def next_index(self) -> int:
        """The index of the next draft."""
        return len(self.drafts)

    def add(
        self,
        kind: str,
        statement: Any,
        signers: list[Actor],
        *,
        actor: bytes,
        stream: str,
        premises: Sequence[tuple[int, int]] | None = None,
        links: list[tuple[Any, ...]] | None = None,
        postings: list[tuple[int, bytes, int]] | None = None,
        effective_ms: int | None = None,
        new_key: Actor | None = None,
        **draft: Any,
    ) -> Draft:
        """Add a draft; a link is (kind, entity, totals) or, for a device, (DEVICE, id, total, position)."""
        self.now_ms += 1000
        while kind != DIGEST and is_due(self.next_index, self.now_ms, self._recorded_ms):
            self._digests += 1
            self.named[f"digest {self._digests}"] = self.next_index
            self.add(DIGEST, None, [], actor=b"", stream=f"ledger/{self.ledger_id.hex()}")
        index = self.next_index
        self._recorded_ms = self.now_ms
        event = ev.Event(recorded_ms=self.now_ms, stream_id=stream, actor=actor)
        event.effective_ms = self.now_ms if effective_ms is None else effective_ms
        self._versions[stream] = event.stream_version = self._versions.get(stream, 0) + 1
        if statement is not None:
            statement.header.ledger_id = self.ledger_id
            statement.header.request_id = ident(f"request {index}")
            event.submitter = actor
        else:
            event.request_id = ident(f"request {index}")
        if kind != "ledger_opened":
            for signer in signers[:-1] if new_key else signers:
                event.premises.add(kind=ev.PREMISE_KIND_KEY, index=self.keys[signer.key_id])
        for premise_kind, premise_index in premises or []:
            event.premises.add(kind=premise_kind, index=premise_index)
        for link in links or []:
            self._link(event, index, *link)
        for account, programme, amount in postings or []:
            event.postings.add(account=account, programme_id=programme, amount_fen=amount)
        made = Draft(kind, event, statement, signers, **draft)
        self.drafts.append(made)
        if new_key is not None:
            self.keys[new_key.key_id] = index
        return made

    def system(self, kind: str, stream: str, digest: bytes = b"", **rest: Any) -> Draft:
        """Add a SYSTEM event whose request has this digest; without one it belongs to the request before."""
        made = self.add(kind, None, [], actor=b"", stream=stream, **rest)
        made.follows = not digest
        made.event.submitter = ident("clerk") if digest else b""
        made.event.request_digest = digest
        return made

    def _link(self, event: ev.Event, index: int, kind: int, entity: bytes, *rest: Any) -> None:
        totals, position = (rest[0] if rest else ()), (rest[1] if len(rest) > 1 else None)
        link = event.links.add(kind=kind, totals=totals)
        if position is None:
            link.entity = entity
        else:
            link.device = position
        before = self._last.get((kind, entity))
        if before is not None:
            link.prev = before
        self._last[kind, entity] = index
