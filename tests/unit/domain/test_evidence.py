"""Evidence: used once, cancelled, and what a redemption is worth without it (I5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.domain.registrar import digest, ident, yuan
from unit.domain.town import Town, small_town, with_voucher

from ledger.domain.entities import EvidenceKind
from ledger.domain.journal import LinkKind, PremiseKind
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import InvoiceStatus, Role

MILLION = 100_000_000
RED, VOID = InvoiceStatus.RED_LETTERED, InvoiceStatus.VOID


def uses(town: Town, label: str, invoices: dict[str, int]) -> Any:
    """A request on voucher `v` with claim `u`, parts of invoices and all of payment `p-e`."""
    return town.redeem(label, "v", ["u"], invoices=invoices, payments={"p-e": 8 * MILLION})


# Cancelled invoices.


@pytest.mark.parametrize("status", [RED, VOID])
def test_a_cancelled_invoice_is_used_no_more(status: InvoiceStatus) -> None:
    """A request that names it is STATE_CONFLICT at the leaf of the cancellation."""
    town = with_voucher()
    town.ok(town.metered("u", "v", "1_000_000"))
    town.ok(town.invoice("i-f", "c", "1_000_000"))
    leaf = town.ok(town.cancel("i-e", status)).index
    request = uses(town, "r", {"i-e": 1, "i-f": MILLION})
    assert town.message(request) == "an invoice is red-lettered or void"
    assert town.conflict(request) == (Reason.STATE_CONFLICT, leaf)
    assert town.ok(uses(town, "r", {"i-f": MILLION})).payload.amount_fen == MILLION // 2


def test_only_cancelled_invoices_are_worth_nothing() -> None:
    """Where nothing else is named FACE_EXCEEDED comes before STATE_CONFLICT."""
    town = with_voucher()
    town.ok(town.metered("u", "v", "1_000_000"))
    town.ok(town.cancel("i-e"))
    assert town.reason(uses(town, "r", {"i-e": MILLION})) == Reason.FACE_EXCEEDED


def test_an_invoice_is_cancelled_once() -> None:
    """A second cancellation of either kind is STATE_CONFLICT that names what it is."""
    town = with_voucher()
    leaf = town.ok(town.cancel("i-e")).index
    for status in (RED, VOID):
        again = town.cancel("i-e", status)
        assert town.message(again) == "the invoice is RED_LETTERED; allowed: nothing"
        assert town.conflict(again) == (Reason.STATE_CONFLICT, leaf)


def test_a_cancellation_links_the_invoice_with_what_is_consumed() -> None:
    """Its consumed amount stays, the contract is its premise, its stream is its own."""
    town = with_voucher()
    town.redeemed("r", "v", "1_000_000")
    event = town.ok(town.cancel("i-e"))
    assert [(link.kind, link.entity, link.totals) for link in event.draft.links] == [
        (LinkKind.INVOICE, digest("evidence/i-e"), (MILLION,))
    ]
    assert event.draft.premises[-1] == (PremiseKind.CONTRACT, town.state.contracts[ident("c")].index)
    assert event.recorded.stream_id == f"cancellation/{digest('evidence/i-e').hex()}"


def test_only_an_invoice_is_cancelled() -> None:
    """Nothing, a payment and an acceptance paper are no invoices; a clerk of any bureau notes it."""
    town = with_voucher()
    town.ok(town.acceptance("paper", "c"))
    paper = replace(town.cancel("x"), fingerprint=digest("document/paper"))
    for statement in (town.cancel("x"), town.cancel("p-e"), paper):
        assert town.message(statement) == "the invoice does not exist"
    for by in ("reviewer", "cloud"):
        assert town.reason(town.cancel("i-e", by=by)) == Reason.SEPARATION_OF_DUTY
    town.ok(town.appoint("clerk-x", Role.CLERK, bureau="other"))
    assert town.reason(town.in_bureau(town.cancel("i-e"), "clerk-x")) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"status": InvoiceStatus.VALID, "red_letter_fingerprint": b""},
        {"red_letter_fingerprint": b""},
        {"red_letter_fingerprint": b"x"},
        {"status": VOID},
        {"fingerprint": b""},
        {"cancelled_day": -1},
    ],
    ids=str,
)
def test_a_cancellation_out_of_shape_is_malformed(changes: dict[str, Any]) -> None:
    """RED_LETTERED has a red-letter fingerprint, VOID none, VALID is no cancellation."""
    town = with_voucher()
    assert town.reason(replace(town.cancel("i-e"), **changes)) == Reason.MALFORMED


# Between request and verification.


def requested(*parts: str) -> Town:
    """A redemption `r` of 3 million metered with invoices `i-1` … of these amounts; payments of 8 million."""
    town = with_voucher()
    town.ok(town.metered("u", "v", "3_000_000"))
    for number, amount in enumerate(parts, start=1):
        town.ok(town.invoice(f"i-{number}", "c", amount))
    invoices = {f"i-{number}": yuan(amount) for number, amount in enumerate(parts, start=1)}
    town.ok(uses(town, "r", invoices))
    return town


def test_an_invoice_cancelled_after_the_request_lowers_the_verification() -> None:
    """Two invoices of 1,000,000 and 2,000,000: without the second half a million is left."""
    town = requested("1_000_000", "2_000_000")
    assert town.state.redemptions[ident("r")].amount_fen == yuan("1_500_000")
    town.ok(town.cancel("i-2"))
    assert town.message(town.verify("r")) == f"the amount to verify is {yuan('500_000')} fen"
    event = town.ok(town.verify("r", yuan("500_000")))
    assert event.payload.base_fen == yuan("1_000_000")
    assert town.voucher_totals("v")[2] == yuan("500_000")


def test_a_redemption_without_a_valid_invoice_is_not_verified() -> None:
    """FACE_EXCEEDED: nothing is left."""
    town = requested("1_000_000")
    town.ok(town.cancel("i-1"))
    assert town.reason(town.verify("r", 0)) == Reason.FACE_EXCEEDED


def test_an_invoice_cancelled_after_the_verification_does_not_stop_the_payment() -> None:
    """The amount stands; what follows is a clawback."""
    town = requested("1_000_000")
    town.ok(town.verify("r"))
    town.ok(town.cancel("i-1"))
    town.ok(town.approve("r"))
    town.ok(town.approve("r", by="approver-2"))
    town.ok(town.order("r"))
    assert town.reason(town.pay("r")) is None


def test_the_consumed_part_of_a_cancelled_invoice_is_not_free_again() -> None:
    """Another redemption cannot use it, whatever the verification said."""
    town = requested("1_000_000", "2_000_000")
    town.ok(town.cancel("i-2"))
    town.ok(town.verify("r", yuan("500_000")))
    assert town.evidence_rows[digest("evidence/i-2")].consumed_fen == yuan("2_000_000")


# Numbers and papers are used once.


def two_contracts() -> Town:
    """Contracts `c` of a GPU programme and `d`, with another bureau's programme beside them."""
    town = small_town()
    town.ok(town.appoint("clerk-x", Role.CLERK, bureau="other"))
    town.ok(town.appoint("approver-x", Role.APPROVER, bureau="other"))
    opening = town.in_bureau(town.programme("far"), "clerk-x", "approver-x")
    town.ok(opening)
    town.ok(town.contract("c", "1_000_000"))
    town.ok(town.contract("d", "1_000_000"))
    return town


