"""Rounds, medians and what a result was measured on.

Peer and project take turns, so that what else the machine does meets both. No ledger is known here.
"""

from __future__ import annotations

import math
import os
import platform
import sqlite3
import statistics
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

if TYPE_CHECKING:
    from collections.abc import Sequence

_MESSAGE_SIZE = 480
_PACKAGES = ("cryptography", "eventsourcing", "grpcio", "protobuf")


def say(text: str) -> None:
    """Tell the progress on stderr; stdout is for the result alone."""
    print(text, file=sys.stderr, flush=True)


def verifications_per_s(*, seconds: float = 0.5) -> float:
    """Ed25519 verifications a second of one thread, over messages as long as a claim's signed bytes."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    verify = key.public_key().verify
    message = bytes(_MESSAGE_SIZE)
    signature = key.sign(message)
    count = 0
    began_s = time.perf_counter()
    while (spent_s := time.perf_counter() - began_s) < seconds:
        for _ in range(50):
            verify(signature, message)
        count += 50
    return count / spent_s


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed; ValueError for no values."""
    if not values:
        raise ValueError("there is nothing to take a percentile of")
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1]


def median_ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """The median of project ÷ peer over the rounds; a pair is (project, peer) of one round."""
    return statistics.median(project / peer for project, peer in pairs)


def rounded(value: float) -> float:
    """Three significant digits, which is more than a shared machine can tell."""
    return float(f"{value:.3g}")


def raw_rounds(pairs: Sequence[tuple[float, float]], *, unit: str) -> dict[str, Any]:
    """What the rounds gave, project and peer, for the `raw` part of the result."""
    return {
        "unit": unit,
        "project": [rounded(project) for project, _ in pairs],
        "peer": [rounded(peer) for _, peer in pairs],
    }


def hardware() -> dict[str, Any]:
    """The machine: processor, cores that this process may use, memory, system."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        "system": f"{platform.system()} {platform.release()}",
        "verifications_per_s": rounded(verifications_per_s()),
    }


def versions() -> dict[str, str]:
    """Versions of the interpreter and of what the ratios stand on."""
    found = {name: metadata.version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version, **found}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    values = dict(line.split(":", 1) for line in lines if ":" in line)
    named = {name.strip(): value.strip() for name, value in values.items()}
    return f"{named.get('model name', platform.machine())}, {named.get('cpu MHz', '?')} MHz"
