"""`voucherd dev-identity`: key, certificate and identity file for a participant of a development ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger_cli.groups import part_app
from ledger_cli.options import Json

app = part_app("Make key, certificate and identity file of a participant, for development.")


@app.command("dev-identity")
def dev_identity(
    directory: Annotated[Path, typer.Option("--dir", metavar="D", help="Folder of a development ledger.")],
    participant: Annotated[str, typer.Option("--participant", metavar="ID", help="Who it is.")],
    name: Annotated[str, typer.Option("--name", help="Name of the files, for example provider-1.")],
    role: Annotated[str, typer.Option("--role", help="BENEFICIARY or PROVIDER.")],
    server: Annotated[
        str, typer.Option("--server", metavar="HOST:PORT", help="Address for the identity file.")
    ] = "127.0.0.1:7443",
    as_json: Json = False,
) -> None:
    """Make a signing key, a certificate and D/as/NAME.toml; both are then to be registered.

    In production a participant makes its own key, and an authority of the bureau its certificate.
    """
    from ledger.client.identity import PARTY_ROLES, Identity, write_identity
    from ledger.client.signing import SigningKey
    from ledger.errors import UsageError
    from ledger_cli.output import print_object, say
    from ledger_cli.values import id_of
    from ledger_server.dev_authority import DevelopmentAuthority, write_private
    from ledger_server.directory import LedgerDirectory

    if role not in PARTY_ROLES:
        raise UsageError(f"--role: no {role[:40]!a}", hint=f"allowed: {', '.join(PARTY_ROLES)}")
    if not name or not all(part.isascii() and part.isalnum() for part in name.split("-")):
        raise UsageError(f"--name: {name[:40]!a}", hint="allowed: letters, digits and single hyphens")
    place = LedgerDirectory(directory)
    config = place.read_config()
    participant_id = id_of(participant, option="--participant")
    ledger_id = bytes.fromhex(config.ledger_id)
    authority = DevelopmentAuthority.load(place.tls)
    key_path, certificate_path = place.keys / f"{name}.pem", place.tls / f"{name}.pem"
    key = SigningKey.generate()
    key.save(key_path)
    issued = authority.issue_client(ledger_id, participant_id, name)
    write_private(place.tls / f"{name}.key", issued.key_pem)
    certificate_path.write_bytes(issued.cert_pem)
    identity = Identity(
        server=server,
        ca=place.tls / "ca.pem",
        certificate=certificate_path,
        certificate_key=place.tls / f"{name}.key",
        signing_key=key_path,
        participant_id=participant_id,
        ledger_id=ledger_id,
        role=role,
        log_key=config.log_vkey,
    )
    path = place.identities / f"{name}.toml"
    write_identity(path, identity)
    keymaster = place.identities / "keymaster.toml"
    say("register both:")
    say(f"  voucherctl keys register --as {keymaster} --participant {participant} --new-key {key_path}")
    say(
        f"  voucherctl keys register-certificate --as {keymaster}"
        f" --participant {participant} --certificate {certificate_path}"
    )
    value = {
        "identity": str(path),
        "key": str(key_path),
        "key_id": key.key_id.hex(),
        "certificate": str(certificate_path),
        "certificate_sha256": issued.sha256_fingerprint.hex(),
    }
    print_object("dev-identity", value, as_json=as_json)
