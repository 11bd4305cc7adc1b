"""The demonstration: a programme year on real usage, then an audit that trusts nothing of it.

It plays the year through a server, exports and verifies the ledger offline, changes one byte in a copy
and shows that the auditor names the event. What it prints is for people; `DemoResult` is for scripts.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.profiles.loader import load_profile
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.note import Note
from ledger.proof.tiles import TILE_WIDTH, bundle_at, decode_bundle
from ledger.report.money import ROWS, money_table
from ledger_audit.sources import ExportSource
from ledger_audit.trust import Trust
from ledger_audit.verify import verify
from ledger_play.actors import Cast
from ledger_play.auditing import export_and_verify
from ledger_play.ceremony import open_development_ledger
from ledger_play.serving import EmbeddedServer
from ledger_play.year import Year

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger_audit.report import Report
    from ledger_play.payout import YearResult

PROFILE = "shenzhen-2025"
SAMPLE = Path(__file__).with_name("sample-usage.csv")
HOST = "127.0.0.1"
HOSTS = ("localhost", HOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What a demonstration came to."""

    events: int
    year: YearResult
    export_dir: Path
    log_key: str
    trust_file: Path
    verify_exit: int
    tamper_exit: int
    tamper_index: int

    def to_json(self) -> dict[str, Any]:
        """The fixed keys of `voucherd demo --json`; fen are strings."""
        return {
            "schema": "voucher-ledger/demo/1",
            "events": self.events,
            "claims_accepted": self.year.claims_accepted,
            "claims_refused": self.year.claims_refused,
            "paid_fen": str(self.year.paid_fen),
            "export_dir": str(self.export_dir),
            "log_key": self.log_key,
            "trust_file": str(self.trust_file),
            "verify_exit": self.verify_exit,
            "tamper_exit": self.tamper_exit,
            "tamper_index": self.tamper_index,
        }


def run(
    root: Path,
    *,
    usage: Path | None = None,
    say: Callable[[str], None],
    keep_serving: Callable[[], None] | None = None,
) -> DemoResult:
    """Play the demonstration in a new folder; `keep_serving` is called while the server still answers.

    Raises UsageError for a folder that holds a ledger or a usage file that does not parse.
    """
    started = time.monotonic()
    usage = usage or SAMPLE
    start_ms = Year.start_ms(usage)
    address = f"{HOST}:{_free_port()}"
    ledger = open_development_ledger(root, profile=PROFILE, server=address, hosts=HOSTS, now_ms=start_ms)
    say(f"A ledger is opened in {root}: three roots sign its genesis and name nine officers.")
    say("Its clock is SIMULATED, set before the first second of the usage file; every audit says so.")
    with EmbeddedServer(ledger.directory, listen=address), Cast(ledger) as cast:
        cast["operator"].client.set_clock(start_ms)
        policy = load_profile(PROFILE).programmes["GPU_TRAINING"]
        result = Year(cast, usage=usage, policy=policy, say=say).play()
        export_dir = root / "export"
        say("The auditor exports the ledger and verifies it offline, with the trust file alone.")
        report = export_and_verify(cast, export_dir)
        _show_year(say, result, report)
        tampered, index = _tamper(export_dir, root / "tampered", ledger.directory.trust_file)
        demo = DemoResult(
            events=report.tree_size,
            year=result,
            export_dir=export_dir,
            log_key=ledger.opened.log_vkey,
            trust_file=ledger.directory.trust_file,
            verify_exit=int(report.exit_code),
            tamper_exit=int(tampered.exit_code),
            tamper_index=next((found.index for found in tampered.findings if found.index is not None), -1),
        )
        _show_audit(say, report, tampered, changed=index)
        _show_next(
            say,
            root,
            demo,
            address=address,
            seconds=int(time.monotonic() - started),
            serving=keep_serving is not None,
        )
        if keep_serving is not None:
            keep_serving()
    return demo


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _tamper(export_dir: Path, copy: Path, trust_file: Path) -> tuple[Report, int]:
    """Change one byte of an event in the middle of a copy; the audit of the copy, and the event's index."""
    shutil.copytree(export_dir, copy)
    size = Checkpoint.parse(Note.parse((copy / "checkpoint").read_bytes()).text).size
    index = size // 2
    path = bundle_at(index=index // TILE_WIDTH, size=size)
    file = copy / path.render()
    data = bytearray(file.read_bytes())
    entries = decode_bundle(bytes(data), width=path.width)
    offset = index % TILE_WIDTH
    start = sum(2 + len(entry) for entry in entries[:offset]) + 2
    data[start + len(entries[offset]) // 2] ^= 1
    file.write_bytes(bytes(data))
    return verify(ExportSource(copy), trust=Trust.load(trust_file)), index


def _show_year(say: Callable[[str], None], year: YearResult, report: Report) -> None:
    say("")
    say(f"Claims accepted {year.claims_accepted}, refused {year.claims_refused}.")
    say("What was refused, claims and decisions, and why:")
    for reason, count in sorted(year.refused.items()):
        say(f"  {count} × {reason}")
    totals = report.totals[year.programme_id.hex()]
    say("")
    say("The money, recomputed by the auditor from the exported events (yuan):")
    for line in money_table({name: int(totals[name]) for name, _ in ROWS}):
        say(f"  {line}")


def _show_audit(say: Callable[[str], None], report: Report, tampered: Report, *, changed: int) -> None:
    passed = sum(check.status.value == "PASS" for check in report.checks)
    say("")
    counted = f"{report.tree_size} events, {passed} checks"
    say(f"Verification: {report.result} (exit {report.exit_code}); {counted}.")
    say(f"Clock: {report.clock}. Root {report.root_hash.hex()}.")
    for finding in report.findings[:5]:
        say(f"  {finding.check} at {finding.index}: expected {finding.expected}, is {finding.actual}")
    first = tampered.findings[0] if tampered.findings else None
    say(f"One byte of event {changed} is changed in a copy: {tampered.result} (exit {tampered.exit_code}).")
    if first is not None:
        said = f"expected {first.expected[:32]}…, is {first.actual[:32]}…"
        say(f"  {first.check} at event {first.index}: {said}")


def _show_next(
    say: Callable[[str], None], root: Path, demo: DemoResult, *, address: str, seconds: int, serving: bool
) -> None:
    auditor = root / "as" / "auditor.toml"
    payment = demo.year.redemption_ids[0].hex()
    say("")
    say(f"Ledger      {root}   ({seconds} s)")
    say(f"Export      {demo.export_dir}")
    say(f"Trust file  {demo.trust_file}")
    say(f"Log key     {demo.log_key}")
    say("")
    say("Try next:")
    say(f"  {_program('voucherctl')} audit verify {demo.export_dir} --trust {demo.trust_file}")
    say(f"  {_program('voucherctl')} audit trace {demo.export_dir} {payment}")
    if serving:
        say(f"  {_program('voucherctl')} bureau vouchers --as {auditor}")
    else:
        say(f"  {_program('voucherd')} serve --dir {root} --listen {address}")


def _program(name: str) -> str:
    """What to type for a program of ours: its name where the shell finds it, else its path."""
    if shutil.which(name):
        return name
    return os.path.relpath(Path(sys.executable).with_name(name))
