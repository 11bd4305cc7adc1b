"""Ledgers that no change of one event makes: frauds that take a whole history, and their honest twins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit_forge.draft import ident
from audit_forge.ground import PROGRAMME, parameters
from audit_forge.opening import DAY_0
from audit_forge.people import ADMINS, SELLER, SELLER_3
from audit_forge.year import Year, opened

from fraud_forge.scene import Scene
from ledger.v1 import event_pb2, programme_pb2, registry_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit_forge.usage import Line

INVOICE_FEN = 800_000


def retired(late_ms: int) -> Callable[[], Scene]:
    """A claim that is recorded so much later than its key's end."""

    def make() -> Scene:
        year = opened()
        year.voucher("a", 350_000)
        statement = registry_pb2.KeyRetirement(until_ms=1)
        year.key_end("key_retired", SELLER_3, statement, ADMINS, "retirement", ADMINS[0].id)
        year.claim("1", "a", [(0, 0, 10)], signer=SELLER_3)
        statement.until_ms = year["claim 1"].event.recorded_ms - late_ms
        return Scene(year)

    return make


def startup(face: int, *, limit: int = 300_000, young: bool = True) -> Callable[[], Scene]:
    """A start-up's voucher under its own cap; young or not, the application says that it is one."""

    def make() -> Scene:
        year = opened(lambda p: setattr(p, "startup_cap_fen", limit))
        if young:
            year["beneficiary"].statement.registered_day = DAY_0 - 100
        year.voucher("a", face)
        year["application a"].event.application_submitted.startup = True
        return Scene(year)

    return make


def capped(second: int, *, limit: int = 400_000) -> Callable[[], Scene]:
    """Two vouchers of one beneficiary, the first of 350,000 fen, under a cap."""

    def make() -> Scene:
        year = opened(lambda p: setattr(p, "cap_fen", limit))
        year.voucher("a", 350_000)
        year.voucher("b", second)
        return Scene(year)

    return make


def budgeted(second: int, *, appropriation: int = 500_000) -> Callable[[], Scene]:
    """Two vouchers of a programme with little money, the first of 350,000 fen."""

    def make() -> Scene:
        year = opened(lambda p: setattr(p, "appropriation_fen", appropriation))
        year["programme"].statement.appropriation_fen = appropriation
        event = year["programme"].event
        event.postings[0].amount_fen, event.postings[1].amount_fen = appropriation, -appropriation
        event.links[0].totals[0] = appropriation
        year.accounts[PROGRAMME][0] = appropriation
        year.voucher("a", 350_000)
        year.voucher("b", second)
        return Scene(year)

    return make


def used_by_two(second: int) -> Callable[[], Scene]:
    """Two requests on one voucher use one invoice, the first 700,000 of its 800,000 fen; the links tell only their own."""

    def make() -> Scene:
        year = opened()
        year.voucher("a", 350_000)
        year.claim("1", "a", [(0, 0, 5)])
        year.claim("2", "a", [(1, 0, 5)])
        year.request("a", ["1"], 700_000, base=180_000, amount=90_000)
        year.named["request a 1"] = year.named["request a"]
        year.request("a", ["2"], second, base=180_000, amount=90_000)
        draft = year["request a"]
        draft.statement.redemption_id = ident("redemption a 2")
        draft.event.links[0].entity = draft.statement.redemption_id
        draft.event.links[0].ClearField("prev")
        draft.event.stream_id = f"redemption/{draft.statement.redemption_id.hex()}"
        draft.event.stream_version = 1
        return Scene(year)

    return make


def cancelled(*, before: bool) -> Callable[[], Scene]:
    """An invoice that is red-lettered before or after it is used."""

    def make() -> Scene:
        year = opened()
        year.voucher("a", 350_000)
        year.claim("1", "a", [(0, 0, 10)])
        if before:
            year.cancellation("a", 2, 0)
        year.request("a", ["1"], 360_000, base=360_000, amount=180_000)
        if not before:
            year.cancellation("a", 2, 360_000)
        return Scene(year)

    return make


def two_claims(
    first: Sequence[Line],
    second: Sequence[Line],
    *,
    corrected: Sequence[Line] = (),
    redeemed: bool = False,
    later: bool = False,
) -> Callable[[], Scene]:
    """Two claims, the first perhaps corrected before the other, or redeemed or corrected after it."""

    def make() -> Scene:
        year = opened()
        year.voucher("a", 350_000)
        year.voucher("b", 200_000)
        year.claim("1", "a", first)
        if corrected and not later:
            year.claim("1 corrected", "a", corrected, superseding="1")
        year.claim("2", "b", second)
        if corrected and later:
            year.claim("1 corrected", "a", corrected, superseding="1")
        if redeemed:
            year.request("a", ["1"], 360_000, base=360_000, amount=180_000)
        return Scene(year)

    return make


