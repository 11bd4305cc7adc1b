"""A provider with its key, the terms of a voucher, and lines of usage for the tests."""

from __future__ import annotations

from ledger.client.attestations import RawLog
from ledger.client.lines import AttestedLine, VoucherTerms
from ledger.client.signing import SigningKey
from ledger.domain.attestation import PricedModel
from ledger.domain.policy import Origin

KEY = SigningKey.from_seed(b"p" * 32)
PROVIDER_ID = b"P" * 16
RAW_LOG = RawLog(digest=b"d" * 32, row_count=7)
START_MS = 1_770_000_000_000
TERMS = VoucherTerms(
    voucher_id=b"V" * 16,
    programme_id=b"G" * 16,
    provider_id=PROVIDER_ID,
    beneficiary_id=b"B" * 16,
    contract_digest=b"C" * 32,
    models={
        "H800": PricedModel(vendor="nvidia", model="H800", origin=Origin.FOREIGN, unit_price_fen=1999),
        "910B": PricedModel(vendor="huawei", model="910B", origin=Origin.DOMESTIC, unit_price_fen=1500),
    },
)


def line(number: int = 0, **values: object) -> AttestedLine:
    """A line on device `number`."""
    given_values: dict[str, object] = {
        "device": f"gpu-{number}",
        "model": "H800",
        "cluster": "c",
        "node": f"node-{number // 8}",
        "job": f"job-{number}",
        "start_ms": START_MS + number,
        "end_ms": START_MS + number + 3_600_000,
        "allocated_ms": 3_600_000,
        **values,
    }
    return AttestedLine(**given_values)  # type: ignore[arg-type]
