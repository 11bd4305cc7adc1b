"""Addresses to listen on. Nothing is bound here."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

from ledger.errors import ExitCode, LedgerError, UsageError

_MAX_PORT: Final = 65_535


class AddressUnavailable(LedgerError):
    """The address cannot be listened on now."""

    exit_code = ExitCode.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Address:
    """Host and port; port 0 lets the system choose."""

    host: str
    port: int

    @property
    def text(self) -> str:
        """HOST:PORT, an IPv6 host in brackets."""
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
