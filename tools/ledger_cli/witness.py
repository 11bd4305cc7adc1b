"""`voucherctl witness`: run a witness that cosigns checkpoints, and on wish what it has had recomputed."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger_cli.groups import part_app
from ledger_cli.options import Json, Location, LogKeyIfAny, Reader, TrustIfAny

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.proof.vkey import VKey
    from ledger_cli.witness_keys import WitnessFolder
    from ledger_witness.cosigner import Cosigner

app = part_app("Run a witness: cosign checkpoints of logs (C2SP tlog-witness).")

Folder = Annotated[Path, typer.Option("--dir", metavar="D", help="Folder of the witness.")]


@app.command()
def init(
    directory: Folder,
    name: Annotated[str, typer.Option("--name", help="Its name, such as witness.example.org/w1.")],
    rules_name: Annotated[
        str, typer.Option("--rules-name", metavar="NAME", help="Name of a second cosigner, for --rules.")
    ] = "",
    ml_dsa: Annotated[bool, typer.Option("--ml-dsa-44", help="Make ML-DSA-44 keys, too.")] = False,
    as_json: Json = False,
) -> None:
    """Make the keys of a witness in a new folder and print its verifier keys for policies."""
    from ledger_cli.output import print_object
    from ledger_cli.witness_keys import WitnessFolder

    folder = WitnessFolder(directory)
    folder.make(name=name, rules_name=rules_name, ml_dsa=ml_dsa)
    cosigners = [("plain", folder.cosigner("plain")), ("rules", folder.cosigner("rules"))]
    keys = _keys(cosigners)
    if as_json:
        print_object("witness-init", {"dir": str(directory), "keys": keys}, as_json=True)
        return
    for key in keys:
        typer.echo(f"{key['cosigner']} {key['algorithm']}: {key['vkey']}")


@app.command()
def serve(
    directory: Folder,
    listen: Annotated[str, typer.Option("--listen", metavar="HOST:PORT", help="Port 0 is any free one.")],
    log: Annotated[
        list[str] | None, typer.Option("--log", metavar="VKEY", help="Key of a log to witness; repeatable.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", metavar="FILE", help="Witness the logs of this tlog-policy.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="Its name in place of the folder's.")] = "",
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="Ed25519 key in place of the folder's.")
    ] = None,
    ml_dsa_key: Annotated[
        Path | None,
        typer.Option("--mldsa-key", metavar="FILE", help="ML-DSA-44 key in place of the folder's."),
    ] = None,
    rules: Annotated[
        list[str] | None,
        typer.Option(
            "--rules",
            metavar="[ORIGIN=]SRC",
            help="Recompute the log from here (directory, http(s)://, grpc(s)://) and cosign that, too.",
        ),
    ] = None,
    rules_key: Annotated[
        Path | None, typer.Option("--rules-key", metavar="FILE", help="Ed25519 key of the second cosigner.")
    ] = None,
    rules_ml_dsa_key: Annotated[
        Path | None,
        typer.Option("--rules-mldsa-key", metavar="FILE", help="ML-DSA-44 key of the second cosigner."),
    ] = None,
    rules_name: Annotated[
        str, typer.Option("--rules-name", metavar="NAME", help="Its name in place of the folder's.")
    ] = "",
    trust: TrustIfAny = None,
    who: Reader = None,
    metrics_listen: Annotated[
        str, typer.Option("--metrics", metavar="HOST:PORT", help="Offer Prometheus metrics here.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Answer add-checkpoint until SIGTERM (exit 0) or ctrl-C (exit 130). It stores before it answers.

    The newest cosigned checkpoint of a log is at /SHA256(ORIGIN)/checkpoint. With --rules a second cosigner
    signs what an audit of every entry found without fault, published at /rules/SHA256(ORIGIN)/checkpoint.
    """
    from ledger.errors import UsageError
    from ledger_cli.witness_keys import WitnessFolder

    folder = WitnessFolder(directory)
    plain = folder.cosigner("plain", name=name, key=key, ml_dsa_key=ml_dsa_key)
    if plain is None:
        raise UsageError(
            "the witness has no name", hint="make its folder with `voucherctl witness init`, or give --name"
        )
    logs = _logs(log or [], policy)
    second = None
    commands: dict[str, list[str]] = {}
    if rules:
        second = folder.cosigner("rules", name=rules_name, key=rules_key, ml_dsa_key=rules_ml_dsa_key)
        if second is None:
            raise UsageError(
                "--rules needs a second cosigner",
                hint="make it with `voucherctl witness init --rules-name NAME`",
            )
        commands = _commands(rules, logs, trust=trust, who=who)
    settings = _Settings(folder, listen, logs, plain, second, commands, metrics_listen)
    if asyncio.run(_serve(settings, as_json=as_json)) == signal.SIGINT:
        raise typer.Exit(130)


