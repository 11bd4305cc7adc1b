"""A ledger of any size in seconds: whole life cycles through the real rules and fold, nobody's signatures.

The rules decide every act and the store gets every row that it would get; events are stored as a few bytes,
because no rule reads them. Some cycles stop half-way, so that each kind of command has something to act on.
This module must not measure anything.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger.app.decisions import Prepared
from ledger.client.signing import SigningKey
from ledger.codec.registry import event_name
from ledger.domain import acts, rules
from ledger.domain import statements as say
from ledger.domain.attestation import PricedModel, UsageAttestation, UsageLines
from ledger.domain.commands import Command
from ledger.domain.days import day_from_civil, start_ms
from ledger.domain.entities import Admission, Device, Key, LedgerInfo, Officer, Participant
from ledger.domain.journal import Head, LinkKind, Recorded
from ledger.domain.policy import Instrument, Origin, PolicyParameters
from ledger.domain.rejections import Rejection
from ledger.domain.state import State
from ledger.domain.vocabulary import Clock, ParticipantKind, Purpose, Role
from ledger.store.port import Record, RequestRow

if TYPE_CHECKING:
    from ledger.domain.journal import Draft
    from ledger.store.port import LedgerRecorder

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
FIRST_DAY = day_from_civil(2026, 1, 5)
GRANT_MS, USE_MS = start_ms(FIRST_DAY), start_ms(FIRST_DAY + 90)
DEVICES = 2_000
CLAIMS = 6
PRICE_FEN = 4_800
USED_FEN = CLAIMS * PRICE_FEN
SLOT_MS = 2 * HOUR_MS
CONTRACT_FEN = 1_000_000
CYCLES_A_COMMIT = 100
CYCLES_A_FIRM = 10
ITEM = "card-hour"
MODEL = PricedModel(vendor="nvidia", model="V100M32", origin=Origin.FOREIGN, unit_price_fen=PRICE_FEN)
LEDGER_ID, BUREAU_ID, PROGRAMME_ID, PROVIDER_ID = (
    name.encode().ljust(16, b".") for name in ("ledger", "bureau", "programme", "provider")
)
OFFICES = {
    "clerk": Role.CLERK,
    "reviewer": Role.REVIEWER,
    "approver": Role.APPROVER,
    "second": Role.APPROVER,
    "payer": Role.PAYER,
}
STAGES = ("noticed", "used", "requested", "paid", "paid", "paid", "paid", "paid")
"""Where the cycles stop, in turn."""
_BY_STATEMENT = {act.statement: act for act in acts.ACTS}
_BY_EVENT = {act.event: act for act in (*acts.ACTS, *acts.SYSTEM_ACTS)}


def ident(kind: str, number: int) -> bytes:
    """The 16-byte id of the n-th thing of a kind."""
    return kind.encode()[:6].ljust(6, b".") + number.to_bytes(10, "big")


def device_id(number: int) -> bytes:
    """The id of a device."""
    return ident("device", number % DEVICES)


def digest(kind: str, number: int) -> bytes:
    """A 32-byte digest of the n-th thing of a kind."""
    return ident(kind, number) * 2


def slot_ms(number: int) -> int:
    """When the n-th claim's use begins; the hour before is free on its device."""
    return GRANT_MS + HOUR_MS + number // DEVICES * SLOT_MS


