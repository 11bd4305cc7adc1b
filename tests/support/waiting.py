"""Waiting for something with a deadline, in place of sleeping for as long as it might take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

STEP_S = 0.01


def until(probe: Callable[[], T | None], *, what: str, within_s: float = 20.0) -> T:
    """The first value of `probe` that is not None or False; AssertionError naming `what` at the deadline."""
    end = time.monotonic() + within_s
    while True:
        found = probe()
        if found is not None and found is not False:
            return found
        if time.monotonic() >= end:
            raise AssertionError(f"not within {within_s} s: {what}")
        time.sleep(STEP_S)
