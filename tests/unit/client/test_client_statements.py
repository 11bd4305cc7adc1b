"""Builders: every statement has one, and what they build the codec and the domain can read."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from ledger.client import statements
from ledger.client.acts import ACTS
from ledger.client.rendering import plain, plain_event
from ledger.client.signing import SigningKey, make_envelope
from ledger.codec.envelopes import from_message
from ledger.codec.statements import decode_statement
from ledger.domain.policy import Instrument, Origin
from ledger.domain.vocabulary import (
    ClawbackCause,
    Clock,
    InvoiceStatus,
    ParticipantKind,
    ProviderStanding,
    RevocationReason,
    Role,
    SupersedingReason,
)
from ledger.errors import MalformedError
from ledger.profiles.loader import list_profiles, load_profile
from ledger.v1 import (
    application_pb2,
    claim_pb2,
    claim_service_pb2,
    clawback_pb2,
    contract_pb2,
    event_pb2,
    genesis_pb2,
    programme_pb2,
    redemption_pb2,
    registry_pb2,
    voucher_pb2,
)

STATEMENT_MODULES = (
    application_pb2,
    claim_pb2,
    clawback_pb2,
    contract_pb2,
    genesis_pb2,
    programme_pb2,
    redemption_pb2,
    registry_pb2,
    voucher_pb2,
)
ID, DIGEST, KEY = b"i" * 16, b"d" * 32, SigningKey.from_seed(b"k" * 32)
BASIS = statements.basis(bureau_id=ID, role=Role.CLERK, reason_code="WHY", evidence_digests=[DIGEST])
SUBJECT = statements.subject(leaf_index=0, leaf_hash=DIGEST)
VALUES: dict[str, Any] = {
    "basis": BASIS,
    "subject": SUBJECT,
    "role": Role.APPROVER,
    "clock": Clock.SIMULATED,
    "kind": ParticipantKind.COMPUTE,
    "reason": RevocationReason.LOST,
    "instrument": Instrument.MODEL,
    "bureaux": [(ID, "SZ")],
    "roots": [(DIGEST, DIGEST)] * 3,
    "root_threshold": 2,
    "parameters": load_profile("hangzhou").programmes["GPU_TRAINING"],
    "items": ["gpu-card-hour"],
    "models": [("nvidia", "H800", Origin.FOREIGN)],
    "devices": [(ID, 0)],
    "prices": {"H800": 1_999, "": 5},
    "excluded": {"storage": 7},
    "origin_amounts": {Origin.FOREIGN: 2, Origin.DOMESTIC: 1},
    "claim_ids": [ID],
    "invoices": {DIGEST: 3},
    "payments": {DIGEST: 4},
    "instalments_bp": [3_000, 7_000],
    "person_tag": DIGEST,
    "payee_tag": DIGEST,
    "lines": [("TOKENS", 1_000, 1_770_000_000_000, 1_770_003_600_000, 5), ("CALLS", 3, 1, 2, 7)],
    "superseded_index": 0,
    "superseding_reason": SupersedingReason.PRICE_CORRECTED,
    "redemption_ids": [ID],
    "standing": ProviderStanding.REMOVED,
    "status": InvoiceStatus.VOID,
    "cause": ClawbackCause.FRAUD,
    "working_days": "10" * 183,
}


def value_for(name: str) -> Any:
    """A value that fits a builder's argument."""
    if name in VALUES:
        return VALUES[name]
    if name.endswith("_id"):
        return DIGEST if name == "key_id" else ID
    if name.endswith(("_fen", "_bp", "_day", "_ms", "year", "_rows")) or name in {
        "batch",
        "version",
        "instalment",
        "attempt",
        "sequence",
    }:
        return 2_026
    if name.endswith(("digest", "fingerprint", "sha256", "commitment", "public_key")):
        return DIGEST
    return True if name in {"named_approval", "upheld"} else "text"


def snake(name: str) -> str:
    """VoucherGrant → voucher_grant."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def test_every_statement_of_the_ledger_is_signed_in_one_act() -> None:
    """A message with a header is a statement; a new one without an act fails here."""
    messages = {
        message
        for module in STATEMENT_MODULES
        for message in module.DESCRIPTOR.message_types_by_name.values()
        if "header" in message.fields_by_name
    }
    assert {act.statement.DESCRIPTOR for act in ACTS} == messages


@pytest.mark.parametrize(
    "act", [act for act in ACTS if act.name != "usage-attestation"], ids=lambda act: act.name
)
def test_every_statement_has_a_builder_whose_bytes_the_codec_reads(act: Any) -> None:
    """Every argument arrives: no field of the message is left empty but the header."""
    builder = getattr(statements, snake(act.statement.DESCRIPTOR.name))
    arguments = {name: value_for(name) for name in inspect.signature(builder).parameters}
    message = builder(**arguments)
    assert isinstance(message, act.statement)
    unset = {field.name for field in message.DESCRIPTOR.fields} - {
        field.name for field, _ in message.ListFields()
    }
    assert unset == {"header"}
    envelope = make_envelope(act.name, message, [KEY], ledger_id=ID)
    _, statement = decode_statement(from_message(envelope))
    assert type(statement).__name__ == act.statement.DESCRIPTOR.name


def test_a_service_attestation_sums_its_lines_and_chains() -> None:
    """The first of a chain has no digest before it, and one that replaces nothing names no leaf."""
    message = statements.service_attestation(
        claim_id=ID,
        programme_id=ID,
        provider_id=ID,
        voucher_id=ID,
        contract_digest=DIGEST,
        beneficiary_id=ID,
        lines=VALUES["lines"],
        raw_log_digest=DIGEST,
        raw_log_rows=2,
    )
    assert (message.total_amount_fen, message.sequence, message.previous_digest) == (12, 1, b"")
    assert [(line.unit, line.quantity, line.amount_fen) for line in message.lines] == [
        ("TOKENS", 1_000, 5),
        ("CALLS", 3, 7),
    ]
    assert not message.HasField("superseded_index")
    assert message.superseding_reason == 0


def test_every_shipped_profile_becomes_policy_parameters_unchanged() -> None:
    """Field by field of the same name, through the bytes and back to the same value."""
    for name in list_profiles():
        for parameters in load_profile(name).programmes.values():
            message = statements.policy_publication(
                basis=BASIS, programme_id=ID, version=1, parameters=parameters
            )
            envelope = make_envelope("policy-publication", message, [KEY], ledger_id=ID)
            _, statement = decode_statement(from_message(envelope))
            assert statement.parameters == parameters


def test_plain_values_are_hexadecimal_text_and_names() -> None:
    """64-bit numbers are text, counts numbers, absent values None when all are shown."""
    claim = claim_service_pb2.Claim(
        claim_id=ID, amount_fen=2**60, state=claim_service_pb2.CLAIM_STATE_REFUSED
    )
    shown = plain(claim, complete=True)
    assert shown["claim_id"] == ID.hex()
    assert shown["amount_fen"] == str(2**60)
    assert (shown["state"], shown["index"], shown["disputed"]) == ("REFUSED", None, False)
    assert plain(claim)["state"] == "CLAIM_STATE_REFUSED"
    assert set(plain(claim)) == {"claim_id", "amount_fen", "state"}


def test_an_event_is_shown_with_its_type() -> None:
    """And bytes that are no event are refused."""
    event = event_pb2.Event(index=0)
    event.claim_accepted.SetInParent()
    assert plain_event(event.SerializeToString())["event_type"] == "claim_accepted"
    with pytest.raises(MalformedError):
        plain_event(b"\xff")
