"""How fast signed claims become durable over the network: in batches, and one in a call.

One server process, this process as client and subscriber; claims are signed before the clock runs. The
peers are single-core signature verification and a bare gRPC echo.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.children import child
from bench.claims import ClaimMaker
from bench.echo import METHOD as ECHO
from bench.ground import lay_ground
from bench.load import Follower, call_all, connect, delays_ms
from bench.measuring import median_ratio, percentile, raw_rounds, rounded, say, settle, verifications_per_s
from ledger.v1 import claim_service_pb2, log_service_pb2, receipt_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from grpc import aio

    from bench.ground import Ground
    from bench.result import Plan, Result

NAMES = ("ingest_batch", "ingest_unary", "subscriber_p99_ms", "proof_p99_ms")
ROUNDS = 7
BATCH = 100
BATCHES_IN_FLIGHT = 16
CLAIMS_IN_BATCHES = 8_000
CALLS_IN_FLIGHT = 64
CLAIMS_IN_CALLS = 4_000
PROOFS = 1_000
_SUBMIT_BATCH = "/ledger.v1.ClaimService/SubmitClaims"
_SUBMIT_ONE = "/ledger.v1.ClaimService/SubmitClaim"
_PROVE = "/ledger.v1.LogService/GetInclusionProof"
_DURABLE = receipt_pb2.ACK_LEVEL_DURABLE
# Reaches the code paths and caches that a server in service has behind it.
_WARM_UP = 1_000


@dataclass(slots=True)
class _Found:
    """What the rounds gave: pairs of (project, peer), and spans of batch load in monotonic ns."""

    batches: list[tuple[float, float]] = field(default_factory=list)
    calls: list[tuple[float, float]] = field(default_factory=list)
    spans_ns: list[tuple[int, int]] = field(default_factory=list)
    proofs_ms: list[float] = field(default_factory=list)
    leaves: int = 0
    receipts: list[tuple[int, int]] = field(default_factory=list)


def measure(result: Result, work: Path, plan: Plan) -> None:
    """Fill in the ratios of NAMES that are wanted."""
    say("ingest: claims over gRPC under mutual TLS")
    ground = asyncio.run(lay_ground(work / "ingest"))
    folder = str(ground.folder.directory.root)
    with child("bench.echo", folder) as echo, child("bench.served", folder) as server:
        found = asyncio.run(_load(ground, server.port, echo.port, plan))
    _report(result, found, server.told.get("commits", []), plan)


async def _load(ground: Ground, port: int, echo_port: int, plan: Plan) -> _Found:
    found = _Found()
    async with connect(ground.provider, port) as channel, connect(ground.provider, echo_port) as echo:
        follower = Follower(channel)
        following = asyncio.create_task(follower.run())
        client = _Client(ClaimMaker(ground), channel, echo, follower, found)
        await client.batches(_WARM_UP)
        for _ in range(plan.count(ROUNDS)):
            if plan.wants("ingest_batch", "subscriber_p99_ms"):
                await client.batch_round(plan.count(CLAIMS_IN_BATCHES))
            if plan.wants("ingest_unary"):
                await client.unary_round(plan.count(CLAIMS_IN_CALLS))
        if plan.wants("proof_p99_ms"):
            await client.prove(plan.count(PROOFS))
        found.receipts = follower.receipts
        found.leaves = follower.size
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
    return found


@dataclass(slots=True)
class _Client:
    """Loads one running server; the subscriber stays attached."""

    maker: ClaimMaker
    channel: aio.Channel
    echo: aio.Channel
    follower: Follower
    found: _Found

    async def batches(self, claims: int) -> float:
        """Send claims in batches; claims a second until the last was acknowledged as durable."""
        envelopes = list(self.maker.make(claims))
        requests = [
            claim_service_pb2.SubmitClaimsRequest(
                envelopes=envelopes[start : start + BATCH], ack_level=_DURABLE
            ).SerializeToString()
            for start in range(0, claims, BATCH)
        ]
        began_ns = time.monotonic_ns()
        answers = await call_all(self.channel, _SUBMIT_BATCH, requests, in_flight=BATCHES_IN_FLIGHT)
        self.found.spans_ns.append((began_ns, time.monotonic_ns()))
        responses = map(claim_service_pb2.SubmitClaimsResponse.FromString, answers.responses)
        size = _accepted((one.receipt for response in responses for one in response.results), claims)
        await self.follower.until(size)
        return claims / answers.seconds

    async def batch_round(self, claims: int) -> None:
        """Batches, between two measurements of the peer on the idle machine."""
        settle()
        before = verifications_per_s()
        rate = await self.batches(claims)
        peer = (before + verifications_per_s()) / 2
        self.found.batches.append((rate, peer))
        say(f"  in batches: {rate:,.0f} claims/s; {peer:,.0f} verifications/s")

    async def unary_round(self, claims: int) -> None:
        """One claim in a call, then echoes of the same requests."""
        requests = [
            claim_service_pb2.SubmitClaimRequest(envelope=envelope, ack_level=_DURABLE).SerializeToString()
            for envelope in self.maker.make(claims)
        ]
        settle()
        answers = await call_all(self.channel, _SUBMIT_ONE, requests, in_flight=CALLS_IN_FLIGHT)
        responses = map(claim_service_pb2.SubmitClaimResponse.FromString, answers.responses)
        await self.follower.until(_accepted((response.receipt for response in responses), claims))
        echoes = await call_all(self.echo, ECHO, requests, in_flight=CALLS_IN_FLIGHT)
        rate, peer = claims / answers.seconds, claims / echoes.seconds
        self.found.calls.append((rate, peer))
        say(f"  one in a call: {rate:,.0f} claims/s; {peer:,.0f} echoes/s")

    async def prove(self, count: int) -> None:
        """Ask for the inclusion of random leaves, one after the other."""
        call: Any = self.channel.unary_unary(_PROVE)
        for _ in range(count):
            index = secrets.randbelow(self.follower.size)
            request = log_service_pb2.GetInclusionProofRequest(index=index).SerializeToString()
            began_s = time.perf_counter()
            await call(request)
            self.found.proofs_ms.append((time.perf_counter() - began_s) * 1e3)


def _accepted(receipts: Iterable[receipt_pb2.Receipt], count: int) -> int:
    """The size of the log with all these; RuntimeError unless every claim was accepted anew."""
    held = [receipt for receipt in receipts if receipt.leaf_hash and not receipt.repeated_request]
    if len(held) != count:
        raise RuntimeError(f"{count - len(held)} of {count} claims were not accepted")
    return 1 + max(receipt.index for receipt in held)


def _report(result: Result, found: _Found, commits: list[tuple[int, int]], plan: Plan) -> None:
    for name, pairs, unit in (
        ("ingest_batch", found.batches, "claims/s, verifications/s"),
        ("ingest_unary", found.calls, "claims/s, echoes/s"),
    ):
        if pairs and plan.wants(name):
            result.ratios[name] = rounded(median_ratio(pairs))
            result.raw[name] = raw_rounds(pairs, unit=unit)
    loaded = [(size, ns) for size, ns in commits if any(begin <= ns <= end for begin, end in found.spans_ns)]
    for name, delays in (
        ("subscriber_p99_ms", delays_ms(loaded, found.receipts)),
        ("proof_p99_ms", found.proofs_ms),
    ):
        if delays and plan.wants(name):
            result.ratios[name] = rounded(percentile(delays, 0.99))
            result.raw[name] = {"count": len(delays), "p50_ms": rounded(percentile(delays, 0.5))}
    for name in NAMES:
        if name in result.raw:
            result.raw[name]["leaves"] = found.leaves
