"""Arithmetic on the curve edwards25519, only as far as judging a public key needs it.

It works on public values and is not constant-time: it must never touch a secret.
"""

from __future__ import annotations

from typing import Final

FIELD: Final = 2**255 - 19
GROUP_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
ENCODING_SIZE: Final = 32
_D: Final = -121665 * pow(121666, -1, FIELD) % FIELD
_SQRT_MINUS_ONE: Final = pow(2, (FIELD - 1) // 4, FIELD)

Point = tuple[int, int, int, int]
"""Extended coordinates (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z (RFC 8032 section 5.1.4)."""


def decode(encoding: bytes) -> Point | None:
    """The point of a canonical 32-byte encoding, or None (RFC 8032 section 5.1.3)."""
    value = int.from_bytes(encoding, "little")
    sign, y = value >> 255, value & (1 << 255) - 1
    if len(encoding) != ENCODING_SIZE or y >= FIELD:
        return None
    numerator, denominator = (y * y - 1) % FIELD, (_D * y * y + 1) % FIELD
    x = numerator * denominator**3 * pow(numerator * denominator**7 % FIELD, (FIELD - 5) // 8, FIELD) % FIELD
    square = denominator * x * x % FIELD
    if square == -numerator % FIELD:
        x = x * _SQRT_MINUS_ONE % FIELD
    elif square != numerator:
        return None
    if x == 0 and sign:
        return None
    if x & 1 != sign:
        x = FIELD - x
    return x, y, 1, x * y % FIELD


def is_torsion_free(point: Point) -> bool:
    """Whether the group order times the point is the identity: no component of order 2, 4 or 8."""
    x, y, z, _ = _multiply(GROUP_ORDER, point)
    return x == 0 and y == z


def _add(first: Point, second: Point) -> Point:
    """The sum, complete for every pair of points (RFC 8032 section 5.1.4)."""
    x1, y1, z1, t1 = first
    x2, y2, z2, t2 = second
    a = (y1 - x1) * (y2 - x2) % FIELD
    b = (y1 + x1) * (y2 + x2) % FIELD
    c = 2 * t1 * t2 * _D % FIELD
    d = 2 * z1 * z2 % FIELD
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % FIELD, g * h % FIELD, f * g % FIELD, e * h % FIELD


def _double(point: Point) -> Point:
    """Twice the point (RFC 8032 section 5.1.4)."""
    x, y, z, _ = point
    a = x * x % FIELD
    b = y * y % FIELD
    h = a + b
    e = h - (x + y) * (x + y) % FIELD
    g = a - b
    f = 2 * z * z + g
    return e * f % FIELD, g * h % FIELD, f * g % FIELD, e * h % FIELD


def _multiply(scalar: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    for bit in range(scalar.bit_length() - 1, -1, -1):
        result = _double(result)
        if scalar >> bit & 1:
            result = _add(result, point)
    return result
