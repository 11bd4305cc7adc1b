"""A ledger on which claims can be made: officers, a provider with devices, firms with vouchers.

Everything goes through the sequencer in this process, without a network. It was opened half a year ago, so
that usage lies in the past. This module must not measure anything.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ledger.app.outcomes import Accepted
from ledger.client.lines import VoucherTerms, device_id
from ledger.client.signing import SigningKey, make_envelope, new_id
from ledger.client.statements import application, contract, programme, registry, shared, voucher
from ledger.codec.envelopes import from_message
from ledger.domain.attestation import PricedModel
from ledger.domain.days import day_of_ms, start_ms
from ledger.domain.identifiers import complete_credit_code
from ledger.domain.policy import Instrument, Origin
from ledger.domain.vocabulary import ParticipantKind, Role
from ledger.profiles.loader import load_profile
from ledger_play.ceremony import CO_SIGNERS, open_development_ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from ledger.app.ledger import Ledger
    from ledger.client.acts import Statement
    from ledger.client.identity import Identity
    from ledger.v1.quantities_pb2 import DecisionBasis, SubjectReference
    from ledger_play.ceremony import DevelopmentLedger

PROFILE = "shenzhen-2026"
DEVICES = 2_000
FIRMS = 4
DAY_MS = 86_400_000
AGE_DAYS = 180
_DEVICES_PER_STATEMENT = 500
_CONTRACT_FEN = 1_000_000_000
_ITEM = "gpu-card-hour"
MODEL = PricedModel(vendor="nvidia", model="V100M32", origin=Origin.FOREIGN, unit_price_fen=4_800)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a provider needs to claim; usage may start at `first_ms`."""

    folder: DevelopmentLedger
    provider: Identity
    key: SigningKey
    terms: tuple[VoucherTerms, ...]
    first_ms: int


