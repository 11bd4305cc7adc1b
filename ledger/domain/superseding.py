"""Replacing an accepted claim: what may be replaced, and what its replacement frees (rules I6, I16).

Nothing is erased: the old claim stays in the ledger, counts nothing and occupies no device. This module must
not judge the new claim's own usage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain.attestation import UsageAttestation
from ledger.domain.disputes import COUNTING
from ledger.domain.entities import ClaimStatus
from ledger.domain.journal import Link, LinkKind
from ledger.domain.rejections import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.domain.claim_frame import Attestation
    from ledger.domain.commands import Refusals
    from ledger.domain.journal import Recorded
    from ledger.domain.state import State


def replaced_by(state: State, statement: Attestation) -> Attestation | None:
    """The accepted statement that this one replaces, as fetched for the batch, or None."""
    if statement.superseded_index is None:
        return None
    return state.replaced.base.get(statement.superseded_index)


def check_superseding(refusals: Refusals, state: State, statement: Attestation) -> None:
    """A claim may replace the provider's own, on the same voucher, accepted and in no redemption."""
    index = statement.superseded_index
    if index is None:
        return
    old = replaced_by(state, statement)
    row = state.claims.get(old.claim_id) if old is not None else None
    if (
        row is None
        or row.leaf_index != index
        or type(old) is not type(statement)
        or row.status not in COUNTING
        or row.redemption_id
        or (row.provider_id, row.voucher_id) != (statement.provider_id, statement.voucher_id)
    ):
        refusals.add(
            Reason.STATE_CONFLICT,
            "only the provider's own accepted and unredeemed claim of this voucher may be superseded",
            None if row is None else row.last_index,
        )


def intervals_of(statement: Attestation) -> Iterator[tuple[bytes, int]]:
    """(device, start) of every line; services occupy nothing."""
    if not isinstance(statement, UsageAttestation):
        return
    for device, offset_ms in zip(statement.lines.device, statement.lines.start_offset_ms, strict=True):
        yield statement.device_ids[device], statement.base_ms + offset_ms


def freed_ms(old: Attestation | None) -> dict[bytes, int]:
    """Device time of a replaced claim by device."""
    totals: dict[bytes, int] = {}
    if isinstance(old, UsageAttestation):
        for device, allocated_ms in zip(old.lines.device, old.lines.allocated_ms, strict=True):
            device_id = old.device_ids[device]
            totals[device_id] = totals.get(device_id, 0) + allocated_ms
    return totals


def superseded_link(state: State, old: Attestation) -> Link:
    """The link of the claim that is replaced."""
    return Link(LinkKind.CLAIM, old.claim_id, state.claims[old.claim_id].last_index)


def record_superseded(state: State, recorded: Recorded) -> None:
    """Take away the intervals of the claim that is replaced, and mark its row."""
    old = replaced_by(state, recorded.statement)
    if old is None:
        return
    row = state.claims[old.claim_id]
    state.claims[old.claim_id] = row._replace(status=ClaimStatus.SUPERSEDED, last_index=recorded.index)
    state.intervals.freed += intervals_of(old)
