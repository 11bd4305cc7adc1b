"""Opens a ledger for development: makes roots, officers, certificates and identity files in one folder.

Everything that real roots and officers do apart and offline is done here at once, with keys that lie in the
folder; an audit of such a ledger says that its clock is SIMULATED. Never for production.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ledger.app.bootstrap import new_store
from ledger.client.identity import Identity, write_identity
from ledger.client.signing import SigningKey, make_envelope, new_id
from ledger.client.statements import registry
from ledger.codec.envelopes import from_message
from ledger.domain.vocabulary import Clock, Role
from ledger.proof.vkey import ED25519_TYPE, VKey
from ledger.store.location import StoreKind, StoreLocation
from ledger_server.dev_authority import DevelopmentAuthority, write_private
from ledger_server.directory import LedgerDirectory
from ledger_server.founding import found_ledger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ledger.app.application import LedgerApplication
    from ledger.app.bootstrap import Opened
    from ledger.client.types import Envelope

BUREAU_CODE = "BUREAU"
BASE_NAME = "ledger.example/dev"
ROOTS = 3
ROOT_THRESHOLD = 2
OFFICERS: tuple[tuple[str, Role], ...] = (
    ("keymaster", Role.KEY_ADMINISTRATOR),
    ("keymaster-2", Role.KEY_ADMINISTRATOR),
    ("clerk", Role.CLERK),
    ("reviewer", Role.REVIEWER),
    ("approver-1", Role.APPROVER),
    ("approver-2", Role.APPROVER),
    ("payer", Role.PAYER),
    ("auditor", Role.AUDITOR),
    ("operator", Role.OPERATOR),
)
# Who co-signs with whom, so that one command of a development ledger carries all signatures of its act.
CO_SIGNERS = {"keymaster": ("keymaster-2",), "clerk": ("approver-1",)}
AT = "@"


@dataclass(frozen=True, slots=True, kw_only=True)
class DevelopmentLedger:
    """A ledger that was opened in a folder, with the authority that issues its certificates.

    `bureau_id` is the first bureau's, `bureau_ids` has those of all by their codes.
    """

    directory: LedgerDirectory
    opened: Opened
    bureau_id: bytes
    authority: DevelopmentAuthority
    server: str
    bureau_ids: Mapping[str, bytes] = field(default_factory=dict)
    application: LedgerApplication | None = None

    def identity(self, name: str, *, participant_id: bytes, role: str, bureau_id: bytes = b"") -> Identity:
        """The identity of somebody whose key and certificate lie in the folder."""
        directory = self.directory
        return Identity(
            server=self.server,
            ca=directory.tls / "ca.pem",
            certificate=directory.tls / f"{name}.pem",
            certificate_key=directory.tls / f"{name}.key",
            signing_key=directory.keys / f"{name}.pem",
            co_signers=tuple(directory.keys / f"{other}.pem" for other in _co_signers(name)),
            participant_id=participant_id,
            ledger_id=self.opened.ledger_id,
            role=role,
            bureau_id=bureau_id,
            log_key=self.opened.log_vkey,
        )

    def issue(self, name: str, participant_id: bytes) -> bytes:
        """Make a certificate for somebody; its fingerprint, to be registered."""
        return _issue(self.directory, self.authority, self.opened.ledger_id, name, participant_id)


class _Office(NamedTuple):
    """An officer to be: the name of its files, its role and its bureau."""

    name: str
    role: Role
    bureau_id: bytes


def _offices(bureau_ids: Mapping[str, bytes]) -> list[_Office]:
    """A full set of officers for each bureau; from the second on a name ends with its bureau's code."""
    first = next(iter(bureau_ids))
    return [
        _Office(name if code == first else f"{name}{AT}{code}", role, bureau_id)
        for code, bureau_id in bureau_ids.items()
        for name, role in OFFICERS
    ]


def _co_signers(name: str) -> list[str]:
    office, at, code = name.partition(AT)
    return [f"{other}{at}{code}" for other in CO_SIGNERS.get(office, ())]


def _issue(
    directory: LedgerDirectory, authority: DevelopmentAuthority, ledger_id: bytes, name: str, owner_id: bytes
) -> bytes:
    issued = authority.issue_client(ledger_id, owner_id, name)
    (directory.tls / f"{name}.pem").write_bytes(issued.cert_pem)
    write_private(directory.tls / f"{name}.key", issued.key_pem)
    return issued.sha256_fingerprint


