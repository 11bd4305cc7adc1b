"""Indicators in redemptions: who is paid to one account, and what was paid on invoices that are gone."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ledger.v1 import contract_pb2
from ledger_audit.indicators_types import MOST_INDEXES, Indicator, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger_audit.dossiers import Redemption
    from ledger_audit.fold import Fold
    from ledger_audit.indicators_types import Thresholds
    from ledger_audit.state import State
    from ledger_audit.watch import Seen


class SharedPayee:
    """One payee tag behind several applicants."""

    kinds = ("redemption_requested",)

    def __init__(self, thresholds: Thresholds) -> None:
        self._applicants = max(thresholds.payee_applicants, 2)
        self._tags: dict[bytes, dict[bytes, int]] = defaultdict(dict)
        """By tag and applicant, the first request."""

    def see(self, fold: Fold, seen: Seen) -> None:
        """Remember whose request names the tag."""
        tag = seen.statement.payee_tag
        voucher = fold.state.vouchers.get(seen.statement.voucher_id)
        if tag and voucher is not None:
            self._tags[tag].setdefault(voucher.beneficiary_id, seen.index)

    def finish(self, state: State) -> Iterator[Record]:
        """A record for each of the applicants: its own request and those of the others."""
        del state
        for tag, requests in self._tags.items():
            if len(requests) < self._applicants:
                continue
            for applicant, own in requests.items():
                others = [leaf for leaf in requests.values() if leaf != own][: MOST_INDEXES - 1]
                yield Record.of(
                    Indicator.SHARED_PAYEE,
                    applicant,
                    (own, *others),
                    applicants=len(requests),
                    payee_tag=tag.hex(),
                )


class _Cancelled(NamedTuple):
    """When and how an invoice was cancelled."""

    leaf: int
    status: str


class CancelledInvoice:
    """An invoice that was red-lettered or void after it had been redeemed, and nothing is claimed back."""

    kinds = ("invoice_cancelled",)

    def __init__(self, thresholds: Thresholds) -> None:
        del thresholds
        self._cancelled: dict[bytes, _Cancelled] = {}

    def see(self, fold: Fold, seen: Seen) -> None:
        """Remember the cancellation."""
        del fold
        status = _STATUS.get(seen.statement.status, "cancelled")
        self._cancelled.setdefault(seen.statement.fingerprint, _Cancelled(seen.index, status))

    def finish(self, state: State) -> Iterator[Record]:
        """The paid redemptions that were verified before; a clawback that counts it settles it."""
        for redemption in state.redemptions.values() if self._cancelled else ():
            for use in redemption.request.invoices:
                cancelled = self._cancelled.get(use.fingerprint)
                if cancelled is None or not _unsettled(redemption, cancelled.leaf):
                    continue
                yield Record.of(
                    Indicator.CANCELLED_INVOICE,
                    redemption.voucher.beneficiary_id,
                    (redemption.index, cancelled.leaf),
                    status=cancelled.status,
                    used_fen=use.amount_fen,
                    paid_fen=redemption.paid,
                    redemption=redemption.redemption_id.hex(),
                )


def _unsettled(redemption: Redemption, cancelled: int) -> bool:
    """It was paid, the invoice counted when it was verified, and no clawback has looked at it since."""
    if not redemption.paid or redemption.verified is None or redemption.verified[0] > cancelled:
        return False
    return all(
        clawback.determination is not None and clawback.determination[0] < cancelled
        for clawback in redemption.clawbacks
    )


_STATUS = {
    int(contract_pb2.INVOICE_STATUS_RED_LETTERED): "red-lettered",
    int(contract_pb2.INVOICE_STATUS_VOID): "void",
}
