"""The lines of an attestation: columns, intervals, prices, amounts and overlaps.

Written for speed: columns are walked together once. It must not look at the event around them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ledger.v1 import claim_pb2
from ledger_audit.claim_frame import superseded
from ledger_audit.scan import parse_again

if TYPE_CHECKING:
    from ledger_audit.dossiers import Model, Voucher
    from ledger_audit.entities import Device
    from ledger_audit.fold import Fold
    from ledger_audit.scratch import ClaimRow

Fail = Callable[[str, object, object], None]

MAX_LINES = 500
_MS_PER_HOUR = 3_600_000
_DOMESTIC, _FOREIGN = 1, 2


Row = tuple["Device | None", bytes, int, int]
"""A device of the statement's table, its id, its unit price in fen, and its origin."""
Usage = tuple[int, int, int, int, int, int, list[Row], list[int]]
"""First and last instant, allocated ms, amount, domestic and foreign part in fen, devices, ms of each."""


def check_lines(fold: Fold, fail: Fail, index: int, said: Any, voucher: Voucher) -> Usage:
    """Check every line and take its interval into the state."""
    lines = said.lines
    # Slices: walking a repeated field item by item takes twice as long.
    positions, active, energy = lines.device[:], lines.active_ms[:], lines.energy_wh[:]
    columns = (
        lines.start_offset_ms[:],
        lines.duration_ms[:],
        lines.allocated_ms[:],
        lines.amount_fen[:],
    )
    count = len(positions)
    table = _device_table(fold, fail, said, voucher)
    if not 0 < count <= MAX_LINES or max(positions) >= len(table):
        fail("claim", f"1 to {MAX_LINES} lines, positions below {len(table)}", count)
        return _unusable(table)
    for column in columns:
        if len(column) != count:
            fail("claim", f"columns of {count} values", len(column))
            return _unusable(table)
    if (active and len(active) != count) or (energy and len(energy) != count):
        fail("claim", f"optional columns of {count} values or none", f"{len(active)}, {len(energy)}")
        active = []
    if lines.node or lines.cluster or lines.job:
        _check_names(fail, said, lines, count)
    usage = _walk(fold, fail, index, said.base_ms, positions, columns, active, table)
    active_ms, energy_wh = sum(active) if active else 0, sum(energy) if energy else 0
    if (
        usage[2] != said.total_allocated_ms
        or usage[3] != said.total_amount_fen
        or active_ms != said.total_active_ms
        or energy_wh != said.total_energy_wh
        or (energy and min(energy) < 0)
    ):
        stated = (said.total_allocated_ms, said.total_active_ms, said.total_energy_wh, said.total_amount_fen)
        fail("amounts", f"totals {(usage[2], active_ms, energy_wh, usage[3])}", stated)
    return usage


