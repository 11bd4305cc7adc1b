"""Lines of usage as they are attested: identified devices, checked rows, no two at once on one device.

What can be refused without the ledger is refused here, before anything is signed. This module must not
price or sign.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from ledger.domain.days import format_rfc3339
from ledger.domain.identifiers import ID_SIZE
from ledger.domain.quantities import printable
from ledger.domain.vocabulary import Purpose
from ledger.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ledger.client.usage.rows import UsageRow
    from ledger.domain.attestation import PricedModel

MAX_REPORTED = 20
_SKIP_OUTSIDE = "or leave such rows out: --skip-outside"
_DEVICE_LABEL = b"voucher-ledger device"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherTerms:
    """What an attestation has to say about its voucher, and what usage the voucher can take.

    `models` maps the model names of the usage file to vendor, model, origin and price. `devices` maps
    registered device ids to model names (empty: not checked). Usage has to lie in [from_ms, until_ms);
    None is no limit.
    """

    voucher_id: bytes
    programme_id: bytes
    provider_id: bytes
    beneficiary_id: bytes
    contract_digest: bytes
    models: Mapping[str, PricedModel]
    devices: Mapping[bytes, str] = field(default_factory=lambda: MappingProxyType({}))
    purpose: Purpose = Purpose.TRAINING
    from_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestedLine:
    """One device in one interval [start_ms, end_ms), ms since 1970; None where a column is not known."""

    device: str
    model: str
    cluster: str
    node: str
    job: str
    start_ms: int
    end_ms: int
    allocated_ms: int
    active_ms: int | None = None
    energy_wh: int | None = None
    origin_row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The lines of each tenant's voucher, and how many rows were left out and why."""

    lines: Mapping[str, tuple[AttestedLine, ...]]
    row_count: int
    empty_count: int
    unmapped_count: int
    outside_count: int


def device_id(*, provider_id: bytes, text: str) -> bytes:
    """The 16-byte id of a provider's device: the first bytes of SHA-256(label ‖ 0 ‖ provider ‖ 0 ‖ text).

    The label is `voucher-ledger device`; `text` is UTF-8, taken as the usage file spells it. The same
    text is the same device for ever, and nobody else's.
    """
    data = b"\0".join((_DEVICE_LABEL, provider_id, text.encode()))
    return hashlib.sha256(data).digest()[:ID_SIZE]


