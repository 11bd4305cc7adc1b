"""Who calls: the TLS peer, found in the ledger's own register of certificates.

A certificate counts if its fingerprint is its owner's newest registered one and its SAN URI names this
ledger and that owner. It gives access and is noted as the submitter; it has no authority over any act.
"""

from __future__ import annotations

import hashlib
import re
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ledger.app.outcomes import Refused
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import ParticipantKind
from ledger_server.access import Caller

if TYPE_CHECKING:
    from collections.abc import Callable

    from grpc import aio

    from ledger.domain.state import State

# Believed only by a server that was started without TLS on a loopback address.
DEVELOPMENT_HEADER: Final = "development-participant"

_SAN_URI = re.compile(r"voucher-ledger:/([0-9a-f]{32})/participant/([0-9a-f]{32})")
_HEX_ID = re.compile(r"[0-9a-f]{32}")
_MOST_CACHED: Final = 4_096
_SELLERS: Final = frozenset({ParticipantKind.COMPUTE, ParticipantKind.MODEL, ParticipantKind.EXCHANGE})


@dataclass(frozen=True, slots=True)
class Peer:
    """An admitted caller: 16-byte id (empty for anyone) and as what it may call."""

    participant_id: bytes
    callers: frozenset[Caller]


ANYONE: Final = Peer(b"", frozenset({Caller.ANYONE}))

_current_peer: ContextVar[Peer] = ContextVar("ledger_server_peer", default=ANYONE)


def current_peer() -> Peer:
    """The caller of the RPC that runs now."""
    return _current_peer.get()


def enter(peer: Peer) -> None:
    """Make `peer` the caller of the RPC that runs now."""
    _current_peer.set(peer)


@dataclass(frozen=True, slots=True)
class PresentedCertificate:
    """What a certificate says, parsed once."""

    fingerprint: bytes
    ledger_id: str
    participant_id: str
    not_after_s: float


def san_uri(*, ledger_id: bytes, participant_id: bytes) -> str:
    """The SAN URI of a participant's certificate for one ledger."""
    return f"voucher-ledger:/{ledger_id.hex()}/participant/{participant_id.hex()}"


def parse_certificate(pem: bytes) -> PresentedCertificate | None:
    """Fingerprint and name of a certificate; None if it is not one for a participant of a ledger."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return None
    found = _SAN_URI.fullmatch(uris[0]) if len(uris) == 1 else None
    if found is None:
        return None
    return PresentedCertificate(
        fingerprint=hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest(),
        ledger_id=found[1],
        participant_id=found[2],
        not_after_s=certificate.not_valid_after_utc.timestamp(),
    )


class PeerDirectory:
    """Finds callers in the ledger's state; `insecure` believes the development header instead of TLS."""

    def __init__(
        self,
        *,
        ledger_id: bytes,
        state: Callable[[], State],
        insecure: bool = False,
        wall_clock_s: Callable[[], float] = time.time,
    ) -> None:
        self._ledger_id = ledger_id.hex()
        self._state = state
        self._insecure = insecure
        self._wall_clock_s = wall_clock_s
        self._parsed: dict[bytes, PresentedCertificate | None] = {}

    def identify(self, context: aio.ServicerContext[Any, Any]) -> Peer | Refused:
        """The caller as the ledger knows it now, or why it is not one."""
        if self._insecure:
            return self._named(context)
        pem = next(iter(context.auth_context().get("x509_pem_cert", ())), None)
        if pem is None:
            return _unauthenticated("this method needs a client certificate")
        return self._presented(pem)

    def _named(self, context: aio.ServicerContext[Any, Any]) -> Peer | Refused:
        for name, value in context.invocation_metadata() or ():
            if name == DEVELOPMENT_HEADER and isinstance(value, str) and _HEX_ID.fullmatch(value):
                return self._peer(bytes.fromhex(value))
        return _unauthenticated(f"this development server needs the header {DEVELOPMENT_HEADER}: an id")

    def _presented(self, pem: bytes) -> Peer | Refused:
        certificate = self._parse(pem)
        if certificate is None:
            return _unauthenticated("the certificate does not name a participant of a ledger")
        if certificate.ledger_id != self._ledger_id:
            return _unauthenticated("the certificate is for another ledger")
        if certificate.not_after_s < self._wall_clock_s():
            return _unauthenticated("the certificate is past its validity")
        state = self._state()
        owner = state.certificates.base.get(certificate.fingerprint)
        if owner is None or owner.hex() != certificate.participant_id:
            return _unauthenticated("the certificate is not registered")
        if state.fingerprint_of.base.get(owner) != certificate.fingerprint:
            return _unauthenticated("the certificate was replaced by a newer one")
        return self._peer(owner)

    def _parse(self, pem: bytes) -> PresentedCertificate | None:
        if pem in self._parsed:
            return self._parsed[pem]
        if len(self._parsed) >= _MOST_CACHED:
            self._parsed.clear()
        parsed = self._parsed[pem] = parse_certificate(pem)
        return parsed

    def _peer(self, participant_id: bytes) -> Peer | Refused:
        state = self._state()
        officer = state.officers.base.get(participant_id)
        if officer is not None:
            return Peer(participant_id, frozenset({Caller.ANYONE, Caller[officer.role.name]}))
        participant = state.participants.base.get(participant_id)
        if participant is None:
            return _unauthenticated("the owner of the certificate is not registered")
        # Every participant may apply: that a provider may not is a rule's to say (ROLE_CONFLICT).
        callers = {Caller.ANYONE, Caller.BENEFICIARY}
        if participant.kind in _SELLERS or participant_id in state.admissions.base:
            callers.add(Caller.PROVIDER)
        return Peer(participant_id, frozenset(callers))


def _unauthenticated(message: str) -> Refused:
    return Refused(reason=Reason.UNAUTHENTICATED, message=message)
