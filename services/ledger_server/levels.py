"""How far an event must have come before a call answers, and waiting for that in bounded time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ledger.app.outcomes import Refused
from ledger.app.publication import QuorumDelays
from ledger.domain.rejections import Reason
from ledger.v1 import receipt_pb2
from ledger_server.limits import WITNESS_WAIT_S
from ledger_server.status import malformed, refuse

if TYPE_CHECKING:
    from grpc import aio

    from ledger_server.port import LedgerPort

    Context = aio.ServicerContext[Any, Any]
    Level: TypeAlias = receipt_pb2.AckLevel.ValueType

CHECKPOINTED: Final = receipt_pb2.ACK_LEVEL_CHECKPOINTED
WITNESSED: Final = receipt_pb2.ACK_LEVEL_WITNESSED
PROVEN: Final = frozenset({CHECKPOINTED, WITNESSED})
"""The levels whose receipts carry a proof."""

_LEVELS = frozenset(receipt_pb2.AckLevel.values())
_ANSWER_S: Final = 0.25
"""Time that is kept to answer before the caller's deadline."""
_MISSING = Refused(
    Reason.WITNESSES_MISSING,
    "too few witnesses have cosigned; what was sent is durable: repeat the same request later",
)


async def check_level(ledger: LedgerPort, level: Level, context: Context) -> None:
    """Refuse a level that is not known or that this server does not offer, before anything is recorded."""
    if level not in _LEVELS:
        await refuse(context, malformed("this level is not known"), violations=[("ack_level", "unknown")])
    if level == WITNESSED and ledger.publication.delays is None:
        text = "this server asks no witnesses; its highest level is CHECKPOINTED"
        await refuse(context, malformed(text), violations=[("ack_level", text)])


async def reach(ledger: LedgerPort, index: int, level: Level, context: Context) -> None:
    """Return when the durable leaf has come to a proven level.

    The call ends with WITNESSES_MISSING where that needs a quorum that does not come in time.
    """
    if level != WITNESSED and ledger.publication.delays is not QuorumDelays.CHECKPOINTED:
        await ledger.until_checkpointed(index)
        return
    until = ledger.until_witnessed if level == WITNESSED else ledger.until_checkpointed
    left_s = context.time_remaining()
    within_s = WITNESS_WAIT_S if left_s is None else min(WITNESS_WAIT_S, max(left_s - _ANSWER_S, 0))
    scope = asyncio.timeout(within_s)
    try:
        async with scope:
            await until(index)
    except TimeoutError:
        if not scope.expired():
            raise
        await refuse(context, _MISSING)
