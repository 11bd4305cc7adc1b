"""What a server's errors become, and which requests are repeated."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st
from unit.client.fake_ledger import LOG_KEY, OTHER_LOG_KEY, FakeLog, FakeRpcError

from ledger.app.outcomes import Refused
from ledger.client.errors import (
    Denied,
    RpcRefused,
    Unavailable,
    error_for,
    is_transient,
    raise_for,
    reason_name,
)
from ledger.client.receipts import verify_receipt
from ledger.client.retry import RetryPolicy
from ledger.client.signing import SigningKey, make_envelope
from ledger.client.statements import certificate_registration
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.rejections import is_transient as domain_is_transient
from ledger.errors import ExitCode, MalformedError, VerificationError
from ledger_server.status import to_status

KEY = "grpc-status-details-bin"


def served(reason: Reason, **values: int) -> FakeRpcError:
    """The error that the server really sends for a reason."""
    status = to_status(Refused(reason=reason, message="because", **values))
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    return FakeRpcError(code, status.message, [(KEY, status.SerializeToString())])


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_of_the_server_has_its_error_and_exit_code(reason: Reason) -> None:
    """Transient reasons are 7, authentication and authorisation 4, every other one 6."""
    found = error_for(served(reason))
    denied = reason in {Reason.UNAUTHENTICATED, Reason.PERMISSION_DENIED}
    expected: ExitCode = ExitCode.UNAVAILABLE if domain_is_transient(reason) else ExitCode.REFUSED
    assert found.exit_code == (ExitCode.DENIED if denied else expected)
    assert found.reason == reason.name
    assert is_transient(reason.name) == domain_is_transient(reason)
    assert reason_name(int(reason)) == reason.name
    assert "because" in found.diagnostics()


def test_a_refusal_names_the_leaf_of_the_conflict_and_its_own() -> None:
    """The hint leads to the explanation of the reason."""
    with pytest.raises(RpcRefused) as caught:
        raise_for(served(Reason.DEVICE_OVERLAP, conflicting_index=0, recorded_index=7))
    error = caught.value
    assert (error.reason, error.conflicting_index, error.recorded_index) == ("DEVICE_OVERLAP", 0, 7)
    assert "leaf 0" in error.hint
    assert "voucherctl explain DEVICE_OVERLAP" in error.hint


def test_back_pressure_carries_the_delay() -> None:
    """RetryInfo in seconds."""
    found = error_for(served(Reason.OVERLOADED))
    assert isinstance(found, Unavailable)
    assert found.retry_after_s == 0.2


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (grpc.StatusCode.UNAVAILABLE, Unavailable, "NOT_READY"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, Unavailable, "DEADLINE_EXCEEDED"),
        (grpc.StatusCode.UNKNOWN, Unavailable, "UNKNOWN"),
        (grpc.StatusCode.PERMISSION_DENIED, Denied, "PERMISSION_DENIED"),
        (grpc.StatusCode.INVALID_ARGUMENT, RpcRefused, "MALFORMED"),
        (grpc.StatusCode.NOT_FOUND, RpcRefused, "NOT_FOUND"),
    ],
)
def test_a_status_without_details_is_judged_by_its_code(
    code: grpc.StatusCode, kind: type[Exception], reason: str
) -> None:
    """A proxy, or gRPC itself, gives no details."""
    found = error_for(FakeRpcError(code, "text"))
    assert isinstance(found, kind)
    assert found.reason == reason


def test_details_of_another_domain_and_broken_details_decide_nothing() -> None:
    """Only the ledger's own reasons are believed."""
    packed = AnyMessage()
    packed.Pack(error_details_pb2.ErrorInfo(reason="INTERNAL", domain="other"))
    status = status_pb2.Status(details=[packed]).SerializeToString()
    for data in (status, b"\xff\xff"):
        found = error_for(FakeRpcError(grpc.StatusCode.NOT_FOUND, "", [(KEY, data)]))
        assert found.reason == "NOT_FOUND"


@given(st.binary(max_size=200))
def test_no_bytes_in_the_details_break_the_client(data: bytes) -> None:
    """Whatever a server sends, the client has a LedgerError."""
    assert error_for(FakeRpcError(grpc.StatusCode.INTERNAL, "", [(KEY, data)])).exit_code


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds

    def policy(self, **values: float) -> RetryPolicy:
        """A policy on this clock, without jitter."""
        return RetryPolicy(clock=lambda: self.now, sleep=self.sleep, jitter=lambda: 1.0, **values)  # type: ignore[arg-type]


