"""A forged year with every event type that keeps every rule."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from audit_forge.aftermath import Aftermath
from audit_forge.book import DAY_MS
from audit_forge.draft import ident
from audit_forge.ground import APPROPRIATION, CORPORA, PROGRAMME, parameters
from audit_forge.opening import DAY_0
from audit_forge.people import (
    ADMINS,
    AUDITOR,
    BUYER,
    CLERK,
    MARKET,
    REVIEWER_2,
    ROOTS,
    SELLER,
    SELLER_2,
    SELLER_3,
)
from audit_forge.usage import HOUR_MS
from ledger.v1 import genesis_pb2, registry_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.v1 import programme_pb2

CORPORA_MONEY = 240_000
SHARES = {"c": 124_999, "d": 74_999, "e": 39_999, "f": 0}
"""What 240,000 give for entitlements of 250,000, 150,000, 80,000 and 1."""


class Year(Aftermath):
    """The whole life cycle."""


def working_days(year: int) -> str:
    """Monday to Friday without 1 to 3 January, and Sunday the 4th."""
    first = date(year, 1, 1)
    days = [date.fromordinal(first.toordinal() + n) for n in range(365)]
    marks = ["1" if day.weekday() < 5 else "0" for day in days]
    marks[:4] = "0001"
    return "".join(marks)


def opened(
    change: Callable[[programme_pb2.PolicyParameters], Any] = lambda _: None,
    *,
    clock: int = genesis_pb2.CLOCK_SYSTEM,
) -> Year:
    """A year up to its contracts, with a change of the policy's parameters."""
    year = Year()
    year.genesis(clock=clock)
    year.registry()
    year.programme()
    change(year["policy"].statement.parameters)
    year.contract("a")
    year.contract("b")
    return year


def make_year() -> Year:
    """A ledger with every event type that keeps every rule."""
    year = Year()
    year.genesis()
    year.quotas("quotas", 100, 1000, 1_000_000)
    year.registry()
    year.holding("holding", BUYER.id, ident("subsidiary"), 6_000)
    year.holding("holding 2", ident("subsidiary"), SELLER.id, 2_499)
    year.programme()
    year.contract("a")
    year.contract("b")
    _applications(year)
    _claims(year)
    year.request("a", ["1", "3"], 720_000, base=700_000, amount=350_000, instalments=[3000, 7000])
    year.verification("a", 350_000, base=700_000)
    _payment(year)
    year.request("b", ["6", "7"], 144_000, base=144_000, amount=72_000)
    _corpora(year)
    year.expiry("b", 128_000)
    _doubts(year)
    year.approve_and_pay("b", 36_000)
    _clawbacks(year)
    values = parameters()
    values.appropriation_fen = APPROPRIATION + 1_000_000
    year.policy("policy 2", PROGRAMME, 2, values, change=1_000_000)
    values.CopyFrom(year["policy c"].statement.parameters)
    values.appropriation_fen = CORPORA_MONEY - 1
    year.policy("policy c 2", CORPORA, 2, values, change=-1)
    year.erasure("erasure", BUYER)
    year.suppressed("suppressed", SELLER, DAY_0 + 60, 12)
    return year


def _applications(year: Year) -> None:
    """Vouchers on both contracts; two further applications come to nothing."""
    year.voucher("a", 350_000)
    year.application("w", deal="b")
    year.handle("application_checked", "w", CLERK)
    year.handle("application_returned", "w", CLERK)
    year.handle("application_resubmitted", "w", BUYER)
    year.handle("application_withdrawn", "w", BUYER)
    year.application("x", deal="b")
    year.handle("application_rejected", "x", CLERK)
    year.voucher("b", 200_000)
    year.acceptance("b")


def _claims(year: Year) -> None:
    """Claims on both vouchers, one in place of another, two refused; the provider lists one more item."""
    year.claim("1", "a", [(0, 0, 10)])
    year.claim("2", "a", [(1, 0, 8), (2, 0, 2)])
    year.claim("3", "a", [(1, 0, 10)], superseding="2")
    year.refusal("4", "a")
    year.admission("admission 2", SELLER, ["gpu-training", "storage"], from_day=DAY_0 + 5)
    year.refusal("5", "none", known=False)
    year.claim("6", "b", [(0, 12, 2)])
    year.claim("7", "b", [(1, 12, 2)], signer=SELLER_2)
    year.claim("8", "b", [(2, 12, 1)], signer=SELLER_2)
    year.claim("9", "b", [(2, 13, 1)], signer=SELLER_2)
    retirement = registry_pb2.KeyRetirement(until_ms=year.now_ms + DAY_MS)
    year.key_end("key_retired", SELLER_3, retirement, ADMINS, "retirement", ADMINS[0].id)
    for signer in (CLERK, AUDITOR):
        year.hold("voucher_held", "b", signer)
    for signer in (CLERK, AUDITOR):
        year.hold("hold_released", "b", signer)


