"""One programme year on a real usage file: opened, publicised, granted, used, claimed; then the money.

Every act is signed by the role that may do it and sent over gRPC. This module must not start servers, audit
or print; how money moves is in `payout`.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.client.attestations import ChainHead, RawLog, sign_attestations
from ledger.client.errors import reason_name
from ledger.client.lines import AttestedLine, VoucherTerms, device_id, select_lines
from ledger.client.signing import SigningKey, new_id
from ledger.client.statements import application, contract, programme, registry, voucher
from ledger.client.usage.generic_csv import read_generic_csv
from ledger.domain.attestation import PricedModel
from ledger.domain.days import civil_from_day, day_of_ms, format_day, start_ms, year_of_day
from ledger.domain.policy import Instrument, Origin
from ledger.domain.quantities import usage_amount_fen
from ledger.domain.vocabulary import ParticipantKind
from ledger.errors import UsageError
from ledger.profiles.calendar import CALENDAR_YEARS
from ledger_play.calendars import publish_calendars
from ledger_play.payout import Payout, Tenant, YearResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ledger.client.types import ClaimResult
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
MORNING_MS = 9 * 3_600_000
LEAD_DAYS = 30
"""Days between the applications and the first usage: a public notice fits in, also over long holidays."""


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
        first_ms = min(row.start_ms for row in self._rows)
        self.first_day = day_of_ms(first_ms)
        self._start_day = _start_day(first_ms)
        self.last_ms = max(row.end_ms for row in self._rows)
        self._programme_id = new_id()
        self.result = YearResult(self._programme_id)

    @staticmethod
    def start_ms(usage: Path) -> int:
        """Ledger time at which a year on this file starts: 09:00 thirty days before the first usage."""
        first_ms = min((row.start_ms for row in read_generic_csv(usage)), default=0)
        return start_ms(_start_day(first_ms)) + MORNING_MS

    def play(self) -> YearResult:
        """The whole year, in order."""
        self._publish_calendars()
        self._open_programme()
        provider = self._admit_provider()
        tenants = self._grant(provider)
        self._claim(provider, tenants)
        payout = Payout(self._cast, self.result, provider=provider, today=day_of_ms(self.last_ms))
        for number, tenant in enumerate(tenants):
            payout.redeem(tenant, in_instalments=number == 0)
        self._say("At the end of validity the vouchers expire, and what was not used is released.")
        end_ms = start_ms(max(tenant.valid_until_day for tenant in tenants))
        self._set_clock(max(end_ms, self.last_ms) + 10 * 3_600_000)
        payout.expire(tenants)
        return self.result

    def _set_clock(self, ms: int) -> None:
        self._cast["operator"].client.set_clock(ms)

    def _publish_calendars(self) -> None:
        """Publish the announced calendars that a notice may need; without them there is no notice."""
        years = range(year_of_day(self._start_day), year_of_day(self.first_day) + 1)
        if not set(years) <= set(CALENDAR_YEARS):
            self._policy = replace(self._policy, public_notice_days=0)
            self._say(f"No calendar is announced for {years[0]}: the demonstration has no public notice.")
            return
        publish_calendars(self._cast, years)

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
            from_day=self._start_day,
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
        tenants = [
            self._apply(provider, name, rows, startup=number == 1)
            for number, (name, rows) in enumerate(sorted(by_tenant.items()))
        ]
        for tenant in tenants:
            self._publicise(tenant)
        reader = self._cast["clerk"].client
        last_day = reader.get_application(tenants[0].application_id).application.last_notice_day
        if self._policy.public_notice_days:
            self._say(f"Each was checked, reviewed and publicised until {format_day(last_day)}.")
        self._set_clock(start_ms(last_day + 1) + MORNING_MS)
        approver = self._cast["approver-1"]
        for tenant in tenants:
            statement = voucher.voucher_grant(
                basis=approver.basis("GRANT"),
                voucher_id=tenant.voucher_id,
                application_id=tenant.application_id,
                subject=reader.get_application(tenant.application_id).application.subject,
            )
            approver.act("voucher-grant", statement)
            tenant.valid_until_day = reader.get_voucher(tenant.voucher_id).valid_until_day
        return tenants

    def _apply(self, provider: Actor, name: str, rows: list[UsageRow], *, startup: bool) -> Tenant:
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
            signed_day=self._start_day,
            from_day=self.first_day - 1,
            to_day=day_of_ms(self.last_ms) + 1,
            amount_fen=amount_fen,
            prices={
                model: priced_model(model).unit_price_fen
                for model in sorted({row.device_model for row in self._rows})
            },
        )
        actor.act("contract-registration", statement, provider.key)
        submission = application.application_submission(
            application_id=application_id, programme_id=self._programme_id, contract_id=contract_id
        )
        actor.act("application-submission", submission)
        terms = {name: self._terms(provider, actor, voucher_id, digest)}
        selection = select_lines(rows, terms=terms, name=self._usage.name)
        return Tenant(
            name, actor, contract_id, digest, amount_fen, application_id, voucher_id, selection.lines[name]
        )

    def _publicise(self, tenant: Tenant) -> None:
        """The clerk checks, the reviewer reviews, the clerk starts the notice."""
        for office, act, build in (
            ("clerk", "application-check", application.application_check),
            ("reviewer", "application-review", application.application_review),
            ("clerk", "application-publication", application.application_publication),
        ):
            officer = self._cast[office]
            statement = build(
                basis=officer.basis("IN_ORDER"),
                application_id=tenant.application_id,
                subject=officer.client.get_application(tenant.application_id).application.subject,
            )
            officer.act(act, statement)

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
            self._set_clock(last_ms + MORNING_MS)
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


def _start_day(first_ms: int) -> int:
    return max(0, day_of_ms(first_ms) - LEAD_DAYS)
