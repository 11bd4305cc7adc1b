"""The one interface of signers and verifiers, and the closed registry of their algorithms.

An HSM implements `Signer`; another algorithm is one more row of `ALGORITHMS`. Callers must not
name a concrete algorithm, and no row is ever looked up but by its exact name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ledger.errors import MalformedError
from ledger.proof import ed25519

if TYPE_CHECKING:
    from collections.abc import Callable


class Signer(Protocol):
    """Holds, or reaches, one private key."""

    @property
    def algorithm(self) -> str:
        """The registered name that travels with each signature."""

    @property
    def public_key(self) -> bytes:
        """The raw public key."""

    def sign(self, message: bytes) -> bytes:
        """A signature over the message."""


class Verifier(Protocol):
    """Holds one public key."""

    @property
    def algorithm(self) -> str:
        """The registered name that must travel with each signature."""

    @property
    def public_key(self) -> bytes:
        """The raw public key."""

    def verify(self, signature: bytes, message: bytes) -> bytes:
        """The message, once the signature over it verifies; VerificationError otherwise."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A registered signature algorithm: its name, key rule and verifier."""

    name: str
    public_key_size: int
    check_public_key: Callable[[bytes], bytes]
    verifier: Callable[[bytes], Verifier]


ALGORITHMS = (
    Algorithm(ed25519.ED25519, ed25519.PUBLIC_KEY_SIZE, ed25519.check_public_key, ed25519.Verifier),
)


def algorithm_named(name: str) -> Algorithm:
    """The registered algorithm of that exact name, or MalformedError."""
    for algorithm in ALGORITHMS:
        if algorithm.name == name:
            return algorithm
    raise MalformedError("the signature algorithm is not registered")


def verifier_for(algorithm: str, public_key: bytes) -> Verifier:
    """A verifier for a key that was checked at its registration, or MalformedError."""
    return algorithm_named(algorithm).verifier(public_key)


def check_public_key(algorithm: str, public_key: bytes) -> bytes:
    """The key, if its algorithm admits it to registration, or MalformedError."""
    return algorithm_named(algorithm).check_public_key(public_key)
