"""Write the sample usage file of the demonstration: made-up jobs, the same bytes every time.

Run `python tools/dev/make_sample_usage.py [FILE]`. It must not read any real usage.
"""

from __future__ import annotations

import csv
import hashlib
import io
import sys
from pathlib import Path

from ledger.client.usage.generic_csv import COLUMNS
from ledger.domain.days import end_ms, format_rfc3339, parse_day, start_ms

_TARGET = Path(__file__).resolve().parents[1] / "ledger_play" / "sample-usage.csv"
_FIRST_DAY, _LAST_DAY = "2026-02-01", "2026-05-31"
_NODES = (("gpu-a", "H800"), ("gpu-b", "A100"), ("gpu-c", "910B"))
_DEVICES_PER_NODE = 4
_JOBS_PER_DEVICE = 25
_TENANT_COUNT = 4
_STATES = ("COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED", "FAILED", "TIMEOUT")
_MS_PER_MINUTE = 60_000


def _pick(label: str, limit: int) -> int:
    """A number below `limit` that depends on the label only."""
    return int.from_bytes(hashlib.sha256(f"sample-usage:{label}".encode()).digest()[:8], "big") % limit


def make_sample_usage() -> str:
    """The text of the sample: 300 device intervals, none overlapping on its device, in order of start.

    Four tenants, twelve devices on three nodes, times in whole minutes from 2026-02-01 to 2026-05-31.
    """
    begin_ms, finish_ms = start_ms(parse_day(_FIRST_DAY)), end_ms(parse_day(_LAST_DAY))
    slot_minutes = (finish_ms - begin_ms) // _MS_PER_MINUTE // _JOBS_PER_DEVICE
    intervals = []
    for node, model in _NODES:
        for device in range(_DEVICES_PER_NODE):
            for job in range(_JOBS_PER_DEVICE):
                label = f"{node}/{device}/{job}"
                first = _pick(f"{label}/first", slot_minutes // 2)
                length = 30 + _pick(f"{label}/length", slot_minutes - first - 30)
                job_start_ms = begin_ms + (job * slot_minutes + first) * _MS_PER_MINUTE
                intervals.append((job_start_ms, label, node, f"{node}-{device}", model, length))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, (job_start_ms, label, node, device_id, model, length) in enumerate(
        sorted(intervals), start=1
    ):
        writer.writerow(
            (
                "sample",
                f"job-{number:04d}",
                f"tenant-{_pick(f'{label}/tenant', _TENANT_COUNT) + 1:02d}",
                node,
                device_id,
                model,
                format_rfc3339(job_start_ms),
                format_rfc3339(job_start_ms + length * _MS_PER_MINUTE),
                _STATES[_pick(f"{label}/state", len(_STATES))],
            )
        )
    return text.getvalue()


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else _TARGET
    target.write_bytes(make_sample_usage().encode())
