"""What the operator of a witness sees as metrics; the help text says what to do."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server


class WitnessMetrics:
    """The metrics of one witness, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.answers = Counter(
            "voucher_ledger_witness_requests",
            "Answers to add-checkpoint by status. 404: a log that is not configured; 403: another key of it; "
            "422 and lines `inconsistent` in the log: keep them, a trusted key signed another history.",
            ("code",),
            registry=self.registry,
        )
        self.recomputed = Counter(
            "voucher_ledger_witness_recomputations",
            "Recomputations by result. findings: the log breaks its rules, run `voucherctl audit verify`; "
            "incomplete: its entries could not all be read.",
            ("origin", "result"),
            registry=self.registry,
        )
        self.recomputed_size = Gauge(
            "voucher_ledger_witness_recomputed_events",
            "Events under the newest checkpoint that was cosigned as recomputed.",
            ("origin",),
            registry=self.registry,
        )

    def serve(self, *, host: str, port: int) -> int:
        """Offer the metrics over HTTP until the process ends; gives the port."""
        server, _ = start_http_server(port, addr=host, registry=self.registry)
        return int(server.server_port)
