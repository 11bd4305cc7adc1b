"""Which rows of the store a command needs before it can be decided (step one of three).

`needs_of` names them, the sequencer fetches them for a whole batch, the rules read them from the state.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger.domain.attestation import ServiceAttestation, UsageAttestation
from ledger.domain.claim_frame import sequence_key
from ledger.domain.claims import intervals_needed
from ledger.domain.entities import UniqueKind
from ledger.domain.statements import (
    AcceptanceRegistration,
    ClaimSettingAside,
    ClawbackDetermination,
    ClawbackOpening,
    InvoiceCancellation,
    InvoiceRegistration,
    PaymentRegistration,
    Reconfirmation,
    RedemptionRequest,
    RedemptionVerification,
)
from ledger.domain.superseding import replaced_by

if TYPE_CHECKING:
    from ledger.domain.state import State


@dataclass(slots=True)
class Needs:
    """Keys of the rows to fetch; `intervals` are (device, end): the last interval that starts before end."""

    claims: list[bytes] = field(default_factory=list)
    evidence: list[bytes] = field(default_factory=list)
    unique: list[tuple[int, bytes]] = field(default_factory=list)
    intervals: list[tuple[bytes, int]] = field(default_factory=list)


def add_needs(needs: Needs, state: State, statement: Any) -> None:
    """Add the keys that deciding `statement` needs."""
    if isinstance(statement, UsageAttestation | ServiceAttestation):
        needs.claims.append(statement.claim_id)
        old = replaced_by(state, statement)
        if old is not None:
            needs.claims.append(old.claim_id)
        needs.unique.append((UniqueKind.SEQUENCE, sequence_key(statement)))
        if isinstance(statement, UsageAttestation):
            needs.intervals += intervals_needed(state, statement)
    elif isinstance(statement, InvoiceRegistration | PaymentRegistration | InvoiceCancellation):
        needs.evidence.append(statement.fingerprint)
    elif isinstance(statement, AcceptanceRegistration):
        needs.evidence.append(statement.document_digest)
    elif isinstance(statement, RedemptionRequest):
        needs.claims += statement.claim_ids
        needs.evidence += [use.fingerprint for use in (*statement.invoices, *statement.payments)]
    elif isinstance(statement, Reconfirmation | ClaimSettingAside):
        needs.claims += statement.claim_ids
    elif isinstance(statement, RedemptionVerification | ClawbackOpening):
        add_needs_of_redemption(needs, state, statement.redemption_id)
    elif isinstance(statement, ClawbackDetermination):
        clawback = state.clawbacks.get(statement.clawback_id)
        if clawback is not None:
            add_needs_of_redemption(needs, state, clawback.redemption_id)


def add_needs_of_redemption(needs: Needs, state: State, redemption_id: bytes) -> None:
    """Add the keys that computing a redemption anew needs."""
    redemption = state.redemptions.get(redemption_id)
    if redemption is not None:
        needs.claims += redemption.claim_ids
        needs.evidence += [fingerprint for fingerprint, _ in redemption.invoices]
