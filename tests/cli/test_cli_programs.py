"""The two programs: help at once, exit codes in one place, data on stdout, talk on stderr."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from ledger.errors import ExitCode, LedgerError, UsageError
from ledger_cli import voucherctl, voucherd
from ledger_cli.groups import MainGroup, safe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from typer.testing import Result

RUN = CliRunner()
BIN = Path(sys.executable).parent


def ctl(*arguments: str) -> Result:
    """Run voucherctl."""
    return RUN.invoke(voucherctl.app, list(arguments))


@pytest.mark.parametrize("program", ["voucherctl", "voucherd"])
def test_help_lists_every_part_within_half_a_second(program: str) -> None:
    """Lazy: neither gRPC nor protobuf is imported for it. The best of three, as a machine may be busy."""
    best = 9.0
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run([BIN / program, "--help"], capture_output=True, text=True, check=True)
        best = min(best, time.perf_counter() - start)
    for part in {"voucherctl": voucherctl, "voucherd": voucherd}[program].PARTS:
        assert part.name in done.stdout
    assert done.stderr == ""
    assert best < 0.5


def test_help_imports_nothing_heavy() -> None:
    """The measure behind the half second, which does not depend on the machine."""
    code = (
        "import sys; from typer.testing import CliRunner; from ledger_cli import voucherctl as v;"
        "r = CliRunner().invoke(v.app, ['provider', 'attest', '--help']); assert r.exit_code == 0, r.output;"
        "print([m for m in ('grpc', 'google.protobuf', 'cryptography', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def commands(app: typer.Typer) -> Iterator[tuple[str, ...]]:
    """The words of every group and command of a program, those below a group after it."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), typer.main.get_command(app))]
    while waiting:
        words, command = waiting.pop()
        yield words
        if hasattr(command, "list_commands"):
            context = command.context_class(command, info_name=words[-1] if words else None)
            waiting += [
                ((*words, name), command.get_command(context, name))
                for name in command.list_commands(context)
            ]


@pytest.mark.parametrize(
    ("program", "part"),
    [(module, part.name) for module in (voucherctl, voucherd) for part in module.PARTS],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_every_group_and_command_has_help(program: ModuleType, part: str) -> None:
    """And every command takes --json, but for the stream, which is JSON always."""
    found = [words for words in commands(program.app) if words[:1] == (part,)]
    assert found
    groups = {words[:-1] for words in found}
    for words in found:
        outcome = RUN.invoke(program.app, [*words, "--help"])
        assert outcome.exit_code == 0, (words, outcome.output, outcome.exception)
        assert outcome.stdout.startswith("Usage: ")
        if words not in groups and words != ("subscribe",):
            assert "--json" in outcome.stdout, words


@pytest.mark.parametrize("arguments", [("--bogus",), ("bogus",), ("provider", "attest"), ("keys", "show")])
def test_wrong_usage_is_exit_2_on_stderr(arguments: tuple[str, ...]) -> None:
    """Nothing on stdout."""
    outcome = ctl(*arguments)
    assert outcome.exit_code == ExitCode.USAGE
    assert outcome.stdout == ""
    assert "Error" in outcome.stderr


def raising(error: BaseException) -> typer.Typer:
    """A program whose one command raises."""
    app = typer.Typer(cls=MainGroup, rich_markup_mode=None, pretty_exceptions_enable=False)

    @app.callback()
    def program(*, debug: bool = False) -> None:
        del debug

    @app.command()
    def fail() -> None:
        raise error

    return app


def failures() -> Iterator[tuple[BaseException, int]]:
    """One error of each exit code, and what is no LedgerError."""
    for code in ExitCode:
        if code not in {ExitCode.OK, ExitCode.INTERRUPTED}:
            error = LedgerError("what is wrong", hint="what to do")
            error.exit_code = code
            yield error, int(code)
    yield KeyboardInterrupt(), 130
    yield ZeroDivisionError("secret"), 1
    yield typer.Exit(3), 3


@pytest.mark.parametrize(("error", "code"), list(failures()), ids=repr)
def test_every_error_has_its_exit_code(error: BaseException, code: int) -> None:
    """An unexpected exception shows its kind, not its text; --debug shows the traceback."""
    outcome = RUN.invoke(raising(error), ["fail"])
    assert outcome.exit_code == code
    assert outcome.stdout == ""
    if isinstance(error, LedgerError):
        assert outcome.stderr == "error: what is wrong\n  what to do\n"
    if isinstance(error, ZeroDivisionError):
        assert "ZeroDivisionError" in outcome.stderr
        assert "secret" not in outcome.stderr
        assert "Traceback" in RUN.invoke(raising(error), ["--debug", "fail"]).stderr


def test_text_of_others_cannot_steer_the_terminal() -> None:
    """Escapes are shown, line ends kept."""
    assert safe("a\x1b[31m\r\nb 券") == "a\\x1b[31m\\r\nb 券"
    outcome = RUN.invoke(raising(UsageError("\x1b]0;x\x07")), ["fail"])
    assert "\x1b" not in outcome.stderr


def test_completion_is_offered() -> None:
    """The shell asks through the environment."""
    environment = {
        **os.environ,
        "_VOUCHERCTL_COMPLETE": "complete_bash",
        "COMP_WORDS": "voucherctl pro",
        "COMP_CWORD": "1",
    }
    done = subprocess.run([BIN / "voucherctl"], capture_output=True, text=True, check=False, env=environment)
    assert "provider" in done.stdout.split()
