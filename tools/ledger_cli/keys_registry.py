"""Acts on the registry of keys, officers and certificates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger_cli.act_command import act_command
from ledger_cli.options import Officer

if TYPE_CHECKING:
    from ledger_cli.acting import Acting

NewKeyFile = Annotated[
    Path | None,
    typer.Option("--new-key", metavar="FILE", help="The new key; it signs, too (proof of possession)."),
]
PublicKey = Annotated[
    str | None,
    typer.Option(
        "--public-key", metavar="HEX", help="With --draft, in place of --new-key: its owner signs later."
    ),
]
Certificate = Annotated[Path, typer.Option("--certificate", metavar="FILE", help="TLS certificate, PEM.")]
ParticipantId = Annotated[str, typer.Option("--participant", metavar="ID", help="The owner.")]
KeyId = Annotated[str, typer.Option("--key-id", metavar="HEX", help="The key.")]
InvalidSince = Annotated[str, typer.Option("--invalid-since", metavar="TIME", help="Disputed from here on.")]
RevocationCause = Annotated[str, typer.Option("--cause", help="COMPROMISED, LOST or CEASED.")]
SignerCount = Annotated[int, typer.Option("--signers", help="How many of the keys at hand sign.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands into a group."""
    app.command("register")(register)
    app.command("retire")(retire)
    app.command("revoke")(revoke)
    app.command("correct-revocation")(correct_revocation)
    app.command("appoint-officer")(appoint_officer)
    app.command("register-certificate")(register_certificate)


@act_command(signers=2)
def register(
    actor: Acting,
    participant: ParticipantId,
    new_key: NewKeyFile = None,
    public_key: PublicKey = None,
) -> None:
    """Register a participant's key; signed by two key administrators and the new key."""
    from ledger.client.statements import key_registration
    from ledger_cli.new_keys import new_key_of
    from ledger_cli.values import id_of

    key = new_key_of(new_key, public_key, draft=actor.draft is not None)
    participant_id = id_of(participant, option="--participant")
    statement = key_registration(participant_id=participant_id, public_key=key.public_key)
    actor.do("key-registration", statement, made={"key_id": key.key_id}, last=key)


@act_command(signers=2)
def retire(
    actor: Acting,
    key_id: KeyId,
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="Last instant at which it may sign.")],
    signers: SignerCount = 2,
) -> None:
    """Let a key sign until a time and no longer; signed by two key administrators, or by roots."""
    from ledger.client.statements import key_retirement
    from ledger_cli.values import digest_of, instant_of

    statement = key_retirement(
        key_id=digest_of(key_id, option="--key-id"), until_ms=instant_of(until, option="--until")
    )
    actor.do("key-retirement", statement, signers=signers)


@act_command(signers=2)
def revoke(
    actor: Acting,
    key_id: KeyId,
    since: InvalidSince,
    cause: RevocationCause,
    signers: SignerCount = 1,
) -> None:
    """Revoke a key for ever; signed by its owner, or with --signers 2 by key administrators or roots."""
    from ledger.client.statements import key_revocation
    from ledger.domain.vocabulary import RevocationReason
    from ledger_cli.values import digest_of, enum_of, instant_of

    statement = key_revocation(
        key_id=digest_of(key_id, option="--key-id"),
        invalid_since_ms=instant_of(since, option="--invalid-since"),
        reason=enum_of(RevocationReason, cause, option="--cause"),
    )
    actor.do("key-revocation", statement, signers=signers)


@act_command(signers=2)
def correct_revocation(
    actor: Acting,
    key_id: KeyId,
    since: InvalidSince,
    cause: RevocationCause,
    signers: SignerCount = 2,
) -> None:
    """Move the time since when a revoked key is invalid, only ever earlier.

    Signed by two key administrators, or by roots for the key of an officer or root.
    """
    from ledger.client.statements import revocation_correction
    from ledger.domain.vocabulary import RevocationReason
    from ledger_cli.values import digest_of, enum_of, instant_of

    statement = revocation_correction(
        key_id=digest_of(key_id, option="--key-id"),
        invalid_since_ms=instant_of(since, option="--invalid-since"),
        reason=enum_of(RevocationReason, cause, option="--cause"),
    )
    actor.do("revocation-correction", statement, signers=signers)


@act_command(signers=2)
def appoint_officer(
    actor: Acting,
    officer: Officer,
    bureau: Annotated[str, typer.Option("--bureau", metavar="ID", help="The bureau.")],
    role: Annotated[str, typer.Option("--role", help="CLERK, REVIEWER, APPROVER, PAYER, AUDITOR, …")],
    tag: Annotated[str, typer.Option("--tag", metavar="HEX", help="Person tag, 32 bytes.")],
    certificate: Certificate,
    new_key: NewKeyFile = None,
    public_key: PublicKey = None,
    signers: SignerCount = 2,
) -> None:
    """Name an officer with key and certificate; signed by the root threshold and the new key."""
    from ledger.client.statements import officer_appointment
    from ledger.domain.vocabulary import Role
    from ledger_cli.new_keys import certificate_digest, new_key_of
    from ledger_cli.values import digest_of, enum_of, id_of

    key = new_key_of(new_key, public_key, draft=actor.draft is not None)
    officer_id = id_of(officer, option="--officer")
    digest = certificate_digest(
        certificate, option="--certificate", ledger_id=actor.identity.ledger_id, owner_id=officer_id
    )
    statement = officer_appointment(
        officer_id=officer_id,
        bureau_id=id_of(bureau, option="--bureau"),
        role=enum_of(Role, role, option="--role"),
        person_tag=digest_of(tag, option="--tag"),
        public_key=key.public_key,
        certificate_sha256=digest,
    )
    made = {"officer_id": officer_id, "key_id": key.key_id}
    actor.do("officer-appointment", statement, made=made, signers=signers, last=key)


@act_command(signers=2)
def register_certificate(actor: Acting, participant: ParticipantId, certificate: Certificate) -> None:
    """Bind a TLS certificate to its owner, in place of the one before; signed by two key administrators."""
    from ledger.client.statements import certificate_registration
    from ledger_cli.new_keys import certificate_digest
    from ledger_cli.values import id_of

    owner_id = id_of(participant, option="--participant")
    digest = certificate_digest(
        certificate, option="--certificate", ledger_id=actor.identity.ledger_id, owner_id=owner_id
    )
    statement = certificate_registration(participant_id=owner_id, certificate_sha256=digest)
    actor.do("certificate-registration", statement)
