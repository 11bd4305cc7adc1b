"""Coverage-guided fuzzing of every target: `make fuzz`, FUZZ_RUNS executions each.

Each target is a process of its own under atheris. What breaks is kept in build/fuzz, with the command that
plays it again; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "fuzz"


def child(name: str, arguments: list[str]) -> None:
    """Fuzz one target in this process; never returns."""
    import atheris

    with atheris.instrument_imports(
        include=["ledger", "ledger_audit", "ledger_cli", "ledger_play", "ledger_server"]
    ):
        from fuzz.targets import TARGETS

    target = next(target for target in TARGETS if target.name == name)
    atheris.Setup([name, *arguments], target.fire)
    atheris.Fuzz()


def run(name: str, runs: int, seed: int) -> tuple[str, int, float, str]:
    """Fuzz one target in a process of its own: name, executions, seconds, and what went wrong."""
    from fuzz.targets import TARGETS

    target = next(target for target in TARGETS if target.name == name)
    corpus = OUT / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(data)
    begun = time.monotonic()
    options = [
        f"-runs={runs}",
        f"-seed={seed}",
        f"-max_len={target.max_len}",
        "-timeout=5",
        "-rss_limit_mb=2048",
    ]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "fuzz.run",
            "--child",
            name,
            "--",
            *options,
            f"-artifact_prefix={OUT}/{name}-",
            str(corpus),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
    )
    found = re.findall(r"^#(\d+)\s", done.stderr, re.MULTILINE)
    executed = int(found[-1]) if found else 0
    wrong = "" if done.returncode == 0 and executed >= runs else done.stderr[-3_000:]
    return name, executed, time.monotonic() - begun, wrong


def main() -> None:
    """Run all targets, or those that are named, two at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--child", default="")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child, arguments.names)
    from fuzz.targets import TARGETS

    names = arguments.names or [target.name for target in TARGETS]
    broken = 0
    print(f"{'target':16} {'executions':>10} {'per second':>10}  seed {arguments.seed}")
    with ThreadPoolExecutor(2) as pool:
        for name, executed, seconds, wrong in pool.map(
            lambda name: run(name, arguments.runs, arguments.seed), names
        ):
            print(
                f"{name:16} {executed:10,} {executed / seconds:10,.0f}  {'FAILED' if wrong else 'ok'}",
                flush=True,
            )
            if wrong:
                broken += 1
                print(
                    wrong,
                    f"again: PYTHONPATH=tests .venv/bin/python -m fuzz.run --child {name} -- build/fuzz/{name}-…",
                )
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
