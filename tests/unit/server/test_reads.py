"""Reading over the wire: the log, lists and pages, the stream, health and the clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from unit.server.server_harness import (
    APPROVER,
    BUYER,
    CLERK,
    OPERATOR,
    SELLER,
    FakeLedger,
    as_,
    calling,
    random_id,
    refused_with,
    serving,
)

from ledger.domain.entities import Claim, Evidence
from ledger.v1 import (
    application_service_pb2,
    claim_service_pb2,
    event_pb2,
    log_service_pb2,
    log_service_pb2_grpc,
    operation_service_pb2,
    redemption_service_pb2,
    registry_service_pb2,
    subscription_service_pb2,
)
from ledger.v1.application_service_pb2_grpc import ApplicationServiceStub
from ledger.v1.claim_service_pb2_grpc import ClaimServiceStub
from ledger.v1.operation_service_pb2_grpc import OperationServiceStub
from ledger.v1.redemption_service_pb2_grpc import RedemptionServiceStub
from ledger.v1.registry_service_pb2_grpc import RegistryServiceStub
from ledger.v1.subscription_service_pb2_grpc import SubscriptionServiceStub

if TYPE_CHECKING:
    from ledger_server.wiring import RunningServer


def test_public_methods_answer_anyone() -> None:
    """Ledger, checkpoint, tiles, proofs and health; what is not there is NOT_FOUND or OUT_OF_RANGE."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        async with calling(server) as channel:
            stub = log_service_pb2_grpc.LogServiceStub(channel)
            described = await stub.GetLedger(log_service_pb2.GetLedgerRequest())
            assert (described.ledger_id, described.clock, described.ledger_time_ms) == (
                ledger.ledger_id,
                2,
                1_000,
            )
            with pytest.raises(grpc.RpcError) as early:
                await stub.GetCheckpoint(log_service_pb2.GetCheckpointRequest())
            assert early.value.code() == grpc.StatusCode.NOT_FOUND
            await ledger.append(("x", b"1"))
            await ledger.sign()
            assert (await stub.GetCheckpoint(log_service_pb2.GetCheckpointRequest())).checkpoint == b"note 1"
            tile = await stub.GetTile(log_service_pb2.GetTileRequest(width=1))
            assert tile.data == bytes(32)
            for request, code in (
                (log_service_pb2.GetTileRequest(level=1, width=1), grpc.StatusCode.NOT_FOUND),
                (log_service_pb2.GetTileRequest(width=257), grpc.StatusCode.INVALID_ARGUMENT),
                (log_service_pb2.GetTileRequest(width=0), grpc.StatusCode.INVALID_ARGUMENT),
            ):
                with pytest.raises(grpc.RpcError) as caught:
                    await stub.GetTile(request)
                assert caught.value.code() == code
            with pytest.raises(grpc.RpcError) as beyond:
                await stub.GetInclusionProof(log_service_pb2.GetInclusionProofRequest(index=1))
            assert beyond.value.code() == grpc.StatusCode.OUT_OF_RANGE
            with pytest.raises(grpc.RpcError) as turned:
                await stub.GetConsistencyProof(
                    log_service_pb2.GetConsistencyProofRequest(first_size=1, second_size=0)
                )
            assert turned.value.code() == grpc.StatusCode.INVALID_ARGUMENT

    serving(test)


