"""The one way from a request to the ledger and back, shared by every writing method.

It checks form (an envelope, its size, the level asked for) and waits for the level; rules are the ledger's.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

from ledger.app.outcomes import Accepted, Refused
from ledger.codec.envelopes import MAX_PAYLOAD_SIZE, from_message
from ledger.domain.rejections import Reason, is_transient
from ledger.v1 import claim_service_pb2, receipt_pb2
from ledger_server import mapping
from ledger_server.identity import current_peer
from ledger_server.levels import PROVEN, WITNESSED, check_level, reach
from ledger_server.limits import MAX_BATCH_ENVELOPES
from ledger_server.status import malformed, refuse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from grpc import aio

    from ledger.v1.envelope_pb2 import Envelope
    from ledger_server.port import LedgerPort, Outcome
    from ledger_server.telemetry import Metrics

    Context = aio.ServicerContext[Any, Any]

_TOO_LARGE = Refused(reason=Reason.TOO_LARGE, message=f"a payload has at most {MAX_PAYLOAD_SIZE} bytes")


class WriteRequest(Protocol):
    """What the requests of all writing methods share."""

    @property
    def envelope(self) -> Envelope:
        """The statement."""

    @property
    def ack_level(self) -> receipt_pb2.AckLevel.ValueType:
        """When to answer."""

    def HasField(self, field_name: Any) -> bool:  # noqa: N802 - a method of protobuf messages
        """Whether a field is there."""


class Writer:
    """Submits statements as acts of the caller and answers with receipts."""

    def __init__(self, *, ledger: LedgerPort, metrics: Metrics) -> None:
        self._ledger = ledger
        self._metrics = metrics

    async def receipt(self, request: WriteRequest, context: Context, *, act: str) -> receipt_pb2.Receipt:
        """Submit the one statement; the receipt at the level asked for, or the call ends refused."""
        if not request.HasField("envelope"):
            await refuse(context, malformed("the envelope is missing"), violations=[("envelope", "missing")])
        if len(request.envelope.payload) > MAX_PAYLOAD_SIZE:
            await refuse(context, _TOO_LARGE, violations=[("envelope.payload", _TOO_LARGE.message)])
        statement = from_message(request.envelope)

        async def submit() -> Sequence[Outcome]:
            return await self._ledger.submit([statement], act=act, submitter=current_peer().participant_id)

        return await self._one(act, submit, request.ack_level, context)

    async def expiry(
        self, *, voucher_id: bytes, request_id: bytes, level: receipt_pb2.AckLevel.ValueType, context: Context
    ) -> receipt_pb2.Receipt:
        """Expire a voucher as SYSTEM on the caller's request."""

        async def submit() -> Sequence[Outcome]:
            submitter = current_peer().participant_id
            return [
                await self._ledger.expire_voucher(
                    voucher_id=voucher_id, request_id=request_id, submitter=submitter
                )
            ]

        return await self._one("voucher-expiry", submit, level, context)

    async def _one(
        self,
        act: str,
        submit: Callable[[], Awaitable[Sequence[Outcome]]],
        level: receipt_pb2.AckLevel.ValueType,
        context: Context,
    ) -> receipt_pb2.Receipt:
        await check_level(self._ledger, level, context)
        (outcome,) = await self._timed(act, 1, submit)
        if isinstance(outcome, Refused):
            self._metrics.statements.labels(act=act, result=outcome.reason.name).inc()
            await refuse(context, outcome)
        self._metrics.statements.labels(act=act, result="ACCEPTED").inc()
        if level not in PROVEN:
            return mapping.receipt(outcome)
        await reach(self._ledger, outcome.index + outcome.event_count - 1, level, context)
        event, tlog_proof = await self._ledger.receipt(outcome.index, witnessed=level == WITNESSED)
        return mapping.receipt(outcome, event=event, tlog_proof=tlog_proof)

    async def claims(
        self, request: claim_service_pb2.SubmitClaimsRequest, context: Context, *, act: str
    ) -> claim_service_pb2.SubmitClaimsResponse:
        """Submit a batch: one result an envelope, in order; only what refuses them all ends the call."""
        envelopes = request.envelopes
        if not 0 < len(envelopes) <= MAX_BATCH_ENVELOPES:
            text = f"a batch has 1 to {MAX_BATCH_ENVELOPES} envelopes"
            await refuse(context, malformed(text), violations=[("envelopes", text)])
        await check_level(self._ledger, request.ack_level, context)
        fitting = [envelope for envelope in envelopes if len(envelope.payload) <= MAX_PAYLOAD_SIZE]
        statements = [from_message(envelope) for envelope in fitting]
        outcomes: Sequence[Outcome] = ()
        if statements:

            async def submit() -> Sequence[Outcome]:
                return await self._ledger.submit(statements, act=act, submitter=current_peer().participant_id)

            outcomes = await self._timed(act, len(statements), submit)
        if len(fitting) < len(envelopes):
            decided = iter(outcomes)
            outcomes = [
                next(decided) if len(envelope.payload) <= MAX_PAYLOAD_SIZE else _TOO_LARGE
                for envelope in envelopes
            ]
        return await self._answer(act, outcomes, request.ack_level, context)

    async def _answer(
        self,
        act: str,
        outcomes: Sequence[Outcome],
        level: receipt_pb2.AckLevel.ValueType,
        context: Context,
    ) -> claim_service_pb2.SubmitClaimsResponse:
        response = claim_service_pb2.SubmitClaimsResponse()
        add = response.results.add
        tally: Counter[str] = Counter()
        last_index = -1
        for outcome in outcomes:
            if isinstance(outcome, Accepted):
                tally["ACCEPTED"] += 1
                last_index = max(last_index, outcome.index + outcome.event_count - 1)
                add().receipt.MergeFrom(mapping.receipt(outcome))
            else:
                tally[outcome.reason.name] += 1
                add().refusal.MergeFrom(mapping.refusal(outcome))
        for result, count in tally.items():
            self._metrics.statements.labels(act=act, result=result).inc(count)
        first = outcomes[0]
        if isinstance(first, Refused) and is_transient(first.reason) and len(tally) == 1:
            await refuse(context, first)
        if level in PROVEN and last_index >= 0:
            await reach(self._ledger, last_index, level, context)
        return response

    async def _timed(
        self, act: str, count: int, submit: Callable[[], Awaitable[Sequence[Outcome]]]
    ) -> Sequence[Outcome]:
        self._metrics.waiting.inc(count)
        began_s = time.perf_counter()
        try:
            return await submit()
        finally:
            self._metrics.waiting.dec(count)
            self._metrics.answer_seconds.labels(act=act).observe(time.perf_counter() - began_s)
