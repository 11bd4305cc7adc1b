"""A stand-in for a ledger and a running server around it, for tests of the server alone."""
# ruff: noqa: ARG002 - a stand-in answers as its port says

from __future__ import annotations

import asyncio
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
from google.rpc import error_details_pb2
from grpc import aio
from grpc_status import rpc_status

from ledger.app.checkpointer import SignedCheckpoint
from ledger.app.clock import ClockError
from ledger.app.outcomes import Accepted, Outcome, Refused
from ledger.app.publication import Publication
from ledger.domain.entities import Admission, Claim, Evidence, Officer, Participant
from ledger.domain.state import State
from ledger.domain.vocabulary import Clock, ParticipantKind, Role
from ledger.proof.hashing import leaf_hash
from ledger_server.identity import DEVELOPMENT_HEADER
from ledger_server.listening import TlsFiles
from ledger_server.telemetry import json_logger
from ledger_server.wiring import RunningServer, start_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path
    from typing import TextIO

    from ledger.codec.envelopes import SignedEnvelope
    from ledger_server.dev_authority import DevelopmentAuthority

LEDGER_ID = bytes(range(16))
CLERK, APPROVER, OPERATOR = b"clerk-----------", b"approver--------", b"operator--------"
BUYER, SELLER = b"buyer-----------", b"seller----------"


@dataclass(frozen=True)
class FakeCheckpoint:
    """A checkpoint that nobody signed."""

    note: bytes
    size: int
    root: bytes