def test_a_fingerprint_is_registered_once_in_the_whole_ledger() -> None:
    """Over contracts, kinds, programmes and bureaux: the conflict is the first leaf."""
    town = two_contracts()
    first = town.ok(town.invoice("i", "c", "1_000"))
    paper = replace(town.acceptance("x", "d"), document_digest=digest("evidence/i"))
    for again in (town.invoice("i", "d", "1_000"), town.payment("i", "d", "1_000"), paper):
        assert town.conflict(again) == (Reason.DUPLICATE_EVIDENCE, first.index)


def test_a_cancelled_number_is_not_registered_again() -> None:
    """A red-lettered or void invoice keeps its number."""
    town = two_contracts()
    for label, status in (("i", RED), ("j", VOID)):
        first = town.ok(town.invoice(label, "c", "1_000"))
        town.ok(town.cancel(label, status))
        again = town.invoice(label, "d", "1_000")
        assert town.conflict(again) == (Reason.DUPLICATE_EVIDENCE, first.index)


def test_an_acceptance_paper_serves_one_contract() -> None:
    """The same digest again, on any contract, is DUPLICATE_EVIDENCE; the buyer registers it."""
    town = two_contracts()
    assert town.reason(town.acceptance("paper", "c", by="cloud")) == Reason.NOT_AUTHORISED
    first = town.ok(town.acceptance("paper", "c"))
    assert town.evidence_rows[digest("document/paper")].kind == EvidenceKind.ACCEPTANCE
    for contract in ("c", "d"):
        again = town.acceptance("paper", contract)
        assert town.conflict(again) == (Reason.DUPLICATE_EVIDENCE, first.index)
    assert town.message(town.acceptance("other", "x")) == "the contract does not exist"
    short = replace(town.acceptance("other", "c"), document_digest=b"")
    assert town.reason(short) == Reason.MALFORMED


