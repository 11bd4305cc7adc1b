"""Expand Slurm's short form of node lists, such as `node[01-03,07],login1`.

This module only rewrites names. It must not know files or jobs.
"""

from __future__ import annotations

import re
from itertools import product
from math import prod

from ledger.domain.quantities import printable
from ledger.errors import MalformedError

MAX_NODES = 10_000

_ALLOWED = f"names and ranges such as node[01-03,07], up to {MAX_NODES} different nodes"
_ENTRY = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9,-]+\])+")
_ENTRIES = re.compile(r"((?:[^,\[\]]|\[[^\[\]]*\])+)(?:,|$)")
_PIECE = re.compile(r"\[([0-9,-]+)\]|([A-Za-z0-9._-]+)")
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


def expand_hostlist(text: str) -> tuple[str, ...]:
    """The node names that `text` stands for, in its order; numbers keep their leading zeros.

    An entry may hold several brackets; then every combination is meant. Raises MalformedError for broken
    brackets, empty entries, ranges that run down, a name that comes twice, and more than 10,000 nodes.
    """
    nodes: list[str] = []
    position = 0
    while position < len(text) or not nodes:
        match = _ENTRIES.match(text, position)
        if match is None or _ENTRY.fullmatch(match[1]) is None or text[position:] == f"{match[1]},":
            raise _refusal(text)
        pieces = [
            expand_numbers(numbers) if numbers else (literal,)
            for numbers, literal in _PIECE.findall(match[1])
        ]
        if len(nodes) + prod(len(piece) for piece in pieces) > MAX_NODES:
            raise _refusal(text)
        nodes.extend("".join(combination) for combination in product(*pieces))
        position = match.end()
    if len(set(nodes)) != len(nodes):
        raise _refusal(text)
    return tuple(nodes)


def expand_numbers(text: str) -> tuple[str, ...]:
    """The numbers that `01-03,07` stands for, as text with their leading zeros, in order.

    Raises MalformedError for anything but numbers and rising ranges, and for more than 10,000 numbers.
    """
    numbers: list[str] = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part)
        if match is None:
            raise _refusal(text)
        first, last = int(match[1]), int(match[2] or match[1])
        if not first <= last < first + MAX_NODES - len(numbers):
            raise _refusal(text)
        width = len(match[1]) if match[1].startswith("0") else 1
        numbers.extend(f"{number:0{width}d}" for number in range(first, last + 1))
    return tuple(numbers)


def _refusal(text: str) -> MalformedError:
    return MalformedError(f"{printable(text)} is not a node list", hint=f"allowed: {_ALLOWED}")
