"""Service attestations: split, chained, and sent one by one from an outbox that holds usage, too."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_status import rpc_status
from unit.client.fake_ledger import LOG_KEY, FakeLog, serving
from unit.client.samples import KEY, RAW_LOG, TERMS
from unit.client.test_client_outbox import LEDGER_ID, NO_RETRY, FakeClaims, FakeLogService, filled

from ledger.app.outcomes import Refused
from ledger.client.api import LedgerClient
from ledger.client.attestations import ChainHead, Superseding
from ledger.client.errors import Unavailable
from ledger.client.outbox import ACCEPTED, PENDING, REFUSED, Outbox, UsageFile
from ledger.client.service_claims import check_rows, sign_service_attestations
from ledger.client.signing import statement_of
from ledger.client.usage.service_csv import ServiceRow
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import SupersedingReason
from ledger.errors import UsageError
from ledger.v1 import claim_service_pb2 as pb
from ledger.v1 import claim_service_pb2_grpc, log_service_pb2_grpc
from ledger_server.status import to_status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = ChainHead(4, b"h" * 32)


class FakeServices(FakeClaims):
    """Takes service claims one by one; refuses by plan; puts off after some."""

    def SubmitServiceClaim(
        self, request: pb.SubmitServiceClaimRequest, context: grpc.ServicerContext
    ) -> pb.SubmitServiceClaimResponse:
        """Accept it into the log, or end the call."""
        statement: Any = statement_of(request.envelope)
        self.seen[statement.header.request_id] += 1
        if len(self.seen) > self.fail_after:
            context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        if statement.sequence in self.refuse:
            refused = Refused(Reason.VOUCHER_HELD, "held", conflicting_index=0)
            context.abort_with_status(rpc_status.to_status(to_status(refused)))
        index = self.log.append(request.envelope)
        return pb.SubmitServiceClaimResponse(receipt=self.log.receipt(index))


@pytest.fixture
def claims() -> FakeServices:
    """The service that decides."""
    return FakeServices(FakeLog())  # type: ignore[abstract]


@pytest.fixture
def client(claims: FakeServices) -> Iterator[LedgerClient]:
    """A client of it that pins the log's key."""
    with serving(
        (claim_service_pb2_grpc.add_ClaimServiceServicer_to_server, claims),
        (log_service_pb2_grpc.add_LogServiceServicer_to_server, FakeLogService(claims.log)),  # type: ignore[abstract]
    ) as channel:
        yield LedgerClient(channel, log_key=LOG_KEY, retry=NO_RETRY)


def rows(count: int) -> list[ServiceRow]:
    """Rows of a second each, the latest first."""
    return [
        ServiceRow(
            unit="CALLS", quantity=1, start_ms=number * 1000, end_ms=(number + 1) * 1000, amount_fen=2, line=2
        )
        for number in reversed(range(count))
    ]


def sign(count: int, **values: Any) -> list[Any]:
    """Signed attestations over so many rows."""
    fixed = {"terms": TERMS, "key": KEY, "ledger_id": LEDGER_ID, "raw_log": RAW_LOG}
    return list(sign_service_attestations(rows(count), **fixed, **values))


def test_rows_become_a_chain_in_order_of_time() -> None:
    """At most 500 lines each; totals are sums; each names the digest of the payload before."""
    first, second = sign(501, head=HEAD)
    assert (first.line_count, second.line_count) == (500, 1)
    assert [item.statement.sequence for item in (first, second)] == [5, 6]
    assert first.statement.previous_digest == HEAD.digest
    assert second.statement.previous_digest == hashlib.sha256(first.envelope.payload).digest()
    starts = [line.start_ms for line in first.statement.lines]
    assert starts == sorted(starts)
    assert (first.statement.total_amount_fen, second.statement.total_amount_fen) == (1000, 2)
    assert len(first.envelope.payload) <= 45_000


def test_one_attestation_replaces_a_claim() -> None:
    """Its leaf and why; more than one attestation cannot."""
    superseding = Superseding(index=0, reason=SupersedingReason.PRICE_CORRECTED)
    (signed,) = sign(500, superseding=superseding)
    statement = signed.statement
    assert statement.HasField("superseded_index")
    assert (statement.superseded_index, statement.superseding_reason) == (0, 2)
    with pytest.raises(UsageError, match="2 attestations cannot replace one"):
        sign(501, superseding=superseding)


def test_rows_outside_the_voucher_are_named() -> None:
    """Both limits; without limits nothing is outside."""
    check_rows(rows(3), terms=TERMS, name="s.csv")
    for limits in ({"from_ms": 1000}, {"until_ms": 2000}):
        with pytest.raises(UsageError, match=r"s\.csv: 1 rows lie outside contract or validity: line 2"):
            check_rows(rows(3), terms=replace(TERMS, **limits), name="s.csv")


def mixed(path: Path, count: int) -> Outbox:
    """An outbox with an attestation of usage, `count` of services, and one of usage again."""
    outbox = filled(path, count=1)
    made: list[Any] = []
    for _ in range(count):
        made += sign(1, head=made[-1].head if made else outbox.heads()[TERMS.voucher_id])
    outbox.add(made, usage=UsageFile(name="s.csv", sha256="aa", rows=count, lines=count))
    return filled(path, count=1, start=1000)


def test_an_outbox_sends_services_alone_and_usage_in_batches(
    tmp_path: Path, claims: FakeServices, client: LedgerClient
) -> None:
    """In order; a refusal is kept like any other answer; what is answered is not sent again."""
    outbox = mixed(tmp_path, 2)
    claims.refuse = {3: 0}  # type: ignore[dict-item]
    results = outbox.submit(client)
    assert [result.state for result in results] == [ACCEPTED, ACCEPTED, REFUSED, ACCEPTED]
    refused = results[2]
    assert (refused.reason, refused.message, refused.conflicting_index) == ("VOUCHER_HELD", "held", 0)
    assert [result.proven for result in results] == [True, True, False, True]
    assert [count for count, _ in claims.batches] == [1, 1]
    outbox.submit(client)
    assert set(claims.seen.values()) == {1}


def test_what_was_answered_is_kept_when_the_server_goes_away(
    tmp_path: Path, claims: FakeServices, client: LedgerClient
) -> None:
    """And the next attempt goes on there."""
    outbox = mixed(tmp_path, 2)
    claims.fail_after = 2
    with pytest.raises(Unavailable):
        outbox.submit(client)
    assert [result.state for result in outbox.results()] == [ACCEPTED, ACCEPTED, PENDING, PENDING]
    claims.fail_after = 10
    assert {result.state for result in outbox.submit(client)} == {ACCEPTED}
