"""`claim_terms`: a claim against the terms of its contract or voucher, or with devices of somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.v1 import event_pb2, programme_pb2
from ledger_audit.claim_frame import SYSTEM_SLACK_MS, intervals_of
from ledger_audit.fraud.leaves import Leaf, NotShown
from ledger_audit.fraud.proof_type import Lead, ProofType, Roles, Search
from ledger_audit.fraud.terms import CONTRACT, POLICY, VOUCHER, policy_of
from ledger_audit.fraud.verdict import Shown
from ledger_audit.money import day_start_ms

if TYPE_CHECKING:
    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.reader import Reader

YEAR = event_pb2.LINK_KIND_BENEFICIARY_YEAR
_ID_SIZE = 16
_CLAIMS = frozenset({"claim_accepted", "service_claim_accepted"})
_VOUCHERS = frozenset({"voucher_issued", "voucher_allotted"})
_PARTIES = "A claim is by the provider, for the beneficiary and on the contract of its voucher (I7)."
_TIMES = "Usage lies in the contract's days, the voucher's validity and recorded time (I19)."
_PRICES = "A claim's unit prices are those of the contract (I19)."
_DEVICES = "Claimed devices are registered for the provider, as the model that is claimed (I19)."


def judge(case: Case) -> Shown:
    """The accused claim alone, and against `contract`, `voucher` (and `policy`), or a leaf of `devices`."""
    leaf = case.accused
    if leaf.kind not in _CLAIMS:
        raise NotShown(f"{leaf.name} is no accepted claim")
    spans = intervals_of(leaf.said)
    if not spans:
        raise NotShown(f"{leaf.name} has no lines")
    first_ms, last_ms = min(start for start, _ in spans), max(stop for _, stop in spans)
    shown = _late(leaf, last_ms)
    contract, voucher = case.named(leaf, CONTRACT, "contract"), case.named(leaf, VOUCHER, "voucher")
    if shown is None and contract is not None:
        shown = _against_contract(leaf, contract, first_ms, last_ms)
    if shown is None and voucher is not None:
        shown = _against_voucher(leaf, voucher, case.named(voucher, POLICY, "policy"), first_ms, last_ms)
    devices = case.one("devices")
    if shown is None and devices is not None:
        shown = _against_devices(leaf, devices)
    if shown is None:
        raise NotShown(f"{leaf.name} is within the terms that the proof has")
    return shown


def _late(leaf: Leaf, last_ms: int) -> Shown | None:
    recorded_ms = leaf.event.recorded_ms
    if last_ms <= recorded_ms + SYSTEM_SLACK_MS:
        return None
    return Shown(
        _TIMES,
        f"{leaf.name} was recorded at {recorded_ms} ms and claims usage until {last_ms} ms",
        {"recorded_ms": recorded_ms, "until_ms": last_ms},
    )


def _against_contract(leaf: Leaf, contract: Leaf, first_ms: int, last_ms: int) -> Shown | None:
    if contract.kind != "contract_registered":
        raise NotShown(f"{contract.name} is no contract")
    said, terms = leaf.said, contract.said
    for name, mine, its in (
        ("provider", said.provider_id, terms.provider_id),
        ("beneficiary", said.beneficiary_id, terms.beneficiary_id),
        ("contract", said.contract_digest, terms.document_digest),
    ):
        if mine != its:
            text = f"{leaf.name} names the {name} {mine.hex()}, {contract.name} has {its.hex()}"
            return Shown(_PARTIES, text)
    from_ms, until_ms = day_start_ms(terms.from_day), day_start_ms(terms.to_day + 1)
    if first_ms < from_ms or last_ms > until_ms:
        return _outside(leaf, first_ms, last_ms, contract, from_ms, until_ms)
    prices = {price.model: price.unit_price_fen for price in terms.prices}
    for model in _models(leaf) if prices else ():
        agreed = prices.get(model.model, prices.get(""))
        if agreed != model.unit_price_fen:
            wanted = "no price" if agreed is None else f"{agreed} fen"
            return Shown(
                _PRICES,
                f"{leaf.name} counts {model.unit_price_fen} fen an hour of {model.model!r}; {contract.name}"
                f" has {wanted}",
                {"claimed_fen": model.unit_price_fen, "agreed_fen": agreed or 0},
            )
    return None


def _models(leaf: Leaf) -> list[Any]:
    """The models of the devices that a usage claim names."""
    if leaf.kind != "claim_accepted":
        return []
    models = leaf.said.models
    return [models[place] for place in sorted(set(leaf.said.device_models)) if place < len(models)]


def _against_voucher(
    leaf: Leaf, voucher: Leaf, policy: Leaf | None, first_ms: int, last_ms: int
) -> Shown | None:
    if voucher.kind not in _VOUCHERS:
        raise NotShown(f"{voucher.name} is no voucher")
    said, year = leaf.said, voucher.link(YEAR)
    if year is not None and said.programme_id + said.beneficiary_id != year.entity:
        return Shown(
            _PARTIES,
            f"{leaf.name} is for {said.beneficiary_id.hex()} in the programme {said.programme_id.hex()};"
            f" {voucher.name} for {year.entity[_ID_SIZE:].hex()} in {year.entity[:_ID_SIZE].hex()}",
        )
    from_ms = day_start_ms(voucher.payload.valid_from_day)
    until_ms = day_start_ms(voucher.payload.valid_until_day)
    ex_post = policy is None or policy_of(policy).parameters.mode == programme_pb2.MODE_EX_POST
    if last_ms > until_ms or (first_ms < from_ms and not ex_post):
        return _outside(leaf, first_ms, last_ms, voucher, from_ms, until_ms)
    return None


def _outside(leaf: Leaf, first_ms: int, last_ms: int, by: Leaf, from_ms: int, until_ms: int) -> Shown:
    return Shown(
        _TIMES,
        f"{leaf.name} claims usage in [{first_ms}, {last_ms}) ms, {by.name} is good for"
        f" [{from_ms}, {until_ms}) ms",
        {"first_ms": first_ms, "last_ms": last_ms, "from_ms": from_ms, "until_ms": until_ms},
    )


def _against_devices(leaf: Leaf, devices: Leaf) -> Shown | None:
    """A device that the leaf registers is claimed by another provider or as another model."""
    if devices.kind != "devices_registered" or leaf.kind != "claim_accepted":
        raise NotShown(f"{devices.name} registers no devices, or {leaf.name} claims none")
    said, known = leaf.said, devices.said
    registered = dict(zip(known.device_ids, known.device_models, strict=False))
    for device, place in zip(said.device_ids, said.device_models, strict=False):
        model = registered.get(device)
        if model is None or place >= len(said.models) or model >= len(known.models):
            continue
        if known.provider_id != said.provider_id:
            return Shown(
                _DEVICES,
                f"{leaf.name} claims the device {device.hex()} for {said.provider_id.hex()}; {devices.name}"
                f" registers it for {known.provider_id.hex()}",
            )
        mine, its = said.models[place], known.models[model]
        if (mine.vendor, mine.model, mine.origin) != (its.vendor, its.model, its.origin):
            return Shown(
                _DEVICES,
                f"{leaf.name} claims the device {device.hex()} as {mine.vendor!r} {mine.model!r}, origin"
                f" {mine.origin}; {devices.name} registers {its.vendor!r} {its.model!r}, origin {its.origin}",
            )
    return None


def search(reader: Reader, lead: Lead) -> Search:
    """Alone, with contract, with voucher and policy, and with the leaves that register its devices."""
    leaf = reader.leaf(lead.index)
    if leaf.kind not in _CLAIMS:
        return []
    found: list[Roles] = [{}]
    contract, voucher = leaf.premise(CONTRACT), reader.leaf_if(leaf.premise(VOUCHER))
    if contract is not None and reader.leaf_if(contract) is not None:
        found.append({"contract": [contract]})
    if voucher is not None:
        found.append({"voucher": [voucher.index]})
        policy = voucher.premise(POLICY)
        if policy is not None and reader.leaf_if(policy) is not None:
            found.append({"voucher": [voucher.index], "policy": [policy]})
    for device in getattr(leaf.said, "device_ids", ()):
        for at in (yield device):
            one = reader.leaf_if(at)
            if one is not None and one.kind == "devices_registered":
                found.append({"devices": [at]})
                break
    return found


TYPE = ProofType(
    "claim_terms",
    "a claim against the terms of its contract or voucher, or with devices of somebody else",
    frozenset({"contract", "voucher", "policy", "devices"}),
    judge,
    search,
)
