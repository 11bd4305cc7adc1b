"""A real ledger on disk whose server asks witnesses, in this process, grown by registrations."""

from __future__ import annotations

import io
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
from grpc import aio
from unit.server.server_harness import refused_with

from ledger.app.outcomes import Accepted
from ledger.app.publication import QuorumDelays
from ledger.client.identity import load_identity
from ledger.client.signing import SigningKey, make_envelope, new_id
from ledger.client.statements import registry, shared
from ledger.codec.envelopes import from_message
from ledger.domain.identifiers import complete_credit_code
from ledger.domain.vocabulary import ParticipantKind, Role
from ledger.proof.note import Ed25519NoteVerifier
from ledger.proof.policy import Policy
from ledger.v1 import log_service_pb2 as pb
from ledger.v1 import receipt_pb2
from ledger.v1.log_service_pb2_grpc import LogServiceStub
from ledger.web.client import Answer, exchange
from ledger_server.directory import LedgerDirectory
from ledger_server.identity import DEVELOPMENT_HEADER
from ledger_server.telemetry import json_logger
from ledger_server.wiring import RunningServer, Witnessing, start_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from ledger.app.ledger import Ledger

CHECKPOINTED, WITNESSED = receipt_pb2.ACK_LEVEL_CHECKPOINTED, receipt_pb2.ACK_LEVEL_WITNESSED


async def grow(ledger: Ledger, directory: LedgerDirectory, count: int = 1) -> int:
    """Register participants as the clerk of the folder; the index of the last one."""
    clerk = load_identity(directory.identities / "clerk.toml")
    key = SigningKey.load(clerk.signing_key)
    index = -1
    for _ in range(count):
        statement = registry.participant_registration(
            basis=shared.basis(bureau_id=clerk.bureau_id, role=Role.CLERK, reason_code="REGISTERED"),
            participant_id=new_id(),
            kind=ParticipantKind.ENTERPRISE,
            registered_day=20_000,
            credit_code=complete_credit_code(f"91440300{ledger.size:08d}"),
        )
        envelope = make_envelope("participant-registration", statement, [key], ledger_id=ledger.ledger_id)
        (outcome,) = await ledger.submit(
            [from_message(envelope)], act="participant-registration", submitter=clerk.participant_id
        )
        assert isinstance(outcome, Accepted), outcome
        index = outcome.index
    return index


@dataclass
class Witnessed:
    """A ledger in service, its server, and what the server logged."""

    directory: LedgerDirectory
    ledger: Ledger
    server: RunningServer
    said: io.StringIO
    metadata: tuple[tuple[str, str], ...]

    async def grow(self, count: int = 1) -> int:
        """Register participants; the index of the last one."""
        return await grow(self.ledger, self.directory, count)

    async def receipt(
        self, index: int, level: receipt_pb2.AckLevel.ValueType = WITNESSED, *, within_s: float = 20.0
    ) -> receipt_pb2.Receipt:
        """A receipt over gRPC."""
        request = pb.GetReceiptRequest(index=index, ack_level=level)
        async with aio.insecure_channel(f"127.0.0.1:{self.server.port}") as channel:
            answer = await LogServiceStub(channel).GetReceipt(
                request, timeout=within_s, metadata=self.metadata
            )
        receipt: receipt_pb2.Receipt = answer.receipt
        return receipt

    async def refused_receipt(
        self, index: int, level: receipt_pb2.AckLevel.ValueType = WITNESSED, *, within_s: float = 1.0
    ) -> tuple[str, str, str]:
        """How asking for a receipt ends: the code's name, the reason and the message."""
        try:
            await self.receipt(index, level, within_s=within_s)
        except grpc.RpcError as error:
            code, info, status = refused_with(error)
            return code.name, info.reason, status.message
        raise AssertionError("there is a receipt")

    async def checkpoint(self) -> bytes:
        """The checkpoint over gRPC."""
        async with aio.insecure_channel(f"127.0.0.1:{self.server.port}") as channel:
            answer = await LogServiceStub(channel).GetCheckpoint(pb.GetCheckpointRequest())
        note: bytes = answer.checkpoint
        return note

    async def read_entries_as_nobody(self) -> str:
        """How reading entries over gRPC without a name ends."""
        async with aio.insecure_channel(f"127.0.0.1:{self.server.port}") as channel:
            try:
                async for _ in LogServiceStub(channel).ListEntries(pb.ListEntriesRequest()):
                    pass
            except grpc.RpcError as error:
                return str(error.code().name)  # type: ignore[attr-defined]
        return "OK"

    async def http(self, path: str) -> Answer:
        """What is at a path over HTTP."""
        return await exchange(f"http://127.0.0.1:{self.server.http_port}/{path}", max_bytes=1 << 26)

    def counted(self, witness: str, result: str) -> float:
        """The metric of a witness's answers."""
        value: float = self.server.metrics.witness_answers.labels(witness=witness, result=result)._value.get()
        return value


@asynccontextmanager
async def witnessed_ledger(
    root: Path, policy: str, *, delays: QuorumDelays = QuorumDelays.WITNESSED, **options: Any
) -> AsyncIterator[Witnessed]:
    """Serve the ledger of a folder with witnesses by a policy; without one nobody is asked."""
    directory = LedgerDirectory(root)
    witnesses = None
    if policy:
        witnesses = Witnessing(
            policy=Policy.parse(policy),
            verifier=Ed25519NoteVerifier.parse(directory.read_config().log_vkey),
            path=directory.witnessed_checkpoint,
            ask_s=1.0,
            pace_s=0.02,
        )
    ledger = directory.open(quorum_delays=delays if policy else None, hold_signing=witnesses is not None)
    said = io.StringIO()
    server = None
    try:
        server = await start_server(
            ledger,
            listen="127.0.0.1:0",
            tls=None,
            development_insecure=True,
            http_listen="127.0.0.1:0",
            witnesses=witnesses,
            log=json_logger(said),
            **options,
        )
        auditor = load_identity(directory.identities / "auditor.toml")
        metadata = ((DEVELOPMENT_HEADER, auditor.participant_id.hex()),)
        yield Witnessed(directory, ledger, server, said, metadata)
    finally:
        if server is not None:
            await server.stop(0.5)
        await ledger.close()
