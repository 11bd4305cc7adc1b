"""`voucherd init`: open a new ledger in a folder."""
# ruff: noqa: TC001, TC003 - typer reads the annotations of commands when they run

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger_cli.groups import part_app
from ledger_cli.options import Json

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
    as_json: Json = False,
) -> None:
    """Open a new ledger and print its trust: ledger id, genesis leaf hash, log key.

    Publish the trust file where the server cannot change it.
    """
    from ledger.profiles.loader import load_profile
    from ledger_cli.output import print_object, say

    load_profile(profile)
    opened = _open(directory, profile=profile, dev=dev, server=server)
    if dev:
        say("a development ledger: its roots lie in this folder and its clock is SIMULATED")
    say(f"serve it with: voucherd serve --dir {directory} --listen {server}")
    print_object("init", opened, as_json=as_json)


def _open(directory: Path, *, profile: str, dev: bool, server: str) -> dict[str, object]:
    """Open the ledger; its trust as printed."""
    from ledger.errors import UsageError
    from ledger_play.ceremony import open_development_ledger

    if not dev:
        raise UsageError(
            "a genesis that every root signed is needed",
            hint="for a ledger of your own on this machine: --dev",
        )
    host = server.rpartition(":")[0].strip("[]")
    hosts = tuple(dict.fromkeys(("localhost", "127.0.0.1", host)))
    made = open_development_ledger(directory, profile=profile, server=server, hosts=hosts)
    return {
        "dir": str(directory),
        "ledger_id": made.opened.ledger_id.hex(),
        "origin": made.opened.origin,
        "genesis_leaf_hash": made.opened.genesis_leaf_hash.hex(),
        "log_key": made.opened.log_vkey,
        "trust_file": str(made.directory.trust_file),
        "events": made.opened.size,
    }
