"""A used voucher whose redemption names a given payee commitment and was paid under given bank references."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.client.signing import new_id
from ledger.client.statements import redemption
from ledger.domain.identifiers import payment_fingerprint
from ledger.domain.vocabulary import Role
from support.house import DAY_MS, FIRST_DAY, HOUR_MS, House, accepted, digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.app.outcomes import Outcome

AMOUNT_FEN = 4 * 100 * 2000
BANK = "TREASURY"


def settle_of_contract(
    house: House, name: str, buyer: str, *, commitment: bytes, references: Sequence[str]
) -> None:
    """Grant a voucher, use it up, redeem and pay it; each reference pays one of equal instalments.

    Four devices work 100 hours from the grant on; the clock is moved. Provider and programme are there.
    """
    accepted(house.voucher(name, buyer, amount_fen=AMOUNT_FEN))
    start_ms = house.clock.now_ms(0)
    house.at(start_ms + 30 * DAY_MS)
    lines = [(device, start_ms, start_ms + 100 * HOUR_MS) for device in house.devices["cloud"]]
    accepted(house.claim(name, lines))
    house.evidence(f"contract of {name}", amount_fen=AMOUNT_FEN, buyer=buyer)
    house.ids[f"redemption of {name}"] = new_id()
    share_bp = 10_000 // len(references)
    request = redemption.redemption_request(
        redemption_id=house.ids[f"redemption of {name}"],
        voucher_id=house.ids[name],
        claim_ids=house.unredeemed(name),
        invoices={digest(f"invoice contract of {name} "): AMOUNT_FEN},
        payments={digest(f"payment contract of {name} "): AMOUNT_FEN},
        payee_commitment=commitment,
        instalments_bp=[share_bp] * len(references),
    )
    house.must("redemption-request", request, buyer)
    redeemed = f"redemption of {name}"
    accepted(
        house.verify(redeemed), house.approve(redeemed, "approver-1"), house.approve(redeemed, "approver-2")
    )
    for reference in references:
        accepted(house.order(redeemed), _pay(house, redeemed, reference))


def _pay(house: House, name: str, reference: str) -> Outcome:
    found = house.redemption(name)
    instalment = found.paid_count + 1
    confirmation = redemption.payment_confirmation(
        basis=house.basis(Role.PAYER),
        redemption_id=found.redemption_id,
        subject=house.subject(found),
        instalment=instalment,
        reference_fingerprint=payment_fingerprint(bank=BANK, reference=reference),
        amount_fen=found.instalments_fen()[instalment - 1],
        paid_day=FIRST_DAY,
    )
    return house.submit("payment-confirmation", confirmation, "payer")
