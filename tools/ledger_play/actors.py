"""People and firms of a played ledger: each with its own certificate, key and connection.

An actor signs with its own key and calls with its own certificate. This module must not know in which order
things happen.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, Self

from ledger.client.api import LedgerClient
from ledger.client.identity import Identity, load_identity, write_identity
from ledger.client.signing import SigningKey, make_envelope, new_id
from ledger.client.statements import registry, shared
from ledger.client.types import AckLevel, DecisionBasis, Envelope, Receipt
from ledger.domain.identifiers import complete_credit_code
from ledger.domain.vocabulary import ParticipantKind, Role

if TYPE_CHECKING:
    from types import TracebackType

    from ledger.client.acts import Statement
    from ledger_play.ceremony import DevelopmentLedger

DURABLE = AckLevel.ACK_LEVEL_DURABLE

_CODE_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


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

    def sign(self, act: str, statement: Statement, *others: SigningKey) -> Envelope:
        """A statement signed first with the own key."""
        return make_envelope(act, statement, [self.key, *others], ledger_id=self.identity.ledger_id)

    def act(self, act: str, statement: Statement, *others: SigningKey) -> Receipt:
        """Sign a statement, first with the own key, and submit it."""
        return self.client.submit(self.sign(act, statement, *others), ack_level=DURABLE)

    def basis(self, reason_code: str) -> DecisionBasis:
        """The basis of a decision in the actor's own office."""
        role = Role[self.identity.role]
        return shared.basis(bureau_id=self.identity.bureau_id, role=role, reason_code=reason_code)


class Formality(NamedTuple):
    """One act by which somebody joins: who signs first, what, and the other keys."""

    signer: Actor
    act: str
    statement: Statement
    others: tuple[SigningKey, ...] = ()


@dataclass(slots=True)
class Cast:
    """Everybody of one development ledger; parties join by registration."""

    ledger: DevelopmentLedger
    members: dict[str, Actor] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

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
        with self._lock:
            actor = self.members.get(name)
            if actor is None:
                identity = load_identity(self.ledger.directory.identities / f"{name}.toml")
                identity = replace(identity, server=self.ledger.server)
                actor = Actor(name, identity, SigningKey.load(identity.signing_key), LedgerClient(identity))
                self.members[name] = actor
        return actor

    def join(self, name: str, *, kind: ParticipantKind, registered_day: int) -> Actor:
        """Register a participant, its first key and its certificate, each by those who may."""
        registration = registry.participant_registration(
            basis=self["clerk"].basis("REGISTRATION"),
            participant_id=new_id(),
            kind=kind,
            registered_day=registered_day,
            credit_code=credit_code(name),
        )
        self["clerk"].act("participant-registration", registration)
        for step in self.entry(name, registration.participant_id, seller=kind >= ParticipantKind.COMPUTE):
            step.signer.act(step.act, step.statement, *step.others)
        return self[name]

    def entry(self, name: str, participant_id: bytes, *, seller: bool) -> tuple[Formality, ...]:
        """What makes a registered participant able to act: its first key and its certificate.

        Both lie in the folder afterwards under `name`, with an identity file; `seller` is a provider.
        """
        directory = self.ledger.directory
        key = SigningKey.generate()
        key.save(directory.keys / f"{name}.pem")
        fingerprint = self.ledger.issue(name, participant_id)
        identity = self.ledger.identity(
            name, participant_id=participant_id, role="PROVIDER" if seller else "BENEFICIARY"
        )
        write_identity(directory.identities / f"{name}.toml", identity)
        certificate = registry.certificate_registration(
            participant_id=participant_id, certificate_sha256=fingerprint
        )
        return (
            self.key_of(participant_id, key),
            Formality(self["keymaster"], "certificate-registration", certificate, (self["keymaster-2"].key,)),
        )

    def key_of(self, participant_id: bytes, key: SigningKey) -> Formality:
        """The registration of a participant's key: two key administrators, and the key itself."""
        statement = registry.key_registration(participant_id=participant_id, public_key=key.public_key)
        return Formality(self["keymaster"], "key-registration", statement, (self["keymaster-2"].key, key))


def credit_code(label: str) -> str:
    """A valid unified social credit code made from a label; for play only, it names nobody."""
    number = int.from_bytes(hashlib.sha256(label.encode()).digest()[:8], "big")
    free = ""
    for _ in range(8):
        number, place = divmod(number, len(_CODE_LETTERS))
        free += _CODE_LETTERS[place]
    return complete_credit_code(f"91440300{free}")
