"""Messages that callers of the client hold in their hands; the wire format itself stays behind it."""

from __future__ import annotations

from ledger.v1.application_service_pb2 import Application
from ledger.v1.claim_service_pb2 import ClaimResult
from ledger.v1.envelope_pb2 import Envelope
from ledger.v1.quantities_pb2 import DecisionBasis, SubjectReference
from ledger.v1.receipt_pb2 import AckLevel, Receipt
from ledger.v1.redemption_service_pb2 import Clawback, Redemption
from ledger.v1.voucher_service_pb2 import Voucher

__all__ = [
    "AckLevel",
    "Application",
    "ClaimResult",
    "Clawback",
    "DecisionBasis",
    "Envelope",
    "Receipt",
    "Redemption",
    "SubjectReference",
    "Voucher",
]
