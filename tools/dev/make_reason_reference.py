"""Writes docs/reference/reasons.md from the enum of reasons, the explanations and the server's codes."""

from __future__ import annotations

import sys
from pathlib import Path

from ledger.domain.rejections import FIRST_TRANSIENT, Reason
from ledger_cli.explain import EXPLANATIONS
from ledger_server.status import CODES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "reasons.md"
HEADER = f"""\
# Reasons of refusal

Made by `python tools/dev/make_reason_reference.py`; do not edit it, a test compares.

The number is the precedence: if several reasons apply, the smallest is given, so that a client may rely on
the answer ([ADR 0005](../adr/0005-smallest-reason-wins.md)). From {FIRST_TRANSIENT} on a reason is transient:
the same request may succeed later without any change, and repeating it is harmless. All others need the
change that the last column names. `voucherctl explain REASON` shows the same on a terminal.

The name travels as `reason` of `google.rpc.ErrorInfo` (domain `voucher-ledger`) beside the gRPC code.

| number | name | cause | what to do | repeat? | gRPC code |
|---|---|---|---|---|---|
"""


def render() -> str:
    """The page."""
    found = {item.reason: item for item in EXPLANATIONS}
    rows = [
        f"| {int(reason)} | `{reason.name}` | {found[reason].cause} | {found[reason].action} "
        f"| {'yes' if found[reason].retry else 'no'} | {CODES[reason].name} |"
        for reason in Reason
    ]
    return HEADER + "\n".join(rows) + "\n"


def main() -> None:
    """Write the page; with `--check` only compare, and exit 1 if it has drifted."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(render(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != render():
        sys.exit("docs/reference/reasons.md has drifted: run tools/dev/make_reason_reference.py")


if __name__ == "__main__":
    main()