def _key(directory: LedgerDirectory, name: str) -> SigningKey:
    key = SigningKey.generate()
    key.save(directory.keys / f"{name}.pem")
    return key


def open_development_ledger(
    root: Path,
    *,
    profile: str,
    server: str,
    hosts: tuple[str, ...],
    now_ms: int | None = None,
    bureaux: Sequence[str] = (BUREAU_CODE,),
    store: str = "",
    lock: str = "",
) -> DevelopmentLedger:
    """Make a folder with a ledger whose first events name all its officers; UsageError if one is there.

    `server` is HOST:PORT for the identity files, `hosts` the names in the server's certificate, `now_ms` the
    ledger time of the opening (by default the machine's), `bureaux` the codes of the bureaux. Each bureau has
    all officers; from the second on their names end with its code, as in `clerk@CODE`. `store` is a store URL
    in place of the folder's own database; a store in memory comes open in `application`, or it would be gone.
    `lock` is a path or a PostgreSQL URL.
    """
    directory = LedgerDirectory(root)
    directory.check_empty()
    directory.identities.mkdir(parents=True, exist_ok=True)
    authority = DevelopmentAuthority.create(directory.tls)
    issued = authority.issue_server(hosts)
    (directory.tls / "server.pem").write_bytes(issued.cert_pem)
    write_private(directory.tls / "server.key", issued.key_pem)

    ledger_id, bureau_ids = new_id(), {code: new_id() for code in bureaux}
    log_key = _key(directory, "log")
    origin = f"{BASE_NAME}/e0"
    vkey = VKey(origin, ED25519_TYPE, log_key.public_key).render()
    offices = _offices(bureau_ids)
    envelopes, officers = _statements(directory, authority, ledger_id, bureau_ids, offices, vkey)
    in_memory = bool(store) and StoreLocation.parse(store).kind is StoreKind.MEMORY
    application = new_store(StoreLocation.memory(), ledger_id=ledger_id) if in_memory else None
    opened = found_ledger(
        directory,
        envelopes=[from_message(envelope) for envelope in envelopes],
        log_key=log_key,
        profile=profile,
        development=True,
        now_ms=time.time_ns() // 1_000_000 if now_ms is None else now_ms,
        store=store,
        lock=lock,
        application=application,
    )
    made = DevelopmentLedger(
        directory=directory,
        opened=opened,
        bureau_id=bureau_ids[bureaux[0]],
        authority=authority,
        server=server,
        bureau_ids=bureau_ids,
        application=application,
    )
    for (name, role, bureau_id), officer_id in zip(offices, officers, strict=True):
        identity = made.identity(name, participant_id=officer_id, role=role.name, bureau_id=bureau_id)
        write_identity(directory.identities / f"{name}.toml", identity)
    return made


def _statements(
    directory: LedgerDirectory,
    authority: DevelopmentAuthority,
    ledger_id: bytes,
    bureau_ids: Mapping[str, bytes],
    offices: Sequence[_Office],
    vkey: str,
) -> tuple[list[Envelope], list[bytes]]:
    pepper = secrets.token_bytes(32)

    def tag(person: str) -> bytes:
        return hmac.digest(pepper, person.encode(), hashlib.sha256)

    roots = [_key(directory, f"root-{number}") for number in range(1, ROOTS + 1)]
    genesis = registry.genesis(
        base_name=BASE_NAME,
        log_vkey=vkey,
        clock=Clock.SIMULATED,
        bureaux=[(bureau_id, code) for code, bureau_id in bureau_ids.items()],
        roots=[(key.public_key, tag(f"root-{number}")) for number, key in enumerate(roots)],
        root_threshold=ROOT_THRESHOLD,
    )
    envelopes = [make_envelope("genesis", genesis, roots, ledger_id=ledger_id)]
    officers = []
    for name, role, bureau_id in offices:
        officer_id = new_id()
        key = _key(directory, name)
        statement = registry.officer_appointment(
            officer_id=officer_id,
            bureau_id=bureau_id,
            role=role,
            person_tag=tag(name),
            public_key=key.public_key,
            certificate_sha256=_issue(directory, authority, ledger_id, name, officer_id),
        )
        signers = [*roots[:ROOT_THRESHOLD], key]
        envelopes.append(make_envelope("officer-appointment", statement, signers, ledger_id=ledger_id))
        officers.append(officer_id)
    return envelopes, officers