def test_an_unavailable_server_is_asked_again_with_growing_waits() -> None:
    """Exponential from 0.1 s; the deadline shrinks."""
    clock, deadlines = Clock(), []

    def send(seconds: float) -> str:
        deadlines.append(round(seconds, 3))
        if len(deadlines) < 4:
            raise FakeRpcError(grpc.StatusCode.UNAVAILABLE)
        return "done"

    assert clock.policy(deadline_s=10).call(send) == "done"
    assert clock.slept == [0.1, 0.2, 0.4]
    assert deadlines == [10.0, 9.9, 9.7, 9.3]


def test_the_wait_is_never_shorter_than_the_server_asks() -> None:
    """RetryInfo wins over the own back-off."""
    clock = Clock()
    with pytest.raises(Unavailable):
        clock.policy(attempts=2).call(lambda _: (_ for _ in ()).throw(served(Reason.OVERLOADED)))
    assert clock.slept == [0.2]


@pytest.mark.parametrize("reason", [Reason.DEVICE_OVERLAP, Reason.PERMISSION_DENIED, Reason.INTERNAL])
def test_what_would_fail_again_is_not_repeated(reason: Reason) -> None:
    """A refusal is an answer; a server's fault is told at once."""
    clock, calls = Clock(), []

    def send(_: float) -> None:
        calls.append(1)
        raise served(reason)

    with pytest.raises((RpcRefused, Denied, Unavailable)):
        clock.policy().call(send)
    assert (len(calls), clock.slept) == (1, [])


def test_nothing_is_repeated_past_the_deadline() -> None:
    """A wait that would end after the deadline is not begun."""
    clock = Clock()
    with pytest.raises(Unavailable):
        clock.policy(deadline_s=0.25, attempts=100).call(
            lambda _: (_ for _ in ()).throw(FakeRpcError(grpc.StatusCode.UNAVAILABLE))
        )
    assert clock.slept == [0.1]


ENVELOPE = make_envelope(
    "certificate-registration",
    certificate_registration(participant_id=b"p" * 16, certificate_sha256=b"c" * 32),
    [SigningKey.from_seed(b"s" * 32)],
    ledger_id=b"L" * 16,
)


def log_of(size: int, at: int) -> FakeLog:
    """A log of `size` events with the envelope at one place."""
    log = FakeLog()
    for index in range(size):
        log.append(ENVELOPE if index == at else None)
    return log


@pytest.mark.parametrize(("size", "at"), [(1, 0), (2, 1), (7, 3), (8, 7)])
def test_a_true_receipt_verifies(size: int, at: int) -> None:
    """Inclusion, signature, index, leaf hash and payload."""
    receipt = log_of(size, at).receipt(at)
    assert verify_receipt(receipt, log_key=LOG_KEY, envelope=ENVELOPE) is receipt


def test_every_lie_of_a_receipt_is_found() -> None:
    """Another key, index, hash, event, payload, or no proof."""
    log = log_of(5, 2)
    with pytest.raises(VerificationError):
        verify_receipt(log.receipt(2), log_key=OTHER_LOG_KEY, envelope=ENVELOPE)
    with pytest.raises(VerificationError, match="no proof"):
        verify_receipt(log.receipt(2, with_proof=False), log_key=LOG_KEY)
    with pytest.raises(VerificationError, match="not the statement"):
        verify_receipt(log.receipt(3), log_key=LOG_KEY, envelope=ENVELOPE)
    for name, value in (("index", 3), ("leaf_hash", bytes(32)), ("event", log.events[3])):
        receipt = log.receipt(2)
        setattr(receipt, name, value)
        with pytest.raises(VerificationError):
            verify_receipt(receipt, log_key=LOG_KEY, envelope=ENVELOPE)
    receipt = log.receipt(2)
    receipt.tlog_proof = b"nothing"
    with pytest.raises(MalformedError):
        verify_receipt(receipt, log_key=LOG_KEY)


def test_a_rejection_is_a_value_of_the_domain() -> None:
    """The client's names are the domain's names."""
    assert Rejection(Reason.MALFORMED, "x").reason.name == reason_name(10)
    assert reason_name(11) == "UNKNOWN_11"