def _walk(
    fold: Fold,
    fail: Fail,
    index: int,
    base_ms: int,
    positions: list[int],
    columns: tuple[list[int], ...],
    active: list[int],
    table: list[Row],
) -> Usage:
    """Walk the columns together: intervals, amounts and overlaps of every line."""
    starts, durations, allocated, amounts = columns
    used = [0] * len(table)
    touched = number = total_ms = total_amount = domestic = foreign = 0
    first_ms, last_ms = base_ms + starts[0], base_ms
    put = fold.scratch.put_interval
    for position in positions:
        device, _, price, origin = table[position]
        start_ms = base_ms + starts[number]
        duration_ms, allocated_ms, amount = durations[number], allocated[number], amounts[number]
        stop_ms = start_ms + duration_ms
        first_ms = min(first_ms, start_ms)
        if stop_ms > last_ms:  # noqa: PLR1730 - max() costs a call a line
            last_ms = stop_ms
        if not 0 <= allocated_ms <= duration_ms or duration_ms <= 0:
            fail(
                "claim", "a duration above 0, of it allocated at most all", f"{allocated_ms} of {duration_ms}"
            )
        if active and not 0 <= active[number] <= allocated_ms:
            fail("claim", f"active time of 0 to {allocated_ms}", active[number])
        if amount != allocated_ms * price // _MS_PER_HOUR or amount < 0:
            fail("amounts", allocated_ms * price // _MS_PER_HOUR, amount)
        number += 1  # noqa: SIM113 - enumerate costs more here
        used[position] += allocated_ms
        total_ms += allocated_ms
        total_amount += amount
        if origin == _FOREIGN:
            foreign += amount
        elif origin == _DOMESTIC:
            domestic += amount
        touched |= 1 << position
        if device is not None and duration_ms > 0:
            if start_ms >= device.last_end_ms:
                device.last_end_ms = stop_ms
            else:
                _check_overlap(fold, fail, table[position], start_ms, stop_ms)
            put((device.number, start_ms, stop_ms, index))
    if touched + 1 != 1 << len(table):
        fail("claim", "devices that are all used", "an unused one")
    return first_ms, last_ms, total_ms, total_amount, domestic, foreign, table, used


def _check_overlap(fold: Fold, fail: Fail, row: Row, start_ms: int, stop_ms: int) -> None:
    """An interval that begins before the device's newest end may lie in a gap (I6)."""
    device, device_id, _, _ = row
    if device is None:
        return
    other = fold.scratch.overlapping(device.number, start_ms, stop_ms)
    if other is not None:
        fail("i6_overlap", f"{device_id.hex()} free in [{start_ms}, {stop_ms})", f"used by leaf {other}")
    device.last_end_ms = max(device.last_end_ms, stop_ms)


def replaced_usage(
    fold: Fold, fail: Fail, index: int, said: Any, voucher: Voucher, replaced: dict[bytes, int]
) -> ClaimRow | None:
    """The superseded claim, if it could be; `replaced` gets its time by device."""
    old = superseded(fold, fail, index, said, voucher, service=0)
    if old is None:
        return None
    _, before = parse_again(fold.read_entry(old.index))
    if isinstance(before, claim_pb2.UsageAttestation):
        ids = before.device_ids
        for position, allocated_ms in zip(before.lines.device, before.lines.allocated_ms, strict=False):
            if position < len(ids):
                replaced[ids[position]] = replaced.get(ids[position], 0) + allocated_ms
    return old


def _unusable(table: list[Row]) -> Usage:
    return 0, 0, 0, 0, 0, 0, table, [0] * len(table)


def _check_names(fail: Fail, said: Any, lines: Any, count: int) -> None:
    """Nodes, clusters and jobs are whole columns or none, with positions in the table of strings."""
    for column in (lines.node, lines.cluster, lines.job):
        if column:
            if len(column) != count:
                fail("claim", f"optional columns of {count} values or none", len(column))
            if max(column) >= len(said.strings):
                fail("claim", f"string positions below {len(said.strings)}", max(column))


def _device_table(fold: Fold, fail: Fail, said: Any, voucher: Voucher) -> list[Row]:
    """Device, id, unit price and origin by position; each device is the provider's and what is said (I19)."""
    models = []
    for model in said.models[:]:
        encoded = model.SerializeToString()
        models.append(voucher.models.get(encoded) or _model(fail, encoded, model, voucher))
    ids, of_models = said.device_ids[:], said.device_models[:]
    if len(ids) != len(of_models) or (len(ids) > 1 and len(set(ids)) != len(ids)):
        fail("claim", "different devices with a model each", f"{len(ids)} devices, {len(of_models)} models")
    known = fold.state.devices
    provider_id = voucher.provider_id
    table: list[Row] = []
    for device_id, position in zip(ids, of_models, strict=False):
        if position >= len(models):
            fail("claim", f"model positions below {len(models)}", position)
            table.append((None, device_id, 0, 0))
            continue
        what, price, origin = models[position]
        device = known.get(device_id)
        if device is None or device.owner != provider_id or device.model != what:
            _explain_device(fail, device, device_id, provider_id, what)
        table.append((device, device_id, price, origin))
    return table


def _model(fail: Fail, encoded: bytes, model: claim_pb2.PricedModel, voucher: Voucher) -> Model:
    """Vendor allowed, price the contract's; a good model is remembered for the voucher."""
    vendor, name, price = model.vendor, model.model, model.unit_price_fen
    what: Model = ((vendor, name, int(model.origin)), price, int(model.origin))
    fine = True
    if voucher.allowed_vendors and vendor not in voucher.allowed_vendors:
        fail("i19_devices", f"a vendor of {sorted(voucher.allowed_vendors)}", vendor)
        fine = False
    prices = voucher.prices
    if prices:
        agreed = prices.get(name, prices.get(""))
        if agreed != price:
            fail("price", agreed if agreed is not None else "a model of the contract", f"{price} for {name}")
            fine = False
    elif price < 0:
        fail("price", "a price of at least 0", price)
        fine = False
    if fine:
        voucher.models[encoded] = what
    return what


def _explain_device(
    fail: Fail, device: Device | None, device_id: bytes, provider_id: bytes, model: tuple[str, str, int]
) -> None:
    if device is None:
        fail("i19_devices", "a registered device", device_id)
    elif device.owner != provider_id:
        fail("i19_devices", f"a device of {provider_id.hex()}", f"{device_id.hex()} of {device.owner.hex()}")
    else:
        fail("i19_devices", device.model, model)
