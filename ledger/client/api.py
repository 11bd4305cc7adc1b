"""The client of the ledger's services: one typed method for each RPC, one `submit` for all statements.

Requests that have one effect are repeated while the server is unavailable; errors are LedgerErrors. This
module must not build or sign statements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

import grpc

from ledger.client.acts import act_of
from ledger.client.channel import open_channel
from ledger.client.errors import error_for
from ledger.client.identity import Identity
from ledger.client.receipts import verify_receipt
from ledger.client.retry import RetryPolicy
from ledger.client.signing import check_complete
from ledger.errors import UsageError
from ledger.v1 import (
    application_service_pb2 as applications,
)
from ledger.v1 import (
    claim_service_pb2 as claims,
)
from ledger.v1 import (
    log_service_pb2 as log,
)
from ledger.v1 import (
    operation_service_pb2 as operation,
)
from ledger.v1 import (
    programme_service_pb2 as programmes,
)
from ledger.v1 import receipt_pb2
from ledger.v1 import (
    redemption_service_pb2 as redemptions,
)
from ledger.v1 import (
    registry_service_pb2 as registry,
)
from ledger.v1 import (
    voucher_service_pb2 as vouchers,
)
from ledger.v1.application_service_pb2_grpc import ApplicationServiceStub
from ledger.v1.claim_service_pb2_grpc import ClaimServiceStub
from ledger.v1.log_service_pb2_grpc import LogServiceStub
from ledger.v1.operation_service_pb2_grpc import OperationServiceStub
from ledger.v1.programme_service_pb2_grpc import ProgrammeServiceStub
from ledger.v1.redemption_service_pb2_grpc import RedemptionServiceStub
from ledger.v1.registry_service_pb2_grpc import RegistryServiceStub
from ledger.v1.voucher_service_pb2_grpc import VoucherServiceStub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from ledger.v1 import envelope_pb2

Request = TypeVar("Request")
Response = TypeVar("Response")
AckLevel = receipt_pb2.AckLevel

MAX_BATCH_COUNT = 100
MAX_BATCH_SIZE = 1_048_576
PAGE_SIZE = 500
_PROVEN = (AckLevel.ACK_LEVEL_CHECKPOINTED, AckLevel.ACK_LEVEL_WITNESSED)
_CLAIM_ACTS = frozenset({"usage-attestation", "service-attestation"})


class LedgerClient:
    """Calls one server, as an identity or over a channel that the caller owns.

    With a pinned `log_key` (a vkey; the identity's by default) every receipt that carries a proof is
    verified, with a pinned `policy` (a C2SP tlog-policy) the witnesses of WITNESSED ones, too. `retry` bounds
    each call. Errors: RpcRefused, Denied, Unavailable. Close it, or use `with`.
    """

    def __init__(
        self,
        source: Identity | grpc.Channel,
        *,
        log_key: str = "",
        policy: str = "",
        retry: RetryPolicy | None = None,
        insecure_development: bool = False,
    ) -> None:
        """Connect lazily: the first call opens the connection."""
        self.policy = policy
        if isinstance(source, Identity):
            self._channel = open_channel(source, insecure_development=insecure_development)
            self._owned = True
            self.log_key = log_key or source.log_key
        else:
            self._channel, self._owned, self.log_key = source, False, log_key
        self._retry = retry or RetryPolicy()
        self._applications = ApplicationServiceStub(self._channel)
        self._claims = ClaimServiceStub(self._channel)
        self._log = LogServiceStub(self._channel)
        self._operation = OperationServiceStub(self._channel)
        self._programmes = ProgrammeServiceStub(self._channel)
        self._redemptions = RedemptionServiceStub(self._channel)
        self._registry = RegistryServiceStub(self._channel)
        self._vouchers = VoucherServiceStub(self._channel)

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the client."""
        self.close()

    def close(self) -> None:
        """Close the channel, if the client opened it."""
        if self._owned:
            self._channel.close()

    @property
    def channel(self) -> grpc.Channel:
        """The channel, for streams."""
        return self._channel

    def submit(
        self, envelope: envelope_pb2.Envelope, *, ack_level: AckLevel.ValueType | None = None
    ) -> receipt_pb2.Receipt:
        """Send a completely signed statement to the RPC of its act, and give its receipt.

        Claims wait for a checkpoint by default, all other acts for durability. Repeating it is harmless.
        Raises UsageError for the genesis and for a missing signature, VerificationError for a receipt whose
        proof does not hold under the pinned log key.
        """
        act = act_of(check_complete(envelope).payload_type)
        if act.request is None or act.response is None:
            raise UsageError(f"no server takes a {act.name}", hint="give the file to `voucherd init`")
        level = ack_level if ack_level is not None else _default_level(act.name)
        request: Any = act.request()
        request.envelope.CopyFrom(envelope)
        request.ack_level = level
        call = self._channel.unary_unary(
            act.path,
            request_serializer=act.request.SerializeToString,
            response_deserializer=act.response.FromString,
        )
        response: Any = self._call(call, request)
        receipt: receipt_pb2.Receipt = response.receipt
        if self.log_key and level in _PROVEN:
            policy = self.policy if level == AckLevel.ACK_LEVEL_WITNESSED else ""
            verify_receipt(receipt, log_key=self.log_key, envelope=envelope, policy=policy)
        return receipt

    def submit_claims(
        self,
        envelopes: Sequence[envelope_pb2.Envelope],
        *,
        ack_level: AckLevel.ValueType = AckLevel.ACK_LEVEL_CHECKPOINTED,
    ) -> list[claims.ClaimResult]:
        """Send 1 to 100 claims, at most 1 MiB, in one request; one result for each, in order.

        Its receipts carry index and leaf hash; `get_receipt` gives the proof.
        """
        request = claims.SubmitClaimsRequest(envelopes=envelopes, ack_level=ack_level)
        if not 0 < len(envelopes) <= MAX_BATCH_COUNT or request.ByteSize() > MAX_BATCH_SIZE:
            raise UsageError("the batch is empty or too large", hint="allowed: 1 to 100 claims, 1 MiB")
        return list(self._call(self._claims.SubmitClaims, request).results)

    def expire_voucher(self, voucher_id: bytes, *, request_id: bytes) -> receipt_pb2.Receipt:
        """Expire a voucher whose validity is over; the same request id gives the same receipt."""
        request = vouchers.ExpireVoucherRequest(voucher_id=voucher_id, request_id=request_id)
        return self._call(self._vouchers.ExpireVoucher, request).receipt

    def set_clock(self, ledger_time_ms: int) -> int:
        """Set the clock of a SIMULATED ledger; gives its time afterwards, ms since 1970."""
        request = operation.SetClockRequest(ledger_time_ms=ledger_time_ms)
        return self._call(self._operation.SetClock, request).ledger_time_ms

    def get_ledger(self) -> log.GetLedgerResponse:
        """What a client must know about the ledger: id, origin, genesis, clock, size, time."""
        return self._call(self._log.GetLedger, log.GetLedgerRequest())

    def get_checkpoint(self) -> bytes:
        """The newest signed checkpoint, a signed note."""
        return self._call(self._log.GetCheckpoint, log.GetCheckpointRequest()).checkpoint

    def get_tile(self, *, level: int, index: int, width: int) -> bytes:
        """The concatenated hashes of a tile."""
        request = log.GetTileRequest(level=level, index=index, width=width)
        return self._call(self._log.GetTile, request).data

    def list_entries(self, *, start: int = 0, count: int = 0) -> Iterator[tuple[int, bytes]]:
        """(leaf index, stored bytes) from `start` on; `count` 0 is all that are durable now."""
        request = log.ListEntriesRequest(start=start, count=count)
        try:
            for piece in self._log.ListEntries(request):
                yield from enumerate(piece.entries, start=piece.start)
        except grpc.RpcError as error:
            raise error_for(error) from error

    def get_inclusion_proof(self, index: int) -> log.GetInclusionProofResponse:
        """The inclusion proof of a leaf with the checkpoint under which it holds."""
        return self._call(self._log.GetInclusionProof, log.GetInclusionProofRequest(index=index))

    def get_consistency_proof(self, *, first_size: int, second_size: int) -> list[bytes]:
        """The hashes that show the tree of `second_size` to extend the one of `first_size`."""
        request = log.GetConsistencyProofRequest(first_size=first_size, second_size=second_size)
        return list(self._call(self._log.GetConsistencyProof, request).hashes)

    def get_receipt(self, index: int, *, witnessed: bool = False) -> receipt_pb2.Receipt:
        """The receipt of an event with its proof, verified where a log key is pinned.

        With `witnessed` its checkpoint is cosigned by the quorum, which is counted where a policy is pinned.
        """
        level = AckLevel.ACK_LEVEL_WITNESSED if witnessed else AckLevel.ACK_LEVEL_CHECKPOINTED
        request = log.GetReceiptRequest(index=index, ack_level=level)
        receipt = self._call(self._log.GetReceipt, request).receipt
        if not self.log_key:
            return receipt
        return verify_receipt(receipt, log_key=self.log_key, policy=self.policy if witnessed else "")

    def get_voucher(self, voucher_id: bytes) -> vouchers.Voucher:
        """One voucher as it stands."""
        return self._call(
            self._vouchers.GetVoucher, vouchers.GetVoucherRequest(voucher_id=voucher_id)
        ).voucher

    def get_application(self, application_id: bytes) -> applications.GetApplicationResponse:
        """One application as it stands, with its objections."""
        request = applications.GetApplicationRequest(application_id=application_id)
        return self._call(self._applications.GetApplication, request)

    def get_claim(self, claim_id: bytes) -> claims.Claim:
        """One claim as it stands."""
        return self._call(self._claims.GetClaim, claims.GetClaimRequest(claim_id=claim_id)).claim

    def get_redemption(self, redemption_id: bytes) -> redemptions.Redemption:
        """One redemption as it stands."""
        request = redemptions.GetRedemptionRequest(redemption_id=redemption_id)
        return self._call(self._redemptions.GetRedemption, request).redemption

    def get_clawback(self, clawback_id: bytes) -> redemptions.Clawback:
        """One clawback as it stands."""
        request = redemptions.GetClawbackRequest(clawback_id=clawback_id)
        return self._call(self._redemptions.GetClawback, request).clawback

    def list_calendars(self) -> list[programmes.Calendar]:
        """The calendars in force, by year."""
        return list(self._call(self._programmes.ListCalendars, programmes.ListCalendarsRequest()).calendars)

    def list_programmes(self) -> Iterator[programmes.Programme]:
        """All programmes with their totals."""
        request = programmes.ListProgrammesRequest(page_size=PAGE_SIZE)
        return self._pages(self._programmes.ListProgrammes, request, "programmes")

    def list_participants(self) -> Iterator[registry.Participant]:
        """All participants and officers with their keys."""
        request = registry.ListParticipantsRequest(page_size=PAGE_SIZE)
        return self._pages(self._registry.ListParticipants, request, "participants")

    def list_devices(self, provider_id: bytes) -> Iterator[registry.Device]:
        """All devices of a provider."""
        request = registry.ListDevicesRequest(page_size=PAGE_SIZE, provider_id=provider_id)
        return self._pages(self._registry.ListDevices, request, "devices")

    def list_holdings(self) -> Iterator[registry.Holding]:
        """All declared holdings, the newest declaration of each pair."""
        request = registry.ListHoldingsRequest(page_size=PAGE_SIZE)
        return self._pages(self._registry.ListHoldings, request, "holdings")

    def list_contracts(self) -> Iterator[applications.Contract]:
        """All contracts."""
        request = applications.ListContractsRequest(page_size=PAGE_SIZE)
        return self._pages(self._applications.ListContracts, request, "contracts")

    def list_applications(self) -> Iterator[applications.Application]:
        """All applications."""
        request = applications.ListApplicationsRequest(page_size=PAGE_SIZE)
        return self._pages(self._applications.ListApplications, request, "applications")

    def list_vouchers(
        self, *, programme_id: bytes = b"", participant_id: bytes = b""
    ) -> Iterator[vouchers.Voucher]:
        """Vouchers, all or those of a programme and of a beneficiary or provider."""
        request = vouchers.ListVouchersRequest(
            page_size=PAGE_SIZE, programme_id=programme_id, participant_id=participant_id
        )
        return self._pages(self._vouchers.ListVouchers, request, "vouchers")

    def list_claims(self, voucher_id: bytes, *, unredeemed_only: bool = False) -> Iterator[claims.Claim]:
        """Claims of a voucher, all or the accepted ones that no redemption uses."""
        request = claims.ListClaimsRequest(
            page_size=PAGE_SIZE, voucher_id=voucher_id, unredeemed_only=unredeemed_only
        )
        return self._pages(self._claims.ListClaims, request, "claims")

    def list_redemptions(self, voucher_id: bytes = b"") -> Iterator[redemptions.Redemption]:
        """Redemptions, all or those of a voucher."""
        request = redemptions.ListRedemptionsRequest(page_size=PAGE_SIZE, voucher_id=voucher_id)
        return self._pages(self._redemptions.ListRedemptions, request, "redemptions")

    def list_clawbacks(self) -> Iterator[redemptions.Clawback]:
        """All clawbacks."""
        request = redemptions.ListClawbacksRequest(page_size=PAGE_SIZE)
        return self._pages(self._redemptions.ListClawbacks, request, "clawbacks")

    def list_evidence(self, contract_id: bytes) -> Iterator[redemptions.Evidence]:
        """Invoices, payments and acceptance papers of a contract."""
        request = redemptions.ListEvidenceRequest(page_size=PAGE_SIZE, contract_id=contract_id)
        return self._pages(self._redemptions.ListEvidence, request, "evidence")

    def _call(self, method: Callable[..., Response], request: Request) -> Response:
        return self._retry.call(lambda seconds: method(request, timeout=seconds))

    def _pages(self, method: Callable[..., Any], request: Any, field: str) -> Iterator[Any]:
        """Every item of every page; a page token goes back as it came."""
        while True:
            response = self._call(method, request)
            yield from getattr(response, field)
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token


def _default_level(act: str) -> AckLevel.ValueType:
    return AckLevel.ACK_LEVEL_CHECKPOINTED if act in _CLAIM_ACTS else AckLevel.ACK_LEVEL_DURABLE
