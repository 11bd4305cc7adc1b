"""Turn lines of usage into signed usage attestations that the ledger can take.

Lines are split so that every payload and every event stays within its limit, priced with one floor a line,
and chained by the digest of the attestation before. This module must not read files or send anything.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger.client.lines import AttestedLine, VoucherTerms, device_id
from ledger.client.signing import MAX_PAYLOAD_SIZE, SigningKey, make_envelope, new_ordered_id
from ledger.codec.events import MAX_EVENT_SIZE
from ledger.domain.attestation_shape import MAX_LINES
from ledger.domain.quantities import MS_PER_HOUR
from ledger.errors import UsageError
from ledger.v1 import claim_pb2, envelope_pb2, quantities_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ledger.domain.attestation import PricedModel
    from ledger.domain.vocabulary import SupersedingReason

ACT = "usage-attestation"

# Upper bounds of what the encoding adds: fixed fields with their tags, and what an event puts around a
# payload (envelope, premises, the links of claim and voucher) and for each device (its link).
_PAYLOAD_FIXED_SIZE = 600
_EVENT_FIXED_SIZE = 1_000
_DEVICE_LINK_SIZE = 24
_DEVICE_ID_FIELD_SIZE = 18


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The newest attestation that a provider signed for a voucher: its number and payload digest."""

    sequence: int = 0
    digest: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawLog:
    """The log file that the lines were made from: SHA-256 of its bytes, and its rows."""

    digest: bytes
    row_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseding:
    """Which accepted claim an attestation replaces, by leaf index, and why."""

    index: int
    reason: SupersedingReason


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAttestation:
    """A signed attestation with its parsed statement, and where the chain stands after it."""

    envelope: envelope_pb2.Envelope
    statement: Any
    line_count: int
    head: ChainHead


def sign_attestations(
    lines: Sequence[AttestedLine],
    *,
    terms: VoucherTerms,
    key: SigningKey,
    ledger_id: bytes,
    raw_log: RawLog,
    head: ChainHead | None = None,
    superseding: Superseding | None = None,
    not_after_ms: int = 0,
) -> Iterator[SignedAttestation]:
    """Attestations over all lines, as few as fit, in order of time; `head` is the newest one before.

    Each has at most 500 lines, 45,000 bytes of payload and, as estimated, 60,000 of event. Claim and
    request ids are new. Raises UsageError for a line that the terms do not price, and if a superseding
    attestation does not fit in one.
    """
    groups = list(split_lines(lines, terms=terms))
    check_superseding(groups, superseding)
    chain = head
    for group in groups:
        statement = build_attestation(
            group, terms=terms, raw_log=raw_log, head=chain, superseding=superseding
        )
        signed = sign_next(
            ACT,
            statement,
            line_count=len(group),
            key=key,
            ledger_id=ledger_id,
            not_after_ms=not_after_ms,
        )
        chain = signed.head
        yield signed


def check_superseding(groups: Sequence[object], superseding: Superseding | None) -> None:
    """Refuse what does not fit into one attestation if it is to replace one; UsageError."""
    if superseding is not None and len(groups) != 1:
        raise UsageError(f"{len(groups)} attestations cannot replace one", hint="give the lines of one claim")


def sign_next(
    act: str,
    statement: claim_pb2.UsageAttestation | claim_pb2.ServiceAttestation,
    *,
    line_count: int,
    key: SigningKey,
    ledger_id: bytes,
    not_after_ms: int = 0,
) -> SignedAttestation:
    """The statement signed by the provider, and the chain's head after it."""
    envelope = make_envelope(act, statement, [key], ledger_id=ledger_id, not_after_ms=not_after_ms)
    return SignedAttestation(
        envelope=envelope,
        statement=type(statement).FromString(envelope.payload),
        line_count=line_count,
        head=ChainHead(statement.sequence, hashlib.sha256(envelope.payload).digest()),
    )


