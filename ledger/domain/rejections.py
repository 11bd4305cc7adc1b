"""The ordered reasons for which the ledger refuses, and the refusal as a value.

A refusal is an answer, not an error: nothing here is raised. The numbers are those of the protobuf
enum `RejectionReason` and give the precedence; this module must not know how they are transported.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Reason(IntEnum):
    """Why a statement is refused; if several apply, the smallest is given."""

    MALFORMED = 10
    WRONG_LEDGER = 20
    STATEMENT_EXPIRED = 30
    BAD_CREDIT_CODE = 100
    ROLE_CONFLICT = 110
    AFFILIATED = 120
    PROVIDER_NOT_ADMITTED = 130
    ITEM_NOT_LISTED = 140
    VENDOR_NOT_ALLOWED = 150
    CONTRACT_TOO_EARLY = 160
    CONTRACT_BOUND = 170
    MIN_CONTRACT = 180
    MIN_SPEND = 190
    FILING_MISSING = 200
    EXCHANGE_REQUIRED = 210
    STACKING_EXCLUSIVE = 220
    STACKING_CEILING = 230
    NOTICE_NOT_OVER = 240
    OBJECTION_OPEN = 250
    CALENDAR_NOT_COVERED = 260
    CAP_EXHAUSTED = 270
    NAMED_APPROVAL_REQUIRED = 280
    BUDGET_EXHAUSTED = 290
    VOUCHER_HELD = 300
    VOUCHER_EXPIRED = 310
    OUTSIDE_CONTRACT = 320
    OUTSIDE_VALIDITY = 330
    KEY_UNKNOWN = 340
    KEY_REVOKED = 350
    BAD_SIGNATURE = 360
    WEAK_KEY = 370
    DEVICE_UNKNOWN = 380
    DEVICE_OVERLAP = 390
    CAPACITY_EXCEEDED = 400
    MODEL_MISMATCH = 410
    PRICE_MISMATCH = 420
    DUPLICATE_EVIDENCE = 430
    FACE_EXCEEDED = 440
    SEPARATION_OF_DUTY = 450
    STATE_CONFLICT = 460
    REQUEST_ID_REUSED = 470
    NOT_AUTHORISED = 480
    DEADLINE_TOO_LONG = 500
    TOO_LARGE = 510
    NOT_FOUND = 520
    CURSOR_MISMATCH = 530
    UNAUTHENTICATED = 540
    PERMISSION_DENIED = 550
    QUOTA_EXCEEDED = 900
    OVERLOADED = 910
    WRITING_STOPPED = 920
    CLOCK_UNSAFE = 930
    NOT_READY = 940
    WITNESSES_MISSING = 945
    INTERNAL = 950


FIRST_TRANSIENT = 900


def is_transient(reason: Reason) -> bool:
    """Whether the same request may succeed later without any change."""
    return reason >= FIRST_TRANSIENT


@dataclass(frozen=True, slots=True)
class Rejection:
    """A rule's refusal: the reason, a sentence for a person, and the leaf it conflicts with."""

    reason: Reason
    message: str
    conflicting_index: int | None = None
