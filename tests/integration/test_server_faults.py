"""A real server under mutual TLS: what a client is told of bad input, of strangers and of faults behind it.

Every answer is one google.rpc.Status with one reason; the text of an exception never leaves the server.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from support.bureau import Claimant, cast_for, grant_voucher
from support.waiting import until

from ledger.client.api import LedgerClient
from ledger.client.channel import open_channel
from ledger.client.errors import RpcRefused, Unavailable
from ledger.client.retry import RetryPolicy
from ledger.client.signing import SigningKey, make_envelope, new_id
from ledger.domain import rules
from ledger.errors import LedgerError
from ledger.store.errors import HeadMoved
from ledger.v1 import claim_pb2, claim_service_pb2, envelope_pb2, receipt_pb2
from ledger_play.ceremony import open_development_ledger
from ledger_play.serving import EmbeddedServer
from ledger_server.dev_authority import DevelopmentAuthority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.app.ledger import Ledger
    from ledger.client.identity import Identity
    from ledger.v1.envelope_pb2 import Envelope

DURABLE = receipt_pb2.ACK_LEVEL_DURABLE
SUBMIT = "/ledger.v1.ClaimService/SubmitClaim"
ONCE = RetryPolicy(attempts=1, deadline_s=10)


@dataclass
class Site:
    """A server in this process, its ledger, and a provider that calls it."""

    ledger: Ledger
    claimant: Claimant
    address: str
    claims: Iterator[Envelope]

    def client(self) -> LedgerClient:
        """The provider's client, which does not repeat."""
        return LedgerClient(self.identity, retry=ONCE)

    @property
    def identity(self) -> Identity:
        """The provider's identity for this server."""
        return replace(self.claimant.identity, server=self.address)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A served ledger with a voucher."""
    made = open_development_ledger(
        tmp_path / "d", profile="shenzhen-2026", server="127.0.0.1:1", hosts=("127.0.0.1",)
    )
    with EmbeddedServer(made.directory, listen="127.0.0.1:0") as server:
        address = f"127.0.0.1:{server.port}"
        assert server._ledger is not None
        with cast_for(replace(made, server=address)) as cast:
            claimant = grant_voucher(cast)
            yield Site(server._ledger, claimant, address, iter(claimant.claims(400)))


def status_of(error: grpc.RpcError) -> tuple[str, str, str]:
    """Code, reason and message of a refused call, which has exactly one ErrorInfo and stays small."""
    status = rpc_status.from_call(error)
    assert status is not None
    assert status.ByteSize() <= 4096
    infos = [detail for detail in status.details if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR)]
    info = error_details_pb2.ErrorInfo()
    assert len(infos) == 1
    infos[0].Unpack(info)
    code: Any = error.code()
    assert not [word for word in ("Traceback", "Exception", "Error:", "secret") if word in status.message]
    return code.name, info.reason, status.message


def call_raw(channel: grpc.Channel, raw: bytes, method: str = SUBMIT) -> Any:
    """Call a method with bytes as they are."""
    sender: Any = channel.unary_unary(method)
    return sender(raw, timeout=10)


def send_raw(site: Site, raw: bytes, *, method: str = SUBMIT) -> tuple[str, str, str]:
    """Send bytes as they are, as the provider; how the call was refused."""
    with open_channel(site.identity) as channel, pytest.raises(grpc.RpcError) as caught:
        call_raw(channel, raw, method)
    return status_of(caught.value)


def request(envelope: Envelope) -> bytes:
    """The bytes of a request with one envelope."""
    made = claim_service_pb2.SubmitClaimRequest(envelope=envelope, ack_level=DURABLE)
    return made.SerializeToString()


def changed(site: Site, *, ledger_id: bytes = b"", not_after_ms: int = 0, **fields: Any) -> Envelope:
    """The next claim with some fields changed, validly signed."""
    statement = claim_pb2.UsageAttestation.FromString(next(site.claims).payload)
    for name, value in fields.items():
        if isinstance(value, list):
            del getattr(statement, name)[:]
            getattr(statement, name).extend(value)
        else:
            setattr(statement, name, value)
    ledger_id = ledger_id or site.claimant.identity.ledger_id
    signers = [site.claimant.key]
    return make_envelope(
        "usage-attestation", statement, signers, ledger_id=ledger_id, not_after_ms=not_after_ms
    )


def bad_requests(site: Site) -> dict[str, tuple[bytes, str, str]]:
    """Requests, and the code and reason that each has to get."""
    good = next(site.claims)
    no_signature = envelope_pb2.Envelope(payload_type=good.payload_type, payload=good.payload)
    forged = envelope_pb2.Envelope.FromString(good.SerializeToString())
    forged.signatures[0].signature = bytes(64)
    retyped = envelope_pb2.Envelope.FromString(good.SerializeToString())
    retyped.payload_type = retyped.payload_type.replace("usage-attestation", "payment-order")
    padded = envelope_pb2.Envelope.FromString(good.SerializeToString())
    padded.payload += b"\xc0\x01\x00"
    oversized = envelope_pb2.Envelope(payload_type=good.payload_type, payload=bytes(45_001))
    negative = changed(site, total_amount_fen=-1)
    stranger = make_envelope(
        "usage-attestation",
        claim_pb2.UsageAttestation.FromString(good.payload),
        [SigningKey.generate()],
        ledger_id=site.claimant.identity.ledger_id,
    )
    invalid, failed = "INVALID_ARGUMENT", "FAILED_PRECONDITION"
    return {
        "no protobuf": (b"\xff\xff\xff", invalid, "MALFORMED"),
        "no envelope": (b"", invalid, "MALFORMED"),
        "an empty envelope": (request(envelope_pb2.Envelope()), invalid, "MALFORMED"),
        "an unknown level": (request(good)[:-2] + b"\x10\x63", invalid, "MALFORMED"),
        "a large request": (bytes(256 * 1024 + 1), invalid, "TOO_LARGE"),
        "a large payload": (request(oversized), invalid, "TOO_LARGE"),
        "another type": (request(retyped), invalid, "MALFORMED"),
        "another encoding": (request(padded), invalid, "MALFORMED"),
        "no signature": (request(no_signature), invalid, "MALFORMED"),
        "a forged signature": (request(forged), failed, "BAD_SIGNATURE"),
        "a foreign key": (request(stranger), failed, "KEY_UNKNOWN"),
        "a negative sum": (request(negative), invalid, "MALFORMED"),
        "another ledger": (request(changed(site, ledger_id=new_id())), invalid, "WRONG_LEDGER"),
        "past its time": (request(changed(site, not_after_ms=1)), failed, "STATEMENT_EXPIRED"),
    }


def test_bad_requests_get_one_reason_each_and_write_nothing(site: Site) -> None:
    """And the good claim that they were made from is accepted afterwards."""
    good = next(site.claims)
    size = site.ledger.size
    found = {}
    expected = {}
    for name, (raw, code, reason) in bad_requests(site).items():
        found[name] = send_raw(site, raw)[:2]
        expected[name] = (code, reason)
    assert found == expected
    assert site.ledger.size == size
    with site.client() as client:
        assert client.submit(good, ack_level=DURABLE).index == size


def test_a_recorded_refusal_names_its_leaf_on_the_wire(site: Site) -> None:
    """Code FAILED_PRECONDITION, the reason, the conflicting and the recorded index."""
    with site.client() as client:
        first = next(site.claims)
        accepted = client.submit(first, ack_level=DURABLE)
        statement = claim_pb2.UsageAttestation.FromString(first.payload)
        overlapping = changed(site, base_ms=statement.base_ms, device_ids=list(statement.device_ids))
        with pytest.raises(RpcRefused) as caught:
            client.submit(overlapping, ack_level=DURABLE)
        error = caught.value
        assert (error.reason, error.conflicting_index) == ("DEVICE_OVERLAP", accepted.index)
        assert error.recorded_index == accepted.index + 1


def test_one_bad_claim_of_a_hundred_is_answered_alone(site: Site) -> None:
    """The batch call succeeds; its results are in order."""
    envelopes = [next(site.claims) for _ in range(100)]
    envelopes[40].signatures[0].signature = bytes(64)
    with site.client() as client:
        results = client.submit_claims(envelopes)
    assert [number for number, result in enumerate(results) if result.HasField("refusal")] == [40]
    indexes = [result.receipt.index for result in results if result.HasField("receipt")]
    assert indexes == list(range(indexes[0], indexes[0] + 99))
    assert site.ledger.size == indexes[-1] + 1


def test_a_poison_claim_shows_its_client_nothing_of_the_fault(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INTERNAL for it alone, as code and in a batch; the same claim is accepted when the fault is gone."""
    envelopes = [next(site.claims) for _ in range(20)]
    poison = envelopes[7]
    real = rules.decide

    def raising(act: Any, state: Any, command: Any) -> Any:
        if command.header is not None and command.header.request_id in poison.payload:
            raise ValueError("secret text of a fault")
        return real(act, state, command)

    monkeypatch.setattr(rules, "decide", raising)
    with site.client() as client:
        results = client.submit_claims(envelopes, ack_level=DURABLE)
        refused = [(n, r.refusal) for n, r in enumerate(results) if r.HasField("refusal")]
        assert [number for number, _ in refused] == [7]
        assert "secret" not in refused[0][1].message
        assert send_raw(site, request(poison))[:2] == ("INTERNAL", "INTERNAL")
        monkeypatch.undo()
        assert client.submit(poison, ack_level=DURABLE).event_count == 1


