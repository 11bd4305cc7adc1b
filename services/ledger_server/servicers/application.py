"""ApplicationService: contracts and what hangs on them, and applications up to the grant."""
# ruff: noqa: N802 - methods are named as in the service

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.v1 import application_service_pb2 as pb
from ledger.v1.application_service_pb2_grpc import ApplicationServiceServicer
from ledger_server import views
from ledger_server.form import required_id
from ledger_server.pages import cut
from ledger_server.status import not_found, refuse
from ledger_server.writing_servicer import WritingServicer

if TYPE_CHECKING:
    from grpc import aio

    Context = aio.ServicerContext[Any, Any]


class ApplicationServicer(
    WritingServicer, ApplicationServiceServicer, service="ledger.v1.ApplicationService"
):
    """From a contract to an application."""

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

    async def GetApplication(
        self, request: pb.GetApplicationRequest, context: Context
    ) -> pb.GetApplicationResponse:
        """Gives one application with its objections."""
        application_id = await required_id(request.application_id, "application_id", context)
        state = self._ledger.state
        entity = state.applications.base.get(application_id)
        if entity is None:
            await refuse(context, not_found("there is no such application"))
        return pb.GetApplicationResponse(
            application=views.application(entity),
            objections=[views.objection(state.objections.base[each]) for each in entity.objection_ids],
            as_of_size=self._ledger.size,
        )
