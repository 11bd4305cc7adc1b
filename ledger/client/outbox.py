"""A folder of signed attestations: what was signed, what was sent, what the ledger answered.

`manifest.json` names every envelope; an answer is a file beside its envelope. Sending can be stopped and
begun again at any time: request ids are in the signed files, so nothing has an effect twice. This module
must not read usage or sign.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ledger.client.api import MAX_BATCH_COUNT, MAX_BATCH_SIZE, AckLevel, LedgerClient
from ledger.client.attestations import ChainHead
from ledger.client.cosign import read_envelope, write_atomically, write_envelope
from ledger.client.errors import RpcRefused, Unavailable, is_transient, reason_name
from ledger.client.receipts import verify_receipt
from ledger.errors import UsageError
from ledger.proof.strict import encode_base64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from ledger.client.attestations import SignedAttestation
    from ledger.v1 import claim_service_pb2, envelope_pb2, receipt_pb2

MANIFEST_SCHEMA = "voucher-ledger/outbox/1"
RESULT_SCHEMA = "voucher-ledger/claim-result/1"
ACCEPTED = "ACCEPTED"
REFUSED = "REFUSED"
PENDING = "PENDING"

_MANIFEST = "manifest.json"
_FRAME_SIZE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFile:
    """A usage file that was attested: its name, SHA-256 and rows."""

    name: str
    sha256: str
    rows: int
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One signed attestation of the folder; ids and digests in hexadecimal."""

    file: str
    voucher_id: str
    claim_id: str
    sequence: int
    lines: int
    amount_fen: int
    payload_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the ledger answered: ACCEPTED with a leaf, REFUSED with a reason, or PENDING (no answer yet)."""

    entry: Entry
    state: str
    index: int | None = None
    leaf_hash: str = ""
    reason: str = ""
    message: str = ""
    conflicting_index: int | None = None
    recorded_index: int | None = None
    proven: bool = False


class Outbox:
    """The folder `path`; `load` reads one that exists, `create` begins one that does not."""

    def __init__(
        self, path: Path, *, ledger_id: bytes, provider_id: bytes, entries: Sequence[Entry], usage: Sequence[UsageFile]
    ) -> None:
        self.path = path
        self.ledger_id = ledger_id
        self.provider_id = provider_id
        self.entries = tuple(entries)
        self.usage = tuple(usage)

    @classmethod
    def create(cls, path: Path, *, ledger_id: bytes, provider_id: bytes) -> Outbox:
        """An empty outbox for a new folder; nothing is written yet. UsageError if there is one already."""
        if (path / _MANIFEST).exists():
            raise UsageError(f"{path}: is an outbox already", hint="load it")
        return cls(path, ledger_id=ledger_id, provider_id=provider_id, entries=(), usage=())

    @classmethod
    def load(cls, path: Path) -> Outbox:
        """The outbox of a folder. Raises UsageError if there is none or its manifest is malformed."""
        try:
            value = json.loads((path / _MANIFEST).read_bytes())
        except OSError as error:
            raise UsageError(
                f"{path}: no outbox: {error.strerror}", hint="make one with `voucherctl provider attest`"
            ) from error
        except ValueError as error:
            raise UsageError(f"{path / _MANIFEST}: not JSON: {error}") from error
        try:
            if value["schema"] != MANIFEST_SCHEMA:
                raise UsageError(f"{path / _MANIFEST}: another schema", hint=f"allowed: {MANIFEST_SCHEMA}")
            return cls(
                path,
                ledger_id=bytes.fromhex(value["ledger_id"]),
                provider_id=bytes.fromhex(value["provider_id"]),
                entries=[_entry(item) for item in value["entries"]],
                usage=[UsageFile(**item) for item in value["usage"]],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{path / _MANIFEST}: malformed: {error}") from error

    def heads(self) -> dict[bytes, ChainHead]:
        """For each voucher the newest attestation that was signed here."""
        return {
            bytes.fromhex(entry.voucher_id): ChainHead(entry.sequence, bytes.fromhex(entry.payload_sha256))
            for entry in sorted(self.entries, key=lambda entry: entry.sequence)
        }

    def add(self, attestations: Iterable[SignedAttestation], *, usage: UsageFile) -> Outbox:
        """The outbox with more attestations, written: envelopes first, then the manifest in one rename.

        Raises UsageError, before anything is written, for a usage file that was attested here before.
        """
        if any(known.sha256 == usage.sha256 for known in self.usage):
            raise UsageError(f"{usage.name}: was attested in {self.path} before", hint="send what is there")
        entries = list(self.entries)
        for number, attestation in enumerate(attestations, start=len(entries) + 1):
            name = f"{number:04d}.envelope"
            write_envelope(self.path / name, attestation.envelope)
            entries.append(_entry_of(name, attestation))
        grown = Outbox(
            self.path,
            ledger_id=self.ledger_id,
            provider_id=self.provider_id,
            entries=entries,
            usage=[*self.usage, usage],
        )
        grown._write_manifest()
        return grown

    def results(self) -> list[Result]:
        """The answers so far, one for each entry in order; UsageError for a malformed answer file."""
        return [self._result(entry) for entry in self.entries]

    def submit(
        self,
        client: LedgerClient,
        *,
        with_proofs: bool = True,
        progress: Callable[[int], None] = lambda _count: None,
    ) -> list[Result]:
        """Send what has no answer, in batches; record each answer as it comes; give all results.

        `with_proofs` then fetches the receipt with its proof of every accepted claim (verified where the
        client pins a log key). `progress` is told how many more answers there are. Raises Unavailable when
        the server does not answer or puts claims off; what was answered is kept, so call it again.
        """
        put_off = 0
        waiting = [result.entry for result in self.results() if result.state == PENDING]
        for batch in self._batches(waiting):
            answers = client.submit_claims([envelope for _, envelope in batch])
            if len(answers) != len(batch):
                raise Unavailable("INTERNAL", "the server answered another number of claims than were sent")
            for (entry, _), answer in zip(batch, answers, strict=True):
                put_off += not self._record(entry, answer)
            progress(len(batch))
        if with_proofs:
            self._fetch_proofs(client)
        if put_off:
            raise Unavailable("OVERLOADED", f"{put_off} claims were put off by the server")
        return self.results()

    def _batches(self, entries: Sequence[Entry]) -> Iterator[list[tuple[Entry, envelope_pb2.Envelope]]]:
        batch: list[tuple[Entry, envelope_pb2.Envelope]] = []
        size = _FRAME_SIZE
        for entry in entries:
            envelope = self.envelope(entry)
            more = envelope.ByteSize() + _FRAME_SIZE
            if batch and (len(batch) == MAX_BATCH_COUNT or size + more > MAX_BATCH_SIZE):
                yield batch
                batch, size = [], _FRAME_SIZE
            batch.append((entry, envelope))
            size += more
        if batch:
            yield batch

    def envelope(self, entry: Entry) -> envelope_pb2.Envelope:
        """The signed envelope of an entry; UsageError if the file is not the one that was signed."""
        envelope = read_envelope(self.path / entry.file)
        if hashlib.sha256(envelope.payload).hexdigest() != entry.payload_sha256:
            raise UsageError(f"{self.path / entry.file}: is not what the manifest names", hint="restore the file")
        return envelope

    def _record(self, entry: Entry, answer: claim_service_pb2.ClaimResult) -> bool:
        """Write a final answer down; False for one that is to be asked again."""
        if answer.HasField("refusal"):
            refusal = answer.refusal
            reason = reason_name(refusal.reason)
            if is_transient(reason):
                return False
            self._write_result(
                Result(
                    entry=entry,
                    state=REFUSED,
                    reason=reason,
                    message=refusal.message,
                    conflicting_index=refusal.conflicting_index if refusal.HasField("conflicting_index") else None,
                    recorded_index=refusal.recorded_index if refusal.HasField("recorded_index") else None,
                )
            )
            return True
        self._write_receipt(entry, answer.receipt)
        return True

    def _fetch_proofs(self, client: LedgerClient) -> None:
        for result in self.results():
            if result.state != ACCEPTED or result.proven or result.index is None:
                continue
            receipt = client.get_receipt(result.index)
            if client.log_key:
                verify_receipt(receipt, log_key=client.log_key, envelope=self.envelope(result.entry))
            if receipt.leaf_hash.hex() != result.leaf_hash:
                raise RpcRefused("STATE_CONFLICT", f"leaf {result.index} has another hash than in the first answer")
            self._write_receipt(result.entry, receipt)

    def _write_receipt(self, entry: Entry, receipt: receipt_pb2.Receipt) -> None:
        result = Result(
            entry=entry,
            state=ACCEPTED,
            index=receipt.index,
            leaf_hash=receipt.leaf_hash.hex(),
            proven=bool(receipt.tlog_proof),
        )
        proof: dict[str, Any] = {}
        if receipt.tlog_proof:
            proof = {
                "event": encode_base64(receipt.event),
                "tlog_proof": receipt.tlog_proof.decode("utf-8", "replace"),
            }
        self._write_result(result, proof)

    def _write_result(self, result: Result, proof: dict[str, Any] | None = None) -> None:
        value = {
            "schema": RESULT_SCHEMA,
            "claim_id": result.entry.claim_id,
            "state": result.state,
            "index": _text(result.index),
            "leaf_hash": result.leaf_hash,
            "reason": result.reason,
            "message": result.message,
            "conflicting_index": _text(result.conflicting_index),
            "recorded_index": _text(result.recorded_index),
            **(proof or {}),
        }
        write_atomically(self._result_path(result.entry), _json({key: item for key, item in value.items() if item}))

    def _result_path(self, entry: Entry) -> Path:
        return self.path / entry.file.replace(".envelope", ".receipt.json")

    def _result(self, entry: Entry) -> Result:
        path = self._result_path(entry)
        try:
            value = json.loads(path.read_bytes())
            if value["schema"] != RESULT_SCHEMA or value["claim_id"] != entry.claim_id:
                raise UsageError(f"{path}: is not the answer to {entry.file}", hint="remove it and submit again")
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
            raise UsageError(f"{path}: malformed: {error}", hint="remove it and submit again") from error

    def _write_manifest(self) -> None:
        value = {
            "schema": MANIFEST_SCHEMA,
            "ledger_id": self.ledger_id.hex(),
            "provider_id": self.provider_id.hex(),
            "usage": [asdict(item) for item in self.usage],
            "entries": [{**asdict(item), "amount_fen": str(item.amount_fen)} for item in self.entries],
        }
        write_atomically(self.path / _MANIFEST, _json(value))


def open_or_create(path: Path, *, ledger_id: bytes, provider_id: bytes) -> Outbox:
    """The outbox of a folder, new if there is none; UsageError if it is of another ledger or provider."""
    if not (path / _MANIFEST).exists():
        return Outbox.create(path, ledger_id=ledger_id, provider_id=provider_id)
    outbox = Outbox.load(path)
    if (outbox.ledger_id, outbox.provider_id) != (ledger_id, provider_id):
        raise UsageError(f"{path}: is the outbox of another ledger or provider", hint="choose another folder")
    return outbox


def _entry(value: dict[str, Any]) -> Entry:
    return replace(Entry(**value), amount_fen=int(value["amount_fen"]))


def _entry_of(name: str, attestation: SignedAttestation) -> Entry:
    statement = attestation.statement
    return Entry(
        file=name,
        voucher_id=statement.voucher_id.hex(),
        claim_id=statement.claim_id.hex(),
        sequence=statement.sequence,
        lines=len(statement.lines.device),
        amount_fen=statement.total_amount_fen,
        payload_sha256=attestation.head.digest.hex(),
    )


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
