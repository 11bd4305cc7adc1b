"""ApplicationService: contracts and applications."""
# ruff: noqa: N802 - methods are named as in the service

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.v1 import application_service_pb2 as pb
from ledger.v1.application_service_pb2_grpc import ApplicationServiceServicer
from ledger_server import views
from ledger_server.pages import Pager, cut

if TYPE_CHECKING:
    from grpc import aio

    from ledger_server.port import LedgerPort
    from ledger_server.writes import Writer

    Context = aio.ServicerContext[Any, Any]


class ApplicationServicer(ApplicationServiceServicer):
    """From a contract to an application."""

    def __init__(self, *, ledger: LedgerPort, writer: Writer, pager: Pager) -> None:
        self._ledger = ledger
        self._writer = writer
        self._pager = pager

    async def RegisterContract(
        self, request: pb.RegisterContractRequest, context: Context
    ) -> pb.RegisterContractResponse:
        """Registers a contract."""
        return pb.RegisterContractResponse(receipt=await self._writer.receipt(request, context))

    async def SubmitApplication(
        self, request: pb.SubmitApplicationRequest, context: Context
    ) -> pb.SubmitApplicationResponse:
        """Applies for a voucher."""
        return pb.SubmitApplicationResponse(receipt=await self._writer.receipt(request, context))

    async def ListContracts(
        self, request: pb.ListContractsRequest, context: Context
    ) -> pb.ListContractsResponse:
        """Lists contracts."""
        state, tree_size = self._ledger.state, self._ledger.size
        page = await self._pager.open(request, context, listing="contracts", tree_size=tree_size)
        part = cut(page, state.contracts.base.values(), lambda entity: entity.index < page.first_size)
        return pb.ListContractsResponse(
            contracts=[views.contract(state, entity) for entity in part.items],
            next_page_token=page.token(part.next_position),
            as_of_size=tree_size,
        )

    async def ListApplications(
        self, request: pb.ListApplicationsRequest, context: Context
    ) -> pb.ListApplicationsResponse:
        """Lists applications."""
        state, tree_size = self._ledger.state, self._ledger.size
        page = await self._pager.open(request, context, listing="applications", tree_size=tree_size)
        part = cut(page, state.applications.base.values(), lambda entity: entity.index < page.first_size)
        return pb.ListApplicationsResponse(
            applications=[views.application(entity) for entity in part.items],
            next_page_token=page.token(part.next_position),
            as_of_size=tree_size,
        )
