"""The closed registry of statements and events: which bytes are which type, and what decodes them.

Types are found by this table alone; data never names code. Adding a type is adding an act and a message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from ledger.codec.mapping import decoder, encoder
from ledger.domain.acts import ACTS, SYSTEM_ACTS, Act, NoStatement
from ledger.domain.commands import ExpireVoucher, PublishQuotas, ReportSuppressed
from ledger.errors import MalformedError
from ledger.v1 import (
    application_pb2,
    claim_pb2,
    clawback_pb2,
    contract_pb2,
    digest_pb2,
    event_pb2,
    genesis_pb2,
    programme_pb2,
    quota_pb2,
    redemption_pb2,
    registry_pb2,
    voucher_pb2,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

_MODULES = (
    genesis_pb2,
    registry_pb2,
    programme_pb2,
    contract_pb2,
    application_pb2,
    voucher_pb2,
    claim_pb2,
    redemption_pb2,
    clawback_pb2,
    quota_pb2,
    digest_pb2,
)
_UNSIGNED = (NoStatement, ExpireVoucher, PublishQuotas, ReportSuppressed)


@dataclass(frozen=True, slots=True)
class Entry:
    """An act with its codecs; `statement_message` is None for SYSTEM acts."""

    act: Act
    event_name: str
    statement_message: type[Message] | None
    decode_statement: Callable[[Any], Any] | None
    decode_event: Callable[[Any], Any]
    encode_event: Callable[[Any], Any]


def event_name(event: object) -> str:
    """Name of an event's field in the `payload` oneof."""
    return _event_names()[type(event)]


@cache
def _event_names() -> dict[type, str]:
    return {entry.act.event: entry.event_name for entry in entries()}


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _message(name: str) -> type[Message]:
    found: type[Message] = next(getattr(module, name) for module in _MODULES if hasattr(module, name))
    return found


@cache
def entries() -> tuple[Entry, ...]:
    """Every act, compiled once."""
    return tuple(_entry(act) for act in (*ACTS, *SYSTEM_ACTS))


def _entry(act: Act) -> Entry:
    signed = act.statement not in _UNSIGNED
    statement_message = _message(act.statement.__name__) if signed else None
    event_message = _message(act.event.__name__)
    return Entry(
        act,
        _snake(act.event.__name__),
        statement_message,
        decoder(act.statement, statement_message) if statement_message else None,
        decoder(act.event, event_message),
        encoder(act.event, event_message),
    )


@cache
def by_payload_type() -> dict[str, Entry]:
    """Signed acts by their DSSE payload type."""
    return {entry.act.payload_type: entry for entry in entries() if entry.statement_message}


@cache
def by_event_name() -> dict[str, Entry]:
    """Acts by the name of their event."""
    found = {entry.event_name: entry for entry in entries()}
    declared = {field.name for field in event_pb2.Event.DESCRIPTOR.oneofs_by_name["payload"].fields}
    if set(found) != declared:
        raise TypeError(f"acts and events differ: {sorted(set(found) ^ declared)}")
    return found


@cache
def by_act_name() -> dict[str, Entry]:
    """Acts by name."""
    return {entry.act.name: entry for entry in entries()}


def entry_of_event(name: str) -> Entry:
    """The act of an event; MalformedError with the name for one that this version does not know."""
    entry = by_event_name().get(name)
    if entry is None:
        raise MalformedError(
            f"unknown event type {name!r}",
            hint="A newer version wrote this ledger; read it with that version.",
        )
    return entry
