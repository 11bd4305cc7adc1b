"""From the contract to the voucher in a house: applications, their handling, grants, holds and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.app.outcomes import Accepted
from ledger.client.signing import new_id
from ledger.client.statements import application, contract, programme, shared, voucher
from ledger.domain.entities import ApplicationState
from ledger.domain.vocabulary import Role
from support.house_base import FIRST_DAY, ITEM, PRICE_FEN, digest
from support.house_registry import BOTH, RegistryActs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.app.outcomes import Outcome
    from ledger.domain.entities import Application, Voucher


class GrantActs(RegistryActs):
    """What leads to a voucher, and what becomes of it apart from its use."""

    def contract(
        self,
        name: str,
        buyer: str,
        seller: str = "cloud",
        *,
        amount_fen: int,
        days: int = 300,
        prices: Mapping[str, int] | None = None,
        **more: Any,
    ) -> bytes:
        """Register a contract from the opening day on."""
        self.ids[name] = contract_id = new_id()
        values: dict[str, Any] = {
            "item": ITEM,
            "signed_day": FIRST_DAY - 1,
            "from_day": FIRST_DAY,
            "to_day": FIRST_DAY + days,
            "prices": {"": PRICE_FEN} if prices is None else prices,
        }
        statement = contract.contract_registration(
            contract_id=contract_id,
            beneficiary_id=self.ids[buyer],
            provider_id=self.ids[seller],
            fingerprint=digest(f"number {name}"),
            document_digest=digest(f"document {name}"),
            amount_fen=amount_fen,
            **(values | more),
        )
        self.must("contract-registration", statement, buyer, seller)
        return contract_id

    def support(self, contract_name: str, amount_fen: int, *, by: str = "clerk") -> Outcome:
        """Declare other public money on a contract."""
        statement = contract.outside_support_declaration(
            basis=self.basis(Role.CLERK, by=by),
            contract_id=self.ids[contract_name],
            source="DISTRICT",
            amount_fen=amount_fen,
        )
        return self.submit("outside-support", statement, by)

    # Applications

    def apply(self, name: str, buyer: str, contract_name: str, programme_name: str = "gpu") -> Outcome:
        """Apply for a voucher."""
        self.ids[name] = new_id()
        statement = application.application_submission(
            application_id=self.ids[name],
            programme_id=self.ids[programme_name],
            contract_id=self.ids[contract_name],
        )
        return self.submit("application-submission", statement, buyer)

    def apply_for_award(
        self, name: str, by: str, programme_name: str = "corpus", corpus: str = ""
    ) -> Outcome:
        """Apply for the award for a corpus that was opened to everybody."""
        self.ids[name] = new_id()
        statement = application.award_application(
            application_id=self.ids[name],
            programme_id=self.ids[programme_name],
            beneficiary_id=self.ids[by],
            platform="OPEN-DATA",
            publication_digest=digest(f"publication {corpus or name}"),
        )
        return self.submit("award-application", statement, by)

    def application(self, name: str) -> Application:
        """The application of that name."""
        return self.ledger.state.applications[self.ids[name]]

    def _handle(self, act: str, build: Any, name: str, by: str, role: Role, **more: Any) -> Outcome:
        found = self.application(name)
        statement = build(
            basis=self.basis(role, by=by),
            application_id=found.application_id,
            subject=self.subject(found),
            **more,
        )
        return self.submit(act, statement, by)

    def check(self, name: str, by: str = "clerk") -> Outcome:
        """Confirm that an application is complete."""
        return self._handle("application-check", application.application_check, name, by, Role.CLERK)

    def review(self, name: str, by: str = "reviewer", *, proposed_fen: int = 0) -> Outcome:
        """Approve the substance of an application."""
        build = application.application_review
        return self._handle("application-review", build, name, by, Role.REVIEWER, proposed_fen=proposed_fen)

    def publicise(self, name: str, by: str = "clerk") -> Outcome:
        """Start the public notice of an application."""
        build = application.application_publication
        return self._handle("application-publication", build, name, by, Role.CLERK)

    def return_(self, name: str, by: str = "clerk") -> Outcome:
        """Give an application back."""
        return self._handle("application-return", application.application_return, name, by, Role.CLERK)

    def reject(self, name: str, by: str = "clerk") -> Outcome:
        """Reject an application."""
        build = application.application_rejection
        return self._handle("application-rejection", build, name, by, Role.CLERK)

    def _by_applicant(self, act: str, build: Any, name: str, by: str) -> Outcome:
        found = self.application(name)
        statement = build(application_id=found.application_id, subject=self.subject(found))
        return self.submit(act, statement, by)

    def resubmit(self, name: str, by: str) -> Outcome:
        """Submit a returned application again."""
        return self._by_applicant("application-resubmission", application.application_resubmission, name, by)

    def withdraw(self, name: str, by: str) -> Outcome:
        """Withdraw an application."""
        return self._by_applicant("application-withdrawal", application.application_withdrawal, name, by)

    def object(self, name: str, application_name: str, by: str = "clerk") -> Outcome:
        """Record an objection."""
        self.ids[name] = new_id()
        statement = application.objection_record(
            basis=self.basis(Role.CLERK, by=by),
            objection_id=self.ids[name],
            application_id=self.ids[application_name],
        )
        return self.submit("objection-record", statement, by)

    def decide_objection(self, name: str, *, upheld: bool, by: str = "reviewer") -> Outcome:
        """Decide an objection."""
        found = self.ledger.state.objections[self.ids[name]]
        statement = application.objection_decision(
            basis=self.basis(Role.REVIEWER, by=by),
            objection_id=found.objection_id,
            subject=shared.subject(leaf_index=found.index, leaf_hash=found.leaf_hash),
            upheld=upheld,
        )
        return self.submit("objection-decision", statement, by)

    def handle(
        self, name: str, *, clerk: str = "clerk", reviewer: str = "reviewer", proposed_fen: int = 0
    ) -> Outcome | None:
        """Check, review and publicise, as far as it is still to be done; the last answer."""
        outcome: Outcome | None = None
        if self.application(name).state == ApplicationState.SUBMITTED:
            outcome = self.check(name, clerk)
        if self.application(name).state == ApplicationState.CHECKED:
            outcome = self.review(name, reviewer, proposed_fen=proposed_fen)
        if self.application(name).state == ApplicationState.REVIEWED:
            outcome = self.publicise(name, clerk)
        return outcome

    # Vouchers

    def grant(
        self,
        name: str,
        application_name: str,
        by: str = "approver-1",
        *,
        named_approval: bool = False,
        handled: bool = True,
    ) -> Outcome:
        """Grant an application, after the steps before it unless they are not wanted."""
        if handled:
            self.handle(application_name)
        self.ids[name] = new_id()
        found = self.application(application_name)
        statement = voucher.voucher_grant(
            basis=self.basis(Role.APPROVER, by=by),
            voucher_id=self.ids[name],
            application_id=found.application_id,
            subject=self.subject(found),
            named_approval=named_approval,
        )
        return self.submit("voucher-grant", statement, by)

    def voucher(
        self, name: str, buyer: str, seller: str = "cloud", *, amount_fen: int, programme_name: str = "gpu"
    ) -> Outcome:
        """Contract, application, its handling and the grant in one."""
        self.contract(f"contract of {name}", buyer, seller, amount_fen=amount_fen)
        applied = self.apply(f"application of {name}", buyer, f"contract of {name}", programme_name)
        return applied if not isinstance(applied, Accepted) else self.grant(name, f"application of {name}")

    def allocate(self, programme_name: str, by: tuple[str, str] = BOTH) -> Outcome:
        """Give every queued grant of a programme its share."""
        statement = programme.fund_allocation(
            basis=self.basis(Role.CLERK, by=by[0]), programme_id=self.ids[programme_name]
        )
        return self.submit("fund-allocation", statement, *by)

    def found(self, name: str) -> Voucher:
        """The voucher of that name."""
        return self.ledger.state.vouchers[self.ids[name]]

    def hold(self, name: str, by: str = "clerk", *, release: bool = False) -> Outcome:
        """Hold a voucher for the signer's office, or end the hold."""
        role = Role.AUDITOR if "auditor" in by else Role.CLERK
        build = voucher.hold_release if release else voucher.voucher_hold
        statement = build(basis=self.basis(role, by=by), voucher_id=self.ids[name])
        return self.submit("hold-release" if release else "voucher-hold", statement, by)

    def revoke_voucher(self, name: str, by: tuple[str, str] = BOTH) -> Outcome:
        """Revoke a voucher."""
        found = self.found(name)
        statement = voucher.voucher_revocation(
            basis=self.basis(Role.CLERK, by=by[0]),
            voucher_id=found.voucher_id,
            subject=shared.subject(leaf_index=found.index, leaf_hash=found.issue_hash),
        )
        return self.submit("voucher-revocation", statement, *by)

    def expire(self, name: str) -> Outcome:
        """Expire a voucher."""
        outcome: Outcome = self.run(
            self.ledger.expire_voucher(voucher_id=self.ids[name], request_id=new_id(), submitter=b"")
        )
        return outcome
