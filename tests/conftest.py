"""Options of the whole test suite."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--vectors DIR` turns the published conformance vectors on.

    Write `--vectors=DIR` where no test path is given, or DIR itself is taken for one.
    """
    parser.addoption("--vectors", type=Path, default=None, help="directory of conformance vectors")
