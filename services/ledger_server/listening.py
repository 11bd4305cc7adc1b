"""The credentials that gRPC listens with, and binding it to an address.

Without TLS only a loopback address is taken, and only by a server that was told that it is for development.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from ledger.errors import UsageError
from ledger.web.address import Address, AddressUnavailable, parse_address

if TYPE_CHECKING:
    from pathlib import Path

    from grpc import aio

__all__ = ["Address", "AddressUnavailable", "TlsFiles", "bind", "credentials", "parse_address"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """PEM files: the server's certificate chain and key, and the authorities that clients are issued by."""

    certificate: Path
    key: Path
    client_authorities: Path


def credentials(tls: TlsFiles, *, ask_client: bool) -> grpc.ServerCredentials:
    """Server credentials; with `ask_client` nobody connects without a certificate of a known authority."""
    try:
        key, certificate = tls.key.read_bytes(), tls.certificate.read_bytes()
        authorities = tls.client_authorities.read_bytes() if ask_client else None
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be read: {error.strerror}") from None
    return grpc.ssl_server_credentials(
        [(key, certificate)], root_certificates=authorities, require_client_auth=ask_client
    )


def bind(server: aio.Server, address: Address, secure: grpc.ServerCredentials | None) -> int:
    """Bind the server to the address and give the port; AddressUnavailable if that does not work."""
    try:
        if secure is None:
            port = server.add_insecure_port(address.text)
        else:
            port = server.add_secure_port(address.text, secure)
    except RuntimeError:
        port = 0
    if port == 0:
        raise AddressUnavailable(
            f"cannot listen on {address.text}",
            hint="another server has the port (see `ss -ltn`), or certificate and key do not fit",
        )
    return port
