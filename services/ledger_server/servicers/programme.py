"""ProgrammeService: programmes and policies."""
# ruff: noqa: N802 - methods are named as in the service

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.v1 import programme_service_pb2 as pb
from ledger.v1.programme_service_pb2_grpc import ProgrammeServiceServicer
from ledger_server import views
from ledger_server.pages import Pager, cut

if TYPE_CHECKING:
    from grpc import aio

    from ledger_server.port import LedgerPort
    from ledger_server.writes import Writer

    Context = aio.ServicerContext[Any, Any]


class ProgrammeServicer(ProgrammeServiceServicer):
    """Opening and governing programmes."""

    def __init__(self, *, ledger: LedgerPort, writer: Writer, pager: Pager) -> None:
        self._ledger = ledger
        self._writer = writer
        self._pager = pager

    async def OpenProgramme(
        self, request: pb.OpenProgrammeRequest, context: Context
    ) -> pb.OpenProgrammeResponse:
        """Opens a programme with its appropriation."""
        return pb.OpenProgrammeResponse(receipt=await self._writer.receipt(request, context))

    async def PublishPolicy(
        self, request: pb.PublishPolicyRequest, context: Context
    ) -> pb.PublishPolicyResponse:
        """Puts a policy version in force."""
        return pb.PublishPolicyResponse(receipt=await self._writer.receipt(request, context))

    async def ListProgrammes(
        self, request: pb.ListProgrammesRequest, context: Context
    ) -> pb.ListProgrammesResponse:
        """Lists programmes with their totals."""
        state, tree_size = self._ledger.state, self._ledger.size
        page = await self._pager.open(request, context, listing="programmes", tree_size=tree_size)
        part = cut(page, state.programmes.base.values(), lambda entity: entity.index < page.first_size)
        return pb.ListProgrammesResponse(
            programmes=[views.programme(state, entity) for entity in part.items],
            next_page_token=page.token(part.next_position),
            as_of_size=tree_size,
        )
