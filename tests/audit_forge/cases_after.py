"""Cases of section 4 of docs/reference/format.md: service claims, what is in doubt, clawbacks and fines."""

from __future__ import annotations

from typing import Any

from audit_forge.breaking import (
    Case,
    Change,
    append,
    both,
    payload,
    said,
    signed,
    statement,
    without_last_link,
)
from audit_forge.draft import ident
from audit_forge.ground import PROGRAMME
from audit_forge.people import APPROVERS

SERVICE = "claim s1"


def _line(field: str, value: Any) -> Change:
    """Change a field of the first line."""
    return statement(SERVICE, lambda s: setattr(s.lines[0], field, value))


def _ids(name: str, field: str, *ids: bytes) -> Change:
    """Other ids than those that the statement names."""

    def change(year: Any) -> None:
        named = getattr(year[name].statement, field)
        del named[:]
        named.extend(ids)

    return change


def _sooner(year: Any) -> None:
    """The first line starts before the voucher."""
    year[SERVICE].statement.lines[0].start_ms -= 1


def _supersedes(name: str, other: str) -> Change:
    def change(year: Any) -> None:
        year[name].statement.superseded_index = year.named[other]

    return change


SERVICES = (
    Case("service", SERVICE, _line("unit", "records"), "unit"),
    Case("service", SERVICE, _line("unit", ""), "no unit"),
    Case("service", SERVICE, _line("quantity", 0), "quantity"),
    Case("service", SERVICE, _line("end_ms", 5), "end before its start"),
    Case("amounts", SERVICE, _line("amount_fen", -1), "below 0"),
    Case("amounts", SERVICE, said(SERVICE, total_amount_fen=5), "total"),
    Case("service", SERVICE, statement(SERVICE, lambda s: s.lines.__delitem__(slice(None))), "no line"),
    Case("claim_window", SERVICE, _sooner, "before the voucher"),
    Case("claim_window", SERVICE, _line("end_ms", 1 << 45), "after the voucher"),
    Case("effective_ms", SERVICE, _line("end_ms", 1 << 45), "end of the last line"),
    Case("i7_claim_voucher", SERVICE, said(SERVICE, programme_id=PROGRAMME), "programme"),
    Case("i7_claim_voucher", SERVICE, said(SERVICE, contract_digest=bytes(32)), "contract"),
    Case("i7_claim_voucher", SERVICE, said(SERVICE, voucher_id=ident("voucher e")), "award"),
    Case("claim", SERVICE, said(SERVICE, voucher_id=ident("voucher b")), "programme for GPU training"),
    Case("references", SERVICE, said(SERVICE, voucher_id=ident("voucher f")), "unfunded"),
    Case("statement", SERVICE, said(SERVICE, raw_log_digest=b"short"), "digest"),
    Case("sequence", "claim s2", said("claim s2", sequence=1), "number twice"),
    Case("sequence", "claim s2", said("claim s2", claim_id=ident("claim 1")), "claim id of a usage claim"),
    Case("superseding", "claim s3", _supersedes("claim s3", "claim 1"), "usage claim"),
    Case("superseding", "claim s3", _supersedes("claim s3", "voucher c"), "no claim"),
)

DOUBT = (
    Case("settlement", "setting aside", _ids("setting aside", "claim_ids", ident("claim 7")), "redeemed"),
    Case("settlement", "setting aside", _ids("setting aside", "claim_ids", ident("claim 6")), "not disputed"),
    Case("settlement", "setting aside", _ids("setting aside", "claim_ids"), "nothing"),
    Case("settlement", "setting aside", append("setting aside", "claim_ids", ident("claim 8")), "twice"),
    Case("references", "setting aside", _ids("setting aside", "claim_ids", ident("claim 4")), "refused"),
    Case(
        "settlement",
        "reconfirmation",
        _ids("reconfirmation", "claim_ids", ident("claim 8")),
        "claim that is set aside",
    ),
    Case(
        "settlement",
        "reconfirmation",
        _ids("reconfirmation", "redemption_ids", ident("redemption c")),
        "not suspended",
    ),
    Case(
        "settlement",
        "reconfirmation",
        both(_ids("reconfirmation", "claim_ids"), _ids("reconfirmation", "redemption_ids")),
        "nothing",
    ),
    Case(
        "references", "reconfirmation", _ids("reconfirmation", "redemption_ids", bytes(16)), "no redemption"
    ),
    Case(
        "i12_separation", "reconfirmation", signed("reconfirmation", APPROVERS[0], APPROVERS[0]), "one person"
    ),
    Case(
        "suspension",
        "approval b 1",
        both(_ids("reconfirmation", "redemption_ids"), without_last_link("reconfirmation")),
        "not confirmed again",
    ),
    Case("statement", "request a", said("request a", payee_tag=b"short"), "payee tag"),
)

CLAWBACK = (
    Case("clawback", "opening a", payload("opening a", entitlement_fen=1), "entitlement"),
    Case("clawback", "opening a", said("opening a", redemption_id=ident("redemption c")), "not paid"),
    Case("clawback", "opening e", said("opening e", clawback_id=ident("clawback a")), "id twice"),
    Case("references", "opening a", said("opening a", redemption_id=bytes(16)), "unknown redemption"),
    Case("clawback", "notification e", said("notification e", clawback_id=ident("clawback a")), "ended"),
    Case("clawback", "determination a", said("determination a", amount_fen=349_999), "amount"),
    Case("clawback", "determination a", payload("determination a", entitlement_fen=1), "entitlement"),
    Case("clawback", "determination e", said("determination e", amount_fen=1), "above 0"),
    Case("references", "appeal a", said("appeal a", clawback_id=bytes(16)), "unknown clawback"),
    Case("recovery", "repayment a", said("repayment a", amount_fen=0), "nothing"),
    Case("recovery", "repayment a", said("repayment a", amount_fen=350_001), "too much"),
    Case("recovery", "write-off a", said("write-off a", amount_fen=249_999), "part"),
    Case("fine", "fine a", said("fine a", amount_fen=34_999), "below a tenth"),
    Case("fine", "fine 2 a", said("fine 2 a", amount_fen=140_001), "over a half"),
)

CASES = (*SERVICES, *DOUBT, *CLAWBACK)
