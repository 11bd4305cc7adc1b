"""The second part of a forged year: programmes, policies, calendars, contracts and their evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit_forge.draft import ident
from audit_forge.opening import DAY_0, PRICE, Opening
from audit_forge.people import APPROVERS, BUYER, BUYER_2, CLERK, MARKET, SELLER
from ledger.v1 import contract_pb2, programme_pb2
from ledger.v1 import event_pb2 as ev

if TYPE_CHECKING:
    from audit_forge.draft import Actor

PROGRAMME, CORPORA = ident("programme"), ident("programme c")
APPROPRIATION = 50_000_000
ACCOUNTS = {
    ev.ACCOUNT_AVAILABLE: 0,
    ev.ACCOUNT_ENCUMBERED: 1,
    ev.ACCOUNT_OBLIGATED: 2,
    ev.ACCOUNT_DISBURSED: 3,
    ev.ACCOUNT_RECOVERABLE: 4,
    ev.ACCOUNT_RECOVERED: 5,
    ev.ACCOUNT_FINES_DUE: 6,
}
"""The place of each account's balance in the totals of a programme."""


@dataclass(frozen=True)
class Deal:
    """A contract: its programme, parties, item and amount. An award has no amount and no seller."""

    programme: bytes
    policy: str
    buyer: Actor
    seller: Actor | None
    item: str
    amount: int


DEALS = {
    "a": Deal(PROGRAMME, "policy", BUYER, SELLER, "gpu-training", 800_000),
    "b": Deal(PROGRAMME, "policy", BUYER, SELLER, "gpu-training", 400_000),
    "c": Deal(CORPORA, "policy c", BUYER_2, MARKET, "corpus", 600_000),
    "d": Deal(CORPORA, "policy c", BUYER_2, MARKET, "corpus", 300_000),
    "e": Deal(CORPORA, "policy c", BUYER_2, None, "", 0),
    "f": Deal(CORPORA, "policy c", BUYER_2, None, "", 0),
}


