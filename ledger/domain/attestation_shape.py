"""Shape of attestations: columns, positions, sums and ranges that need no ledger.

MalformedError names what is wrong. This module must not read the ledger's state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import checks
from ledger.domain.attestation import ServiceAttestation
from ledger.domain.identifiers import ID_SIZE
from ledger.domain.quantities import INT64_MAX
from ledger.domain.vocabulary import SupersedingReason
from ledger.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.domain.attestation import UsageAttestation, UsageLines

MAX_LINES = 500
"""Lines of a claim that is accepted."""
MAX_JUDGED_LINES = 1_001
"""Lines of a claim that the rules still look at, to say what is wrong with it."""
REASONS = tuple(map(int, SupersedingReason))
MAX_MODELS = 64
MAX_MS = 253_402_300_800_000
_OPTIONAL = ("node", "cluster", "job", "active_ms", "energy_wh")
_POSITIONS = ("node", "cluster", "job")
_REQUIRED = ("start_offset_ms", "duration_ms", "allocated_ms", "amount_fen")


def check_attestation(statement: UsageAttestation) -> None:
    """Check everything that a reader can check without the ledger (format.md, section 4, claim)."""
    expect = checks.expect
    _check_frame(statement)
    expect(1 <= len(statement.models) <= MAX_MODELS, f"models: 1 to {MAX_MODELS}")
    expect(0 <= statement.base_ms < MAX_MS, "base_ms: from 1970 to 9999")
    for model in statement.models:
        expect(bool(model.vendor) and bool(model.model), "models: vendor and model")
        expect(0 < model.unit_price_fen < 1 << 40, "models: unit_price_fen from 1 to 2^40-1")
    _check_devices(statement)
    _check_columns(statement.lines, devices=len(statement.device_ids), strings=len(statement.strings))
    _check_sums(statement)


def check_service_attestation(statement: ServiceAttestation) -> None:
    """The same for an account of services (format.md, section 4, claim)."""
    expect = checks.expect
    _check_frame(statement)
    expect(1 <= len(statement.lines) <= MAX_LINES, f"lines: 1 to {MAX_LINES}")
    for line in statement.lines:
        checks.check_code(line.unit, "lines.unit")
        expect(0 < line.quantity <= INT64_MAX, "lines.quantity: greater than 0")
        expect(0 <= line.start_ms < line.end_ms < MAX_MS, "lines: start_ms before end_ms")
        checks.check_amount(line.amount_fen, "lines.amount_fen", low=0)
    total_fen = sum(line.amount_fen for line in statement.lines)
    expect(statement.total_amount_fen == total_fen, "total_amount_fen: the sum of the lines")
    checks.check_amount(statement.total_amount_fen, "total_amount_fen", low=0)


def _check_frame(statement: UsageAttestation | ServiceAttestation) -> None:
    expect = checks.expect
    checks.check_id(statement.claim_id, "claim_id")
    superseding = statement.superseded_index is not None
    expect(
        superseding == (statement.superseding_reason in REASONS), "superseding_reason: with superseded_index"
    )
    expect(superseding or statement.superseding_reason == 0, "superseding_reason: only with superseded_index")
    expect(len(statement.raw_log_digest) == checks.DIGEST_SIZE, "raw_log_digest: 32 bytes")
    expect(len(statement.previous_digest) in (0, checks.DIGEST_SIZE), "previous_digest: 32 bytes or none")
    expect(1 <= statement.sequence <= INT64_MAX, "sequence: from 1")
    expect(statement.raw_log_rows <= INT64_MAX, "raw_log_rows: up to 2^63-1")


def _check_devices(statement: UsageAttestation) -> None:
    device_ids = statement.device_ids
    checks.expect(len(statement.device_models) == len(device_ids), "device_models: one for each device")
    checks.expect(bool(device_ids) and set(map(len, device_ids)) == {ID_SIZE}, "device_ids: 16 bytes each")
    checks.expect(len(set(device_ids)) == len(device_ids), "device_ids: no two equal")
    checks.expect(max(statement.device_models) < len(statement.models), "device_models: a position in models")


def _check_columns(lines: UsageLines, *, devices: int, strings: int) -> None:
    expect = checks.expect
    count = len(lines.device)
    expect(1 <= count <= MAX_JUDGED_LINES, f"lines: 1 to {MAX_LINES}")
    for name in _REQUIRED:
        if len(getattr(lines, name)) != count:
            raise MalformedError(f"lines.{name}: one value a line")
    for name in _OPTIONAL:
        if len(getattr(lines, name)) not in {0, count}:
            raise MalformedError(f"lines.{name}: one value a line, or none")
    expect(max(lines.device) < devices, "lines.device: a position in device_ids")
    expect(len(set(lines.device)) == devices, "device_ids: every device is used by a line")
    for name in _POSITIONS:
        column = getattr(lines, name)
        if column and max(column) >= strings:
            raise MalformedError(f"lines.{name}: a position in strings")
    expect(
        min(lines.start_offset_ms) >= 0 and max(lines.start_offset_ms) < MAX_MS,
        "lines.start_offset_ms: from 0",
    )
    expect(
        min(lines.duration_ms) > 0 and max(lines.duration_ms) < MAX_MS, "lines.duration_ms: greater than 0"
    )
    expect(min(lines.allocated_ms) >= 0, "lines.allocated_ms: from 0")
    expect(min(lines.amount_fen) >= 0, "lines.amount_fen: from 0")
    if lines.energy_wh:
        expect(min(lines.energy_wh) >= 0, "lines.energy_wh: from 0")
    if lines.active_ms:
        expect(min(lines.active_ms) >= 0, "lines.active_ms: from 0")
        within = all(a <= b for a, b in zip(lines.active_ms, lines.allocated_ms, strict=True))
        expect(within, "lines.active_ms: not more than allocated_ms")


def _check_sums(statement: UsageAttestation) -> None:
    lines = statement.lines
    expect = checks.expect
    expect(
        statement.total_allocated_ms == sum(lines.allocated_ms), "total_allocated_ms: the sum of the lines"
    )
    expect(statement.total_active_ms == sum(lines.active_ms), "total_active_ms: the sum of the lines")
    expect(statement.total_energy_wh == sum(lines.energy_wh), "total_energy_wh: the sum of the lines")
    expect(statement.total_amount_fen == sum(lines.amount_fen), "total_amount_fen: the sum of the lines")


def intervals(statement: UsageAttestation | ServiceAttestation) -> Iterator[tuple[int, int]]:
    """[start, end) of every line, ms since 1970."""
    if isinstance(statement, ServiceAttestation):
        yield from ((line.start_ms, line.end_ms) for line in statement.lines)
        return
    lines = statement.lines
    for offset_ms, duration_ms in zip(lines.start_offset_ms, lines.duration_ms, strict=True):
        start_ms = statement.base_ms + offset_ms
        yield start_ms, start_ms + duration_ms


def used_ms(statement: UsageAttestation) -> tuple[int, int]:
    """Start of the earliest and end of the latest interval, ms since 1970."""
    lines = statement.lines
    ends = (start + length for start, length in zip(lines.start_offset_ms, lines.duration_ms, strict=True))
    return statement.base_ms + min(lines.start_offset_ms), statement.base_ms + max(ends)
