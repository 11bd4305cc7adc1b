"""Mutual TLS on loopback with development certificates: who is known, who was replaced, who loses access."""

from __future__ import annotations

import asyncio
import io
import stat
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc import aio
from unit.server.server_harness import (
    BUYER,
    CLERK,
    LEDGER_ID,
    OPERATOR,
    SELLER,
    FakeLedger,
    as_,
    people,
    refused_with,
    register,
    tls_files,
)

from ledger.errors import UsageError
from ledger.v1 import log_service_pb2, operation_service_pb2, subscription_service_pb2
from ledger.v1.log_service_pb2_grpc import LogServiceStub
from ledger.v1.operation_service_pb2_grpc import OperationServiceStub
from ledger.v1.subscription_service_pb2_grpc import SubscriptionServiceStub
from ledger_server.dev_authority import CERTIFICATE_NAME, KEY_NAME, DevelopmentAuthority
from ledger_server.identity import parse_certificate
from ledger_server.telemetry import json_logger
from ledger_server.wiring import RunningServer, start_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from ledger_server.dev_authority import IssuedClient

SET_CLOCK = operation_service_pb2.SetClockRequest(ledger_time_ms=5_000)


def secured(
    directory: Path,
    test: Callable[[FakeLedger, RunningServer, DevelopmentAuthority], Awaitable[None]],
    *,
    recheck_s: float = 30.0,
) -> None:
    """Run `test` against a server under mutual TLS with a public port beside it."""

    async def run() -> None:
        ledger = FakeLedger()
        people(ledger.state)
        authority = DevelopmentAuthority.create(directory / "ca")
        server = await start_server(
            ledger,
            listen="127.0.0.1:0",
            public_listen="127.0.0.1:0",
            tls=tls_files(directory, authority),
            log=json_logger(io.StringIO()),
            recheck_s=recheck_s,
        )
        try:
            await test(ledger, server, authority)
        finally:
            await server.stop(0)

    asyncio.run(asyncio.wait_for(run(), 30))


def channel_of(port: int | None, authority: DevelopmentAuthority, client: IssuedClient | None) -> aio.Channel:
    """A channel that presents the client's certificate, if any."""
    return aio.secure_channel(
        f"127.0.0.1:{port}",
        grpc.ssl_channel_credentials(
            authority.certificate_pem,
            client.key_pem if client else None,
            client.cert_pem if client else None,
        ),
    )


async def outcome(channel: aio.Channel) -> str:
    """OK or the reason with which setting the clock is refused."""
    try:
        await OperationServiceStub(channel).SetClock(SET_CLOCK, metadata=as_(OPERATOR))
    except aio.AioRpcError as error:
        return str(refused_with(error)[1].reason)
    return "OK"


def test_a_registered_certificate_gives_its_owner_the_roles_of_the_ledger(tmp_path: Path) -> None:
    """The same server refuses a clerk what an operator may do; the development header means nothing."""

    async def test(ledger: FakeLedger, server: RunningServer, authority: DevelopmentAuthority) -> None:
        found = {}
        for holder in (OPERATOR, CLERK):
            client = authority.issue_client(LEDGER_ID, holder, "officer")
            register(ledger.state, holder, client.sha256_fingerprint)
            async with channel_of(server.port, authority, client) as channel:
                found[holder] = await outcome(channel)
        assert found == {OPERATOR: "OK", CLERK: "PERMISSION_DENIED"}

    secured(tmp_path, test)


def test_unknown_replaced_foreign_and_misnamed_certificates_are_refused(tmp_path: Path) -> None:
    """Issued by the authority is not enough: the ledger has to know it, under this name."""

    async def test(ledger: FakeLedger, server: RunningServer, authority: DevelopmentAuthority) -> None:
        unknown = authority.issue_client(LEDGER_ID, OPERATOR, "unknown")
        old = authority.issue_client(LEDGER_ID, OPERATOR, "old")
        new = authority.issue_client(LEDGER_ID, OPERATOR, "new")
        register(ledger.state, OPERATOR, old.sha256_fingerprint)
        register(ledger.state, OPERATOR, new.sha256_fingerprint)
        foreign = authority.issue_client(bytes(16), BUYER, "foreign")
        register(ledger.state, BUYER, foreign.sha256_fingerprint)
        misnamed = authority.issue_client(LEDGER_ID, OPERATOR, "misnamed")
        register(ledger.state, SELLER, misnamed.sha256_fingerprint)
        found = []
        for client in (unknown, old, foreign, misnamed, new):
            async with channel_of(server.port, authority, client) as channel:
                found.append(await outcome(channel))
        assert found == ["UNAUTHENTICATED"] * 4 + ["OK"]

    secured(tmp_path, test)


