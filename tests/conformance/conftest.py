"""Conformance with published vectors (`--vectors DIR`: one test for each case) and with other people's tools.

What cannot run here is not collected, so that nothing counts as skipped. A test marked `cases(load=…)` runs once for each (id, case) that `load(DIR)` yields.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.foreign import go_toolchain

_FOREIGN = "test_foreign_tools.py"
_VECTORS = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark, and refuse a directory that is not there."""
    config.addinivalue_line("markers", "cases(load=…): run for each (id, case) that load(DIR) yields")
    given = config.getoption("--vectors")
    if given is None:
        return
    directory = (config.invocation_params.dir / given).resolve()
    if not directory.is_dir():
        raise pytest.UsageError(f"--vectors: no directory {given}")
    config.stash[_VECTORS] = directory


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out vectors that are not given and tools that are not there; the run's head says which."""
    if collection_path.name == _FOREIGN:
        return go_toolchain() is None or None
    if collection_path.name.startswith("test_") and _VECTORS not in config.stash:
        return True
    return None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize `case`; a file of vectors without cases is an error, not a pass."""
    mark = metafunc.definition.get_closest_marker("cases")
    if mark is None:
        return
    cases = list(mark.kwargs["load"](metafunc.config.stash[_VECTORS]))
    if not cases:
        raise pytest.UsageError(f"{metafunc.function.__name__}: no vectors found")
    metafunc.parametrize("case", [case for _, case in cases], ids=[str(name) for name, _ in cases])


@pytest.fixture(scope="session")
def vectors(pytestconfig: pytest.Config) -> Path:
    """The directory of vectors."""
    return pytestconfig.stash[_VECTORS]
