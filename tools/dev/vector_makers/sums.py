"""Money: the two floors, instalments and shares, all in integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vector_makers.casework import Case, case

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMENT = (
    "Amounts in fen, rates in basis points, times in milliseconds (format.md, section 4). All cases are "
    "valid; a reader computes the last field."
)


def _lines() -> Iterator[Case]:
    for allocated_ms, price in [
        (3_600_000, 1_299),
        (1, 3_599_999),
        (1, 3_600_000),
        (3_599_999, 1),
        (86_400_000, 1_850),
        (0, 5),
        (7, 0),
    ]:
        fen = allocated_ms * price // 3_600_000
        yield case("a line", kind="line", allocated_ms=allocated_ms, unit_price_fen=price, amount_fen=fen)


def _entitlements() -> Iterator[Case]:
    for rate, base in [
        (5_000, 20_000_000_00),
        (5_000, 3),
        (6_000, 1),
        (3_333, 10_001),
        (10_000, 7),
        (1, 9_999),
        (0, 5),
    ]:
        yield case(
            "an entitlement",
            kind="entitlement",
            rate_bp=rate,
            base_fen=base,
            amount_fen=rate * base // 10_000,
        )
    for base, parts in [(1_000_01, [(5_000, 3), (3_000, 4)]), (999, [(6_000, 1), (1, 1), (0, 1)])]:
        weighted = sum(rate * part for rate, part in parts)
        fen = base * weighted // (10_000 * sum(part for _, part in parts))
        yield case(
            "rates by origin, floored once",
            "weighted",
            kind="weighted",
            base_fen=base,
            parts=parts,
            amount_fen=fen,
        )


def _instalments() -> Iterator[Case]:
    for amount, shares in [
        (100, [10_000]),
        (1_001, [5_000, 5_000]),
        (10, [3_333, 3_333, 3_334]),
        (1, [1, 9_999]),
        (0, [4_000, 6_000]),
    ]:
        parts = [share * amount // 10_000 for share in shares[:-1]]
        yield case(
            "instalments",
            kind="instalments",
            amount_fen=amount,
            shares_bp=shares,
            instalments_fen=[*parts, amount - sum(parts)],
        )


def _allotments() -> Iterator[Case]:
    for available, queued in [
        (100, [60, 60]),
        (1, [1, 1, 1]),
        (1_000, [400, 300]),
        (9_999, [10_000, 1, 9_999]),
        (0, [5]),
    ]:
        whole = sum(queued)
        faces = queued if whole <= available else [amount * available // whole for amount in queued]
        yield case(
            "an allocation", kind="pro_rata", available_fen=available, queued_fen=queued, faces_fen=faces
        )


def cases() -> list[Case]:
    """All cases."""
    return [*_lines(), *_entitlements(), *_instalments(), *_allotments()]
