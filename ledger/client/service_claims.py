"""Turn rows of a model service or a data exchange into signed service attestations.

Lines are split so that every attestation stays within its limit, and chained as usage attestations are. This
module must not read files or send anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.client.attestations import ChainHead, check_superseding, sign_next
from ledger.client.lines import MAX_REPORTED
from ledger.client.signing import new_ordered_id
from ledger.client.statements import service_attestation
from ledger.domain.attestation_shape import MAX_LINES
from ledger.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ledger.client.attestations import RawLog, SignedAttestation, Superseding
    from ledger.client.lines import VoucherTerms
    from ledger.client.signing import SigningKey
    from ledger.client.usage.service_csv import ServiceRow

ACT = "service-attestation"


def check_rows(rows: Sequence[ServiceRow], *, terms: VoucherTerms, name: str) -> None:
    """Refuse rows outside the days that the voucher can take; UsageError naming file and lines."""
    outside = [
        row.line
        for row in rows
        if (terms.from_ms is not None and row.start_ms < terms.from_ms)
        or (terms.until_ms is not None and row.end_ms > terms.until_ms)
    ]
    if outside:
        lines = ", ".join(str(line) for line in outside[:MAX_REPORTED])
        raise UsageError(
            f"{name}: {len(outside)} rows lie outside contract or validity: line {lines}",
            hint="leave them out of the file",
        )


def sign_service_attestations(
    rows: Sequence[ServiceRow],
    *,
    terms: VoucherTerms,
    key: SigningKey,
    ledger_id: bytes,
    raw_log: RawLog,
    head: ChainHead | None = None,
    superseding: Superseding | None = None,
    not_after_ms: int = 0,
) -> Iterator[SignedAttestation]:
    """Attestations over all rows, at most 500 each, in order of time; `head` is the newest one before.

    Claim and request ids are new. Raises UsageError if a superseding attestation does not fit in one.
    """
    ordered = sorted(rows, key=lambda row: (row.start_ms, row.line))
    groups = [ordered[start : start + MAX_LINES] for start in range(0, len(ordered), MAX_LINES)]
    check_superseding(groups, superseding)
    chain = head or ChainHead()
    for group in groups:
        statement = service_attestation(
            claim_id=new_ordered_id(),
            programme_id=terms.programme_id,
            provider_id=terms.provider_id,
            voucher_id=terms.voucher_id,
            contract_digest=terms.contract_digest,
            beneficiary_id=terms.beneficiary_id,
            lines=[(row.unit, row.quantity, row.start_ms, row.end_ms, row.amount_fen) for row in group],
            raw_log_digest=raw_log.digest,
            raw_log_rows=raw_log.row_count,
            sequence=chain.sequence + 1,
            previous_digest=chain.digest,
            superseded_index=superseding.index if superseding else None,
            superseding_reason=superseding.reason if superseding else None,
        )
        signed = sign_next(
            ACT,
            statement,
            line_count=len(group),
            key=key,
            ledger_id=ledger_id,
            not_after_ms=not_after_ms,
        )
        chain = signed.head
        yield signed
