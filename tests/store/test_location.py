"""Store locations: what an operator may write, and that no password passes or leaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import UsageError
from ledger.store.location import StoreKind, StoreLocation


@pytest.mark.parametrize(
    ("text", "kind", "path"),
    [
        ("memory:", StoreKind.MEMORY, None),
        ("memory://", StoreKind.MEMORY, None),
        ("sqlite:///var/lib/ledger.db", StoreKind.SQLITE, Path("/var/lib/ledger.db")),
        ("sqlite:////var/lib/ledger.db", StoreKind.SQLITE, Path("/var/lib/ledger.db")),
        ("sqlite:/var/lib/ledger.db", StoreKind.SQLITE, Path("/var/lib/ledger.db")),
        ("sqlite:data/ledger.db", StoreKind.SQLITE, Path("data/ledger.db")),
        ("sqlite:///with%20space/a%3Fb.db", StoreKind.SQLITE, Path("/with space/a?b.db")),
        ("postgresql://ledger@db.example:5432/ledger", StoreKind.POSTGRESQL, None),
    ],
)
def test_a_location_is_parsed(text: str, kind: StoreKind, path: Path | None) -> None:
    """The scheme names the adapter; the path of a URL is absolute."""
    location = StoreLocation.parse(text)
    assert (location.kind, location.path) == (kind, path)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ledger:hunter2@db.example/ledger",
        "postgresql://db.example/ledger?user=ledger&password=hunter2",
        "sqlite://user:hunter2@/ledger.db",
    ],
)
def test_a_password_is_refused_and_not_repeated(text: str) -> None:
    """The error tells where a password belongs and does not show it."""
    with pytest.raises(UsageError) as refused:
        StoreLocation.parse(text)
    assert "password file" in refused.value.hint
    assert "hunter2" not in refused.value.diagnostics()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ledger.db",
        "mysql://db/x",
        "sqlite://",
        "sqlite:///",
        "sqlite://host/x.db",
        "sqlite:///x?a=b",
        "memory:x",
        "sqlite:///x#f",
        "postgresql://[",
        "file:///x",
    ],
)
def test_another_form_is_refused(text: str) -> None:
    """What is not understood is never guessed."""
    with pytest.raises(UsageError):
        StoreLocation.parse(text)


@pytest.mark.parametrize(
    "text", ["memory:", "sqlite:///var/lib/ledger.db", "sqlite:///a%20b%3Fc.db", "postgresql://db/ledger"]
)
def test_a_location_prints_as_it_was_written(text: str) -> None:
    """The printed form parses to the same location."""
    assert str(StoreLocation.parse(text)) == text
