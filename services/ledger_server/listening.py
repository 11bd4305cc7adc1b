"""Addresses to listen on and the credentials they are listened on with.

Without TLS only a loopback address is taken, and only by a server that was told that it is for development.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import grpc

from ledger.errors import ExitCode, LedgerError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from grpc import aio

_MAX_PORT: Final = 65_535


class AddressUnavailable(LedgerError):
    """The address cannot be listened on now."""

    exit_code = ExitCode.UNAVAILABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """PEM files: the server's certificate chain and key, and the authorities that clients are issued by."""

    certificate: Path
    key: Path
    client_authorities: Path


@dataclass(frozen=True, slots=True)
class Address:
    """Host and port; port 0 lets the system choose."""

    host: str
    port: int

    @property
    def text(self) -> str:
        """As gRPC takes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether nobody outside this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(text: str) -> Address:
    """HOST:PORT, an IPv6 host in brackets; UsageError otherwise."""
    host, _, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    bare = host[1:-1] if bracketed else host
    known = port.isascii() and port.isdecimal() and len(port) <= len(str(_MAX_PORT))
    if not bare or (":" in bare) != bracketed or not known or int(port) > _MAX_PORT:
        raise UsageError(f"{text!r} is not an address", hint="allowed: HOST:PORT, for example 127.0.0.1:7443")
    return Address(bare, int(port))


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
