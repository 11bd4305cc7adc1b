"""Open channels to a server: mutual TLS, keepalive, size limits.

TLS is never left out silently: a channel without it needs an explicit flag and a loopback address. This
module must not sign anything or know a method.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
from grpc import aio

from ledger.errors import ExitCode, LedgerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ledger.client.identity import Identity

KEEPALIVE_MS = 30_000
KEEPALIVE_TIMEOUT_MS = 10_000
DEVELOPMENT_HEADER = "development-participant"
MAX_SEND_SIZE = 1_114_112
MAX_RECEIVE_SIZE = 4_194_304

_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_send_message_length", MAX_SEND_SIZE),
    ("grpc.max_receive_message_length", MAX_RECEIVE_SIZE),
    ("grpc.enable_retries", 0),
)


class CredentialsMissingError(LedgerError):
    """A certificate or key file that the identity names cannot be read."""

    exit_code = ExitCode.DENIED


def open_channel(identity: Identity, *, insecure_development: bool = False) -> grpc.Channel:
    """A channel as `identity`, with mutual TLS; nothing is sent before the first call.

    `insecure_development` opens it without TLS, to a loopback address only. Raises UsageError for any
    other address then, and for an identity without certificate otherwise; CredentialsMissingError for a
    file that cannot be read.
    """
    if insecure_development:
        plain = grpc.insecure_channel(_loopback(identity.server), options=_options(identity))
        return grpc.intercept_channel(plain, _NameCaller(identity.participant_id))
    return grpc.secure_channel(identity.server, _credentials(identity), options=_options(identity))


def open_aio_channel(identity: Identity, *, insecure_development: bool = False) -> aio.Channel:
    """The same as `open_channel` for asyncio; without TLS the caller adds `development_metadata` itself."""
    if insecure_development:
        return aio.insecure_channel(_loopback(identity.server), options=_options(identity))
    return aio.secure_channel(identity.server, _credentials(identity), options=_options(identity))


def development_metadata(participant_id: bytes) -> tuple[tuple[str, str], ...]:
    """How a caller without a certificate names itself to a development server."""
    return ((DEVELOPMENT_HEADER, participant_id.hex()),)


class _CallDetails(NamedTuple):
    """What an interceptor passes on (`grpc.ClientCallDetails` cannot be made)."""

    method: str
    timeout: float | None
    metadata: Sequence[tuple[str, str | bytes]] | None
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None


class _NameCaller(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Adds the development header to every call."""

    def __init__(self, participant_id: bytes) -> None:
        self._metadata = development_metadata(participant_id)

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(self._named(details), request)

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(self._named(details), request)

    def _named(self, details: Any) -> _CallDetails:
        return _CallDetails(
            details.method,
            details.timeout,
            (*(details.metadata or ()), *self._metadata),
            details.credentials,
            details.wait_for_ready,
            details.compression,
        )


def _options(identity: Identity) -> list[tuple[str, int | str]]:
    options: list[tuple[str, int | str]] = list(_OPTIONS)
    if identity.server_name:
        options.append(("grpc.ssl_target_name_override", identity.server_name))
    return options


def _credentials(identity: Identity) -> grpc.ChannelCredentials:
    if identity.ca is None or identity.certificate is None or identity.certificate_key is None:
        raise UsageError(
            "the identity names no certificate",
            hint="add ca, certificate and certificate_key to the identity file",
        )
    return grpc.ssl_channel_credentials(
        root_certificates=_read(identity.ca),
        private_key=_read(identity.certificate_key),
        certificate_chain=_read(identity.certificate),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CredentialsMissingError(
            f"{path}: cannot be read: {error.strerror}", hint="check the paths in the identity file"
        ) from error


def _loopback(server: str) -> str:
    host = server.rpartition(":")[0].strip("[]")
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise UsageError(f"{server} is not a loopback address", hint="without TLS only 127.0.0.1 is allowed")
    return server
