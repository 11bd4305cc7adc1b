"""Leaves made by hand for parts of the auditor that read events and judge no rule: no links but those given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.v1 import event_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.message import Message


def leaf(
    kind: str,
    act: str,
    statement: Message,
    *,
    actor: bytes = b"",
    links: Sequence[tuple[int, bytes, Sequence[int]]] = (),
) -> bytes:
    """The bytes of an event of a kind that carries one unsigned statement."""
    event = event_pb2.Event(index=0, prev_leaf_hash=bytes(32), rules_version=1, actor=actor)
    event.envelopes.add(
        payload_type=f"application/vnd.voucher-ledger.{act}.v1+protobuf",
        payload=statement.SerializeToString(deterministic=True),
    )
    for link_kind, entity, totals in links:
        number: Any = link_kind
        event.links.add(kind=number, entity=entity, totals=totals)
    getattr(event, kind).SetInParent()
    return event.SerializeToString(deterministic=True)
