"""The first part of a forged year: genesis, officers, participants, keys, admissions, devices, holdings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit_forge.book import START_MS, Book
from audit_forge.draft import ORIGIN, VKEY, Actor, Draft, ident
from audit_forge.people import (
    ADMINS,
    APPROVERS,
    BUREAU,
    BUYER,
    BUYER_2,
    CLERK,
    MARKET,
    OFFICERS,
    PERSON,
    ROOTS,
    SELLER,
    SELLER_2,
    SELLER_3,
    credit_code,
)
from ledger.proof.ed25519 import ED25519
from ledger.v1 import event_pb2 as ev
from ledger.v1 import genesis_pb2, registry_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY_0 = (START_MS + 28_800_000) // 86_400_000
DEVICES = [ident(f"device {n}") for n in range(3)]
MODEL = ("nvidia", "h100", 2)
PRICE = 36_000


class Opening(Book):
    """Adds the acts that come before any voucher, and names every draft."""

    def __init__(self) -> None:
        super().__init__()
        self.admissions: dict[bytes, int] = {}
        """Leaf of the newest admission by provider."""

    def name(self, name: str, draft: Draft) -> Draft:
        """Remember a draft by name."""
        self.named[name] = len(self.drafts) - 1
        assert self.drafts[-1] is draft
        return draft

    def __getitem__(self, name: str) -> Draft:
        return self.drafts[self.named[name]]

    def basis(self, statement: Any, role: int) -> Any:
        """The statement with a basis of that role."""
        statement.basis.bureau_id = BUREAU
        statement.basis.role = role
        statement.basis.reason_code = "IN_ORDER"
        return statement

    def genesis(self, *, clock: int = genesis_pb2.CLOCK_SYSTEM) -> None:
        """Index 0."""
        genesis = genesis_pb2.Genesis(
            base_name=ORIGIN.removesuffix("/e0"),
            origin=ORIGIN,
            log_vkey=VKEY,
            format_version=1,
            rules_version=1,
            signature_algorithm=ED25519,
            hash_algorithm="sha256",
            zone="+08:00",
            clock=clock,  # type: ignore[arg-type]
            root_threshold=2,
        )
        genesis.bureaux.add(bureau_id=BUREAU, code="SZ_A")
        for root in ROOTS:
            genesis.roots.add(algorithm=ED25519, public_key=root.public_key, person_tag=root.person)
            self.keys[root.key_id] = 0
        stream = f"ledger/{self.ledger_id.hex()}"
        links = [(ev.LINK_KIND_KEY, root.key_id) for root in ROOTS]
        self.name(
            "genesis",
            self.add("ledger_opened", genesis, ROOTS, actor=self.ledger_id, stream=stream, links=links),
        )

    def officer(self, actor: Actor, role: int, name: str = "") -> None:
        """Appointed by two roots and the new key."""
        statement = registry_pb2.OfficerAppointment(
            officer_id=actor.id,
            bureau_id=BUREAU,
            role=role,  # type: ignore[arg-type]
            person_tag=actor.person,
            algorithm=ED25519,
            public_key=actor.public_key,
            certificate_sha256=ident("certificate " + actor.name, 32),
        )
        links = [(ev.LINK_KIND_KEY, actor.key_id), (ev.LINK_KIND_PARTICIPANT, actor.id)]
        draft = self.add(
            "officer_appointed",
            statement,
            [*ROOTS[:2], actor],
            actor=self.ledger_id,
            stream=f"participant/{actor.id.hex()}",
            links=links,
            new_key=actor,
        )
        self.name(name or actor.name, draft)

    def participant(self, actor: Actor, number: int, kind: int, *, registered_day: int = 10_000) -> None:
        """Registered by the clerk."""
        statement = registry_pb2.ParticipantRegistration(
            participant_id=actor.id,
            kind=kind,  # type: ignore[arg-type]
            registered_day=registered_day,
        )
        if kind == 4:
            statement.person_tag = actor.person
        else:
            statement.credit_code = credit_code(number)
        self.basis(statement, 2)
        self.name(
            actor.name,
            self.add(
                "participant_registered",
                statement,
                [CLERK],
                actor=CLERK.id,
                stream=f"participant/{actor.id.hex()}",
                links=[(ev.LINK_KIND_PARTICIPANT, actor.id)],
            ),
        )

    def key(self, actor: Actor, name: str) -> None:
        """A participant's key, by two key administrators and itself."""
        statement = registry_pb2.KeyRegistration(
            participant_id=actor.id, algorithm=ED25519, public_key=actor.public_key
        )
        links = [(ev.LINK_KIND_KEY, actor.key_id), (ev.LINK_KIND_PARTICIPANT, actor.id)]
        draft = self.add(
            "key_registered",
            statement,
            [*ADMINS, actor],
            actor=ADMINS[0].id,
            stream=f"key/{actor.key_id.hex()}",
            links=links,
            new_key=actor,
        )
        self.name(name, draft)

    def key_end(
        self, kind: str, actor: Actor, statement: Any, signers: list[Actor], name: str, who: bytes
    ) -> None:
        """A retirement or revocation."""
        statement.key_id = actor.key_id
        links = [(ev.LINK_KIND_KEY, actor.key_id)]
        stream = f"key/{actor.key_id.hex()}"
        self.name(name, self.add(kind, statement, signers, actor=who, stream=stream, links=links))

    def participant_act(
        self,
        name: str,
        kind: str,
        statement: Any,
        signers: list[Actor],
        about: Actor,
        *,
        premises: Sequence[tuple[int, int]] = (),
        links: Sequence[tuple[Any, ...]] = (),
    ) -> None:
        """An act on a participant's stream, with the participant's link first."""
        draft = self.add(
            kind,
            statement,
            signers,
            actor=signers[0].id,
            stream=f"participant/{about.id.hex()}",
            premises=premises,
            links=[(ev.LINK_KIND_PARTICIPANT, about.id), *links],
        )
        self.name(name, draft)

    def admission(self, name: str, seller: Actor, items: list[str], *, from_day: int = DAY_0 - 10) -> None:
        """An admission by clerk and approver, the first or a further one."""
        statement = registry_pb2.ProviderAdmission(
            provider_id=seller.id, batch=1, items=items, from_day=from_day
        )
        premises = [(ev.PREMISE_KIND_PARTICIPANT, self.named[seller.name]), *self.admitted(seller)]
        self.participant_act(
            name,
            "provider_admitted",
            self.basis(statement, 2),
            [CLERK, APPROVERS[0]],
            seller,
            premises=premises,
        )
        self.admissions[seller.id] = self.named[name]

    def admitted(self, seller: Actor) -> list[tuple[int, int]]:
        """The premise of the newest admission, where there is one."""
        newest = self.admissions.get(seller.id)
        return [] if newest is None else [(ev.PREMISE_KIND_ADMISSION, newest)]

    def standing(self, name: str, seller: Actor, standing: int, from_day: int) -> None:
        """A suspension (1), readmission (2) or removal (3)."""
        statement = registry_pb2.ProviderStandingChange(
            provider_id=seller.id,
            standing=standing,  # type: ignore[arg-type]
            from_day=from_day,
        )
        premises = [(ev.PREMISE_KIND_PARTICIPANT, self.named[seller.name]), *self.admitted(seller)]
        self.participant_act(
            name,
            "provider_standing_changed",
            self.basis(statement, 2),
            [CLERK, APPROVERS[0]],
            seller,
            premises=premises,
        )

    def erasure(self, name: str, about: Actor) -> None:
        """The erasure of a participant's personal data."""
        statement = registry_pb2.PersonalDataErasure(participant_id=about.id)
        premises = [(ev.PREMISE_KIND_PARTICIPANT, self.named[about.name])]
        self.participant_act(
            name, "personal_data_erased", self.basis(statement, 2), [CLERK], about, premises=premises
        )

    def holding(self, name: str, owner: bytes, owned: bytes, share_bp: int) -> None:
        """A declared holding of the day."""
        statement = registry_pb2.HoldingDeclaration(
            owner_id=owner, owned_id=owned, share_bp=share_bp, as_of_day=DAY_0 - 1
        )
        draft = self.add(
            "holding_declared",
            self.basis(statement, 2),
            [CLERK],
            actor=CLERK.id,
            stream=f"holding/{owner.hex()}{owned.hex()}",
            links=[(ev.LINK_KIND_PARTICIPANT, owner), (ev.LINK_KIND_PARTICIPANT, owned)],
        )
        self.name(name, draft)

    def registry(self) -> None:
        """Officers, participants, keys, a certificate, an admission and devices."""
        for actor, role in OFFICERS:
            self.officer(actor, role)
        self.participant(BUYER, 1, 1)
        self.participant(SELLER, 2, 5)
        self.participant(PERSON, 3, 4)
        self.key(BUYER, "buyer key")
        self.key(SELLER, "seller key")
        self.key(SELLER_2, "seller key 2")
        self.key(SELLER_3, "seller key 3")
        certificate = registry_pb2.CertificateRegistration(
            participant_id=SELLER.id, certificate_sha256=ident("certificate", 32)
        )
        self.participant_act("certificate", "certificate_registered", certificate, ADMINS, SELLER)
        self.admission("admission", SELLER, ["gpu-training"])
        devices = registry_pb2.DeviceRegistration(
            provider_id=SELLER.id, device_ids=DEVICES, device_models=[0] * len(DEVICES)
        )
        devices.models.add(vendor=MODEL[0], model=MODEL[1], origin=MODEL[2])
        self.participant_act(
            "devices",
            "devices_registered",
            devices,
            [SELLER, CLERK],
            SELLER,
            premises=[(ev.PREMISE_KIND_PARTICIPANT, self.named["provider"])],
            links=[(ev.LINK_KIND_DEVICE, device, (0,), n) for n, device in enumerate(DEVICES)],
        )

    def market(self) -> None:
        """A data exchange and a university that buys there."""
        self.participant(BUYER_2, 5, 2)
        self.participant(MARKET, 6, 7)
        self.key(BUYER_2, "university key")
        self.key(MARKET, "market key")
        self.admission("market admission", MARKET, ["corpus"])
