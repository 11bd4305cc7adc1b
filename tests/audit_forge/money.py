"""The fifth part of a forged year: redemptions, their approval and payment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit_forge.book import DAY_MS
from audit_forge.draft import ident
from audit_forge.opening import DAY_0
from audit_forge.people import APPROVERS, PAYER, REVIEWER
from audit_forge.usage import Usage
from ledger.v1 import event_pb2 as ev
from ledger.v1 import redemption_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit_forge.draft import Actor


class Money(Usage):
    """Adds redemptions from the request to the payment."""

    def request(
        self,
        name: str,
        claims: list[str],
        used: int,
        *,
        base: int,
        amount: int,
        instalments: Sequence[int] = (),
    ) -> None:
        """A redemption of voucher `name` that uses so much of its invoice and of its payment."""
        redemption_id = ident(f"redemption {name}")
        deal = self.deals[name]
        statement = redemption_pb2.RedemptionRequest(
            redemption_id=redemption_id,
            voucher_id=ident(f"voucher {name}"),
            claim_ids=[ident(f"claim {claim}") for claim in claims],
            instalments_bp=instalments,
            payee_commitment=ident("payee", 32),
        )
        if used:
            statement.invoices.add(fingerprint=ident(f"invoice {name}", 32), amount_fen=used)
            statement.payments.add(fingerprint=ident(f"payment {name}", 32), amount_fen=used)
        self.faces[name][2] += amount
        links: list[tuple[Any, ...]] = [(ev.LINK_KIND_REDEMPTION, redemption_id), self.voucher_link(name)]
        links += [(ev.LINK_KIND_CLAIM, ident(f"claim {claim}")) for claim in claims]
        if used:
            links.append((ev.LINK_KIND_INVOICE, ident(f"invoice {name}", 32), (used,)))
            links.append((ev.LINK_KIND_PAYMENT, ident(f"payment {name}", 32), (used,)))
        draft = self.add(
            "redemption_requested",
            statement,
            [deal.buyer],
            actor=deal.buyer.id,
            stream=f"redemption/{redemption_id.hex()}",
            premises=self.voucher_premises(name),
            links=links,
        )
        draft.event.redemption_requested.base_fen = base
        draft.event.redemption_requested.amount_fen = amount
        self.name(f"request {name}", draft)

    def voucher_premises(self, name: str) -> list[tuple[int, int]]:
        """VOUCHER, CONTRACT and POLICY."""
        return [
            (ev.PREMISE_KIND_VOUCHER, self.named[f"voucher {name}"]),
            *self.contract_premise(name),
            (ev.PREMISE_KIND_POLICY, self.named[self.deals[name].policy]),
        ]

    def verification(
        self, name: str, amount: int, *, base: int, fallen: int = 0, signer: Actor = REVIEWER
    ) -> None:
        """A verification; `fallen` money of an expired voucher is released."""
        programme = self.deals[name].programme
        redemption_id = ident(f"redemption {name}")
        statement = redemption_pb2.RedemptionVerification(redemption_id=redemption_id, amount_fen=amount)
        links: list[tuple[int, bytes, tuple[int, ...]]] = [(ev.LINK_KIND_REDEMPTION, redemption_id, ())]
        postings: list[tuple[int, bytes, int]] = []
        if fallen:
            self.faces[name][2] -= fallen
            self.faces[name][4] += fallen
            self.take_room(name, -fallen)
            postings = self.move(ev.ACCOUNT_AVAILABLE, ev.ACCOUNT_ENCUMBERED, fallen, programme)
            links += [self.voucher_link(name), self.programme_link(programme), self.year_link(name)]
            links += self.contract_link(name)
        request = self.named[f"request {name}"]
        draft = self.add(
            "redemption_verified",
            self.basis(statement, 3),
            [signer],
            actor=signer.id,
            stream=f"redemption/{redemption_id.hex()}",
            subject=request,
            premises=[(ev.PREMISE_KIND_REDEMPTION, request), *self.voucher_premises(name)],
            links=links,
            postings=postings,
        )
        draft.event.redemption_verified.base_fen = base
        self.name(f"verification {name}", draft)

    def approval(self, name: str, number: int, amount: int) -> None:
        """The first or second approval."""
        redemption_id, verification = ident(f"redemption {name}"), self.named[f"verification {name}"]
        statement = redemption_pb2.RedemptionApproval(
            redemption_id=redemption_id, amount_fen=amount, payee_commitment=ident("payee", 32)
        )
        premises = [(ev.PREMISE_KIND_VERIFICATION, verification)]
        links: list[tuple[int, bytes, tuple[int, ...]]] = [(ev.LINK_KIND_REDEMPTION, redemption_id, ())]
        postings: list[tuple[int, bytes, int]] = []
        programme = self.deals[name].programme
        carry = None
        if number == 2:
            carry = self.named[f"approval {name} 1"]
            premises.append((ev.PREMISE_KIND_APPROVAL, carry))
            postings = self.move(ev.ACCOUNT_OBLIGATED, ev.ACCOUNT_ENCUMBERED, amount, programme)
            links.append(self.programme_link(programme))
        signer = APPROVERS[number - 1]
        draft = self.add(
            "redemption_approved",
            self.basis(statement, 4),
            [signer],
            actor=signer.id,
            stream=f"redemption/{redemption_id.hex()}",
            subject=verification,
            premises=premises,
            links=links,
            postings=postings,
            carry=carry,
        )
        draft.event.redemption_approved.approvals = number
        self.name(f"approval {name} {number}", draft)

    def order(self, name: str, instalment: int, attempt: int, amount: int) -> None:
        """An order to pay."""
        redemption_id, approval = ident(f"redemption {name}"), self.named[f"approval {name} 2"]
        statement = redemption_pb2.PaymentOrder(
            redemption_id=redemption_id,
            instalment=instalment,
            attempt=attempt,
            amount_fen=amount,
            payee_commitment=ident("payee", 32),
        )
        premises = [
            (ev.PREMISE_KIND_VERIFICATION, self.named[f"verification {name}"]),
            (ev.PREMISE_KIND_APPROVAL, approval),
        ]
        draft = self.add(
            "payment_ordered",
            self.basis(statement, 5),
            [PAYER],
            actor=PAYER.id,
            stream=f"redemption/{redemption_id.hex()}",
            subject=approval,
            premises=premises,
            links=[(ev.LINK_KIND_REDEMPTION, redemption_id)],
        )
        self.name(f"order {name} {instalment}.{attempt}", draft)

    def answer(self, name: str, order: str, instalment: int, amount: int | None) -> None:
        """The confirmation of an order, or with no amount its failure."""
        redemption_id, ordered = ident(f"redemption {name}"), self.named[f"order {name} {order}"]
        common = {"redemption_id": redemption_id, "instalment": instalment}
        links: list[tuple[int, bytes, tuple[int, ...]]] = [(ev.LINK_KIND_REDEMPTION, redemption_id, ())]
        postings: list[tuple[int, bytes, int]] = []
        effective_ms = None
        programme = self.deals[name].programme
        statement: redemption_pb2.PaymentConfirmation | redemption_pb2.PaymentFailure
        if amount is None:
            statement = redemption_pb2.PaymentFailure(**common)  # type: ignore[arg-type]
        else:
            statement = redemption_pb2.PaymentConfirmation(amount_fen=amount, paid_day=DAY_0 + 2, **common)  # type: ignore[arg-type]
            effective_ms = (DAY_0 + 2) * DAY_MS - 28_800_000
            postings = self.move(ev.ACCOUNT_DISBURSED, ev.ACCOUNT_OBLIGATED, amount, programme)
            self.faces[name][3] += amount
            links += [self.programme_link(programme), self.voucher_link(name)]
        statement.reference_fingerprint = ident(f"reference {name} {order}", 32)
        draft = self.add(
            "payment_failed" if amount is None else "payment_confirmed",
            self.basis(statement, 5),
            [PAYER],
            actor=PAYER.id,
            stream=f"redemption/{redemption_id.hex()}",
            subject=ordered,
            premises=[(ev.PREMISE_KIND_ORDER, ordered)],
            links=links,
            postings=postings,
            effective_ms=effective_ms,
        )
        self.name(f"{'failure' if amount is None else 'confirmation'} {name} {order}", draft)

    def approve_and_pay(self, name: str, amount: int) -> None:
        """Both approvals, one order and its payment."""
        self.approval(name, 1, amount)
        self.approval(name, 2, amount)
        self.order(name, 1, 1, amount)
        self.answer(name, "1.1", 1, amount)
