"""What an operator sees: JSON lines on stderr and metrics whose help text says what to do.

Neither carries statements, keys, certificates or ids of participants.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, TextIO, cast

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

if TYPE_CHECKING:
    from collections.abc import Callable

    import grpc
    from structlog.typing import FilteringBoundLogger

    from ledger_server.port import LedgerPort, SignedCheckpoint

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


def json_logger(stream: TextIO | None = None, *, level: int = logging.INFO) -> FilteringBoundLogger:
    """A logger that writes one JSON object a line, by default to stderr; it configures nothing global."""
    logger = structlog.wrap_logger(
        structlog.WriteLogger(stream or sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(
                # Locals of a frame could hold what must not be written down.
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    return cast("FilteringBoundLogger", logger)


class Metrics:
    """The metrics of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.rpcs = Counter(
            "voucher_ledger_rpcs",
            "Finished calls. Look at code: INTERNAL has an incident line in the log with its traceback; many "
            "UNAUTHENTICATED mean certificates that were replaced or never registered; RESOURCE_EXHAUSTED "
            "means that clients send faster than the disk commits.",
            ("method", "code"),
            registry=self.registry,
        )
        self.statements = Counter(
            "voucher_ledger_statements",
            "Decided statements by act and result (ACCEPTED or the reason). WRITING_STOPPED: read "
            "voucher_ledger_writable. CLOCK_UNSAFE: check the time service, then restart. BAD_SIGNATURE or "
            "KEY_REVOKED rising: ask the participant whether its key is safe.",
            ("act", "result"),
            registry=self.registry,
        )
        self.waiting = Gauge(
            "voucher_ledger_statements_waiting",
            "Statements that were submitted and not answered, checks and commit included. Rising while "
            "voucher_ledger_events stands still: the store is blocked; look at disk and database locks.",
            registry=self.registry,
        )
        self.queued = Gauge(
            "voucher_ledger_queued_statements",
            "Statements that wait for the sequencer. At its limit clients get OVERLOADED and retry; if it "
            "stays there, fewer clients or a faster disk are needed.",
            registry=self.registry,
        )
        self.answer_seconds = Histogram(
            "voucher_ledger_answer_seconds",
            "Time from submission to the durable answer. A p99 above 0.1 s with a short queue means slow "
            "fsync: move the store to a local disk with power-loss protection.",
            ("act",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.events = Gauge(
            "voucher_ledger_events",
            "Durable events. It never falls: if it does, stop and run the audit.",
            registry=self.registry,
        )
        self.checkpointed = Gauge(
            "voucher_ledger_checkpointed_events",
            "Events under the newest signed checkpoint. For seconds behind voucher_ledger_events: "
            "the checkpointer stands; see whether the lock store can be written.",
            registry=self.registry,
        )
        self.writable = Gauge(
            "voucher_ledger_writable",
            "1 while statements are taken. 0: the server stopped writing on doubt and serves reads; the log "
            "names the reason and index. Do not restart before the store is copied.",
            registry=self.registry,
        )
        self.subscribers = Gauge(
            "voucher_ledger_subscribers",
            "Open subscriptions. At the limit new ones get OVERLOADED: look for clients that do not close.",
            registry=self.registry,
        )
        self.delivered = Counter(
            "voucher_ledger_delivered_records",
            "Records sent to subscribers. Standing still while events grow: subscribers do not read.",
            registry=self.registry,
        )

        self.witnessed = Gauge(
            "voucher_ledger_witnessed_events",
            "Events under the newest checkpoint that the quorum of witnesses cosigned; 0 without a policy. "
            "Behind voucher_ledger_checkpointed_events for minutes: see voucher_ledger_witness_answers.",
            registry=self.registry,
        )
        self.witness_answers = Counter(
            "voucher_ledger_witness_answers",
            "Answers of witnesses by result. unreachable: the witness is away or slow; unknown_log or "
            "untrusted_key: its operator has to add this log's key; wrong: its cosignature does not verify "
            "under the policy's key; forked: it holds another history of this log - read the server's log.",
            ("witness", "result"),
            registry=self.registry,
        )
        self.web_requests = Counter(
            "voucher_ledger_http_requests",
            "Answers over HTTP by kind of path and status. Many 403 of entries: somebody would like them "
            "open; 500: the log has an incident line.",
            ("kind", "code"),
            registry=self.registry,
        )
        self.web_connections = Gauge(
            "voucher_ledger_http_connections",
            "Open HTTP connections. At 256 the one that has waited longest is closed for a new one: put a "
            "cache in front.",
            registry=self.registry,
        )

    def follow(self, ledger: LedgerPort) -> None:
        """Read the gauges of the ledger whenever they are collected."""
        self.queued.set_function(lambda: float(ledger.queued_items))
        self.events.set_function(lambda: float(ledger.size))
        self.writable.set_function(lambda: float(ledger.writable))
        self.checkpointed.set_function(lambda: _size_of(ledger.checkpoint()))
        self.witnessed.set_function(lambda: _size_of(ledger.publication.witnessed))

    def count_failure(self, method: str, code: grpc.StatusCode | int | None) -> None:
        """Count a call that ended with another code than OK."""
        self.rpcs.labels(method=method, code=_code_name(code)).inc()

    def serve(self, *, host: str, port: int) -> tuple[int, Callable[[], None]]:
        """Offer the metrics over HTTP; gives the port and what stops it."""
        server, thread = start_http_server(port, addr=host, registry=self.registry)

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return server.server_port, stop


def _size_of(checkpoint: SignedCheckpoint | None) -> float:
    return float(checkpoint.size) if checkpoint else 0.0


def _code_name(code: grpc.StatusCode | int | None) -> str:
    name = getattr(code, "name", None)
    return name if isinstance(name, str) else _NAMES.get(cast("int", code), "UNKNOWN")


_NAMES = {
    0: "OK", 3: "INVALID_ARGUMENT", 4: "DEADLINE_EXCEEDED", 5: "NOT_FOUND", 6: "ALREADY_EXISTS",
    7: "PERMISSION_DENIED", 8: "RESOURCE_EXHAUSTED", 9: "FAILED_PRECONDITION", 10: "ABORTED",
    11: "OUT_OF_RANGE", 13: "INTERNAL", 14: "UNAVAILABLE", 16: "UNAUTHENTICATED",
}  # fmt: skip