async def lay_ground(root: Path) -> Ground:
    """Make the ledger in the folder `root` and close it again."""
    today = day_of_ms(time.time_ns() // 1_000_000)
    opened_day = today - AGE_DAYS
    folder = open_development_ledger(
        root,
        profile=PROFILE,
        server="127.0.0.1:1",
        hosts=("127.0.0.1",),
        now_ms=start_ms(opened_day),
    )
    async with opened(folder) as ledger:
        ledger.set_clock(start_ms(opened_day) + 3_600_000)
        return await _Founder(folder, ledger, opened_day).found()


@asynccontextmanager
async def opened(folder: DevelopmentLedger) -> AsyncIterator[Ledger]:
    """The ledger of a folder, in service inside this process."""
    ledger = folder.directory.open()
    try:
        yield ledger
    finally:
        await ledger.close()


class _Founder:
    """Carries out the acts that come before the first claim."""

    def __init__(self, folder: DevelopmentLedger, ledger: Ledger, opened_day: int) -> None:
        self._folder = folder
        self._ledger = ledger
        self._day = opened_day
        self._programme_id = new_id()

    async def found(self) -> Ground:
        await self._open_programme()
        provider_id, key, fingerprint = await self._join("provider", ParticipantKind.COMPUTE)
        identity = self._folder.identity("provider", participant_id=provider_id, role="PROVIDER")
        await self._act(
            "certificate-registration",
            registry.certificate_registration(participant_id=provider_id, certificate_sha256=fingerprint),
            *self._office("keymaster"),
        )
        await self._admit(provider_id, key)
        terms = [await self._grant(f"firm-{number}", provider_id, key) for number in range(FIRMS)]
        first_ms = start_ms(self._day + 1)
        return Ground(folder=self._folder, provider=identity, key=key, terms=tuple(terms), first_ms=first_ms)

    async def _act(self, act: str, statement: Statement, *keys: SigningKey) -> Accepted:
        ledger_id = self._ledger.ledger_id
        envelope = from_message(make_envelope(act, statement, keys, ledger_id=ledger_id))
        (outcome,) = await self._ledger.submit([envelope], act=act, submitter=new_id())
        if not isinstance(outcome, Accepted):
            raise RuntimeError(f"{act}: {outcome}")  # noqa: TRY004 - a refusal is no wrong type
        return outcome

    def _office(self, name: str) -> list[SigningKey]:
        names = (name, *CO_SIGNERS.get(name, ()))
        return [SigningKey.load(self._folder.directory.keys / f"{each}.pem") for each in names]

    def _basis(self, role: Role) -> DecisionBasis:
        return shared.basis(bureau_id=self._folder.bureau_id, role=role, reason_code="BENCH")

    async def _open_programme(self) -> None:
        # Without a notice no calendar is needed, and the ground lies within an hour of ledger time.
        policy = replace(load_profile(PROFILE).programmes["GPU_TRAINING"], public_notice_days=0)
        opening = programme.programme_opening(
            basis=self._basis(Role.CLERK),
            programme_id=self._programme_id,
            instrument=Instrument.GPU_TRAINING,
            fiscal_year=2026,
            appropriation_fen=policy.appropriation_fen,
        )
        await self._act("programme-opening", opening, *self._office("clerk"))
        publication = programme.policy_publication(
            basis=self._basis(Role.CLERK), programme_id=self._programme_id, version=1, parameters=policy
        )
        await self._act("policy-publication", publication, *self._office("clerk"))

    async def _join(self, name: str, kind: ParticipantKind) -> tuple[bytes, SigningKey, bytes]:
        participant_id, key = new_id(), SigningKey.generate()
        key.save(self._folder.directory.keys / f"{name}.pem")
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % 10**8
        registration = registry.participant_registration(
            basis=self._basis(Role.CLERK),
            participant_id=participant_id,
            kind=kind,
            registered_day=self._day - 2_000,
            credit_code=complete_credit_code(f"91440300{number:08d}"),
        )
        await self._act("participant-registration", registration, self._office("clerk")[0])
        await self._act(
            "key-registration",
            registry.key_registration(participant_id=participant_id, public_key=key.public_key),
            *self._office("keymaster"),
            key,
        )
        return participant_id, key, self._folder.issue(name, participant_id)

    async def _admit(self, provider_id: bytes, key: SigningKey) -> None:
        admission = registry.provider_admission(
            basis=self._basis(Role.CLERK), provider_id=provider_id, items=[_ITEM], from_day=self._day
        )
        await self._act("provider-admission", admission, *self._office("clerk"))
        for start in range(0, DEVICES, _DEVICES_PER_STATEMENT):
            texts = (f"device-{number}" for number in range(start, start + _DEVICES_PER_STATEMENT))
            statement = registry.device_registration(
                provider_id=provider_id,
                models=[(MODEL.vendor, MODEL.model, MODEL.origin)],
                devices=[(device_id(provider_id=provider_id, text=text), 0) for text in texts],
            )
            await self._act("device-registration", statement, key, self._office("clerk")[0])

    async def _grant(self, name: str, provider_id: bytes, provider_key: SigningKey) -> VoucherTerms:
        firm_id, key, _ = await self._join(name, ParticipantKind.ENTERPRISE)
        contract_id, application_id, voucher_id = new_id(), new_id(), new_id()
        digest = hashlib.sha256(contract_id).digest()
        registration = contract.contract_registration(
            contract_id=contract_id,
            beneficiary_id=firm_id,
            provider_id=provider_id,
            fingerprint=hashlib.sha256(voucher_id).digest(),
            document_digest=digest,
            item=_ITEM,
            signed_day=self._day - 1,
            from_day=self._day,
            to_day=self._day + 2 * AGE_DAYS,
            amount_fen=_CONTRACT_FEN,
            prices={MODEL.model: MODEL.unit_price_fen},
        )
        await self._act("contract-registration", registration, key, provider_key)
        submission = application.application_submission(
            application_id=application_id, programme_id=self._programme_id, contract_id=contract_id
        )
        applied = await self._act("application-submission", submission, key)
        grant = voucher.voucher_grant(
            basis=self._basis(Role.APPROVER),
            voucher_id=voucher_id,
            application_id=application_id,
            subject=_subject(await self._handle(application_id, applied)),
        )
        await self._act("voucher-grant", grant, self._office("approver-1")[0])
        return VoucherTerms(
            voucher_id=voucher_id,
            programme_id=self._programme_id,
            provider_id=provider_id,
            beneficiary_id=firm_id,
            contract_digest=digest,
            models={MODEL.model: MODEL},
        )

    async def _handle(self, application_id: bytes, applied: Accepted) -> Accepted:
        """Check, review and publicise an application; the receipt of the last step."""
        newest = applied
        for act, name, role, build in (
            ("application-check", "clerk", Role.CLERK, application.application_check),
            ("application-review", "reviewer", Role.REVIEWER, application.application_review),
            ("application-publication", "clerk", Role.CLERK, application.application_publication),
        ):
            statement = build(
                basis=self._basis(role), application_id=application_id, subject=_subject(newest)
            )
            newest = await self._act(act, statement, self._office(name)[0])
        return newest


def _subject(receipt: Accepted) -> SubjectReference:
    return shared.subject(leaf_index=receipt.index, leaf_hash=receipt.leaf_hash)