@dataclass(slots=True)
class Population:
    """A state and a store that grow together; `stages` has the cycles by where they stopped."""

    recorder: LedgerRecorder
    keys: dict[str, SigningKey] = field(default_factory=dict)
    state: State = field(default_factory=State)
    stages: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in STAGES})
    size: int = 0
    head: bytes = bytes(32)
    cycles: int = 0
    _requests: int = 0

    def grow(self, events: int) -> None:
        """Add whole life cycles until there are so many events or a few more."""
        if not self.size:
            self._found()
        while self.size < events:
            prepared = Prepared(self.size, self.head, USE_MS)
            for _ in range(CYCLES_A_COMMIT):
                self._cycle(prepared, self.cycles)
                self.cycles += 1
                if self.size + len(prepared.records) >= events:
                    break
            stored = [record.to_stored_event() for record in prepared.records]
            self.recorder.insert_events(stored, batch=prepared.batch(self.state))
            self.state.commit()
            self.size, self.head = self.size + len(stored), prepared.head

    # What is there at the beginning, put into the state as a fold would

    def _found(self) -> None:
        state = self.state
        state.info = LedgerInfo(
            ledger_id=LEDGER_ID,
            origin="bench",
            clock=Clock.SIMULATED,
            root_threshold=2,
            root_persons={},
            bureau_ids=frozenset((BUREAU_ID,)),
            genesis_leaf_hash=bytes(32),
        )
        for number, (name, role) in enumerate(OFFICES.items()):
            officer_id = ident("office", number)
            state.officers[officer_id] = Officer(
                officer_id=officer_id,
                bureau_id=BUREAU_ID,
                role=role,
                person_tag=digest("person", number),
                index=0,
            )
            self._key(name, officer_id)
        self._party("provider", PROVIDER_ID, ParticipantKind.COMPUTE)
        state.admissions[PROVIDER_ID] = Admission(
            index=0, batch=1, items={ITEM: FIRST_DAY}, from_day=FIRST_DAY
        )
        for number in range(DEVICES):
            state.devices[device_id(number)] = Device(PROVIDER_ID, MODEL.vendor, MODEL.model, MODEL.origin, 0)
            state.heads[LinkKind.DEVICE][device_id(number)] = Head(0, (0,))
        state.commit()
        prepared = Prepared(0, self.head, GRANT_MS)
        parameters = PolicyParameters(
            appropriation_fen=10**13,
            rate_bp=5_000,
            startup_rate_bp=5_000,
            cap_fen=10**12,
            startup_cap_fen=10**12,
            hard_cap_fen=10**12,
            startup_stacking_ceiling_bp=10_000,
            public_notice_days=0,
        )
        opening = say.ProgrammeOpening(
            **self._decided("clerk", "approver"),
            programme_id=PROGRAMME_ID,
            instrument=Instrument.GPU_TRAINING,
            fiscal_year=2026,
            appropriation_fen=parameters.appropriation_fen,
        )
        self._tell(prepared, opening)
        policy = say.PolicyPublication(
            **self._decided("clerk", "approver"),
            programme_id=PROGRAMME_ID,
            version=1,
            parameters=parameters,
        )
        self._tell(prepared, policy)
        stored = [record.to_stored_event() for record in prepared.records]
        self.recorder.insert_events(stored, batch=prepared.batch(state))
        state.commit()
        self.size, self.head = len(stored), prepared.head

    def _key(self, name: str, owner_id: bytes) -> None:
        key = self.keys[name] = SigningKey.generate()
        self.state.keys[key.key_id] = Key(
            key_id=key.key_id,
            algorithm=key.algorithm,
            public_key=key.public_key,
            owner_id=owner_id,
            registered_index=0,
        )

    def _party(self, name: str, participant_id: bytes, kind: ParticipantKind) -> None:
        self._key(name, participant_id)
        self.state.participants[participant_id] = Participant(
            participant_id=participant_id,
            kind=kind,
            credit_code=name,
            person_tag=b"",
            registered_day=FIRST_DAY - 3_000,
            index=0,
        )

    # One life cycle

    def _cycle(self, prepared: Prepared, number: int) -> None:
        stage = STAGES[number % len(STAGES)]
        self.stages[stage].append(number)
        self._apply(prepared, number)
        if stage == "noticed":
            return
        self._tell(
            prepared,
            say.VoucherGrant(
                **self._decided("approver"),
                voucher_id=ident("voucher", number),
                application_id=ident("application", number),
                subject=self._subject(self.state.applications[ident("application", number)]),
                named_approval=False,
            ),
        )
        for claim in range(number * CLAIMS, (number + 1) * CLAIMS):
            self._tell(prepared, self._claim(number, claim), USE_MS)
        self._papers(prepared, number)
        if stage != "used":
            self._redeem(prepared, number, paid=stage == "paid")

    def _apply(self, prepared: Prepared, number: int) -> None:
        firm = number // CYCLES_A_FIRM
        buyer, buyer_id = f"firm-{firm}", ident("firm", firm)
        if buyer not in self.keys:
            self._party(buyer, buyer_id, ParticipantKind.ENTERPRISE)
        contract_id, application_id = ident("contract", number), ident("application", number)
        self._tell(
            prepared,
            say.ContractRegistration(
                header=self._header(buyer, "provider"),
                contract_id=contract_id,
                beneficiary_id=buyer_id,
                provider_id=PROVIDER_ID,
                fingerprint=digest("contract", number),
                document_digest=digest("document", number),
                item=ITEM,
                signed_day=FIRST_DAY,
                from_day=FIRST_DAY,
                to_day=FIRST_DAY + 360,
                amount_fen=CONTRACT_FEN,
                prices=(say.ModelPrice(model="", unit_price_fen=PRICE_FEN),),
                excluded=(),
                origin_amounts=(),
                filing_number="",
                exchange_trade="",
            ),
        )
        self._tell(
            prepared,
            say.ApplicationSubmission(
                header=self._header(buyer),
                application_id=application_id,
                programme_id=PROGRAMME_ID,
                contract_id=contract_id,
            ),
        )
        for kind, officer, more in (
            (say.ApplicationCheck, "clerk", {}),
            (say.ApplicationReview, "reviewer", {"proposed_fen": 0}),
            (say.ApplicationPublication, "clerk", {}),
        ):
            subject = self._subject(self.state.applications[application_id])
            values = self._decided(officer) | {"application_id": application_id, "subject": subject} | more
            self._tell(prepared, kind(**values))

    def _claim(self, number: int, claim: int) -> UsageAttestation:
        return UsageAttestation(
            header=self._header("provider"),
            claim_id=ident("claim", claim),
            programme_id=PROGRAMME_ID,
            provider_id=PROVIDER_ID,
            voucher_id=ident("voucher", number),
            contract_digest=digest("document", number),
            beneficiary_id=ident("firm", number // CYCLES_A_FIRM),
            purpose=Purpose.TRAINING,
            strings=(),
            models=(MODEL,),
            device_ids=(device_id(claim),),
            device_models=(0,),
            base_ms=slot_ms(claim),
            lines=UsageLines(
                device=(0,),
                node=(),
                cluster=(),
                job=(),
                start_offset_ms=(0,),
                duration_ms=(HOUR_MS,),
                allocated_ms=(HOUR_MS,),
                active_ms=(),
                energy_wh=(),
                amount_fen=(PRICE_FEN,),
            ),
            total_allocated_ms=HOUR_MS,
            total_active_ms=0,
            total_energy_wh=0,
            total_amount_fen=PRICE_FEN,
            raw_log_digest=bytes(32),
            raw_log_rows=1,
            sequence=claim + 1,
            previous_digest=b"",
            superseding_reason=0,
        )

    def _papers(self, prepared: Prepared, number: int) -> None:
        values = {"contract_id": ident("contract", number), "amount_fen": USED_FEN}
        invoice = say.InvoiceRegistration(
            header=self._header("provider"),
            fingerprint=digest("invoice", number),
            net_amount_fen=USED_FEN,
            issued_day=FIRST_DAY,
            document_digest=bytes(32),
            **values,
        )
        payment = say.PaymentRegistration(
            header=self._header(f"firm-{number // CYCLES_A_FIRM}"),
            fingerprint=digest("payment", number),
            paid_day=FIRST_DAY,
            document_digest=bytes(32),
            **values,
        )
        self._tell(prepared, invoice, USE_MS)
        self._tell(prepared, payment, USE_MS)

    def _redeem(self, prepared: Prepared, number: int, *, paid: bool) -> None:
        redemption_id = ident("redemption", number)
        request = say.RedemptionRequest(
            header=self._header(f"firm-{number // CYCLES_A_FIRM}"),
            redemption_id=redemption_id,
            voucher_id=ident("voucher", number),
            claim_ids=tuple(ident("claim", number * CLAIMS + claim) for claim in range(CLAIMS)),
            invoices=(say.EvidenceUse(fingerprint=digest("invoice", number), amount_fen=USED_FEN),),
            payments=(say.EvidenceUse(fingerprint=digest("payment", number), amount_fen=USED_FEN),),
            instalments_bp=(),
            payee_commitment=bytes(32),
            payee_tag=b"",
        )
        self._tell(prepared, request, USE_MS)
        if not paid:
            return
        amount = {"amount_fen": USED_FEN // 2}
        payee = {"payee_commitment": bytes(32)}
        reference = {"reference_fingerprint": bytes(32), "paid_day": FIRST_DAY}
        steps: tuple[tuple[type, str, dict[str, Any]], ...] = (
            (say.RedemptionVerification, "reviewer", amount),
            (say.RedemptionApproval, "approver", amount | payee),
            (say.RedemptionApproval, "second", amount | payee),
            (say.PaymentOrder, "payer", amount | payee | {"instalment": 1, "attempt": 1}),
            (say.PaymentConfirmation, "payer", amount | reference | {"instalment": 1}),
        )
        for kind, officer, more in steps:
            subject = self._subject(self.state.redemptions[redemption_id])
            values = self._decided(officer) | {"redemption_id": redemption_id, "subject": subject} | more
            self._tell(prepared, kind(**values), USE_MS)

    # Statements, and what becomes of them

    def _header(self, *signers: str) -> say.StatementHeader:
        self._requests += 1
        return say.StatementHeader(
            ledger_id=LEDGER_ID,
            request_id=ident("request", self._requests),
            key_ids=tuple(self.keys[name].key_id for name in signers),
            not_after_ms=0,
        )

    def _decided(self, *officers: str) -> dict[str, Any]:
        """Header and basis of a decision."""
        basis = say.DecisionBasis(
            bureau_id=BUREAU_ID, role=OFFICES[officers[0]], reason_code="BENCH", evidence_digests=()
        )
        return {"header": self._header(*officers), "basis": basis}

    @staticmethod
    def _subject(found: Any) -> say.SubjectReference:
        return say.SubjectReference(leaf_index=found.subject_index, leaf_hash=found.subject_hash)

    def _tell(self, prepared: Prepared, statement: Any, now_ms: int = GRANT_MS) -> None:
        """Decide a statement, fold its events and note their rows; RuntimeError where it is refused."""
        state, header = self.state, statement.header
        act = _BY_STATEMENT[type(statement)]
        command: Command[Any] = Command(
            statement=statement,
            header=header,
            payload_digest=bytes(32),
            submitter=b"",
            keys=tuple(state.keys.get(key_id) for key_id in header.key_ids),
            now_ms=now_ms,
        )
        drafts = rules.decide(act, state, command)
        if isinstance(drafts, Rejection):
            raise RuntimeError(f"{act.name}: {drafts}")  # noqa: TRY004 - a refusal is no wrong type
        first = prepared.size_before + len(prepared.records)
        for draft in drafts:
            recorded = self._fold(prepared, statement, draft, now_ms)
            for after in act.follow_up(state, recorded) if act.follow_up else ():
                self._fold(prepared, statement, after, now_ms)
        actor = drafts[0].actor or b""
        row = RequestRow(actor, header.request_id, bytes(32), first)
        prepared.requests[actor, header.request_id] = row

    def _fold(self, prepared: Prepared, statement: Any, draft: Draft, now_ms: int) -> Recorded:
        state = self.state
        index = prepared.size_before + len(prepared.records)
        data = index.to_bytes(8, "big")
        recorded = Recorded(
            index=index,
            leaf_hash=hashlib.sha256(data).digest(),
            recorded_ms=now_ms,
            stream_id=draft.stream_id,
            stream_version=(state.streams.get(draft.stream_id) or 0) + 1,
            payload=draft.payload,
            statement=statement,
            links=draft.links,
            size_bytes=len(data),
        )
        act = _BY_EVENT[type(draft.payload)]
        rules.evolve(act, state, recorded)
        if act.record is not None:
            act.record(state, recorded)
        prepared.records.append(
            Record(
                stream_id=draft.stream_id,
                stream_version=recorded.stream_version,
                type_name=event_name(draft.payload),
                data=data,
            )
        )
        prepared.leaf_hashes.append(recorded.leaf_hash)
        return recorded
