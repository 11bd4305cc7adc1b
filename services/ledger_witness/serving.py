"""The witness over HTTP: `add-checkpoint`, and the newest cosigned checkpoint of each log."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from ledger.proof.tlog_witness import ADD_CHECKPOINT, MAX_REQUEST_BYTES
from ledger.web.content import deliver, held
from ledger.web.limits import Limits
from ledger.web.messages import TEXT, BytesBody, Response, refusal, text
from ledger.web.server import serve_web
from ledger_witness.judging import Refused

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from ledger.web.address import Address
    from ledger.web.messages import Request
    from ledger.web.server import WebServer
    from ledger_witness.evidence import Evidence
    from ledger_witness.telemetry import WitnessMetrics
    from ledger_witness.witness import Witness

LIMITS: Final = Limits(body_bytes=MAX_REQUEST_BYTES)
# Whoever names the recomputing cosigner in a policy submits here, and reads below it: a monitoring prefix of
# its own (C2SP tlog-mirror), while what is answered to a submission is the plain witness's.
_SUBMISSIONS: Final = frozenset({f"/{ADD_CHECKPOINT}", f"/rules/{ADD_CHECKPOINT}"})


class WitnessPaths:
    """Answers the paths of one witness."""

    def __init__(
        self, witness: Witness, *, evidence: Evidence, metrics: WitnessMetrics, log: FilteringBoundLogger
    ) -> None:
        self._witness = witness
        self._evidence = evidence
        self._metrics = metrics
        self._log = log

    async def __call__(self, request: Request) -> Response:
        """The answer to a request."""
        if request.path in _SUBMISSIONS:
            if request.method != "POST":
                return refusal(405, headers=(("allow", "POST"),))
            return await self._add_checkpoint(request.body)
        note = await self._witness.published(request.path.removeprefix("/"))
        if note is None:
            return text(404, "404 there is no cosigned checkpoint here")
        return await deliver(request, held(note))

    async def _add_checkpoint(self, body: bytes) -> Response:
        answer = await self._witness.add_checkpoint(body)
        if isinstance(answer, Refused):
            status, data, content_type = answer.status, answer.body, answer.content_type
        else:
            status, data, content_type = HTTPStatus.OK, answer, TEXT
        self._metrics.answers.labels(code=str(int(status))).inc()
        if status in {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT} and content_type == TEXT:
            # A trusted key signed it: it may be proof that the log shows two histories.
            kept = self._evidence.keep(body)
            self._log.error("inconsistent", reason=data.decode().strip(), evidence=str(kept or "not kept"))
        headers = (("content-type", content_type), ("cache-control", "no-store"))
        return Response(status=int(status), headers=headers, body=BytesBody(data))


async def serve_witness(
    witness: Witness,
    listen: Address,
    *,
    evidence: Evidence,
    metrics: WitnessMetrics,
    log: FilteringBoundLogger,
) -> WebServer:
    """Serve the witness at an address; AddressUnavailable if it is taken."""

    def failed(where: str, error: Exception) -> None:
        log.error("fault", where=where, exc_info=error)

    paths = WitnessPaths(witness, evidence=evidence, metrics=metrics, log=log)
    return await serve_web(paths, listen=listen, limits=LIMITS, on_fault=failed)
