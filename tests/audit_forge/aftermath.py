"""The sixth part of a forged year: the end of vouchers, holds, clawbacks, quotas."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from audit_forge.draft import ident
from audit_forge.money import Money
from audit_forge.opening import DAY_0
from audit_forge.people import APPROVERS, AUDITOR, CLERK, PAYER, REVIEWER
from ledger.v1 import clawback_pb2, voucher_pb2
from ledger.v1 import event_pb2 as ev

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit_forge.draft import Actor


class Aftermath(Money):
    """Adds what happens to vouchers and to money after the use."""

    def hold(self, kind: str, name: str, signer: Actor) -> None:
        """A hold or its release by a clerk or an auditor."""
        make = voucher_pb2.VoucherHold if kind == "voucher_held" else voucher_pb2.HoldRelease
        statement = make(voucher_id=ident(f"voucher {name}"))
        role = 6 if signer is AUDITOR else 2
        draft = self.add(
            kind,
            self.basis(statement, role),
            [signer],
            actor=signer.id,
            stream=f"voucher/{ident(f'voucher {name}').hex()}",
            premises=[(ev.PREMISE_KIND_VOUCHER, self.named[f"voucher {name}"])],
            links=[self.voucher_link(name)],
        )
        word = "hold" if kind == "voucher_held" else "release"
        self.name(f"{word} {name} {signer.name}", draft)

    def revocation(self, name: str, released: int) -> None:
        """A voucher is revoked by clerk and approver."""
        voucher = self.named[f"voucher {name}"]
        links, postings = self._given_back(name, released)
        statement = voucher_pb2.VoucherRevocation(voucher_id=ident(f"voucher {name}"))
        draft = self.add(
            "voucher_revoked",
            self.basis(statement, 2),
            [CLERK, APPROVERS[0]],
            actor=CLERK.id,
            stream=f"voucher/{ident(f'voucher {name}').hex()}",
            subject=voucher,
            premises=[(ev.PREMISE_KIND_VOUCHER, voucher)],
            links=links,
            postings=postings,
        )
        draft.event.voucher_revoked.released_fen = released
        self.name(f"revoked {name}", draft)

    def expiry(self, name: str, released: int) -> None:
        """A voucher expires after its last day."""
        self.start_day(DAY_0 + 61)
        links, postings = self._given_back(name, released)
        voucher_id = ident(f"voucher {name}")
        draft = self.system(
            "voucher_expired",
            f"voucher/{voucher_id.hex()}",
            sha256(voucher_id).digest(),
            premises=[(ev.PREMISE_KIND_VOUCHER, self.named[f"voucher {name}"])],
            links=links,
            postings=postings,
        )
        draft.event.voucher_expired.voucher_id = voucher_id
        draft.event.voucher_expired.released_fen = released
        self.name(f"expiry {name}", draft)

    def _given_back(
        self, name: str, released: int
    ) -> tuple[list[tuple[int, bytes, tuple[int, ...]]], list[tuple[int, bytes, int]]]:
        """Links and postings of a release."""
        programme = self.deals[name].programme
        self.faces[name][4] += released
        self.take_room(name, -released)
        postings = self.move(ev.ACCOUNT_AVAILABLE, ev.ACCOUNT_ENCUMBERED, released, programme)
        links = [self.voucher_link(name), self.programme_link(programme), self.year_link(name)]
        return [*links, *self.contract_link(name)], postings

    def closing(self, name: str) -> None:
        """A voucher closes in the request of the payment before."""
        draft = self.system(
            "voucher_closed",
            f"voucher/{ident(f'voucher {name}').hex()}",
            premises=[(ev.PREMISE_KIND_VOUCHER, self.named[f"voucher {name}"])],
            links=[self.voucher_link(name)],
        )
        draft.event.ordinal = 1
        draft.event.voucher_closed.voucher_id = ident(f"voucher {name}")
        self.name(f"closing {name}", draft)

    def clawback(self, name: str, *, cause: int, entitlement: int) -> None:
        """The opening of a clawback of redemption `name`."""
        statement = clawback_pb2.ClawbackOpening(
            redemption_id=ident(f"redemption {name}"),
            cause=cause,  # type: ignore[arg-type]
        )
        draft = self._on_clawback(
            "opening",
            "clawback_opened",
            name,
            self.basis(statement, 2),
            [CLERK],
            subject=self.named[f"approval {name} 2"],
            premises=self._redemption_premises(name),
            links=[(ev.LINK_KIND_REDEMPTION, ident(f"redemption {name}"))],
        )
        draft.event.clawback_opened.entitlement_fen = entitlement

    def notify(self, name: str) -> None:
        """The notice to the beneficiary."""
        statement = clawback_pb2.ClawbackNotice(document_digest=ident(f"notice of {name}", 32))
        self._on_clawback(
            "notification",
            "clawback_notified",
            name,
            self.basis(statement, 2),
            [CLERK],
            subject=self.named[f"opening {name}"],
        )

    def appeal(self, name: str) -> None:
        """The beneficiary's appeal."""
        statement = clawback_pb2.ClawbackAppeal(document_digest=ident(f"appeal of {name}", 32))
        self._on_clawback(
            "appeal",
            "clawback_appealed",
            name,
            statement,
            [self.deals[name].buyer],
            subject=self.named[f"notification {name}"],
        )

    def determination(self, name: str, amount: int, *, entitlement: int) -> None:
        """What is to be paid back."""
        programme = self.deals[name].programme
        postings = self.move(ev.ACCOUNT_RECOVERABLE, ev.ACCOUNT_RECOVERY_DUE, amount, programme)
        links: list[tuple[Any, ...]] = [(ev.LINK_KIND_REDEMPTION, ident(f"redemption {name}"))]
        if amount:
            self.public[name] -= amount
            links += [self.programme_link(programme), *self.contract_link(name)]
        before = f"appeal {name}" if f"appeal {name}" in self.named else f"notification {name}"
        draft = self._on_clawback(
            "determination",
            "clawback_determined",
            name,
            self.basis(clawback_pb2.ClawbackDetermination(amount_fen=amount), 3),
            [REVIEWER],
            subject=self.named[before],
            premises=self._redemption_premises(name),
            links=links,
            postings=postings,
        )
        draft.event.clawback_determined.entitlement_fen = entitlement

    def repayment(self, name: str, amount: int, label: str = "repayment") -> None:
        """Money came back."""
        statement = clawback_pb2.RepaymentReceipt(
            amount_fen=amount,
            reference_fingerprint=ident(f"{label} reference {name}", 32),
            received_day=DAY_0 + 61,
        )
        accounts = (ev.ACCOUNT_RECOVERED, ev.ACCOUNT_RECOVERABLE)
        self._after(label, "repayment_received", name, statement, [PAYER], 5, accounts)

    def fine(self, name: str, amount: int, label: str = "fine") -> None:
        """A fine."""
        accounts = (ev.ACCOUNT_FINES_DUE, ev.ACCOUNT_FINES)
        statement = clawback_pb2.Fine(amount_fen=amount)
        self._after(label, "fine_imposed", name, statement, [REVIEWER], 3, accounts)

    def write_off(self, name: str, amount: int) -> None:
        """The rest is given up."""
        accounts = (ev.ACCOUNT_WRITTEN_OFF, ev.ACCOUNT_RECOVERABLE)
        statement = clawback_pb2.WriteOff(amount_fen=amount)
        signers = [CLERK, APPROVERS[0]]
        self._after("write-off", "recoverable_written_off", name, statement, signers, 2, accounts)

    def _after(
        self,
        label: str,
        kind: str,
        name: str,
        statement: Any,
        signers: list[Actor],
        role: int,
        accounts: tuple[int, int],
    ) -> None:
        programme = self.deals[name].programme
        postings = self.move(*accounts, statement.amount_fen, programme)
        self._on_clawback(
            label,
            kind,
            name,
            self.basis(statement, role),
            signers,
            subject=self.named[f"determination {name}"],
            links=[self.programme_link(programme)],
            postings=postings,
        )

    def _on_clawback(
        self,
        label: str,
        kind: str,
        name: str,
        statement: Any,
        signers: list[Actor],
        *,
        premises: Sequence[tuple[int, int]] = (),
        links: Sequence[tuple[Any, ...]] = (),
        **rest: Any,
    ) -> Any:
        """An act on the clawback of redemption `name`."""
        clawback_id = statement.clawback_id = ident(f"clawback {name}")
        own = [] if label == "opening" else [(ev.PREMISE_KIND_CLAWBACK, self.named[f"opening {name}"])]
        draft = self.add(
            kind,
            statement,
            signers,
            actor=signers[0].id,
            stream=f"clawback/{clawback_id.hex()}",
            premises=[*own, *premises],
            links=[(ev.LINK_KIND_CLAWBACK, clawback_id), *links],
            **rest,
        )
        return self.name(f"{label} {name}", draft)

    def _redemption_premises(self, name: str) -> list[tuple[int, int]]:
        return [(ev.PREMISE_KIND_REDEMPTION, self.named[f"request {name}"]), *self.voucher_premises(name)]

    def quotas(self, label: str, *values: int) -> None:
        """Refusals, claims and bytes of a day."""
        digest = sha256(b"".join(value.to_bytes(8, "big") for value in values)).digest()
        draft = self.system("quotas_published", f"ledger/{self.ledger_id.hex()}", digest)
        published = draft.event.quotas_published
        published.refusals_per_day, published.claims_per_day, published.bytes_per_day = values
        self.name(label, draft)

    def suppressed(self, label: str, about: Actor, day: int, count: int) -> None:
        """What a quota kept out."""
        digest = sha256(about.id + day.to_bytes(4, "big")).digest()
        draft = self.system(
            "refusals_suppressed",
            f"participant/{about.id.hex()}",
            digest,
            links=[(ev.LINK_KIND_PARTICIPANT, about.id)],
        )
        said = draft.event.refusals_suppressed
        said.participant_id, said.day, said.count = about.id, day, count
        self.name(label, draft)
