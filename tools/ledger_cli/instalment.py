"""Which instalment of a redemption comes next."""

from __future__ import annotations

from typing import Any

from ledger.errors import UsageError


def next_instalment(redemption: Any) -> tuple[int, int]:
    """Number (from 1) and amount in fen of the first unpaid instalment; UsageError if all are paid."""
    if redemption.paid_count >= len(redemption.instalments_fen):
        raise UsageError("no instalment is unpaid", hint="see: voucherctl bureau redemptions")
    return redemption.paid_count + 1, redemption.instalments_fen[redemption.paid_count]
