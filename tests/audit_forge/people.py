"""Who is in the forged ledger, and credit codes that pass their two check characters."""

from __future__ import annotations

from audit_forge.draft import Actor, ident

ROOTS = [Actor(f"root {n}") for n in range(3)]
ADMINS = [Actor("administrator 1"), Actor("administrator 2")]
CLERK, REVIEWER, PAYER = Actor("clerk"), Actor("reviewer"), Actor("payer")
REVIEWER_2, AUDITOR = Actor("reviewer 2"), Actor("auditor")
APPROVERS = [Actor("approver 1"), Actor("approver 2")]
OFFICERS = [
    (ADMINS[0], 1),
    (ADMINS[1], 1),
    (CLERK, 2),
    (REVIEWER, 3),
    (APPROVERS[0], 4),
    (APPROVERS[1], 4),
    (PAYER, 5),
    (REVIEWER_2, 3),
    (AUDITOR, 6),
]
BUYER, SELLER = Actor("beneficiary"), Actor("provider")
SELLER_2 = Actor("provider key 2", owner=SELLER.id)
SELLER_3 = Actor("provider key 3", owner=SELLER.id)
PERSON = Actor("person")
BUYER_2, MARKET = Actor("university"), Actor("market")
STRANGER = Actor("stranger")
BUREAU = ident("bureau")

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(number: int) -> str:
    """A unified social credit code with right check characters."""
    body = f"91440300{number:08d}"
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    rest = 11 - sum(int(c, 36) * w for c, w in zip(body[8:], weights, strict=True)) % 11
    body += {10: "X", 11: "0"}.get(rest, str(rest))
    total = sum(_ALPHABET.index(c) * pow(3, n, 31) for n, c in enumerate(body))
    return body + _ALPHABET[-total % 31]
