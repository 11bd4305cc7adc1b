"""A development ledger behind a real server, brought to the point where a provider may claim.

Everybody signs with the key and calls with the certificate that `voucherd init --dev` made.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ledger.app.bootstrap import Opened
from ledger.client.api import LedgerClient
from ledger.client.identity import Identity, load_identity
from ledger.client.signing import SigningKey, make_envelope, new_id
from ledger.client.statements import application, contract, programme, registry, shared, voucher
from ledger.domain.days import day_of_ms
from ledger.domain.policy import Instrument, Origin
from ledger.domain.vocabulary import ParticipantKind
from ledger.v1 import claim_pb2, quantities_pb2
from ledger_play.actors import Actor, Cast
from ledger_play.ceremony import OFFICERS, DevelopmentLedger
from ledger_server.dev_authority import DevelopmentAuthority
from ledger_server.directory import LedgerDirectory
from support.house import DAY_MS, HOUR_MS, ITEM, MODEL, PRICE_FEN, digest, policy

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.client.types import Receipt
    from ledger.v1.envelope_pb2 import Envelope

AHEAD_DAYS = 300
DEVICES = 4


@dataclass(frozen=True)
class Claimant:
    """A provider with a voucher on which it may claim, and what its attestations say."""

    identity: Identity
    key: SigningKey
    fields: dict[str, Any]
    first_ms: int
    devices: list[bytes]

    def client(self, address: str) -> LedgerClient:
        """The provider's client of a server at an address."""
        return LedgerClient(replace(self.identity, server=address))

    def claims(self, count: int) -> list[Envelope]:
        """A chain of signed claims of ten minutes each, in the order of their sequence numbers."""
        made: list[Envelope] = []
        previous = b""
        for number in range(count):
            start_ms = self.first_ms + number // DEVICES * HOUR_MS
            statement = self._attestation(number, start_ms, start_ms + HOUR_MS // 6, previous)
            envelope = make_envelope(
                "usage-attestation", statement, [self.key], ledger_id=self.identity.ledger_id
            )
            previous = hashlib.sha256(envelope.payload).digest()
            made.append(envelope)
        return made

    def _attestation(
        self, number: int, start_ms: int, end_ms: int, previous: bytes
    ) -> claim_pb2.UsageAttestation:
        vendor, model, number_of_origin = MODEL
        origin = quantities_pb2.Origin.ValueType(number_of_origin)
        used_ms = end_ms - start_ms
        amount_fen = used_ms * PRICE_FEN // HOUR_MS
        return claim_pb2.UsageAttestation(
            **self.fields,
            claim_id=new_id(),
            purpose=claim_pb2.PURPOSE_TRAINING,
            models=[
                claim_pb2.PricedModel(vendor=vendor, model=model, origin=origin, unit_price_fen=PRICE_FEN)
            ],
            device_ids=[self.devices[number % DEVICES]],
            device_models=[0],
            base_ms=start_ms,
            lines=claim_pb2.UsageLines(
                device=[0],
                start_offset_ms=[0],
                duration_ms=[used_ms],
                allocated_ms=[used_ms],
                amount_fen=[amount_fen],
            ),
            total_allocated_ms=used_ms,
            total_amount_fen=amount_fen,
            raw_log_digest=digest("log"),
            raw_log_rows=1,
            sequence=number + 1,
            previous_digest=previous,
        )


def cast_of(root: Path, address: str, opened: dict[str, Any]) -> Cast:
    """The officers of a folder that `voucherd init --dev --json` made, as callers of a server."""
    directory = LedgerDirectory(root)
    clerk = load_identity(directory.identities / "clerk.toml")
    made = DevelopmentLedger(
        directory=directory,
        opened=Opened(
            ledger_id=clerk.ledger_id,
            origin=opened["origin"],
            log_vkey=opened["log_key"],
            genesis_leaf_hash=bytes.fromhex(opened["genesis_leaf_hash"]),
            size=int(opened["events"]),
        ),
        bureau_id=clerk.bureau_id,
        authority=DevelopmentAuthority.load(directory.tls),
        server=address,
    )
    return cast_for(made)


def cast_for(made: DevelopmentLedger) -> Cast:
    """The officers of a development ledger, as callers of the server that it names."""
    cast = Cast(made)
    for name, _ in OFFICERS:
        identity = replace(load_identity(made.directory.identities / f"{name}.toml"), server=made.server)
        key = SigningKey.load(identity.signing_key)
        cast.members[name] = Actor(name, identity, key, LedgerClient(identity))
    return cast


def grant_voucher(cast: Cast) -> Claimant:
    """Register a provider and a firm, grant a voucher, and move the clock past a time of usage."""
    clerk, approver = cast["clerk"], cast["approver-1"]
    now_ms = clerk.client.get_ledger().ledger_time_ms
    today = day_of_ms(now_ms)
    provider = cast.join("cloud", kind=ParticipantKind.COMPUTE, registered_day=today - 2000)
    firm = cast.join("acme", kind=ParticipantKind.ENTERPRISE, registered_day=today - 2000)
    admission = registry.provider_admission(
        basis=clerk.basis("ADMISSION"), provider_id=provider.participant_id, items=[ITEM], from_day=today - 5
    )
    clerk.act("provider-admission", admission, approver.key)
    devices = [digest(f"device {number}")[:16] for number in range(DEVICES)]
    vendor, model, origin = MODEL
    registration = registry.device_registration(
        provider_id=provider.participant_id,
        models=[(vendor, model, Origin(origin))],
        devices=[(device, 0) for device in devices],
    )
    provider.act("device-registration", registration, clerk.key)
    programme_id, contract_id, application_id, voucher_id = new_id(), new_id(), new_id(), new_id()
    parameters = policy()
    opening = programme.programme_opening(
        basis=clerk.basis("OPENING"),
        programme_id=programme_id,
        instrument=Instrument.GPU_TRAINING,
        fiscal_year=2026,
        appropriation_fen=parameters.appropriation_fen,
    )
    clerk.act("programme-opening", opening, approver.key)
    publication = programme.policy_publication(
        basis=clerk.basis("POLICY"), programme_id=programme_id, version=1, parameters=parameters
    )
    clerk.act("policy-publication", publication, approver.key)
    agreement = contract.contract_registration(
        contract_id=contract_id,
        beneficiary_id=firm.participant_id,
        provider_id=provider.participant_id,
        fingerprint=digest("number"),
        document_digest=digest("document"),
        item=ITEM,
        signed_day=today - 1,
        from_day=today,
        to_day=today + AHEAD_DAYS,
        amount_fen=100_000_000,
        prices={"": PRICE_FEN},
    )
    firm.act("contract-registration", agreement, provider.key)
    submission = application.application_submission(
        application_id=application_id, programme_id=programme_id, contract_id=contract_id
    )
    applied = firm.act("application-submission", submission)
    noticed = handle(cast, application_id, applied)
    grant = voucher.voucher_grant(
        basis=approver.basis("GRANT"),
        voucher_id=voucher_id,
        application_id=application_id,
        subject=shared.subject(leaf_index=noticed.index, leaf_hash=noticed.leaf_hash),
    )
    approver.act("voucher-grant", grant)
    cast["operator"].client.set_clock(now_ms + AHEAD_DAYS * DAY_MS)
    # A restarted server knows the time of its last record and no other setting.
    cast.join("late", kind=ParticipantKind.ENTERPRISE, registered_day=today - 2000)
    fields = {
        "programme_id": programme_id,
        "provider_id": provider.participant_id,
        "voucher_id": voucher_id,
        "contract_digest": digest("document"),
        "beneficiary_id": firm.participant_id,
    }
    return Claimant(provider.identity, provider.key, fields, now_ms + DAY_MS, devices)


def handle(cast: Cast, application_id: bytes, applied: Receipt) -> Receipt:
    """Check, review and publicise an application; the receipt of the last step."""
    newest = applied
    for act, officer, build in (
        ("application-check", cast["clerk"], application.application_check),
        ("application-review", cast["reviewer"], application.application_review),
        ("application-publication", cast["clerk"], application.application_publication),
    ):
        subject = shared.subject(leaf_index=newest.index, leaf_hash=newest.leaf_hash)
        statement = build(basis=officer.basis("CASE"), application_id=application_id, subject=subject)
        newest = officer.act(act, statement)
    return newest
