"""Read a device inventory: CSV with device_id, vendor, model and origin; errors name file, line, column."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from ledger.client.lines import device_id
from ledger.domain.policy import Origin
from ledger.domain.quantities import printable
from ledger.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("device_id", "vendor", "model", "origin")
MAX_DEVICES = 500

Model = tuple[str, str, Origin]


def read_devices(path: Path, *, provider_id: bytes) -> tuple[list[Model], list[tuple[bytes, int]]]:
    """Models (vendor, model, origin) and devices (id, position in models) of an inventory file.

    Raises UsageError naming file, line and column for another header, an empty field, an unknown origin or
    a device that is there twice.
    """
    models: dict[Model, int] = {}
    devices: dict[bytes, int] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = next(reader, [])
            if tuple(header) != COLUMNS:
                raise _error(path, 1, "header", f"columns {', '.join(header)}", ",".join(COLUMNS))
            for fields in reader:
                model, text = _row(path, reader.line_num, fields)
                device = device_id(provider_id=provider_id, text=text)
                if device in devices:
                    raise _error(path, reader.line_num, "device_id", f"{printable(text)} again", "each once")
                devices[device] = models.setdefault(model, len(models))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: cannot be read: {error}", hint="give a UTF-8 CSV file") from error
    if not devices:
        raise UsageError(f"{path}: no device", hint=f"allowed: a header {','.join(COLUMNS)} and rows")
    return list(models), list(devices.items())


def _row(path: Path, line: int, fields: list[str]) -> tuple[Model, str]:
    if len(fields) != len(COLUMNS):
        raise _error(path, line, "row", f"{len(fields)} columns", f"{len(COLUMNS)} columns")
    for column, value in zip(COLUMNS, fields, strict=True):
        if not value or not value.isprintable() or value != value.strip():
            raise _error(path, line, column, f"{printable(value)} is not a name", "printable text")
    text, vendor, model, origin = fields
    if origin not in Origin.__members__:
        raise _error(path, line, "origin", f"no {printable(origin)}", ", ".join(Origin.__members__))
    return (vendor, model, Origin[origin]), text


def _error(path: Path, line: int, column: str, problem: str, allowed: str) -> UsageError:
    return UsageError(f"{path.name}, line {line}, column {column}: {problem}", hint=f"allowed: {allowed}")
