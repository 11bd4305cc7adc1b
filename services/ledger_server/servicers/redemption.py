"""RedemptionService: evidence, redemptions and payments."""
# ruff: noqa: N802 - methods are named as in the service

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.domain.entities import RedemptionState
from ledger.v1 import redemption_service_pb2 as pb
from ledger.v1.redemption_service_pb2_grpc import RedemptionServiceServicer
from ledger_server import views
from ledger_server.form import optional_id, required_id
from ledger_server.pages import Page, Pager, cut
from ledger_server.status import not_found, refuse

if TYPE_CHECKING:
    from collections.abc import Collection

    from grpc import aio

    from ledger.domain.entities import Evidence, Redemption
    from ledger_server.port import LedgerPort
    from ledger_server.writes import Writer

    Context = aio.ServicerContext[Any, Any]


class RedemptionServicer(RedemptionServiceServicer):
    """From evidence to money."""

    def __init__(self, *, ledger: LedgerPort, writer: Writer, pager: Pager) -> None:
        self._ledger = ledger
        self._writer = writer
        self._pager = pager

    async def RegisterInvoice(
        self, request: pb.RegisterInvoiceRequest, context: Context
    ) -> pb.RegisterInvoiceResponse:
        """Registers an invoice."""
        return pb.RegisterInvoiceResponse(receipt=await self._writer.receipt(request, context))

    async def RegisterPayment(
        self, request: pb.RegisterPaymentRequest, context: Context
    ) -> pb.RegisterPaymentResponse:
        """Registers a payment to the provider."""
        return pb.RegisterPaymentResponse(receipt=await self._writer.receipt(request, context))

    async def RequestRedemption(
        self, request: pb.RequestRedemptionRequest, context: Context
    ) -> pb.RequestRedemptionResponse:
        """Asks to redeem usage."""
        return pb.RequestRedemptionResponse(receipt=await self._writer.receipt(request, context))

    async def VerifyRedemption(
        self, request: pb.VerifyRedemptionRequest, context: Context
    ) -> pb.VerifyRedemptionResponse:
        """Verifies a redemption."""
        return pb.VerifyRedemptionResponse(receipt=await self._writer.receipt(request, context))

    async def ApproveRedemption(
        self, request: pb.ApproveRedemptionRequest, context: Context
    ) -> pb.ApproveRedemptionResponse:
        """Approves a redemption; the second approval obligates."""
        return pb.ApproveRedemptionResponse(receipt=await self._writer.receipt(request, context))

    async def OrderPayment(
        self, request: pb.OrderPaymentRequest, context: Context
    ) -> pb.OrderPaymentResponse:
        """Orders the payment of an instalment."""
        return pb.OrderPaymentResponse(receipt=await self._writer.receipt(request, context))

    async def ConfirmPayment(
        self, request: pb.ConfirmPaymentRequest, context: Context
    ) -> pb.ConfirmPaymentResponse:
        """Confirms a payment."""
        return pb.ConfirmPaymentResponse(receipt=await self._writer.receipt(request, context))

    async def FailPayment(self, request: pb.FailPaymentRequest, context: Context) -> pb.FailPaymentResponse:
        """Records a failed payment."""
        return pb.FailPaymentResponse(receipt=await self._writer.receipt(request, context))

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
        """Lists invoices and payments of a contract."""
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
        return views.redemption(entity, verifiable_fen=verifiable_fen)
