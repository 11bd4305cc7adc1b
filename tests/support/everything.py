"""A year in which everything happens: every act that people sign, and every event that follows of itself.

Each chapter stands on `start` alone. What the rules refuse is tested elsewhere; here all that is sent has to
be accepted, but for what a chapter says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain.days import start_ms
from ledger.domain.entities import Quotas, VoucherState
from ledger.domain.policy import Allocation, Instrument, Mode, Stacking
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import ClawbackCause, InvoiceStatus, ParticipantKind, ProviderStanding, Role
from support.house import DAY_MS, FIRST_DAY, HOUR_MS, PRICE_FEN, START_MS, accepted, policy, refused

if TYPE_CHECKING:
    from ledger.app.outcomes import Accepted
    from support.house import House

ITEMS = ("card-hour", "tokens", "corpus")
ROOTS = ("root-1", "root-2")


def start(house: House) -> None:
    """Providers, firms, and a programme of each kind."""
    house.provider(devices=6, items=ITEMS)
    house.provider("models", kind=ParticipantKind.MODEL, devices=0, items=ITEMS)
    house.provider("market", kind=ParticipantKind.EXCHANGE, devices=0, items=ITEMS)
    for name in ("acme", "lab"):
        house.party(name)
    house.party("young", age_days=100)
    house.programme()
    house.programme(policy(public_notice_days=3), "slow")
    house.programme(policy(appropriation_fen=500_000, allocation=Allocation.PRO_RATA), "shared")
    house.programme(
        policy(stacking=Stacking.CEILING, stacking_ceiling_bp=6000, mode=Mode.EX_POST),
        "model",
        instrument=Instrument.MODEL,
    )
    house.programme(
        policy(requires_exchange=True, open_data_award_cap_fen=300_000),
        "corpus",
        instrument=Instrument.CORPUS,
    )
    accepted(house.calendar())


def used(
    house: House, voucher: str, buyer: str, *, hours: int, device: int = 0, key: str = "", label: str = ""
) -> Accepted:
    """A fortnight in which a device was used, with invoice and payment of it."""
    first_ms = house.now_ms
    house.wait(days=14)
    line = (house.devices["cloud"][device], first_ms, first_ms + hours * HOUR_MS)
    outcome = accepted(house.claim(voucher, [line], key=key))
    house.evidence(f"contract of {voucher}", amount_fen=hours * PRICE_FEN, buyer=buyer, label=label)
    return outcome


def requested(house: House, name: str, voucher: str, buyer: str, *, hours: int, label: str = "") -> None:
    """A fortnight's use, asked for."""
    used(house, voucher, buyer, hours=hours, label=label)
    accepted(house.redeem(name, voucher, buyer, amount_fen=hours * PRICE_FEN, label=label))


def people(house: House) -> None:
    """Officers, certificates, keys that end, holdings, standing, and data that is erased."""
    house.officer("deputy", Role.CLERK)
    accepted(house.certificate("acme"))
    house.add_key("acme", "spare")
    house.add_key("acme", "lost")
    accepted(house.retire("spare", until_ms=house.now_ms + DAY_MS))
    accepted(house.revoke("lost", since_ms=START_MS - 1))
    accepted(house.revoke("lost", since_ms=START_MS - DAY_MS, correct=True))
    accepted(house.holding("acme", "subsidiary", 2_400))
    house.party("someone", ParticipantKind.PERSON)
    accepted(house.erase("someone"))
    house.provider("other", devices=1)
    accepted(house.admit("other", items=("storage",), from_day=FIRST_DAY + 3))
    for standing, day in (("SUSPENDED", 1), ("READMITTED", 5), ("REMOVED", 90)):
        accepted(house.standing("other", ProviderStanding[standing], from_day=house.today + day))


