"""How the results of an audit are shown: the report, a replayed state, a trace.

It must not judge anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger_cli.output import Column, print_object, print_rows, say

if TYPE_CHECKING:
    from ledger_audit.replay import Replay
    from ledger_audit.report import Report
    from ledger_audit.watched import Checked

_FINDING_COLUMNS = (
    Column("CHECK", "check"),
    Column("INDEX", "index"),
    Column("EXPECTED", "expected"),
    Column("ACTUAL", "actual"),
)
_CHECK_COLUMNS = (Column("CHECK", "name"), Column("STATUS", "status"), Column("COUNT", "count"))
_TOTAL_NAMES = (
    "appropriation",
    "available",
    "encumbered",
    "obligated",
    "disbursed",
    "recoverable",
    "recovered",
    "fines",
)
_VOUCHER_NAMES = ("voucher_id", "state", "face", "redeemed", "paid", "released")
_STEPS = (
    "payments",
    "orders",
    "approvals",
    "verification",
    "request",
    "claims",
    "voucher",
    "contract",
    "policy",
)
_STEP_COLUMNS = (
    Column("STEP", "step"),
    Column("INDEX", "index"),
    Column("FEN", "fen"),
    Column("ACTOR", "actor"),
    Column("LEAF HASH", "leaf_hash"),
)


def print_report(report: Report, *, as_json: bool) -> None:
    """The whole report as JSON, or findings, checks that did not pass, totals and the result as text."""
    value = report.to_json()
    if as_json:
        print_object("audit-verify", value, as_json=True)
        return
    if value["findings"]:
        print_rows("findings", value["findings"], _FINDING_COLUMNS, as_json=False)
    others = [check for check in value["checks"] if check["status"] != "PASS"]
    if others:
        print_rows("checks", others, _CHECK_COLUMNS, as_json=False)
    _print_totals(value["totals"])
    _print_commitments(value.get("commitments"))
    passed = len(value["checks"]) - len(others)
    shown = {
        name: value[name]
        for name in ("result", "tree_size", "root_hash", "genesis_leaf_hash", "roots", "clock")
    }
    print_object("audit-verify", {**shown, "checks passed": passed}, as_json=False)
    for check in report.checks:
        if check.reason:
            say(f"{check.name} could not be checked: {check.reason}")
    if report.bracket is not None:
        first, stop = report.bracket
        say(f"by the roots that are trusted, a change lies in events {first} to {stop - 1}")
    for path in report.kept:
        say(f"kept as evidence: {path}")
    if report.clock == "SIMULATED":
        say("this ledger runs on a simulated clock: it proves nothing about real time")


def say_checked(checked: Checked) -> None:
    """How far the log was checked while something else was looked for."""
    if checked.scope != "whole":
        say("signatures and tree were not looked at: give --trust or --log-key")
    if checked.exit_code:
        say(f"the log itself: {checked.result}, {checked.findings} findings; see `voucherctl audit verify`")


def print_replay(result: Replay, *, as_json: bool) -> None:
    """The state after an event."""
    value = result.to_json()
    if as_json:
        print_object("audit-replay", value, as_json=True)
        return
    _print_totals(value["totals"])
    if value["vouchers"]:
        columns = [Column(name.upper(), name) for name in _VOUCHER_NAMES]
        print_rows("vouchers", value["vouchers"], columns, as_json=False)
    shown = {name: value[name] for name in ("index", "leaf_hash", "recorded_ms", "stopped", "findings")}
    print_object("audit-replay", shown, as_json=False)


def print_trace(found: dict[str, Any], *, as_json: bool) -> None:
    """One line a leaf, from the payment back."""
    if as_json:
        print_object("audit-trace", found, as_json=True)
        return
    rows = []
    for step in _STEPS:
        named = found[step] or []
        leaves = named if isinstance(named, list) else [named]
        for leaf in leaves:
            fen = leaf.get("amount_fen") or leaf.get("face_fen")
            rows.append({**leaf, "step": step, "fen": fen})
            for device, device_ms in leaf.get("device_ms", {}).items():
                rows.append({"step": "  device", "actor": device, "fen": f"{device_ms} ms"})
    print_rows("trace", rows, _STEP_COLUMNS, as_json=False)
    print_object("audit-trace", {name: found[name] for name in ("redemption_id", "paid_fen")}, as_json=False)


def _print_commitments(found: dict[str, Any] | None) -> None:
    """What became of the commitments, where openings were given; what was erased is no finding."""
    if found is not None:
        shown = {f"commitments {name.replace('_', ' ')}": number for name, number in found.items()}
        print_object("commitments", shown, as_json=False)


def _print_totals(totals: dict[str, dict[str, Any]]) -> None:
    columns = [
        Column(name.upper(), name) for name in ("programme", "instrument", "fiscal_year", *_TOTAL_NAMES)
    ]
    rows = [{"programme": programme, **values} for programme, values in totals.items()]
    if rows:
        print_rows("totals", rows, columns, as_json=False)
