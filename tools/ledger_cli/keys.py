"""`voucherctl keys`: make keys, sign with several people, register, retire and revoke keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger_cli import keys_founding, keys_registry
from ledger_cli.groups import part_app
from ledger_cli.options import As, Insecure, Json

app = part_app("Make keys, sign with several people, register and revoke keys.")
keys_registry.add_to(app)
keys_founding.add_to(app)

KeyFile = Annotated[
    Path | None, typer.Option("--key", metavar="FILE", help="Signing key; or --as for the identity's.")
]
Who = Annotated[
    Path | None, typer.Option("--as", envvar="VOUCHERCTL_AS", metavar="FILE", help="Identity file.")
]


@app.command()
def generate(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="New file, PEM, mode 0600.")],
    as_json: Json = False,
) -> None:
    """Make an Ed25519 signing key in a new file and show its id and public key."""
    from ledger.client.signing import SigningKey
    from ledger_cli.output import print_object

    key = SigningKey.generate()
    key.save(out)
    value = {"file": str(out), "key_id": key.key_id.hex(), "public_key": key.public_key.hex()}
    print_object("key", {**value, "algorithm": key.algorithm}, as_json=as_json)


@app.command()
def show(
    file: Annotated[Path, typer.Argument(help="A signing key, or an envelope that is being signed.")],
    as_json: Json = False,
) -> None:
    """Show a key's id and public key, or what an envelope says and who has not signed yet."""
    from ledger.client.cosign import read_envelope
    from ledger.client.rendering import plain
    from ledger.client.signing import SigningKey, missing_key_ids, statement_of
    from ledger_cli.output import print_object

    if file.suffix == ".pem":
        key = SigningKey.load(file)
        value = {"key_id": key.key_id.hex(), "public_key": key.public_key.hex(), "algorithm": key.algorithm}
        print_object("key", value, as_json=as_json)
        return
    envelope = read_envelope(file)
    shown = {
        "payload_type": envelope.payload_type,
        "statement": plain(statement_of(envelope)),
        "missing_key_ids": [key_id.hex() for key_id in missing_key_ids(envelope)],
    }
    print_object("envelope", shown, as_json=as_json)


@app.command()
def sign(
    file: Annotated[Path, typer.Argument(help="The envelope; it is written again with the signature.")],
    key: KeyFile = None,
    who: Who = None,
    as_json: Json = False,
) -> None:
    """Add a signature to an envelope that names your key. Read it first: `voucherctl keys show FILE`."""
    _sign(file, key=key, who=who, only_act="", as_json=as_json)


@app.command("sign-genesis")
def sign_genesis(
    file: Annotated[Path, typer.Argument(help="The genesis that all roots sign, one after another.")],
    key: KeyFile = None,
    who: Who = None,
    as_json: Json = False,
) -> None:
    """Sign the opening of a ledger as one of its roots."""
    _sign(file, key=key, who=who, only_act="genesis", as_json=as_json)


@app.command()
def submit(
    who: As,
    file: Annotated[Path, typer.Argument(help="An envelope that everybody has signed.")],
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Send an envelope that everybody has signed; repeating it is harmless."""
    from ledger.client.cosign import read_envelope
    from ledger.client.signing import check_complete
    from ledger_cli.acting import reading, submit_file

    envelope = check_complete(read_envelope(file))
    with reading(who, insecure=insecure) as client:
        submit_file(client, envelope, as_json=as_json)


def _sign(file: Path, *, key: Path | None, who: Path | None, only_act: str, as_json: bool) -> None:
    from ledger.client.acts import act_of
    from ledger.client.cosign import read_envelope, write_envelope
    from ledger.client.identity import load_identity
    from ledger.client.signing import SigningKey, add_signature, missing_key_ids
    from ledger.errors import UsageError
    from ledger_cli.output import print_object

    if key is None and who is None:
        raise UsageError("no signing key", hint="give --key FILE or --as FILE")
    path = key if key is not None else load_identity(who or Path()).signing_key
    envelope = read_envelope(file)
    act = act_of(envelope.payload_type).name
    if only_act and act != only_act:
        raise UsageError(f"{file}: is a {act}, not a {only_act}", hint="use: voucherctl keys sign")
    add_signature(envelope, SigningKey.load(path))
    write_envelope(file, envelope)
    missing = [key_id.hex() for key_id in missing_key_ids(envelope)]
    print_object("signed", {"act": act, "file": str(file), "missing_key_ids": missing}, as_json=as_json)
