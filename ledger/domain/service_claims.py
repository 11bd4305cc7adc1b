"""Claims of model services and data exchanges: units and amounts instead of devices (rules I7, I19).

This module must not know devices; what it shares with usage claims is in `claim_frame`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import authority
from ledger.domain.attestation_shape import check_service_attestation
from ledger.domain.claim_frame import check_claim, claim_premises, claim_row, find_voucher, record_sequence
from ledger.domain.commands import Command, Refusals
from ledger.domain.events import ServiceClaimAccepted
from ledger.domain.journal import Draft, Link, LinkKind, Recorded
from ledger.domain.rejections import Rejection
from ledger.domain.superseding import check_superseding, record_superseded, replaced_by, superseded_link

if TYPE_CHECKING:
    from ledger.domain.attestation import ServiceAttestation
    from ledger.domain.state import State

    Decision = tuple[Draft, ...] | Rejection


def decide_service_claim(state: State, command: Command[ServiceAttestation]) -> Decision:
    """Accept an account of services, or give the first reason against it."""
    statement = command.statement
    check_service_attestation(statement)
    voucher = find_voucher(state, statement)
    if isinstance(voucher, Rejection):
        return voucher
    refusals = Refusals()
    first_ms = min(line.start_ms for line in statement.lines)
    last_ms = max(line.end_ms for line in statement.lines)
    check_claim(refusals, state, command, voucher, (first_ms, last_ms))
    check_superseding(refusals, state, statement)
    if refusals.first is not None:
        return refusals.first
    contract = state.contracts.get(voucher.contract_id)
    old = replaced_by(state, statement)
    draft = Draft(
        payload=ServiceClaimAccepted(),
        stream_id=f"claim/{statement.claim_id.hex()}",
        actor=statement.provider_id,
        premises=(
            *authority.key_premises(command.keys),
            *claim_premises(voucher, contract, state.admissions.get(statement.provider_id)),
        ),
        links=(
            Link(LinkKind.CLAIM, statement.claim_id, None),
            state.link(LinkKind.VOUCHER, voucher.voucher_id, state.voucher_totals(voucher.voucher_id)),
            *(() if old is None else (superseded_link(state, old),)),
        ),
        effective_ms=last_ms,
    )
    return (draft,)


def record_service_claim(state: State, recorded: Recorded) -> None:
    """Write the rows of an accepted claim: itself and its sequence number."""
    record_superseded(state, recorded)
    statement: ServiceAttestation = recorded.statement
    state.claims[statement.claim_id] = claim_row(statement, recorded)
    record_sequence(state, recorded)
