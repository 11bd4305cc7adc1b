"""Starting and stopping: addresses, TLS that is asked for, ports that are taken."""

from __future__ import annotations

import asyncio
import io
import urllib.request

import pytest
from unit.server.server_harness import FakeLedger, serving

from ledger.errors import ExitCode, UsageError
from ledger_server.listening import Address, AddressUnavailable, TlsFiles, parse_address
from ledger_server.telemetry import Metrics, json_logger
from ledger_server.wiring import RunningServer, start_server


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:0", Address("127.0.0.1", 0)),
        ("ledger.example:7443", Address("ledger.example", 7443)),
        ("[::1]:65535", Address("::1", 65535)),
    ],
)
def test_addresses_are_host_and_port(text: str, address: Address) -> None:
    """And are written as they were read."""
    assert parse_address(text) == address
    assert address.text == text


@pytest.mark.parametrize(
    "text", ["", "7443", ":7443", "host:", "host:65536", "::1:7443", "h:+1", "h:٣", "[]:1"]
)
def test_other_texts_are_no_addresses(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(UsageError):
        parse_address(text)


@pytest.mark.parametrize(
    ("listen", "insecure"),
    [("127.0.0.1:0", False), ("0.0.0.0:0", True), ("[::]:0", True), ("ledger.example:0", True)],
)
def test_without_tls_only_a_development_server_on_loopback_starts(listen: str, *, insecure: bool) -> None:
    """The flag alone does not open an address to the outside."""
    with pytest.raises(UsageError):
        asyncio.run(
            start_server(
                FakeLedger(),
                listen=listen,
                tls=None,
                development_insecure=insecure,
                log=json_logger(io.StringIO()),
            )
        )


def test_a_taken_port_is_said_so() -> None:
    """Two servers never share one port."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        with pytest.raises(AddressUnavailable) as caught:
            await start_server(ledger, listen=f"127.0.0.1:{server.port}", tls=None, development_insecure=True)
        assert caught.value.exit_code == ExitCode.UNAVAILABLE
        assert str(server.port) in caught.value.summary

    serving(test)


def test_missing_key_files_are_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The path is in the error, nothing else of the file."""
    folder = tmp_path_factory.mktemp("tls")
    files = TlsFiles(certificate=folder / "a", key=folder / "b", client_authorities=folder / "c")
    with pytest.raises(UsageError, match="cannot be read"):
        asyncio.run(
            start_server(FakeLedger(), listen="127.0.0.1:0", tls=files, log=json_logger(io.StringIO()))
        )


def test_metrics_follow_the_ledger_and_say_what_to_do() -> None:
    """Every metric has help text of more than a name."""
    metrics = Metrics()
    ledger = FakeLedger(queued_items=3)
    metrics.follow(ledger)
    port, stop = metrics.serve(host="127.0.0.1", port=0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    finally:
        stop()
    assert "voucher_ledger_queued_statements 3.0" in text
    assert "voucher_ledger_writable 1.0" in text
    assert all(len(metric.documentation) > 60 for metric in metrics.registry.collect())
