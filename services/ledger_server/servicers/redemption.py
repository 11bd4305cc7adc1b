"""RedemptionService: evidence, redemptions, payments, and clawbacks."""
# ruff: noqa: N802 - methods are named as in the service

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ledger.domain.entities import ClawbackState, RedemptionState
from ledger.v1 import redemption_service_pb2 as pb
from ledger.v1.redemption_service_pb2_grpc import RedemptionServiceServicer
from ledger_server import views
from ledger_server.form import optional_id, required_id
from ledger_server.pages import Page, cut
from ledger_server.status import not_found, refuse
from ledger_server.writing_servicer import WritingServicer

if TYPE_CHECKING:
    from collections.abc import Collection

    from grpc import aio

    from ledger.domain.entities import Clawback, Evidence, Redemption

    Context = aio.ServicerContext[Any, Any]

_UNDETERMINED: Final = frozenset({ClawbackState.OPENED, ClawbackState.NOTIFIED, ClawbackState.APPEALED})


class RedemptionServicer(WritingServicer, RedemptionServiceServicer, service="ledger.v1.RedemptionService"):
    """From evidence to money."""

    async def GetRedemption(
        self, request: pb.GetRedemptionRequest, context: Context
    ) -> pb.GetRedemptionResponse:
        """Gives one redemption."""
        redemption_id = await required_id(request.redemption_id, "redemption_id", context)
        entity = self._ledger.state.redemptions.base.get(redemption_id)
        if entity is None:
            await refuse(context, not_found("there is no such redemption"))
        return pb.GetRedemptionResponse(redemption=await self._view(entity))

    async def ListRedemptions(
        self, request: pb.ListRedemptionsRequest, context: Context
    ) -> pb.ListRedemptionsResponse:
        """Lists redemptions, of one voucher or all."""
        state, tree_size = self._ledger.state, self._ledger.size
        voucher_id = await optional_id(request.voucher_id, "voucher_id", context)
        page = await self._pager.open(
            request, context, listing="redemptions", tree_size=tree_size, filters=(voucher_id,)
        )
        table: Collection[Redemption] = state.redemptions.base.values()
        if voucher_id:
            voucher = state.vouchers.base.get(voucher_id)
            ids = voucher.redemption_ids if voucher else ()
            table = [state.redemptions.base[redemption_id] for redemption_id in ids]
        part = cut(page, table, lambda entity: entity.index < page.first_size)
        return pb.ListRedemptionsResponse(
            redemptions=[await self._view(entity) for entity in part.items],
            next_page_token=page.token(part.next_position),
            as_of_size=tree_size,
        )

    async def ListEvidence(
        self, request: pb.ListEvidenceRequest, context: Context
    ) -> pb.ListEvidenceResponse:
        """Lists invoices, payments and acceptance papers of a contract."""
        tree_size = self._ledger.size
        contract_id = await required_id(request.contract_id, "contract_id", context)
        page = await self._pager.open(
            request, context, listing="evidence", tree_size=tree_size, filters=(contract_id,)
        )
        part = cut(page, await self._evidence(contract_id, page), lambda _: True)
        return pb.ListEvidenceResponse(
            evidence=[views.evidence(row) for row in part.items],
            next_page_token=page.token(part.next_position),
            as_of_size=tree_size,
        )

    async def GetClawback(self, request: pb.GetClawbackRequest, context: Context) -> pb.GetClawbackResponse:
        """Gives one clawback."""
        clawback_id = await required_id(request.clawback_id, "clawback_id", context)
        entity = self._ledger.state.clawbacks.base.get(clawback_id)
        if entity is None:
            await refuse(context, not_found("there is no such clawback"))
        return pb.GetClawbackResponse(clawback=await self._clawback(entity), as_of_size=self._ledger.size)

    async def ListClawbacks(
        self, request: pb.ListClawbacksRequest, context: Context
    ) -> pb.ListClawbacksResponse:
        """Lists clawbacks."""
        state, tree_size = self._ledger.state, self._ledger.size
        page = await self._pager.open(request, context, listing="clawbacks", tree_size=tree_size)
        part = cut(page, state.clawbacks.base.values(), lambda entity: entity.index < page.first_size)
        return pb.ListClawbacksResponse(
            clawbacks=[await self._clawback(entity) for entity in part.items],
            next_page_token=page.token(part.next_position),
            as_of_size=tree_size,
        )

    async def _evidence(self, contract_id: bytes, page: Page) -> list[Evidence]:
        """At least the rows up to the page's end and one more, where there are so many; no younger ones.

        The store lists by fingerprint, so that a younger row would move those behind it.
        """
        wanted = limit = page.position + page.size + 1
        while True:
            stored = await self._ledger.list_evidence(contract_id, limit)
            rows = [row for row in stored if row.leaf_index < page.first_size]
            if len(rows) >= wanted or len(stored) < limit:
                return rows
            limit *= 2

    async def _view(self, entity: Redemption) -> pb.Redemption:
        """The redemption, with what a verification has to name while one is awaited."""
        requested = entity.state == RedemptionState.REQUESTED
        verifiable_fen = await self._ledger.verifiable_fen(entity.redemption_id) if requested else 0
        return views.redemption(self._ledger.state, entity, verifiable_fen=verifiable_fen)

    async def _clawback(self, entity: Clawback) -> pb.Clawback:
        """The clawback, with what a determination has to name until there is one."""
        undetermined = entity.state in _UNDETERMINED
        determinable_fen = await self._ledger.determinable_fen(entity.clawback_id) if undetermined else 0
        return views.clawback(entity, determinable_fen=determinable_fen)
