"""A cached ledger belongs to the code that made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import cache

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_changed_code_gets_another_folder_and_the_older_one_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same code finds the same folder; a folder of another ledger stays."""
    source = tmp_path / "ledger" / "maker.py"
    source.parent.mkdir()
    source.write_text("first\n")
    monkeypatch.setattr(cache, "_ROOT", tmp_path)
    monkeypatch.setattr(cache, "_MAKERS", ("ledger",))
    monkeypatch.setattr(cache, "FOLDER", tmp_path / "cache")
    first, other = cache.place("a"), cache.place("b")
    for folder in (first, other):
        folder.mkdir(parents=True)
    assert cache.place("a") == first
    assert first.exists()
    source.write_text("second\n")
    assert cache.place("a") != first
    assert (first.exists(), other.exists()) == (False, True)
