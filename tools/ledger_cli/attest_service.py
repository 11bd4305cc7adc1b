"""From a file of services to signed service attestations in an outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.client.attestations import RawLog
from ledger.client.service_claims import check_rows, sign_service_attestations
from ledger.client.usage.service_csv import read_service_csv
from ledger.errors import UsageError
from ledger_cli.attest import put_into, terms_and_heads
from ledger_cli.values import file_digest

if TYPE_CHECKING:
    from pathlib import Path

    from ledger_cli.attest import Request


def attest_services(path: Path, request: Request, *, voucher_id: bytes, as_json: bool) -> None:
    """Check and sign the rows of one voucher, write the outbox and print what was made."""
    rows = list(read_service_csv(path))
    if not rows:
        raise UsageError(f"{path.name}: no row to attest", hint="give rows below the header")
    outbox = request.outbox()
    tenants, heads = terms_and_heads(request, outbox)
    terms = next((item for item in tenants.values() if item.voucher_id == voucher_id), None)
    if terms is None:
        raise UsageError(
            f"{request.terms_file} has no voucher {voucher_id.hex()}",
            hint="fetch its terms with `voucherctl provider terms`",
        )
    check_rows(rows, terms=terms, name=path.name)
    raw_log = RawLog(digest=file_digest(path, option="--usage"), row_count=len(rows))
    made = list(
        sign_service_attestations(
            rows,
            terms=terms,
            key=request.key,
            ledger_id=request.identity.ledger_id,
            raw_log=raw_log,
            head=heads.get(voucher_id),
            superseding=request.superseding,
        )
    )
    counts = {"rows": len(rows)}
    put_into(outbox, made, name=path.name, raw_log=raw_log, counts=counts, as_json=as_json)