def test_a_stopped_writer_says_so_and_readers_go_on(site: Site) -> None:
    """UNAVAILABLE with a time to wait, health NOT_SERVING, and every read still answered."""
    kept = next(site.claims)
    with site.client() as client:
        receipt = client.submit(kept, ack_level=DURABLE)
        client.get_receipt(receipt.index)
        recorder: Any = site.ledger._recorder
        real_insert, real_head = recorder.insert_events, recorder.head

        def lost(*_: Any, **__: Any) -> Any:
            raise HeadMoved("another writer appended first")

        recorder.insert_events = lost
        recorder.head = lambda: (site.ledger.size + 1, bytes(32))
        code, reason, _ = send_raw(site, request(next(site.claims)))
        recorder.insert_events, recorder.head = real_insert, real_head
        assert (code, reason) == ("UNAVAILABLE", "WRITING_STOPPED")
        with pytest.raises(Unavailable) as caught:
            client.submit(next(site.claims), ack_level=DURABLE)
        assert caught.value.retry_after_s
        assert client.get_ledger().tree_size == receipt.index + 1
        assert client.get_receipt(receipt.index).leaf_hash == receipt.leaf_hash
        assert len(list(client.list_entries())) == receipt.index + 1
        assert (
            client.get_claim(claim_pb2.UsageAttestation.FromString(kept.payload).claim_id).index
            == receipt.index
        )
        health = health_pb2_grpc.HealthStub(client.channel)

        def not_serving() -> bool:
            answer = health.Check(health_pb2.HealthCheckRequest(service="ledger.v1.ClaimService"))
            return bool(answer.status == health_pb2.HealthCheckResponse.NOT_SERVING)

        until(not_serving, what="health says NOT_SERVING")


def test_strangers_get_nowhere(site: Site, tmp_path: Path) -> None:
    """No certificate, one of another authority, one of ours that nobody registered, none but ours for the server."""
    good = next(site.claims)
    size = site.ledger.size
    root = site.identity.ca
    assert root is not None
    with grpc.secure_channel(site.address, grpc.ssl_channel_credentials(root.read_bytes())) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            call_raw(channel, request(good))
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    foreign = DevelopmentAuthority.create(tmp_path / "foreign")
    ours = DevelopmentAuthority.load(root.parent)
    for authority, expected in ((foreign, "UNAVAILABLE"), (ours, "UNAUTHENTICATED")):
        issued = authority.issue_client(site.identity.ledger_id, site.identity.participant_id, "cloud")
        credentials = grpc.ssl_channel_credentials(root.read_bytes(), issued.key_pem, issued.cert_pem)
        with grpc.secure_channel(site.address, credentials) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                call_raw(channel, request(good))
            assert caught.value.code().name == expected
    doubting = replace(site.identity, ca=tmp_path / "foreign" / "ca.pem")
    with LedgerClient(doubting, retry=ONCE) as client, pytest.raises(LedgerError):
        client.submit(good, ack_level=DURABLE)
    assert site.ledger.size == size
