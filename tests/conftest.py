"""Options of the whole test suite, and what it says of this machine."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.foreign import statement
from support.postgres import PostgresServer, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATES = count()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--vectors DIR` turns the published conformance vectors on, `--scenarios DIR` plays further scenario files.

    Write `--vectors=DIR` where no test path is given, or DIR itself is taken for one.
    """
    parser.addoption("--vectors", type=Path, default=None, help="directory of conformance vectors")
    parser.addoption("--scenarios", type=Path, default=None, help="directory of further scenario files")


@pytest.fixture(scope="session", autouse=True)
def _tests_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the auditor's commands remember lies in a folder of the tests, also for their processes."""
    os.environ["VOUCHER_LEDGER_STATE"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Forged logs share their origin and key: no test remembers what another one saw."""
    folder = tmp_path_factory.getbasetemp() / f"state-{next(_STATES)}"
    os.environ["VOUCHER_LEDGER_STATE"] = str(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL server, started by the first test that asks for it."""
    yield from running_server()


def pytest_report_header() -> str:
    """Whether tests with other people's tools take part."""
    return statement()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The same in a quiet run, which prints no header."""
    if config.get_verbosity() < 0:
        terminalreporter.write_line(statement())
