"""The ledger's answers to claims, as small files beside the signed envelopes.

An answer is written once it is final, each file in one rename; an answer that is there is never asked for
again. An acceptance with its proof has `NNNN.tlog-proof` and `NNNN.event` beside it, as auditors take them.
This module must not send.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.client.cosign import write_atomically
from ledger.client.errors import is_transient, reason_name
from ledger.errors import UsageError
from ledger.proof.strict import decode_utf8, encode_base64

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.v1 import claim_service_pb2, receipt_pb2

RESULT_SCHEMA = "voucher-ledger/claim-result/1"
ACCEPTED = "ACCEPTED"
REFUSED = "REFUSED"
PENDING = "PENDING"

_ANSWER = ".receipt.json"
_HINT = "remove it and submit again: nothing has an effect twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One signed attestation of a folder; ids and digests in hexadecimal."""

    file: str
    voucher_id: str
    claim_id: str
    sequence: int
    lines: int
    amount_fen: int
    payload_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the ledger answered: ACCEPTED with a leaf, REFUSED with a reason, or PENDING (no answer yet).

    `proven` tells whether the receipt's proof lies in the file, too.
    """

    entry: Entry
    state: str
    index: int | None = None
    leaf_hash: str = ""
    reason: str = ""
    message: str = ""
    conflicting_index: int | None = None
    recorded_index: int | None = None
    proven: bool = False


def record_answer(folder: Path, entry: Entry, answer: claim_service_pb2.ClaimResult) -> bool:
    """Write an answer down; False, and nothing written, for one that puts the claim off."""
    if not answer.HasField("refusal"):
        record_receipt(folder, entry, answer.receipt)
        return True
    refusal = answer.refusal
    reason = reason_name(refusal.reason)
    if is_transient(reason):
        return False
    value = {
        "state": REFUSED,
        "reason": reason,
        "message": refusal.message,
        "conflicting_index": str(refusal.conflicting_index) if refusal.HasField("conflicting_index") else "",
        "recorded_index": str(refusal.recorded_index) if refusal.HasField("recorded_index") else "",
    }
    _write(folder, entry, value)
    return True


def record_receipt(folder: Path, entry: Entry, receipt: receipt_pb2.Receipt) -> None:
    """Write an acceptance down, with the event and its proof where the receipt carries them.

    The answer comes last: an answer with a proof has its `.tlog-proof` and `.event` beside it.
    """
    value = {"state": ACCEPTED, "index": str(receipt.index), "leaf_hash": receipt.leaf_hash.hex()}
    if receipt.tlog_proof:
        value["event"] = encode_base64(receipt.event)
        value["tlog_proof"] = decode_utf8(receipt.tlog_proof, what="a proof")
        write_atomically(_path(folder, entry, ".event"), receipt.event)
        write_atomically(_path(folder, entry, ".tlog-proof"), receipt.tlog_proof)
    _write(folder, entry, value)


def read_result(folder: Path, entry: Entry) -> Result:
    """The answer to an entry, PENDING if there is none; UsageError for a file that is not its answer."""
    path = _path(folder, entry, _ANSWER)
    try:
        value = json.loads(path.read_bytes())
        if value["schema"] != RESULT_SCHEMA or value["claim_id"] != entry.claim_id:
            raise UsageError(f"{path}: is not the answer to {entry.file}", hint=_HINT)
        return Result(
            entry=entry,
            state=value["state"],
            index=_number(value.get("index")),
            leaf_hash=value.get("leaf_hash", ""),
            reason=value.get("reason", ""),
            message=value.get("message", ""),
            conflicting_index=_number(value.get("conflicting_index")),
            recorded_index=_number(value.get("recorded_index")),
            proven="tlog_proof" in value,
        )
    except FileNotFoundError:
        return Result(entry=entry, state=PENDING)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: malformed: {error}", hint=_HINT) from error


def _path(folder: Path, entry: Entry, suffix: str) -> Path:
    return folder / f"{entry.file.removesuffix('.envelope')}{suffix}"


def _write(folder: Path, entry: Entry, value: dict[str, str]) -> None:
    known = {key: item for key, item in value.items() if item}
    whole = {"schema": RESULT_SCHEMA, "claim_id": entry.claim_id, **known}
    data = json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
    write_atomically(_path(folder, entry, _ANSWER), data.encode())


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
