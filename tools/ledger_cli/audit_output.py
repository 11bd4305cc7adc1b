"""How the results of an audit are shown: the report, a replayed state, a trace.

It must not judge anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger_audit.accepted import Acceptance
from ledger_cli.output import Column, print_object, print_rows, say

if TYPE_CHECKING:
    from ledger_audit.replay import Replay
    from ledger_audit.report import Report
    from ledger_audit.watched import Checked

_FINDING_COLUMNS = (
    Column("NO", "number"),
    Column("CHECK", "check"),
    Column("INDEX", "index"),
    Column("EXPECTED", "expected"),
    Column("ACTUAL", "actual"),
)
_CHECK_COLUMNS = (
    Column("NO", "number"),
    Column("CHECK", "name"),
    Column("STATUS", "status"),
    Column("COUNT", "count"),
)
_ACCEPTED_COLUMNS = (
    Column("ACCEPTED", "status"),
    Column("CHECK", "check"),
    Column("INDEX", "index"),
    Column("BY", "compensating_index"),
    Column("REASON", "reason"),
)
_NAMED = 3
"""Checks named where many could not be made for one reason."""
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
    """The whole report as JSON, or findings, checks that did not pass, totals and the result as text.

    What could not be checked and why, and what memory says, are on stderr in either case.
    """
    value = report.to_json()
    _say_the_rest(report)
    if as_json:
        print_object("audit-verify", value, as_json=True)
        return
    if value["findings"]:
        numbers = {check["name"]: check["number"] for check in value["checks"]}
        rows = [{**finding, "number": numbers[finding["check"]]} for finding in value["findings"]]
        print_rows("findings", rows, _FINDING_COLUMNS, as_json=False)
    if report.accepted:
        print_rows("accepted", value["accepted"], _ACCEPTED_COLUMNS, as_json=False)
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
    if report.receipts_agreed is not None:
        shown["receipts that agree"] = report.receipts_agreed
    print_object("audit-verify", {**shown, "checks passed": passed}, as_json=False)


def _say_the_rest(report: Report) -> None:
    skipped: dict[str, list[str]] = {}
    for check in report.checks:
        if check.reason:
            skipped.setdefault(check.reason, []).append(check.name)
    for reason, names in skipped.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        say(f"{', '.join(names[:_NAMED])}{more} could not be checked: {reason}")
    for settled in report.accepted:
        place = f"{settled.known.check} at {settled.known.index}"
        if settled.status is Acceptance.NOT_FOUND:
            say(f"the accepted finding {place} does not occur any more: take it out of the file")
        elif settled.status is Acceptance.NOT_COMPENSATED:
            leaf = settled.known.compensating_index
            say(f"the finding {place} is not accepted: event {leaf} does not make up for it")
    if report.bracket is not None:
        first, stop = report.bracket
        say(f"by the roots that are trusted, a change lies in events {first} to {stop - 1}")
    for note in report.told.notes:
        say(note)
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
