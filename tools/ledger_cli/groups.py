"""Command groups that load their parts when they are used, and the one place that ends a program.

Expected errors become a message on stderr and their exit code here and nowhere else. This module must not
import the library or a command.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import typer
from typer.core import TyperGroup

from ledger.errors import ExitCode, LedgerError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Part(NamedTuple):
    """A command or group: its name, the module whose `app` it is, and one line of help."""

    name: str
    module: str
    help: str


class MainGroup(TyperGroup):
    """A program's outermost group: parts are imported when named, errors end here."""

    parts: tuple[Part, ...] = ()

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, own commands first."""
        return [*super().list_commands(ctx), *(part.name for part in self.parts)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name; its module is imported now."""
        for part in self.parts:
            if part.name == cmd_name:
                return _load(part)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's signature
        """The list of commands, without importing one."""
        own = [(name, command.get_short_help_str()) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl([*own, *((part.name, part.help) for part in self.parts)])

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error is shown and becomes the exit code."""
        try:
            return super().invoke(ctx)
        except LedgerError as error:
            if ctx.params.get("debug"):
                traceback.print_exc()
            _end(error.diagnostics(), error.exit_code)
        except (typer.Exit, typer.Abort, KeyboardInterrupt, BrokenPipeError):
            raise
        except Exception as error:
            if type(error).__module__.startswith("typer."):
                raise
            if ctx.params.get("debug"):
                traceback.print_exc()
            _end(
                f"internal error: {type(error).__name__}\n  this is a fault of the program;"
                " --debug before the command shows where",
                ExitCode.INTERNAL,
            )


def main_group(parts: Sequence[Part]) -> type[MainGroup]:
    """A group class with these parts."""
    return type("LoadedGroup", (MainGroup,), {"parts": tuple(parts)})


def part_app(text: str) -> typer.Typer:
    """An empty group for a part of a program; `text` is its help."""
    return typer.Typer(
        no_args_is_help=True,
        help=text,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
    )


def safe(text: str) -> str:
    """Text for a terminal: control characters of whatever origin are shown as escapes."""
    return "".join(
        character if character.isprintable() or character == "\n" else ascii(character)[1:-1]
        for character in text
    )


def _load(part: Part) -> Any:
    try:
        app = importlib.import_module(part.module).app
    except ModuleNotFoundError as error:
        if error.name != part.module:
            raise
        _end(f"{part.name} is not installed", ExitCode.USAGE)
    command = typer.main.get_command(app)
    command.name = part.name
    return command


def _end(message: str, code: ExitCode) -> NoReturn:
    sys.stdout.flush()
    typer.echo(f"error: {safe(message)}", err=True)
    raise typer.Exit(int(code))
