"""Disputes, clawbacks and fines, written from short labels.

Subjects and amounts that are left out are read from the state. This module must not decide or fold anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from unit.domain.casework import subject_of
from unit.domain.registrar import digest, ident, yuan
from unit.domain.scribe import Scribe

from ledger.domain import statements as say
from ledger.domain.days import parse_day
from ledger.domain.vocabulary import ClawbackCause, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.domain.entities import Clawback


def _fen(amount: str | int) -> int:
    return amount if isinstance(amount, int) else yuan(amount)


class Collector(Scribe):
    """Makes statements about doubts and about money that is claimed back."""

    # Disputes.

    def reconfirm(
        self,
        claims: Sequence[str] = (),
        redemptions: Sequence[str] = (),
        *,
        by: tuple[str, ...] = ("approver-1", "approver-2"),
    ) -> say.Reconfirmation:
        """The reconfirmation of claims and redemptions."""
        return say.Reconfirmation(
            header=self.header(*by),
            basis=self.basis(Role.APPROVER),
            claim_ids=tuple(ident(claim) for claim in claims),
            redemption_ids=tuple(ident(redemption) for redemption in redemptions),
        )

    def set_aside(self, *claims: str, by: str = "clerk") -> say.ClaimSettingAside:
        """The setting aside of disputed claims."""
        return say.ClaimSettingAside(
            header=self.header(by),
            basis=self.basis(Role.CLERK),
            claim_ids=tuple(ident(claim) for claim in claims),
        )

    # Clawbacks.

    def open_clawback(
        self,
        label: str,
        redemption: str,
        *,
        cause: ClawbackCause = ClawbackCause.STACKING,
        by: str = "clerk",
    ) -> say.ClawbackOpening:
        """The opening of a clawback."""
        return say.ClawbackOpening(
            header=self.header(by),
            basis=self.basis(Role.CLERK),
            clawback_id=ident(label),
            redemption_id=ident(redemption),
            subject=subject_of(self.state.redemptions.get(ident(redemption))),
            cause=cause,
        )

    def _clawback(self, label: str) -> Clawback | None:
        return self.state.clawbacks.get(ident(label))

    def notify(self, label: str, *, by: str = "clerk") -> say.ClawbackNotice:
        """The notice of a clawback to the beneficiary."""
        return say.ClawbackNotice(
            header=self.header(by),
            basis=self.basis(Role.CLERK),
            clawback_id=ident(label),
            subject=subject_of(self._clawback(label)),
            document_digest=digest(f"notice/{label}"),
        )

    def appeal(self, label: str, *, by: str = "acme") -> say.ClawbackAppeal:
        """The beneficiary's appeal."""
        return say.ClawbackAppeal(
            header=self.header(by),
            clawback_id=ident(label),
            subject=subject_of(self._clawback(label)),
            document_digest=digest(f"appeal/{label}"),
        )

    def determine(self, label: str, amount: str | int, *, by: str = "reviewer") -> say.ClawbackDetermination:
        """The determination of a clawback."""
        return say.ClawbackDetermination(
            header=self.header(by),
            basis=self.basis(Role.REVIEWER),
            clawback_id=ident(label),
            subject=subject_of(self._clawback(label)),
            amount_fen=_fen(amount),
        )

    def repay(self, label: str, amount: str | int, *, by: str = "payer") -> say.RepaymentReceipt:
        """Money that came back."""
        return say.RepaymentReceipt(
            header=self.header(by),
            basis=self.basis(Role.PAYER),
            clawback_id=ident(label),
            subject=subject_of(self._clawback(label)),
            amount_fen=_fen(amount),
            reference_fingerprint=digest(f"repayment/{label}"),
            received_day=parse_day("2026-06-01"),
        )

    def fine(self, label: str, amount: str | int, *, by: str = "reviewer") -> say.Fine:
        """A fine beside a clawback."""
        return say.Fine(
            header=self.header(by),
            basis=self.basis(Role.REVIEWER),
            clawback_id=ident(label),
            subject=subject_of(self._clawback(label)),
            amount_fen=_fen(amount),
        )

    def write_off(
        self, label: str, amount: str | int | None = None, *, by: tuple[str, ...] = ("clerk", "approver-1")
    ) -> say.WriteOff:
        """The write-off of what is outstanding."""
        known = self._clawback(label)
        outstanding = 0
        if known is not None:
            outstanding = known.determined_fen - known.repaid_fen - known.written_off_fen
        return say.WriteOff(
            header=self.header(*by),
            basis=self.basis(Role.CLERK),
            clawback_id=ident(label),
            subject=subject_of(known),
            amount_fen=outstanding if amount is None else _fen(amount),
        )