def select_lines(
    rows: Iterable[UsageRow],
    *,
    terms: Mapping[str, VoucherTerms],
    name: str,
    line_of: Callable[[int], int] | None = None,
    skip_unmapped: bool = False,
    skip_outside: bool = False,
) -> Selection:
    """The rows of a usage file as lines, by tenant; `terms` maps a tenant to its voucher's terms.

    Empty intervals are left out and counted. Rows of a tenant without a voucher, and rows outside what
    its voucher can take, are refused or, if asked for, left out and counted. Raises UsageError naming the
    rows for those, for an unknown model or device, and for two rows that use one device at one time.
    `line_of` gives the file's line of a row (both from 1), for messages.
    """
    chosen: dict[str, list[AttestedLine]] = {}
    counts = {"row": 0, "empty": 0, "unmapped": 0, "outside": 0}
    where = _Where(name=name, line_of=line_of)
    everything: list[AttestedLine] = []
    models: dict[str, str] = {}
    for number, row in enumerate(rows, start=1):
        counts["row"] = number
        line = _line(row, number)
        if line.start_ms == line.end_ms:
            counts["empty"] += 1
            continue
        everything.append(line)
        voucher = terms.get(row.tenant)
        if voucher is None:
            counts["unmapped"] += 1
            if not skip_unmapped:
                raise where.error(
                    line, f"tenant {printable(row.tenant)} has no voucher", hint=_map_hint(terms)
                )
        elif _is_outside(line, voucher):
            counts["outside"] += 1
            if not skip_outside:
                raise where.error(line, _outside_text(line, voucher), hint=_SKIP_OUTSIDE)
        else:
            _check_registered(line, voucher, where)
            if models.setdefault(line.device, line.model) != line.model:
                raise where.error(
                    line,
                    f"device {printable(line.device)} is a {printable(line.model)}",
                    hint=f"it was a {printable(models[line.device])} before",
                )
            chosen.setdefault(row.tenant, []).append(line)
    check_overlaps(everything, where=where)
    return Selection(
        lines=MappingProxyType({tenant: tuple(lines) for tenant, lines in chosen.items()}),
        row_count=counts["row"],
        empty_count=counts["empty"],
        unmapped_count=counts["unmapped"],
        outside_count=counts["outside"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Where:
    """Names rows of a file in messages."""

    name: str
    line_of: Callable[[int], int] | None

    def row(self, line: AttestedLine) -> str:
        if self.line_of is None:
            return f"row {line.origin_row} (job {printable(line.job)})"
        return f"line {self.line_of(line.origin_row)}"

    def error(self, line: AttestedLine, problem: str, *, hint: str) -> UsageError:
        return UsageError(f"{self.name}, {self.row(line)}: {problem}", hint=hint)


def check_overlaps(lines: Sequence[AttestedLine], *, where: _Where) -> None:
    """Refuse lines of which two use one device at one time, naming both; at most 20 pairs are told."""
    found: list[str] = []
    latest: dict[str, AttestedLine] = {}
    for line in sorted(lines, key=lambda item: (item.device, item.start_ms, item.origin_row)):
        before = latest.get(line.device)
        if before is not None and line.start_ms < before.end_ms:
            found.append(
                f"{where.row(before)} and {where.row(line)}: device {printable(line.device)} is used twice"
                f" from {format_rfc3339(line.start_ms)}"
                f" to {format_rfc3339(min(line.end_ms, before.end_ms))}"
            )
        if before is None or line.end_ms > before.end_ms:
            latest[line.device] = line
    if found:
        more = f"\n  and {len(found) - MAX_REPORTED} more" if len(found) > MAX_REPORTED else ""
        listed = "\n  ".join(found[:MAX_REPORTED])
        raise UsageError(
            f"{where.name}: {len(found)} overlaps; nothing was signed\n  {listed}{more}",
            hint="correct the usage file: a device serves one job at a time",
        )


def _line(row: UsageRow, number: int) -> AttestedLine:
    return AttestedLine(
        device=row.device_id,
        model=row.device_model,
        cluster=row.cluster,
        node=row.node,
        job=row.job_id,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        allocated_ms=row.end_ms - row.start_ms,
        origin_row=number,
    )


def _check_registered(line: AttestedLine, terms: VoucherTerms, where: _Where) -> None:
    if line.model not in terms.models:
        raise where.error(
            line,
            f"model {printable(line.model)} has no price",
            hint=f"allowed: {', '.join(sorted(terms.models)) or 'none'}",
        )
    if not terms.devices:
        return
    registered = terms.devices.get(device_id(provider_id=terms.provider_id, text=line.device))
    if registered is None:
        raise where.error(
            line, f"device {printable(line.device)} is not registered", hint="register devices first"
        )
    if registered != terms.models[line.model].model:
        raise where.error(
            line,
            f"device {printable(line.device)} is not a {printable(line.model)}",
            hint=f"it is registered as {printable(registered)}",
        )


def _is_outside(line: AttestedLine, terms: VoucherTerms) -> bool:
    early = terms.from_ms is not None and line.start_ms < terms.from_ms
    return early or (terms.until_ms is not None and line.end_ms > terms.until_ms)


def _outside_text(line: AttestedLine, terms: VoucherTerms) -> str:
    start = "…" if terms.from_ms is None else format_rfc3339(terms.from_ms)
    end = "…" if terms.until_ms is None else format_rfc3339(terms.until_ms)
    used = f"{format_rfc3339(line.start_ms)} to {format_rfc3339(line.end_ms)}"
    return f"{used} is outside what the voucher can take, {start} to {end}"


def _map_hint(terms: Mapping[str, VoucherTerms]) -> str:
    known = ", ".join(printable(tenant) for tenant in sorted(terms)[:MAX_REPORTED])
    return f"tenants with a voucher: {known or 'none'}; or leave such rows out: --skip-unmapped"
