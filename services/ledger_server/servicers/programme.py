"""ProgrammeService: programmes, policies and calendars."""
# ruff: noqa: N802 - methods are named as in the service

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.v1 import programme_service_pb2 as pb
from ledger.v1.programme_service_pb2_grpc import ProgrammeServiceServicer
from ledger_server import views
from ledger_server.pages import cut
from ledger_server.writing_servicer import WritingServicer

if TYPE_CHECKING:
    from grpc import aio

    Context = aio.ServicerContext[Any, Any]


class ProgrammeServicer(WritingServicer, ProgrammeServiceServicer, service="ledger.v1.ProgrammeService"):
    """Opening and governing programmes."""

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

    async def ListCalendars(
        self, request: pb.ListCalendarsRequest, context: Context
    ) -> pb.ListCalendarsResponse:
        """Lists the calendars in force, one a year."""
        del request, context
        calendars = sorted(self._ledger.state.calendars.base.values(), key=lambda entity: entity.year)
        return pb.ListCalendarsResponse(
            calendars=[views.calendar(entity) for entity in calendars], as_of_size=self._ledger.size
        )
