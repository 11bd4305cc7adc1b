"""RegistryService: officers, participants, keys, certificates, admissions, holdings and devices."""
# ruff: noqa: N802 - methods are named as in the service

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.domain.entities import Officer
from ledger.v1 import registry_service_pb2 as pb
from ledger.v1.registry_service_pb2_grpc import RegistryServiceServicer
from ledger_server import views
from ledger_server.form import optional_id
from ledger_server.pages import cut
from ledger_server.writing_servicer import WritingServicer

if TYPE_CHECKING:
    from grpc import aio

    from ledger.domain.entities import Key, Participant

    Context = aio.ServicerContext[Any, Any]


class RegistryServicer(WritingServicer, RegistryServiceServicer, service="ledger.v1.RegistryService"):
    """Who takes part, with which keys."""

    async def ListParticipants(
        self, request: pb.ListParticipantsRequest, context: Context
    ) -> pb.ListParticipantsResponse:
        """Lists officers and participants in the order of their registration, each with its keys."""
        state, tree_size, now_ms = self._ledger.state, self._ledger.size, self._ledger.now_ms()
        page = await self._pager.open(request, context, listing="participants", tree_size=tree_size)
        holders: list[Officer | Participant] = sorted(
            (*state.officers.base.values(), *state.participants.base.values()),
            key=lambda holder: holder.index,
        )
        part = cut(page, holders, lambda holder: holder.index < page.first_size)
        keys = self._keys_of(
            {
                holder.officer_id if isinstance(holder, Officer) else holder.participant_id
                for holder in part.items
            }
        )
        return pb.ListParticipantsResponse(
            participants=[
                views.officer(holder, keys[holder.officer_id])
                if isinstance(holder, Officer)
                else views.participant(state, holder, keys[holder.participant_id], now_ms=now_ms)
                for holder in part.items
            ],
            next_page_token=page.token(part.next_position),
            as_of_size=tree_size,
        )

    async def ListDevices(self, request: pb.ListDevicesRequest, context: Context) -> pb.ListDevicesResponse:
        """Lists devices, of one provider or of all."""
        state, tree_size = self._ledger.state, self._ledger.size
        provider_id = await optional_id(request.provider_id, "provider_id", context)
        page = await self._pager.open(
            request, context, listing="devices", tree_size=tree_size, filters=(provider_id,)
        )
        devices = state.devices.base
        part = cut(
            page,
            devices,
            lambda device_id: (
                devices[device_id].registered_index < page.first_size
                and (not provider_id or devices[device_id].provider_id == provider_id)
            ),
        )
        return pb.ListDevicesResponse(
            devices=[views.device(state, device_id, devices[device_id]) for device_id in part.items],
            next_page_token=page.token(part.next_position),
            as_of_size=tree_size,
        )

    async def ListHoldings(
        self, request: pb.ListHoldingsRequest, context: Context
    ) -> pb.ListHoldingsResponse:
        """Lists holdings; a pair keeps its place when it is declared again."""
        state, tree_size = self._ledger.state, self._ledger.size
        page = await self._pager.open(request, context, listing="holdings", tree_size=tree_size)
        part = cut(page, state.holdings.base.values(), lambda _: True)
        return pb.ListHoldingsResponse(
            holdings=[views.holding(entity) for entity in part.items],
            next_page_token=page.token(part.next_position),
            as_of_size=tree_size,
        )

    def _keys_of(self, owners: set[bytes]) -> dict[bytes, list[Key]]:
        """The keys of each owner, oldest first."""
        found: dict[bytes, list[Key]] = {owner: [] for owner in owners}
        for key in self._ledger.state.keys.base.values():
            if key.owner_id in found:
                found[key.owner_id].append(key)
        return found
