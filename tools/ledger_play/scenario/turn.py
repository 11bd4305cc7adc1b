"""One step in the making: who acts, what was sent for it, and whether it can be sent again.

Everything that a step sends goes through here, so that a repeated step is the same requests. This module must
not know what a step means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.client.errors import Denied
from ledger.errors import LedgerError
from ledger_play.actors import DURABLE

if TYPE_CHECKING:
    from ledger.client.acts import Statement
    from ledger.client.signing import SigningKey
    from ledger.client.types import Envelope, Receipt
    from ledger.errors import MalformedError
    from ledger.profiles.strict_toml import KeyPath
    from ledger_play.actors import Actor, Formality
    from ledger_play.scenario.step import Step
    from ledger_play.scenario.world import Application, World

_CO_SIGNERS = {"clerk": "approver-1", "keymaster": "keymaster-2"}
_OTHER_APPROVER = {"approver-1": "approver-2"}


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that was accepted: who carried it, what it was, and its leaf."""

    carrier: Actor
    envelope: Envelope
    index: int


@dataclass(slots=True)
class Turn:
    """A step that is being played; `applied` is what the first phase of an award hands to the second."""

    world: World
    step: Step
    path: KeyPath
    sent: list[Sent] = field(default_factory=list)
    applied: Application | None = None

    def officer(self, default: str) -> Actor:
        """The officer who signs first: the one that the step names, or the one whose office it is."""
        return self.world.cast[self.step.by or default]

    def co_signer(self, first: Actor, office: str) -> SigningKey:
        """The key of who signs beside `office`; another person's where the step lets that one sign first."""
        name = _CO_SIGNERS[office]
        return self.world.cast[_OTHER_APPROVER.get(name, name) if first.name == name else name].key

    def decide(
        self, office: str, act: str, statement: Statement, *, by: Actor, alone: bool = True
    ) -> Receipt:
        """An officer's act, `alone` or with the co-signer of the office."""
        others = () if alone else (self.co_signer(by, office),)
        return self.send(by.sign(act, statement, *others), by, carrier=self.world.cast[office])

    def act(self, actor: Actor, act: str, statement: Statement, *others: SigningKey) -> Receipt:
        """A party's act."""
        return self.send(actor.sign(act, statement, *others), actor)

    def formality(self, formality: Formality) -> Receipt:
        """An act by which somebody joins."""
        signer, act, statement, others = formality
        return self.act(signer, act, statement, *others)

    def send(
        self, envelope: Envelope, sender: Actor, *, carrier: Actor | None = None, times: int = 1
    ) -> Receipt:
        """Submit an envelope `times` times and give its receipt.

        A sender to whom the call is closed has its `carrier` bring it: a certificate gives access and no
        authority, so that it is a rule that refuses the wrong office.
        """
        try:
            receipt = sender.client.submit(envelope, ack_level=DURABLE)
        except Denied:
            if carrier is None or carrier is sender:
                raise
            sender = carrier
            receipt = sender.client.submit(envelope, ack_level=DURABLE)
        self.sent.append(Sent(sender, envelope, receipt.index))
        for _ in range(times - 1):
            self.repeat()
        return receipt

    def repeat(self) -> None:
        """Send everything again; each has to have the leaf that it had."""
        for sent in self.sent:
            again = sent.carrier.client.submit(sent.envelope, ack_level=DURABLE)
            if again.index != sent.index:
                raise SecondEffect(sent.index, again.index)

    def malformed(self, key: str, problem: str, *, allowed: str) -> MalformedError:
        """The error of a value that turns out not to fit only while the file is played."""
        return self.world.scenario.source.malformed((*self.path, key), problem, allowed=allowed)


class SecondEffect(LedgerError):
    """One request had two effects."""

    reason = "second effect"

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"sent again, leaf {first} became leaf {second}")