def test_an_acceptance_paper_is_no_invoice() -> None:
    """Named as one in a redemption it is refused, its amount being nothing."""
    town = with_voucher()
    town.ok(town.metered("u", "v", "1_000_000"))
    leaf = town.ok(town.acceptance("paper", "c")).index
    request = uses(town, "r", {"i-e": MILLION})
    paper = replace(request.invoices[0], fingerprint=digest("document/paper"))
    wrong = replace(request, invoices=(*request.invoices, paper))
    assert town.conflict(wrong) == (Reason.DUPLICATE_EVIDENCE, leaf)


def test_evidence_of_a_batch_is_seen_by_the_next_statement() -> None:
    """An invoice and its twin, or its cancellation, in one batch."""
    town = with_voucher()
    first, twin = town.send(town.invoice("i", "c", "1_000"), town.payment("i", "c", "1_000"))
    assert (first.index, twin.conflicting_index) == (first.index, first.index)  # type: ignore[union-attr]
    one, two = town.send(town.cancel("i-e"), town.cancel("i-e", VOID))
    assert (getattr(one, "reason", None), getattr(two, "reason", None)) == (None, Reason.STATE_CONFLICT)


# Outside support.


def test_outside_support_adds_up() -> None:
    """Each declaration adds to the contract's; a clerk of any bureau declares."""
    town = with_voucher()
    town.ok(town.appoint("clerk-x", Role.CLERK, bureau="other"))
    assert town.ok(town.outside("c", "1_000")).totals(LinkKind.CONTRACT) == (4 * MILLION, 100_000)
    event = town.ok(town.in_bureau(town.outside("c", "500"), "clerk-x"))
    assert event.totals(LinkKind.CONTRACT) == (4 * MILLION, 150_000)
    for by in ("reviewer", "acme"):
        assert town.reason(town.outside("c", "1", by=by)) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.outside("c", 0)) == Reason.MALFORMED
    assert town.reason(replace(town.outside("c", 1), source=" ")) == Reason.MALFORMED
    assert town.message(town.outside("x", 1)) == "the contract does not exist"


def test_a_day_before_1970_is_malformed() -> None:
    """Days of evidence are days of the calendar."""
    town = with_voucher()
    assert town.reason(replace(town.acceptance("p", "c"), accepted_day=-1)) == Reason.MALFORMED
    assert town.reason(replace(town.invoice("i", "c", 1), issued_day=-1)) == Reason.MALFORMED
    assert town.reason(replace(town.payment("p", "c", 1), paid_day=-1)) == Reason.MALFORMED
