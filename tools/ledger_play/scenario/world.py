"""What a running scenario knows: who is who, what each label stands for, and the clock.

Amounts and states are the server's; they are asked for when they are needed. This module must not decide
what a step expects.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.client.attestations import ChainHead
from ledger.client.errors import RpcRefused
from ledger.domain.days import day_of_ms
from ledger_play.scenario.values import Kind

if TYPE_CHECKING:
    from collections.abc import Container

    from ledger.client import types as issued
    from ledger.client.api import LedgerClient
    from ledger.client.signing import SigningKey
    from ledger.domain.policy import Origin, Payee
    from ledger.profiles.loader import Profile
    from ledger_play.actors import Actor, Cast
    from ledger_play.scenario.file import Scenario
    from ledger_play.scenario.step import Step

ID_SIZE = 16


@dataclass(slots=True)
class Selling:
    """A participant as a provider: its signing keys in order, and what its devices are."""

    vendor: str
    model: str
    origin: Origin
    keys: dict[str, SigningKey] = field(default_factory=dict)


@dataclass(slots=True)
class Party:
    """A participant; `settled` once a step that names it was accepted as a whole."""

    label: str
    actor: Actor
    selling: Selling | None = None
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract with its parties."""

    contract_id: bytes
    digest: bytes
    beneficiary: Party
    provider: Party
    unit_price_fen: int | None


@dataclass(frozen=True, slots=True)
class Application:
    """An application for a programme, on a contract."""

    application_id: bytes
    programme: str
    contract: Contract


@dataclass(slots=True)
class Voucher:
    """A voucher with the chain of attestations that were signed for it."""

    voucher_id: bytes
    application: Application
    payee: Payee
    head: ChainHead = field(default_factory=ChainHead)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def contract(self) -> Contract:
        """The contract that it is bound to."""
        return self.application.contract


@dataclass(slots=True)
class World:
    """The things that accepted steps made, by their labels."""

    cast: Cast
    scenario: Scenario
    profile: Profile
    now_ms: int
    programmes: dict[str, bytes] = field(default_factory=dict)
    parties: dict[str, Party] = field(default_factory=dict)
    contracts: dict[str, Contract] = field(default_factory=dict)
    applications: dict[str, Application] = field(default_factory=dict)
    objections: dict[str, str] = field(default_factory=dict)
    vouchers: dict[str, Voucher] = field(default_factory=dict)
    claims: dict[str, bytes] = field(default_factory=dict)
    invoices: dict[str, bytes] = field(default_factory=dict)
    payments: dict[str, bytes] = field(default_factory=dict)
    redemptions: dict[str, bytes] = field(default_factory=dict)
    clawbacks: dict[str, bytes] = field(default_factory=dict)
    _pepper: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def reader(self) -> LedgerClient:
        """The connection by which facts are read."""
        return self.cast["auditor"].client

    @property
    def today(self) -> int:
        """The ledger's day."""
        return day_of_ms(self.now_ms)

    def advance(self, ms: int) -> None:
        """Move the ledger's clock, never back."""
        with self._lock:
            if ms > self.now_ms:
                self.now_ms = self.cast["operator"].client.set_clock(ms)

    def id_of(self, kind: str, label: str) -> bytes:
        """The id of what a label stands for: the same within this run, whatever becomes of its step."""
        return self.digest_of(kind, label)[:ID_SIZE]

    def digest_of(self, *parts: str) -> bytes:
        """32 bytes that stand for a document, a number or a person of this run."""
        return hmac.digest(self._pepper, "\0".join(parts).encode(), hashlib.sha256)

    def find_voucher(self, voucher_id: bytes) -> issued.Voucher | None:
        """A voucher as it stands; None while its grant waits, or got nothing."""
        try:
            return self.reader.get_voucher(voucher_id)
        except RpcRefused as refused:
            if refused.reason != "NOT_FOUND":
                raise
            return None

    def unknown(self, step: Step) -> str:
        """What the step names and no accepted step has made, in words; empty if there is nothing."""
        for key, kind, label in step.named():
            if label not in self._known(kind):
                return f"{key}: there is no {kind} {label}"
        return ""

    def _known(self, kind: Kind) -> Container[str]:
        match kind:
            case Kind.PARTY:
                return {label for label, party in self.parties.items() if party.settled}
            case Kind.PROVIDER:
                return {label for label, party in self.parties.items() if party.settled and party.selling}
            case _:
                known: Container[str] = getattr(self, f"{kind}s")
                return known
