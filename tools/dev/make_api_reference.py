"""Writes docs/reference/api.md from the server's own tables: methods, acts and who may call."""

from __future__ import annotations

import sys
from pathlib import Path

from ledger_server.access import ACCESS, EVERY_ROLE, OFFICERS, PARTICIPANTS, PUBLIC, Row
from ledger_server.acts import ACTS
from ledger_server.methods import METHODS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "api.md"
HEADER = """\
# API

Made by `python tools/dev/make_api_reference.py` from the server's tables; do not edit it, a test
compares.

gRPC, package `ledger.v1`, messages in `protos/ledger/v1`; each RPC's comment there says guarantees,
errors and an example. Reflection and health (by service) are on. Mutual TLS with P-256 certificates; a
certificate counts if its fingerprint is its owner's newest registered one and its SAN URI is
`voucher-ledger:/LEDGER_ID/participant/PARTICIPANT_ID`.

**Writing** RPCs take an `envelope` (the signed statement) and an `ack_level`: DURABLE answers after the
commit, CHECKPOINTED with the event and its tlog-proof, WITNESSED with a proof under a checkpoint that a
quorum of witnesses cosigned ([how](../how-to/run-a-witness.md)). They answer with a receipt. A row below
gives access, never authority: an act counts by its signatures. The port of `--public-listen` asks for no
client certificate and answers the rows of *anyone* ([ADR 0008](../adr/0008-public-port.md)); with
`--open-entries` also `ListEntries`.

**Refusals** are `google.rpc.Status` with `ErrorInfo` (domain `voucher-ledger`, `reason`, and as metadata
`conflicting_index`, `recorded_index`), `BadRequest` or `PreconditionFailure`, and `RetryInfo` where
repeating helps ([reasons.md](reasons.md)). **Limits**: a request 256 KiB, `SubmitClaims` 1 MiB and 100
envelopes; pages of 100, at most 500; a call 60 s unless the client sets a deadline, at most 300 s;
streams have no limit, but their caller's access is checked every 30 s. **Lists** are pages whose token
is bound to the size of the log at the first page.

On a server without TLS (development, loopback only; no command starts one) callers name themselves in
the header `development-participant`.

*officers* = key administrator, clerk, reviewer, approver, payer, auditor, operator; *parties* =
beneficiary, provider.
"""
_WORDS = (
    (PUBLIC, "anyone"),
    (EVERY_ROLE, "officers, parties"),
    (OFFICERS, "officers"),
    (PARTICIPANTS, "parties"),
)


def _callers(row: Row) -> str:
    for known, word in _WORDS:
        if row == known:
            return word
    return ", ".join(sorted(caller.value.lower().replace("_", " ") for caller in row)) or "nobody"


def render() -> str:
    """The page."""
    parts = [HEADER]
    services = sorted({name.split("/")[1] for name in METHODS})
    for service in sorted(services, key=lambda name: (not name.startswith("ledger."), name)):
        parts.append(f"## {service}\n\n| RPC | records | who may call |\n|---|---|---|")
        for path, method in METHODS.items():
            if path.split("/")[1] == service:
                act = f"`{ACTS[path]}`" if path in ACTS else "–"
                stream = " (stream)" if method.server_streaming else ""
                parts.append(f"| {method.name}{stream} | {act} | {_callers(ACCESS.get(path, frozenset()))} |")
        parts.append("")
    return "\n".join(parts)


def main() -> None:
    """Write the page; with `--check` only compare, and exit 1 if it has drifted."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(render(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != render():
        sys.exit("docs/reference/api.md has drifted: run tools/dev/make_api_reference.py")


if __name__ == "__main__":
    main()
