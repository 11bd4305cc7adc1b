"""One programme year on a real usage file: opened, granted, used, claimed, redeemed, paid and expired.

Every act is signed by the role that may do it and sent over gRPC. This module must not start servers, audit
or print.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.client.attestations import ChainHead, RawLog, sign_attestations
from ledger.client.errors import RpcRefused, reason_name
from ledger.client.lines import AttestedLine, VoucherTerms, device_id, select_lines
from ledger.client.signing import SigningKey, new_id
from ledger.client.statements import contract, programme, redemption, registry, shared
from ledger.client.usage.generic_csv import read_generic_csv
from ledger.domain.attestation import PricedModel
from ledger.domain.days import add_months, civil_from_day, day_of_ms, start_ms
from ledger.domain.identifiers import invoice_fingerprint, payment_fingerprint
from ledger.domain.policy import Instrument, Origin
from ledger.domain.quantities import usage_amount_fen
from ledger.domain.vocabulary import ParticipantKind
from ledger.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ledger.client.types import ClaimResult, Redemption
    from ledger.client.usage.rows import UsageRow
    from ledger.domain.policy import PolicyParameters
    from ledger_play.actors import Actor, Cast

ITEM = "gpu-card-hour"
PRICES_FEN = {"P100": 3600, "V100M16": 4200, "V100M32": 4800, "T4": 1800, "G2": 6000, "G3": 7500}
OTHER_PRICE_FEN = 4000
DOMESTIC_MODELS = {"910B": "huawei"}
VENDOR = "nvidia"
CONTRACT_STEP_FEN = 10_000_000
DEVICES_PER_STATEMENT = 500
CLAIMS_PER_CALL = 100
INSTALMENTS_BP = (3000, 3000, 4000)


@dataclass(slots=True)
class Tenant:
    """A firm that uses compute under one voucher."""

    name: str
    actor: Actor
    contract_id: bytes
    contract_digest: bytes
    contract_fen: int
    voucher_id: bytes
    lines: Sequence[AttestedLine]


@dataclass(slots=True)
class YearResult:
    """What the year came to; `refused` counts recorded and other refusals by reason."""

    programme_id: bytes
    claims_accepted: int = 0
    claims_refused: int = 0
    paid_fen: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    redemption_ids: list[bytes] = field(default_factory=list)


def priced_model(model: str) -> PricedModel:
    """A model at the demonstration's list price."""
    vendor = DOMESTIC_MODELS.get(model)
    return PricedModel(
        vendor=vendor or VENDOR,
        model=model,
        origin=Origin.DOMESTIC if vendor else Origin.FOREIGN,
        unit_price_fen=PRICES_FEN.get(model, OTHER_PRICE_FEN),
    )