class Ground(Opening):
    """Adds what applications rest on; balances and the money on contracts are kept here, one by one."""

    def __init__(self) -> None:
        super().__init__()
        self.deals = dict(DEALS)
        self.accounts = {PROGRAMME: [0] * 7, CORPORA: [0] * 7}
        self.granted: dict[bytes, int] = {}
        self.public: dict[str, int] = {}
        self.support: dict[str, int] = {}

    def programme_link(self, programme: bytes = PROGRAMME) -> tuple[int, bytes, tuple[int, ...]]:
        """The link of a programme with its totals now."""
        return (ev.LINK_KIND_PROGRAMME, programme, tuple(self.accounts[programme]))

    def contract_link(self, name: str) -> list[tuple[int, bytes, tuple[int, ...]]]:
        """The link of a contract with its totals now; none for an award."""
        if self.deals[name].seller is None:
            return []
        totals = (self.public.get(name, 0), self.support.get(name, 0))
        return [(ev.LINK_KIND_CONTRACT, ident(f"contract {name}"), totals)]

    def contract_premise(self, name: str) -> list[tuple[int, int]]:
        """The contract as a premise; none for an award."""
        named = self.named.get(f"contract {name}")
        return [] if named is None else [(ev.PREMISE_KIND_CONTRACT, named)]

    def move(
        self, debit: int, credit: int, amount: int, programme: bytes = PROGRAMME
    ) -> list[tuple[int, bytes, int]]:
        """Postings between two accounts, taken into the totals."""
        for account, change in ((debit, amount), (credit, -amount)):
            if account in ACCOUNTS:
                self.accounts[programme][ACCOUNTS[account]] += change
        return [(debit, programme, amount), (credit, programme, -amount)] if amount else []

    def programme(self) -> None:
        """The programme for GPU training and its first policy."""
        self.open_programme("programme", PROGRAMME, 1, APPROPRIATION)
        self.policy("policy", PROGRAMME, 1, parameters())

    def corpora(self, appropriation: int) -> None:
        """A programme for corpora: PRO_RATA, two days of notice, awards."""
        self.open_programme("programme c", CORPORA, 3, appropriation)
        values = parameters()
        values.appropriation_fen = appropriation
        values.allocation = programme_pb2.ALLOCATION_PRO_RATA
        values.public_notice_days = 2
        values.requires_exchange = True
        values.open_data_award_cap_fen = 100_000
        values.cap_fen = 700_000
        self.policy("policy c", CORPORA, 1, values)

    def open_programme(self, name: str, programme: bytes, instrument: int, appropriation: int) -> None:
        """An opening with its appropriation."""
        opening = programme_pb2.ProgrammeOpening(
            programme_id=programme,
            instrument=instrument,  # type: ignore[arg-type]
            fiscal_year=2026,
            appropriation_fen=appropriation,
        )
        postings = self.move(ev.ACCOUNT_AVAILABLE, ev.ACCOUNT_APPROPRIATION, appropriation, programme)
        draft = self.add(
            "programme_opened",
            self.basis(opening, 2),
            [CLERK, APPROVERS[0]],
            actor=CLERK.id,
            stream=f"programme/{programme.hex()}",
            links=[self.programme_link(programme)],
            postings=postings,
        )
        self.name(name, draft)

    def policy(
        self,
        name: str,
        programme: bytes,
        version: int,
        values: programme_pb2.PolicyParameters,
        *,
        change: int = 0,
    ) -> None:
        """A policy version that changes the appropriation by so much."""
        statement = programme_pb2.PolicyPublication(programme_id=programme, version=version)
        statement.parameters.CopyFrom(values)
        links: list[tuple[Any, ...]] = [(ev.LINK_KIND_POLICY, programme)]
        accounts = [ev.ACCOUNT_AVAILABLE, ev.ACCOUNT_APPROPRIATION]
        if change < 0:
            accounts.reverse()
        postings = self.move(*accounts, abs(change), programme)
        if change:
            links.append(self.programme_link(programme))
        draft = self.add(
            "policy_published",
            self.basis(statement, 2),
            [CLERK, APPROVERS[0]],
            actor=CLERK.id,
            stream=f"programme/{programme.hex()}",
            links=links,
            postings=postings,
        )
        self.name(name, draft)

    def calendar(self, year: int, working_days: str, *, version: int = 1) -> None:
        """The working days of a year."""
        statement = programme_pb2.CalendarPublication(year=year, version=version, working_days=working_days)
        draft = self.add(
            "calendar_published",
            self.basis(statement, 2),
            [CLERK, APPROVERS[0]],
            actor=CLERK.id,
            stream=f"calendar/{year}",
        )
        self.name(f"calendar {year}.{version}", draft)

    def contract(self, name: str) -> None:
        """Contract `name` with one invoice and one payment of its whole amount."""
        deal = self.deals[name]
        assert deal.seller is not None
        contract_id = ident(f"contract {name}")
        terms = contract_pb2.ContractRegistration(
            contract_id=contract_id,
            beneficiary_id=deal.buyer.id,
            provider_id=deal.seller.id,
            fingerprint=ident(f"contract number {name}", 32),
            document_digest=ident(f"contract document {name}", 32),
            item=deal.item,
            signed_day=DAY_0 - 5,
            from_day=DAY_0 - 3,
            to_day=DAY_0 + 300,
            amount_fen=deal.amount,
        )
        if deal.programme == CORPORA:
            terms.exchange_trade = f"T-{name}"
        if name == "a":
            terms.prices.add(model="h100", unit_price_fen=PRICE)
            terms.prices.add(unit_price_fen=PRICE * 2)
            terms.excluded.add(item="storage", amount_fen=100_000)
            terms.excluded.add(item="network", amount_fen=50_000)
            terms.origin_amounts.add(origin=1, amount_fen=300_000)
            terms.origin_amounts.add(origin=2, amount_fen=500_000)
        draft = self.add(
            "contract_registered",
            terms,
            [deal.buyer, deal.seller],
            actor=deal.buyer.id,
            stream=f"contract/{contract_id.hex()}",
            links=self.contract_link(name),
        )
        self.name(f"contract {name}", draft)
        self.invoice(name, deal.amount)
        self.payment(name, deal.amount)

    def invoice(self, name: str, amount: int) -> None:
        """The invoice of contract `name`."""
        statement = contract_pb2.InvoiceRegistration(
            contract_id=ident(f"contract {name}"),
            fingerprint=ident(f"invoice {name}", 32),
            amount_fen=amount,
            net_amount_fen=amount,
            issued_day=DAY_0,
            document_digest=ident(f"invoice document {name}", 32),
        )
        seller = self.deals[name].seller
        assert seller is not None
        self._evidence("invoice", name, statement, statement.fingerprint, seller)

    def payment(self, name: str, amount: int) -> None:
        """The payment of contract `name`."""
        statement = contract_pb2.PaymentRegistration(
            contract_id=ident(f"contract {name}"),
            fingerprint=ident(f"payment {name}", 32),
            amount_fen=amount,
            paid_day=DAY_0,
            document_digest=ident(f"payment document {name}", 32),
        )
        self._evidence("payment", name, statement, statement.fingerprint, self.deals[name].buyer)

    def acceptance(self, name: str) -> None:
        """The acceptance paper of contract `name`."""
        digest = ident(f"acceptance {name}", 32)
        statement = contract_pb2.AcceptanceRegistration(
            contract_id=ident(f"contract {name}"), document_digest=digest, accepted_day=DAY_0
        )
        self._evidence("acceptance", name, statement, digest, self.deals[name].buyer)

    def _evidence(self, kind: str, name: str, statement: Any, fingerprint: bytes, signer: Actor) -> None:
        consumed = {"invoice": ev.LINK_KIND_INVOICE, "payment": ev.LINK_KIND_PAYMENT}.get(kind)
        links: list[tuple[Any, ...]] = (
            self.contract_link(name) if consumed is None else [(consumed, fingerprint, (0,))]
        )
        draft = self.add(
            f"{kind}_registered",
            statement,
            [signer],
            actor=signer.id,
            stream=f"evidence/{fingerprint.hex()}",
            premises=self.contract_premise(name),
            links=links,
        )
        self.name(f"{kind} {name}", draft)

    def cancellation(self, name: str, status: int, consumed: int) -> None:
        """The invoice of contract `name`, of which so much is consumed, is red-lettered (2) or void (3)."""
        fingerprint = ident(f"invoice {name}", 32)
        statement = contract_pb2.InvoiceCancellation(
            fingerprint=fingerprint,
            status=status,  # type: ignore[arg-type]
            red_letter_fingerprint=ident(f"red letter {name}", 32) if status == 2 else b"",
            cancelled_day=DAY_0,
        )
        draft = self.add(
            "invoice_cancelled",
            self.basis(statement, 2),
            [CLERK],
            actor=CLERK.id,
            stream=f"cancellation/{fingerprint.hex()}",
            premises=self.contract_premise(name),
            links=[(ev.LINK_KIND_INVOICE, fingerprint, (consumed,))],
        )
        self.name(f"cancellation {name}", draft)

    def outside_support(self, name: str, amount: int) -> None:
        """Other public money on contract `name`."""
        self.support[name] = self.support.get(name, 0) + amount
        statement = contract_pb2.OutsideSupportDeclaration(
            contract_id=ident(f"contract {name}"), source="STATE", amount_fen=amount
        )
        draft = self.add(
            "outside_support_declared",
            self.basis(statement, 2),
            [CLERK],
            actor=CLERK.id,
            stream=f"contract/{ident(f'contract {name}').hex()}",
            premises=self.contract_premise(name),
            links=self.contract_link(name),
        )
        self.name(f"support {name}", draft)


def parameters() -> programme_pb2.PolicyParameters:
    """A policy of one rate with cap, ceiling, minimum, start-up rule and excluded items."""
    return programme_pb2.PolicyParameters(
        appropriation_fen=APPROPRIATION,
        rate_bp=5000,
        startup_rate_bp=6000,
        cap_fen=10_000_000,
        startup_cap_fen=6_000_000,
        hard_cap_fen=20_000_000,
        min_contract_fen=100_000,
        min_spend_fen=50_000,
        startup_max_age_months=12,
        stacking=programme_pb2.STACKING_CEILING,
        stacking_ceiling_bp=5000,
        startup_stacking_ceiling_bp=6000,
        public_notice_days=0,
        validity_months=2,
        allocation=programme_pb2.ALLOCATION_FCFS,
        payee=programme_pb2.PAYEE_APPLICANT,
        mode=programme_pb2.MODE_QUOTA,
        allowed_vendors=["nvidia", "huawei"],
        excluded_items=["storage"],
        contract_not_before_day=DAY_0 - 100,
    )
