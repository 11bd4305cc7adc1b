"""Plain mutations of bytes, where no fuzzer is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_ODD = (
    b"\x00",
    b"\xff",
    b"\n",
    b"\r\n",
    b"-1",
    b"+1",
    b" ",
    b"\xe2\x80\x94",
    b"9" * 30,
    b"[" * 50,
    b"\x80" * 11,
    b"=",
    b"\xed\xa0\x80",
)


def mutated(data: bytes, draw: random.Random, *, max_len: int) -> bytes:
    """The bytes with one to four changes: bits, odd pieces, cuts, repeats."""
    made = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        place = draw.randint(0, len(made))
        way = draw.randrange(6)
        if way == 0 and place < len(made):
            made[place] ^= 1 << draw.randrange(8)
        elif way == 1:
            made[place:place] = draw.choice(_ODD)
        elif way == 2:
            del made[place : place + draw.randint(1, 40)]
        elif way == 3:
            made[place:place] = made[place : place + draw.randint(1, 40)]
        elif way == 4 and place < len(made):
            made[place] = draw.randrange(256)
        else:
            made = made[:place]
    return bytes(made[:max_len])