class Year:
    """Plays the year; `say` is told each step."""

    def __init__(
        self, cast: Cast, *, usage: Path, policy: PolicyParameters, say: Callable[[str], None]
    ) -> None:
        self._cast = cast
        self._usage = usage
        self._policy = policy
        self._say = say
        self._rows: list[UsageRow] = [row for row in read_generic_csv(usage) if row.end_ms > row.start_ms]
        if not self._rows:
            raise UsageError(f"{usage}: no usage in it", hint="Give a file with at least one finished job.")
        self._raw_log = RawLog(digest=hashlib.sha256(usage.read_bytes()).digest(), row_count=len(self._rows))
        self.first_day = day_of_ms(min(row.start_ms for row in self._rows))
        self.last_ms = max(row.end_ms for row in self._rows)
        self._programme_id = new_id()
        self.result = YearResult(self._programme_id)

    @staticmethod
    def start_ms(usage: Path) -> int:
        """Ledger time at which a year on this file starts: 09:00 three days before the first usage."""
        first_ms = min((row.start_ms for row in read_generic_csv(usage)), default=0)
        return start_ms(day_of_ms(first_ms) - 3) + 9 * 3_600_000

    def play(self) -> YearResult:
        """The whole year, in order."""
        self._open_programme()
        provider = self._admit_provider()
        tenants = self._grant(provider)
        self._claim(provider, tenants)
        for number, tenant in enumerate(tenants):
            self._redeem(provider, tenant, in_instalments=number == 0)
        self._expire(tenants)
        return self.result

    def _set_clock(self, ms: int) -> None:
        self._cast["operator"].client.set_clock(ms)

    def _open_programme(self) -> None:
        clerk, approver = self._cast["clerk"], self._cast["approver-1"]
        year, _, _ = civil_from_day(self.first_day)
        self._say(f"The bureau opens GPU_TRAINING (训力券) {year} and publishes its policy.")
        clerk.act(
            "programme-opening",
            programme.programme_opening(
                basis=clerk.basis("OPENING"),
                programme_id=self._programme_id,
                instrument=Instrument.GPU_TRAINING,
                fiscal_year=year,
                appropriation_fen=self._policy.appropriation_fen,
            ),
            approver.key,
        )
        clerk.act(
            "policy-publication",
            programme.policy_publication(
                basis=clerk.basis("POLICY"),
                programme_id=self._programme_id,
                version=1,
                parameters=self._policy,
            ),
            approver.key,
        )

    def _admit_provider(self) -> Actor:
        clerk, approver = self._cast["clerk"], self._cast["approver-1"]
        provider = self._cast.join(
            "provider", kind=ParticipantKind.COMPUTE, registered_day=self.first_day - 2000
        )
        admission = registry.provider_admission(
            basis=clerk.basis("ADMISSION"),
            provider_id=provider.participant_id,
            items=[ITEM],
            from_day=self.first_day - 1,
        )
        clerk.act("provider-admission", admission, approver.key)
        models = sorted({row.device_model for row in self._rows})
        position = {model: number for number, model in enumerate(models)}
        devices = sorted({(row.device_id, position[row.device_model]) for row in self._rows})
        self._say(f"It admits a compute provider with {len(devices)} devices of {len(models)} models.")
        shapes = [(model.vendor, model.model, model.origin) for model in map(priced_model, models)]
        for start in range(0, len(devices), DEVICES_PER_STATEMENT):
            part = devices[start : start + DEVICES_PER_STATEMENT]
            ids = [
                (device_id(provider_id=provider.participant_id, text=text), number) for text, number in part
            ]
            statement = registry.device_registration(
                provider_id=provider.participant_id, models=shapes, devices=ids
            )
            provider.act("device-registration", statement, clerk.key)
        return provider

    def _grant(self, provider: Actor) -> list[Tenant]:
        by_tenant: dict[str, list[UsageRow]] = defaultdict(list)
        for row in self._rows:
            by_tenant[row.tenant].append(row)
        self._say(f"{len(by_tenant)} firms sign contracts, apply and are granted vouchers.")
        return [
            self._grant_one(provider, name, rows, startup=number == 1)
            for number, (name, rows) in enumerate(sorted(by_tenant.items()))
        ]

    def _grant_one(self, provider: Actor, name: str, rows: list[UsageRow], *, startup: bool) -> Tenant:
        age_days = 200 if startup else 2500
        actor = self._cast.join(
            name, kind=ParticipantKind.ENTERPRISE, registered_day=self.first_day - age_days
        )
        used_fen = sum(
            usage_amount_fen(
                device_ms=row.end_ms - row.start_ms, price_fen=priced_model(row.device_model).unit_price_fen
            )
            for row in rows
        )
        amount_fen = (used_fen // CONTRACT_STEP_FEN + 1) * CONTRACT_STEP_FEN
        contract_id, application_id, voucher_id = new_id(), new_id(), new_id()
        digest = hashlib.sha256(b"contract " + contract_id).digest()
        statement = contract.contract_registration(
            contract_id=contract_id,
            beneficiary_id=actor.participant_id,
            provider_id=provider.participant_id,
            fingerprint=hashlib.sha256(b"contract number " + contract_id).digest(),
            document_digest=digest,
            item=ITEM,
            signed_day=self.first_day - 3,
            from_day=self.first_day - 1,
            to_day=day_of_ms(self.last_ms) + 1,
            amount_fen=amount_fen,
            prices={
                model: priced_model(model).unit_price_fen
                for model in sorted({row.device_model for row in self._rows})
            },
        )
        actor.act("contract-registration", statement, provider.key)
        receipt = actor.act(
            "application-submission",
            contract.application_submission(
                application_id=application_id, programme_id=self._programme_id, contract_id=contract_id
            ),
        )
        approver = self._cast["approver-1"]
        approver.act(
            "voucher-grant",
            programme.voucher_grant(
                basis=approver.basis("GRANT"),
                voucher_id=voucher_id,
                application_id=application_id,
                subject=shared.subject(leaf_index=receipt.index, leaf_hash=receipt.leaf_hash),
            ),
        )
        terms = {name: self._terms(provider, actor, voucher_id, digest)}
        selection = select_lines(rows, terms=terms, name=self._usage.name)
        return Tenant(name, actor, contract_id, digest, amount_fen, voucher_id, selection.lines[name])

    def _terms(self, provider: Actor, actor: Actor, voucher_id: bytes, digest: bytes) -> VoucherTerms:
        return VoucherTerms(
            voucher_id=voucher_id,
            programme_id=self._programme_id,
            provider_id=provider.participant_id,
            beneficiary_id=actor.participant_id,
            contract_digest=digest,
            models={model: priced_model(model) for model in {row.device_model for row in self._rows}},
        )

    def _claim(self, provider: Actor, tenants: list[Tenant]) -> None:
        self._say("The provider signs usage attestations month by month and submits them.")
        months: dict[int, dict[str, list[AttestedLine]]] = defaultdict(lambda: defaultdict(list))
        for tenant in tenants:
            for line in tenant.lines:
                year, month, _ = civil_from_day(day_of_ms(line.end_ms - 1))
                months[year * 12 + month][tenant.name].append(line)
        heads: dict[str, ChainHead] = {}
        for number in sorted(months):
            last_ms = max(line.end_ms for lines in months[number].values() for line in lines)
            self._set_clock(last_ms + 9 * 3_600_000)
            for tenant in tenants:
                lines = months[number].get(tenant.name)
                if lines:
                    heads[tenant.name] = self._submit(provider, tenant, lines, heads.get(tenant.name))
        self._try_fraud(provider, tenants[0], heads[tenants[0].name])

    def _submit(
        self,
        provider: Actor,
        tenant: Tenant,
        lines: list[AttestedLine],
        head: ChainHead | None,
        key: SigningKey | None = None,
    ) -> ChainHead:
        terms = self._terms(provider, tenant.actor, tenant.voucher_id, tenant.contract_digest)
        signed = list(
            sign_attestations(
                lines,
                terms=terms,
                key=key or provider.key,
                ledger_id=provider.identity.ledger_id,
                raw_log=self._raw_log,
                head=head,
            )
        )
        for start in range(0, len(signed), CLAIMS_PER_CALL):
            part = [attestation.envelope for attestation in signed[start : start + CLAIMS_PER_CALL]]
            for answer in provider.client.submit_claims(part):
                self._count(answer)
        return signed[-1].head

    def _count(self, answer: ClaimResult) -> None:
        if answer.HasField("receipt"):
            self.result.claims_accepted += 1
            return
        self.result.claims_refused += 1
        self.result.refused[reason_name(answer.refusal.reason)] += 1

    def _try_fraud(self, provider: Actor, tenant: Tenant, head: ChainHead) -> None:
        self._say("Then it tries what must not work: the same hours twice, and a key that nobody registered.")
        first = tenant.lines[0]
        after = self._submit(provider, tenant, [first], head)
        self._submit(provider, tenant, [first], after, key=SigningKey.generate())

    def _redeem(self, provider: Actor, tenant: Tenant, *, in_instalments: bool) -> None:
        claims = list(provider.client.list_claims(tenant.voucher_id, unredeemed_only=True))
        used_fen = sum(claim.amount_fen for claim in claims)
        today = day_of_ms(self.last_ms)
        invoice = invoice_fingerprint(code="", number=_number(tenant.contract_id))
        payment = payment_fingerprint(bank="demonstration", reference=_number(tenant.voucher_id))
        provider.act(
            "invoice-registration",
            contract.invoice_registration(
                contract_id=tenant.contract_id,
                fingerprint=invoice,
                amount_fen=used_fen,
                net_amount_fen=used_fen * 100 // 106,
                issued_day=today,
                document_digest=hashlib.sha256(invoice).digest(),
            ),
        )
        tenant.actor.act(
            "payment-registration",
            contract.payment_registration(
                contract_id=tenant.contract_id,
                fingerprint=payment,
                amount_fen=used_fen,
                paid_day=today,
                document_digest=hashlib.sha256(payment).digest(),
            ),
        )
        redemption_id = new_id()
        tenant.actor.act(
            "redemption-request",
            redemption.redemption_request(
                redemption_id=redemption_id,
                voucher_id=tenant.voucher_id,
                claim_ids=[claim.claim_id for claim in claims],
                invoices={invoice: used_fen},
                payments={payment: used_fen},
                payee_commitment=hashlib.sha256(b"account " + redemption_id).digest(),
                instalments_bp=INSTALMENTS_BP if in_instalments else (),
            ),
        )
        self.result.redemption_ids.append(redemption_id)
        self._approve(redemption_id)
        self._pay(redemption_id, fail_first=in_instalments)

    def _approve(self, redemption_id: bytes) -> None:
        reviewer = self._cast["reviewer"]
        found = reviewer.client.get_redemption(redemption_id)
        reviewer.act(
            "redemption-verification",
            redemption.redemption_verification(
                basis=reviewer.basis("VERIFIED"),
                redemption_id=redemption_id,
                subject=found.subject,
                amount_fen=found.verifiable_fen,
            ),
        )
        found = reviewer.client.get_redemption(redemption_id)
        for name in ("approver-1", "approver-1", "approver-2"):
            approver = self._cast[name]
            statement = redemption.redemption_approval(
                basis=approver.basis("APPROVED"),
                redemption_id=redemption_id,
                subject=found.subject,
                amount_fen=found.amount_fen,
                payee_commitment=found.payee_commitment,
            )
            try:
                approver.act("redemption-approval", statement)
            except RpcRefused as refusal:
                self.result.refused[refusal.reason] += 1

    def _pay(self, redemption_id: bytes, *, fail_first: bool) -> None:
        payer = self._cast["payer"]
        found = payer.client.get_redemption(redemption_id)
        for instalment in range(1, len(found.instalments_fen) + 1):
            if fail_first and instalment == 1:
                self._order(payer, redemption_id, instalment)
                ordered = payer.client.get_redemption(redemption_id)
                payer.act(
                    "payment-failure",
                    redemption.payment_failure(
                        basis=payer.basis("BANK_REFUSED"),
                        redemption_id=redemption_id,
                        subject=ordered.subject,
                        instalment=instalment,
                        reference_fingerprint=hashlib.sha256(b"failed " + redemption_id).digest(),
                    ),
                )
            self._order(payer, redemption_id, instalment)
            ordered = payer.client.get_redemption(redemption_id)
            amount_fen = ordered.instalments_fen[instalment - 1]
            reference = b"paid %d " % instalment + redemption_id
            payer.act(
                "payment-confirmation",
                redemption.payment_confirmation(
                    basis=payer.basis("PAID"),
                    redemption_id=redemption_id,
                    subject=ordered.subject,
                    instalment=instalment,
                    amount_fen=amount_fen,
                    reference_fingerprint=hashlib.sha256(reference).digest(),
                    paid_day=day_of_ms(self.last_ms),
                ),
            )
            self.result.paid_fen += amount_fen

    def _order(self, payer: Actor, redemption_id: bytes, instalment: int) -> None:
        found: Redemption = payer.client.get_redemption(redemption_id)
        payer.act(
            "payment-order",
            redemption.payment_order(
                basis=payer.basis("ORDERED"),
                redemption_id=redemption_id,
                subject=found.subject,
                instalment=instalment,
                attempt=found.attempt + 1,
                amount_fen=found.instalments_fen[instalment - 1],
                payee_commitment=found.payee_commitment,
            ),
        )

    def _expire(self, tenants: list[Tenant]) -> None:
        self._say("At the end of validity the vouchers expire, and what was not used is released.")
        clerk = self._cast["clerk"]
        end_day = add_months(self.first_day - 3, self._policy.validity_months)
        self._set_clock(max(start_ms(end_day), self.last_ms) + 10 * 3_600_000)
        for tenant in tenants:
            try:
                clerk.client.expire_voucher(tenant.voucher_id, request_id=new_id())
            except RpcRefused as refusal:
                self.result.refused[refusal.reason] += 1


def _number(seed: bytes) -> str:
    """A digital invoice number of 20 digits made from an id; it names no real invoice."""
    return f"{int.from_bytes(seed, 'big') % 10**20:020d}"
