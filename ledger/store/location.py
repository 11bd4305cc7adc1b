"""Where a store is, parsed from what an operator writes: `sqlite:///var/lib/ledger.db` or `memory:`.

The path of a URL is absolute, as everywhere else in URLs; `sqlite:ledger.db` is relative to the working
directory. This module opens nothing, and no error text of it repeats a password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from ledger.errors import UsageError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

DEFAULT_SCHEMA = "ledger"
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_FORMS = "Write sqlite:///absolute/path.db, sqlite:relative.db, postgresql://host/database or memory: ."


class StoreKind(StrEnum):
    """The adapters that a location can name; the value is the scheme."""

    MEMORY = "memory"
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLocation:
    """One store: a file path for SQLite, a connection URL without secrets for PostgreSQL.

    In PostgreSQL the tables are in `schema`; `writer` is the role that a new store is granted to.
    """

    kind: StoreKind
    path: Path | None = None
    url: str = ""
    schema: str = ""
    writer: str = ""

    @classmethod
    def memory(cls) -> StoreLocation:
        """A store that lives and ends with its recorder."""
        return cls(kind=StoreKind.MEMORY)

    @classmethod
    def sqlite(cls, path: Path) -> StoreLocation:
        """An SQLite database file."""
        return cls(kind=StoreKind.SQLITE, path=path)

    @classmethod
    def parse(cls, text: str) -> StoreLocation:
        """The location that `text` names; raises `UsageError` for another form or for a password."""
        try:
            text.encode()
            parts = urlsplit(text)
            secret = parts.password is not None or any(
                "password" in name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)
            )
        except ValueError:
            raise UsageError("the store location is not a URL", hint=_FORMS) from None
        if secret:
            raise UsageError(
                "the store URL carries a password",
                hint="Leave it out and put it in a password file with mode 0600 (PGPASSFILE).",
            )
        if parts.fragment:
            raise UsageError("the store location has a fragment", hint=_FORMS)
        if parts.scheme == StoreKind.MEMORY and text.rstrip("/") == "memory:":
            return cls.memory()
        path = unquote(parts.path)
        if parts.scheme == StoreKind.SQLITE and not (parts.netloc or parts.query) and path.strip("/"):
            return cls.sqlite(Path("/" + path.lstrip("/") if path.startswith("/") else path))
        if parts.scheme == StoreKind.POSTGRESQL:
            return cls._postgresql(parts)
        raise UsageError("the store location names no known kind of store", hint=_FORMS)

    @classmethod
    def _postgresql(cls, parts: SplitResult) -> StoreLocation:
        """Our two parameters are taken out; what is left is for the database's client library."""
        given = parse_qsl(parts.query, keep_blank_values=True)
        ours = {name: value for name, value in given if name in ("schema", "writer")}
        if any(_NAME.fullmatch(value) is None for value in ours.values()):
            raise UsageError(
                "the store URL names an unusual schema or role",
                hint="Use a-z, 0-9 and _, at most 63 characters.",
            )
        rest = urlencode([pair for pair in given if pair[0] not in ours])
        return cls(
            kind=StoreKind.POSTGRESQL,
            url=f"{parts.scheme}://{parts.netloc}{parts.path}{'?' if rest else ''}{rest}",
            schema=ours.get("schema", DEFAULT_SCHEMA),
            writer=ours.get("writer", ""),
        )

    def __str__(self) -> str:
        if self.kind is StoreKind.SQLITE and self.path is not None:
            return f"sqlite://{quote(str(self.path.absolute()))}"
        if self.kind is StoreKind.POSTGRESQL and self.schema != DEFAULT_SCHEMA:
            return f"{self.url}{'&' if '?' in self.url else '?'}schema={self.schema}"
        return self.url or f"{self.kind}:"
