"""A unit of work on its way to the sequencer: some statements, their verdicts, one answer.

This module must not decide or store anything.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger.app.outcomes import Outcome, Refused
from ledger.codec.statements import decode_statement
from ledger.domain.rejections import Reason
from ledger.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.codec.envelopes import SignedEnvelope
    from ledger.codec.registry import Entry


@dataclass(slots=True)
class Item:
    """One statement; `verdict` is that of its signatures, None while a key was not registered."""

    entry: Entry
    statement: Any
    envelope: SignedEnvelope | None
    request_id: bytes
    digest: bytes
    submitter: bytes
    verdict: bool | None = None
    outcome: Outcome | None = None


@dataclass(slots=True)
class Job:
    """The items of one call, in the order of the call; some may be answered before they are queued."""

    items: list[Item | Refused]
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def open_items(self) -> list[Item]:
        """Items without an answer."""
        return [item for item in self.items if isinstance(item, Item) and item.outcome is None]

    def outcomes(self) -> list[Outcome]:
        """Every answer, in order."""
        return [item if isinstance(item, Refused) else _answer(item) for item in self.items]

    def finish(self) -> None:
        """Let the caller go on."""
        if not self.done.done():
            self.done.set_result(None)


def _answer(item: Item) -> Outcome:
    if item.outcome is None:
        return Refused(Reason.INTERNAL, "the statement was not decided")
    return item.outcome


def make_job(envelopes: Sequence[SignedEnvelope], *, act: str, submitter: bytes) -> Job:
    """Parse statements strictly; those that are malformed are answered here and touch no other."""
    items: list[Item | Refused] = []
    for envelope in envelopes:
        try:
            entry, statement = decode_statement(envelope, act=act)
        except MalformedError as error:
            items.append(Refused(Reason.MALFORMED, error.summary))
            continue
        items.append(
            Item(entry, statement, envelope, statement.header.request_id, envelope.digest(), submitter)
        )
    return Job(items)