@app.command()
def recompute(
    source: Location,
    trust: TrustIfAny = None,
    log_key: LogKeyIfAny = "",
    who: Reader = None,
    as_json: Json = False,
) -> None:
    """Audit a log under the checkpoint on standard input, as `witness serve --rules` does.

    The report is that of `audit verify`. Exit 0 ok, 3 findings, 5 something could not be checked.
    """
    from ledger_audit.pinned import PinnedSource
    from ledger_audit.verify import verify
    from ledger_cli.audit_output import print_report
    from ledger_cli.audit_sources import opened, trust_of

    note = sys.stdin.buffer.read()
    with opened(source, who) as log:
        report = verify(PinnedSource(log, note), trust=trust_of(trust, log_key))
    print_report(report, as_json=as_json)
    if report.exit_code:
        raise typer.Exit(int(report.exit_code))


@dataclass(frozen=True, slots=True)
class _Settings:
    folder: WitnessFolder
    listen: str
    logs: Sequence[VKey]
    plain: Cosigner
    rules: Cosigner | None
    commands: dict[str, list[str]]
    metrics_listen: str


async def _serve(settings: _Settings, *, as_json: bool) -> signal.Signals:
    """Serve until a signal comes; which one it was."""
    from ledger.web.address import parse_address
    from ledger_cli.output import print_object, say
    from ledger_cli.signals import ending
    from ledger_server.telemetry import json_logger
    from ledger_witness.cosigner import check_apart
    from ledger_witness.evidence import Evidence
    from ledger_witness.recomputing import Recomputing
    from ledger_witness.records import Records
    from ledger_witness.serving import serve_witness
    from ledger_witness.telemetry import WitnessMetrics
    from ledger_witness.witness import Witness

    plain, rules = settings.plain, settings.rules
    check_apart([c for c in (plain, rules) if c is not None], settings.logs)
    ended = ending()
    metrics, log = WitnessMetrics(), json_logger()
    witness = Witness(Records(settings.folder.root), logs=settings.logs, plain=plain, rules=rules)
    recomputing = Recomputing(witness, settings.commands, metrics=metrics, log=log)
    try:
        server = await serve_witness(
            witness,
            parse_address(settings.listen),
            evidence=Evidence(settings.folder.root),
            metrics=metrics,
            log=log,
        )
        recomputing.start()
        if settings.metrics_listen:
            address = parse_address(settings.metrics_listen)
            metrics.serve(host=address.host, port=address.port)
        value = {
            "listening": f"{settings.listen.rpartition(':')[0]}:{server.port}",
            "logs": list(witness.origins),
            "keys": _keys([("plain", plain), ("rules", rules)]) if as_json else "",
        }
        print_object("witness-serve", value, as_json=as_json)
        ended_by = await ended
        say("stopping")
        await server.stop()
        return ended_by
    finally:
        await recomputing.stop()
        await witness.close()


def _keys(cosigners: Sequence[tuple[str, Cosigner | None]]) -> list[dict[str, Any]]:
    from ledger_cli.witness_keys import described

    return [key for as_, cosigner in cosigners if cosigner for key in described(cosigner, as_=as_)]


def _logs(given: Sequence[str], policy: Path | None) -> list[VKey]:
    """The keys of the logs that are named, one by one or in a policy."""
    from ledger.errors import UsageError
    from ledger.proof.policy import Policy
    from ledger.proof.vkey import VKey
    from ledger_cli.audit_sources import text_of

    logs = [VKey.parse(vkey) for vkey in given]
    if policy is not None:
        logs += [line.vkey for line in Policy.parse(text_of(policy) or "").logs]
    if not logs:
        raise UsageError("no log to witness", hint="give --log VKEY, or --policy FILE with `log` lines")
    return logs


def _commands(
    rules: Sequence[str], logs: Sequence[VKey], *, trust: Path | None, who: Path | None
) -> dict[str, list[str]]:
    """What recomputes each log: this program's own `witness recompute`."""
    from ledger.errors import UsageError

    origins = list(dict.fromkeys(vkey.name for vkey in logs))
    commands: dict[str, list[str]] = {}
    for given in rules:
        origin, equals, source = given.partition("=")
        if not equals or origin not in origins:
            origin, source = origins[0], given
            if len(origins) > 1:
                raise UsageError(
                    "which log is recomputed from where?", hint="give --rules ORIGIN=SRC for each"
                )
        vkey = next(vkey for vkey in logs if vkey.name == origin)
        trusted = ["--trust", str(trust)] if trust is not None else ["--log-key", vkey.render()]
        identity = ["--as", str(who)] if who is not None else []
        program = "from ledger_cli.voucherctl import main; main()"
        commands[origin] = [
            sys.executable, "-c", program, "witness", "recompute", source, *trusted, *identity, "--json"
        ]  # fmt: skip
    return commands