def test_entries_come_byte_for_byte_in_pieces() -> None:
    """Ascending and gap-free; a start beyond the log is out of range."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        for number in range(30):
            await ledger.append(("x", number.to_bytes(50_000, "big")))
        async with calling(server) as channel:
            stub = log_service_pb2_grpc.LogServiceStub(channel)
            pieces = [
                piece
                async for piece in stub.ListEntries(
                    log_service_pb2.ListEntriesRequest(start=3, count=20), metadata=as_(CLERK)
                )
            ]
            assert [piece.start for piece in pieces] == [3, 8, 13, 18]
            assert max(piece.ByteSize() for piece in pieces) <= 256 * 1_024
            entries = [entry for piece in pieces for entry in piece.entries]
            assert entries == [data for _, _, data in ledger.events[3:23]]
            with pytest.raises(grpc.RpcError) as caught:
                _ = [
                    piece
                    async for piece in stub.ListEntries(
                        log_service_pb2.ListEntriesRequest(start=31), metadata=as_(CLERK)
                    )
                ]
            assert caught.value.code() == grpc.StatusCode.OUT_OF_RANGE

    serving(test)


def test_lists_show_committed_state_page_by_page() -> None:
    """Participants with roles and admissions; a token of another list is refused."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        for _ in range(9):
            await ledger.append(("x", b""))
        async with calling(server) as channel:
            stub = RegistryServiceStub(channel)
            found: list[registry_service_pb2.Participant] = []
            token = ""
            while True:
                page = await stub.ListParticipants(
                    registry_service_pb2.ListParticipantsRequest(page_size=2, page_token=token),
                    metadata=as_(CLERK),
                )
                found += page.participants
                token = page.next_page_token
                if not token:
                    break
                with pytest.raises(grpc.RpcError) as caught:
                    await stub.ListDevices(
                        registry_service_pb2.ListDevicesRequest(page_token=token), metadata=as_(CLERK)
                    )
                assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert [entry.participant_id for entry in found] == [CLERK, APPROVER, OPERATOR, BUYER, SELLER]
            assert [entry.admitted for entry in found] == [False] * 4 + [True]
            contracts = await ApplicationServiceStub(channel).ListContracts(
                application_service_pb2.ListContractsRequest(), metadata=as_(BUYER)
            )
            assert (len(contracts.contracts), contracts.as_of_size) == (0, 9)

    serving(test)


def test_rows_of_the_store_are_paged_without_gap_or_repetition() -> None:
    """Claims in the order of their leaves, evidence in the store's order; younger rows stay out."""

    def claim(index: int) -> Claim:
        fields = dict.fromkeys(Claim._fields, 0) | {"leaf_index": index, "status": 1}
        binary = {"claim_id": bytes([index]) * 16, "voucher_id": b"", "provider_id": b"", "key_id": b""}
        return Claim(**(fields | binary | {"redemption_id": b""}))  # type: ignore[arg-type]

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        for _ in range(9):
            await ledger.append(("x", b""))
        ledger.claims = [claim(index) for index in range(5)]
        ledger.evidence = [Evidence(bytes([9 - n]) * 32, 1, n, n, b"", 5, 0, 1) for n in range(5)]
        async with calling(server) as channel:
            claims, evidence = ClaimServiceStub(channel), RedemptionServiceStub(channel)
            seen: list[int] = []
            token = ""
            while token or not seen:
                page = await claims.ListClaims(
                    claim_service_pb2.ListClaimsRequest(page_size=2, page_token=token, voucher_id=bytes(16)),
                    metadata=as_(CLERK),
                )
                seen += [entry.index for entry in page.claims]
                token = page.next_page_token
                ledger.claims.append(claim(10 + len(seen)))
            assert seen == [0, 1, 2, 3, 4]
            listed: list[int] = []
            token = ""
            while token or not listed:
                shown = await evidence.ListEvidence(
                    redemption_service_pb2.ListEvidenceRequest(
                        page_size=2, page_token=token, contract_id=bytes(16)
                    ),
                    metadata=as_(CLERK),
                )
                listed += [entry.index for entry in shown.evidence]
                token = shown.next_page_token
                ledger.evidence.append(Evidence(bytes([len(listed)]) * 32, 1, 20, 20, b"", 5, 0, 1))
            assert listed == [4, 3, 2, 1, 0]
            with pytest.raises(grpc.RpcError) as caught:
                await claims.GetClaim(
                    claim_service_pb2.GetClaimRequest(claim_id=random_id()), metadata=as_(CLERK)
                )
            assert caught.value.code() == grpc.StatusCode.NOT_FOUND

    serving(test)


