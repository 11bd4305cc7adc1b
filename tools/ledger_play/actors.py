"""People and firms of a played ledger: each with its own certificate, key and connection.

An actor signs with its own key and calls with its own certificate. This module must not know in which order
things happen.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from ledger.client.api import LedgerClient
from ledger.client.identity import Identity, load_identity, write_identity
from ledger.client.signing import SigningKey, make_envelope, new_id
from ledger.client.statements import registry, shared
from ledger.client.types import AckLevel, DecisionBasis, Receipt
from ledger.domain.identifiers import complete_credit_code
from ledger.domain.vocabulary import ParticipantKind, Role

if TYPE_CHECKING:
    from types import TracebackType

    from ledger.client.acts import Statement
    from ledger_play.ceremony import DevelopmentLedger

DURABLE = AckLevel.ACK_LEVEL_DURABLE


@dataclass(slots=True)
class Actor:
    """Somebody who signs and calls."""

    name: str
    identity: Identity
    key: SigningKey
    client: LedgerClient

    @property
    def participant_id(self) -> bytes:
        """Id of the participant or officer."""
        return self.identity.participant_id

    def act(self, act: str, statement: Statement, *others: SigningKey) -> Receipt:
        """Sign a statement, first with the own key, and submit it."""
        envelope = make_envelope(act, statement, [self.key, *others], ledger_id=self.identity.ledger_id)
        return self.client.submit(envelope, ack_level=DURABLE)

    def basis(self, reason_code: str) -> DecisionBasis:
        """The basis of a decision in the actor's own office."""
        role = Role[self.identity.role]
        return shared.basis(bureau_id=self.identity.bureau_id, role=role, reason_code=reason_code)


@dataclass(slots=True)
class Cast:
    """Everybody of one development ledger; parties join by registration."""

    ledger: DevelopmentLedger
    members: dict[str, Actor] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """The cast itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every connection."""
        for actor in self.members.values():
            actor.client.close()

    def __getitem__(self, name: str) -> Actor:
        actor = self.members.get(name)
        if actor is None:
            identity = load_identity(self.ledger.directory.identities / f"{name}.toml")
            actor = Actor(name, identity, SigningKey.load(identity.signing_key), LedgerClient(identity))
            self.members[name] = actor
        return actor

    def join(self, name: str, *, kind: ParticipantKind, registered_day: int) -> Actor:
        """Register a participant, its first key and its certificate, each by those who may."""
        clerk, administrator = self["clerk"], self["keymaster"]
        directory = self.ledger.directory
        participant_id = new_id()
        registration = registry.participant_registration(
            basis=clerk.basis("REGISTRATION"),
            participant_id=participant_id,
            kind=kind,
            registered_day=registered_day,
            credit_code=credit_code(name),
        )
        clerk.act("participant-registration", registration)
        key = SigningKey.generate()
        key.save(directory.keys / f"{name}.pem")
        second = self["keymaster-2"].key
        administrator.act(
            "key-registration",
            registry.key_registration(participant_id=participant_id, public_key=key.public_key),
            second,
            key,
        )
        fingerprint = self.ledger.issue(name, participant_id)
        administrator.act(
            "certificate-registration",
            registry.certificate_registration(participant_id=participant_id, certificate_sha256=fingerprint),
            second,
        )
        provider = kind >= ParticipantKind.COMPUTE
        identity = self.ledger.identity(
            name, participant_id=participant_id, role="PROVIDER" if provider else "BENEFICIARY"
        )
        write_identity(directory.identities / f"{name}.toml", identity)
        return self[name]


def credit_code(label: str) -> str:
    """A valid unified social credit code made from a label; for play only, it names nobody."""
    number = int.from_bytes(hashlib.sha256(label.encode()).digest()[:8], "big")
    return complete_credit_code(f"91440300{number % 10**8:08d}")