def false_provider() -> Scene:
    """Claims overlap; their provider's key was registered without the key administrators' signatures."""
    year = opened()
    year["seller key"].sign_as = [SELLER, SELLER, SELLER]
    year.voucher("a", 350_000)
    year.claim("1", "a", [(0, 0, 10)])
    year.claim("2", "a", [(0, 5, 10)])
    return Scene(year)


def priced(price: int) -> Callable[[], Scene]:
    """A claim whose contract has another price, and that starts as the voucher does."""

    def make() -> Scene:
        year = opened()
        year["contract a"].statement.prices[0].unit_price_fen = price
        year.voucher("a", 350_000)
        year.claim("1", "a", [(0, 0, 10)])
        return Scene(year)

    return make


def ex_post() -> Scene:
    """A claim of usage before its voucher, in a programme that allows that."""
    year = opened(lambda p: setattr(p, "mode", programme_pb2.MODE_EX_POST))
    year.voucher("a", 350_000)
    year.claim("1", "a", [(0, 0, 10)])
    year["claim 1"].statement.base_ms -= 2 * 86_400_000
    year["claim 1"].event.effective_ms -= 2 * 86_400_000
    return Scene(year)


def paid(instalments: Sequence[int]) -> Callable[[], Scene]:
    """A redemption in two instalments of which these are paid, in this order, the first after a failure."""

    def make() -> Scene:
        year = opened()
        year.voucher("a", 350_000)
        year.claim("1", "a", [(0, 0, 10)])
        year.claim("2", "a", [(1, 0, 10)])
        year.request("a", ["1", "2"], 720_000, base=700_000, amount=350_000, instalments=[3000, 7000])
        year.verification("a", 350_000, base=700_000)
        year.approval("a", 1, 350_000)
        year.approval("a", 2, 350_000)
        amounts = {1: 105_000, 2: 245_000}
        year.order("a", 1, 1, amounts[1])
        year.answer("a", "1.1", 1, None)
        for attempt, instalment in enumerate(instalments, 2):
            year.order("a", instalment, attempt, amounts[instalment])
            year.answer("a", f"{instalment}.{attempt}", instalment, amounts[instalment])
        return Scene(year)

    return make


def expired(*, claimed_after: bool) -> Callable[[], Scene]:
    """A claim after the end of its voucher or before it."""

    def make() -> Scene:
        year = opened()
        year.voucher("b", 200_000)
        if not claimed_after:
            year.claim("6", "b", [(0, 12, 2)])
        year.expiry("b", 200_000)
        if claimed_after:
            year.claim("6", "b", [(0, 12, 2)])
        return Scene(year)

    return make


def new_policy(*, named: str) -> Callable[[], Scene]:
    """A policy changes before one voucher and after another; the later one names this version."""

    def make() -> Scene:
        year = opened()
        year.voucher("a", 350_000)
        year.policy("policy 2", PROGRAMME, 2, parameters())
        year.named["policy 1"] = year.named["policy"]
        year.named["policy"] = year.named[named]
        year.voucher("b", 200_000)
        year.named["policy"] = year.named["policy 1"]
        year.claim("1", "a", [(0, 0, 10)])
        year.request("a", ["1"], 360_000, base=360_000, amount=180_000)
        return Scene(year)

    return make


def thawed() -> Scene:
    """A redemption under a policy that came into force after its voucher."""
    year = opened()
    year.voucher("a", 350_000)
    year.policy("policy 2", PROGRAMME, 2, parameters())
    year.claim("1", "a", [(0, 0, 10)])
    year.request("a", ["1"], 360_000, base=360_000, amount=180_000)
    set_premise("request a", POLICY, "policy 2")(year)
    return Scene(year)


def set_premise(where: str, kind: int, other: str) -> Callable[[Year], Any]:
    """An event that names another leaf as its premise of a kind."""

    def change(year: Year) -> None:
        for premise in year[where].event.premises:
            if premise.kind == kind:
                premise.index = year.named[other]

    return change


KEY, POLICY = event_pb2.PREMISE_KIND_KEY, event_pb2.PREMISE_KIND_POLICY
