"""Signed payloads to statements: strict bytes in, typed values out.

This module must not verify signatures; it parses what the caller will check.
"""

from __future__ import annotations

from typing import Any

from ledger.codec import byte_profile
from ledger.codec.envelopes import MAX_PAYLOAD_SIZE, SignedEnvelope
from ledger.codec.registry import Entry, by_payload_type
from ledger.domain.checks import check_header, expect
from ledger.errors import MalformedError


def decode_statement(envelope: SignedEnvelope, *, act: str | None = None) -> tuple[Entry, Any]:
    """The act and the statement of an envelope; MalformedError for anything outside the profile.

    `act` names the act that the caller expects. A signature count that differs from the key ids is
    refused here, because it needs no ledger.
    """
    if len(envelope.payload) > MAX_PAYLOAD_SIZE:
        raise MalformedError(f"payload: at most {MAX_PAYLOAD_SIZE:,} bytes")
    entry = by_payload_type().get(envelope.payload_type)
    if entry is None or (act is not None and entry.act.name != act):
        raise MalformedError("payload_type: not the one of this act")
    if entry.statement_message is None or entry.decode_statement is None:
        raise MalformedError("payload_type: not a signed act")
    statement = entry.decode_statement(byte_profile.parse(entry.statement_message, envelope.payload))
    check_header(statement.header)
    expect(len(envelope.signatures) == len(statement.header.key_ids), "signatures: one for each key id")
    return entry, statement