def closing(house: House) -> None:
    """A voucher that is used, corrected, redeemed in instalments with a failure on the way, and closed."""
    accepted(house.voucher("full", "acme", amount_fen=400_000))
    first_ms = house.now_ms
    house.wait(days=14)
    lines = [(device, first_ms, first_ms + 100 * HOUR_MS) for device in house.devices["cloud"][:2]]
    wrong = accepted(house.claim("full", lines[:1]))
    accepted(house.claim("full", lines, superseded_index=wrong.index, superseding_reason=1))
    assert refused(house.claim("full", lines)) == Reason.DEVICE_OVERLAP
    house.evidence("contract of full", amount_fen=400_000, buyer="acme")
    accepted(house.acceptance("contract of full", "acme"))
    accepted(house.redeem("r full", "full", "acme", amount_fen=400_000, instalments_bp=(4000, 6000)))
    accepted(house.verify("r full"))
    accepted(house.approve("r full", "approver-1"), house.approve("r full", "approver-2"))
    accepted(house.order("r full"), house.pay("r full", fail=True))
    for _ in range(2):
        accepted(house.order("r full"), house.pay("r full"))
    assert house.found("full").state == VoucherState.CLOSED


def notice(house: House) -> None:
    """Applications that are returned, objected to, withdrawn, rejected, and one that is granted in the end."""
    for name in ("good", "withdrawn", "rejected", "bad"):
        house.contract(f"contract of {name}", "lab", amount_fen=600_000)
        accepted(house.apply(name, "lab", f"contract of {name}", "slow"))
    accepted(house.check("good"), house.return_("good"), house.resubmit("good", "lab"))
    accepted(house.handle("good"), house.handle("bad"))
    assert refused(house.grant("early", "good")) == Reason.NOTICE_NOT_OVER
    accepted(house.object("unfounded", "good"), house.object("founded", "bad"))
    accepted(house.decide_objection("founded", upheld=True))
    accepted(house.withdraw("withdrawn", "lab"), house.reject("rejected"))
    house.wait(days=7)
    assert refused(house.grant("blocked", "good")) == Reason.OBJECTION_OPEN
    accepted(house.decide_objection("unfounded", upheld=False), house.grant("noticed", "good"))


def windows(house: House) -> None:
    """A window of a programme with too little money: one queued grant gets its share, the other nothing."""
    for name, amount_fen in (("large", 2_000_000), ("tiny", 2)):
        accepted(house.voucher(name, "acme", amount_fen=amount_fen, programme_name="shared"))
    accepted(house.allocate("shared"))
    assert house.found("large").index
    assert house.ids["tiny"] not in house.ledger.state.vouchers.base


def services(house: House) -> None:
    """A model service that is claimed after the fact, and corrected."""
    first_ms = house.now_ms
    house.wait(days=20)
    house.contract("contract of tokens", "lab", "models", amount_fen=500_000, item="tokens")
    accepted(house.apply("application of tokens", "lab", "contract of tokens", "model"))
    accepted(house.grant("tokens", "application of tokens"))
    line = (first_ms, first_ms + DAY_MS)
    wrong = accepted(house.service_claim("tokens", [(*line, 300_000)], provider="models"))
    more = {"superseded_index": wrong.index, "superseding_reason": 1}
    accepted(house.service_claim("tokens", [(*line, 200_000), (*line, 99_999)], provider="models", **more))
    house.evidence("contract of tokens", amount_fen=400_000, seller="models", buyer="lab")
    accepted(house.redeem("r tokens", "tokens", "lab", amount_fen=400_000))
    house.settle("r tokens")


def awards(house: House) -> None:
    """An award for a corpus that is open to everybody, and a corpus that is bought on an exchange."""
    accepted(house.apply_for_award("opened", "lab"))
    accepted(house.handle("opened", proposed_fen=123_456), house.grant("award", "opened"))
    accepted(house.redeem("r award", "award", "lab", amount_fen=0, claim_ids=()))
    house.settle("r award")
    accepted(house.claw_back("back award", "r award", ClawbackCause.FRAUD), house.notify("back award"))
    accepted(house.determine("back award"))
    assert house.clawback("back award").determined_fen == 123_456
    accepted(house.repay("back award", 123_456))
    trade = {"item": "corpus", "exchange_trade": "TRADE-1"}
    house.contract("contract of corpus", "acme", "market", amount_fen=300_000, **trade)
    accepted(house.apply("application of corpus", "acme", "contract of corpus", "corpus"))
    accepted(house.grant("bought", "application of corpus"))