def test_a_clock_that_may_not_be_set_is_a_refusal() -> None:
    """Operators only; never back."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        async with calling(server) as channel:
            stub = OperationServiceStub(channel)
            request = operation_service_pb2.SetClockRequest(ledger_time_ms=2_000)
            assert (await stub.SetClock(request, metadata=as_(OPERATOR))).ledger_time_ms == 2_000
            for caller, back_ms, reason in (
                (OPERATOR, 1, "STATE_CONFLICT"),
                (CLERK, 3_000, "PERMISSION_DENIED"),
            ):
                with pytest.raises(grpc.RpcError) as caught:
                    await stub.SetClock(
                        operation_service_pb2.SetClockRequest(ledger_time_ms=back_ms), metadata=as_(caller)
                    )
                assert refused_with(caught.value)[1].reason == reason

    serving(test)


def test_subscribers_get_positions_and_a_goodbye() -> None:
    """A stream resumes from any cursor, refuses a foreign one, and ends when the server stops."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        await ledger.append(("claim_accepted", b"one"), ("claim_refused", b"two"))
        async with calling(server) as channel:
            stub = SubscriptionServiceStub(channel)
            request = subscription_service_pb2.SubscribeRequest(
                filter=subscription_service_pb2.SubscriptionFilter(event_types=["claim_refused"])
            )
            stream = aiter(stub.Subscribe(request, metadata=as_(CLERK)))
            kinds = [(await anext(stream)) for _ in range(3)]
            assert [message.WhichOneof("message") for message in kinds] == [
                "confirmed",
                "records",
                "caught_up",
            ]
            assert [record.index for record in kinds[1].records.records] == [1]
            request.after.CopyFrom(kinds[1].position)
            request.after.leaf_hash = bytes(32)
            for wrong in (
                request,
                subscription_service_pb2.SubscribeRequest(
                    filter=subscription_service_pb2.SubscriptionFilter(event_types=["no_such_event"])
                ),
            ):
                with pytest.raises(grpc.RpcError) as caught:
                    await anext(aiter(stub.Subscribe(wrong, metadata=as_(CLERK))))
                assert refused_with(caught.value)[1].reason in ("CURSOR_MISMATCH", "MALFORMED")
            stopping = asyncio.create_task(server.stop(5))
            last = await anext(stream)
            assert (last.WhichOneof("message"), last.position.index) == ("goodbye", 1)
            await stopping

    serving(test)


def test_health_follows_whether_the_ledger_takes_statements() -> None:
    """Reading is served all the time; writing services and the server as a whole only while writing."""

    def stopped(ledger: FakeLedger) -> None:
        ledger.writable, ledger.stop_reason = False, "index 4"

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        async with calling(server) as channel:
            stub = health_pb2_grpc.HealthStub(channel)

            async def check(service: str) -> int:
                answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
                return int(answer.status)

            assert await check("") == await check("ledger.v1.ClaimService") == 2
            assert await check("ledger.v1.LogService") == 1
            watched = aiter(stub.Watch(health_pb2.HealthCheckRequest(service="ledger.v1.ClaimService")))
            assert (await anext(watched)).status == 2
            ledger.writable = True
            assert (await anext(watched)).status == 1

    serving(test, prepare=stopped)


def test_a_receipt_counts_the_events_of_its_request() -> None:
    """Ordinals of one request follow each other; a single event has none."""
    events = [
        event_pb2.Event(request_id=b"a" * 16),
        event_pb2.Event(request_id=b"b" * 16, ordinal=0),
        event_pb2.Event(request_id=b"b" * 16, ordinal=1),
        event_pb2.Event(request_id=b"c" * 16, ordinal=0),
    ]

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        await ledger.append(*(("x", event.SerializeToString()) for event in events))
        await ledger.sign()
        async with calling(server) as channel:
            stub = log_service_pb2_grpc.LogServiceStub(channel)
            receipts = [
                (await stub.GetReceipt(log_service_pb2.GetReceiptRequest(index=index), metadata=as_(CLERK)))
                for index in range(4)
            ]
        assert [answer.receipt.event_count for answer in receipts] == [1, 2, 1, 1]

    serving(test)
