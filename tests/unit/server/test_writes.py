"""Writing over the wire: receipts, refusals, batches and expiry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
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
    refusing,
    serving,
)

from ledger.app.outcomes import Accepted, Refused
from ledger.domain.rejections import Reason
from ledger.v1 import (
    application_service_pb2,
    claim_service_pb2,
    envelope_pb2,
    receipt_pb2,
    voucher_service_pb2,
)
from ledger.v1.application_service_pb2_grpc import ApplicationServiceStub
from ledger.v1.claim_service_pb2_grpc import ClaimServiceStub
from ledger.v1.voucher_service_pb2_grpc import VoucherServiceStub
from ledger_server.access import ACCESS, Caller
from ledger_server.acts import ACTS
from ledger_server.methods import METHODS

if TYPE_CHECKING:
    from ledger.codec.envelopes import SignedEnvelope
    from ledger_server.wiring import RunningServer

STATEMENT = envelope_pb2.Envelope(
    payload_type="application/vnd.voucher-ledger.usage-attestation.v1+protobuf",
    payload=b"payload",
    signatures=[envelope_pb2.Signature(algorithm="ed25519", signature=bytes(64))],
)
STATEMENT_REQUEST = claim_service_pb2.SubmitClaimRequest(envelope=STATEMENT).SerializeToString()


def test_a_statement_becomes_a_receipt_at_the_level_asked_for() -> None:
    """The act comes from the method, the submitter from the peer; the proof only when asked for."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        for number in range(8):
            await ledger.append(("x", bytes([number])))
        await ledger.sign()
        async with calling(server) as channel:
            stub = ClaimServiceStub(channel)
            durable = await stub.SubmitClaim(
                claim_service_pb2.SubmitClaimRequest(envelope=STATEMENT), metadata=as_(SELLER)
            )
            signed = await stub.SubmitClaim(
                claim_service_pb2.SubmitClaimRequest(
                    envelope=STATEMENT, ack_level=receipt_pb2.ACK_LEVEL_CHECKPOINTED
                ),
                metadata=as_(SELLER),
            )
        assert (durable.receipt.index, durable.receipt.tlog_proof) == (7, b"")
        assert (signed.receipt.event, signed.receipt.tlog_proof) == (b"\x07", b"proof")
        act, submitter, (envelope,) = ledger.submitted[0]
        assert (act, submitter, envelope.payload) == ("usage-attestation", SELLER, b"payload")
        assert envelope.signatures == (("ed25519", bytes(64)),)

    serving(test)


def test_every_act_is_taken_by_its_method_and_answered_with_a_receipt() -> None:
    """From somebody whom the row admits; what goes to the ledger is the envelope with the name of its act."""
    callers = (CLERK, APPROVER, OPERATOR, BUYER, SELLER)
    roles = (Caller.CLERK, Caller.APPROVER, Caller.OPERATOR, Caller.BENEFICIARY, Caller.PROVIDER)
    single = {path: act for path, act in ACTS.items() if not path.endswith("/SubmitClaims")}

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        async with calling(server) as channel:
            for path in single:
                method = METHODS[path]
                caller = next(each for each, role in zip(callers, roles, strict=True) if role in ACCESS[path])
                call = channel.unary_unary(
                    path,
                    request_serializer=GetMessageClass(method.input_type).SerializeToString,
                    response_deserializer=GetMessageClass(method.output_type).FromString,
                )
                request = GetMessageClass(method.input_type)(envelope=STATEMENT)
                answer: Any = await call(request, metadata=as_(caller))
                assert answer.receipt.index == 7
        assert [act for act, _, _ in ledger.submitted] == list(single.values())
        assert {envelopes[0].payload for _, _, envelopes in ledger.submitted} == {b"payload"}

    serving(test)


def test_a_state_conflict_says_the_state_and_what_is_allowed() -> None:
    """The rule's text comes through whole, as status message and as violation."""
    text = "the application is PUBLICISED; allowed: objection-record, application-rejection, voucher-grant"

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        ledger.answer = refusing(Reason.STATE_CONFLICT, text, conflicting_index=3)
        async with calling(server) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                await ApplicationServiceStub(channel).CheckApplication(
                    application_service_pb2.CheckApplicationRequest(envelope=STATEMENT), metadata=as_(CLERK)
                )
        code, info, status = refused_with(caught.value)
        assert (code, info.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "STATE_CONFLICT")
        assert status.message == text
        failure = error_details_pb2.PreconditionFailure()
        assert status.details[1].Unpack(failure)
        assert [violation.description for violation in failure.violations] == [text]

    serving(test)


def test_a_refusal_carries_its_reason_and_leaves() -> None:
    """FAILED_PRECONDITION with the conflicting and the recorded leaf."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        ledger.answer = refusing(Reason.DEVICE_OVERLAP, "occupied", conflicting_index=0, recorded_index=5)
        async with calling(server) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                await ClaimServiceStub(channel).SubmitClaim(
                    claim_service_pb2.SubmitClaimRequest(envelope=STATEMENT), metadata=as_(SELLER)
                )
        code, info, status = refused_with(caught.value)
        assert (code, info.reason, status.message) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "DEVICE_OVERLAP",
            "occupied",
        )
        assert dict(info.metadata) == {"conflicting_index": "0", "recorded_index": "5"}

    serving(test)


def test_a_batch_has_one_result_an_envelope_in_order() -> None:
    """A refused or oversized claim touches no other."""

    def answer(envelope: SignedEnvelope) -> Accepted | Refused:
        if envelope.payload == b"bad":
            return Refused(Reason.PRICE_MISMATCH, "price")
        return Accepted(int(envelope.payload), bytes(32), 1, repeated=False)

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        ledger.answer = answer
        payloads = [b"3", b"bad", bytes(45_001), b"4"]
        request = claim_service_pb2.SubmitClaimsRequest(
            envelopes=[envelope_pb2.Envelope(payload=payload) for payload in payloads]
        )
        async with calling(server) as channel:
            response = await ClaimServiceStub(channel).SubmitClaims(request, metadata=as_(SELLER))
        assert [
            result.receipt.index if result.HasField("receipt") else result.refusal.reason
            for result in response.results
        ] == [3, Reason.PRICE_MISMATCH, Reason.TOO_LARGE, 4]

    serving(test)


def test_a_full_queue_refuses_the_whole_batch_with_a_time_to_retry() -> None:
    """RESOURCE_EXHAUSTED, because not one claim was looked at."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        ledger.answer = refusing(Reason.OVERLOADED)
        request = claim_service_pb2.SubmitClaimsRequest(envelopes=[STATEMENT] * 3)
        async with calling(server) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                await ClaimServiceStub(channel).SubmitClaims(request, metadata=as_(SELLER))
        code, _, status = refused_with(caught.value)
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert [detail.TypeName() for detail in status.details][1] == "google.rpc.RetryInfo"

    serving(test)


def test_an_expiry_needs_ids_of_16_bytes() -> None:
    """The field that is wrong is named."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        async with calling(server) as channel:
            stub = VoucherServiceStub(channel)
            request = voucher_service_pb2.ExpireVoucherRequest(voucher_id=random_id(), request_id=random_id())
            assert (await stub.ExpireVoucher(request, metadata=as_(CLERK))).receipt.index == 8
            assert ledger.submitted == [("voucher-expiry", CLERK, [])]
            request.request_id = b"short"
            with pytest.raises(grpc.RpcError) as caught:
                await stub.ExpireVoucher(request, metadata=as_(CLERK))
            assert refused_with(caught.value)[2].message == "request_id has 16 bytes"

    serving(test)