def ends(house: House) -> None:
    """A voucher that is held by both offices, let go, and revoked while a redemption waits."""
    accepted(house.voucher("held", "acme", amount_fen=300_000))
    for by in ("clerk", "auditor"):
        accepted(house.hold("held", by))
    for by in ("auditor", "clerk"):
        accepted(house.hold("held", by, release=True))
    requested(house, "r held", "held", "acme", hours=10)
    accepted(house.revoke_voucher("held"))
    accepted(house.support("contract of held", 1_000))
    house.settle("r held")


def doubts(house: House) -> None:
    """Keys of a provider and of an officer that turn out to be stolen: what rests on them, and its end."""
    house.add_key("cloud", "stolen")
    accepted(house.voucher("doubted", "lab", amount_fen=900_000))
    since_ms = house.now_ms
    for label, device in (("kept", 0), ("dropped", 1), ("counted", 2)):
        used(house, "doubted", "lab", hours=20, device=device, key="stolen", label=label)
    kept, dropped, counted = house.unredeemed("doubted")
    amount_fen = 20 * PRICE_FEN
    request = {"amount_fen": amount_fen, "label": "counted", "claim_ids": [counted]}
    accepted(house.redeem("r doubted", "doubted", "lab", **request))
    accepted(house.revoke("stolen", since_ms=since_ms))
    accepted(house.set_aside([dropped]), house.reconfirm(claims=[kept, counted]))
    house.officer("reviewer-2", Role.REVIEWER)
    accepted(house.verify("r doubted", "reviewer-2"), house.approve("r doubted", "approver-1"))
    accepted(house.revoke("reviewer-2", since_ms=since_ms, by=ROOTS))
    accepted(house.reconfirm(redemptions=["r doubted"]))
    accepted(house.approve("r doubted", "approver-2"), house.order("r doubted"), house.pay("r doubted"))


def recoveries(house: House) -> None:
    """Invoices that are cancelled after payment: one is repaid with a fine, one written off, one was right."""
    accepted(house.voucher("wrong", "young", amount_fen=900_000))
    for label in ("a", "b", "c"):
        requested(house, f"r {label}", "wrong", "young", hours=30, label=label)
        house.settle(f"r {label}")
    accepted(house.cancel("contract of wrong", "a"))
    accepted(house.cancel("contract of wrong", "b", status=InvoiceStatus.VOID))
    for label, cause in (("a", "RED_LETTER"), ("b", "FRAUD"), ("c", "STACKING")):
        name = f"back {label}"
        accepted(house.claw_back(name, f"r {label}", ClawbackCause[cause]), house.notify(name))
    accepted(house.appeal("back a", "young"))
    for label in ("a", "b", "c"):
        accepted(house.determine(f"back {label}"))
    accepted(house.repay("back a", 10_000), house.fine("back a", 3_600))
    accepted(house.repay("back a", house.clawback("back a").outstanding_fen))
    accepted(house.repay("back b", 1), house.write_off("back b"))


def quotas(house: House) -> None:
    """Quotas, a claim that is over them, and the report of the day after."""
    accepted(house.voucher("busy", "acme", amount_fen=100_000))
    house.limit(Quotas(refusals_per_day=5, claims_per_day=1, bytes_per_day=10**9))
    first_ms = house.now_ms
    house.wait(days=1)
    device = house.devices["cloud"][5]
    lines = [(device, first_ms + hour * HOUR_MS, first_ms + (hour + 1) * HOUR_MS) for hour in range(2)]
    accepted(house.claim("busy", lines[:1]))
    assert refused(house.claim("busy", lines[1:])) == Reason.QUOTA_EXCEEDED
    house.wait(days=1)


def expiry(house: House) -> None:
    """The year of a voucher is over; what is unused is released."""
    accepted(house.voucher("late", "lab", amount_fen=300_000))
    house.at(start_ms(house.found("late").valid_until_day))
    accepted(house.expire("late"))


CHAPTERS = (
    people,
    closing,
    notice,
    windows,
    services,
    awards,
    ends,
    doubts,
    recoveries,
    quotas,
    expiry,
)


def play(house: House) -> None:
    """All of it, in one ledger."""
    start(house)
    for chapter in CHAPTERS:
        chapter(house)