@dataclass
class FakeLedger:
    """Keeps events in a list and answers with what a test has put in `answer`."""

    ledger_id: bytes = LEDGER_ID
    origin: str = "test.example/e0"
    epoch: int = 0
    clock_kind: int = Clock.SIMULATED
    genesis_leaf_hash: bytes = bytes(32)
    state: State = field(default_factory=State)
    writable: bool = True
    stop_reason: str = ""
    queued_items: int = 0
    events: list[tuple[int, str, bytes]] = field(default_factory=list)
    signed: FakeCheckpoint | None = None
    submitted: list[tuple[str, bytes, list[SignedEnvelope]]] = field(default_factory=list)
    answer: Callable[[SignedEnvelope], Outcome] | None = None
    reads: list[tuple[int, int]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    clock_ms: int = 1_000
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def size(self) -> int:
        return len(self.events)

    async def append(self, *records: tuple[str, bytes]) -> None:
        async with self.changed:
            for type_name, data in records:
                self.events.append((len(self.events), type_name, data))
            self.changed.notify_all()

    async def sign(self) -> None:
        async with self.changed:
            self.signed = FakeCheckpoint(f"note {self.size}".encode(), self.size, bytes(32))
            self.changed.notify_all()

    def begin_signing(self) -> None:
        return

    def stop_writing(self, reason: str) -> None:
        self.writable, self.stop_reason = False, reason

    async def submit(
        self, envelopes: Sequence[SignedEnvelope], *, act: str, submitter: bytes
    ) -> list[Outcome]:
        self.submitted.append((act, submitter, list(envelopes)))
        if self.answer is None:
            return [Accepted(7, bytes(32), 1, repeated=False) for _ in envelopes]
        return [self.answer(envelope) for envelope in envelopes]

    async def expire_voucher(self, *, voucher_id: bytes, request_id: bytes, submitter: bytes) -> Outcome:
        self.submitted.append(("voucher-expiry", submitter, []))
        return Accepted(8, bytes(32), 1, repeated=False)

    async def wait_beyond(self, size: int) -> int:
        async with self.changed:
            await self.changed.wait_for(lambda: self.size > size)
        return self.size

    async def read(self, start: int, limit: int) -> list[tuple[int, str, bytes]]:
        self.reads.append((start, limit))
        return self.events[start : start + limit]

    def checkpoint(self) -> FakeCheckpoint | None:
        return self.signed

    async def wait_checkpoint(self, size: int) -> FakeCheckpoint:
        async with self.changed:
            await self.changed.wait_for(lambda: self.signed is not None and self.signed.size > size)
        assert self.signed is not None
        return self.signed

    @property
    def publication(self) -> Publication:
        return Publication(self.signed and SignedCheckpoint(self.signed.note, self.size, bytes(32)))

    async def until_checkpointed(self, index: int) -> FakeCheckpoint:
        return await self.wait_checkpoint(index)

    async def until_witnessed(self, index: int) -> FakeCheckpoint:
        return await self.wait_checkpoint(index)

    async def leaf_hash(self, index: int) -> bytes:
        return leaf_hash(self.events[index][2])

    async def inclusion_proof(self, index: int) -> tuple[list[bytes], FakeCheckpoint]:
        assert self.signed is not None
        return [bytes(32)], self.signed

    async def consistency_proof(self, first: int, second: int) -> list[bytes]:
        return [bytes(32)]

    async def tile(self, level: int, index: int, width: int) -> bytes:
        if level or index:
            raise KeyError((level, index))
        return bytes(32 * width)

    async def receipt(self, index: int, *, witnessed: bool = False) -> tuple[bytes, bytes]:
        return (self.events[index][2] if index < self.size else b"event"), b"proof"

    async def list_claims(
        self, voucher_id: bytes, *, unredeemed_only: bool, after_index: int | None, limit: int
    ) -> list[Claim]:
        after = -1 if after_index is None else after_index
        return [row for row in self.claims if row.leaf_index > after][:limit]

    async def get_claim(self, claim_id: bytes) -> Claim | None:
        return next((row for row in self.claims if row.claim_id == claim_id), None)

    async def list_evidence(self, contract_id: bytes, limit: int) -> list[Evidence]:
        return sorted(self.evidence)[:limit]

    async def verifiable_fen(self, redemption_id: bytes) -> int:
        return 1

    async def determinable_fen(self, clawback_id: bytes) -> int:
        return 2

    def now_ms(self) -> int:
        return self.clock_ms

    def set_clock(self, ms: int) -> int:
        if ms < self.clock_ms:
            raise ClockError("the clock would go back")
        self.clock_ms = ms
        return ms


def people(state: State) -> None:
    """Register a few officers, a buyer and a seller."""
    for position, (holder, role) in enumerate(
        ((CLERK, Role.CLERK), (APPROVER, Role.APPROVER), (OPERATOR, Role.OPERATOR))
    ):
        state.officers[holder] = Officer(
            officer_id=holder, bureau_id=bytes(16), role=role, person_tag=bytes(32), index=position
        )
    for position, (holder, kind) in enumerate(
        ((BUYER, ParticipantKind.ENTERPRISE), (SELLER, ParticipantKind.COMPUTE))
    ):
        state.participants[holder] = Participant(
            participant_id=holder,
            kind=kind,
            credit_code="",
            person_tag=b"",
            registered_day=0,
            index=3 + position,
        )
    state.admissions[SELLER] = Admission(index=5, batch=1, items={"GPU": 0}, from_day=0)
    state.commit()


def register(state: State, owner: bytes, fingerprint: bytes) -> None:
    """Register a certificate as an event would."""
    state.certificates[fingerprint] = owner
    state.fingerprint_of[owner] = fingerprint
    state.commit()


def serving(
    test: Callable[[FakeLedger, RunningServer], Awaitable[None]],
    *,
    prepare: Callable[[FakeLedger], None] = lambda _: None,
    stream: TextIO | None = None,
) -> None:
    """Run `test` against a server without TLS around a stand-in ledger with people."""

    async def run() -> None:
        ledger = FakeLedger()
        people(ledger.state)
        prepare(ledger)
        server = await start_server(
            ledger, listen="127.0.0.1:0", tls=None, development_insecure=True, log=json_logger(stream)
        )
        try:
            await test(ledger, server)
        finally:
            await server.stop(0)

    asyncio.run(asyncio.wait_for(run(), 30))


@asynccontextmanager
async def calling(server: RunningServer) -> AsyncIterator[aio.Channel]:
    """A channel to a server without TLS."""
    async with aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield channel


def as_(participant_id: bytes) -> tuple[tuple[str, str], ...]:
    """Metadata that names the caller on a development server."""
    return ((DEVELOPMENT_HEADER, participant_id.hex()),)


def tls_files(directory: Path, authority: DevelopmentAuthority) -> TlsFiles:
    """A server's TLS files for loopback."""
    issued = authority.issue_server(["localhost", "127.0.0.1"])
    (directory / "server.pem").write_bytes(issued.cert_pem)
    (directory / "server.key").write_bytes(issued.key_pem)
    (directory / "clients.pem").write_bytes(authority.certificate_pem)
    return TlsFiles(
        certificate=directory / "server.pem",
        key=directory / "server.key",
        client_authorities=directory / "clients.pem",
    )


def refused_with(error: grpc.RpcError) -> Any:
    """(code, ErrorInfo, status) of a refused call."""
    status = rpc_status.from_call(error)
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    status.details[0].Unpack(info)
    return error.code(), info, status


def refusing(reason: Any, message: str = "no", **indexes: int) -> Callable[[SignedEnvelope], Outcome]:
    """An answer that refuses everything."""
    return lambda _: Refused(reason, message, **indexes)


def random_id() -> bytes:
    """16 random bytes."""
    return secrets.token_bytes(16)
