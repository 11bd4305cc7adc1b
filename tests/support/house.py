"""A whole ledger in one process for tests: real store, real signatures, real rules, no network.

`House.submit` takes a statement with its signers by name; `House.export` writes what an auditor reads.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger.app.clock import SimulatedClock
from ledger.app.outcomes import Accepted, Outcome
from ledger.client.signing import SigningKey, make_envelope, new_id
from ledger.client.statements import contract, programme, redemption, registry, shared
from ledger.codec.envelopes import SignedEnvelope, from_message
from ledger.domain.days import day_of_ms, start_ms
from ledger.domain.policy import Instrument, PolicyParameters
from ledger.domain.vocabulary import ParticipantKind, Role
from ledger.proof.merkle import Frontier
from ledger.proof.tiles import TILE_WIDTH, bundle_at, encode_bundle, grown_tiles
from ledger.v1 import claim_pb2
from ledger_play.actors import credit_code
from ledger_play.ceremony import OFFICERS, DevelopmentLedger, open_development_ledger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence
    from pathlib import Path

    from ledger.app.ledger import Ledger
    from ledger.client.acts import Statement
    from ledger_server.directory import LedgerDirectory

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
START_MS = start_ms(20_458) + 9 * HOUR_MS  # 2026-01-05 09:00 +08:00
ITEM = "card-hour"
MODEL = ("nvidia", "H800", 2)
PRICE_FEN = 2000


def policy(**changes: Any) -> PolicyParameters:
    """A plain policy: half of the base, caps and appropriation far away."""
    values: dict[str, Any] = {
        "appropriation_fen": 50_000_000_000,
        "rate_bp": 5000,
        "startup_rate_bp": 6000,
        "cap_fen": 1_000_000_000,
        "startup_cap_fen": 600_000_000,
        "hard_cap_fen": 1_000_000_000,
        "startup_stacking_ceiling_bp": 10_000,
        "startup_max_age_months": 12,
    }
    return PolicyParameters(**(values | changes))


def digest(label: str) -> bytes:
    """A digest made from a label."""
    return hashlib.sha256(label.encode()).digest()


@dataclass
class House:
    """A ledger with its officers; parties are added by `party`."""

    root: Path
    made: DevelopmentLedger
    ledger: Ledger
    loop: asyncio.AbstractEventLoop
    clock: SimulatedClock
    ids: dict[str, bytes] = field(default_factory=dict)
    keys: dict[str, SigningKey] = field(default_factory=dict)
    heads: dict[tuple[bytes, bytes], tuple[int, bytes]] = field(default_factory=dict)

    @classmethod
    def open(cls, root: Path, *, now_ms: int = START_MS) -> House:
        """Make a new ledger in an empty folder and open it."""
        made = open_development_ledger(
            root, profile="shenzhen-2026", server="127.0.0.1:1", hosts=("localhost",), now_ms=now_ms
        )
        loop = asyncio.new_event_loop()
        clock = SimulatedClock()
        house = cls(root, made, cls._open(made.directory, loop, clock), loop, clock)
        house.ledger.set_clock(now_ms)
        for name, _ in OFFICERS:
            house.keys[name] = SigningKey.load(made.directory.keys / f"{name}.pem")
        for number in range(1, 4):
            house.keys[f"root-{number}"] = SigningKey.load(made.directory.keys / f"root-{number}.pem")
        for officer in house.ledger.state.officers.values():
            house.ids[officer.role.name + officer.officer_id.hex()] = officer.officer_id
        return house

    @staticmethod
    def _open(directory: LedgerDirectory, loop: asyncio.AbstractEventLoop, clock: SimulatedClock) -> Ledger:
        async def start() -> Ledger:
            return directory.open(clock=clock)

        return loop.run_until_complete(start())

    def run(self, awaitable: Awaitable[Any]) -> Any:
        """Run to the end on the house's loop."""
        return self.loop.run_until_complete(awaitable)

    def close(self) -> None:
        """Close the ledger and its loop."""
        self.run(self.ledger.close())
        self.loop.close()

    def reopen(self) -> None:
        """Close the ledger and fold it again from its store."""
        self.run(self.ledger.close())
        now_ms = self.clock.now_ms(0)
        self.clock = SimulatedClock()
        self.clock.set_ms(now_ms, 0)
        self.ledger = self._open(self.made.directory, self.loop, self.clock)

    def at(self, ms: int) -> None:
        """Move the ledger's clock."""
        self.ledger.set_clock(ms)

    # Submitting

    def envelope(self, act: str, statement: Statement, *signers: str, **options: Any) -> SignedEnvelope:
        """A statement signed by the named, in order."""
        keys = [self.keys[name] for name in signers]
        message = make_envelope(act, statement, keys, ledger_id=self.made.opened.ledger_id, **options)
        return from_message(message)

    def send(self, act: str, *envelopes: SignedEnvelope, submitter: str = "") -> list[Outcome]:
        """Submit envelopes as one call."""
        peer = self.ids.get(submitter, b"")
        outcomes: list[Outcome] = self.run(self.ledger.submit(envelopes, act=act, submitter=peer))
        return outcomes

    def submit(self, act: str, statement: Statement, *signers: str, **options: Any) -> Outcome:
        """Sign and submit one statement; its submitter is the first signer."""
        return self.send(act, self.envelope(act, statement, *signers, **options), submitter=signers[0])[0]

    def must(self, act: str, statement: Statement, *signers: str) -> Accepted:
        """The same, and it has to be accepted."""
        outcome = self.submit(act, statement, *signers)
        assert isinstance(outcome, Accepted), outcome
        return outcome

    def basis(self, role: Role, code: str = "TEST") -> Any:
        """The basis of an officer's decision."""
        return shared.basis(bureau_id=self.made.bureau_id, role=role, reason_code=code)

    # A programme year in short steps

    def party(
        self, name: str, kind: ParticipantKind = ParticipantKind.ENTERPRISE, *, age_days: int = 3000
    ) -> bytes:
        """Register a participant with its key."""
        self.ids[name] = participant_id = new_id()
        statement = registry.participant_registration(
            basis=self.basis(Role.CLERK),
            participant_id=participant_id,
            kind=kind,
            registered_day=day_of_ms(START_MS) - age_days,
            credit_code=credit_code(name),
        )
        self.must("participant-registration", statement, "clerk")
        self.add_key(name, name)
        return participant_id

    def add_key(self, owner: str, label: str) -> SigningKey:
        """Register a further key of a participant under a label."""
        self.keys[label] = key = SigningKey.generate()
        statement = registry.key_registration(participant_id=self.ids[owner], public_key=key.public_key)
        self.must("key-registration", statement, "keymaster", "keymaster-2", label)
        self.ids.setdefault(label, self.ids[owner])
        return key

    def provider(self, name: str = "cloud", *, devices: int = 4, from_day: int | None = None) -> list[bytes]:
        """Register and admit a provider; the ids of its devices."""
        self.party(name, ParticipantKind.COMPUTE)
        first = day_of_ms(START_MS) - 10 if from_day is None else from_day
        admission = registry.provider_admission(
            basis=self.basis(Role.CLERK), provider_id=self.ids[name], items=[ITEM], from_day=first
        )
        self.must("provider-admission", admission, "clerk", "approver-1")
        ids = [digest(f"{name} device {number}")[:16] for number in range(devices)]
        statement = registry.device_registration(
            provider_id=self.ids[name], models=[MODEL], devices=[(device, 0) for device in ids]
        )
        self.must("device-registration", statement, name, "clerk")
        return ids

    def programme(self, parameters: PolicyParameters | None = None, name: str = "gpu") -> bytes:
        """Open a programme with its first policy."""
        parameters = parameters or policy()
        self.ids[name] = programme_id = new_id()
        opening = programme.programme_opening(
            basis=self.basis(Role.CLERK),
            programme_id=programme_id,
            instrument=Instrument.GPU_TRAINING,
            fiscal_year=2026 + sum(1 for _ in self.ledger.state.programmes.values()),
            appropriation_fen=parameters.appropriation_fen,
        )
        self.must("programme-opening", opening, "clerk", "approver-1")
        self.publish(parameters, name)
        return programme_id

    def publish(self, parameters: PolicyParameters, name: str = "gpu") -> Accepted:
        """Put the next policy version in force."""
        current = self.ledger.state.policies.get(self.ids[name])
        statement = programme.policy_publication(
            basis=self.basis(Role.CLERK),
            programme_id=self.ids[name],
            version=1 if current is None else current.version + 1,
            parameters=parameters,
        )
        return self.must("policy-publication", statement, "clerk", "approver-1")

    def contract(
        self, name: str, buyer: str, seller: str = "cloud", *, amount_fen: int, days: int = 300
    ) -> bytes:
        """Register a contract from the opening day on."""
        self.ids[name] = contract_id = new_id()
        first = day_of_ms(START_MS)
        statement = contract.contract_registration(
            contract_id=contract_id,
            beneficiary_id=self.ids[buyer],
            provider_id=self.ids[seller],
            fingerprint=digest(f"number {name}"),
            document_digest=digest(f"document {name}"),
            item=ITEM,
            signed_day=first - 1,
            from_day=first,
            to_day=first + days,
            amount_fen=amount_fen,
            prices={"": PRICE_FEN},
        )
        self.must("contract-registration", statement, buyer, seller)
        return contract_id

    def apply(self, name: str, buyer: str, contract_name: str, programme_name: str = "gpu") -> Outcome:
        """Apply for a voucher."""
        self.ids[name] = new_id()
        statement = contract.application_submission(
            application_id=self.ids[name],
            programme_id=self.ids[programme_name],
            contract_id=self.ids[contract_name],
        )
        return self.submit("application-submission", statement, buyer)

    def grant(self, name: str, application: str, by: str = "approver-1") -> Outcome:
        """Grant an application."""
        self.ids[name] = new_id()
        found = self.ledger.state.applications[self.ids[application]]
        statement = programme.voucher_grant(
            basis=self.basis(Role.APPROVER),
            voucher_id=self.ids[name],
            application_id=self.ids[application],
            subject=shared.subject(leaf_index=found.subject_index, leaf_hash=found.subject_hash),
        )
        return self.submit("voucher-grant", statement, by)

    def voucher(self, name: str, buyer: str, *, amount_fen: int, programme_name: str = "gpu") -> Outcome:
        """Contract, application and grant in one."""
        self.contract(f"contract of {name}", buyer, amount_fen=amount_fen)
        applied = self.apply(f"application of {name}", buyer, f"contract of {name}", programme_name)
        return applied if not isinstance(applied, Accepted) else self.grant(name, f"application of {name}")

    def attestation(
        self,
        voucher: str,
        lines: Sequence[tuple[bytes, int, int]],
        *,
        provider: str = "cloud",
        **changes: Any,
    ) -> claim_pb2.UsageAttestation:
        """An attestation of (device, start ms, end ms) lines, fully allocated, at the contract's price."""
        found = self.ledger.state.vouchers[self.ids[voucher]]
        devices = list(dict.fromkeys(device for device, _, _ in lines))
        base = min(start for _, start, _ in lines)
        used = [end - start for _, start, end in lines]
        amounts = [ms * PRICE_FEN // HOUR_MS for ms in used]
        sequence, previous = self.heads.get((self.ids[provider], found.voucher_id), (0, b""))
        vendor, model, origin = MODEL
        statement = claim_pb2.UsageAttestation(
            claim_id=new_id(),
            programme_id=found.programme_id,
            provider_id=self.ids[provider],
            voucher_id=found.voucher_id,
            contract_digest=found.contract_digest,
            beneficiary_id=found.beneficiary_id,
            purpose=claim_pb2.PURPOSE_TRAINING,
            models=[
                claim_pb2.PricedModel(vendor=vendor, model=model, origin=origin, unit_price_fen=PRICE_FEN)
            ],
            device_ids=devices,
            device_models=[0] * len(devices),
            base_ms=base,
            lines=claim_pb2.UsageLines(
                device=[devices.index(device) for device, _, _ in lines],
                start_offset_ms=[start - base for _, start, _ in lines],
                duration_ms=used,
                allocated_ms=used,
                amount_fen=amounts,
            ),
            total_allocated_ms=sum(used),
            total_amount_fen=sum(amounts),
            raw_log_digest=digest("log"),
            raw_log_rows=len(lines),
            sequence=sequence + 1,
            previous_digest=previous,
        )
        for name, value in changes.items():
            setattr(statement, name, value)
        return statement

    def claim(
        self,
        voucher: str,
        lines: Sequence[tuple[bytes, int, int]],
        *,
        provider: str = "cloud",
        key: str = "",
        **changes: Any,
    ) -> Outcome:
        """Sign and submit an attestation; the chain of sequence numbers goes on whatever the answer."""
        statement = self.attestation(voucher, lines, provider=provider, **changes)
        envelope = self.envelope("usage-attestation", statement, key or provider)
        chain = (self.ids[provider], statement.voucher_id)
        self.heads[chain] = (statement.sequence, hashlib.sha256(envelope.payload).digest())
        return self.send("usage-attestation", envelope, submitter=provider)[0]

    def evidence(
        self, contract_name: str, *, amount_fen: int, seller: str = "cloud", buyer: str, label: str = ""
    ) -> None:
        """An invoice and a payment of one amount, named after the contract and the label."""
        shared_values = {"contract_id": self.ids[contract_name], "amount_fen": amount_fen}
        invoice = contract.invoice_registration(
            **shared_values,
            fingerprint=digest(f"invoice {contract_name} {label}"),
            net_amount_fen=amount_fen,
            issued_day=day_of_ms(START_MS),
            document_digest=digest("paper"),
        )
        self.must("invoice-registration", invoice, seller)
        payment = contract.payment_registration(
            **shared_values,
            fingerprint=digest(f"payment {contract_name} {label}"),
            paid_day=day_of_ms(START_MS),
            document_digest=digest("paper"),
        )
        self.must("payment-registration", payment, buyer)

    def redeem(
        self,
        name: str,
        voucher: str,
        buyer: str,
        *,
        amount_fen: int,
        label: str = "",
        claim_ids: Sequence[bytes] | None = None,
        instalments_bp: Sequence[int] = (),
    ) -> Outcome:
        """Ask to redeem all unused claims with `amount_fen` of the contract's invoice and payment."""
        self.ids[name] = new_id()
        if claim_ids is None:
            claims = self.run(
                self.ledger.list_claims(self.ids[voucher], unredeemed_only=True, after_index=None, limit=500)
            )
            claim_ids = [claim.claim_id for claim in claims]
        statement = redemption.redemption_request(
            redemption_id=self.ids[name],
            voucher_id=self.ids[voucher],
            claim_ids=claim_ids,
            invoices={digest(f"invoice contract of {voucher} {label}"): amount_fen},
            payments={digest(f"payment contract of {voucher} {label}"): amount_fen},
            payee_commitment=digest("account"),
            instalments_bp=instalments_bp,
        )
        return self.submit("redemption-request", statement, buyer)

    def verify(self, name: str, by: str = "reviewer", role: Role = Role.REVIEWER) -> Outcome:
        """Verify a redemption at the amount that the ledger names."""
        found = self.ledger.state.redemptions[self.ids[name]]
        statement = redemption.redemption_verification(
            basis=self.basis(role),
            redemption_id=found.redemption_id,
            subject=shared.subject(leaf_index=found.subject_index, leaf_hash=found.subject_hash),
            amount_fen=self.run(self.ledger.verifiable_fen(found.redemption_id)),
        )
        return self.submit("redemption-verification", statement, by)

    def approve(self, name: str, by: str, role: Role = Role.APPROVER) -> Outcome:
        """Approve a redemption."""
        found = self.ledger.state.redemptions[self.ids[name]]
        statement = redemption.redemption_approval(
            basis=self.basis(role),
            redemption_id=found.redemption_id,
            subject=shared.subject(leaf_index=found.subject_index, leaf_hash=found.subject_hash),
            amount_fen=found.amount_fen,
            payee_commitment=found.payee_commitment,
        )
        return self.submit("redemption-approval", statement, by)

    def order(self, name: str, by: str = "payer", role: Role = Role.PAYER) -> Outcome:
        """Order the next instalment."""
        found = self.ledger.state.redemptions[self.ids[name]]
        instalment = min(found.paid_count, len(found.instalments_bp) - 1) + 1
        statement = redemption.payment_order(
            basis=self.basis(role),
            redemption_id=found.redemption_id,
            subject=shared.subject(leaf_index=found.subject_index, leaf_hash=found.subject_hash),
            instalment=instalment,
            attempt=found.attempt + 1,
            amount_fen=found.instalments_fen()[instalment - 1],
            payee_commitment=found.payee_commitment,
        )
        return self.submit("payment-order", statement, by)

    def pay(self, name: str, by: str = "payer", *, fail: bool = False) -> Outcome:
        """Confirm the open order, or record that it failed."""
        found = self.ledger.state.redemptions[self.ids[name]]
        instalment = min(found.paid_count, len(found.instalments_bp) - 1) + 1
        values: dict[str, Any] = {
            "basis": self.basis(Role.PAYER),
            "redemption_id": found.redemption_id,
            "subject": shared.subject(leaf_index=found.subject_index, leaf_hash=found.subject_hash),
            "instalment": instalment,
            "reference_fingerprint": digest(f"reference {name} {found.attempt} {instalment}"),
        }
        if fail:
            return self.submit("payment-failure", redemption.payment_failure(**values), by)
        values |= {"amount_fen": found.instalments_fen()[instalment - 1], "paid_day": day_of_ms(START_MS)}
        return self.submit("payment-confirmation", redemption.payment_confirmation(**values), by)

    def settle(self, name: str) -> None:
        """Verify, approve twice, order and pay every instalment; each has to be accepted."""
        steps = [self.verify(name), self.approve(name, "approver-1"), self.approve(name, "approver-2")]
        for _ in self.ledger.state.redemptions[self.ids[name]].instalments_bp:
            steps += [self.order(name), self.pay(name)]
        assert [step for step in steps if not isinstance(step, Accepted)] == []

    def expire(self, voucher: str) -> Outcome:
        """Expire a voucher."""
        outcome: Outcome = self.run(
            self.ledger.expire_voucher(voucher_id=self.ids[voucher], request_id=new_id(), submitter=b"")
        )
        return outcome

    # Auditing

    def export(self, out: Path) -> Path:
        """Write the ledger as a tlog-tiles folder under its newest checkpoint."""
        signed = self.run(self.ledger.until_checkpointed(self.ledger.size - 1))
        events = [data for _, _, data in self.run(self.ledger.read(0, signed.size))]
        frontier = Frontier()
        hashes = [hashlib.sha256(b"\x00" + data).digest() for data in events]
        frontier.extend(hashes)
        assert frontier.root() == signed.root
        files = {"checkpoint": signed.note}
        for first in range(0, signed.size, TILE_WIDTH):
            path = bundle_at(index=first // TILE_WIDTH, size=signed.size)
            files[path.render()] = encode_bundle(events[first : first + TILE_WIDTH])
        for tile, data in grown_tiles(old_size=0, leaf_hashes=hashes, load_tile=lambda _: b""):
            files[tile.render()] = data
        for name, data in files.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(data)
        return out
