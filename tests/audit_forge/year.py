"""The second half of a forged year: vouchers, claims, redemptions, payments, expiry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit_forge.book import DAY_MS
from audit_forge.draft import Actor, ident
from audit_forge.opening import APPROPRIATION, DAY_0, DEVICES, MODEL, PRICE, PROGRAMME, Opening
from audit_forge.people import ADMINS, APPROVERS, BUYER, CLERK, PAYER, REVIEWER, SELLER, SELLER_2, SELLER_3
from ledger.v1 import claim_pb2, redemption_pb2, registry_pb2, voucher_pb2
from ledger.v1 import event_pb2 as ev

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR_MS = 3_600_000
Line = tuple[int, int, int]
"""Device number, start hour after the day began, hours."""


class Year(Opening):
    """A whole life cycle with every event type; totals are kept here, one by one."""

    def __init__(self) -> None:
        super().__init__()
        self.accounts = [APPROPRIATION, 0, 0, 0]
        self.granted = 0
        self.faces: dict[str, list[int]] = {}
        self.device_ms = dict.fromkeys(DEVICES, 0)
        self.sequence: dict[str, int] = {}

    def programme_link(self) -> tuple[int, bytes, tuple[int, ...]]:
        """The link of the programme with its totals now."""
        return (ev.LINK_KIND_PROGRAMME, PROGRAMME, (*self.accounts, 0, 0, 0))

    def voucher_link(self, name: str) -> tuple[int, bytes, tuple[int, ...]]:
        """The link of a voucher with its totals now."""
        return (ev.LINK_KIND_VOUCHER, ident(f"voucher {name}"), tuple(self.faces[name]))

    def room_links(self, name: str) -> list[tuple[int, bytes, tuple[int, ...]]]:
        """The links of beneficiary-year and contract."""
        face, _, _, _, released = self.faces[name]
        return [
            (ev.LINK_KIND_BENEFICIARY_YEAR, PROGRAMME + BUYER.id, (self.granted,)),
            (ev.LINK_KIND_CONTRACT, ident(f"contract {name}"), (face - released, 0)),
        ]

    def move(self, debit: int, credit: int, amount: int) -> list[tuple[int, bytes, int]]:
        """Postings between two accounts, taken into the totals; accounts count from AVAILABLE."""
        self.accounts[debit - 2] += amount
        self.accounts[credit - 2] -= amount
        return [(debit, PROGRAMME, amount), (credit, PROGRAMME, -amount)]

    def voucher(self, name: str, face: int, *, days: int = 59) -> None:
        """An application on contract `name` and the voucher on it."""
        contract = self.named[f"contract {name}"]
        application_id, voucher_id = ident(f"application {name}"), ident(f"voucher {name}")
        statement = voucher_pb2.ApplicationSubmission(
            application_id=application_id, programme_id=PROGRAMME, contract_id=ident(f"contract {name}")
        )
        premises = [(ev.PREMISE_KIND_CONTRACT, contract), (ev.PREMISE_KIND_POLICY, self.named["policy"])]
        self.name(
            f"application {name}",
            self.add(
                "application_submitted",
                statement,
                [BUYER],
                actor=BUYER.id,
                stream=f"application/{application_id.hex()}",
                premises=[*premises, (ev.PREMISE_KIND_ADMISSION, self.named["admission"])],
                links=[(ev.LINK_KIND_APPLICATION, application_id)],
            ),
        )
        grant = voucher_pb2.VoucherGrant(voucher_id=voucher_id, application_id=application_id)
        postings = self.move(ev.ACCOUNT_ENCUMBERED, ev.ACCOUNT_AVAILABLE, face)
        self.granted += face
        self.faces[name] = [face, 0, 0, 0, 0]
        year, on_contract = self.room_links(name)
        draft = self.add(
            "voucher_issued",
            self.basis(grant, 4),
            [APPROVERS[0]],
            actor=APPROVERS[0].id,
            stream=f"voucher/{voucher_id.hex()}",
            subject=self.named[f"application {name}"],
            premises=[(ev.PREMISE_KIND_APPLICATION, self.named[f"application {name}"]), *premises],
            links=[
                self.programme_link(),
                year,
                self.voucher_link(name),
                on_contract,
                (ev.LINK_KIND_APPLICATION, application_id),
            ],
            postings=postings,
        )
        draft.event.voucher_issued.face_fen = face
        draft.event.voucher_issued.valid_from_day = DAY_0
        draft.event.voucher_issued.valid_until_day = DAY_0 + days
        self.name(f"voucher {name}", draft)

    def attestation(self, name: str, voucher: str, lines: Sequence[Line]) -> claim_pb2.UsageAttestation:
        """A statement about whole hours on some devices; the device table is in the order of use."""
        table = list(dict.fromkeys(line[0] for line in lines))
        self.sequence[voucher] = self.sequence.get(voucher, 0) + 1
        said = claim_pb2.UsageAttestation(
            claim_id=ident(f"claim {name}"),
            programme_id=PROGRAMME,
            provider_id=SELLER.id,
            voucher_id=ident(f"voucher {voucher}"),
            contract_digest=ident(f"contract document {voucher}", 32),
            beneficiary_id=BUYER.id,
            purpose=claim_pb2.PURPOSE_TRAINING,
            strings=["node-1"],
            device_ids=[DEVICES[number] for number in table],
            device_models=[0] * len(table),
            base_ms=DAY_0 * DAY_MS - 28_800_000 + DAY_MS,
            raw_log_digest=ident(f"log {name}", 32),
            raw_log_rows=10,
            sequence=self.sequence[voucher],
        )
        said.models.add(vendor=MODEL[0], model=MODEL[1], origin=MODEL[2], unit_price_fen=PRICE)
        for number, start, hours in lines:
            said.lines.device.append(table.index(number))
            said.lines.node.append(0)
            said.lines.start_offset_ms.append(start * HOUR_MS)
            said.lines.duration_ms.append(hours * HOUR_MS)
            said.lines.allocated_ms.append(hours * HOUR_MS)
            said.lines.active_ms.append(hours * HOUR_MS // 2)
            said.lines.amount_fen.append(hours * PRICE)
        said.total_allocated_ms = sum(said.lines.allocated_ms)
        said.total_active_ms = sum(said.lines.active_ms)
        said.total_amount_fen = sum(said.lines.amount_fen)
        return said

    def claim(
        self, name: str, voucher: str, lines: Sequence[Line], *, signer: Actor = SELLER, superseding: str = ""
    ) -> None:
        """An accepted claim, perhaps in place of another."""
        said = self.attestation(name, voucher, lines)
        ends = [a + b for a, b in zip(said.lines.start_offset_ms, said.lines.duration_ms, strict=True)]
        end_ms = said.base_ms + max(ends)
        self.now_ms = max(self.now_ms, end_ms)
        taken = dict.fromkeys(DEVICES, 0)
        links = [(ev.LINK_KIND_CLAIM, said.claim_id), self.voucher_link(voucher)]
        if superseding:
            said.superseded_index = self.named[f"claim {superseding}"]
            said.superseding_reason = claim_pb2.SUPERSEDING_REASON_LOG_CORRECTED
            old = self[f"claim {superseding}"].statement
            self.faces[voucher][1] -= old.total_allocated_ms
            for position, ms in zip(old.lines.device, old.lines.allocated_ms, strict=True):
                taken[old.device_ids[position]] += ms
            links.append((ev.LINK_KIND_CLAIM, old.claim_id))
        self.faces[voucher][1] += said.total_allocated_ms
        links[1] = self.voucher_link(voucher)
        for position, device in enumerate(said.device_ids):
            used = [
                ms for p, ms in zip(said.lines.device, said.lines.allocated_ms, strict=True) if p == position
            ]
            self.device_ms[device] += sum(used) - taken[device]
            links.append((ev.LINK_KIND_DEVICE, device, (self.device_ms[device],), position))
        draft = self.add(
            "claim_accepted",
            said,
            [signer],
            actor=SELLER.id,
            stream=f"claim/{said.claim_id.hex()}",
            effective_ms=end_ms,
            premises=[
                (ev.PREMISE_KIND_VOUCHER, self.named[f"voucher {voucher}"]),
                (ev.PREMISE_KIND_CONTRACT, self.named[f"contract {voucher}"]),
                (ev.PREMISE_KIND_ADMISSION, self.named["admission"]),
            ],
            links=links,
        )
        self.name(f"claim {name}", draft)

    def refusal(self, name: str, voucher: str, *, known: bool = True) -> None:
        """A recorded refusal; `known` says whether its voucher exists."""
        claim_id, digest = ident(f"claim {name}"), ident(f"payload {name}", 32)
        premises = [(ev.PREMISE_KIND_ADMISSION, self.named["admission"])]
        if known:
            voucher_leaf, contract_leaf = self.named[f"voucher {voucher}"], self.named[f"contract {voucher}"]
            premises[:0] = [
                (ev.PREMISE_KIND_VOUCHER, voucher_leaf),
                (ev.PREMISE_KIND_CONTRACT, contract_leaf),
            ]
        draft = self.add(
            "claim_refused",
            None,
            [],
            actor=SELLER.id,
            stream=f"claim/{claim_id.hex()}",
            premises=premises,
            links=[(ev.LINK_KIND_CLAIM, claim_id)],
        )
        draft.event.request_digest = digest
        draft.event.claim_refused.MergeFrom(
            claim_pb2.ClaimRefused(
                claim_id=claim_id,
                voucher_id=ident(f"voucher {voucher}"),
                provider_id=SELLER.id,
                payload_digest=digest,
                reason=390,  # type: ignore[arg-type]
                conflicting_index=3,
            )
        )
        self.name(f"refusal {name}", draft)

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
        statement = redemption_pb2.RedemptionRequest(
            redemption_id=redemption_id,
            voucher_id=ident(f"voucher {name}"),
            claim_ids=[ident(f"claim {claim}") for claim in claims],
            instalments_bp=instalments,
            payee_commitment=ident("payee", 32),
        )
        statement.invoices.add(fingerprint=ident(f"invoice {name}", 32), amount_fen=used)
        statement.payments.add(fingerprint=ident(f"payment {name}", 32), amount_fen=used)
        self.faces[name][2] += amount
        links = [(ev.LINK_KIND_REDEMPTION, redemption_id), self.voucher_link(name)]
        links += [(ev.LINK_KIND_CLAIM, ident(f"claim {claim}")) for claim in claims]
        links.append((ev.LINK_KIND_INVOICE, ident(f"invoice {name}", 32), (used,)))
        links.append((ev.LINK_KIND_PAYMENT, ident(f"payment {name}", 32), (used,)))
        draft = self.add(
            "redemption_requested",
            statement,
            [BUYER],
            actor=BUYER.id,
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
            (ev.PREMISE_KIND_CONTRACT, self.named[f"contract {name}"]),
            (ev.PREMISE_KIND_POLICY, self.named["policy"]),
        ]

    def verification(self, name: str, amount: int, *, base: int, fallen: int = 0) -> None:
        """A verification; `fallen` money of an expired voucher is released."""
        redemption_id = ident(f"redemption {name}")
        statement = redemption_pb2.RedemptionVerification(redemption_id=redemption_id, amount_fen=amount)
        links: list[tuple[int, bytes, tuple[int, ...]]] = [(ev.LINK_KIND_REDEMPTION, redemption_id, ())]
        postings: list[tuple[int, bytes, int]] = []
        if fallen:
            self.faces[name][2] -= fallen
            self.faces[name][4] += fallen
            self.granted -= fallen
            postings = self.move(ev.ACCOUNT_AVAILABLE, ev.ACCOUNT_ENCUMBERED, fallen)
            links += [self.voucher_link(name), self.programme_link(), *self.room_links(name)]
        request = self.named[f"request {name}"]
        draft = self.add(
            "redemption_verified",
            self.basis(statement, 3),
            [REVIEWER],
            actor=REVIEWER.id,
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
        carry = None
        if number == 2:
            carry = self.named[f"approval {name} 1"]
            premises.append((ev.PREMISE_KIND_APPROVAL, carry))
            postings = self.move(ev.ACCOUNT_OBLIGATED, ev.ACCOUNT_ENCUMBERED, amount)
            links.append(self.programme_link())
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
        statement: redemption_pb2.PaymentConfirmation | redemption_pb2.PaymentFailure
        if amount is None:
            statement = redemption_pb2.PaymentFailure(**common)  # type: ignore[arg-type]
        else:
            statement = redemption_pb2.PaymentConfirmation(amount_fen=amount, paid_day=DAY_0 + 2, **common)  # type: ignore[arg-type]
            effective_ms = (DAY_0 + 2) * DAY_MS - 28_800_000
            postings = self.move(ev.ACCOUNT_DISBURSED, ev.ACCOUNT_OBLIGATED, amount)
            self.faces[name][3] += amount
            links += [self.programme_link(), self.voucher_link(name)]
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

    def expiry(self, name: str, released: int) -> None:
        """A voucher expires after its last day."""
        self.now_ms = max(self.now_ms, (DAY_0 + 60) * DAY_MS)
        self.faces[name][4] += released
        self.granted -= released
        postings = self.move(ev.ACCOUNT_AVAILABLE, ev.ACCOUNT_ENCUMBERED, released)
        year, contract = self.room_links(name)
        draft = self.system(
            "voucher_expired",
            ident(f"voucher {name}"),
            premises=[(ev.PREMISE_KIND_VOUCHER, self.named[f"voucher {name}"])],
            links=[self.voucher_link(name), self.programme_link(), year, contract],
            postings=postings,
        )
        draft.event.voucher_expired.voucher_id = ident(f"voucher {name}")
        draft.event.voucher_expired.released_fen = released
        self.name(f"expiry {name}", draft)

    def closing(self, name: str) -> None:
        """A voucher closes in the request of the payment before."""
        draft = self.system(
            "voucher_closed",
            ident(f"voucher {name}"),
            follows=True,
            premises=[(ev.PREMISE_KIND_VOUCHER, self.named[f"voucher {name}"])],
            links=[self.voucher_link(name)],
        )
        draft.event.ordinal = 1
        draft.event.voucher_closed.voucher_id = ident(f"voucher {name}")
        self.name(f"closing {name}", draft)


def make_year() -> Year:
    """A ledger with every event type that keeps every rule."""
    year = Year()
    year.genesis()
    year.registry()
    year.programme()
    year.contract("a")
    year.contract("b")
    year.voucher("a", 350_000)
    year.voucher("b", 200_000)
    year.claim("1", "a", [(0, 0, 10)])
    year.claim("2", "a", [(1, 0, 8), (2, 0, 2)])
    year.claim("3", "a", [(1, 0, 10)], superseding="2")
    year.refusal("4", "a")
    year.refusal("5", "none", known=False)
    year.claim("6", "b", [(0, 12, 2)])
    year.claim("7", "b", [(1, 12, 2)], signer=SELLER_2)
    retirement = registry_pb2.KeyRetirement(until_ms=year.now_ms + DAY_MS)
    year.key_end("key_retired", SELLER_3, retirement, ADMINS, "retirement", ADMINS[0].id)
    year.request("a", ["1", "3"], 720_000, base=700_000, amount=350_000, instalments=[3000, 7000])
    year.verification("a", 350_000, base=700_000)
    year.approval("a", 1, 350_000)
    year.approval("a", 2, 350_000)
    year.order("a", 1, 1, 105_000)
    year.answer("a", "1.1", 1, None)
    year.order("a", 1, 2, 105_000)
    year.answer("a", "1.2", 1, 105_000)
    year.order("a", 2, 1, 245_000)
    year.answer("a", "2.1", 2, 245_000)
    year.closing("a")
    year.request("b", ["6", "7"], 144_000, base=144_000, amount=72_000)
    year.expiry("b", 128_000)
    revocation = registry_pb2.KeyRevocation(invalid_since_ms=year["claim 7"].event.recorded_ms, reason=1)  # type: ignore[arg-type]
    year.key_end("key_revoked", SELLER_2, revocation, ADMINS, "revocation", ADMINS[0].id)
    year.verification("b", 36_000, base=72_000, fallen=36_000)
    year.approval("b", 1, 36_000)
    year.approval("b", 2, 36_000)
    year.order("b", 1, 1, 36_000)
    year.answer("b", "1.1", 1, 36_000)
    return year


__all__ = ["CLERK", "Year", "make_year"]
