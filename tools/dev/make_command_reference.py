"""Writes docs/reference/commands.md from the programs themselves: every command with its help text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ledger_cli import voucherctl, voucherd

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "commands.md"
WIDTH = 100
HEADER = """\
# Commands

Made by `python tools/dev/make_command_reference.py` from the programs; do not edit it, a test compares.
Data goes to stdout, talk to stderr. `--json` gives one object ([json-output.md](json-output.md)); the exit
codes are in [exit-codes.md](exit-codes.md). `--debug`, before the command, shows the traceback of an error.
"""


def commands() -> Iterator[tuple[str, Any, Any]]:
    """Full name, command and context of every command, groups before what is in them."""
    for name, app in (("voucherd", voucherd.app), ("voucherctl", voucherctl.app)):
        yield from _below(name, typer.main.get_command(app), None)


def _below(name: str, command: Any, parent: Any) -> Iterator[tuple[str, Any, Any]]:
    context = command.context_class(
        command,
        info_name=name,
        parent=parent,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        **command.context_settings,
    )
    yield context.command_path, command, context
    if hasattr(command, "list_commands"):
        for child in command.list_commands(context):
            yield from _below(child, command.get_command(context, child), context)


def render() -> str:
    """The page."""
    parts = [HEADER]
    for name, command, context in commands():
        level = "##" if name.count(" ") == 0 else "###"
        text = "\n".join(line.rstrip() for line in command.get_help(context).strip().splitlines())
        parts.append(f"{level} {name}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def main() -> None:
    """Write the page; with `--check` only compare, and exit 1 if it has drifted."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(render(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != render():
        sys.exit("docs/reference/commands.md has drifted: run tools/dev/make_command_reference.py")


if __name__ == "__main__":
    main()
