"""What a redemption names: claims, invoices and payments, as given or all that is left; instalments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.client.rendering import plain
from ledger.domain.quantities import BP_FULL
from ledger.errors import UsageError
from ledger_cli.values import digest_of, fen_of, id_of, pairs_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.client.api import LedgerClient
    from ledger.client.types import Voucher

MAX_CLAIMS = 500
_KINDS = {"--invoice": "INVOICE", "--payment": "PAYMENT"}


def claims_to_redeem(client: LedgerClient, voucher: Voucher, given: Sequence[str] | None) -> list[bytes]:
    """The claims that are named, or the first 500 accepted, undisputed ones that no redemption uses.

    An award has no contract, hence no claims.
    """
    if given:
        return [id_of(text, option="--claim") for text in given]
    if not voucher.contract_id:
        return []
    claims = client.list_claims(voucher.voucher_id, unredeemed_only=True)
    free = [claim.claim_id for claim in claims if not claim.disputed]
    if not free:
        raise UsageError("the voucher has no claim to redeem", hint="see: voucherctl bureau claims")
    return free[:MAX_CLAIMS]


def evidence_to_use(
    client: LedgerClient, contract_id: bytes, given: Sequence[str] | None, *, option: str
) -> dict[bytes, int]:
    """Fingerprint → amount in fen: what is named, or what is left of all valid evidence of the contract.

    Without a contract (an award) there is none.
    """
    if given:
        amounts = pairs_of(given, option=option, value=lambda text: fen_of(text, option=option))
        return {digest_of(name, option=option): fen for name, fen in amounts.items()}
    if not contract_id:
        return {}
    return {
        item.fingerprint: item.amount_fen - item.consumed_fen
        for item in client.list_evidence(contract_id)
        if _usable(plain(item, complete=True), kind=_KINDS[option]) and item.amount_fen > item.consumed_fen
    }


def instalments_of(text: str) -> list[int]:
    """Basis points separated by commas, summing to 10,000; empty for one payment."""
    if not text:
        return []
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() for part in parts) or sum(map(int, parts)) != BP_FULL:
        raise UsageError("--instalments: not parts of 10000", hint="allowed: for example 3000,3000,4000")
    return [int(part) for part in parts]


def _usable(evidence: Mapping[str, Any], *, kind: str) -> bool:
    """Whether evidence is of a kind and not cancelled; only invoices have a status."""
    return evidence["kind"] == kind and evidence["status"] in {"", "VALID"}
