"""VoucherService: issue, expiry and state of vouchers."""
# ruff: noqa: N802 - methods are named as in the service

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ledger.v1 import voucher_service_pb2 as pb
from ledger.v1.voucher_service_pb2_grpc import VoucherServiceServicer
from ledger_server import views
from ledger_server.form import optional_id, required_id
from ledger_server.pages import cut
from ledger_server.status import not_found, refuse
from ledger_server.writing_servicer import WritingServicer

if TYPE_CHECKING:
    from grpc import aio

    Context = aio.ServicerContext[Any, Any]

_SUMMED_AT_ONCE: Final = 10_000


class VoucherServicer(WritingServicer, VoucherServiceServicer, service="ledger.v1.VoucherService"):
    """Vouchers from their grant to their end."""

    async def ExpireVoucher(
        self, request: pb.ExpireVoucherRequest, context: Context
    ) -> pb.ExpireVoucherResponse:
        """Expires a voucher whose validity is over and releases what is unused."""
        receipt = await self._writer.expiry(
            voucher_id=await required_id(request.voucher_id, "voucher_id", context),
            request_id=await required_id(request.request_id, "request_id", context),
            level=request.ack_level,
            context=context,
        )
        return pb.ExpireVoucherResponse(receipt=receipt)

    async def GetVoucher(self, request: pb.GetVoucherRequest, context: Context) -> pb.GetVoucherResponse:
        """Gives one voucher."""
        voucher_id = await required_id(request.voucher_id, "voucher_id", context)
        if voucher_id not in self._ledger.state.vouchers.base:
            await refuse(context, not_found("there is no such voucher"))
        unredeemed_fen = await self._unredeemed_fen(voucher_id)
        state = self._ledger.state
        return pb.GetVoucherResponse(
            voucher=views.voucher(state, state.vouchers.base[voucher_id], unredeemed_fen=unredeemed_fen),
            as_of_size=self._ledger.size,
        )

    async def ListVouchers(
        self, request: pb.ListVouchersRequest, context: Context
    ) -> pb.ListVouchersResponse:
        """Lists vouchers, of one programme, of one party or all."""
        state, tree_size = self._ledger.state, self._ledger.size
        programme_id = await optional_id(request.programme_id, "programme_id", context)
        party_id = await optional_id(request.participant_id, "participant_id", context)
        page = await self._pager.open(
            request, context, listing="vouchers", tree_size=tree_size, filters=(programme_id, party_id)
        )
        part = cut(
            page,
            state.vouchers.base.values(),
            lambda entity: (
                entity.index < page.first_size
                and (not programme_id or entity.programme_id == programme_id)
                and (not party_id or party_id in (entity.beneficiary_id, entity.provider_id))
            ),
        )
        return pb.ListVouchersResponse(
            vouchers=[views.voucher(state, entity) for entity in part.items],
            next_page_token=page.token(part.next_position),
            as_of_size=tree_size,
        )

    async def _unredeemed_fen(self, voucher_id: bytes) -> int:
        """Amount of the accepted claims that no redemption uses, read page by page."""
        total_fen = 0
        after_index: int | None = None
        while True:
            rows = await self._ledger.list_claims(
                voucher_id, unredeemed_only=True, after_index=after_index, limit=_SUMMED_AT_ONCE
            )
            total_fen += sum(row.amount_fen for row in rows)
            if len(rows) < _SUMMED_AT_ONCE:
                return total_fen
            after_index = rows[-1].leaf_index
