"""Which tenant's rows go to which voucher, and the terms of those vouchers."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from ledger.client.terms import fetch_terms
from ledger.domain.vocabulary import Purpose
from ledger.errors import UsageError
from ledger_cli.values import enum_of, fen_of, id_of, pairs_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ledger.client.api import LedgerClient
    from ledger.client.lines import VoucherTerms


def voucher_map(pairs: Sequence[str] | None, path: Path | None) -> dict[str, bytes]:
    """Tenant → voucher id from options and a TOML file; UsageError if there is none or one is there twice."""
    found = dict(pairs_of(pairs, option="--voucher", value=lambda text: id_of(text, option="--voucher")))
    for tenant, text in _read(path).items() if path is not None else ():
        if tenant in found or not isinstance(text, str):
            raise UsageError(f"{path}: tenant {tenant!a}: twice, or no text", hint='allowed: "TENANT" = "ID"')
        found[tenant] = id_of(text, option=str(path))
    if not found:
        raise UsageError("no voucher", hint="give --voucher TENANT=ID, or --vouchers FILE")
    return found


def fetch_all(
    client: LedgerClient, wanted: Mapping[str, bytes], *, prices: Sequence[str] | None, purpose: str
) -> dict[str, VoucherTerms]:
    """The terms of each tenant's voucher, each voucher fetched once."""
    given = pairs_of(prices, option="--price", value=lambda text: fen_of(text, option="--price"))
    kind = enum_of(Purpose, purpose, option="--purpose")
    fetched = {
        voucher_id: fetch_terms(client, voucher_id=voucher_id, prices=given, purpose=kind)
        for voucher_id in set(wanted.values())
    }
    return {tenant: fetched[voucher_id] for tenant, voucher_id in wanted.items()}


def _read(path: Path) -> dict[str, object]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path}: cannot be read: {error}", hint="allowed: TOML with a table [vouchers]"
        ) from error
    table = values.get("vouchers")
    if set(values) != {"vouchers"} or not isinstance(table, dict):
        raise UsageError(f"{path}: not one table [vouchers]", hint='allowed: [vouchers] and "TENANT" = "ID"')
    return table
