"""Cases of section 4 of docs/reference/format.md: providers, holdings, calendars, appropriations, evidence."""

from __future__ import annotations

from typing import Any

from audit_forge.breaking import Case, payload, policy, said, signed, statement
from audit_forge.draft import ident
from audit_forge.opening import DAY_0
from audit_forge.people import BUYER, BUYER_2, SELLER, SELLER_2


def _one_party(year: Any) -> None:
    """The provider sells to itself, under two keys."""
    for name in ("contract a", "payment a", "application a"):
        year[name].event.actor = SELLER.id
    year["contract a"].statement.beneficiary_id = SELLER.id
    signed("contract a", SELLER, SELLER_2)(year)
    signed("payment a", SELLER)(year)
    signed("application a", SELLER)(year)


def _suspended_again(year: Any) -> None:
    year["readmission"].statement.standing = 1


def _removed_twice(year: Any) -> None:
    year["readmission"].statement.standing = 3


PROVIDERS = (
    Case(
        "admission",
        "admission 2",
        statement("admission 2", lambda s: s.items.__delitem__(1)),
        "no further item",
    ),
    Case("standing", "suspension", said("suspension", from_day=DAY_0 + 4), "past day"),
    Case("standing", "suspension", said("suspension", provider_id=BUYER_2.id), "not admitted"),
    Case("standing", "suspension", said("suspension", standing=2), "nothing to end"),
    Case("standing", "readmission", _suspended_again, "suspended twice"),
    Case("standing", "readmission", said("readmission", from_day=DAY_0 + 5), "before the suspension"),
    Case("standing", "removal", _removed_twice, "removed twice"),
    Case("references", "suspension", said("suspension", provider_id=bytes(16)), "unknown provider"),
    Case("holding", "holding", said("holding", owned_id=BUYER.id), "of itself"),
    Case("holding", "holding", said("holding", share_bp=10_001), "over all"),
    Case("holding", "holding", said("holding", as_of_day=DAY_0 + 1), "future day"),
    Case("i9_affiliation", "application a", said("holding 2", share_bp=2_500), "through another"),
    Case("references", "erasure", said("erasure", participant_id=bytes(16)), "unknown participant"),
    Case("role_conflict", "application a", said("provider", kind=1), "kind of the provider"),
    Case("role_conflict", "application a", _one_party, "one party"),
    Case("key_state", "correction", said("correction", invalid_since_ms=1 << 45), "later"),
)

MONEY = (
    Case("policy", "policy 2", policy(lambda p: setattr(p, "appropriation_fen", 0), "policy 2"), "nothing"),
    Case(
        "policy",
        "policy c 2",
        policy(lambda p: setattr(p, "appropriation_fen", 164_997), "policy c 2"),
        "below what is committed",
    ),
    Case("calendar", "calendar 2026.1", said("calendar 2026.1", version=2), "version"),
    Case("calendar", "calendar 2026.1", said("calendar 2026.1", year=1999), "year"),
    Case("calendar", "calendar 2026.1", said("calendar 2026.1", year=2028), "leap year"),
    Case("calendar", "calendar 2026.1", said("calendar 2026.1", working_days="2" * 365), "characters"),
    Case("support", "support c", said("support c", amount_fen=0), "nothing"),
    Case("references", "support c", said("support c", contract_id=bytes(16)), "unknown contract"),
    Case("evidence", "invoice a", said("invoice a", amount_fen=0, net_amount_fen=0), "nothing"),
    Case("evidence", "invoice a", said("invoice a", net_amount_fen=800_001), "net over gross"),
    Case("evidence", "invoice a", said("invoice a", net_amount_fen=-1), "net below 0"),
    Case("evidence", "payment a", said("payment a", amount_fen=0), "nothing"),
    Case("evidence", "payment a", said("payment a", fingerprint=ident("invoice a", 32)), "an invoice's"),
    Case(
        "evidence",
        "acceptance b",
        said("acceptance b", document_digest=ident("payment b", 32)),
        "a payment's",
    ),
    Case("evidence", "cancellation a", said("cancellation a", status=1), "valid"),
    Case("evidence", "cancellation a", said("cancellation a", status=3), "void with a red letter"),
    Case("evidence", "cancellation a", said("cancellation a", red_letter_fingerprint=b""), "no red letter"),
    Case("references", "cancellation a", said("cancellation a", fingerprint=bytes(32)), "unknown invoice"),
    Case(
        "references",
        "cancellation a",
        said("cancellation a", fingerprint=ident("payment a", 32)),
        "a payment",
    ),
)

QUOTAS = (
    Case("quota", "quotas", payload("quotas", claims_per_day=0), "nothing"),
    Case("request_digest", "quotas", payload("quotas", claims_per_day=5), "other numbers"),
    Case("quota", "suppressed", payload("suppressed", count=0), "nothing"),
    Case("quota", "suppressed", payload("suppressed", day=DAY_0 + 61), "today"),
    Case("request_digest", "suppressed", payload("suppressed", day=DAY_0), "other day"),
    Case("references", "suppressed", payload("suppressed", participant_id=bytes(16)), "unknown participant"),
)

CASES = (*PROVIDERS, *MONEY, *QUOTAS)
