"""Indicators in usage: prices, idle devices, the last day, numbers that are missing."""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections import Counter, defaultdict
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ledger.v1 import claim_pb2
from ledger_audit.claim_frame import intervals_of
from ledger_audit.indicators_types import MOST_INDEXES, Indicator, Record
from ledger_audit.money import BP, MS_PER_DAY, day_of_ms, day_start_ms, year_of_day
from ledger_audit.scan import parse_again

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger_audit.dossiers import Voucher
    from ledger_audit.entities import Contract
    from ledger_audit.fold import Fold
    from ledger_audit.indicators_types import Thresholds
    from ledger_audit.state import State
    from ledger_audit.watch import Seen

_CLAIMS = ("claim_accepted", "service_claim_accepted")
_MOST_RANGES = 10
_EPOCH = date(1970, 1, 1).toordinal()


class HighPrice:
    """A contract whose price of an accelerator model is far above the median of all contracts."""

    kinds = ("contract_registered", "claim_accepted")

    def __init__(self, thresholds: Thresholds) -> None:
        self._ratio_bp = thresholds.price_ratio_bp
        self._prices: dict[str, dict[tuple[bytes, int], int]] = defaultdict(dict)
        """By model: the leaf that first shows a contract at a price."""

    def see(self, fold: Fold, seen: Seen) -> None:
        """Remember what a contract or a claim says of prices."""
        said = seen.statement
        if seen.kind == "claim_accepted":
            contract = _contract_of(fold, said)
            if contract is not None:
                for model in said.models:
                    name = (contract.contract_id, model.unit_price_fen)
                    self._prices[model.model].setdefault(name, seen.index)
            return
        for price in said.prices:
            if price.model:
                self._prices[price.model].setdefault((said.contract_id, price.unit_price_fen), seen.index)

    def finish(self, state: State) -> Iterator[Record]:
        """Compare with the median; of an even number it is the mean of the two in the middle."""
        for model, places in self._prices.items():
            prices = sorted(price for _, price in places)
            half = len(prices) // 2
            doubled = prices[half] + prices[-half - 1]
            for (contract_id, price), index in places.items():
                contract = state.contracts.get(contract_id)
                if contract is None or 2 * price * BP <= self._ratio_bp * doubled:
                    continue
                yield Record.of(
                    Indicator.HIGH_PRICE,
                    contract.terms.beneficiary_id,
                    (contract.index, index),
                    model=model,
                    price_fen=price,
                    median_fen=doubled // 2,
                    prices=len(prices),
                )


class IdleDevice:
    """A device that is allocated nearly all of a month and hardly active, where activity is attested."""

    kinds = ("claim_accepted",)

    def __init__(self, thresholds: Thresholds) -> None:
        self._allocated_bp, self._active_bp = thresholds.allocated_bp, thresholds.active_bp
        self._months: dict[tuple[bytes, int], _Month] = {}
        """By device and first day of the month."""

    def see(self, fold: Fold, seen: Seen) -> None:
        """Count a claim; one that it replaces counts no longer."""
        said = seen.statement
        if said.HasField("superseded_index") and said.superseded_index < seen.index:
            _, old = parse_again(fold.read_entry(said.superseded_index))
            if isinstance(old, claim_pb2.UsageAttestation) and old.voucher_id == said.voucher_id:
                self._count(old, seen.index, sign=-1)
        self._count(said, seen.index, sign=1)

    def finish(self, state: State) -> Iterator[Record]:
        """The device-months past both thresholds, for everybody who had the device then."""
        del state
        for (device_id, first_day), month in self._months.items():
            label, _, until_day = _month_of(first_day)
            whole = (until_day - first_day) * MS_PER_DAY
            used, active = month.allocated, month.active
            if used * BP <= self._allocated_bp * whole or active * BP >= self._active_bp * used:
                continue
            for beneficiary_id, leaves in month.leaves.items():
                yield Record.of(
                    Indicator.IDLE_DEVICE,
                    beneficiary_id,
                    leaves,
                    device=device_id.hex(),
                    month=label,
                    allocated_bp=used * BP // whole,
                    active_bp=active * BP // used,
                )

    def _count(self, said: claim_pb2.UsageAttestation, index: int, *, sign: int) -> None:
        lines, ids = said.lines, said.device_ids[:]
        active = lines.active_ms[:]
        if not active:
            return
        rows = zip(intervals_of(said), lines.device[:], lines.allocated_ms[:], active, strict=False)
        for (start_ms, end_ms), position, allocated_ms, active_ms in rows:
            if position >= len(ids):
                continue
            for first_day, *parts in _by_month(start_ms, end_ms, allocated_ms, active_ms):
                month = self._months.setdefault((ids[position], first_day), _Month())
                month.allocated += sign * parts[0]
                month.active += sign * parts[1]
                first, _ = month.leaves.get(said.beneficiary_id, (index, index))
                month.leaves[said.beneficiary_id] = (first, index)


class _Month:
    """How long a device was allocated and active in a month, ms, and the first and last leaf of each user."""

    __slots__ = ("active", "allocated", "leaves")

    def __init__(self) -> None:
        self.allocated = self.active = 0
        self.leaves: dict[bytes, tuple[int, int]] = {}


