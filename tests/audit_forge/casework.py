"""The third part of a forged year: applications, their handling and notice, grants, queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit_forge.book import DAY_MS
from audit_forge.draft import ident
from audit_forge.ground import CORPORA, PROGRAMME, Ground
from audit_forge.opening import DAY_0
from audit_forge.people import APPROVERS, CLERK, REVIEWER
from ledger.v1 import application_pb2, programme_pb2, voucher_pb2
from ledger.v1 import event_pb2 as ev

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit_forge.draft import Actor, Draft

LinkTotals = tuple[int, bytes, tuple[int, ...]]
ZONE_MS = 28_800_000


class Casework(Ground):
    """Adds applications and what becomes of them until there is a voucher."""

    def __init__(self) -> None:
        super().__init__()
        self.faces: dict[str, list[int]] = {}
        self.queued: dict[str, int] = {}
        self.newest: dict[str, int] = {}
        """The newest leaf on the stream of each application."""

    @property
    def today(self) -> int:
        """The day of the next event."""
        return (self.now_ms + ZONE_MS) // DAY_MS

    def start_day(self, day: int) -> None:
        """Time goes on to the start of a day, if it is not later."""
        self.now_ms = max(self.now_ms, day * DAY_MS - ZONE_MS)

    def application(self, name: str, *, deal: str = "") -> None:
        """An application on contract `deal`, which has its name unless another is given, or for an award."""
        deal = deal or name
        terms = self.deals[deal]
        application_id = ident(f"application {name}")
        statement: Any
        policy = (ev.PREMISE_KIND_POLICY, self.named[terms.policy])
        if terms.seller is None:
            kind = "award_applied"
            statement = application_pb2.AwardApplication(
                beneficiary_id=terms.buyer.id,
                platform="OPEN_DATA",
                publication_digest=ident(f"publication {name}", 32),
            )
            premises = [(ev.PREMISE_KIND_PARTICIPANT, self.named[terms.buyer.name]), policy]
        else:
            kind = "application_submitted"
            statement = application_pb2.ApplicationSubmission(contract_id=ident(f"contract {deal}"))
            premises = [*self.contract_premise(deal), policy, *self.admitted(terms.seller)]
        statement.application_id, statement.programme_id = application_id, terms.programme
        self._on_application(f"application {name}", kind, statement, terms.buyer, name, premises)

    def handle(
        self,
        kind: str,
        name: str,
        signer: Actor,
        *,
        label: str = "",
        fields: Mapping[str, Any] | None = None,
        premises: Sequence[tuple[int, int]] = (),
    ) -> Draft:
        """An act on an application with its newest leaf as subject, named `label`, else after its kind."""
        types: dict[str, tuple[str, Any]] = {
            "application_returned": ("return", application_pb2.ApplicationReturn),
            "application_resubmitted": ("resubmission", application_pb2.ApplicationResubmission),
            "application_checked": ("check", application_pb2.ApplicationCheck),
            "application_reviewed": ("review", application_pb2.ApplicationReview),
            "application_publicised": ("notice", application_pb2.ApplicationPublication),
            "application_rejected": ("rejection", application_pb2.ApplicationRejection),
            "application_withdrawn": ("withdrawal", application_pb2.ApplicationWithdrawal),
        }
        word, make = types[kind]
        statement = make(application_id=ident(f"application {name}"), **(fields or {}))
        if kind not in {"application_resubmitted", "application_withdrawn"}:
            self.basis(statement, 3 if kind == "application_reviewed" else 2)
        subject = self.newest[name]
        draft = self._on_application(
            label or f"{word} {name}", kind, statement, signer, name, [*self._applied(name), *premises]
        )
        draft.subject = subject
        return draft

    def check_and_review(self, name: str, *, deal: str = "", proposed: int = 0) -> None:
        """The formal check and the review."""
        self.handle("application_checked", name, CLERK)
        policy = [(ev.PREMISE_KIND_POLICY, self.named[self.deals[deal or name].policy])]
        self.handle(
            "application_reviewed",
            name,
            REVIEWER,
            fields={"proposed_fen": proposed},
            premises=policy if proposed else [],
        )

    def publicise(
        self, name: str, *, deal: str = "", last_day: int | None = None, calendars: Sequence[str] = ()
    ) -> None:
        """The start of the notice; without a last day it has none."""
        premises = [(ev.PREMISE_KIND_POLICY, self.named[self.deals[deal or name].policy])]
        premises += [(ev.PREMISE_KIND_CALENDAR, self.named[calendar]) for calendar in calendars]
        draft = self.handle("application_publicised", name, CLERK, premises=premises)
        draft.event.application_publicised.last_notice_day = self.today - 1 if last_day is None else last_day

    def objection(self, label: str, name: str) -> None:
        """An objection to an application."""
        statement = application_pb2.ObjectionRecord(
            objection_id=ident(f"objection {label}"), application_id=ident(f"application {name}")
        )
        self._on_application(
            f"objection {label}",
            "objection_recorded",
            self.basis(statement, 2),
            CLERK,
            name,
            self._applied(name),
        )

    def decision(self, label: str, name: str, *, upheld: bool) -> None:
        """The decision on an objection."""
        statement = application_pb2.ObjectionDecision(objection_id=ident(f"objection {label}"), upheld=upheld)
        objection = self.named[f"objection {label}"]
        draft = self._on_application(
            f"decision {label}",
            "objection_decided",
            self.basis(statement, 3),
            REVIEWER,
            name,
            [*self._applied(name), (ev.PREMISE_KIND_OBJECTION, objection)],
        )
        draft.subject = objection

    def _applied(self, name: str) -> list[tuple[int, int]]:
        return [(ev.PREMISE_KIND_APPLICATION, self.named[f"application {name}"])]

    def _on_application(
        self,
        label: str,
        kind: str,
        statement: Any,
        signer: Actor,
        name: str,
        premises: Sequence[tuple[int, int]],
    ) -> Draft:
        application_id = ident(f"application {name}")
        draft = self.add(
            kind,
            statement,
            [signer],
            actor=signer.id,
            stream=f"application/{application_id.hex()}",
            premises=premises,
            links=[(ev.LINK_KIND_APPLICATION, application_id)],
        )
        self.newest[name] = len(self.drafts) - 1
        return self.name(label, draft)

    def voucher_link(self, name: str) -> LinkTotals:
        """The link of a voucher with its totals now."""
        return (ev.LINK_KIND_VOUCHER, ident(f"voucher {name}"), tuple(self.faces[name]))

    def year_link(self, name: str) -> LinkTotals:
        """The link of the beneficiary in the programme of contract `name`."""
        deal = self.deals[name]
        year_id = deal.programme + deal.buyer.id
        return (ev.LINK_KIND_BENEFICIARY_YEAR, year_id, (self.granted.get(year_id, 0),))

    def take_room(self, name: str, amount: int) -> None:
        """Granted and public money of contract `name` grow by so much."""
        deal = self.deals[name]
        year_id = deal.programme + deal.buyer.id
        self.granted[year_id] = self.granted.get(year_id, 0) + amount
        self.public[name] = self.public.get(name, 0) + amount

    def voucher(self, name: str, face: int, *, days: int = 59) -> None:
        """An application on contract `name`, all its handling without notice, and the voucher on it."""
        self.application(name)
        self.check_and_review(name)
        self.publicise(name)
        self.issue(name, face, days=days)

    def issue(self, name: str, face: int, *, days: int = 59) -> None:
        """The voucher on a publicised application."""
        programme = self.deals[name].programme
        postings = self.move(ev.ACCOUNT_ENCUMBERED, ev.ACCOUNT_AVAILABLE, face, programme)
        self.take_room(name, face)
        self.faces[name] = [face, 0, 0, 0, 0]
        links = [self.programme_link(programme), self.year_link(name), self.voucher_link(name)]
        draft = self._grant("voucher_issued", name, [*links, *self.contract_link(name)], postings)
        issued = draft.event.voucher_issued
        issued.face_fen, issued.valid_from_day, issued.valid_until_day = face, self.today, self.today + days
        self.name(f"voucher {name}", draft)

    def queue(self, name: str, entitlement: int) -> None:
        """A publicised application waits for the allocation."""
        self.queued[name] = entitlement
        self.take_room(name, entitlement)
        draft = self._grant("grant_queued", name, [self.year_link(name), *self.contract_link(name)], [])
        draft.event.grant_queued.entitlement_fen = entitlement
        self.name(f"queue {name}", draft)

    def _grant(
        self, kind: str, name: str, links: list[LinkTotals], postings: list[tuple[int, bytes, int]]
    ) -> Draft:
        voucher_id, application_id = ident(f"voucher {name}"), ident(f"application {name}")
        grant = voucher_pb2.VoucherGrant(voucher_id=voucher_id, application_id=application_id)
        policy = self.named[self.deals[name].policy]
        return self.add(
            kind,
            self.basis(grant, 4),
            [APPROVERS[0]],
            actor=APPROVERS[0].id,
            stream=f"voucher/{voucher_id.hex()}",
            subject=self.newest[name],
            premises=[
                *self._applied(name),
                *self.contract_premise(name),
                (ev.PREMISE_KIND_POLICY, policy),
                (ev.PREMISE_KIND_NOTICE, self.named[f"notice {name}"]),
            ],
            links=[*links, (ev.LINK_KIND_APPLICATION, application_id, ())],
            postings=postings,
        )

    def allocation(self, label: str, shares: Mapping[str, int], *, programme: bytes = CORPORA) -> None:
        """The allocation of the queue, and what each grant in it gets."""
        statement = programme_pb2.FundAllocation(programme_id=programme)
        draft = self.add(
            "funds_allocated",
            self.basis(statement, 2),
            [CLERK, APPROVERS[0]],
            actor=CLERK.id,
            stream=f"programme/{programme.hex()}",
            links=[self.programme_link(programme)],
        )
        draft.event.funds_allocated.queued_fen = sum(self.queued[name] for name in shares)
        draft.event.funds_allocated.available_fen = self.accounts[programme][0]
        self.name(f"allocation {label}", draft)
        for number, (name, share) in enumerate(shares.items(), start=1):
            self._allot(name, share, number)

    def _allot(self, name: str, share: int, ordinal: int, *, days: int = 59) -> None:
        programme, voucher_id = self.deals[name].programme, ident(f"voucher {name}")
        postings = self.move(ev.ACCOUNT_ENCUMBERED, ev.ACCOUNT_AVAILABLE, share, programme)
        self.take_room(name, share - self.queued.pop(name))
        self.faces[name] = [share, 0, 0, 0, 0]
        draft = self.system(
            "voucher_allotted",
            f"voucher/{voucher_id.hex()}",
            premises=[
                (ev.PREMISE_KIND_GRANT, self.named[f"queue {name}"]),
                (ev.PREMISE_KIND_POLICY, self.named[self.deals[name].policy]),
            ],
            links=[
                self.programme_link(programme),
                self.year_link(name),
                self.voucher_link(name),
                *self.contract_link(name),
                (ev.LINK_KIND_APPLICATION, ident(f"application {name}"), ()),
            ],
            postings=postings,
        )
        draft.event.ordinal = ordinal
        allotted = draft.event.voucher_allotted
        allotted.voucher_id, allotted.face_fen = voucher_id, share
        allotted.valid_from_day, allotted.valid_until_day = self.today, self.today + days
        self.name(f"voucher {name}", draft)


__all__ = ["DAY_0", "PROGRAMME", "Casework", "LinkTotals"]
