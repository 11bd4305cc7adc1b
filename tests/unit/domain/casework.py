"""Applications, their handling, and what happens to vouchers apart from their use, written from short labels.

Subjects are read from the state. This module must not decide or fold anything.
"""

from __future__ import annotations

from typing import Any, TypeVar

from unit.domain.notary import Notary
from unit.domain.registrar import digest, ident

from ledger.domain import statements as say
from ledger.domain.commands import ExpireVoucher
from ledger.domain.vocabulary import Role

Handling = TypeVar(
    "Handling",
    say.ApplicationReturn,
    say.ApplicationCheck,
    say.ApplicationPublication,
    say.ApplicationRejection,
)


def subject_of(entity: Any) -> say.SubjectReference:
    """The newest leaf of an entity, or leaf 0 where there is none."""
    return say.SubjectReference(
        leaf_index=entity.subject_index if entity else 0,
        leaf_hash=entity.subject_hash if entity else bytes(32),
    )


class Casework(Notary):
    """Makes statements about applications and vouchers."""

    # Applications.

    def apply(
        self, label: str, contract: str, *, programme: str = "gpu", by: str = "acme"
    ) -> say.ApplicationSubmission:
        """An application on a contract."""
        return say.ApplicationSubmission(
            header=self.header(by),
            application_id=ident(label),
            programme_id=ident(programme),
            contract_id=ident(contract),
        )

    def apply_for_award(
        self,
        label: str,
        *,
        programme: str = "corpus",
        publication: str | None = None,
        beneficiary: str = "acme",
        by: str | None = None,
    ) -> say.AwardApplication:
        """An application for the award for a corpus that was opened."""
        return say.AwardApplication(
            header=self.header(by or beneficiary),
            application_id=ident(label),
            programme_id=ident(programme),
            beneficiary_id=ident(beneficiary),
            platform="data.example",
            publication_digest=digest(f"publication/{publication or label}"),
        )

    def _application(self, label: str) -> say.SubjectReference:
        return subject_of(self.state.applications.get(ident(label)))

    def _handled(self, statement: type[Handling], label: str, by: str) -> Handling:
        return statement(
            header=self.header(by),
            basis=self.basis(Role.CLERK),
            application_id=ident(label),
            subject=self._application(label),
        )

    def give_back(self, application: str, *, by: str = "clerk") -> say.ApplicationReturn:
        """The return of an application to the applicant."""
        return self._handled(say.ApplicationReturn, application, by)

    def check(self, application: str, *, by: str = "clerk") -> say.ApplicationCheck:
        """The formal check of an application."""
        return self._handled(say.ApplicationCheck, application, by)

    def publicise(self, application: str, *, by: str = "clerk") -> say.ApplicationPublication:
        """The start of the public notice of an application."""
        return self._handled(say.ApplicationPublication, application, by)

    def reject(self, application: str, *, by: str = "clerk") -> say.ApplicationRejection:
        """The rejection of an application."""
        return self._handled(say.ApplicationRejection, application, by)

    def review(
        self, application: str, proposed_fen: int = 0, *, by: str = "reviewer"
    ) -> say.ApplicationReview:
        """The review of an application, for an award with an amount."""
        return say.ApplicationReview(
            header=self.header(by),
            basis=self.basis(Role.REVIEWER),
            application_id=ident(application),
            subject=self._application(application),
            proposed_fen=proposed_fen,
        )

    def resubmit(self, application: str, *, by: str = "acme") -> say.ApplicationResubmission:
        """The resubmission of a returned application."""
        return say.ApplicationResubmission(
            header=self.header(by),
            application_id=ident(application),
            subject=self._application(application),
        )

    def withdraw(self, application: str, *, by: str = "acme") -> say.ApplicationWithdrawal:
        """The withdrawal of an application."""
        return say.ApplicationWithdrawal(
            header=self.header(by),
            application_id=ident(application),
            subject=self._application(application),
        )

    def object(self, label: str, application: str, *, by: str = "clerk") -> say.ObjectionRecord:
        """An objection against an application."""
        return say.ObjectionRecord(
            header=self.header(by),
            basis=self.basis(Role.CLERK),
            objection_id=ident(label),
            application_id=ident(application),
        )

    def decide_objection(
        self, objection: str, *, upheld: bool, by: str = "reviewer"
    ) -> say.ObjectionDecision:
        """The decision of an objection."""
        known = self.state.objections.get(ident(objection))
        return say.ObjectionDecision(
            header=self.header(by),
            basis=self.basis(Role.REVIEWER),
            objection_id=ident(objection),
            subject=say.SubjectReference(
                leaf_index=known.index if known else 0, leaf_hash=known.leaf_hash if known else bytes(32)
            ),
            upheld=upheld,
        )

    # Vouchers.

    def grant(
        self, voucher: str, application: str, *, named: bool = False, by: str = "approver-1"
    ) -> say.VoucherGrant:
        """The grant of an application at its newest leaf."""
        return say.VoucherGrant(
            header=self.header(by),
            basis=self.basis(Role.APPROVER),
            voucher_id=ident(voucher),
            application_id=ident(application),
            subject=self._application(application),
            named_approval=named,
        )

    @staticmethod
    def expire(voucher: str) -> ExpireVoucher:
        """The expiry of a voucher."""
        return ExpireVoucher(ident(voucher))

    def hold(self, voucher: str, *, by: str = "clerk", role: Role = Role.CLERK) -> say.VoucherHold:
        """A hold of a voucher."""
        return say.VoucherHold(header=self.header(by), basis=self.basis(role), voucher_id=ident(voucher))

    def unhold(self, voucher: str, *, by: str = "clerk", role: Role = Role.CLERK) -> say.HoldRelease:
        """The end of a hold."""
        return say.HoldRelease(header=self.header(by), basis=self.basis(role), voucher_id=ident(voucher))

    def revoke_voucher(
        self, voucher: str, *, by: tuple[str, ...] = ("clerk", "approver-1")
    ) -> say.VoucherRevocation:
        """The revocation of a voucher at its issue."""
        known = self.state.vouchers.get(ident(voucher))
        return say.VoucherRevocation(
            header=self.header(*by),
            basis=self.basis(Role.CLERK),
            voucher_id=ident(voucher),
            subject=say.SubjectReference(
                leaf_index=known.index if known else 0, leaf_hash=known.issue_hash if known else bytes(32)
            ),
        )
