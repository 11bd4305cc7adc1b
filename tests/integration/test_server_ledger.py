"""The server around a real ledger on disk, under mutual TLS, called by the SDK with every role's own key."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ledger.client.api import LedgerClient
from ledger.client.errors import Denied, RpcRefused
from ledger.client.identity import Identity, load_identity
from ledger.client.signing import SigningKey, make_envelope, new_id
from ledger.client.statements import registry, shared
from ledger.client.subscription import Cursor, Subscription
from ledger.domain.identifiers import complete_credit_code
from ledger.domain.vocabulary import ParticipantKind, Role
from ledger.v1 import receipt_pb2
from ledger_play.ceremony import open_development_ledger
from ledger_play.serving import EmbeddedServer
from ledger_server.directory import LedgerDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.v1.envelope_pb2 import Envelope

CHECKPOINTED = receipt_pb2.ACK_LEVEL_CHECKPOINTED
OFFICERS = 9


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A development ledger with its officers."""
    root = tmp_path_factory.mktemp("ledger") / "d"
    open_development_ledger(root, profile="shenzhen-2026", server="127.0.0.1:1", hosts=("127.0.0.1",))
    return root


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    """The port of a server around it."""
    with EmbeddedServer(LedgerDirectory(folder), listen="127.0.0.1:0") as server:
        yield server.port


def identity_of(folder: Path, name: str, port: int) -> Identity:
    """An officer's identity for the server at the port."""
    return replace(load_identity(folder / "as" / f"{name}.toml"), server=f"127.0.0.1:{port}")


def registration(clerk: Identity, *, number: int, request_id: bytes | None = None) -> Envelope:
    """A participant's registration, signed by the clerk."""
    return make_envelope(
        "participant-registration",
        registry.participant_registration(
            basis=shared.basis(bureau_id=clerk.bureau_id, role=Role.CLERK, reason_code="REGISTERED"),
            participant_id=number.to_bytes(16, "big"),
            kind=ParticipantKind.ENTERPRISE,
            registered_day=20_000,
            credit_code=complete_credit_code(f"91440300{number:08d}"),
        ),
        [SigningKey.load(clerk.signing_key)],
        ledger_id=clerk.ledger_id,
        request_id=request_id,
    )


def test_a_statement_gets_the_same_receipt_for_ever_and_its_proof_verifies(folder: Path, port: int) -> None:
    """The SDK checks the proof under the pinned log key; other bytes under the request id are refused."""
    clerk = identity_of(folder, "clerk", port)
    assert clerk.log_key
    request_id = new_id()
    envelope = registration(clerk, number=1, request_id=request_id)
    with LedgerClient(clerk) as client:
        first = client.submit(envelope, ack_level=CHECKPOINTED)
        again = client.submit(envelope, ack_level=CHECKPOINTED)
        assert (again.index, again.leaf_hash) == (first.index, first.leaf_hash)
        assert (first.repeated_request, again.repeated_request) == (False, True)
        with pytest.raises(RpcRefused) as caught:
            client.submit(registration(clerk, number=2, request_id=request_id))
        assert caught.value.reason == "REQUEST_ID_REUSED"
        receipt = client.get_receipt(first.index)
        assert (receipt.leaf_hash, receipt.event) == (first.leaf_hash, first.event)


def test_a_rule_and_the_table_of_access_refuse_with_different_codes(folder: Path, port: int) -> None:
    """An officer without the right is denied; a wrong statement of the right officer is refused."""
    clerk, payer = identity_of(folder, "clerk", port), identity_of(folder, "payer", port)
    with LedgerClient(payer) as client, pytest.raises(Denied) as denied:
        client.submit(registration(clerk, number=3))
    assert denied.value.reason == "PERMISSION_DENIED"
    forged = registration(clerk, number=4)
    forged.signatures[0].signature = bytes(64)
    with LedgerClient(clerk) as client, pytest.raises(RpcRefused) as refused:
        client.submit(forged)
    assert refused.value.reason == "BAD_SIGNATURE"


def test_lists_entries_and_proofs_are_of_one_ledger(folder: Path, port: int) -> None:
    """What is listed is what the entries say, and the checkpoint covers it."""
    clerk = identity_of(folder, "clerk", port)
    with LedgerClient(clerk) as client:
        receipt = client.submit(registration(clerk, number=5), ack_level=CHECKPOINTED)
        described = client.get_ledger()
        listed = {entry.participant_id: entry for entry in client.list_participants()}
        assert listed[(5).to_bytes(16, "big")].index == receipt.index
        assert len([entry for entry in listed.values() if entry.role]) == OFFICERS
        entries = list(client.list_entries())
        assert [index for index, _ in entries] == list(range(described.tree_size))
        assert entries[receipt.index][1] == receipt.event
        assert client.get_tile(level=0, index=0, width=1) == described.genesis_leaf_hash
        assert client.get_inclusion_proof(receipt.index).hashes
        proof = client.get_consistency_proof(first_size=1, second_size=described.tree_size)
        assert proof
        assert list(client.list_programmes()) == list(client.list_vouchers()) == []


def test_a_subscriber_resumes_on_a_restarted_server(folder: Path) -> None:
    """Nothing is lost or doubled across the restart, and the client checks every link."""
    seen: list[int] = []
    cursor: Cursor | None = None
    for number in (11, 12):
        with EmbeddedServer(LedgerDirectory(folder), listen="127.0.0.1:0") as server:
            clerk = identity_of(folder, "clerk", server.port)
            with LedgerClient(clerk) as client:
                client.submit(registration(clerk, number=number))
                following = Subscription(channel=client.channel, cursor=cursor, until_caught_up=True)
                seen += [event.index for event in following]
                cursor = following.cursor
    assert seen == list(range(len(seen)))
    assert len(seen) > OFFICERS


def test_a_live_subscriber_gets_what_another_client_writes(folder: Path, port: int) -> None:
    """Committed events reach it without asking."""
    clerk, auditor = identity_of(folder, "clerk", port), identity_of(folder, "auditor", port)
    arrived = threading.Event()
    got: list[int] = []
    with LedgerClient(auditor) as reader, LedgerClient(clerk) as writer:
        size = reader.get_ledger().tree_size

        def follow() -> None:
            for event in Subscription(channel=reader.channel):
                got.append(event.index)
                if event.index >= size:
                    arrived.set()
                    return

        thread = threading.Thread(target=follow)
        thread.start()
        writer.submit(registration(clerk, number=21))
        assert arrived.wait(10)
        thread.join(10)
    assert got == list(range(size + 1))


def test_an_operator_sets_the_simulated_clock_forward_only(folder: Path, port: int) -> None:
    """Going back is a refusal, another role is denied."""
    with LedgerClient(identity_of(folder, "operator", port)) as client:
        now_ms = client.get_ledger().ledger_time_ms
        assert client.set_clock(now_ms + 60_000) == now_ms + 60_000
        with pytest.raises(RpcRefused) as caught:
            client.set_clock(now_ms)
        assert caught.value.reason == "STATE_CONFLICT"
    with LedgerClient(identity_of(folder, "clerk", port)) as client, pytest.raises(Denied):
        client.set_clock(now_ms + 120_000)
