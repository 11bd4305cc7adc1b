"""Strict TOML: text to plain values without floats, and errors that name file, line and key.

This module knows no table of any particular file. It must not coerce a value or supply a default.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.domain.quantities import printable
from ledger.errors import MalformedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.resources.abc import Traversable

    from pydantic import ValidationError

MAX_FILE_SIZE = 1_048_576

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*="""
)
_KEY_PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class FloatText:
    """A TOML float, kept as its text so that no schema accepts it and an error can quote it."""

    text: str

    def __repr__(self) -> str:
        """The text as it stands in the file."""
        return self.text


def read_toml_text(path: Traversable, *, source: str) -> str:
    """The text of a TOML file of at most 1 MiB; raises UsageError naming `source` if it cannot be read."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_SIZE + 1)
        text = data.decode("utf-8")
    except OSError as error:
        raise UsageError(f"{source}: cannot be read: {error.strerror}", hint="check the path") from error
    except UnicodeDecodeError as error:
        raise MalformedError(
            f"{source}: byte {error.start} is not UTF-8", hint="allowed: UTF-8 text"
        ) from error
    if len(data) > MAX_FILE_SIZE:
        raise MalformedError(f"{source}: too large", hint=f"allowed: at most {MAX_FILE_SIZE} bytes")
    return text


def parse_toml(text: str, *, source: str) -> dict[str, object]:
    """Parse TOML text into plain values, floats as `FloatText`; MalformedError names line and column."""
    try:
        return tomllib.loads(text, parse_float=FloatText)
    except tomllib.TOMLDecodeError as error:
        raise MalformedError(f"{source}: not TOML: {error}", hint="allowed: TOML 1.0") from error


def find_line(text: str, path: KeyPath) -> int | None:
    """The line, from 1, where the key at `path` is set, or else that of its nearest enclosing table.

    An int in `path` is the place in an array of tables, from 0. None if not even the first part is found.
    """
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    best_line, best_length = None, 0
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header is not None:
            table = _split(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            found = table
        else:
            key = _KEY.match(line)
            found = (*table, *_split(key[1])) if key else ()
        if len(found) > best_length and found == path[: len(found)]:
            best_line, best_length = number, len(found)
    return best_line


def _split(dotted: str) -> KeyPath:
    return tuple(next(part for part in parts if part) for parts in _KEY_PART.findall(dotted) if any(parts))


def place(*, source: str, text: str, path: KeyPath) -> str:
    """The words that name file, line (where it is found) and key in an error.

    The n-th table of an array is named as people count, from 1: `step 3: amount`.
    """
    line = find_line(text, path)
    head = ""
    if len(path) > 1 and isinstance(path[1], int):
        head, path = f"{path[0]} {path[1] + 1}", path[2:]
    key = ".".join(str(part) for part in path)
    words = ": ".join(part for part in (head, key) if part)
    return f"{source}{f', line {line}' if line else ''}: {words or 'the file'}"


def malformed(
    error: ValidationError,
    *,
    source: str,
    text: str,
    prefix: KeyPath,
    allowed: Mapping[str, str],
    keys_of: Callable[[KeyPath], tuple[str, ...]],
) -> MalformedError:
    """The first problem of a schema validation, in file order, as an error for a person.

    `prefix` is the path of the validated table in the file, `allowed` says for a key what may stand there,
    `keys_of` lists the keys of the table at a path.
    """
    problems = [
        (tuple(part for part in problem["loc"] if part != "[key]"), problem)
        for problem in error.errors(include_url=False)
    ]
    path, first = min(problems, key=lambda item: find_line(text, prefix + item[0]) or 0)
    if first["type"] in {"extra_forbidden", "literal_error"} and path and _is_key_error(first):
        problem_text = "unknown key"
        hint = f"allowed keys: {', '.join(keys_of(path[:-1]))}"
    elif first["type"] == "missing":
        problem_text = "is missing"
        hint = _allowed_for(path, allowed)
    elif first["type"] == "value_error":
        problem_text = str(first["ctx"]["error"])
        hint = _allowed_for(path, allowed)
    else:
        problem_text = f"{_shown(first['input'])} is not allowed"
        hint = _allowed_for(path, allowed)
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    where = place(source=source, text=text, path=prefix + path)
    return MalformedError(f"{where}: {problem_text}{more}", hint=hint)


def _is_key_error(problem: Mapping[str, object]) -> bool:
    location = problem["loc"]
    return problem["type"] == "extra_forbidden" or (isinstance(location, tuple) and location[-1] == "[key]")


def _allowed_for(path: KeyPath, allowed: Mapping[str, str]) -> str:
    for part in reversed(path):
        if isinstance(part, str) and part in allowed:
            return f"allowed: {allowed[part]}"
    return "allowed: see the shipped profiles"


def _shown(value: object) -> str:
    return printable(value) if isinstance(value, str) else printable(repr(value)).strip("'")
