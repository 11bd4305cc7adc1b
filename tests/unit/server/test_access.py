"""The table of access: complete, closed by default, and as DESIGN says."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.client.acts import ACTS as CLIENT_ACTS
from ledger_server import wiring
from ledger_server.access import ACCESS, ENTRIES, EVERY_ROLE, NOBODY, OFFICERS, PUBLIC, Caller, admitted_to
from ledger_server.acts import ACTS
from ledger_server.methods import METHODS
from ledger_server.servicers.claim import ClaimServicer


def test_every_method_of_every_service_has_a_row() -> None:
    """A method without a row would be closed to everybody; it is noticed here instead."""
    assert sorted(ACCESS) == sorted(METHODS)


def test_a_method_without_a_row_admits_nobody() -> None:
    """Closed by default."""
    assert admitted_to("/ledger.v1.LogService/DropEverything") == NOBODY


def test_an_operator_can_open_entries_and_nothing_else() -> None:
    """Entries become public, every other row stays."""
    opened = {method for method in ACCESS if admitted_to(method, open_entries=True) != ACCESS[method]}
    assert opened == {ENTRIES}
    assert admitted_to(ENTRIES, open_entries=True) == PUBLIC
    assert admitted_to("/ledger.v1.LogService/DropEverything", open_entries=True) == NOBODY


def test_no_row_is_empty() -> None:
    """A row says who may, at least one."""
    assert [method for method, row in ACCESS.items() if not row] == []


@pytest.mark.parametrize(
    "method",
    [
        "ApplicationService/DeclareOutsideSupport",
        "ApplicationService/CheckApplication",
        "ApplicationService/ReviewApplication",
        "ApplicationService/PubliciseApplication",
        "ApplicationService/DecideObjection",
        "ApplicationService/RejectApplication",
        "VoucherService/IssueVoucher",
        "VoucherService/HoldVoucher",
        "VoucherService/ReleaseHold",
        "VoucherService/RevokeVoucher",
        "ClaimService/Reconfirm",
        "ClaimService/SetClaimsAside",
        "RedemptionService/VerifyRedemption",
        "RedemptionService/ApproveRedemption",
        "RedemptionService/OrderPayment",
        "RedemptionService/ConfirmPayment",
        "RedemptionService/FailPayment",
        "RedemptionService/CancelInvoice",
        "RedemptionService/OpenClawback",
        "RedemptionService/NotifyClawback",
        "RedemptionService/DetermineClawback",
        "RedemptionService/ReceiveRepayment",
        "RedemptionService/ImposeFine",
        "RedemptionService/WriteOffRecoverable",
    ],
)
def test_decisions_admit_every_officer(method: str) -> None:
    """The wrong officer is refused by a rule and not by the table."""
    assert ACCESS[f"/ledger.v1.{method}"] == OFFICERS


def test_no_writing_method_is_public() -> None:
    """Whoever writes is known."""
    assert [method for method in ACTS if Caller.ANYONE in ACCESS[method]] == []


def test_lists_entries_receipts_and_the_stream_need_a_role() -> None:
    """What shows events or entities is not public."""
    reading = [
        method
        for method in METHODS
        if method.rpartition("/")[2].startswith(("List", "Get", "Subscribe")) and "/ledger.v1." in method
    ]
    public = {method for method in reading if ACCESS[method] == PUBLIC}
    assert public == {
        "/ledger.v1.LogService/GetLedger",
        "/ledger.v1.LogService/GetCheckpoint",
        "/ledger.v1.LogService/GetTile",
        "/ledger.v1.LogService/GetInclusionProof",
        "/ledger.v1.LogService/GetConsistencyProof",
    }
    assert {ACCESS[method] for method in reading if method not in public} == {EVERY_ROLE}


def test_every_method_with_an_envelope_has_an_act() -> None:
    """The one table of acts misses no writing method and names no other."""
    writing = {
        name
        for name, method in METHODS.items()
        if {"envelope", "envelopes"} & {field.name for field in method.input_type.fields}
    }
    assert set(ACTS) == writing


def test_the_client_sends_every_act_where_the_server_expects_it() -> None:
    """Two tables, written apart: the client's has one RPC an act, the server's the batch of claims, too."""
    sent = {act.path: act.name for act in CLIENT_ACTS if act.path}
    batch = {"/ledger.v1.ClaimService/SubmitClaims": "usage-attestation"}
    assert dict(ACTS) == sent | batch


@pytest.mark.parametrize("servicer", [make for make, _ in wiring._WRITING])
def test_every_method_of_a_writing_service_is_implemented(servicer: Any) -> None:
    """By the class itself or from the table of acts, never by the generated class that refuses."""
    base = servicer.__bases__[-1]
    methods = [name for name in vars(base) if not name.startswith("_")]
    assert [name for name in methods if getattr(servicer, name) is getattr(base, name)] == []


def test_an_own_method_is_not_replaced() -> None:
    """The batch of claims answers with many results."""
    assert "SubmitClaims" in ClaimServicer.__dict__
    assert ClaimServicer.SubmitClaims.__module__ == "ledger_server.servicers.claim"
