"""The client: every RPC has a method, statements find their RPC, pages are followed, receipts verified."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from unit.client.fake_ledger import LOG_KEY, OTHER_LOG_KEY, FakeLog, serving

from ledger.client.acts import ACTS
from ledger.client.api import AckLevel, LedgerClient, _default_level
from ledger.client.channel import development_metadata, open_channel
from ledger.client.errors import Denied
from ledger.client.identity import Identity
from ledger.client.retry import RetryPolicy
from ledger.client.signing import SigningKey, make_envelope, prepare_envelope
from ledger.client.statements import certificate_registration
from ledger.errors import LedgerError, UsageError, VerificationError
from ledger.v1 import (
    application_service_pb2,
    application_service_pb2_grpc,
    claim_pb2,
    claim_service_pb2,
    genesis_pb2,
    log_service_pb2,
    log_service_pb2_grpc,
    operation_service_pb2,
    programme_service_pb2,
    programme_service_pb2_grpc,
    redemption_service_pb2,
    redemption_service_pb2_grpc,
    registry_service_pb2,
    registry_service_pb2_grpc,
    subscription_service_pb2,
    voucher_service_pb2,
)

MODULES = (
    application_service_pb2,
    claim_service_pb2,
    log_service_pb2,
    operation_service_pb2,
    programme_service_pb2,
    redemption_service_pb2,
    registry_service_pb2,
    subscription_service_pb2,
    voucher_service_pb2,
)
KEY = SigningKey.from_seed(b"k" * 32)
LEDGER_ID = b"L" * 16
ENVELOPE = make_envelope(
    "certificate-registration",
    certificate_registration(participant_id=b"p" * 16, certificate_sha256=b"c" * 32),
    [KEY],
    ledger_id=LEDGER_ID,
)
OWN_METHODS = {
    "ClaimService/SubmitClaims": "submit_claims",
    "SubscriptionService/Subscribe": "channel",
}


def snake(name: str) -> str:
    """ListContracts → list_contracts."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def test_every_rpc_is_reached_by_submit_or_by_a_method_of_its_own() -> None:
    """A new RPC without a method fails here."""
    submitted = {act.rpc for act in ACTS}
    missing = []
    for module in MODULES:
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                rpc = f"{service.name}/{method.name}"
                name = OWN_METHODS.get(rpc, snake(method.name))
                if rpc not in submitted and not hasattr(LedgerClient, name):
                    missing.append(rpc)
    assert missing == []


