"""LogService: checkpoint, tiles, entries, proofs and receipts, as stored."""
# ruff: noqa: N802 - methods are named as in the service

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, cast

import grpc

from ledger.app.record_pieces import PieceReader
from ledger.errors import LedgerError
from ledger.v1 import event_pb2, receipt_pb2
from ledger.v1 import log_service_pb2 as pb
from ledger.v1.log_service_pb2_grpc import LogServiceServicer
from ledger_server.levels import WITNESSED, check_level, reach
from ledger_server.status import malformed, not_found, refuse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from grpc import aio

    from ledger_server.port import LedgerPort, SignedCheckpoint

    Context = aio.ServicerContext[Any, Any]

_FULL_TILE: Final = 256
_MAX_LEVEL: Final = 63
_MAX_EVENTS_OF_A_REQUEST: Final = 16


class LogServicer(LogServiceServicer):
    """Everything that an auditor needs and nothing that it has to trust."""

    def __init__(self, *, ledger: LedgerPort) -> None:
        self._ledger = ledger
        self._version = version("voucher-ledger")

    async def GetLedger(self, request: pb.GetLedgerRequest, context: Context) -> pb.GetLedgerResponse:
        """Gives what a client must know to talk to this ledger."""
        del request, context
        return pb.GetLedgerResponse(
            ledger_id=self._ledger.ledger_id,
            origin=self._ledger.origin,
            genesis_leaf_hash=self._ledger.genesis_leaf_hash,
            clock=cast("Any", int(self._ledger.clock_kind)),
            tree_size=self._ledger.size,
            ledger_time_ms=self._time_ms(),
            server_version=self._version,
        )

    def _time_ms(self) -> int:
        """Ledger time; 0 while the clock cannot be trusted, because reading goes on without it."""
        try:
            return self._ledger.now_ms()
        except LedgerError:
            return 0

    async def GetCheckpoint(
        self, request: pb.GetCheckpointRequest, context: Context
    ) -> pb.GetCheckpointResponse:
        """Gives the newest checkpoint that readers should take."""
        del request
        shown = self._ledger.publication.shown or await self._newest(context)
        return pb.GetCheckpointResponse(checkpoint=shown.note)

    async def GetTile(self, request: pb.GetTileRequest, context: Context) -> pb.GetTileResponse:
        """Gives a hash tile."""
        if not 1 <= request.width <= _FULL_TILE or request.level > _MAX_LEVEL:
            text = f"a tile has 1 to {_FULL_TILE} hashes, on a level up to {_MAX_LEVEL}"
            await refuse(context, malformed(text), violations=[("width", text)])
        try:
            data = await self._ledger.tile(request.level, request.index, request.width)
        except KeyError:
            await refuse(context, not_found("there is no such tile under the newest checkpoint"))
        return pb.GetTileResponse(data=data)

    async def ListEntries(
        self, request: pb.ListEntriesRequest, context: Context
    ) -> AsyncIterator[pb.ListEntriesResponse]:
        """Streams stored events, byte for byte, in pieces of at most 256 KiB."""
        stop = self._ledger.size
        if request.start > stop:
            await _out_of_range(context, f"the log has {stop} entries", "start")
        if request.count:
            stop = min(stop, request.start + request.count)
        reader = PieceReader(self._ledger, request.start)
        while reader.next_index < stop:
            start = reader.next_index
            records = await reader.piece(stop)
            yield pb.ListEntriesResponse(start=start, entries=[data for _, _, data in records])

    async def GetInclusionProof(
        self, request: pb.GetInclusionProofRequest, context: Context
    ) -> pb.GetInclusionProofResponse:
        """Gives the inclusion proof of a leaf."""
        if request.index >= (await self._newest(context)).size:
            await _out_of_range(context, "the leaf is beyond the newest checkpoint", "index")
        hashes, checkpoint = await self._ledger.inclusion_proof(request.index)
        return pb.GetInclusionProofResponse(hashes=hashes, checkpoint=checkpoint.note)

    async def GetConsistencyProof(
        self, request: pb.GetConsistencyProofRequest, context: Context
    ) -> pb.GetConsistencyProofResponse:
        """Proves that one checkpoint extends another."""
        if request.first_size > request.second_size:
            text = "the first size is the smaller one"
            await refuse(context, malformed(text), violations=[("first_size", text)])
        signed = self._ledger.publication.signed or await self._newest(context)
        if request.second_size > signed.size:
            await _out_of_range(context, "the size is beyond the newest checkpoint", "second_size")
        hashes = await self._ledger.consistency_proof(request.first_size, request.second_size)
        return pb.GetConsistencyProofResponse(hashes=hashes)

    async def GetReceipt(self, request: pb.GetReceiptRequest, context: Context) -> pb.GetReceiptResponse:
        """Gives the receipt of an event, waiting for a checkpoint if needed."""
        if request.index >= self._ledger.size:
            await refuse(context, not_found("there is no such leaf"))
        await check_level(self._ledger, request.ack_level, context)
        await reach(self._ledger, request.index, request.ack_level, context)
        event, tlog_proof = await self._ledger.receipt(
            request.index, witnessed=request.ack_level == WITNESSED
        )
        receipt = receipt_pb2.Receipt(
            index=request.index,
            leaf_hash=await self._ledger.leaf_hash(request.index),
            event_count=await self._event_count(request.index, event),
            repeated_request=True,
            event=event,
            tlog_proof=tlog_proof,
        )
        return pb.GetReceiptResponse(receipt=receipt)

    async def _event_count(self, index: int, event: bytes) -> int:
        """How many events of the same request stand here, from this one on."""
        first = event_pb2.Event.FromString(event)
        if not first.HasField("ordinal"):
            return 1
        count = 0
        for _, _, data in await self._ledger.read(index, _MAX_EVENTS_OF_A_REQUEST):
            following = event_pb2.Event.FromString(data)
            # What stands next under the same id with the next ordinal is of the same request.
            if following.request_id != first.request_id or following.ordinal != first.ordinal + count:
                break
            count += 1
        return count

    async def _newest(self, context: Context) -> SignedCheckpoint:
        checkpoint = self._ledger.checkpoint()
        if checkpoint is None:
            await refuse(context, not_found("there is no checkpoint yet"))
        return checkpoint


async def _out_of_range(context: Context, text: str, field: str) -> None:
    await refuse(context, not_found(text), code=grpc.StatusCode.OUT_OF_RANGE, violations=[(field, text)])
