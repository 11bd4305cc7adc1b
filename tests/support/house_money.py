"""Redemptions, payments and clawbacks in a house."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.client.signing import new_id
from ledger.client.statements import clawback, redemption, shared
from ledger.domain.vocabulary import ClawbackCause, Role
from support.house_base import FIRST_DAY, accepted, digest
from support.house_claims import APPROVERS, ClaimActs
from support.house_registry import BOTH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.app.outcomes import Outcome
    from ledger.domain.entities import Clawback, Redemption


class MoneyActs(ClaimActs):
    """How money leaves, and how it comes back."""

    def unredeemed(self, voucher: str, limit: int = 500) -> list[bytes]:
        """Ids of the accepted claims of a voucher that no redemption uses."""
        claims = self.run(
            self.ledger.list_claims(self.ids[voucher], unredeemed_only=True, after_index=None, limit=limit)
        )
        return [claim.claim_id for claim in claims]

    def redeem(
        self,
        name: str,
        voucher: str,
        buyer: str,
        *,
        amount_fen: int,
        label: str = "",
        others: Mapping[str, int] | None = None,
        contract_name: str = "",
        claim_ids: Sequence[bytes] | None = None,
        instalments_bp: Sequence[int] = (),
    ) -> Outcome:
        """Ask to redeem all unused claims with `amount_fen` of the contract's invoice and payment.

        `others` are further papers of the contract, amounts by label. Of an award with an amount of 0:
        neither claims nor evidence.
        """
        self.ids[name] = new_id()
        contract = contract_name or f"contract of {voucher}"
        papers = ({label: amount_fen} if amount_fen else {}) | dict(others or {})
        invoices, payments = (
            {digest(f"{kind} {contract} {paper}"): fen for paper, fen in papers.items()}
            for kind in ("invoice", "payment")
        )
        statement = redemption.redemption_request(
            redemption_id=self.ids[name],
            voucher_id=self.ids[voucher],
            claim_ids=self.unredeemed(voucher) if claim_ids is None else claim_ids,
            invoices=invoices,
            payments=payments,
            payee_commitment=digest("account"),
            instalments_bp=instalments_bp,
        )
        return self.submit("redemption-request", statement, buyer)

    def redemption(self, name: str) -> Redemption:
        """The redemption of that name."""
        return self.ledger.state.redemptions[self.ids[name]]

    def verify(
        self, name: str, by: str = "reviewer", role: Role = Role.REVIEWER, *, more_fen: int = 0
    ) -> Outcome:
        """Verify a redemption at the amount that the ledger names, or at another one."""
        found = self.redemption(name)
        statement = redemption.redemption_verification(
            basis=self.basis(role, by=by),
            redemption_id=found.redemption_id,
            subject=self.subject(found),
            amount_fen=self.run(self.ledger.verifiable_fen(found.redemption_id)) + more_fen,
        )
        return self.submit("redemption-verification", statement, by)

    def approve(self, name: str, by: str, role: Role = Role.APPROVER) -> Outcome:
        """Approve a redemption."""
        found = self.redemption(name)
        statement = redemption.redemption_approval(
            basis=self.basis(role, by=by),
            redemption_id=found.redemption_id,
            subject=self.subject(found),
            amount_fen=found.amount_fen,
            payee_commitment=found.payee_commitment,
        )
        return self.submit("redemption-approval", statement, by)

    def order(self, name: str, by: str = "payer", role: Role = Role.PAYER) -> Outcome:
        """Order the next instalment."""
        found = self.redemption(name)
        instalment = min(found.paid_count, len(found.instalments_bp) - 1) + 1
        statement = redemption.payment_order(
            basis=self.basis(role, by=by),
            redemption_id=found.redemption_id,
            subject=self.subject(found),
            instalment=instalment,
            attempt=found.attempt + 1,
            amount_fen=found.instalments_fen()[instalment - 1],
            payee_commitment=found.payee_commitment,
        )
        return self.submit("payment-order", statement, by)

    def pay(self, name: str, by: str = "payer", *, fail: bool = False) -> Outcome:
        """Confirm the open order, or record that it failed."""
        found = self.redemption(name)
        instalment = min(found.paid_count, len(found.instalments_bp) - 1) + 1
        values: dict[str, Any] = {
            "basis": self.basis(Role.PAYER, by=by),
            "redemption_id": found.redemption_id,
            "subject": self.subject(found),
            "instalment": instalment,
            "reference_fingerprint": digest(f"reference {name} {found.attempt} {instalment}"),
        }
        if fail:
            return self.submit("payment-failure", redemption.payment_failure(**values), by)
        values |= {"amount_fen": found.instalments_fen()[instalment - 1], "paid_day": FIRST_DAY}
        return self.submit("payment-confirmation", redemption.payment_confirmation(**values), by)

    def settle(
        self,
        name: str,
        *,
        reviewer: str = "reviewer",
        approvers: tuple[str, str] = APPROVERS,
        payer: str = "payer",
    ) -> None:
        """Verify, approve twice, order and pay every instalment; each has to be accepted."""
        steps = [self.verify(name, reviewer), *(self.approve(name, approver) for approver in approvers)]
        for _ in self.redemption(name).instalments_bp:
            steps += [self.order(name, payer), self.pay(name, payer)]
        accepted(*steps)

    # Clawbacks

    def claw_back(
        self,
        name: str,
        redemption_name: str,
        cause: ClawbackCause = ClawbackCause.RED_LETTER,
        by: str = "clerk",
    ) -> Outcome:
        """Open a clawback of a paid redemption."""
        self.ids[name] = new_id()
        found = self.redemption(redemption_name)
        statement = clawback.clawback_opening(
            basis=self.basis(Role.CLERK, by=by),
            clawback_id=self.ids[name],
            redemption_id=found.redemption_id,
            subject=shared.subject(
                leaf_index=found.second_approval_index or 0,
                leaf_hash=found.second_approval_hash or bytes(32),
            ),
            cause=cause,
        )
        return self.submit("clawback-opening", statement, by)

    def clawback(self, name: str) -> Clawback:
        """The clawback of that name."""
        return self.ledger.state.clawbacks[self.ids[name]]

    def _recover(
        self, act: str, build: Any, name: str, signers: tuple[str, ...], role: Role, **more: Any
    ) -> Outcome:
        found = self.clawback(name)
        statement = build(
            basis=self.basis(role, by=signers[0]),
            clawback_id=found.clawback_id,
            subject=self.subject(found),
            **more,
        )
        return self.submit(act, statement, *signers)

    def notify(self, name: str, by: str = "clerk") -> Outcome:
        """Notify the beneficiary of a clawback."""
        build = clawback.clawback_notice
        return self._recover(
            "clawback-notice", build, name, (by,), Role.CLERK, document_digest=digest(f"notice of {name}")
        )

    def appeal(self, name: str, by: str) -> Outcome:
        """Appeal against a clawback."""
        found = self.clawback(name)
        statement = clawback.clawback_appeal(
            clawback_id=found.clawback_id,
            subject=self.subject(found),
            document_digest=digest(f"appeal against {name}"),
        )
        return self.submit("clawback-appeal", statement, by)

    def determine(self, name: str, by: str = "reviewer", *, more_fen: int = 0) -> Outcome:
        """Determine what is to be paid back, at the amount that the ledger names or another one."""
        amount_fen = self.run(self.ledger.determinable_fen(self.ids[name])) + more_fen
        build = clawback.clawback_determination
        return self._recover(
            "clawback-determination", build, name, (by,), Role.REVIEWER, amount_fen=amount_fen
        )

    def repay(self, name: str, amount_fen: int, by: str = "payer") -> Outcome:
        """Record a repayment."""
        found = self.clawback(name)
        return self._recover(
            "repayment-receipt",
            clawback.repayment_receipt,
            name,
            (by,),
            Role.PAYER,
            amount_fen=amount_fen,
            reference_fingerprint=digest(f"repaid {name} {found.repaid_fen}"),
            received_day=FIRST_DAY,
        )

    def fine(self, name: str, amount_fen: int, by: str = "reviewer") -> Outcome:
        """Impose a fine."""
        return self._recover("fine", clawback.fine, name, (by,), Role.REVIEWER, amount_fen=amount_fen)

    def write_off(self, name: str, by: tuple[str, str] = BOTH, *, more_fen: int = 0) -> Outcome:
        """Give up what is outstanding."""
        amount_fen = self.clawback(name).outstanding_fen + more_fen
        return self._recover("write-off", clawback.write_off, name, by, Role.CLERK, amount_fen=amount_fen)
