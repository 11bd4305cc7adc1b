"""What must not get in or out: bad bytes, strangers, the text of exceptions."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass
from unit.server.server_harness import (
    BUYER,
    CLERK,
    SELLER,
    FakeLedger,
    as_,
    calling,
    random_id,
    refused_with,
    serving,
)

from ledger.v1 import (
    claim_service_pb2,
    envelope_pb2,
)
from ledger.v1.claim_service_pb2_grpc import ClaimServiceStub
from ledger_server.methods import METHODS

if TYPE_CHECKING:
    from ledger.app.outcomes import Accepted
    from ledger.codec.envelopes import SignedEnvelope
    from ledger_server.wiring import RunningServer

STATEMENT = envelope_pb2.Envelope(
    payload_type="application/vnd.voucher-ledger.usage-attestation.v1+protobuf",
    payload=b"payload",
    signatures=[envelope_pb2.Signature(algorithm="ed25519", signature=bytes(64))],
)
STATEMENT_REQUEST = claim_service_pb2.SubmitClaimRequest(envelope=STATEMENT).SerializeToString()


def raw_call(channel: Any, path: str) -> Any:
    """A method that takes bytes as they are."""
    return channel.unary_unary(path)


def send_raw(channel: Any, method: str) -> Any:
    """A method of the claim service that takes bytes as they are."""
    return raw_call(channel, f"/ledger.v1.ClaimService/{method}")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\xff\xff\xff", "MALFORMED"),
        (b"", "MALFORMED"),
        (STATEMENT_REQUEST + b"\x10\x09", "MALFORMED"),
        (b"\x0a\x04\x0a\x02\xff\xfe", "MALFORMED"),
        (bytes(256 * 1_024 + 1), "TOO_LARGE"),
        (
            claim_service_pb2.SubmitClaimRequest(
                envelope=envelope_pb2.Envelope(payload=bytes(45_001))
            ).SerializeToString(),
            "TOO_LARGE",
        ),
    ],
)
def test_bad_bytes_are_refused_without_the_text_of_an_exception(raw: bytes, reason: str) -> None:
    """Malformed protobuf, no envelope, an unknown level, bad UTF-8, too many bytes."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        async with calling(server) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                await send_raw(channel, "SubmitClaim")(raw, metadata=as_(SELLER))
        code, info, status = refused_with(caught.value)
        assert (code, info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
        assert "Error" not in status.message
        assert ledger.submitted == []

    serving(test)


def test_the_transport_drops_what_no_method_takes() -> None:
    """A message beyond the largest cap never reaches a handler."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        async with calling(server) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                await send_raw(channel, "SubmitClaims")(bytes(2 * 1_024 * 1_024), metadata=as_(SELLER))
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert ledger.submitted == []

    serving(test)


def test_a_fault_shows_an_incident_id_and_the_log_has_the_rest() -> None:
    """INTERNAL: the exception's text stays inside, and so do the locals of its frames."""
    log = io.StringIO()

    def explode(_: SignedEnvelope) -> Accepted:
        hidden = "secret-" + "local"
        raise ValueError("secret text" if hidden else "")

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        ledger.answer = explode
        async with calling(server) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                await ClaimServiceStub(channel).SubmitClaim(
                    claim_service_pb2.SubmitClaimRequest(envelope=STATEMENT), metadata=as_(SELLER)
                )
        code, info, status = refused_with(caught.value)
        assert (code, info.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
        assert "secret" not in status.message
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        (line,) = [line for line in lines if line["event"] == "incident"]
        assert line["incident"] in status.message
        assert "secret text" in json.dumps(line)
        assert "secret-local" not in json.dumps(line)

    serving(test, stream=log)


@pytest.mark.parametrize(
    ("method", "field", "message"),
    [
        ("ApplicationService/GetApplication", "application_id", "there is no such application"),
        ("VoucherService/GetVoucher", "voucher_id", "there is no such voucher"),
        ("ClaimService/GetClaim", "claim_id", "there is no such claim"),
        ("RedemptionService/GetRedemption", "redemption_id", "there is no such redemption"),
        ("RedemptionService/GetClawback", "clawback_id", "there is no such clawback"),
    ],
)
def test_a_single_read_needs_an_id_of_16_bytes_that_is_known(method: str, field: str, message: str) -> None:
    """MALFORMED names the field; an unknown id is NOT_FOUND."""
    path = f"/ledger.v1.{method}"
    request_class = GetMessageClass(METHODS[path].input_type)

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        async with calling(server) as channel:
            for value, reason, text in (
                (b"short", "MALFORMED", f"{field} has 16 bytes"),
                (random_id(), "NOT_FOUND", message),
            ):
                request = request_class(**{field: value})
                with pytest.raises(grpc.RpcError) as caught:
                    await raw_call(channel, path)(request.SerializeToString(), metadata=as_(CLERK))
                _, info, status = refused_with(caught.value)
                assert (info.reason, status.message) == (reason, text)

    serving(test)


@pytest.mark.parametrize(
    ("caller", "code"),
    [(b"", "UNAUTHENTICATED"), (b"x" * 16, "UNAUTHENTICATED"), (BUYER, "PERMISSION_DENIED")],
)
def test_who_is_not_admitted_is_refused_before_anything_is_read(caller: bytes, code: str) -> None:
    """Nobody, an unknown id, a role without the right."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        async with calling(server) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                await send_raw(channel, "SubmitClaim")(b"\xff", metadata=as_(caller) if caller else ())
        found, info, _ = refused_with(caught.value)
        assert (found.name, info.reason) == (code, code)

    serving(test)
