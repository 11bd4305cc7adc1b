"""How money moves in a played year: evidence, redemption, decisions, payment, expiry.

This module must not move the clock or print.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.client.errors import RpcRefused
from ledger.client.signing import new_id
from ledger.client.statements import contract, redemption
from ledger.domain.identifiers import invoice_fingerprint, payment_fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.client.lines import AttestedLine
    from ledger.client.types import Redemption
    from ledger_play.actors import Actor, Cast

INSTALMENTS_BP = (3000, 3000, 4000)


@dataclass(slots=True)
class Tenant:
    """A firm that uses compute under one voucher; until it is granted, the voucher's end is open."""

    name: str
    actor: Actor
    contract_id: bytes
    contract_digest: bytes
    contract_fen: int
    application_id: bytes
    voucher_id: bytes
    lines: Sequence[AttestedLine]
    valid_until_day: int = 0


@dataclass(slots=True)
class YearResult:
    """What the year came to; `refused` counts recorded and other refusals by reason."""

    programme_id: bytes
    claims_accepted: int = 0
    claims_refused: int = 0
    paid_fen: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    redemption_ids: list[bytes] = field(default_factory=list)


class Payout:
    """Pays what firms used; refusals and payments are counted in `result`."""

    def __init__(self, cast: Cast, result: YearResult, *, provider: Actor, today: int) -> None:
        self._cast = cast
        self._result = result
        self._provider = provider
        self._today = today

    def redeem(self, tenant: Tenant, *, in_instalments: bool) -> None:
        """Invoice, payment and redemption of all that the tenant used; then every decision and payment."""
        provider = self._provider
        claims = list(provider.client.list_claims(tenant.voucher_id, unredeemed_only=True))
        used_fen = sum(claim.amount_fen for claim in claims)
        today = self._today
        invoice = invoice_fingerprint(code="", number=_number(tenant.contract_id))
        payment = payment_fingerprint(bank="demonstration", reference=_number(tenant.voucher_id))
        provider.act(
            "invoice-registration",
            contract.invoice_registration(
                contract_id=tenant.contract_id,
                fingerprint=invoice,
                amount_fen=used_fen,
                net_amount_fen=used_fen * 100 // 106,
                issued_day=today,
                document_digest=hashlib.sha256(invoice).digest(),
            ),
        )
        tenant.actor.act(
            "payment-registration",
            contract.payment_registration(
                contract_id=tenant.contract_id,
                fingerprint=payment,
                amount_fen=used_fen,
                paid_day=today,
                document_digest=hashlib.sha256(payment).digest(),
            ),
        )
        redemption_id = new_id()
        tenant.actor.act(
            "redemption-request",
            redemption.redemption_request(
                redemption_id=redemption_id,
                voucher_id=tenant.voucher_id,
                claim_ids=[claim.claim_id for claim in claims],
                invoices={invoice: used_fen},
                payments={payment: used_fen},
                payee_commitment=hashlib.sha256(b"account " + redemption_id).digest(),
                instalments_bp=INSTALMENTS_BP if in_instalments else (),
            ),
        )
        self._result.redemption_ids.append(redemption_id)
        self._approve(redemption_id)
        self._pay(redemption_id, fail_first=in_instalments)

    def _approve(self, redemption_id: bytes) -> None:
        reviewer = self._cast["reviewer"]
        found = reviewer.client.get_redemption(redemption_id)
        reviewer.act(
            "redemption-verification",
            redemption.redemption_verification(
                basis=reviewer.basis("VERIFIED"),
                redemption_id=redemption_id,
                subject=found.subject,
                amount_fen=found.verifiable_fen,
            ),
        )
        found = reviewer.client.get_redemption(redemption_id)
        for name in ("approver-1", "approver-1", "approver-2"):
            approver = self._cast[name]
            statement = redemption.redemption_approval(
                basis=approver.basis("APPROVED"),
                redemption_id=redemption_id,
                subject=found.subject,
                amount_fen=found.amount_fen,
                payee_commitment=found.payee_commitment,
            )
            try:
                approver.act("redemption-approval", statement)
            except RpcRefused as refusal:
                self._result.refused[refusal.reason] += 1

    def _pay(self, redemption_id: bytes, *, fail_first: bool) -> None:
        payer = self._cast["payer"]
        found = payer.client.get_redemption(redemption_id)
        for instalment in range(1, len(found.instalments_fen) + 1):
            if fail_first and instalment == 1:
                self._order(payer, redemption_id, instalment)
                ordered = payer.client.get_redemption(redemption_id)
                payer.act(
                    "payment-failure",
                    redemption.payment_failure(
                        basis=payer.basis("BANK_REFUSED"),
                        redemption_id=redemption_id,
                        subject=ordered.subject,
                        instalment=instalment,
                        reference_fingerprint=hashlib.sha256(b"failed " + redemption_id).digest(),
                    ),
                )
            self._order(payer, redemption_id, instalment)
            ordered = payer.client.get_redemption(redemption_id)
            amount_fen = ordered.instalments_fen[instalment - 1]
            reference = b"paid %d " % instalment + redemption_id
            payer.act(
                "payment-confirmation",
                redemption.payment_confirmation(
                    basis=payer.basis("PAID"),
                    redemption_id=redemption_id,
                    subject=ordered.subject,
                    instalment=instalment,
                    amount_fen=amount_fen,
                    reference_fingerprint=hashlib.sha256(reference).digest(),
                    paid_day=self._today,
                ),
            )
            self._result.paid_fen += amount_fen

    def _order(self, payer: Actor, redemption_id: bytes, instalment: int) -> None:
        found: Redemption = payer.client.get_redemption(redemption_id)
        payer.act(
            "payment-order",
            redemption.payment_order(
                basis=payer.basis("ORDERED"),
                redemption_id=redemption_id,
                subject=found.subject,
                instalment=instalment,
                attempt=found.attempt + 1,
                amount_fen=found.instalments_fen[instalment - 1],
                payee_commitment=found.payee_commitment,
            ),
        )

    def expire(self, tenants: Sequence[Tenant]) -> None:
        """Expire every voucher; one that is closed is refused."""
        clerk = self._cast["clerk"]
        for tenant in tenants:
            try:
                clerk.client.expire_voucher(tenant.voucher_id, request_id=new_id())
            except RpcRefused as refusal:
                self._result.refused[refusal.reason] += 1


def _number(seed: bytes) -> str:
    """A digital invoice number of 20 digits made from an id; it names no real invoice."""
    return f"{int.from_bytes(seed, 'big') % 10**20:020d}"
