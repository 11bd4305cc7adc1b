"""Deciding one command and folding one event: what all acts share.

This module must not contain a rule of a single act; those are in the modules that `acts` names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.domain.journal import Head
from ledger.domain.rejections import Reason, Rejection
from ledger.errors import MalformedError

if TYPE_CHECKING:
    from ledger.domain.acts import Act
    from ledger.domain.commands import Command
    from ledger.domain.journal import Draft, Recorded
    from ledger.domain.state import State

_ALL = b""
_SINGLE_EVENT_STREAMS = ("claim/", "evidence/", "cancellation/", "settlement/")


def decide(act: Act, state: State, command: Command[Any]) -> tuple[Draft, ...] | Rejection:
    """Decide one command on the state with its overlay; a value outside its range is a refusal too."""
    header = command.header
    if header is not None:
        info = state.info
        if info is not None and header.ledger_id != info.ledger_id:
            return Rejection(Reason.WRONG_LEDGER, "the statement is for another ledger")
        if 0 < header.not_after_ms < command.now_ms:
            return Rejection(Reason.STATEMENT_EXPIRED, "the statement is no longer valid")
    if act.decide is None:
        raise TypeError(f"{act.name} is not a command")
    try:
        return act.decide(state, command)
    except MalformedError as error:
        return Rejection(Reason.MALFORMED, error.summary)


def evolve(act: Act, state: State, recorded: Recorded) -> None:
    """Fold one event: the entities of its act, then the heads of its links and its stream."""
    if act.evolve is not None:
        act.evolve(state, recorded)
    heads, touched = state.heads, state.touched
    for link in recorded.links:
        entity = link.entity if link.device is None else recorded.statement.device_ids[link.device]
        head = Head(recorded.index, link.totals)
        touched.note(link.kind, entity, head)
        table = heads.get(link.kind)
        if table is not None:
            table[entity] = head
    state.recorded_ms[_ALL] = recorded.recorded_ms
    if not recorded.stream_id.startswith(_SINGLE_EVENT_STREAMS):
        state.streams[recorded.stream_id] = recorded.stream_version
