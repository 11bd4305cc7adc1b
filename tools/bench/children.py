"""Processes that a bench starts and stops: a module of this package that prints its port and serves.

A child ends when its stdin does, and its last line on stdout is what it has to tell. This module must not
know what a child does.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_TOOLS = Path(__file__).resolve().parent.parent
_STOP_S = 60.0


@dataclass(slots=True)
class Child:
    """A running child on `port`; `told` is there once it has ended."""

    port: int
    pid: int
    told: dict[str, Any] = field(default_factory=dict)


@contextmanager
def child(module: str, *arguments: str) -> Iterator[Child]:
    """Run `python -m module arguments` until the block ends."""
    command = [sys.executable, "-m", module, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(_TOOLS)}
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
    ) as process:
        out = cast("IO[str]", process.stdout)
        try:
            line = out.readline()
            if not line:
                raise RuntimeError(f"{module} did not start")
            running = Child(port=json.loads(line)["port"], pid=process.pid)
            yield running
            told, _ = process.communicate(timeout=_STOP_S)
            running.told = json.loads(told)
        finally:
            process.kill()


async def serve_until_closed(port: int, stop: Callable[[], Awaitable[dict[str, Any]]]) -> None:
    """What a child does once it serves: tell the port, wait for the end of stdin, stop, tell the rest."""
    print(json.dumps({"port": port}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(json.dumps(await stop()), flush=True)
