"""The project's programs as real processes: run to the end, or served until a signal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

BIN = Path(sys.executable).parent
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "VOUCHER_LEDGER_STATE")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """The one JSON object that it printed."""
        value: dict[str, Any] = json.loads(self.out)
        return value


def run(program: str, *arguments: str | Path, within_s: float = 60.0) -> Ended:
    """Run a program of the project to its end."""
    done = subprocess.run(
        _command(program, *arguments),
        capture_output=True,
        text=True,
        env=_environment(),
        timeout=within_s,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


class Server:
    """A program that serves; its output lies in files, `ready` is what it said first."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, err: Path) -> None:
        self.process = process
        self._out = out
        self._err = err
        self.address = ""
        self.ready: dict[str, Any] = {}

    def await_ready(self) -> None:
        """Return once it says where it listens; AssertionError with what it said if it ends before."""

        def ready() -> Any:
            first, newline, _ = self._out.read_text().partition("\n")
            if newline:
                return json.loads(first)
            assert self.process.poll() is None, self.said()
            return None

        self.ready = until(ready, what="the server listens", within_s=30)
        self.address = str(self.ready["listening"])

    def said(self) -> str:
        """What it wrote to stderr."""
        return self._err.read_text()

    def kill(self) -> None:
        """SIGKILL: nothing of it runs on."""
        self.process.kill()
        self.process.wait(10)

    def terminate(self, *, within_s: float = 20.0) -> int:
        """SIGTERM, and its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within_s)


@contextmanager
def serving(directory: Path, logs: Path, *arguments: str) -> Iterator[Server]:
    """A server of a ledger's folder on a free port of loopback; killed at the end if it still runs."""
    command = ("voucherd", "serve", "--dir", directory, "--listen", "127.0.0.1:0", "--json", *arguments)
    with _started("serve", logs, *command) as server:
        yield server


@contextmanager
def witnessing(directory: Path, logs: Path, *arguments: str, listen: str = "127.0.0.1:0") -> Iterator[Server]:
    """A witness of a folder on loopback; killed at the end if it still runs."""
    command = ("voucherctl", "witness", "serve", "--dir", directory, "--listen", listen, "--json", *arguments)
    with _started("witness", logs, *command) as server:
        yield server


@contextmanager
def _started(stem: str, logs: Path, program: str, *arguments: str | Path) -> Iterator[Server]:
    out, err = (logs / f"{stem}-{len(list(logs.glob(f'{stem}-*')))}.{kind}" for kind in ("out", "err"))
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            _command(program, *arguments), stdout=stdout, stderr=stderr, env=_environment()
        )
    server = Server(process, out, err)
    try:
        server.await_ready()
        yield server
    finally:
        if process.poll() is None:
            server.kill()


def _command(program: str, *arguments: str | Path) -> list[str]:
    return [str(BIN / program), *map(str, arguments)]


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return kept | {"PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
