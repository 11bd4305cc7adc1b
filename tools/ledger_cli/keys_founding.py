"""`voucherctl keys draft-genesis`, `draft-appointment`, `person-tag`: before there is a server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger_cli.options import Json, Officer

Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="New envelope file; its signers sign it.")]
PublicKey = Annotated[str, typer.Option("--public-key", metavar="HEX", help="The officer's key, 32 bytes.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to a group."""
    app.command("draft-genesis")(draft_genesis)
    app.command("draft-appointment")(draft_appointment)
    app.command("person-tag")(person_tag)


def draft_genesis(
    out: Out,
    base_name: Annotated[
        str, typer.Option("--base-name", metavar="NAME", help="Name of the log, like ledger.example.org/sz.")
    ],
    log_key: Annotated[
        str, typer.Option("--log-key", metavar="HEX", help="Public key that will sign checkpoints.")
    ],
    bureaux: Annotated[
        list[str], typer.Option("--bureau", metavar="CODE", help="A bureau's short code; repeatable.")
    ],
    roots: Annotated[
        list[str],
        typer.Option("--root", metavar="PUBLIC_KEY:TAG", help="Key and person tag, hex; 3 to 7 times."),
    ],
    threshold: Annotated[int, typer.Option("--threshold", min=2, help="Roots that a root act needs.")],
    simulated: Annotated[
        bool, typer.Option("--simulated", help="A clock that is set by hand: tests only.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a genesis for all roots to sign: `voucherctl keys sign-genesis FILE --key …`, each in turn."""
    from ledger.client.cosign import write_envelope
    from ledger.client.signing import new_id, prepare_envelope
    from ledger.client.statements import genesis
    from ledger.domain.vocabulary import Clock
    from ledger.errors import UsageError
    from ledger.proof.keys import key_id
    from ledger.proof.vkey import ED25519_TYPE, VKey
    from ledger_cli.output import print_object
    from ledger_cli.values import digest_of

    pairs = [root.partition(":") for root in roots]
    if any(not colon for _, colon, _ in pairs):
        raise UsageError("--root: no colon", hint="allowed: PUBLIC_KEY:TAG, both 64 hexadecimal digits")
    holders = [(digest_of(key, option="--root"), digest_of(tag, option="--root")) for key, _, tag in pairs]
    ledger_id = new_id()
    named = [(new_id(), code) for code in bureaux]
    vkey = VKey(f"{base_name}/e0", ED25519_TYPE, digest_of(log_key, option="--log-key")).render()
    statement = genesis(
        base_name=base_name,
        log_vkey=vkey,
        clock=Clock.SIMULATED if simulated else Clock.SYSTEM,
        bureaux=named,
        roots=holders,
        root_threshold=threshold,
    )
    key_ids = [key_id("ed25519", public_key) for public_key, _ in holders]
    envelope = prepare_envelope("genesis", statement, ledger_id=ledger_id, key_ids=key_ids)
    write_envelope(out, envelope)
    value = {
        "file": str(out),
        "ledger_id": ledger_id.hex(),
        "bureaux": {code: bureau_id.hex() for bureau_id, code in named},
        "log_key": vkey,
        "signers": [value.hex() for value in key_ids],
    }
    print_object("genesis-draft", value, as_json=as_json)


def draft_appointment(
    out: Out,
    ledger: Annotated[str, typer.Option("--ledger", metavar="ID", help="Ledger id of the genesis.")],
    officer: Officer,
    bureau: Annotated[str, typer.Option("--bureau", metavar="ID", help="The bureau.")],
    role: Annotated[str, typer.Option("--role", help="CLERK, REVIEWER, APPROVER, PAYER, AUDITOR, …")],
    tag: Annotated[str, typer.Option("--tag", metavar="HEX", help="Person tag, 32 bytes.")],
    public_key: PublicKey,
    certificate: Annotated[
        Path, typer.Option("--certificate", metavar="FILE", help="The officer's TLS certificate, PEM.")
    ],
    roots: Annotated[
        list[str], typer.Option("--root", metavar="KEY_ID", help="Root that signs; threshold times.")
    ],
    as_json: Json = False,
) -> None:
    """Write an officer's appointment for the roots, and then the officer, to sign: `voucherctl keys sign`."""
    from ledger.client.cosign import write_envelope
    from ledger.client.signing import prepare_envelope
    from ledger.client.statements import officer_appointment
    from ledger.domain.vocabulary import Role
    from ledger.proof.keys import key_id
    from ledger_cli.new_keys import certificate_digest
    from ledger_cli.output import print_object
    from ledger_cli.values import digest_of, enum_of, id_of

    ledger_id, officer_id = id_of(ledger, option="--ledger"), id_of(officer, option="--officer")
    new_key = digest_of(public_key, option="--public-key")
    statement = officer_appointment(
        officer_id=officer_id,
        bureau_id=id_of(bureau, option="--bureau"),
        role=enum_of(Role, role, option="--role"),
        person_tag=digest_of(tag, option="--tag"),
        public_key=new_key,
        certificate_sha256=certificate_digest(
            certificate, option="--certificate", ledger_id=ledger_id, owner_id=officer_id
        ),
    )
    signers = [*(digest_of(root, option="--root") for root in roots), key_id("ed25519", new_key)]
    envelope = prepare_envelope("officer-appointment", statement, ledger_id=ledger_id, key_ids=signers)
    write_envelope(out, envelope)
    value = {
        "file": str(out),
        "officer_id": officer_id.hex(),
        "signers": [signer.hex() for signer in signers],
    }
    print_object("appointment-draft", value, as_json=as_json)


def person_tag(
    pepper: Annotated[
        Path, typer.Option("--pepper", metavar="FILE", help="The operator's secret, at least 32 bytes.")
    ],
    document: Annotated[str, typer.Option("--document", help="Kind of document, for example ID_CARD.")],
    as_json: Json = False,
) -> None:
    """Equality tag of a person: HMAC-SHA-256(pepper, kind ‖ 0 ‖ number); the number is read from stdin."""
    import sys

    from ledger.domain.identifiers import normalise
    from ledger.errors import MalformedError, UsageError
    from ledger.proof.commitment import equality_tag
    from ledger_cli.output import print_object

    try:
        secret = pepper.read_bytes()
    except OSError as error:
        raise UsageError(f"--pepper {pepper}: {error.strerror}") from None
    document_type = normalise(document, name="--document")
    try:
        number = normalise(sys.stdin.readline().strip(), name="number")
    except MalformedError as error:
        raise UsageError("the number on stdin is empty or no plain text", hint=error.hint) from None
    tag = equality_tag(pepper=secret, document_type=document_type, number=number)
    print_object("person-tag", {"tag": tag.hex()}, as_json=as_json)
