"""Other people's tools on this machine: a Go toolchain with the packages of Go's checksum database."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGES = ("golang.org/x/mod/sumdb/note", "golang.org/x/mod/sumdb/tlog")
# Where Debian's golang-golang-x-mod-dev puts them; VOUCHER_LEDGER_GOPATH names another place.
DEBIAN_GOPATH = "/usr/share/gocode"
_LIMIT_S = 120


@dataclass(frozen=True, slots=True)
class GoToolchain:
    """A `go` that finds the packages below `path`."""

    go: str
    version: str
    path: str

    def environment(self) -> dict[str, str]:
        """No network, no modules, no C compiler: what lies on the machine or nothing."""
        kept = {
            name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "GOCACHE") if name in os.environ
        }
        return kept | {
            "GO111MODULE": "off",
            "GOPATH": self.path,
            "GOFLAGS": "",
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
        }

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the `go` command."""
        command = [self.go, *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, env=self.environment(), timeout=_LIMIT_S, check=False
        )


@cache
def go_toolchain() -> GoToolchain | None:
    """The toolchain, or None where there is no `go` or it does not find the packages."""
    go = shutil.which("go")
    path = _path()
    if go is None or not all((Path(path) / "src" / package).is_dir() for package in PACKAGES):
        return None
    found = GoToolchain(go, "", path).run("version")
    if found.returncode:
        return None
    return GoToolchain(go, found.stdout.split()[2], path)


def statement() -> str:
    """One line for the head of a test run: whether the foreign tools take part."""
    toolchain = go_toolchain()
    if toolchain is None:
        return f"foreign tools: none (no go with golang.org/x/mod below {_path()}); their tests are left out"
    return f"foreign tools: {toolchain.version} with golang.org/x/mod from {toolchain.path}"


def _path() -> str:
    return os.environ.get("VOUCHER_LEDGER_GOPATH", DEBIAN_GOPATH)
