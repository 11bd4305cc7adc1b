"""Claims that a provider signed beforehand: so many lines each, on many devices, times rising on each.

The client's own builders make them, so that they are what a server gets from anybody. This module must not
send them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from bench.ground import DEVICES, MODEL
from ledger.client.attestations import ACT, ChainHead, RawLog, build_attestation
from ledger.client.lines import AttestedLine
from ledger.client.signing import make_envelope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.ground import Ground
    from ledger.v1.envelope_pb2 import Envelope

HOUR_MS = 3_600_000
_USED_MS = 3_000_000


class ClaimMaker:
    """Makes claims of `lines` device lines; no interval of a device is claimed twice."""

    def __init__(self, ground: Ground, *, lines: int = 1) -> None:
        self._ground = ground
        self._lines = lines
        self._next_line = 0
        self._next_claim = 0
        self._heads = [ChainHead() for _ in ground.terms]
        self._raw_log = RawLog(digest=hashlib.sha256(b"usage of the bench").digest(), row_count=1_000_000)

    def make(self, count: int) -> Iterator[Envelope]:
        """The next `count` claims, signed, the vouchers in turn."""
        ground = self._ground
        for _ in range(count):
            firm = self._next_claim % len(ground.terms)
            head = self._heads[firm]
            statement = build_attestation(
                [self._line() for _ in range(self._lines)],
                terms=ground.terms[firm],
                raw_log=self._raw_log,
                head=head,
            )
            envelope = make_envelope(ACT, statement, [ground.key], ledger_id=ground.provider.ledger_id)
            self._heads[firm] = ChainHead(head.sequence + 1, hashlib.sha256(envelope.payload).digest())
            self._next_claim += 1
            yield envelope

    def _line(self) -> AttestedLine:
        slot, device = divmod(self._next_line, DEVICES)
        self._next_line += 1
        begin_ms = self._ground.first_ms + slot * HOUR_MS
        return AttestedLine(
            device=f"device-{device}",
            model=MODEL.model,
            cluster="cluster-1",
            node=f"node-{device // 8}",
            job=f"job-{self._next_line}",
            start_ms=begin_ms,
            end_ms=begin_ms + _USED_MS,
            allocated_ms=_USED_MS,
        )
