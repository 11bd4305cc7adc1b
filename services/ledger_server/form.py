"""Ids in requests: 16 bytes, or where a list allows it none. Nothing else is checked here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.domain.identifiers import ID_SIZE
from ledger_server.status import malformed, refuse

if TYPE_CHECKING:
    from grpc import aio

    Context = aio.ServicerContext[Any, Any]


async def required_id(value: bytes, field: str, context: Context) -> bytes:
    """The id, or the call ends with MALFORMED naming the field."""
    if len(value) != ID_SIZE:
        text = f"{field} has {ID_SIZE} bytes"
        await refuse(context, malformed(text), violations=[(field, text)])
    return value


async def optional_id(value: bytes, field: str, context: Context) -> bytes:
    """The id or nothing, or the call ends with MALFORMED naming the field."""
    return await required_id(value, field, context) if value else value
