"""Read which GPUs a Slurm job held from its TRES and GRES columns.

This module parses one field. It must not choose devices (`placement`) or read files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ledger.client.usage.hostlist import expand_numbers
from ledger.domain.quantities import printable
from ledger.errors import MalformedError

MAX_GPUS = 100_000

_ALLOWED = "gres/gpu:MODEL=N, gpu:MODEL:N or gpu:MODEL:N(IDX:0-3), separated by commas"
_PARTS = re.compile(r"((?:[^,()]|\([^()]*\))+)(?:,|$)")
_TRES = re.compile(r"gres/gpu(?::([A-Za-z0-9._-]+))?=([0-9]{1,6})")
_GRES = re.compile(
    r"(?:gres[:/])?gpu(?::(?P<model>[A-Za-z_][A-Za-z0-9._-]*|[0-9][A-Za-z0-9._-]*[A-Za-z_.-][A-Za-z0-9._-]*))?"
    r"[:=](?P<count>[0-9]{1,6})(?:\((?:S:[0-9,-]+|IDX:(?P<indices>[0-9,-]*|N/A))\))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuRequest:
    """GPUs of one model: `count` over all nodes of the job, or `indices` on each node where known."""

    model: str
    count: int
    indices: tuple[int, ...]


def parse_tres(text: str) -> tuple[GpuRequest, ...]:
    """The GPUs of an `AllocTRES` value such as `cpu=8,gres/gpu=4,gres/gpu:h800=4,node=1`.

    Counts are the job's totals. The total without a model is used only where no model is given; it has
    an empty model then. Raises MalformedError for a GPU entry that does not parse, or models whose sum is
    not the total.
    """
    typed: list[GpuRequest] = []
    total: int | None = None
    for part in text.split(",") if text else ():
        if not part.startswith("gres/gpu") or part.startswith(("gres/gpumem", "gres/gpuutil")):
            continue
        match = _TRES.fullmatch(part)
        if match is None:
            raise _refusal(part)
        if match[1]:
            typed.append(GpuRequest(model=match[1], count=int(match[2]), indices=()))
        else:
            total = int(match[2])
    if not typed and total is not None:
        typed = [GpuRequest(model="", count=total, indices=())]
    elif total is not None and total != sum(request.count for request in typed):
        raise _refusal(text)
    return _checked(typed, text)


def parse_gres(text: str) -> tuple[GpuRequest, ...]:
    """The GPUs of an `AllocGRES` or GRES detail value such as `gpu:h800:4(IDX:0-3)`.

    With indices the entry holds for each node of the job; without, its count is the job's total. Raises
    MalformedError for a GPU entry that does not parse or whose indices are not as many as its count.
    """
    requests: list[GpuRequest] = []
    position = 0
    while position < len(text):
        part = _PARTS.match(text, position)
        if part is None:
            raise _refusal(text)
        position = part.end()
        if not re.match(r"(?:gres[:/])?gpu[:=]", part[1]):
            continue
        match = _GRES.fullmatch(part[1])
        if match is None:
            raise _refusal(part[1])
        count = int(match["count"])
        listed = match["indices"] or ""
        indices = tuple(int(number) for number in expand_numbers(listed)) if listed not in {"", "N/A"} else ()
        if indices and (len(indices) != count or len(set(indices)) != count):
            raise _refusal(part[1])
        requests.append(GpuRequest(model=match["model"] or "", count=count, indices=indices))
    return _checked(requests, text)


def _checked(requests: list[GpuRequest], text: str) -> tuple[GpuRequest, ...]:
    held = tuple(request for request in requests if request.count)
    models = {request.model for request in held}
    indices = [index for request in held for index in request.indices]
    total = sum(request.count for request in held)
    if len(models) != len(held) or len(set(indices)) != len(indices) or total > MAX_GPUS:
        raise _refusal(text)
    return held


def _refusal(text: str) -> MalformedError:
    return MalformedError(f"{printable(text)} does not say which GPUs", hint=f"allowed: {_ALLOWED}")
