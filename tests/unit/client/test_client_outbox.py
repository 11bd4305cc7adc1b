"""The outbox: what was signed is kept, sending stops and goes on, nothing is sent twice with effect."""

from __future__ import annotations

import base64
import json
from collections import Counter
from typing import TYPE_CHECKING

import grpc
import pytest
from unit.client.fake_ledger import LOG_KEY, OTHER_LOG_KEY, FakeLog, serving
from unit.client.samples import KEY, PROVIDER_ID, RAW_LOG, TERMS, line

from ledger.client.api import MAX_BATCH_COUNT, MAX_BATCH_SIZE, LedgerClient
from ledger.client.attestations import ChainHead, SignedAttestation, sign_attestations
from ledger.client.errors import Unavailable
from ledger.client.outbox import ACCEPTED, PENDING, REFUSED, Outbox, UsageFile, open_or_create
from ledger.client.retry import RetryPolicy
from ledger.client.signing import statement_of
from ledger.errors import UsageError, VerificationError
from ledger.v1 import (
    claim_service_pb2,
    claim_service_pb2_grpc,
    errors_pb2,
    log_service_pb2,
    log_service_pb2_grpc,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEDGER_ID = b"L" * 16
NO_RETRY = RetryPolicy(attempts=1)


class FakeClaims(claim_service_pb2_grpc.ClaimServiceServicer):
    """Accepts claims into a log, once per request id; refuses by plan; fails after some batches."""

    def __init__(self, log: FakeLog) -> None:
        self.log = log
        self.indexes: dict[bytes, int] = {}
        self.refuse: dict[int, errors_pb2.RejectionReason.ValueType] = {}
        self.batches: list[tuple[int, int]] = []
        self.fail_after = 10**9
        self.seen: Counter[bytes] = Counter()

    def SubmitClaims(
        self, request: claim_service_pb2.SubmitClaimsRequest, context: grpc.ServicerContext
    ) -> claim_service_pb2.SubmitClaimsResponse:
        """Decide each claim alone."""
        if len(self.batches) >= self.fail_after:
            context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        self.batches.append((len(request.envelopes), request.ByteSize()))
        return claim_service_pb2.SubmitClaimsResponse(
            results=[self._decide(item) for item in request.envelopes]
        )

    def _decide(self, envelope: object) -> claim_service_pb2.ClaimResult:
        statement = statement_of(envelope)  # type: ignore[arg-type]
        self.seen[statement.header.request_id] += 1
        reason = self.refuse.get(statement.sequence)  # type: ignore[union-attr]
        result = claim_service_pb2.ClaimResult()
        if reason is not None:
            result.refusal.reason = reason
            result.refusal.message = "no"
            result.refusal.conflicting_index = 0
            return result
        request_id = statement.header.request_id
        if request_id not in self.indexes:
            self.indexes[request_id] = self.log.append(envelope)  # type: ignore[arg-type]
        result.receipt.CopyFrom(self.log.receipt(self.indexes[request_id], with_proof=False))
        return result


class FakeLogService(log_service_pb2_grpc.LogServiceServicer):
    """Gives receipts with proofs."""

    def __init__(self, log: FakeLog) -> None:
        self.log = log

    def GetReceipt(
        self, request: log_service_pb2.GetReceiptRequest, context: grpc.ServicerContext
    ) -> log_service_pb2.GetReceiptResponse:
        """The receipt at level CHECKPOINTED."""
        del context
        return log_service_pb2.GetReceiptResponse(receipt=self.log.receipt(request.index))


@pytest.fixture
def claims() -> FakeClaims:
    """The service that decides."""
    return FakeClaims(FakeLog())  # type: ignore[abstract]


@pytest.fixture
def channel(claims: FakeClaims) -> Iterator[grpc.Channel]:
    """A connection to it."""
    with serving(
        (claim_service_pb2_grpc.add_ClaimServiceServicer_to_server, claims),
        (log_service_pb2_grpc.add_LogServiceServicer_to_server, FakeLogService(claims.log)),  # type: ignore[abstract]
    ) as open_channel:
        yield open_channel


def filled(path: Path, *, count: int, start: int = 0) -> Outbox:
    """An outbox with `count` attestations of one line each."""
    outbox = open_or_create(path, ledger_id=LEDGER_ID, provider_id=PROVIDER_ID)
    head = outbox.heads().get(TERMS.voucher_id, ChainHead())
    made: list[SignedAttestation] = []
    for number in range(start, start + count):
        made += sign_attestations(
            [line(number)], terms=TERMS, key=KEY, ledger_id=LEDGER_ID, raw_log=RAW_LOG, head=head
        )
        head = made[-1].head
    return outbox.add(made, usage=UsageFile(name="u.csv", sha256=f"{start:064x}", rows=count, lines=count))


def test_what_was_signed_is_read_again_and_the_chain_goes_on(tmp_path: Path) -> None:
    """A second usage file goes on with numbers, sequence and digest."""
    first = filled(tmp_path, count=2)
    assert Outbox.load(tmp_path) == first
    second = filled(tmp_path, count=1, start=5)
    assert [entry.file for entry in second.entries] == ["0001.envelope", "0002.envelope", "0003.envelope"]
    last = statement_of(second.envelope(second.entries[2]))
    assert last.previous_digest.hex() == first.entries[1].payload_sha256  # type: ignore[union-attr]
    assert [result.state for result in second.results()] == [PENDING] * 3


def test_one_usage_file_is_attested_once(tmp_path: Path) -> None:
    """By the digest of its bytes; nothing is written then."""
    filled(tmp_path, count=1)
    with pytest.raises(UsageError, match="attested in"):
        filled(tmp_path, count=1)
    assert len(list(tmp_path.glob("*.envelope"))) == 1


def test_everything_is_sent_in_batches_with_verified_proofs(
    tmp_path: Path, claims: FakeClaims, channel: grpc.Channel
) -> None:
    """At most 100 claims a request; each answer lies beside its envelope with event and proof."""
    told: list[int] = []
    outbox = filled(tmp_path, count=230)
    results = outbox.submit(LedgerClient(channel, log_key=LOG_KEY), progress=told.append)
    assert [count for count, _ in claims.batches] == [100, 100, 30]
    assert told == [100, 100, 30]
    assert {(result.state, result.proven) for result in results} == {(ACCEPTED, True)}
    value = json.loads((tmp_path / "0007.receipt.json").read_text(encoding="utf-8"))
    assert (value["schema"], value["index"]) == ("voucher-ledger/claim-result/1", "6")
    assert (tmp_path / "0007.tlog-proof").read_text(encoding="utf-8") == value["tlog_proof"]
    assert (tmp_path / "0007.event").read_bytes() == base64.b64decode(value["event"])


def test_batches_are_bounded_in_bytes(tmp_path: Path, claims: FakeClaims, channel: grpc.Channel) -> None:
    """Large attestations: fewer than 100 in a request of at most 1 MiB."""
    outbox = open_or_create(tmp_path, ledger_id=LEDGER_ID, provider_id=PROVIDER_ID)
    lines = [line(number, job="j" * 60 + str(number), active_ms=1, energy_wh=1) for number in range(20_000)]
    made = sign_attestations(lines, terms=TERMS, key=KEY, ledger_id=LEDGER_ID, raw_log=RAW_LOG)
    outbox = outbox.add(made, usage=UsageFile(name="u", sha256="0" * 64, rows=1, lines=1))
    outbox.submit(LedgerClient(channel), with_proofs=False)
    assert len(claims.batches) > 1
    assert all(count <= MAX_BATCH_COUNT and size <= MAX_BATCH_SIZE for count, size in claims.batches)
    assert sum(count for count, _ in claims.batches) == len(outbox.entries)


def test_an_interrupted_submission_goes_on_without_a_second_effect(
    tmp_path: Path, claims: FakeClaims, channel: grpc.Channel
) -> None:
    """The first 100 are answered; the rest is sent later; one leaf for each claim."""
    filled(tmp_path, count=150)
    client = LedgerClient(channel, retry=NO_RETRY)
    claims.fail_after = 1
    with pytest.raises(Unavailable):
        Outbox.load(tmp_path).submit(client)
    assert Counter(result.state for result in Outbox.load(tmp_path).results()) == {ACCEPTED: 100, PENDING: 50}
    claims.fail_after = 10**9
    results = Outbox.load(tmp_path).submit(client)
    assert {result.state for result in results} == {ACCEPTED}
    assert set(claims.seen.values()) == {1}
    assert len(claims.log.events) == 150


def test_a_lost_answer_is_asked_for_again_and_is_the_same(
    tmp_path: Path, claims: FakeClaims, channel: grpc.Channel
) -> None:
    """Sent twice, recorded once: the request id is in the signed file."""
    client = LedgerClient(channel)
    first = filled(tmp_path, count=3).submit(client)
    (tmp_path / "0002.receipt.json").unlink()
    again = Outbox.load(tmp_path).submit(client)
    assert again == first
    assert len(claims.log.events) == 3


def test_refusals_are_final_and_put_off_claims_are_not(
    tmp_path: Path, claims: FakeClaims, channel: grpc.Channel
) -> None:
    """One claim's refusal touches no other; a transient one stays pending and is told."""
    filled(tmp_path, count=3)
    client = LedgerClient(channel, retry=NO_RETRY)
    claims.refuse = {
        1: errors_pb2.REJECTION_REASON_DEVICE_OVERLAP,
        2: errors_pb2.REJECTION_REASON_OVERLOADED,
    }
    with pytest.raises(Unavailable, match="1 claims were put off"):
        Outbox.load(tmp_path).submit(client)
    refused, pending, accepted = Outbox.load(tmp_path).results()
    assert (refused.state, refused.reason, refused.conflicting_index) == (REFUSED, "DEVICE_OVERLAP", 0)
    assert refused.recorded_index is None
    assert (pending.state, accepted.state, accepted.proven) == (PENDING, ACCEPTED, True)
    claims.refuse = {}
    states = [result.state for result in Outbox.load(tmp_path).submit(client)]
    assert states == [REFUSED, ACCEPTED, ACCEPTED]


def test_a_proof_under_another_log_key_is_an_error(tmp_path: Path, channel: grpc.Channel) -> None:
    """The pinned key decides; the claim stays accepted without proof."""
    outbox = filled(tmp_path, count=1)
    with pytest.raises(VerificationError):
        outbox.submit(LedgerClient(channel, log_key=OTHER_LOG_KEY))
    assert [(result.state, result.proven) for result in outbox.results()] == [(ACCEPTED, False)]


def test_an_envelope_that_was_changed_is_not_sent(
    tmp_path: Path, claims: FakeClaims, channel: grpc.Channel
) -> None:
    """The manifest holds the digest of what was signed."""
    outbox = filled(tmp_path, count=2)
    (tmp_path / "0001.envelope").write_bytes((tmp_path / "0002.envelope").read_bytes())
    with pytest.raises(UsageError, match=r"0001\.envelope"):
        outbox.submit(LedgerClient(channel))
    assert claims.batches == []


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"schema": "x"}', b'{"schema": "voucher-ledger/outbox/1"}', b"\xff"]
)
def test_a_malformed_manifest_is_a_usage_error(tmp_path: Path, data: bytes) -> None:
    """The error names the file."""
    (tmp_path / "manifest.json").write_bytes(data)
    with pytest.raises(UsageError, match=r"manifest\.json"):
        Outbox.load(tmp_path)


def test_a_malformed_answer_is_a_usage_error(tmp_path: Path) -> None:
    """Also one of another claim."""
    outbox = filled(tmp_path, count=2)
    for data in (b"{}", b"[]", b"x", b'{"schema":"voucher-ledger/claim-result/1","claim_id":"00"}'):
        (tmp_path / "0001.receipt.json").write_bytes(data)
        with pytest.raises(UsageError, match=r"0001\.receipt\.json"):
            outbox.results()


def test_an_outbox_belongs_to_one_ledger_and_provider(tmp_path: Path) -> None:
    """Another identity is refused before anything is signed into it."""
    filled(tmp_path, count=1)
    with pytest.raises(UsageError, match="another ledger or provider"):
        open_or_create(tmp_path, ledger_id=LEDGER_ID, provider_id=b"Q" * 16)
    with pytest.raises(UsageError, match="no outbox"):
        Outbox.load(tmp_path / "none")
