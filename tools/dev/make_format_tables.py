"""Writes the tables of messages at the end of docs/reference/format.md from the generated descriptors."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.descriptor import FieldDescriptor

from ledger.codec.registry import entries
from ledger.v1 import event_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor, EnumDescriptor

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "format.md"
BEGIN, END = "<!-- messages: made by tools/dev/make_format_tables.py -->", "<!-- end of messages -->"
_SCALARS = {
    getattr(FieldDescriptor, name): name.removeprefix("TYPE_").lower()
    for name in dir(FieldDescriptor)
    if name.startswith("TYPE_")
}


def _type_of(field: FieldDescriptor) -> str:
    if field.message_type is not None:
        return str(field.message_type.name)
    return str(field.enum_type.name if field.enum_type is not None else _SCALARS[field.type])


def _prefix(field: FieldDescriptor) -> str:
    if field.is_repeated:
        return "repeated "
    if field.containing_oneof is None:
        return ""
    return "optional " if field.message_type is None else "oneof "


def _fields(message: Descriptor) -> str:
    return " · ".join(
        f"{field.number} `{field.name}` {_prefix(field)}{_type_of(field)}"
        for field in sorted(message.fields, key=lambda field: field.number)
    )


def _reached(roots: list[Descriptor]) -> Iterator[Descriptor]:
    """The messages that these are made of, each once, a message before its parts."""
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        message = waiting.pop(0)
        if message.full_name in seen:
            continue
        seen.add(message.full_name)
        yield message
        parts = [field.message_type for field in message.fields if field.message_type is not None]
        waiting[:0] = parts


def _enum(enum: EnumDescriptor) -> str:
    names = [value.name for value in enum.values]
    shared = names[0].removesuffix("UNSPECIFIED")
    return " · ".join(f"{value.number} {value.name.removeprefix(shared)}" for value in enum.values)


def _tables() -> str:
    """What stands between the two marks."""
    statements = [entry.statement_message.DESCRIPTOR for entry in entries() if entry.statement_message]
    messages = list(_reached([event_pb2.Event.DESCRIPTOR, *statements]))
    enums = {
        field.enum_type.name: field.enum_type
        for message in messages
        for field in message.fields
        if field.enum_type
    }
    lines = [f"- **{message.name}**: {_fields(message)}" for message in messages if message.fields]
    empty = ", ".join(message.name for message in messages if not message.fields)
    lines += ["", f"Without any field: {empty}."]
    lines += ["", "Values of the enumerations, 0 being never valid:", ""]
    lines += [f"- **{name}**: {_enum(enums[name])}" for name in sorted(enums)]
    return "\n".join(["", *lines, ""])


def render() -> str:
    """The page with its tables renewed."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, found, tail = rest.partition(END)
    if not found:
        sys.exit("docs/reference/format.md has lost the marks around its messages")
    return f"{head}{BEGIN}{_tables()}{END}{tail}"


def main() -> None:
    """Renew the tables; with `--check` only compare, and exit 1 if they have drifted."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(render(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != render():
        sys.exit("the messages in docs/reference/format.md have drifted: run tools/dev/make_format_tables.py")


if __name__ == "__main__":
    main()
