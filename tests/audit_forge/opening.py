"""The first half of a forged year: genesis, officers, participants, programme, contracts."""

from __future__ import annotations

from typing import Any

from audit_forge.book import START_MS, Book
from audit_forge.draft import ORIGIN, VKEY, Actor, Draft, ident
from audit_forge.people import (
    ADMINS,
    APPROVERS,
    BUREAU,
    BUYER,
    CLERK,
    OFFICERS,
    PERSON,
    ROOTS,
    SELLER,
    SELLER_2,
    SELLER_3,
    credit_code,
)
from ledger.proof.ed25519 import ED25519
from ledger.v1 import contract_pb2, genesis_pb2, programme_pb2, registry_pb2
from ledger.v1 import event_pb2 as ev

DAY_0 = (START_MS + 28_800_000) // 86_400_000
PROGRAMME = ident("programme")
DEVICES = [ident(f"device {n}") for n in range(3)]
MODEL = ("nvidia", "h100", 2)
PRICE = 36_000
APPROPRIATION = 50_000_000
CONTRACTS = {"a": 800_000, "b": 400_000}


class Opening(Book):
    """Adds the acts that come before any voucher, and names every draft."""

    def __init__(self) -> None:
        super().__init__()
        self.named: dict[str, int] = {}

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
        stream = f"participant/{SELLER.id.hex()}"
        link = [(ev.LINK_KIND_PARTICIPANT, SELLER.id)]
        self.name(
            "certificate",
            self.add(
                "certificate_registered", certificate, ADMINS, actor=ADMINS[0].id, stream=stream, links=link
            ),
        )
        premise = [(ev.PREMISE_KIND_PARTICIPANT, self.named["provider"])]
        admission = registry_pb2.ProviderAdmission(
            provider_id=SELLER.id, batch=1, items=["gpu-training"], from_day=DAY_0 - 10
        )
        self.name(
            "admission",
            self.add(
                "provider_admitted",
                self.basis(admission, 2),
                [CLERK, APPROVERS[0]],
                actor=CLERK.id,
                stream=stream,
                premises=premise,
                links=link,
            ),
        )
        devices = registry_pb2.DeviceRegistration(
            provider_id=SELLER.id, device_ids=DEVICES, device_models=[0] * len(DEVICES)
        )
        devices.models.add(vendor=MODEL[0], model=MODEL[1], origin=MODEL[2])
        links = link + [(ev.LINK_KIND_DEVICE, device, (0,), n) for n, device in enumerate(DEVICES)]
        self.name(
            "devices",
            self.add(
                "devices_registered",
                devices,
                [SELLER, CLERK],
                actor=SELLER.id,
                stream=stream,
                premises=premise,
                links=links,
            ),
        )

    def programme(self) -> None:
        """A programme and its first policy."""
        opening = programme_pb2.ProgrammeOpening(
            programme_id=PROGRAMME,
            instrument=1,  # type: ignore[arg-type]
            fiscal_year=2026,
            appropriation_fen=APPROPRIATION,
        )
        stream = f"programme/{PROGRAMME.hex()}"
        self.name(
            "programme",
            self.add(
                "programme_opened",
                self.basis(opening, 2),
                [CLERK, APPROVERS[0]],
                actor=CLERK.id,
                stream=stream,
                links=[(ev.LINK_KIND_PROGRAMME, PROGRAMME, (APPROPRIATION, 0, 0, 0, 0, 0, 0))],
                postings=[
                    (ev.ACCOUNT_AVAILABLE, PROGRAMME, APPROPRIATION),
                    (ev.ACCOUNT_APPROPRIATION, PROGRAMME, -APPROPRIATION),
                ],
            ),
        )
        policy = programme_pb2.PolicyPublication(programme_id=PROGRAMME, version=1)
        policy.parameters.CopyFrom(parameters())
        self.name(
            "policy",
            self.add(
                "policy_published",
                self.basis(policy, 2),
                [CLERK, APPROVERS[0]],
                actor=CLERK.id,
                stream=stream,
                links=[(ev.LINK_KIND_POLICY, PROGRAMME)],
            ),
        )

    def contract(self, name: str) -> None:
        """Contract `name` with one invoice and one payment of its whole amount."""
        amount = CONTRACTS[name]
        contract_id = ident(f"contract {name}")
        terms = contract_pb2.ContractRegistration(
            contract_id=contract_id,
            beneficiary_id=BUYER.id,
            provider_id=SELLER.id,
            fingerprint=ident(f"contract number {name}", 32),
            document_digest=ident(f"contract document {name}", 32),
            item="gpu-training",
            signed_day=DAY_0 - 5,
            from_day=DAY_0 - 3,
            to_day=DAY_0 + 300,
            amount_fen=amount,
        )
        if name == "a":
            terms.prices.add(model="h100", unit_price_fen=PRICE)
            terms.prices.add(unit_price_fen=PRICE * 2)
            terms.excluded.add(item="storage", amount_fen=100_000)
            terms.excluded.add(item="network", amount_fen=50_000)
            terms.origin_amounts.add(origin=1, amount_fen=300_000)
            terms.origin_amounts.add(origin=2, amount_fen=500_000)
        links = [(ev.LINK_KIND_CONTRACT, contract_id, (0, 0))]
        stream = f"contract/{contract_id.hex()}"
        signers = [BUYER, SELLER]
        self.name(
            f"contract {name}",
            self.add("contract_registered", terms, signers, actor=BUYER.id, stream=stream, links=links),
        )
        invoice = contract_pb2.InvoiceRegistration(
            contract_id=contract_id,
            fingerprint=ident(f"invoice {name}", 32),
            amount_fen=amount,
            net_amount_fen=amount,
            issued_day=DAY_0,
            document_digest=ident(f"invoice document {name}", 32),
        )
        payment = contract_pb2.PaymentRegistration(
            contract_id=contract_id,
            fingerprint=ident(f"payment {name}", 32),
            amount_fen=amount,
            paid_day=DAY_0,
            document_digest=ident(f"payment document {name}", 32),
        )
        for kind, statement, signer, link in (
            ("invoice", invoice, SELLER, ev.LINK_KIND_INVOICE),
            ("payment", payment, BUYER, ev.LINK_KIND_PAYMENT),
        ):
            draft = self.add(
                f"{kind}_registered",
                statement,
                [signer],
                actor=signer.id,
                stream=f"evidence/{statement.fingerprint.hex()}",
                premises=[(ev.PREMISE_KIND_CONTRACT, self.named[f"contract {name}"])],
                links=[(link, statement.fingerprint, (0,))],
            )
            self.name(f"{kind} {name}", draft)


def parameters() -> programme_pb2.PolicyParameters:
    """A policy of one rate with cap, ceiling, minimum, start-up rule and excluded items."""
    return programme_pb2.PolicyParameters(
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
        public_notice_days=5,
        validity_months=2,
        allocation=programme_pb2.ALLOCATION_FCFS,
        payee=programme_pb2.PAYEE_APPLICANT,
        mode=programme_pb2.MODE_QUOTA,
        allowed_vendors=["nvidia", "huawei"],
        excluded_items=["storage"],
        contract_not_before_day=DAY_0 - 100,
    )
