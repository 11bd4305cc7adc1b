"""Refusals as statuses: every reason has a code, and no status grows without bound."""

from __future__ import annotations

import grpc
import pytest
from google.rpc import error_details_pb2

from ledger.app.outcomes import Refused
from ledger.domain.rejections import Reason, is_transient
from ledger.v1 import errors_pb2
from ledger_server.limits import MAX_STATUS_BYTES, MAX_VIOLATIONS
from ledger_server.mapping import refusal
from ledger_server.status import CODES, RETRY_AFTER_MS, to_status


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_code_and_carries_its_name(reason: Reason) -> None:
    """The reason is in ErrorInfo under the enum's name without its prefix."""
    status = to_status(Refused(reason, "because", conflicting_index=0, recorded_index=9))
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (status.code, status.message) == (CODES[reason].value[0], "because")
    assert (info.reason, info.domain) == (reason.name, "voucher-ledger")
    assert dict(info.metadata) == {"conflicting_index": "0", "recorded_index": "9"}
    assert refusal(Refused(reason, "because")).reason == errors_pb2.RejectionReason.Value(
        f"REJECTION_REASON_{reason.name}"
    )


@pytest.mark.parametrize("reason", Reason)
def test_what_is_transient_says_when_to_retry_and_nothing_else_does(reason: Reason) -> None:
    """RetryInfo goes with the numbers from 900 on."""
    kinds = [detail.TypeName() for detail in to_status(Refused(reason, "x")).details]
    assert ("google.rpc.RetryInfo" in kinds) == is_transient(reason) == (reason in RETRY_AFTER_MS)


def test_codes_tell_form_rule_repetition_and_transience_apart() -> None:
    """A rule's refusal is a failed precondition, and access has codes of its own."""
    assert CODES[Reason.MALFORMED] == grpc.StatusCode.INVALID_ARGUMENT
    assert CODES[Reason.SEPARATION_OF_DUTY] == grpc.StatusCode.FAILED_PRECONDITION
    assert CODES[Reason.KEY_REVOKED] == grpc.StatusCode.FAILED_PRECONDITION
    assert CODES[Reason.DUPLICATE_EVIDENCE] == grpc.StatusCode.ALREADY_EXISTS
    assert CODES[Reason.OVERLOADED] == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert CODES[Reason.WRITING_STOPPED] == grpc.StatusCode.UNAVAILABLE
    assert [reason for reason, code in CODES.items() if code == grpc.StatusCode.PERMISSION_DENIED] == [
        Reason.PERMISSION_DENIED
    ]


@pytest.mark.parametrize("reason", [Reason.MALFORMED, Reason.STATE_CONFLICT])
def test_a_status_is_bounded_however_much_is_wrong(reason: Reason) -> None:
    """At most 20 violations and 4 KiB, cut between characters."""
    violations = [(f"field.{number}" * 20, "错" * 2_000) for number in range(180)]
    status = to_status(Refused(reason, "错" * 5_000), violations=violations)
    details = {detail.TypeName(): detail for detail in status.details}
    bad, failed = error_details_pb2.BadRequest(), error_details_pb2.PreconditionFailure()
    if reason == Reason.MALFORMED:
        details["google.rpc.BadRequest"].Unpack(bad)
    else:
        details["google.rpc.PreconditionFailure"].Unpack(failed)
    assert len(bad.field_violations) + len(failed.violations) == MAX_VIOLATIONS
    assert status.ByteSize() <= MAX_STATUS_BYTES
    assert set(status.message) == {"错"}