class LastDayUsage:
    """Claims whose usage ends on the last day of the contract or of the voucher."""

    kinds = _CLAIMS

    def __init__(self, thresholds: Thresholds) -> None:
        del thresholds
        self._leaves: dict[tuple[bytes, str], list[int]] = defaultdict(list)
        self._counts: Counter[tuple[bytes, str]] = Counter()

    def see(self, fold: Fold, seen: Seen) -> None:
        """Compare the end of a claim with the last days of its voucher."""
        said = seen.statement
        voucher = fold.state.vouchers.get(said.voucher_id)
        last_ms = max((end_ms for _, end_ms in intervals_of(said)), default=None)
        if voucher is None or last_ms is None:
            return
        day = day_of_ms(last_ms - 1)
        for bound, last_day in _last_days(voucher):
            if day == last_day:
                name = (voucher.voucher_id, bound)
                self._counts[name] += 1
                if len(self._leaves[name]) < MOST_INDEXES:
                    self._leaves[name].append(seen.index)

    def finish(self, state: State) -> Iterator[Record]:
        """One record for each voucher and last day."""
        for (voucher_id, bound), leaves in self._leaves.items():
            voucher = state.vouchers[voucher_id]
            yield Record.of(
                Indicator.LAST_DAY_USAGE,
                voucher.beneficiary_id,
                leaves,
                claims=self._counts[voucher_id, bound],
                last_day=dict(_last_days(voucher))[bound],
                bound=bound,
                voucher=voucher_id.hex(),
            )


class SequenceGap:
    """Attestation numbers of a provider on a voucher that the record does not show as accepted."""

    kinds = (*_CLAIMS, "claim_refused")

    def __init__(self, thresholds: Thresholds) -> None:
        del thresholds
        self._numbers: dict[bytes, Numbers] = defaultdict(Numbers)
        self._refused: Counter[bytes] = Counter()

    def see(self, fold: Fold, seen: Seen) -> None:
        """Remember a number, or that a claim of the voucher was refused: its number is not kept."""
        if seen.kind == "claim_refused":
            voucher_id = seen.event.claim_refused.voucher_id  # type: ignore[union-attr]
            if voucher_id in fold.state.vouchers:
                self._refused[voucher_id] += 1
        elif seen.statement.voucher_id in fold.state.vouchers:
            self._numbers[seen.statement.voucher_id].take(seen.statement.sequence, seen.index)

    def finish(self, state: State) -> Iterator[Record]:
        """One record for each voucher with gaps; its leaves have the numbers right after them."""
        for voucher_id, numbers in self._numbers.items():
            if not numbers.starts:
                continue
            voucher, ranges = state.vouchers[voucher_id], sorted(numbers.gaps.items())
            shown = [f"{start}-{stop}" if stop > start else f"{start}" for start, (stop, _) in ranges]
            more = ["…"] if len(shown) > _MOST_RANGES else []
            yield Record.of(
                Indicator.SEQUENCE_GAP,
                voucher.beneficiary_id,
                (leaf for _, (_, leaf) in ranges),
                missing=str(sum(stop - start + 1 for start, (stop, _) in ranges)),
                numbers=", ".join(shown[:_MOST_RANGES] + more),
                newest=str(numbers.newest),
                refused=self._refused[voucher_id],
                voucher=voucher_id.hex(),
                provider=voucher.provider_id.hex(),
            )


class Numbers:
    """The newest number, and the gaps before it: by their first number the last one and the leaf after."""

    __slots__ = ("gaps", "newest", "starts")

    def __init__(self) -> None:
        self.newest = 0
        self.starts: list[int] = []
        self.gaps: dict[int, tuple[int, int]] = {}

    def take(self, number: int, leaf: int) -> None:
        """A number is used: it ends a gap before it, or fills a part of one."""
        if number > self.newest:
            if number > self.newest + 1:
                self._add(self.newest + 1, number - 1, leaf)
            self.newest = number
            return
        place = bisect_right(self.starts, number) - 1
        if place < 0 or number > self.gaps[self.starts[place]][0]:
            return
        start = self.starts.pop(place)
        stop, after = self.gaps.pop(start)
        if start < number:
            self._add(start, number - 1, leaf)
        if number < stop:
            self._add(number + 1, stop, after)

    def _add(self, start: int, stop: int, leaf: int) -> None:
        self.starts.insert(bisect_right(self.starts, start), start)
        self.gaps[start] = (stop, leaf)


def _contract_of(fold: Fold, said: Any) -> Contract | None:
    voucher = fold.state.vouchers.get(said.voucher_id)
    return voucher.contract if voucher is not None else None


def _last_days(voucher: Voucher) -> list[tuple[str, int]]:
    days = [("voucher", voucher.valid_until_day - 1)]
    return [("contract", voucher.contract.terms.to_day), *days] if voucher.contract is not None else days


def _by_month(
    start_ms: int, end_ms: int, allocated_ms: int, active_ms: int
) -> Iterator[tuple[int, int, int]]:
    """First day of each month that a line touches, and its parts of both times; the last takes the rest."""
    whole, left = end_ms - start_ms, (allocated_ms, active_ms)
    while start_ms < end_ms:
        label, first_day, until_day = _month_of(day_of_ms(start_ms))
        stop_ms = min(end_ms, day_start_ms(until_day))
        if stop_ms == end_ms or not label:
            yield first_day, *left
            return
        part = stop_ms - start_ms
        parts = (allocated_ms * part // whole, active_ms * part // whole)
        yield first_day, *parts
        left = (left[0] - parts[0], left[1] - parts[1])
        start_ms = stop_ms


@lru_cache(maxsize=4096)
def _month_of(day: int) -> tuple[str, int, int]:
    """A month as YYYY-MM, its first day and the next month's; no name for days that no calendar has."""
    year, _ = year_of_day(day)
    if not year:
        return "", day, day + 1
    found = date.fromordinal(day + _EPOCH)
    first = found.replace(day=1)
    last = first.toordinal() + monthrange(found.year, found.month)[1]
    return f"{found:%Y-%m}", first.toordinal() - _EPOCH, last - _EPOCH
