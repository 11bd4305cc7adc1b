"""ClaimService: usage claims, one or many at a time."""
# ruff: noqa: N802 - methods are named as in the service

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ledger.v1 import claim_service_pb2 as pb
from ledger.v1.claim_service_pb2_grpc import ClaimServiceServicer
from ledger_server import views
from ledger_server.acts import ACTS
from ledger_server.form import required_id
from ledger_server.status import not_found, refuse
from ledger_server.writing_servicer import WritingServicer

if TYPE_CHECKING:
    from grpc import aio

    Context = aio.ServicerContext[Any, Any]

_BATCH_ACT: Final = ACTS["/ledger.v1.ClaimService/SubmitClaims"]


class ClaimServicer(WritingServicer, ClaimServiceServicer, service="ledger.v1.ClaimService"):
    """Signed usage, submitted by providers."""

    async def SubmitClaims(
        self, request: pb.SubmitClaimsRequest, context: Context
    ) -> pb.SubmitClaimsResponse:
        """Submits up to 100 claims; each is decided alone."""
        return await self._writer.claims(request, context, act=_BATCH_ACT)

    async def GetClaim(self, request: pb.GetClaimRequest, context: Context) -> pb.GetClaimResponse:
        """Gives one claim."""
        row = await self._ledger.get_claim(await required_id(request.claim_id, "claim_id", context))
        if row is None:
            await refuse(context, not_found("there is no such claim"))
        return pb.GetClaimResponse(claim=views.claim(self._ledger.state, row))

    async def ListClaims(self, request: pb.ListClaimsRequest, context: Context) -> pb.ListClaimsResponse:
        """Lists claims of a voucher; a page's position is the last leaf before it plus one."""
        tree_size = self._ledger.size
        voucher_id = await required_id(request.voucher_id, "voucher_id", context)
        page = await self._pager.open(
            request,
            context,
            listing="claims",
            tree_size=tree_size,
            filters=(voucher_id, bytes([request.unredeemed_only])),
        )
        rows = await self._ledger.list_claims(
            voucher_id,
            unredeemed_only=request.unredeemed_only,
            after_index=page.position - 1 if page.position else None,
            limit=page.size,
        )
        last_index = rows[-1].leaf_index if len(rows) == page.size else None
        shown = [row for row in rows if row.leaf_index < page.first_size]
        more = last_index is not None and len(shown) == len(rows)
        return pb.ListClaimsResponse(
            claims=[views.claim(self._ledger.state, row) for row in shown],
            next_page_token=page.token(last_index + 1 if more and last_index is not None else None),
            as_of_size=tree_size,
        )
