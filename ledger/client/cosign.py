"""Envelopes as files, so that several people sign one statement on machines that share nothing.

prepare → each signer adds a signature → submit. A file that ends in `.json` is JSON that people can read;
any other is the binary envelope. This module must not sign or send.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from ledger.client.acts import act_of
from ledger.client.rendering import plain
from ledger.client.signing import missing_key_ids, statement_of
from ledger.errors import LedgerError, UsageError
from ledger.proof.strict import decode_base64, encode_base64
from ledger.v1 import envelope_pb2

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = "voucher-ledger/envelope/1"
MAX_FILE_SIZE = 1_048_576


def write_envelope(path: Path, envelope: envelope_pb2.Envelope) -> None:
    """Write an envelope, complete or not, over what is there, in one rename. Raises UsageError."""
    data = _to_json(envelope) if path.suffix == ".json" else envelope.SerializeToString(deterministic=True)
    write_atomically(path, data)


def read_envelope(path: Path) -> envelope_pb2.Envelope:
    """Read an envelope that `write_envelope` wrote. Raises UsageError naming the file.

    The payload is what is signed; the readable copy of it in a JSON file has to be equal to it.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", hint="check the path") from error
    if len(data) > MAX_FILE_SIZE:
        raise UsageError(f"{path}: {len(data)} bytes", hint=f"allowed: {MAX_FILE_SIZE} bytes")
    try:
        envelope = _from_json(data) if path.suffix == ".json" else _from_binary(data)
        statement_of(envelope)
    except (LedgerError, DecodeError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: not an envelope: {error}", hint="use the file as it was made") from error
    return envelope


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file durably and in one rename: a reader sees the old or the new one. Raises UsageError."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error


def readable(envelope: envelope_pb2.Envelope) -> dict[str, Any]:
    """The statement for people: field names of the messages, bytes in hexadecimal, int64 as text."""
    return plain(statement_of(envelope))


def _to_json(envelope: envelope_pb2.Envelope) -> bytes:
    value = {
        "schema": SCHEMA,
        "act": act_of(envelope.payload_type).name,
        "statement": readable(envelope),
        "missing_key_ids": [key.hex() for key in missing_key_ids(envelope)],
        "payload_type": envelope.payload_type,
        "payload": encode_base64(envelope.payload),
        "signatures": [
            {"algorithm": place.algorithm, "signature": encode_base64(place.signature)}
            for place in envelope.signatures
        ],
    }
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _from_json(data: bytes) -> envelope_pb2.Envelope:
    value = json.loads(data)
    if value["schema"] != SCHEMA:
        raise UsageError(f"schema {value['schema']!a}", hint=f"allowed: {SCHEMA}")
    envelope = envelope_pb2.Envelope(
        payload_type=value["payload_type"],
        payload=decode_base64(value["payload"], what="the payload"),
        signatures=[
            envelope_pb2.Signature(
                algorithm=place["algorithm"],
                signature=decode_base64(place["signature"], what="a signature"),
            )
            for place in value["signatures"]
        ],
    )
    if value["statement"] != readable(envelope):
        raise UsageError("the readable statement is not the payload that is signed")
    return envelope


def _from_binary(data: bytes) -> envelope_pb2.Envelope:
    return envelope_pb2.Envelope.FromString(data)
