"""Every bound of an HTTP server in one place: bytes, counts and times."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds that hold whatever clients do.

    `connections` are open at once, `working` answered at once; a request's head has at most `head_bytes` and
    its target `target_chars`, arrives within `head_s` of when it could, and its body of at most `body_bytes`
    within `body_s`. An answer is taken within `answer_s` and what its bytes need at `bytes_per_s`.
    """

    connections: int = 256
    working: int = 32
    head_bytes: int = 16 * 1_024
    target_chars: int = 1_024
    head_s: float = 15.0
    body_bytes: int = 1_024
    body_s: float = 10.0
    answer_s: float = 30.0
    bytes_per_s: int = 16 * 1_024
    linger_s: float = 1.0
    linger_bytes: int = 256 * 1_024