def build_attestation(
    lines: Sequence[AttestedLine],
    *,
    terms: VoucherTerms,
    raw_log: RawLog,
    head: ChainHead | None = None,
    superseding: Superseding | None = None,
    claim_id: bytes | None = None,
) -> claim_pb2.UsageAttestation:
    """One unsigned attestation over exactly these lines, the one after `head`; its header is empty.

    The columns `active_ms` and `energy_wh` are there if every line has a value; UsageError for a mixture.
    """
    before = head or ChainHead()
    strings, devices, models = _Table(), _Table(), _Table()
    columns = claim_pb2.UsageLines()
    device_models: list[int] = []
    base_ms = min(line.start_ms for line in lines)
    for line in lines:
        place = devices.position(line.device)
        if place == len(device_models):
            device_models.append(models.position(line.model))
        columns.device.append(place)
        columns.node.append(strings.position(line.node))
        columns.cluster.append(strings.position(line.cluster))
        columns.job.append(strings.position(line.job))
        columns.start_offset_ms.append(line.start_ms - base_ms)
        columns.duration_ms.append(line.end_ms - line.start_ms)
        columns.allocated_ms.append(line.allocated_ms)
        columns.amount_fen.append(line_amount_fen(line, terms=terms))
    columns.active_ms.extend(_column(line.active_ms for line in lines))
    columns.energy_wh.extend(_column(line.energy_wh for line in lines))
    statement = claim_pb2.UsageAttestation(
        claim_id=new_ordered_id() if claim_id is None else claim_id,
        programme_id=terms.programme_id,
        provider_id=terms.provider_id,
        voucher_id=terms.voucher_id,
        contract_digest=terms.contract_digest,
        beneficiary_id=terms.beneficiary_id,
        purpose=claim_pb2.Purpose.ValueType(terms.purpose),
        strings=strings.texts,
        models=[_priced(terms.models[model]) for model in models.texts],
        device_ids=[device_id(provider_id=terms.provider_id, text=text) for text in devices.texts],
        device_models=device_models,
        base_ms=base_ms,
        lines=columns,
        total_allocated_ms=sum(columns.allocated_ms),
        total_active_ms=sum(columns.active_ms),
        total_energy_wh=sum(columns.energy_wh),
        total_amount_fen=sum(columns.amount_fen),
        raw_log_digest=raw_log.digest,
        raw_log_rows=raw_log.row_count,
        sequence=before.sequence + 1,
        previous_digest=before.digest,
    )
    if superseding is not None:
        statement.superseded_index = superseding.index
        statement.superseding_reason = claim_pb2.SupersedingReason.ValueType(superseding.reason)
    return statement


def line_amount_fen(line: AttestedLine, *, terms: VoucherTerms) -> int:
    """floor(allocated_ms × unit price ÷ 3,600,000), fen; UsageError for a model without a price."""
    model = terms.models.get(line.model)
    if model is None:
        raise UsageError(f"model {line.model!a} has no price", hint=f"allowed: {', '.join(terms.models)}")
    return line.allocated_ms * model.unit_price_fen // MS_PER_HOUR


def split_lines(lines: Sequence[AttestedLine], *, terms: VoucherTerms) -> Iterator[tuple[AttestedLine, ...]]:
    """The lines in order of time, in groups that each fit into one attestation."""
    draft = _Draft(terms=terms)
    for line in sorted(lines, key=lambda item: (item.start_ms, item.device, item.origin_row)):
        if not draft.takes(line):
            yield tuple(draft.lines)
            draft = _Draft(terms=terms)
        draft.add(line)
    if draft.lines:
        yield tuple(draft.lines)


@dataclass(slots=True)
class _Draft:
    """A group of lines that grows, with an upper bound of its size."""

    terms: VoucherTerms
    lines: list[AttestedLine] = field(default_factory=list)
    devices: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    payload_size: int = _PAYLOAD_FIXED_SIZE

    def takes(self, line: AttestedLine) -> bool:
        size = self.payload_size + self._growth(line)
        device_count = len(self.devices | {line.device})
        event_size = size + _EVENT_FIXED_SIZE + device_count * _DEVICE_LINK_SIZE
        fits = size <= MAX_PAYLOAD_SIZE and event_size <= MAX_EVENT_SIZE
        return not self.lines or (len(self.lines) < MAX_LINES and fits)

    def add(self, line: AttestedLine) -> None:
        self.payload_size += self._growth(line)
        self.lines.append(line)
        self.devices.add(line.device)
        self.texts |= {line.node, line.cluster, line.job}
        self.models.add(line.model)

    def _growth(self, line: AttestedLine) -> int:
        start = self.lines[0].start_ms if self.lines else line.start_ms
        positions = _varint_size(len(self.devices)) + 3 * _varint_size(len(self.texts) + 2)
        numbers = sum(
            _varint_size(value)
            for value in (
                line.start_ms - start,
                line.end_ms - line.start_ms,
                line.allocated_ms,
                line.active_ms or 0,
                line.energy_wh or 0,
                line_amount_fen(line, terms=self.terms),
            )
        )
        size = positions + numbers
        if line.device not in self.devices:
            size += _DEVICE_ID_FIELD_SIZE + _varint_size(len(self.models))
        size += sum(_text_size(text) for text in {line.node, line.cluster, line.job} - self.texts)
        if line.model not in self.models:
            size += _priced(self.terms.models[line.model]).ByteSize() + 4
        return size


class _Table:
    """Texts in order of first use, each once."""

    def __init__(self) -> None:
        self._positions: dict[str, int] = {}

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(self._positions)

    def position(self, text: str) -> int:
        return self._positions.setdefault(text, len(self._positions))


def _column(values: Iterator[int | None]) -> list[int]:
    found = list(values)
    present = [value for value in found if value is not None]
    if present and len(present) != len(found):
        raise UsageError("active time or energy is given on some lines only", hint="give it on all or none")
    return present


def _priced(model: PricedModel) -> claim_pb2.PricedModel:
    return claim_pb2.PricedModel(
        vendor=model.vendor,
        model=model.model,
        origin=quantities_pb2.Origin.ValueType(model.origin),
        unit_price_fen=model.unit_price_fen,
    )


def _varint_size(value: int) -> int:
    return max(1, (value.bit_length() + 6) // 7)


def _text_size(text: str) -> int:
    size = len(text.encode())
    return size + 1 + _varint_size(size)
