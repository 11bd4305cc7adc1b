"""`voucherctl bureau`: every step from a programme to a payment and back, and lists of what exists.

The commands are in `bureau_*`; here they are only put together.
"""

from __future__ import annotations

from ledger_cli import (
    bureau_application,
    bureau_clawback,
    bureau_contract,
    bureau_programme,
    bureau_redemption,
    bureau_registry,
    bureau_voucher,
    lists,
)
from ledger_cli.groups import part_app

app = part_app("Every step from a programme to a payment, and lists of what exists.")
for part in (
    bureau_programme,
    bureau_registry,
    bureau_contract,
    bureau_application,
    bureau_voucher,
    bureau_redemption,
    bureau_clawback,
    lists,
):
    part.add_to(app)
