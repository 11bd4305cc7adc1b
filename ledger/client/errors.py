"""What a server's error means to a client: refused, denied, or unavailable.

One function turns every `grpc.RpcError` into a `LedgerError` with its exit code. This module must not
retry or print.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from ledger.errors import ExitCode, LedgerError
from ledger.v1 import errors_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

DOMAIN = "voucher-ledger"
PREFIX = "REJECTION_REASON_"
FIRST_TRANSIENT = 900

_DETAILS_KEY = "grpc-status-details-bin"
_DENIED = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED"})
_REASON_BY_STATUS: Mapping[str, str] = {
    "INVALID_ARGUMENT": "MALFORMED",
    "NOT_FOUND": "NOT_FOUND",
    "OUT_OF_RANGE": "NOT_FOUND",
    "ALREADY_EXISTS": "REQUEST_ID_REUSED",
    "FAILED_PRECONDITION": "STATE_CONFLICT",
    "ABORTED": "STATE_CONFLICT",
    "UNAUTHENTICATED": "UNAUTHENTICATED",
    "PERMISSION_DENIED": "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED": "OVERLOADED",
    "UNAVAILABLE": "NOT_READY",
    "INTERNAL": "INTERNAL",
    "DATA_LOSS": "INTERNAL",
    "UNIMPLEMENTED": "NOT_FOUND",
}


class RpcRefused(LedgerError):
    """The ledger refused a request; the same request will be refused again.

    `reason` is the rejection reason without its prefix, `conflicting_index` the leaf with which it
    conflicts, `recorded_index` the leaf that records the refusal; None where there is none.
    """

    exit_code = ExitCode.REFUSED

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        metadata: Mapping[str, str] | None = None,
        conflicting_index: int | None = None,
        recorded_index: int | None = None,
    ) -> None:
        super().__init__(f"{reason}: {message}", hint=_refusal_hint(reason, conflicting_index))
        self.reason = reason
        self.message = message
        self.metadata = dict(metadata or {})
        self.conflicting_index = conflicting_index
        self.recorded_index = recorded_index


class Denied(LedgerError):
    """The server does not know this certificate, or its role may not do this."""

    exit_code = ExitCode.DENIED

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}", hint="check --as and that the certificate is registered")
        self.reason = reason


class Unavailable(LedgerError):
    """No answer, or not now; the same request may be repeated. `retry_after_s` is the server's wish."""

    exit_code = ExitCode.UNAVAILABLE

    def __init__(self, reason: str, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{reason}: {message}", hint="repeat the same request later; it has one effect")
        self.reason = reason
        self.retry_after_s = retry_after_s


def raise_for(error: grpc.RpcError) -> NoReturn:
    """Raise the LedgerError that an RPC's error stands for; `error` is its cause."""
    raise error_for(error) from error


def error_for(error: grpc.RpcError) -> RpcRefused | Denied | Unavailable:
    """The LedgerError of an RPC's error, from its status details or, without them, from its code."""
    status = _status_name(error)
    message = _message(error)
    reason, metadata, retry_after_s = "", {}, None
    for detail in _details(error):
        if isinstance(detail, error_details_pb2.ErrorInfo) and detail.domain == DOMAIN:
            reason, metadata = detail.reason.removeprefix(PREFIX), dict(detail.metadata)
        elif isinstance(detail, error_details_pb2.RetryInfo):
            retry_after_s = detail.retry_delay.seconds + detail.retry_delay.nanos / 1e9
        elif isinstance(detail, error_details_pb2.BadRequest):
            wrong = "; ".join(f"{item.field}: {item.description}" for item in detail.field_violations[:20])
            message = f"{message} ({wrong})" if wrong else message
    reason = reason or _REASON_BY_STATUS.get(status, "")
    if reason in _DENIED:
        return Denied(reason, message)
    if not reason or is_transient(reason):
        return Unavailable(reason or status, message, retry_after_s=retry_after_s)
    return RpcRefused(
        reason,
        message,
        metadata=metadata,
        conflicting_index=_index(metadata, "conflicting_index"),
        recorded_index=_index(metadata, "recorded_index"),
    )


def reason_name(value: int) -> str:
    """The name of a reason without its prefix; `UNKNOWN_n` for a number that this client does not know."""
    known = errors_pb2.RejectionReason.DESCRIPTOR.values_by_number.get(value)
    return known.name.removeprefix(PREFIX) if known else f"UNKNOWN_{value}"


def is_transient(reason: str) -> bool:
    """Whether the same request may succeed later: reasons numbered 900 and above."""
    known = errors_pb2.RejectionReason.DESCRIPTOR.values_by_name.get(PREFIX + reason)
    return known is not None and known.number >= FIRST_TRANSIENT


def _refusal_hint(reason: str, conflicting_index: int | None) -> str:
    conflict = f"it conflicts with leaf {conflicting_index}; " if conflicting_index is not None else ""
    return f"{conflict}see: voucherctl explain {reason}"


def _status_name(error: grpc.RpcError) -> str:
    code = getattr(error, "code", None)
    value = code() if callable(code) else None
    return value.name if isinstance(value, grpc.StatusCode) else "UNKNOWN"


def _message(error: grpc.RpcError) -> str:
    details = getattr(error, "details", None)
    value = details() if callable(details) else None
    return value or "the server gave no message"


def _details(error: grpc.RpcError) -> list[object]:
    """The status details that parse and are known; a detail of another kind is passed over."""
    trailing = getattr(error, "trailing_metadata", None)
    found: list[object] = []
    for key, value in (trailing() if callable(trailing) else None) or ():
        if key != _DETAILS_KEY or not isinstance(value, bytes):
            continue
        status = status_pb2.Status()
        try:
            status.ParseFromString(value)
        except DecodeError:
            continue
        found.extend(_unpacked(status))
    return found


def _unpacked(status: status_pb2.Status) -> list[object]:
    known = (error_details_pb2.ErrorInfo, error_details_pb2.RetryInfo, error_details_pb2.BadRequest)
    found: list[object] = []
    for detail in status.details:
        for kind in known:
            message = kind()
            if detail.Is(kind.DESCRIPTOR):
                detail.Unpack(message)
                found.append(message)
    return found


def _index(metadata: Mapping[str, str], key: str) -> int | None:
    text = metadata.get(key, "")
    return int(text) if text.isascii() and text.isdigit() else None
