"""Read usage from the output of `sacct -P`: one row for each GPU of each node of each finished job.

This module reads the allocation of whole jobs. It must not count a job's steps again or guess a time zone.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO

from ledger.client.usage.gres import GpuRequest, parse_gres, parse_tres
from ledger.client.usage.hostlist import expand_hostlist
from ledger.client.usage.placement import Placement
from ledger.client.usage.rows import Place, UsageRow, check_count, check_header, read_lines
from ledger.domain.days import parse_rfc3339_ms
from ledger.domain.quantities import printable
from ledger.errors import LedgerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

STEP = "job step"
NOT_STARTED = "not started"
STILL_RUNNING = "still running"
NO_TIME = "no time used"
NO_GPU = "no GPU"

_REQUIRED = ("JobID", "NodeList", "Start", "End", "State")
_TENANT_COLUMNS = ("Account", "User")
_GPU_COLUMNS = ("GRES_IDX", "AllocGRES", "AllocTRES")
_KNOWN = "JobID, Account or User, NodeList, Start, End, State, and AllocTRES, AllocGRES or GRES_IDX"
_UNKNOWN_TIMES = frozenset({"", "Unknown", "None"})
_NO_NODES = frozenset({"", "None assigned", "None", "(null)"})
_LOCAL_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_OFFSET = re.compile(r"Z|[+-][0-9]{2}:[0-9]{2}")
_GPU_ALLOWED = (
    "a GPU model, such as gres/gpu:h800=4, in every job (AccountingStorageTRES), or a default model"
)
_MAX_ROWS = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SlurmUsage:
    """The rows of a file in its order, and how many lines gave no row, by reason."""

    rows: tuple[UsageRow, ...]
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlurmOptions:
    """What the file does not say: its offset from UTC, and the cluster and GPU model where it lacks them."""

    utc_offset: str = "+08:00"
    cluster: str = ""
    device_model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    cluster: str
    job_id: str
    tenant: str
    nodes: tuple[str, ...]
    gpus: tuple[GpuRequest, ...]
    start_ms: int
    end_ms: int
    state: str


def read_slurm(path: Path, *, options: SlurmOptions) -> SlurmUsage:
    """The GPU usage in a `sacct -P` file; UsageError as `parse_slurm`, and if it cannot be read."""
    try:
        with path.open("rb") as stream:
            return parse_slurm(stream, name=path.name, options=options)
    except OSError as error:
        raise UsageError(f"{path.name}: cannot be read: {error.strerror}", hint="check the path") from error


def parse_slurm(stream: BinaryIO, *, name: str, options: SlurmOptions) -> SlurmUsage:
    """The GPU usage in the output of `sacct -P`, whose times are local to `options.utc_offset`.

    A device is `node/gpuN`: N is the GPU index where the file has one (GRES_IDX, or AllocGRES with IDX),
    else the lowest ordinal of the node that is free, jobs taken in order of start. Totals over several
    nodes are divided evenly. Steps, jobs that did not start or still run, empty intervals and jobs without
    a GPU are left out and counted. The whole file is held, at most 2,000,000 rows. Raises UsageError
    naming file, line, column, the text and what is allowed for the first bad line.
    """
    if _OFFSET.fullmatch(options.utc_offset) is None:
        raise UsageError(f"{printable(options.utc_offset)} is not an offset", hint='allowed: "+08:00", "Z"')
    left_out: Counter[str] = Counter()
    jobs: list[_Job] = []
    row_count = 0
    for place, fields in _records(stream, name=name):
        job = _Line(place=place, fields=fields, options=options).job()
        if isinstance(job, str):
            left_out[job] += 1
            continue
        row_count += sum(len(gpu.indices) * len(job.nodes) or gpu.count for gpu in job.gpus)
        if row_count > _MAX_ROWS:
            raise place.error("too many rows", allowed=f"at most {_MAX_ROWS} device intervals a file")
        jobs.append(job)
    return SlurmUsage(rows=tuple(_place_jobs(jobs)), left_out=MappingProxyType(dict(left_out)))


def _records(stream: BinaryIO, *, name: str) -> Iterator[tuple[Place, dict[str, str]]]:
    header: list[str] = []
    for number, line in enumerate(read_lines(stream, name=name), start=1):
        place = Place(name=name, line=number)
        fields = line.removesuffix("\n").removesuffix("\r").split("|")
        if header:
            check_count(fields, header, place=place)
            yield place, dict(zip(header, fields, strict=True))
            continue
        header = fields
        check_header(header, place=place)
        _check_columns(header, place)
    if not header:
        raise Place(name=name, line=1).error("no header", allowed=_KNOWN)


def _check_columns(header: Sequence[str], place: Place) -> None:
    for wanted in (*((column,) for column in _REQUIRED), _TENANT_COLUMNS, _GPU_COLUMNS):
        if not any(column in header for column in wanted):
            raise place.error(f"no column {' or '.join(wanted)}", allowed=_KNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    place: Place
    fields: dict[str, str]
    options: SlurmOptions

    def job(self) -> _Job | str:
        """The job of this line, or the reason for which it gives no row."""
        job_id = self.place.text(self.fields["JobID"], column="JobID")
        if "." in job_id:
            return STEP
        if self.fields["Start"] in _UNKNOWN_TIMES or self.fields["NodeList"] in _NO_NODES:
            return NOT_STARTED
        if self.fields["End"] in _UNKNOWN_TIMES:
            return STILL_RUNNING
        start_ms, end_ms = self._time("Start"), self._time("End")
        if end_ms < start_ms:
            raise self._error("End", "is before the start", f"{self.fields['Start']} or later")
        gpus = self._gpus()
        if not gpus or start_ms == end_ms:
            return NO_TIME if gpus else NO_GPU
        return _Job(
            cluster=self.place.text(self.fields.get("Cluster") or self.options.cluster, column="Cluster"),
            job_id=job_id,
            tenant=self._tenant(),
            nodes=self._nodes(gpus),
            gpus=gpus,
            start_ms=start_ms,
            end_ms=end_ms,
            # "CANCELLED by 1001" names a user; only the state itself is kept.
            state=self.place.text(self.fields["State"].partition(" ")[0], column="State"),
        )

    def _error(self, column: str, problem: str, allowed: str) -> UsageError:
        return self.place.error(f"{printable(self.fields[column])} {problem}", allowed=allowed, column=column)

    def _time(self, column: str) -> int:
        text = self.fields[column]
        try:
            if _LOCAL_TIME.fullmatch(text):
                return parse_rfc3339_ms(text + self.options.utc_offset)
        except LedgerError as error:
            raise self._error(column, "is not a time", "a local time, YYYY-MM-DDTHH:MM:SS") from error
        raise self._error(column, "is not a time", "a local time, YYYY-MM-DDTHH:MM:SS, Unknown or None")

    def _tenant(self) -> str:
        column = next((name for name in _TENANT_COLUMNS if self.fields.get(name)), _TENANT_COLUMNS[0])
        return self.place.text(self.fields.get(column, ""), column=column)

    def _gpus(self) -> tuple[GpuRequest, ...]:
        column = next((name for name in _GPU_COLUMNS if self.fields.get(name)), "")
        if not column:
            return ()
        try:
            parse = parse_tres if column == "AllocTRES" else parse_gres
            requests = parse(self.fields[column])
        except LedgerError as error:
            allowed = error.hint.removeprefix("allowed: ")
            raise self._error(column, "does not say which GPUs", allowed) from error
        named = tuple(
            GpuRequest(model=gpu.model or self.options.device_model, count=gpu.count, indices=gpu.indices)
            for gpu in requests
        )
        if not all(gpu.model for gpu in named) or len({gpu.model for gpu in named}) != len(named):
            raise self._error(column, "has no GPU model", _GPU_ALLOWED)
        return named

    def _nodes(self, gpus: tuple[GpuRequest, ...]) -> tuple[str, ...]:
        try:
            nodes = expand_hostlist(self.fields["NodeList"])
        except LedgerError as error:
            allowed = error.hint.removeprefix("allowed: ")
            raise self._error("NodeList", "is not a node list", allowed) from error
        for gpu in gpus:
            if not gpu.indices and gpu.count % len(nodes):
                raise self._error(
                    "NodeList",
                    f"has {len(nodes)} nodes for {gpu.count} GPUs",
                    "a number of GPUs that the nodes share evenly, or GPU indices (GRES_IDX)",
                )
        return nodes


def _place_jobs(jobs: Sequence[_Job]) -> Iterator[UsageRow]:
    placement = Placement()
    for job in jobs:
        for node in job.nodes:
            for gpu in job.gpus:
                for ordinal in gpu.indices:
                    placement.record(
                        node=node, ordinal=ordinal, model=gpu.model, start_ms=job.start_ms, end_ms=job.end_ms
                    )
    chosen: dict[int, list[tuple[str, str, int]]] = {}
    for index in sorted(range(len(jobs)), key=lambda index: jobs[index].start_ms):
        chosen[index] = list(_devices(jobs[index], placement))
    for index, job in enumerate(jobs):
        for node, model, ordinal in chosen[index]:
            yield UsageRow(
                cluster=job.cluster,
                job_id=job.job_id,
                tenant=job.tenant,
                node=node,
                device_id=f"{node}/gpu{ordinal}",
                device_model=model,
                start_ms=job.start_ms,
                end_ms=job.end_ms,
                state=job.state,
            )


def _devices(job: _Job, placement: Placement) -> Iterator[tuple[str, str, int]]:
    for node in job.nodes:
        for gpu in job.gpus:
            for ordinal in gpu.indices:
                yield node, gpu.model, ordinal
            for _ in range(0 if gpu.indices else gpu.count // len(job.nodes)):
                ordinal = placement.choose(
                    node=node, model=gpu.model, start_ms=job.start_ms, end_ms=job.end_ms
                )
                yield node, gpu.model, ordinal
