"""The entities that the ledger's state consists of, as immutable values.

Totals are not here but in the link heads (`state.State.heads`). This package must not decide anything.
"""

from ledger.domain.entities.application import Application, ApplicationState, Contract, Objection, QueuedGrant
from ledger.domain.entities.facts import (
    Claim,
    ClaimStatus,
    Evidence,
    EvidenceKind,
    Interval,
    UniqueKey,
    UniqueKind,
)
from ledger.domain.entities.programme import Calendar, Policy, Programme
from ledger.domain.entities.redemption import Clawback, ClawbackState, Redemption, RedemptionState, Signing
from ledger.domain.entities.registry import (
    Admission,
    DayUse,
    Device,
    Holding,
    Key,
    LedgerInfo,
    Officer,
    Participant,
    Quotas,
)
from ledger.domain.entities.voucher import Voucher, VoucherState

__all__ = [
    "Admission",
    "Application",
    "ApplicationState",
    "Calendar",
    "Claim",
    "ClaimStatus",
    "Clawback",
    "ClawbackState",
    "Contract",
    "DayUse",
    "Device",
    "Evidence",
    "EvidenceKind",
    "Holding",
    "Interval",
    "Key",
    "LedgerInfo",
    "Objection",
    "Officer",
    "Participant",
    "Policy",
    "Programme",
    "QueuedGrant",
    "Quotas",
    "Redemption",
    "RedemptionState",
    "Signing",
    "UniqueKey",
    "UniqueKind",
    "Voucher",
    "VoucherState",
]
