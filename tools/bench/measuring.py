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
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

if TYPE_CHECKING:
    from collections.abc import Sequence

_MESSAGE_SIZE = 480
_PAGE_SIZE = 4_096
_SYNCS = 100
_SETTLE_S = 0.25
_QUIET_TICKS = 6
_PACKAGES = ("cryptography", "eventsourcing", "grpcio", "protobuf")


def say(text: str) -> None:
    """Tell the progress on stderr; stdout is for the result alone."""
    print(text, file=sys.stderr, flush=True)


def settle(*, most_s: float = 5.0) -> None:
    """Wait until nothing else runs on the machine, or as long as is allowed; only Linux can tell.

    A peer of one core does not notice a neighbour on the other, and a server does.
    """
    until_s = time.monotonic() + most_s
    while time.monotonic() < until_s:
        before = _busy_ticks()
        time.sleep(_SETTLE_S)
        if _busy_ticks() - before <= _QUIET_TICKS:
            return


def _busy_ticks() -> int:
    try:
        line = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
    except OSError:
        return 0
    user, nice, system = (int(value) for value in line.split()[1:4])
    return user + nice + system


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


def fdatasync_ms(folder: Path) -> float:
    """Median time that the disk of a folder takes to make one page durable, ms.

    A disk that answers in a tenth of a millisecond does not flush, and hides what group commit saves.
    """
    times_ms = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(_SYNCS):
            file.seek(0)
            file.write(bytes(_PAGE_SIZE))
            file.flush()
            began_s = time.perf_counter()
            os.fdatasync(file.fileno())
            times_ms.append((time.perf_counter() - began_s) * 1e3)
    return statistics.median(times_ms)


def hardware(folder: Path) -> dict[str, Any]:
    """The machine: processor, cores that this process may use, memory, system, the disk under `folder`."""
    return {
        "fdatasync_ms": rounded(fdatasync_ms(folder)),
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
