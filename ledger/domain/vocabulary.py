"""Words that statements, events and rules share.

Numbers are those of the protobuf enums of the same names; this module must not know the encoding.
"""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    """What an officer may do; one officer has one role."""

    KEY_ADMINISTRATOR = 1
    CLERK = 2
    REVIEWER = 3
    APPROVER = 4
    PAYER = 5
    AUDITOR = 6
    OPERATOR = 7


class ParticipantKind(IntEnum):
    """What a participant is."""

    ENTERPRISE = 1
    UNIVERSITY = 2
    RESEARCH = 3
    PERSON = 4
    COMPUTE = 5
    MODEL = 6
    EXCHANGE = 7


class Clock(IntEnum):
    """Which clock stamps events."""

    SYSTEM = 1
    SIMULATED = 2


class RevocationReason(IntEnum):
    """Why a key was revoked."""

    COMPROMISED = 1
    LOST = 2
    CEASED = 3


class Purpose(IntEnum):
    """What devices were used for."""

    TRAINING = 1
    INFERENCE = 2


class SupersedingReason(IntEnum):
    """Why an attestation replaces an earlier one."""

    LOG_CORRECTED = 1
    PRICE_CORRECTED = 2


class ProviderStanding(IntEnum):
    """What becomes of a provider's admission."""

    SUSPENDED = 1
    READMITTED = 2
    REMOVED = 3


class InvoiceStatus(IntEnum):
    """What became of an invoice."""

    VALID = 1
    RED_LETTERED = 2
    VOID = 3


class ClawbackCause(IntEnum):
    """Why money is claimed back."""

    STACKING = 1
    RED_LETTER = 2
    DISPUTED_CLAIM = 3
    FRAUD = 4
