"""Every bound of the server, in one place: bytes, counts and times. Nothing is measured here."""

from __future__ import annotations

from typing import Final

KIB: Final = 1_024

MAX_REQUEST_BYTES: Final = 256 * KIB
MAX_BATCH_REQUEST_BYTES: Final = 1_024 * KIB
BATCH_METHODS: Final = frozenset({"/ledger.v1.ClaimService/SubmitClaims"})
# The transport drops what no handler could take; the slack lets a handler answer with its own reason.
MAX_RECEIVED_BYTES: Final = MAX_BATCH_REQUEST_BYTES + 64 * KIB

MAX_BATCH_ENVELOPES: Final = 100

DEFAULT_PAGE_SIZE: Final = 100
MAX_PAGE_SIZE: Final = 500
# A filter that matches little still answers in bounded time: an unfilled page has a token, too.
MAX_SCANNED: Final = 20_000
MAX_FILTER_VALUES: Final = 100

MAX_CALL_S: Final = 300.0
DEFAULT_CALL_S: Final = 60.0
STREAM_RECHECK_S: Final = 30.0
# A witness answers within a second or two; who waits longer waits for one that is away.
WITNESS_WAIT_S: Final = 30.0

MAX_CONCURRENT_RPCS: Final = 4_096
MAX_SUBSCRIBERS: Final = 256

MAX_VIOLATIONS: Final = 20
MAX_STATUS_BYTES: Final = 4 * KIB
MAX_MESSAGE_BYTES: Final = 512
MAX_VIOLATION_BYTES: Final = 72


def request_cap(method: str) -> int:
    """Most bytes of a request of the method."""
    return MAX_BATCH_REQUEST_BYTES if method in BATCH_METHODS else MAX_REQUEST_BYTES
