"""Terms of vouchers as a JSON file, to attest on a machine that reaches no server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ledger.client.attestations import ChainHead
from ledger.client.cosign import write_atomically
from ledger.client.lines import VoucherTerms
from ledger.domain.attestation import PricedModel
from ledger.domain.policy import Origin
from ledger.domain.vocabulary import Purpose
from ledger.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA = "voucher-ledger/terms/1"
_IDS = ("voucher_id", "programme_id", "provider_id", "beneficiary_id", "contract_digest")


def write_terms(
    path: Path, terms: Mapping[str, VoucherTerms], *, heads: Mapping[bytes, ChainHead] | None = None
) -> None:
    """Write the terms by tenant, and for each voucher where its chain of attestations stands."""
    value = {
        "schema": SCHEMA,
        "tenants": {tenant: _to_json(item) for tenant, item in terms.items()},
        "heads": {
            voucher_id.hex(): {"sequence": str(head.sequence), "digest": head.digest.hex()}
            for voucher_id, head in (heads or {}).items()
        },
    }
    write_atomically(path, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())


def read_terms(path: Path) -> tuple[dict[str, VoucherTerms], dict[bytes, ChainHead]]:
    """What `write_terms` wrote; UsageError naming the file for anything else."""
    try:
        value = json.loads(path.read_bytes())
        if value["schema"] != SCHEMA:
            raise UsageError(f"{path}: another schema", hint=f"allowed: {SCHEMA}")
        terms = {tenant: _from_json(item) for tenant, item in value["tenants"].items()}
        heads = {
            bytes.fromhex(voucher_id): ChainHead(int(head["sequence"]), bytes.fromhex(head["digest"]))
            for voucher_id, head in value["heads"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path}: not a terms file: {error}", hint="make one with `voucherctl provider terms`"
        ) from error
    return terms, heads


def _to_json(terms: VoucherTerms) -> dict[str, Any]:
    return {
        **{name: getattr(terms, name).hex() for name in _IDS},
        "purpose": terms.purpose.name,
        "from_ms": None if terms.from_ms is None else str(terms.from_ms),
        "until_ms": None if terms.until_ms is None else str(terms.until_ms),
        "models": {
            name: {
                "vendor": model.vendor,
                "model": model.model,
                "origin": model.origin.name,
                "unit_price_fen": str(model.unit_price_fen),
            }
            for name, model in terms.models.items()
        },
        "devices": {device.hex(): model for device, model in terms.devices.items()},
    }


def _from_json(value: Mapping[str, Any]) -> VoucherTerms:
    return VoucherTerms(
        **{name: bytes.fromhex(value[name]) for name in _IDS},
        purpose=Purpose[value["purpose"]],
        from_ms=None if value["from_ms"] is None else int(value["from_ms"]),
        until_ms=None if value["until_ms"] is None else int(value["until_ms"]),
        models={
            name: PricedModel(
                vendor=model["vendor"],
                model=model["model"],
                origin=Origin[model["origin"]],
                unit_price_fen=int(model["unit_price_fen"]),
            )
            for name, model in value["models"].items()
        },
        devices={bytes.fromhex(device): model for device, model in value["devices"].items()},
    )
