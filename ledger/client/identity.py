"""Who a client is: one TOML file that names the server, the certificate and the signing key.

Paths in the file are relative to the file. The file holds no secret itself; this module must not read
the keys that it names.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from ledger.domain.identifiers import parse_id
from ledger.domain.quantities import printable
from ledger.domain.vocabulary import Role
from ledger.errors import LedgerError, UsageError

PARTY_ROLES = ("BENEFICIARY", "PROVIDER", "ROOT")
ROLES = (*(role.name for role in Role), *PARTY_ROLES)

_SERVER = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")
_MAX_PORT = 65_535
_REQUIRED = ("server", "signing_key", "participant_id", "ledger_id", "role")
_PATHS = ("ca", "certificate", "certificate_key", "signing_key")
_TEXTS = (*_REQUIRED, "ca", "certificate", "certificate_key", "bureau_id", "server_name", "log_key")
_KEYS = (*_TEXTS, "co_signers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a client needs to connect as somebody and to sign as somebody.

    `ca`, `certificate` and `certificate_key` are all given, or all None for a server without TLS.
    `co_signers` are further signing keys, for development only. `bureau_id` is empty for parties.
    `server_name` is the name in the server's certificate where it is not the host; `log_key` the
    pinned vkey that receipts are verified with, or empty.
    """

    server: str
    ca: Path | None
    certificate: Path | None
    certificate_key: Path | None
    signing_key: Path
    participant_id: bytes
    ledger_id: bytes
    role: str
    co_signers: tuple[Path, ...] = ()
    bureau_id: bytes = b""
    server_name: str = ""
    log_key: str = ""


def load_identity(path: Path) -> Identity:
    """Read an identity file. Raises UsageError naming file and key for anything missing or unknown."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"identity {path}: cannot be read: {error.strerror}",
            hint="give the file with --as or in VOUCHERCTL_AS",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"identity {path}: not TOML: {error}", hint="correct the file") from error
    for key in values:
        if key not in _KEYS:
            raise _wrong(path, key, "unknown key", allowed=", ".join(_KEYS))
    for key in _REQUIRED:
        if key not in values:
            raise _wrong(path, key, "missing", allowed="a text")
    texts = {key: _text(path, values, key) for key in _TEXTS}
    files = {key: path.parent / texts[key] if texts[key] else None for key in _PATHS}
    _check_tls(path, texts)
    return Identity(
        server=_server(path, texts["server"]),
        ca=files["ca"],
        certificate=files["certificate"],
        certificate_key=files["certificate_key"],
        signing_key=path.parent / texts["signing_key"],
        co_signers=_co_signers(path, values),
        participant_id=_id(path, "participant_id", texts["participant_id"]),
        ledger_id=_id(path, "ledger_id", texts["ledger_id"]),
        bureau_id=_id(path, "bureau_id", texts["bureau_id"]) if texts["bureau_id"] else b"",
        role=_role(path, texts["role"]),
        server_name=texts["server_name"],
        log_key=texts["log_key"],
    )


def write_identity(path: Path, identity: Identity) -> None:
    """Write an identity file, atomically; `load_identity` gives it back.

    Paths are written relative to the file's folder. Raises UsageError if the file cannot be written.
    """
    folder = path.parent.resolve()

    def relative(target: Path | None) -> str:
        if target is None:
            return ""
        return Path(os.path.relpath(target.resolve(), folder)).as_posix()

    values = {
        "server": identity.server,
        "server_name": identity.server_name,
        "ca": relative(identity.ca),
        "certificate": relative(identity.certificate),
        "certificate_key": relative(identity.certificate_key),
        "signing_key": relative(identity.signing_key),
        "participant_id": identity.participant_id.hex(),
        "ledger_id": identity.ledger_id.hex(),
        "bureau_id": identity.bureau_id.hex(),
        "role": _role(path, identity.role),
        "log_key": identity.log_key,
    }
    lines = [f"{key} = {_quoted(value)}" for key, value in values.items() if value]
    if identity.co_signers:
        signers = ", ".join(_quoted(relative(signer)) for signer in identity.co_signers)
        lines.append(f"co_signers = [{signers}]")
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise UsageError(f"identity {path}: cannot be written: {error.strerror}") from error


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are a subset of TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _wrong(path: Path, key: str, problem: str, *, allowed: str) -> UsageError:
    return UsageError(f"identity {path}, key {printable(key)}: {problem}", hint=f"allowed: {allowed}")


def _text(path: Path, values: dict[str, object], key: str) -> str:
    value = values.get(key, "")
    if not isinstance(value, str) or not value.isprintable():
        raise _wrong(path, key, "not a printable text", allowed="a text in double quotes")
    if key in _REQUIRED and not value:
        raise _wrong(path, key, "empty", allowed="a text that is not empty")
    return value


def _co_signers(path: Path, values: dict[str, object]) -> tuple[Path, ...]:
    signers = values.get("co_signers", [])
    if not isinstance(signers, list) or not all(isinstance(signer, str) and signer for signer in signers):
        raise _wrong(path, "co_signers", "not a list of paths", allowed='for example ["keys/b.pem"]')
    return tuple(path.parent / signer for signer in signers)


def _check_tls(path: Path, texts: dict[str, str]) -> None:
    given = [key for key in ("ca", "certificate", "certificate_key") if texts[key]]
    for key in ("ca", "certificate", "certificate_key"):
        if given and key not in given:
            raise _wrong(path, key, "missing", allowed=f"a path, as {', '.join(given)} are given")


def _server(path: Path, text: str) -> str:
    match = _SERVER.fullmatch(text)
    if match is None or not 0 < int(match[2]) <= _MAX_PORT:
        raise _wrong(path, "server", f"{printable(text)} is not an address", allowed="HOST:PORT")
    return text


def _id(path: Path, key: str, text: str) -> bytes:
    try:
        return parse_id(text)
    except LedgerError as error:
        raise _wrong(path, key, error.summary, allowed="32 lower-case hexadecimal digits") from error


def _role(path: Path, text: str) -> str:
    if text not in ROLES:
        raise _wrong(path, "role", f"no role {printable(text)}", allowed=", ".join(ROLES))
    return text
