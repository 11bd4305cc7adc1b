"""OperationService: what operators do."""
# ruff: noqa: N802 - methods are named as in the service

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.app.outcomes import Refused
from ledger.domain.rejections import Reason
from ledger.errors import LedgerError
from ledger.v1 import operation_service_pb2 as pb
from ledger.v1.operation_service_pb2_grpc import OperationServiceServicer
from ledger_server.status import refuse

if TYPE_CHECKING:
    from grpc import aio

    from ledger_server.port import LedgerPort

    Context = aio.ServicerContext[Any, Any]


class OperationServicer(OperationServiceServicer):
    """Operating a server; nothing here touches money."""

    def __init__(self, *, ledger: LedgerPort) -> None:
        self._ledger = ledger

    async def SetClock(self, request: pb.SetClockRequest, context: Context) -> pb.SetClockResponse:
        """Sets the clock of a SIMULATED ledger."""
        try:
            now_ms = self._ledger.set_clock(request.ledger_time_ms)
        except LedgerError as error:
            await refuse(context, Refused(reason=Reason.STATE_CONFLICT, message=error.summary))
        return pb.SetClockResponse(ledger_time_ms=now_ms)
