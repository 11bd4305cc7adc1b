"""`voucherctl audit fraud`: write small files that prove a fraud, and judge them without the ledger.

The work is in `ledger_audit.fraud`, which is imported when a command runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger_cli.groups import part_app
from ledger_cli.options import Json, Location, LogKeyIfAny, Reader, TrustIfAny

if TYPE_CHECKING:
    from ledger_audit.fraud.extract import Extracted, Suspicion
    from ledger_audit.fraud.proof_file import FraudProof
    from ledger_audit.fraud.verdict import Verdict
    from ledger_audit.report import Report
    from ledger_audit.sources import Source
    from ledger_audit.trust import Trust

app = part_app("Prove a fraud to others by a small file, and judge such files without the ledger.")
_FILE = ".json"


def add_to(audit: typer.Typer) -> None:
    """Add the group to another one."""
    audit.add_typer(app, name="fraud")


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The fraud proof.", show_default=False)],
    trust: TrustIfAny = None,
    log_key: LogKeyIfAny = "",
    as_json: Json = False,
) -> None:
    """Judge a fraud proof. Exit 3 proven: the ledger is wrong; 0 not proven; 2 malformed."""
    from ledger.errors import ExitCode
    from ledger_audit.errors import CouldNotCheckError
    from ledger_audit.fraud.judge import judge_bytes
    from ledger_audit.fraud.proof_file import MAX_BYTES
    from ledger_audit.fraud.verdict import Judgement
    from ledger_cli.audit_sources import trust_of

    trusted = trust_of(trust, log_key)
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise CouldNotCheckError(f"cannot read {file}: {error.strerror}") from None
    verdict = judge_bytes(data, trusted)
    _print_verdict(verdict, as_json=as_json)
    if verdict.is_proven:
        raise typer.Exit(int(ExitCode.FINDINGS))
    if verdict.judgement is Judgement.MALFORMED:
        raise typer.Exit(int(ExitCode.USAGE))


@app.command()
def extract(
    source: Location,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="PATH", help="A folder for the proofs; with --index a FILE.json, too."),
    ],
    trust: TrustIfAny = None,
    log_key: LogKeyIfAny = "",
    index: Annotated[
        int | None, typer.Option("--index", metavar="N", min=0, help="Only this leaf; nothing is audited.")
    ] = None,
    check: Annotated[
        str, typer.Option("--check", metavar="NAME", help="With --index: the check that found it.")
    ] = "",
    kind: Annotated[
        str, typer.Option("--type", metavar="NAME", help="With --index: only proofs of this type.")
    ] = "",
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=1, max=64, help="Worker processes of the audit.")
    ] = 1,
    who: Reader = None,
    as_json: Json = False,
) -> None:
    """Audit a log and write a proof for each finding that a few leaves show. Exit 3 findings, 0 none."""
    from ledger.errors import UsageError
    from ledger_audit.findings import CHECK_NAMES
    from ledger_audit.fraud.extract import Suspicion
    from ledger_audit.fraud.registry import BY_NAME
    from ledger_cli.audit_sources import opened, trust_of

    if check and (index is None or check not in CHECK_NAMES):
        raise UsageError("--check names a check of the audit, with --index")
    if kind and (index is None or kind not in BY_NAME):
        raise UsageError(f"--type is one of {', '.join(BY_NAME)}, with --index")
    if out.suffix == _FILE and index is None:
        raise UsageError("name a folder with --out: an audit may find more than one thing")
    trusted = trust_of(trust, log_key)
    with opened(source, who) as log:
        report = None if index is not None else _audit(log, trusted, workers)
        results = _extract(log, trusted, report, Suspicion(index, check, type=kind))
    written = _write_all(results, out)
    _print_extracted(report, results, written, as_json=as_json)
    code = _exit_code(report, results)
    if code:
        raise typer.Exit(code)


@app.command()
def equivocation(
    held: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...", help="Signed notes, or receipts: NAME.tlog-proof beside NAME.event."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to write the proof; else print it.")
    ] = None,
    remembered: Annotated[
        Path | None, typer.Option("--remembered", metavar="DIR", help="A folder with notes and receipts.")
    ] = None,
    log: Annotated[
        str, typer.Option("--log", metavar="SRC", help="Compare with what the log shows now, too.")
    ] = "",
    trust: TrustIfAny = None,
    log_key: LogKeyIfAny = "",
    who: Reader = None,
    as_json: Json = False,
) -> None:
    """Look for two things that a log cannot both have signed. Exit 3 proven, 0 not."""
    from ledger.errors import ExitCode, UsageError
    from ledger_audit.fraud.forks import equivocation as run
    from ledger_audit.fraud.forks import load_folder, load_held
    from ledger_audit.fraud.proof_file import render
    from ledger_cli.audit_sources import opened, trust_of

    trusted = trust_of(trust, log_key)
    things = [load_held(path) for path in held or ()]
    things += load_folder(remembered) if remembered is not None else []
    if not things:
        raise UsageError("name notes or receipts, or a folder that has some with --remembered")
    if log:
        with opened(log, who) as source:
            proof, verdict, why = run(things, trusted, source)
    else:
        proof, verdict, why = run(things, trusted)
    if proof is None or verdict is None:
        _print_nothing(why, as_json=as_json)
        return
    if out is not None:
        _write(out, proof)
    if out is None and not as_json:
        typer.echo(render(proof).decode(), nl=False)
    else:
        _print_verdict(verdict, as_json=as_json, name="audit-fraud-equivocation", file=out, proof=proof)
    raise typer.Exit(int(ExitCode.FINDINGS))


def _audit(log: Source, trust: Trust, workers: int) -> Report:
    from ledger_audit.verify import verify as run
    from ledger_cli.audit_progress import stepping

    with stepping("verifying") as step:
        return run(log, trust=trust, workers=workers, progress=step)


def _extract(log: Source, trust: Trust, report: Report | None, suspicion: Suspicion) -> list[Extracted]:
    """What becomes of the findings of an audit or, without one, of the suspicion."""
    from ledger_audit.fraud.extract import Suspicion
    from ledger_audit.fraud.extract import extract as run

    suspicions = [suspicion]
    if report is not None:
        suspicions = [Suspicion.of(finding) for finding in report.findings]
    return run(log, suspicions, trust) if suspicions else []


def _write_all(results: list[Extracted], out: Path) -> dict[int, Path]:
    """The file of each result that has a proof, by its place; one leaf and type is one file."""
    written: dict[int, Path] = {}
    for place, result in enumerate(results):
        if result.proof is not None:
            name = f"{result.proof.accused}-{result.proof.type}{_FILE}"
            path = out if out.suffix == _FILE else out / name
            if path not in written.values():
                _write(path, result.proof)
            written[place] = path
    return written


def _write(path: Path, proof: FraudProof) -> None:
    from ledger_audit.errors import CouldNotCheckError
    from ledger_audit.fraud.proof_file import render

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(render(proof))
    except OSError as error:
        raise CouldNotCheckError(f"the proof could not be written: {error.strerror}") from None


def _exit_code(report: Report | None, results: list[Extracted]) -> int:
    from ledger.errors import ExitCode

    if any(result.proof is not None for result in results):
        return int(ExitCode.FINDINGS)
    return int(report.exit_code) if report is not None else 0


def _print_extracted(
    report: Report | None, results: list[Extracted], written: dict[int, Path], *, as_json: bool
) -> None:
    from ledger_cli.output import Column, print_object, print_rows, say

    rows = []
    for place, result in enumerate(results):
        suspicion, verdict = result.suspicion, result.verdict
        shown = verdict.shown if verdict is not None else None
        row = {"check": suspicion.check, "index": suspicion.index}
        if verdict is not None and shown is not None:
            row |= {"file": str(written[place]), "type": verdict.type, "statement": shown.text}
        else:
            row |= {"file": None, "type": None, "why": result.why}
        rows.append(row)
    value = {
        "result": report.result if report is not None else None,
        "tree_size": report.tree_size if report is not None else None,
        "proofs": len(set(written.values())),
    }
    if as_json:
        print_object("audit-fraud-extract", {**value, "findings": rows}, as_json=True)
        return
    if rows:
        columns = [Column(name.upper(), name) for name in ("check", "index", "type", "file")]
        print_rows("findings", rows, columns, as_json=False)
    for row in rows:
        at = f"{row['check'] or 'leaf'} {row['index'] if row['index'] is not None else ''}".strip()
        say(f"{at}: {row.get('statement') or 'no proof: ' + str(row.get('why'))}")
    print_object("audit-fraud-extract", value, as_json=False)


def _print_verdict(
    verdict: Verdict,
    *,
    as_json: bool,
    name: str = "audit-fraud-verify",
    file: Path | None = None,
    proof: FraudProof | None = None,
) -> None:
    """The verdict as one object, or what it says line by line."""
    from ledger_cli.output import print_object

    value: dict[str, Any] = verdict.to_json()
    if proof is not None:
        value |= {"file": str(file)} if file is not None else {"proof": proof.to_json()}
    if as_json:
        print_object(name, value, as_json=True)
        return
    shown = {key: value.get(key) for key in ("verdict", "type", "rule", "statement", "why", "file")}
    accused = [
        f"{one['who']} {one.get('origin') or one.get('participant_id')}" for one in value.get("accused", ())
    ]
    print_object(name, {**shown, "accused": accused}, as_json=False)
    for number, amount in value.get("numbers", {}).items():
        print_object(name, {number: amount}, as_json=False)


def _print_nothing(why: str, *, as_json: bool) -> None:
    from ledger_audit.fraud.proof_file import EQUIVOCATION
    from ledger_audit.fraud.verdict import Judgement, Verdict

    verdict = Verdict(Judgement.NOT_PROVEN, EQUIVOCATION, why=why)
    _print_verdict(verdict, as_json=as_json, name="audit-fraud-equivocation")
