"""What every call passes: closed methods, deadlines, separate callers, and helper services behind it all."""

from __future__ import annotations

import asyncio
import io
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import BytesValue
from grpc import aio
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from unit.server.server_harness import (
    APPROVER,
    CLERK,
    LEDGER_ID,
    SELLER,
    FakeLedger,
    as_,
    calling,
    people,
    refused_with,
    refusing,
    serving,
)

from ledger.domain.rejections import Reason
from ledger.v1 import claim_service_pb2, envelope_pb2, subscription_service_pb2
from ledger.v1.claim_service_pb2_grpc import ClaimServiceStub
from ledger.v1.subscription_service_pb2_grpc import SubscriptionServiceStub
from ledger_server.identity import PeerDirectory, current_peer
from ledger_server.interceptors import Pipeline
from ledger_server.telemetry import Metrics, json_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ledger_server.wiring import RunningServer

SLEEPY = "/ledger.v1.RegistryService/ListDevices"
UNLISTED = "/ledger.v1.LogService/DropEverything"


class OneHandler(grpc.GenericRpcHandler):
    """Offers two methods with one behaviour."""

    def __init__(self, behaviour: Callable[[BytesValue, Any], Awaitable[BytesValue]]) -> None:
        self._handler = grpc.unary_unary_rpc_method_handler(
            behaviour,
            request_deserializer=BytesValue.FromString,
            response_serializer=BytesValue.SerializeToString,
        )

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The handler of a method that is offered."""
        return self._handler if handler_call_details.method in (SLEEPY, UNLISTED) else None


@asynccontextmanager
async def guarded(
    behaviour: Callable[[BytesValue, Any], Awaitable[BytesValue]], *, default_call_s: float = 60.0
) -> AsyncIterator[aio.Channel]:
    """A channel to a server with nothing but the pipeline and the behaviour."""
    ledger = FakeLedger()
    people(ledger.state)
    directory = PeerDirectory(ledger_id=LEDGER_ID, state=lambda: ledger.state, insecure=True)
    log = json_logger(io.StringIO())
    pipeline = Pipeline(directory=directory, metrics=Metrics(), log=log, default_call_s=default_call_s)
    server = aio.server(interceptors=[pipeline])
    server.add_generic_rpc_handlers([OneHandler(behaviour)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        await server.stop(0)


async def raw(channel: Any, method: str, **options: Any) -> bytes:
    """Call a method with empty bytes."""
    answer: bytes = await channel.unary_unary(method)(b"", **options)
    return answer


async def tell_caller(_: BytesValue, context: Any) -> BytesValue:
    """Who called."""
    del context
    return BytesValue(value=current_peer().participant_id)


def test_callers_of_concurrent_calls_do_not_mix() -> None:
    """Each call sees its own peer."""
    callers = [CLERK, SELLER, APPROVER] * 5

    async def test() -> None:
        everybody_called = asyncio.Barrier(len(callers))

        async def tell_at_last(request: BytesValue, context: Any) -> BytesValue:
            await everybody_called.wait()
            return await tell_caller(request, context)

        async with guarded(tell_at_last) as channel:
            answers = await asyncio.gather(
                *(raw(channel, SLEEPY, metadata=as_(caller)) for caller in callers)
            )
        assert [BytesValue.FromString(answer).value for answer in answers] == callers

    asyncio.run(test())


def test_a_method_without_a_row_is_closed_even_where_it_is_offered() -> None:
    """And one that is not offered stays unknown."""

    async def test() -> None:
        async with guarded(tell_caller) as channel:
            codes = []
            for method in (UNLISTED, "/ledger.v1.LogService/Nothing"):
                with pytest.raises(aio.AioRpcError) as caught:
                    await raw(channel, method, metadata=as_(CLERK))
                codes.append(caught.value.code())
        assert codes == [grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNIMPLEMENTED]

    asyncio.run(test())


@pytest.mark.parametrize("fault", [TimeoutError("own"), None])
def test_a_call_without_a_deadline_gets_the_servers(fault: Exception | None) -> None:
    """DEADLINE_EXCEEDED when it passes; a time-out inside the handler is a fault like any other."""

    async def sleep(_: BytesValue, context: Any) -> BytesValue:
        if fault:
            raise fault
        await asyncio.Event().wait()
        raise AssertionError(context)

    async def test() -> None:
        async with guarded(sleep, default_call_s=0.05) as channel:
            with pytest.raises(aio.AioRpcError) as caught:
                await raw(channel, SLEEPY, metadata=as_(CLERK))
        code, info, _ = refused_with(caught.value)
        assert (code.name, info.reason) == (
            ("INTERNAL", "INTERNAL") if fault else ("DEADLINE_EXCEEDED", "DEADLINE_TOO_LONG")
        )

    asyncio.run(test())


def test_a_clients_shorter_deadline_stands() -> None:
    """The server does not lengthen it."""

    async def sleep(_: BytesValue, context: Any) -> BytesValue:
        await asyncio.Event().wait()
        raise AssertionError(context)

    async def test() -> None:
        async with guarded(sleep) as channel:
            with pytest.raises(aio.AioRpcError) as caught:
                await raw(channel, SLEEPY, metadata=as_(CLERK), timeout=0.05)
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED

    asyncio.run(test())


def test_calls_are_counted_by_method_and_code() -> None:
    """Refusals too, under the code that the client saw."""
    request = claim_service_pb2.SubmitClaimRequest(envelope=envelope_pb2.Envelope(payload=b"x"))

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        async with calling(server) as channel:
            stub = ClaimServiceStub(channel)
            await stub.SubmitClaim(request, metadata=as_(SELLER))
            ledger.answer = refusing(Reason.DUPLICATE_EVIDENCE)
            with pytest.raises(aio.AioRpcError):
                await stub.SubmitClaim(request, metadata=as_(SELLER))
        value = server.metrics.registry.get_sample_value
        method = "/ledger.v1.ClaimService/SubmitClaim"
        for code in ("OK", "ALREADY_EXISTS"):
            assert value("voucher_ledger_rpcs_total", {"method": method, "code": code}) == 1
        for result in ("ACCEPTED", "DUPLICATE_EVIDENCE"):
            labels = {"act": "usage-attestation", "result": result}
            assert value("voucher_ledger_statements_total", labels) == 1
        assert value("voucher_ledger_statements_waiting") == 0

    serving(test)


def test_a_subscriber_that_goes_away_leaves_nothing_behind() -> None:
    """Its place is free again and no task waits for it."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        async with calling(server) as channel:
            before = asyncio.all_tasks()
            call = SubscriptionServiceStub(channel).Subscribe(
                subscription_service_pb2.SubscribeRequest(), metadata=as_(CLERK)
            )
            stream = aiter(call)
            await anext(stream)
            await anext(stream)
            assert server.metrics.registry.get_sample_value("voucher_ledger_subscribers") == 1
            call.cancel()
            waiting = [task for task in asyncio.all_tasks() - before if "wait_beyond" in repr(task)]
            await asyncio.wait(waiting, timeout=10)
            assert [task.cancelled() for task in waiting] == [True]
            await server.stop(5)
            assert server.metrics.registry.get_sample_value("voucher_ledger_subscribers") == 0

    serving(test)


def test_reflection_lists_the_services_to_anyone() -> None:
    """Generic tools find every service."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        del ledger
        async with calling(server) as channel:
            call = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(
                iter([reflection_pb2.ServerReflectionRequest(list_services="*")])
            )
            answer = await anext(aiter(call))
        names = [service.name for service in answer.list_services_response.service]
        assert "ledger.v1.ClaimService" in names
        assert "grpc.health.v1.Health" in names

    serving(test)