def test_without_a_certificate_only_the_public_port_answers_and_only_what_is_public(tmp_path: Path) -> None:
    """The handshake fails on the other port."""

    async def test(ledger: FakeLedger, server: RunningServer, authority: DevelopmentAuthority) -> None:
        async with channel_of(server.port, authority, None) as channel:
            with pytest.raises(aio.AioRpcError) as caught:
                await LogServiceStub(channel).GetLedger(log_service_pb2.GetLedgerRequest(), timeout=5)
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        async with channel_of(server.public_port, authority, None) as channel:
            described = await LogServiceStub(channel).GetLedger(log_service_pb2.GetLedgerRequest())
            assert described.ledger_id == ledger.ledger_id
            assert await outcome(channel) == "UNAUTHENTICATED"

    secured(tmp_path, test)


def test_a_certificate_of_another_authority_does_not_connect(tmp_path: Path) -> None:
    """Even with a fingerprint that is registered."""

    async def test(ledger: FakeLedger, server: RunningServer, authority: DevelopmentAuthority) -> None:
        other = DevelopmentAuthority.create(tmp_path / "other")
        client = other.issue_client(LEDGER_ID, OPERATOR, "operator")
        register(ledger.state, OPERATOR, client.sha256_fingerprint)
        async with channel_of(server.port, authority, client) as channel:
            with pytest.raises(aio.AioRpcError) as caught:
                await OperationServiceStub(channel).SetClock(SET_CLOCK, timeout=5)
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE

    secured(tmp_path, test)


def test_an_open_stream_ends_when_the_certificate_is_replaced(tmp_path: Path) -> None:
    """The caller is looked up again while the stream runs."""

    async def test(ledger: FakeLedger, server: RunningServer, authority: DevelopmentAuthority) -> None:
        client = authority.issue_client(LEDGER_ID, CLERK, "clerk")
        register(ledger.state, CLERK, client.sha256_fingerprint)
        async with channel_of(server.port, authority, client) as channel:
            stream = aiter(
                SubscriptionServiceStub(channel).Subscribe(subscription_service_pb2.SubscribeRequest())
            )
            assert (await anext(stream)).WhichOneof("message") == "confirmed"
            assert (await anext(stream)).WhichOneof("message") == "caught_up"
            await ledger.append(("claim_accepted", b"still admitted"))
            assert (await anext(stream)).WhichOneof("message") == "records"
            register(ledger.state, CLERK, bytes(32))
            with pytest.raises(aio.AioRpcError) as caught:
                await anext(stream)
        code, info, _ = refused_with(caught.value)
        assert (code, info.reason) == (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")
        assert server.metrics.registry.get_sample_value("voucher_ledger_subscribers") == 0

    secured(tmp_path, test, recheck_s=0.05)


def test_private_keys_are_the_owners_alone_and_an_authority_is_not_overwritten(tmp_path: Path) -> None:
    """Mode 0600; a second `create` refuses; `load` gives the same authority."""
    made = DevelopmentAuthority.create(tmp_path)
    assert stat.S_IMODE((tmp_path / KEY_NAME).stat().st_mode) == 0o600
    assert DevelopmentAuthority.load(tmp_path).certificate_pem == made.certificate_pem
    with pytest.raises(UsageError):
        DevelopmentAuthority.create(tmp_path)
    assert (tmp_path / CERTIFICATE_NAME).read_bytes() == made.certificate_pem
    with pytest.raises(UsageError):
        DevelopmentAuthority.load(tmp_path / "nowhere")


def test_a_certificate_names_ledger_and_participant_once(tmp_path: Path) -> None:
    """A server's certificate, or bytes that are none, name nobody."""
    authority = DevelopmentAuthority.create(tmp_path)
    client = authority.issue_client(LEDGER_ID, CLERK, "a name longer than X.509 allows for it " * 3)
    parsed = parse_certificate(client.cert_pem)
    assert parsed is not None
    assert (parsed.fingerprint, parsed.ledger_id, parsed.participant_id) == (
        client.sha256_fingerprint,
        LEDGER_ID.hex(),
        CLERK.hex(),
    )
    assert parse_certificate(authority.issue_server(["127.0.0.1", "localhost"]).cert_pem) is None
    assert parse_certificate(authority.certificate_pem) is None
    assert parse_certificate(b"no certificate") is None
