"""Fetch what an attestation has to say about a voucher: parties, contract, prices, devices, limits.

Reads only. This module must not sign, and it decides nothing that the ledger does not decide again.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ledger.client.attestations import ChainHead
from ledger.client.lines import VoucherTerms
from ledger.domain.attestation import PricedModel
from ledger.domain.days import end_ms, start_ms
from ledger.domain.policy import Origin
from ledger.domain.vocabulary import Purpose
from ledger.errors import UsageError, VerificationError
from ledger.v1 import event_pb2, programme_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.client.api import LedgerClient
    from ledger.v1 import application_service_pb2, registry_service_pb2, voucher_service_pb2


def fetch_terms(
    client: LedgerClient,
    *,
    voucher_id: bytes,
    prices: Mapping[str, int] | None = None,
    purpose: Purpose = Purpose.TRAINING,
) -> VoucherTerms:
    """The terms of a voucher as the ledger has them now.

    Prices are the contract's; `prices` (model → fen per card-hour) counts only where the contract has
    none. Models without a price are left out. Raises UsageError for a contract that is not listed.
    """
    voucher = client.get_voucher(voucher_id)
    contract = _contract(client, voucher.contract_id)
    devices = list(client.list_devices(voucher.provider_id))
    agreed = {price.model: price.unit_price_fen for price in contract.registration.prices}
    return VoucherTerms(
        voucher_id=voucher.voucher_id,
        programme_id=voucher.programme_id,
        provider_id=voucher.provider_id,
        beneficiary_id=voucher.beneficiary_id,
        contract_digest=voucher.contract_digest,
        models=_priced_models(devices, agreed or dict(prices or {})),
        devices={device.device_id: device.model.model for device in devices},
        purpose=purpose,
        from_ms=start_ms(_first_day(client, voucher, contract.registration.from_day)),
        until_ms=min(start_ms(voucher.valid_until_day), end_ms(contract.registration.to_day)),
    )


def fetch_head(client: LedgerClient, *, voucher_id: bytes, provider_id: bytes) -> ChainHead:
    """The newest attestation of a voucher that the ledger has accepted.

    What was refused, or signed and never sent, is not in it: an outbox knows better. Raises
    VerificationError if the event of that claim holds no attestation.
    """
    newest = max(
        (claim for claim in client.list_claims(voucher_id) if claim.provider_id == provider_id),
        key=lambda claim: claim.sequence,
        default=None,
    )
    if newest is None or newest.sequence == 0:
        return ChainHead()
    event = event_pb2.Event.FromString(client.get_receipt(newest.index).event)
    if not event.envelopes:
        raise VerificationError(f"leaf {newest.index}: holds no attestation")
    return ChainHead(newest.sequence, hashlib.sha256(event.envelopes[0].payload).digest())


def _first_day(client: LedgerClient, voucher: voucher_service_pb2.Voucher, contract_from_day: int) -> int:
    """The first day of usage that the voucher takes; under EX_POST its own validity has no start."""
    if contract_from_day >= voucher.valid_from_day:
        return contract_from_day
    event = event_pb2.Event.FromString(client.get_receipt(voucher.policy_index).event)
    policy = programme_pb2.PolicyPublication.FromString(event.envelopes[0].payload)
    ex_post = policy.parameters.mode == programme_pb2.MODE_EX_POST
    return contract_from_day if ex_post else voucher.valid_from_day


def _contract(client: LedgerClient, contract_id: bytes) -> application_service_pb2.Contract:
    for contract in client.list_contracts():
        if contract.registration.contract_id == contract_id:
            return contract
    raise UsageError(f"contract {contract_id.hex()} is not in the list", hint="check the voucher")


def _priced_models(
    devices: list[registry_service_pb2.Device], prices: Mapping[str, int]
) -> dict[str, PricedModel]:
    """Each registered model with its price: its own, or the one that the contract has for every model."""
    found: dict[str, PricedModel] = {}
    for device in devices:
        price = prices.get(device.model.model, prices.get(""))
        if price is not None:
            found[device.model.model] = PricedModel(
                vendor=device.model.vendor,
                model=device.model.model,
                origin=Origin(device.model.origin),
                unit_price_fen=price,
            )
    return found
