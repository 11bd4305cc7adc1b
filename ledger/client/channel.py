"""Open channels to a server: mutual TLS, keepalive, size limits.

TLS is never left out silently: a channel without it needs an explicit flag and a loopback address. This
module must not sign anything or know a method.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import grpc
from grpc import aio

from ledger.errors import ExitCode, LedgerError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.client.identity import Identity

KEEPALIVE_MS = 30_000
KEEPALIVE_TIMEOUT_MS = 10_000
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
        return grpc.insecure_channel(_loopback(identity.server), options=_options(identity))
    return grpc.secure_channel(identity.server, _credentials(identity), options=_options(identity))


def open_aio_channel(identity: Identity, *, insecure_development: bool = False) -> aio.Channel:
    """The same as `open_channel` for asyncio."""
    if insecure_development:
        return aio.insecure_channel(_loopback(identity.server), options=_options(identity))
    return aio.secure_channel(identity.server, _credentials(identity), options=_options(identity))


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
