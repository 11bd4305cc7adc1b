"""One log by every way there is: its server over gRPC and HTTP, a directory, a web server that knows nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.bureau import cast_of, grant_voucher
from support.hosting import static_web
from support.processes import run, serving

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("memory", ["first", "again", "none"])
def test_the_report_is_the_same_byte_for_byte(tmp_path: Path, memory: str) -> None:
    """Also of a log that was seen before, and with worker processes; an export of each is the same."""
    root, logs = tmp_path / "d", tmp_path / "logs"
    logs.mkdir()
    opened = run("voucherd", "init", "--dir", root, "--profile", "shenzhen-2026", "--dev", "--json").json()
    with serving(root, logs, "--http", "127.0.0.1:0", "--open-entries") as server:
        with cast_of(root, server.address, opened) as cast:
            grant_voucher(cast)
        http = f"http://127.0.0.1:{server.ready['http_port']}"
        grpc = f"grpcs://{server.address}"
        auditor = ("--as", root / "as" / "auditor.toml")
        export = tmp_path / "export"
        assert run("voucherctl", "audit", "export", grpc, *auditor, "--out", export).code == 0
        with static_web(export) as static:
            ways = {"directory": (export,), "http": (http,), "static": (static,), "grpc": (grpc, *auditor)}
            said = {}
            for name, way in ways.items():
                state = ("--state", tmp_path / (name if memory == "first" else "state"))
                for workers in ("1", "2") if name == "http" else ("1",):
                    done = run(
                        *("voucherctl", "audit", "verify", *way, "--trust", root / "trust.json", "--json"),
                        *("--workers", workers, *(state if memory != "none" else ("--no-state",))),
                    )
                    assert done.code == 0, done.err
                    said[name, workers] = done.out
                copy = tmp_path / f"copy of {name}"
                done = run(
                    *("voucherctl", "audit", "export", *way, "--out", copy, "--trust", root / "trust.json")
                )
                assert done.code == 0, done.err
                assert files(copy) == files(export)
            assert len(set(said.values())) == 1, said
            assert json.loads(said["grpc", "1"])["result"] == "ok"


def files(directory: Path) -> dict[str, bytes]:
    """Content by path."""
    return {str(p.relative_to(directory)): p.read_bytes() for p in directory.rglob("*") if p.is_file()}
