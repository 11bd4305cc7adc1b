"""The claim step: an attestation of devices or of an amount, signed by the provider's key."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

from ledger.client.attestations import ChainHead, RawLog, build_attestation
from ledger.client.lines import AttestedLine, VoucherTerms
from ledger.client.signing import SigningKey, make_envelope, new_id, prepare_envelope
from ledger.client.statements import claim as claims
from ledger.domain.attestation import PricedModel

if TYPE_CHECKING:
    from ledger.client.acts import Statement
    from ledger.client.types import Envelope
    from ledger_play.scenario import money_steps as steps
    from ledger_play.scenario.turn import Turn
    from ledger_play.scenario.world import Selling, Voucher

MS_PER_SECOND = 1_000
USAGE, SERVICE = "usage-attestation", "service-attestation"
UNIT = "UNITS"
_UNSAID: tuple[Literal["node", "cluster", "job"], ...] = ("node", "cluster", "job")


def claim(turn: Turn, step: steps.Claim) -> None:
    """Sign an attestation and submit it; its ledger id is new, whatever the label."""
    world = turn.world
    voucher = world.vouchers[step.voucher]
    provider = voucher.contract.provider
    key = _key(provider.selling, step.key)
    claim_id = new_id()
    with voucher.lock:
        act = USAGE if step.devices is not None else SERVICE
        make = _usage if step.devices is not None else _service
        statement = make(turn, step, voucher, claim_id)
        envelope = _sign(act, statement, key, ledger_id=provider.actor.identity.ledger_id, forged=step.forged)
        digest = hashlib.sha256(envelope.payload).digest()
        voucher.head = ChainHead(voucher.head.sequence + 1, digest)
    turn.send(envelope, provider.actor)
    world.claims[step.id] = claim_id


def _key(selling: Selling | None, label: str | None) -> SigningKey:
    """The key of that label, or the newest; one that nobody registered for a label that no key has."""
    keys = selling.keys if selling is not None else {}
    name = label if label is not None else next(reversed(keys), "")
    return keys.get(name) or SigningKey.generate()


def _sign(act: str, statement: Statement, key: SigningKey, *, ledger_id: bytes, forged: bool) -> Envelope:
    if not forged:
        return make_envelope(act, statement, [key], ledger_id=ledger_id)
    envelope = prepare_envelope(act, statement, ledger_id=ledger_id, key_ids=[key.key_id])
    other = SigningKey.generate().sign(payload_type=envelope.payload_type, payload=envelope.payload)
    envelope.signatures[0].CopyFrom(other)
    return envelope


def _usage(turn: Turn, step: steps.Claim, voucher: Voucher, claim_id: bytes) -> Statement:
    contract, selling = voucher.contract, voucher.contract.provider.selling
    price_fen = contract.unit_price_fen if step.unit_price is None else step.unit_price
    if price_fen is None:
        raise turn.malformed(
            "unit_price", "the contract has none, nor has the claim", allowed="a price per card-hour in yuan"
        )
    if step.devices is None or selling is None:
        raise AssertionError("unreachable: a usage claim has devices, a voucher's provider was admitted")
    name = step.model or selling.model
    model = PricedModel(vendor=selling.vendor, model=name, origin=selling.origin, unit_price_fen=price_fen)
    terms = VoucherTerms(
        voucher_id=voucher.voucher_id,
        programme_id=turn.world.programmes[voucher.application.programme],
        provider_id=contract.provider.actor.participant_id,
        beneficiary_id=contract.beneficiary.actor.participant_id,
        contract_digest=contract.digest,
        models={name: model},
    )
    statement = build_attestation(
        _lines(step, step.devices, name),
        terms=terms,
        raw_log=RawLog(digest=turn.world.digest_of("usage log", step.id), row_count=1),
        head=voucher.head,
        claim_id=claim_id,
    )
    # A scenario says nothing of nodes, clusters and jobs; columns without a word would only take room.
    for column in _UNSAID:
        statement.lines.ClearField(column)
    statement.ClearField("strings")
    return statement


def _lines(step: steps.Claim, devices: tuple[int, int], model: str) -> list[AttestedLine]:
    first, last = devices
    count = last - first + 1
    whole, more = divmod(step.device_seconds or 0, count)
    return [
        AttestedLine(
            device=str(first + place),
            model=model,
            cluster="",
            node="",
            job="",
            start_ms=step.from_,
            end_ms=step.to,
            allocated_ms=step.to - step.from_
            if step.device_seconds is None
            else (whole + (place < more)) * MS_PER_SECOND,
        )
        for place in range(count)
    ]


def _service(turn: Turn, step: steps.Claim, voucher: Voucher, claim_id: bytes) -> Statement:
    contract = voucher.contract
    return claims.service_attestation(
        claim_id=claim_id,
        programme_id=turn.world.programmes[voucher.application.programme],
        provider_id=contract.provider.actor.participant_id,
        voucher_id=voucher.voucher_id,
        contract_digest=contract.digest,
        beneficiary_id=contract.beneficiary.actor.participant_id,
        lines=[(UNIT, 1, step.from_, step.to, step.amount or 0)],
        raw_log_digest=turn.world.digest_of("service log", step.id),
        raw_log_rows=1,
        sequence=voucher.head.sequence + 1,
        previous_digest=voucher.head.digest,
    )