def test_every_act_goes_to_the_rpc_that_takes_its_statement() -> None:
    """The request's envelope comment names the statement; the paths exist in the descriptors."""
    paths = {
        f"/{service.full_name}/{method.name}": method
        for module in MODULES
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    for act in ACTS:
        if act.path:
            assert act.request is not None
            assert paths[act.path].input_type.full_name == act.request.DESCRIPTOR.full_name


def test_only_claims_wait_for_a_checkpoint_unless_told_otherwise() -> None:
    """Their receipts are what a provider keeps."""
    waiting = [act.name for act in ACTS if _default_level(act.name) == AckLevel.ACK_LEVEL_CHECKPOINTED]
    assert waiting == ["usage-attestation", "service-attestation"]


class FakeRegistry(registry_service_pb2_grpc.RegistryServiceServicer):
    """Records what comes, answers from a log."""

    def __init__(self) -> None:
        self.log = FakeLog()
        self.requests: list[Any] = []
        self.failures = 0
        self.metadata: list[dict[str, Any]] = []

    def RegisterCertificate(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Fail as often as planned, then accept."""
        self.requests.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        if self.failures:
            self.failures -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        index = self.log.append(request.envelope)
        with_proof = request.ack_level == AckLevel.ACK_LEVEL_CHECKPOINTED
        receipt = self.log.receipt(index, with_proof=with_proof)
        return registry_service_pb2.RegisterCertificateResponse(receipt=receipt)

    def ListParticipants(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Three pages, one of them empty."""
        del context
        self.requests.append(request)
        pages = {"": (2, "a"), "a": (0, "b"), "b": (1, "")}
        count, following = pages[request.page_token]
        found = [registry_service_pb2.Participant(participant_id=bytes(16)) for _ in range(count)]
        return registry_service_pb2.ListParticipantsResponse(participants=found, next_page_token=following)

    def ListDevices(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Nobody may."""
        del request
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "no")


def test_a_statement_is_sent_as_it_is_and_again_while_the_server_is_not_ready() -> None:
    """The same bytes each time; the default level is DURABLE."""
    service = FakeRegistry()  # type: ignore[abstract]
    service.failures = 2
    with serving((registry_service_pb2_grpc.add_RegistryServiceServicer_to_server, service)) as channel:
        retry = RetryPolicy(sleep=lambda _: None)
        receipt = LedgerClient(channel, log_key=LOG_KEY, retry=retry).submit(ENVELOPE)
    assert receipt.index == 0
    assert [request.envelope for request in service.requests] == [ENVELOPE] * 3
    assert {request.ack_level for request in service.requests} == {AckLevel.ACK_LEVEL_DURABLE}


def test_a_receipt_with_proof_is_verified_under_the_pinned_key() -> None:
    """Another key than the log's is an error, whatever the server says."""
    service = FakeRegistry()  # type: ignore[abstract]
    level = AckLevel.ACK_LEVEL_CHECKPOINTED
    with serving((registry_service_pb2_grpc.add_RegistryServiceServicer_to_server, service)) as channel:
        assert LedgerClient(channel, log_key=LOG_KEY).submit(ENVELOPE, ack_level=level).tlog_proof
        with pytest.raises(VerificationError):
            LedgerClient(channel, log_key=OTHER_LOG_KEY).submit(ENVELOPE, ack_level=level)


def test_lists_follow_every_page_also_past_an_empty_one() -> None:
    """Page tokens go back as they came."""
    service = FakeRegistry()  # type: ignore[abstract]
    with serving((registry_service_pb2_grpc.add_RegistryServiceServicer_to_server, service)) as channel:
        client = LedgerClient(channel)
        assert len(list(client.list_participants())) == 3
        with pytest.raises(Denied):
            list(client.list_devices(bytes(16)))
    assert [request.page_token for request in service.requests] == ["", "a", "b"]


def test_what_is_not_completely_signed_or_not_for_a_server_is_not_sent() -> None:
    """Refused before a connection is opened."""
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        client = LedgerClient(channel)
        draft = prepare_envelope(
            "certificate-registration",
            certificate_registration(participant_id=b"", certificate_sha256=b""),
            ledger_id=LEDGER_ID,
            key_ids=[KEY.key_id],
        )
        with pytest.raises(UsageError, match="missing"):
            client.submit(draft)
        genesis = make_envelope("genesis", genesis_pb2.Genesis(), [KEY], ledger_id=LEDGER_ID)
        with pytest.raises(UsageError, match="genesis"):
            client.submit(genesis)
        with pytest.raises(UsageError, match="batch"):
            client.submit_claims([])
        claim = make_envelope("usage-attestation", claim_pb2.UsageAttestation(), [KEY], ledger_id=LEDGER_ID)
        with pytest.raises(UsageError, match="batch"):
            client.submit_claims([claim] * 101)


class FakeCases(
    application_service_pb2_grpc.ApplicationServiceServicer,
    programme_service_pb2_grpc.ProgrammeServiceServicer,
    redemption_service_pb2_grpc.RedemptionServiceServicer,
):
    """Answers with what it was asked for."""

    def GetApplication(self, request: Any, context: grpc.ServicerContext) -> Any:
        """An application with an objection."""
        del context
        return application_service_pb2.GetApplicationResponse(
            application=application_service_pb2.Application(application_id=request.application_id),
            objections=[application_service_pb2.Objection(upheld=True)],
        )

    def ListCalendars(self, request: Any, context: grpc.ServicerContext) -> Any:
        """One calendar."""
        del request, context
        return programme_service_pb2.ListCalendarsResponse(
            calendars=[programme_service_pb2.Calendar(year=2026)]
        )

    def GetClawback(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The clawback."""
        del context
        found = redemption_service_pb2.Clawback(clawback_id=request.clawback_id)
        return redemption_service_pb2.GetClawbackResponse(clawback=found)

    def ListClawbacks(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Two pages of one."""
        del context
        found = redemption_service_pb2.Clawback(fines_fen=len(request.page_token))
        return redemption_service_pb2.ListClawbacksResponse(
            clawbacks=[found], next_page_token="" if request.page_token else "next"
        )


def test_cases_are_read_one_by_one_and_in_lists() -> None:
    """An application comes with its objections."""
    service = FakeCases()  # type: ignore[abstract]
    adds = (
        application_service_pb2_grpc.add_ApplicationServiceServicer_to_server,
        programme_service_pb2_grpc.add_ProgrammeServiceServicer_to_server,
        redemption_service_pb2_grpc.add_RedemptionServiceServicer_to_server,
    )
    with serving(*((add, service) for add in adds)) as channel:
        client = LedgerClient(channel)
        answer = client.get_application(b"a" * 16)
        assert (answer.application.application_id, answer.objections[0].upheld) == (b"a" * 16, True)
        assert [calendar.year for calendar in client.list_calendars()] == [2026]
        assert client.get_clawback(b"c" * 16).clawback_id == b"c" * 16
        assert [clawback.fines_fen for clawback in client.list_clawbacks()] == [0, 4]


class FakeLogService(log_service_pb2_grpc.LogServiceServicer):
    """Streams entries and then fails."""

    def ListEntries(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Two pieces, then an error."""
        yield log_service_pb2.ListEntriesResponse(start=request.start, entries=[b"a", b"b"])
        yield log_service_pb2.ListEntriesResponse(start=request.start + 2, entries=[b"c"])
        context.abort(grpc.StatusCode.UNAVAILABLE, "down")


def test_a_broken_stream_of_entries_is_a_ledger_error() -> None:
    """What came before has been yielded with its index."""
    service = FakeLogService()  # type: ignore[abstract]
    with serving((log_service_pb2_grpc.add_LogServiceServicer_to_server, service)) as channel:
        entries = LedgerClient(channel).list_entries(start=5)
        assert [next(entries) for _ in range(3)] == [(5, b"a"), (6, b"b"), (7, b"c")]
        with pytest.raises(LedgerError, match="down"):
            next(entries)


def identity(server: str) -> Identity:
    """An identity without a certificate."""
    from pathlib import Path

    return Identity(
        server=server,
        ca=None,
        certificate=None,
        certificate_key=None,
        signing_key=Path("none.pem"),
        participant_id=bytes(range(16)),
        ledger_id=LEDGER_ID,
        role="CLERK",
    )


def test_without_tls_only_loopback_and_only_when_asked_for() -> None:
    """An address from outside is refused, and so is a missing certificate."""
    for server in ("10.0.0.1:7443", "ledger.example:7443", "127.0.0.1.example:7443"):
        with pytest.raises(UsageError, match="loopback"):
            open_channel(identity(server), insecure_development=True)
    with pytest.raises(UsageError, match="no certificate"):
        open_channel(identity("127.0.0.1:7443"))


def test_a_development_caller_names_itself() -> None:
    """In the header that a server without TLS believes."""
    service = FakeRegistry()  # type: ignore[abstract]
    with serving((registry_service_pb2_grpc.add_RegistryServiceServicer_to_server, service)) as channel:
        target = channel._channel.target().decode()  # type: ignore[attr-defined]
        with LedgerClient(identity(target.rpartition("/")[2]), insecure_development=True) as client:
            client.submit(ENVELOPE)
    ((name, value),) = development_metadata(bytes(range(16)))
    assert service.metadata[0][name] == value
