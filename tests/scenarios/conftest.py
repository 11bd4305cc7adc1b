"""One test for each scenario file of this folder, and of `--scenarios DIR` (by default one beside the project)."""

from __future__ import annotations

from pathlib import Path

import pytest

OWN = Path(__file__).resolve().parent
BESIDE = OWN.parents[2] / "shared" / "scenarios"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize `scenario_file`; a directory without files is an error, not a pass."""
    if "scenario_file" not in metafunc.fixturenames:
        return
    files = sorted(OWN.glob("*.toml")) + further_files(metafunc.config)
    ids = [path.stem if path.parent == OWN else f"further-{path.stem}" for path in files]
    metafunc.parametrize("scenario_file", files, ids=ids)


def further_files(config: pytest.Config) -> list[Path]:
    """The files of the directory that was given, or that lies beside the project."""
    given = config.getoption("--scenarios")
    if given is None:
        return sorted(BESIDE.glob("*.toml"))
    files = sorted((config.invocation_params.dir / given).resolve().glob("*.toml"))
    if not files:
        raise pytest.UsageError(f"--scenarios: no scenario files in {given}")
    return files
