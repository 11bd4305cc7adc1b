"""Verifying the signatures of statements, many at a time and off the event loop.

Which keys may sign is decided later, at the event's index; here only the bytes count. Ed25519 releases the
interpreter lock, so a small pool of threads uses both cores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.domain.statements import Genesis, KeyRegistration, OfficerAppointment
from ledger.errors import MalformedError, VerificationError
from ledger.proof.dsse import pae
from ledger.proof.keys import key_id
from ledger.proof.signing import check_public_key, verifier_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.codec.envelopes import SignedEnvelope
    from ledger.domain.state import State
    from ledger.proof.signing import Verifier


class WeakKeyError(MalformedError):
    """A statement would register a key that is not acceptable."""


class SignatureChecker:
    """Verifies envelopes with the registered keys; verifiers are kept by key id."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._verifiers: dict[bytes, Verifier] = {}

    def check(self, envelope: SignedEnvelope, statement: Any) -> bool | None:
        """True if every signature verifies, False if one does not, None if a key is not registered yet.

        A key that the statement itself registers is checked strictly first; WeakKeyError if it is weak.
        """
        message = pae(envelope.payload_type, envelope.payload)
        own = _own_keys(statement)
        unknown = False
        for signer, (algorithm, signature) in zip(statement.header.key_ids, envelope.signatures, strict=True):
            verifier = own.get(signer) or self._verifier(signer)
            if verifier is None:
                unknown = True
                continue
            if algorithm != verifier.algorithm:
                return False
            try:
                verifier.verify(signature, message)
            except VerificationError:
                return False
        return None if unknown else True

    def check_all(self, pairs: Sequence[tuple[SignedEnvelope, Any]]) -> list[bool | WeakKeyError | None]:
        """The verdict on each of several envelopes."""
        verdicts: list[bool | WeakKeyError | None] = []
        for envelope, statement in pairs:
            try:
                verdicts.append(self.check(envelope, statement))
            except WeakKeyError as error:
                verdicts.append(error)
        return verdicts

    def _verifier(self, signer: bytes) -> Verifier | None:
        verifier = self._verifiers.get(signer)
        if verifier is None:
            key = self._state.keys.get(signer)
            if key is None:
                return None
            verifier = verifier_for(key.algorithm, key.public_key)
            if signer in self._state.keys.base:
                self._verifiers[signer] = verifier
        return verifier


def _own_keys(statement: Any) -> dict[bytes, Verifier]:
    if isinstance(statement, Genesis):
        keys = [(root.algorithm, root.public_key) for root in statement.roots]
    elif isinstance(statement, OfficerAppointment | KeyRegistration):
        keys = [(statement.algorithm, statement.public_key)]
    else:
        return {}
    try:
        key_ids = [key_id(algorithm, public_key) for algorithm, public_key in keys]
        for algorithm, public_key in keys:
            check_public_key(algorithm, public_key)
    except MalformedError as error:
        raise WeakKeyError(error.summary) from error
    if key_ids != list(statement.header.key_ids[-len(keys) :]):
        raise WeakKeyError("header.key_ids: the new key's id comes last, the roots' in their order")
    return {
        signer: verifier_for(algorithm, public_key)
        for signer, (algorithm, public_key) in zip(key_ids, keys, strict=True)
    }