def _payment(year: Year) -> None:
    """Two instalments, the first at the second attempt; the voucher closes."""
    year.approval("a", 1, 350_000)
    year.approval("a", 2, 350_000)
    year.order("a", 1, 1, 105_000)
    year.answer("a", "1.1", 1, None)
    year.order("a", 1, 2, 105_000)
    year.answer("a", "1.2", 1, 105_000)
    year.order("a", 2, 1, 245_000)
    year.answer("a", "2.1", 2, 245_000)
    year.closing("a")


def _corpora(year: Year) -> None:
    """A programme with notice, objection, awards and a queue that is scaled."""
    year.market()
    year.calendar(2026, working_days(2026))
    year.corpora(CORPORA_MONEY)
    year.contract("c")
    year.contract("d")
    year.outside_support("c", 50_000)
    for name, proposed in (("c", 0), ("d", 0), ("e", 80_000), ("f", 1)):
        year.application(name)
        year.check_and_review(name, proposed=proposed)
        year.publicise(name, last_day=DAY_0 + 4, calendars=["calendar 2026.1"])
    year.objection("c", "c")
    year.decision("c", "c", upheld=False)
    year.start_day(DAY_0 + 5)
    for name, entitlement in (("c", 250_000), ("d", 150_000), ("e", 80_000), ("f", 1)):
        year.queue(name, entitlement)
    year.allocation("c", SHARES)
    year.service("s1", "c", [(0, 60_000), (1, 40_000)])
    year.service("s2", "c", [(2, 80_000)])
    year.service("s3", "c", [(2, 90_000)], superseding="s2")
    year.request("c", ["s1", "s3"], 190_000, base=190_000, amount=95_000)
    year.verification("c", 95_000, base=190_000)
    year.request("e", [], 0, base=39_999, amount=39_999)
    year.verification("e", 39_999, base=39_999)
    year.approve_and_pay("e", 39_999)
    year.closing("e")
    year.revocation("d", 74_999)
    year.standing("suspension", MARKET, 1, DAY_0 + 6)
    year.standing("readmission", MARKET, 2, DAY_0 + 8)
    year.standing("removal", MARKET, 3, DAY_0 + 9)


def _doubts(year: Year) -> None:
    """A provider's and a reviewer's key are revoked; what that puts in doubt is settled."""
    since_ms = year["claim 7"].event.recorded_ms
    revocation = registry_pb2.KeyRevocation(invalid_since_ms=since_ms, reason=1)  # type: ignore[arg-type]
    year.key_end("key_revoked", SELLER_2, revocation, ADMINS, "revocation", ADMINS[0].id)
    correction = registry_pb2.RevocationCorrection(invalid_since_ms=since_ms - HOUR_MS, reason=1)  # type: ignore[arg-type]
    year.key_end("revocation_corrected", SELLER_2, correction, ADMINS, "correction", ADMINS[0].id)
    year.verification("b", 36_000, base=72_000, fallen=36_000, signer=REVIEWER_2)
    since_ms = year["verification b"].event.recorded_ms
    revocation = registry_pb2.KeyRevocation(invalid_since_ms=since_ms, reason=2)  # type: ignore[arg-type]
    year.key_end("key_revoked", REVIEWER_2, revocation, ROOTS[:2], "revocation 2", year.ledger_id)
    year.setting_aside("setting aside", ["8"])
    year.reconfirmation("reconfirmation", ["9"], ["b"])


def _clawbacks(year: Year) -> None:
    """One invoice is red-lettered, and all is claimed back; another clawback comes to nothing."""
    year.cancellation("a", 2, 720_000)
    year.clawback("a", cause=2, entitlement=0)
    year.notify("a")
    year.appeal("a")
    year.determination("a", 350_000, entitlement=0)
    year.fine("a", 35_000)
    year.repayment("a", 100_000)
    year.fine("a", 140_000, "fine 2")
    year.write_off("a", 250_000)
    year.clawback("e", cause=1, entitlement=39_999)
    year.notify("e")
    year.determination("e", 0, entitlement=39_999)


__all__ = ["Year", "make_year", "opened", "working_days"]
