"""Witnesses in this process: their cosigners, stores and HTTP servers on loopback."""

from __future__ import annotations

import io
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger.proof import ed25519, mldsa44
from ledger.web.address import Address
from ledger.web.client import Answer, exchange
from ledger_server.telemetry import json_logger
from ledger_witness.cosigner import Cosigner
from ledger_witness.evidence import Evidence
from ledger_witness.records import Records
from ledger_witness.serving import serve_witness
from ledger_witness.telemetry import WitnessMetrics
from ledger_witness.witness import Witness
from support.web import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from ledger.proof.vkey import VKey

PLAIN = Cosigner(
    "witness.example/w",
    (ed25519.Signer.from_seed(b"\x11" * 32), mldsa44.Signer.from_seed(b"\x12" * 32)),
)
RULES = Cosigner("witness.example/rules", (ed25519.Signer.from_seed(b"\x13" * 32),))


def cosigner(number: int, name: str = "") -> Cosigner:
    """A cosigner with one Ed25519 key."""
    return Cosigner(name or f"w{number}.example", (ed25519.Signer.from_seed(bytes([0x40 + number]) * 32),))


@dataclass
class Running:
    """A witness that answers at `url`."""

    witness: Witness
    url: str
    metrics: WitnessMetrics
    said: io.StringIO = field(default_factory=io.StringIO)

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address("127.0.0.1", int(self.url.rpartition(":")[2]))

    async def post(self, body: bytes, path: str = "add-checkpoint") -> Answer:
        """The answer to a submission."""
        return await exchange(f"{self.url}/{path}", method="POST", body=body)

    async def get(self, path: str) -> Answer:
        """The answer to a read."""
        return await exchange(f"{self.url}/{path}")


@asynccontextmanager
async def witnessing(
    directory: Path, logs: Sequence[VKey], *, listen: Address = LOOPBACK, **options: Any
) -> AsyncIterator[Running]:
    """A witness of some logs, on any port or on one that is given."""
    said = io.StringIO()
    witness = Witness(Records(directory), logs=logs, **({"plain": PLAIN} | options))
    metrics = WitnessMetrics()
    server = await serve_witness(
        witness, listen, evidence=Evidence(directory), metrics=metrics, log=json_logger(said)
    )
    try:
        yield Running(witness, f"http://127.0.0.1:{server.port}", metrics, said)
    finally:
        await server.stop(1.0)
        await witness.close()
