"""Refusals as `google.rpc.Status`: one code a reason, machine-readable details, bounded size.

The reason in `ErrorInfo` is what a client acts on; the code tells generic tools whether to retry. No text of
an exception may come here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2 as details_pb2
from google.rpc import status_pb2
from grpc_status import rpc_status

from ledger.app.outcomes import Refused
from ledger.domain.rejections import Reason, is_transient
from ledger_server.limits import MAX_MESSAGE_BYTES, MAX_VIOLATION_BYTES, MAX_VIOLATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from google.protobuf.message import Message
    from grpc import aio

DOMAIN: Final = "voucher-ledger"

_OTHER_CODES: Mapping[Reason, grpc.StatusCode] = {
    Reason.MALFORMED: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.WRONG_LEDGER: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.BAD_CREDIT_CODE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.TOO_LARGE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.DUPLICATE_EVIDENCE: grpc.StatusCode.ALREADY_EXISTS,
    Reason.REQUEST_ID_REUSED: grpc.StatusCode.ALREADY_EXISTS,
    Reason.DEADLINE_TOO_LONG: grpc.StatusCode.DEADLINE_EXCEEDED,
    Reason.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    Reason.PERMISSION_DENIED: grpc.StatusCode.PERMISSION_DENIED,
    Reason.QUOTA_EXCEEDED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.OVERLOADED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.WRITING_STOPPED: grpc.StatusCode.UNAVAILABLE,
    Reason.CLOCK_UNSAFE: grpc.StatusCode.UNAVAILABLE,
    Reason.NOT_READY: grpc.StatusCode.UNAVAILABLE,
    Reason.WITNESSES_MISSING: grpc.StatusCode.UNAVAILABLE,
    Reason.INTERNAL: grpc.StatusCode.INTERNAL,
}
# A rule's refusal is a failed precondition: the call was fine, the ledger's state is against it.
CODES: Mapping[Reason, grpc.StatusCode] = {
    reason: _OTHER_CODES.get(reason, grpc.StatusCode.FAILED_PRECONDITION) for reason in Reason
}
RETRY_AFTER_MS: Mapping[Reason, int] = {
    Reason.QUOTA_EXCEEDED: 60_000,
    Reason.OVERLOADED: 200,
    Reason.WRITING_STOPPED: 5_000,
    Reason.CLOCK_UNSAFE: 5_000,
    Reason.NOT_READY: 1_000,
    Reason.WITNESSES_MISSING: 5_000,
    Reason.INTERNAL: 1_000,
}


def malformed(message: str) -> Refused:
    """A request whose bytes or values are not allowed."""
    return Refused(reason=Reason.MALFORMED, message=message)


def not_found(message: str) -> Refused:
    """What was asked for does not exist."""
    return Refused(reason=Reason.NOT_FOUND, message=message)


def to_status(
    refused: Refused, *, code: grpc.StatusCode | None = None, violations: Sequence[tuple[str, str]] = ()
) -> status_pb2.Status:
    """The status of a refusal, at most 4 KiB: `violations` are (field or subject, description).

    `code` overrides the code of the reason where an RPC documents another one (OUT_OF_RANGE).
    """
    code = code or CODES[refused.reason]
    message = shorten(refused.message)
    status = status_pb2.Status(code=code.value[0], message=message)
    metadata = {
        name: str(index)
        for name, index in (
            ("conflicting_index", refused.conflicting_index),
            ("recorded_index", refused.recorded_index),
        )
        if index is not None
    }
    _add(status, details_pb2.ErrorInfo(reason=refused.reason.name, domain=DOMAIN, metadata=metadata))
    if is_transient(refused.reason):
        delay = Duration()
        delay.FromMilliseconds(RETRY_AFTER_MS[refused.reason])
        _add(status, details_pb2.RetryInfo(retry_delay=delay))
    detail = _violations(code, refused.reason, violations[:MAX_VIOLATIONS] or [("", message)])
    if detail is not None:
        _add(status, detail)
    return status


def _violations(
    code: grpc.StatusCode, reason: Reason, violations: Sequence[tuple[str, str]]
) -> Message | None:
    most = MAX_MESSAGE_BYTES if len(violations) == 1 else MAX_VIOLATION_BYTES
    pairs = [(shorten(name, MAX_VIOLATION_BYTES), shorten(text, most)) for name, text in violations]
    if code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE):
        bad: Message = details_pb2.BadRequest(
            field_violations=[
                details_pb2.BadRequest.FieldViolation(field=name, description=text) for name, text in pairs
            ]
        )
        return bad
    if code in (grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.ALREADY_EXISTS):
        failure: Message = details_pb2.PreconditionFailure(
            violations=[
                details_pb2.PreconditionFailure.Violation(type=reason.name, subject=name, description=text)
                for name, text in pairs
            ]
        )
        return failure
    return None


def _add(status: status_pb2.Status, detail: Message) -> None:
    packed = AnyMessage()
    packed.Pack(detail)
    status.details.append(packed)


def shorten(text: str, most: int = MAX_MESSAGE_BYTES) -> str:
    """The text, cut to at most `most` bytes of UTF-8 between characters."""
    data = text.encode("utf-8", "replace")
    return text if len(data) <= most else data[:most].decode("utf-8", "ignore")


async def refuse(
    context: aio.ServicerContext[Any, Any],
    refused: Refused,
    *,
    code: grpc.StatusCode | None = None,
    violations: Sequence[tuple[str, str]] = (),
) -> NoReturn:
    """End the call with the status of a refusal."""
    await context.abort_with_status(
        rpc_status.to_status(to_status(refused, code=code, violations=violations))
    )
    raise AssertionError  # pragma: no cover - abort_with_status always raises
