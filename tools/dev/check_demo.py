"""Checks the JSON of a demonstration: all is verified, and the changed byte is found where it was."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    """Exit 1 with a sentence for the first thing that is wrong."""
    result = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    expected = {"verify_exit": 0, "tamper_exit": 3, "tamper_index": result["events"] // 2}
    for key, value in expected.items():
        if result[key] != value:
            sys.exit(f"{key} is {result[key]}, expected {value}")
    if int(result["paid_fen"]) <= 0 or result["claims_accepted"] <= 0:
        sys.exit("nothing was claimed or paid")
    print(f"demo: {result['events']} events, {result['paid_fen']} fen paid, verified")


main()
