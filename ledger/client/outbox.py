"""A folder of signed attestations: what was signed, what was sent, what the ledger answered.

`manifest.json` names every envelope. Sending can be stopped and begun again at any time: request ids are in
the signed files, so nothing has an effect twice. This module must not read usage or sign.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ledger.client.acts import payload_type
from ledger.client.answers import (
    ACCEPTED,
    PENDING,
    REFUSED,
    Entry,
    Result,
    read_result,
    record_answer,
    record_receipt,
)
from ledger.client.api import MAX_BATCH_COUNT, MAX_BATCH_SIZE
from ledger.client.attestations import ACT, ChainHead
from ledger.client.cosign import read_envelope, write_atomically, write_envelope
from ledger.client.errors import PREFIX, RpcRefused, Unavailable
from ledger.client.receipts import verify_receipt
from ledger.errors import UsageError, VerificationError
from ledger.v1 import claim_service_pb2, errors_pb2, receipt_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from ledger.client.api import LedgerClient
    from ledger.client.attestations import SignedAttestation
    from ledger.v1 import envelope_pb2

__all__ = ["ACCEPTED", "PENDING", "REFUSED", "Entry", "Outbox", "Result", "UsageFile", "open_or_create"]

MANIFEST_SCHEMA = "voucher-ledger/outbox/1"
_MANIFEST = "manifest.json"
_FRAME_SIZE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFile:
    """A usage file that was attested: its name, SHA-256 in hexadecimal, rows, and lines taken from it."""

    name: str
    sha256: str
    rows: int
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """The contents of the folder `path`; `load` reads one, `open_or_create` begins one, `add` grows it."""

    path: Path
    ledger_id: bytes
    provider_id: bytes
    entries: tuple[Entry, ...] = ()
    usage: tuple[UsageFile, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Outbox:
        """The outbox of a folder. Raises UsageError if there is none or its manifest is malformed."""
        manifest = path / _MANIFEST
        try:
            value = json.loads(manifest.read_bytes())
            if value["schema"] != MANIFEST_SCHEMA:
                raise UsageError(f"{manifest}: another schema", hint=f"allowed: {MANIFEST_SCHEMA}")
            return cls(
                path=path,
                ledger_id=bytes.fromhex(value["ledger_id"]),
                provider_id=bytes.fromhex(value["provider_id"]),
                entries=tuple(_entry(item) for item in value["entries"]),
                usage=tuple(UsageFile(**item) for item in value["usage"]),
            )
        except OSError as error:
            raise UsageError(
                f"{path}: no outbox: {error.strerror}", hint="make one with `voucherctl provider attest`"
            ) from error
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{manifest}: malformed: {error}", hint="restore the file") from error

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
        for attestation in attestations:
            name = f"{len(entries) + 1:04d}.envelope"
            write_envelope(self.path / name, attestation.envelope)
            entries.append(_entry_of(name, attestation))
        grown = replace(self, entries=tuple(entries), usage=(*self.usage, usage))
        write_atomically(self.path / _MANIFEST, grown.manifest())
        return grown

    def envelope(self, entry: Entry) -> envelope_pb2.Envelope:
        """The signed envelope of an entry; UsageError if the file is not the one that was signed."""
        path = self.path / entry.file
        envelope = read_envelope(path)
        if hashlib.sha256(envelope.payload).hexdigest() != entry.payload_sha256:
            raise UsageError(f"{path}: is not what the manifest names", hint="restore the file")
        return envelope

    def results(self) -> list[Result]:
        """The answers so far, one for each entry in order; UsageError for a malformed answer file."""
        return [read_result(self.path, entry) for entry in self.entries]

    def submit(
        self,
        client: LedgerClient,
        *,
        with_proofs: bool = True,
        progress: Callable[[int], None] = lambda _count: None,
    ) -> list[Result]:
        """Send what has no answer, in batches; record each answer as it comes; give all results.

        `with_proofs` then fetches the receipt with its proof of every accepted claim (verified where the
        client pins a log key, at level WITNESSED where it pins a policy). `progress` is told how many more
        answers there are. Raises Unavailable when the server does not answer or puts claims off; what was
        answered is kept, so call it again.
        """
        put_off = 0
        waiting = [result.entry for result in self.results() if result.state == PENDING]
        for batch in self._batches(waiting):
            answers = _answers(client, [envelope for _, envelope in batch])
            if len(answers) != len(batch):
                raise Unavailable("INTERNAL", "the server answered another number of claims than were sent")
            recorded = sum(
                record_answer(self.path, entry, answer)
                for (entry, _), answer in zip(batch, answers, strict=True)
            )
            put_off += len(batch) - recorded
            progress(recorded)
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
            full = len(batch) == MAX_BATCH_COUNT or size + more > MAX_BATCH_SIZE
            if batch and (full or _goes_alone(envelope) or _goes_alone(batch[0][1])):
                yield batch
                batch, size = [], _FRAME_SIZE
            batch.append((entry, envelope))
            size += more
        if batch:
            yield batch

    def _fetch_proofs(self, client: LedgerClient) -> None:
        for result in self.results():
            if result.state != ACCEPTED or result.proven or result.index is None:
                continue
            receipt = client.get_receipt(result.index, witnessed=bool(client.policy))
            if client.log_key:
                verify_receipt(receipt, log_key=client.log_key, envelope=self.envelope(result.entry))
            if receipt.leaf_hash.hex() != result.leaf_hash:
                raise VerificationError(
                    f"leaf {result.index}: another hash than the ledger answered for {result.entry.file}",
                    hint="keep both answers: one of them is not in the log",
                )
            record_receipt(self.path, result.entry, receipt)

    def manifest(self) -> bytes:
        """The bytes of the manifest file."""
        value = {
            "schema": MANIFEST_SCHEMA,
            "ledger_id": self.ledger_id.hex(),
            "provider_id": self.provider_id.hex(),
            "usage": [asdict(item) for item in self.usage],
            "entries": [{**asdict(item), "amount_fen": str(item.amount_fen)} for item in self.entries],
        }
        return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def open_or_create(path: Path, *, ledger_id: bytes, provider_id: bytes) -> Outbox:
    """The outbox of a folder, empty and unwritten if there is none.

    Raises UsageError for a folder that is the outbox of another ledger or provider.
    """
    if not (path / _MANIFEST).exists():
        return Outbox(path=path, ledger_id=ledger_id, provider_id=provider_id)
    outbox = Outbox.load(path)
    if (outbox.ledger_id, outbox.provider_id) != (ledger_id, provider_id):
        raise UsageError(f"{path}: is the outbox of another ledger or provider", hint="choose another folder")
    return outbox


def _goes_alone(envelope: envelope_pb2.Envelope) -> bool:
    """Whether no batch takes it: batches are of usage attestations."""
    return envelope.payload_type != payload_type(ACT)


def _answers(
    client: LedgerClient, envelopes: Sequence[envelope_pb2.Envelope]
) -> list[claim_service_pb2.ClaimResult]:
    """One answer for each envelope; what goes alone is sent alone, and its refusal is an answer, too."""
    if not _goes_alone(envelopes[0]):
        return client.submit_claims(envelopes)
    try:
        return [claim_service_pb2.ClaimResult(receipt=client.submit(envelope)) for envelope in envelopes]
    except RpcRefused as refused:
        reason = errors_pb2.RejectionReason.DESCRIPTOR.values_by_name.get(f"{PREFIX}{refused.reason}")
        if reason is None:
            raise
        refusal = receipt_pb2.Refusal(
            reason=errors_pb2.RejectionReason.ValueType(reason.number),
            message=refused.message,
            conflicting_index=refused.conflicting_index,
            recorded_index=refused.recorded_index,
        )
        return [claim_service_pb2.ClaimResult(refusal=refusal)]


def _entry(value: dict[str, Any]) -> Entry:
    return replace(Entry(**value), amount_fen=int(value["amount_fen"]))


def _entry_of(name: str, attestation: SignedAttestation) -> Entry:
    statement = attestation.statement
    return Entry(
        file=name,
        voucher_id=statement.voucher_id.hex(),
        claim_id=statement.claim_id.hex(),
        sequence=statement.sequence,
        lines=attestation.line_count,
        amount_fen=statement.total_amount_fen,
        payload_sha256=attestation.head.digest.hex(),
    )
