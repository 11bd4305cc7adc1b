"""The lines of an attestation: columns, intervals, prices, amounts and overlaps.

Written for speed: columns are walked together once. It must not look at the event around them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ledger.v1 import claim_pb2

from ledger_audit.scan import parse_again
from ledger_audit.scratch import ACCEPTED, SUPERSEDED, ClaimRow
from ledger_audit.state import Device, Voucher

if TYPE_CHECKING:
    from ledger_audit.fold import Fold

Fail = Callable[[str, object, object], None]

MAX_LINES = 500
_MS_PER_HOUR = 3_600_000
_DOMESTIC, _FOREIGN = 1, 2


class Usage:
    """What a claim's lines come to; `devices` follows the statement's device table."""

    __slots__ = ("allocated_ms", "amount", "devices", "domestic", "first_ms", "foreign", "last_ms")

    def __init__(self) -> None:
        self.devices: list[tuple[Device | None, bytes, int]] = []
        self.first_ms = self.last_ms = self.allocated_ms = self.amount = self.domestic = self.foreign = 0


def check_lines(fold: Fold, fail: Fail, index: int, said: Any, voucher: Voucher) -> Usage:
    """Check every line and take its interval into the state."""
    usage = Usage()
    lines = said.lines
    positions = list(lines.device)
    starts, durations = list(lines.start_offset_ms), list(lines.duration_ms)
    allocated, amounts = list(lines.allocated_ms), list(lines.amount_fen)
    count = len(positions)
    active, energy = list(lines.active_ms), list(lines.energy_wh)
    table = _device_table(fold, fail, said, voucher)
    if not _check_columns(fail, said, lines, count, len(table)) or not (
        len(starts) == len(durations) == len(allocated) == len(amounts) == count
    ):
        if count:
            fail("claim", "columns of equal lengths", "others")
        usage.devices = [(device, device_id, 0) for device, device_id, _, _ in table]
        return usage
    if len(active) not in (0, count) or len(energy) not in (0, count):
        fail("claim", f"optional columns of {count} values or none", f"{len(active)}, {len(energy)}")
        active = []
    used = [0] * len(table)
    touched = 0
    base_ms = said.base_ms
    first_ms, last_ms = base_ms + starts[0], base_ms + starts[0] + durations[0]
    put = fold.scratch.put_interval
    for number, position in enumerate(positions):
        device, device_id, price, origin = table[position]
        start_ms = base_ms + starts[number]
        duration_ms, allocated_ms, amount = durations[number], allocated[number], amounts[number]
        stop_ms = start_ms + duration_ms
        if start_ms < first_ms:
            first_ms = start_ms
        if stop_ms > last_ms:
            last_ms = stop_ms
        if duration_ms <= 0:
            fail("claim", "a duration above 0", duration_ms)
            continue
        if not 0 <= allocated_ms <= duration_ms:
            fail("claim", f"allocated time of 0 to {duration_ms}", allocated_ms)
        if active and not 0 <= active[number] <= allocated_ms:
            fail("claim", f"active time of 0 to {allocated_ms}", active[number])
        if amount != allocated_ms * price // _MS_PER_HOUR or amount < 0:
            fail("amounts", allocated_ms * price // _MS_PER_HOUR, amount)
        used[position] += allocated_ms
        usage.amount += amount
        if origin == _DOMESTIC:
            usage.domestic += amount
        elif origin == _FOREIGN:
            usage.foreign += amount
        if device is not None:
            if start_ms >= device.last_end_ms:
                device.last_end_ms = stop_ms
            else:
                other = fold.scratch.overlapping(device.number, start_ms, stop_ms)
                if other is not None:
                    fail("i6_overlap", f"{device_id.hex()} free in [{start_ms}, {stop_ms})", f"used by leaf {other}")
                device.last_end_ms = max(stop_ms, device.last_end_ms)
            put(device.number, start_ms, stop_ms, index)
        touched |= 1 << position
    if touched + 1 != 1 << len(table):
        fail("claim", "devices that are all used", "an unused one")
    usage.first_ms, usage.last_ms = first_ms, last_ms
    usage.allocated_ms = sum(allocated)
    usage.devices = [(row[0], row[1], used_ms) for row, used_ms in zip(table, used, strict=True)]
    totals = (usage.allocated_ms, sum(active), sum(energy), usage.amount)
    stated = (said.total_allocated_ms, said.total_active_ms, said.total_energy_wh, said.total_amount_fen)
    if totals != stated or (energy and min(energy) < 0):
        fail("amounts", f"totals {totals}", stated)
    return usage


def replaced_usage(
    fold: Fold, fail: Fail, index: int, said: Any, voucher: Voucher, replaced: dict[bytes, int]
) -> ClaimRow | None:
    """The superseded claim, if it could be; `replaced` gets its time by device."""
    old_index = said.superseded_index
    old = fold.scratch.claim_at(old_index) if old_index < index else None
    if old is None:
        fail("superseding", "the leaf of an accepted claim", old_index)
        return None
    if old.voucher != voucher.number:
        fail("superseding", "a claim of the same voucher", old_index)
    if old.state != ACCEPTED:
        fail("superseding", "a claim that is not superseded", old_index)
    if old.redemption is not None:
        fail("superseding", "a claim in no redemption", old_index)
    _, before = parse_again(fold.read_entry(old_index))
    if isinstance(before, claim_pb2.UsageAttestation):
        if before.provider_id != said.provider_id:
            fail("superseding", "a claim of the same provider", old_index)
        ids = before.device_ids
        for position, allocated_ms in zip(before.lines.device, before.lines.allocated_ms, strict=False):
            if position < len(ids):
                replaced[ids[position]] = replaced.get(ids[position], 0) + allocated_ms
    old.state = SUPERSEDED
    fold.scratch.update_claim(old)
    return old


def _check_columns(fail: Fail, said: Any, lines: Any, count: int, devices: int) -> bool:
    """1 to 500 lines, positions in range; names are optional as whole columns."""
    if not 0 < count <= MAX_LINES:
        fail("claim", f"1 to {MAX_LINES} lines", count)
        return False
    if max(lines.device) >= devices:
        fail("claim", f"device positions below {devices}", max(lines.device))
        return False
    for column in (lines.node, lines.cluster, lines.job):
        if column:
            if len(column) != count:
                fail("claim", f"optional columns of {count} values or none", len(column))
            if max(column) >= len(said.strings):
                fail("claim", f"string positions below {len(said.strings)}", max(column))
    return True


def _device_table(
    fold: Fold, fail: Fail, said: Any, voucher: Voucher
) -> list[tuple[Device | None, bytes, int, int]]:
    """Device, id, unit price and origin by position; each device is the provider's and what is said (I19)."""
    models = [(m.vendor, m.model, m.origin, m.unit_price_fen) for m in said.models]
    good = voucher.good_models
    for model in models:
        if model not in good:
            _check_model(fail, model, voucher)
    ids, of_models = list(said.device_ids), list(said.device_models)
    if len(ids) != len(of_models) or len(set(ids)) != len(ids):
        fail("claim", "different devices with a model each", f"{len(ids)} devices, {len(of_models)} models")
    known = fold.state.devices
    provider_id = said.provider_id
    table: list[tuple[Device | None, bytes, int, int]] = []
    for device_id, position in zip(ids, of_models, strict=False):
        if position >= len(models):
            fail("claim", f"model positions below {len(models)}", position)
            table.append((None, device_id, 0, 0))
            continue
        vendor, model_name, origin, price = models[position]
        device = known.get(device_id)
        if device is None or device.owner != provider_id or device.model != (vendor, model_name, origin):
            _explain_device(fail, device, device_id, provider_id, (vendor, model_name, origin))
        table.append((device, device_id, price, origin))
    return table


def _check_model(fail: Fail, model: tuple[str, str, int, int], voucher: Voucher) -> None:
    """Vendor allowed, price the contract's; a good model is remembered for the voucher."""
    vendor, name, _, price = model
    fine = True
    if voucher.allowed_vendors and vendor not in voucher.allowed_vendors:
        fail("i19_devices", f"a vendor of {sorted(voucher.allowed_vendors)}", vendor)
        fine = False
    prices = voucher.contract.prices
    if prices:
        agreed = prices.get(name, prices.get(""))
        if agreed != price:
            fail("price", agreed if agreed is not None else "a model of the contract", f"{price} for {name}")
            fine = False
    elif price < 0:
        fail("price", "a price of at least 0", price)
        fine = False
    if fine:
        voucher.good_models.add(model)


def _explain_device(
    fail: Fail, device: Device | None, device_id: bytes, provider_id: bytes, model: tuple[str, str, int]
) -> None:
    if device is None:
        fail("i19_devices", "a registered device", device_id)
    elif device.owner != provider_id:
        fail("i19_devices", f"a device of {provider_id.hex()}", f"{device_id.hex()} of {device.owner.hex()}")
    else:
        fail("i19_devices", device.model, model)
