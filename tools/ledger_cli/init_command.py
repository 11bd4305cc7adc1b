"""`voucherd init`: open a new ledger in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger_cli.groups import part_app
from ledger_cli.options import Json

if TYPE_CHECKING:
    from ledger.app.bootstrap import Opened
    from ledger_server.directory import LedgerDirectory

app = part_app("Open a new ledger in a folder.")


@app.command()
def init(
    directory: Annotated[Path, typer.Option("--dir", metavar="D", help="New folder of the ledger.")],
    profile: Annotated[
        str, typer.Option("--profile", metavar="NAME", help="Shipped profile, or a .toml file.")
    ],
    dev: Annotated[
        bool,
        typer.Option("--dev", help="Make roots, officers and certificates here, on a SIMULATED clock."),
    ] = False,
    server: Annotated[
        str, typer.Option("--server", metavar="HOST:PORT", help="Address for the identity files.")
    ] = "127.0.0.1:7443",
    genesis: Annotated[
        Path | None, typer.Option("--genesis", metavar="FILE", help="Genesis that every root signed.")
    ] = None,
    statements: Annotated[
        list[Path] | None,
        typer.Option("--statement", metavar="FILE", help="Appointment that the roots signed; repeatable."),
    ] = None,
    log_key: Annotated[
        Path | None, typer.Option("--log-key", metavar="FILE", help="Key that signs checkpoints, PEM.")
    ] = None,
    lock: Annotated[
        str,
        typer.Option(
            "--lock", metavar="FILE|URL", help="Lock store; in production in another failure domain."
        ),
    ] = "",
    store: Annotated[
        str, typer.Option("--store", metavar="URL", help="Event store in place of the folder's.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Open a new ledger and print its trust: ledger id, genesis leaf hash, log key.

    Either --dev, or --genesis and --log-key with the roots' appointments of officers. Publish the trust file
    where the server cannot change it.
    """
    from ledger.profiles.loader import load_profile
    from ledger_cli.output import print_object, say

    load_profile(profile)
    if dev:
        opened = _open_development(directory, profile=profile, server=server, lock=lock, store=store)
    else:
        opened = _open(
            directory,
            profile=profile,
            genesis=genesis,
            statements=statements or [],
            log_key=log_key,
            lock=lock,
            store=store,
        )
    if dev:
        say("a development ledger: its roots lie in this folder and its clock is SIMULATED")
    else:
        say(
            "put server.pem, server.key and ca.pem (who issues clients' certificates) into"
            f" {directory / 'tls'}"
        )
    say(f"serve it with: voucherd serve --dir {directory} --listen {server}")
    print_object("init", opened, as_json=as_json)


def _open(
    directory: Path,
    *,
    profile: str,
    genesis: Path | None,
    statements: list[Path],
    log_key: Path | None,
    lock: str,
    store: str,
) -> dict[str, object]:
    """Open a ledger from files that were signed offline."""
    import time

    from ledger.client.cosign import read_envelope
    from ledger.client.signing import SigningKey
    from ledger.codec.envelopes import from_message
    from ledger.errors import UsageError
    from ledger_server.directory import LedgerDirectory
    from ledger_server.founding import found_ledger

    if genesis is None or log_key is None:
        raise UsageError(
            "a genesis that every root signed and a log key are needed: --genesis, --log-key",
            hint="sign one with `voucherctl keys sign-genesis`; for a ledger on this machine only: --dev",
        )
    place = LedgerDirectory(directory)
    opened = found_ledger(
        place,
        envelopes=[from_message(read_envelope(path)) for path in (genesis, *statements)],
        log_key=SigningKey.load(log_key),
        profile=profile,
        development=False,
        now_ms=time.time_ns() // 1_000_000,
        lock=_lock(lock),
        store=store,
    )
    return _trust(place, opened)


def _lock(text: str) -> str:
    """The setting of a lock store: a URL as it is, a path as seen from anywhere."""
    return text if not text or ":" in text.partition("/")[0] else str(Path(text).absolute())


def _open_development(
    directory: Path, *, profile: str, server: str, lock: str, store: str
) -> dict[str, object]:
    """Open a ledger whose roots and officers are made in its folder."""
    from ledger_play.ceremony import open_development_ledger

    host = server.rpartition(":")[0].strip("[]")
    hosts = tuple(dict.fromkeys(("localhost", "127.0.0.1", host)))
    made = open_development_ledger(
        directory, profile=profile, server=server, hosts=hosts, lock=_lock(lock), store=store
    )
    return _trust(made.directory, made.opened)


def _trust(place: LedgerDirectory, opened: Opened) -> dict[str, object]:
    return {
        "dir": str(place.root),
        "ledger_id": opened.ledger_id.hex(),
        "origin": opened.origin,
        "genesis_leaf_hash": opened.genesis_leaf_hash.hex(),
        "log_key": opened.log_vkey,
        "trust_file": str(place.trust_file),
        "events": opened.size,
    }
