"""Contracts and what is evidence for them, written from short labels.

This module must not decide or fold anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from unit.domain.registrar import Registrar, digest, ident, yuan

from ledger.domain import statements as say
from ledger.domain.days import parse_day
from ledger.domain.vocabulary import InvoiceStatus, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.domain.policy import Origin


class Notary(Registrar):
    """Makes statements about contracts and evidence."""

    def contract(
        self,
        label: str,
        amount: str | int,
        *,
        beneficiary: str = "acme",
        provider: str = "cloud",
        signed: str = "2026-01-04",
        days: tuple[str, str] = ("2026-01-05", "2026-12-31"),
        item: str = "card-hour",
        prices: Mapping[str, int] | None = None,
        excluded: Mapping[str, int] | None = None,
        origins: Mapping[Origin, int] | None = None,
        filing: str = "",
        trade: str = "",
    ) -> say.ContractRegistration:
        """A contract; `prices` are fen per card-hour by model, none = any price."""
        return say.ContractRegistration(
            header=self.header(beneficiary, provider),
            contract_id=ident(label),
            beneficiary_id=ident(beneficiary),
            provider_id=ident(provider),
            fingerprint=digest(f"contract/{label}"),
            document_digest=digest(f"document/{label}"),
            item=item,
            signed_day=parse_day(signed),
            from_day=parse_day(days[0]),
            to_day=parse_day(days[1]),
            amount_fen=amount if isinstance(amount, int) else yuan(amount),
            prices=tuple(say.ModelPrice(model=m, unit_price_fen=p) for m, p in (prices or {}).items()),
            excluded=tuple(say.ExcludedItem(item=i, amount_fen=a) for i, a in (excluded or {}).items()),
            origin_amounts=tuple(
                say.OriginAmount(origin=o, amount_fen=a) for o, a in (origins or {}).items()
            ),
            filing_number=filing,
            exchange_trade=trade,
        )

    def invoice(
        self, label: str, contract: str, amount: str | int, *, by: str = "cloud"
    ) -> say.InvoiceRegistration:
        """An invoice on a contract."""
        amount_fen = amount if isinstance(amount, int) else yuan(amount)
        return say.InvoiceRegistration(
            header=self.header(by),
            contract_id=ident(contract),
            fingerprint=digest(f"evidence/{label}"),
            amount_fen=amount_fen,
            net_amount_fen=amount_fen,
            issued_day=parse_day("2026-02-01"),
            document_digest=digest(f"document/{label}"),
        )

    def payment(
        self, label: str, contract: str, amount: str | int, *, by: str = "acme"
    ) -> say.PaymentRegistration:
        """A payment on a contract."""
        return say.PaymentRegistration(
            header=self.header(by),
            contract_id=ident(contract),
            fingerprint=digest(f"evidence/{label}"),
            amount_fen=amount if isinstance(amount, int) else yuan(amount),
            paid_day=parse_day("2026-02-01"),
            document_digest=digest(f"document/{label}"),
        )

    def acceptance(self, label: str, contract: str, *, by: str = "acme") -> say.AcceptanceRegistration:
        """The acceptance paper of a contract."""
        return say.AcceptanceRegistration(
            header=self.header(by),
            contract_id=ident(contract),
            document_digest=digest(f"document/{label}"),
            accepted_day=parse_day("2026-02-01"),
        )

    def cancel(
        self, invoice: str, status: InvoiceStatus = InvoiceStatus.RED_LETTERED, *, by: str = "clerk"
    ) -> say.InvoiceCancellation:
        """A red-letter invoice `invoice/red`, or that the invoice is void."""
        red = status == InvoiceStatus.RED_LETTERED
        return say.InvoiceCancellation(
            header=self.header(by),
            basis=self.basis(Role.CLERK),
            fingerprint=digest(f"evidence/{invoice}"),
            status=status,
            red_letter_fingerprint=digest(f"evidence/{invoice}/red") if red else b"",
            cancelled_day=parse_day("2026-02-01"),
        )

    def outside(
        self, contract: str, amount: str | int, *, by: str = "clerk"
    ) -> say.OutsideSupportDeclaration:
        """Other public money on a contract."""
        return say.OutsideSupportDeclaration(
            header=self.header(by),
            basis=self.basis(Role.CLERK),
            contract_id=ident(contract),
            source="PROVINCE",
            amount_fen=amount if isinstance(amount, int) else yuan(amount),
        )
