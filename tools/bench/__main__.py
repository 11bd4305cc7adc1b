"""`python -m bench`: measure, and print one JSON object on stdout; progress goes to stderr."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from bench import cache, growth, ingest, replay, stores
from bench.measuring import hardware, say, versions
from bench.result import Plan, Result

GROUPS = (ingest, stores, replay, growth)


def main() -> None:
    """Measure what is asked for."""
    names = [name for group in GROUPS for name in group.NAMES]
    parser = argparse.ArgumentParser(prog="bench", description="Measures the ledger against its peers.")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="fewer and smaller rounds; ratios are rough")
    options = parser.parse_args()
    plan = Plan(wanted=frozenset(options.only or names), quick=options.quick)
    result = Result()
    began_s = time.monotonic()
    cache.FOLDER.mkdir(parents=True, exist_ok=True)
    machine = hardware(cache.FOLDER)
    with tempfile.TemporaryDirectory(dir=cache.FOLDER, prefix="run-") as work:
        for group in GROUPS:
            if plan.wants(*group.NAMES):
                group.measure(result, Path(work), plan)
    say(f"done in {time.monotonic() - began_s:.0f} s")
    whole = {"hardware": machine, "versions": versions(), "raw": result.raw, "ratios": result.ratios}
    print(json.dumps(whole, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
