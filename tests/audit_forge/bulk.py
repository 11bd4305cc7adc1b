"""A large ledger for measuring: many signed claims of one line each under one voucher."""

from __future__ import annotations

from audit_forge.draft import ident
from audit_forge.opening import DAY_0, DEVICES
from audit_forge.year import Year

_CLAIM_HOURS = 1


def make_bulk(claims: int) -> Year:
    """A ledger with so many accepted claims, in order of time on three devices."""
    year = Year()
    year.genesis()
    year.registry()
    year.programme()
    year.contract("b")
    year["contract b"].statement.to_day = DAY_0 + claims
    year["policy"].statement.parameters.validity_months = 1200
    year.voucher("b", 200_000)
    year["voucher b"].event.voucher_issued.valid_until_day = DAY_0 + 36_524
    for number in range(claims):
        year.claim(f"bulk {number}", "b", [(number % len(DEVICES), number // len(DEVICES), _CLAIM_HOURS)])
    return year


def make_refusals(refusals: int) -> Year:
    """A ledger of unsigned events: refused claims."""
    year = Year()
    year.genesis()
    year.registry()
    year.programme()
    for number in range(refusals):
        year.refusal(f"bulk {number}", "none", known=False)
    return year


__all__ = ["ident", "make_bulk", "make_refusals"]
