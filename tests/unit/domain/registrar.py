"""Labels and the statements that register: ids, keys and digests follow from the label.

A label names its entity for ever, so a test says `claim("u1", "v1")` and means the same bytes each time.
This module must not decide or fold anything.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ledger.domain import statements as say
from ledger.domain.days import parse_day, parse_rfc3339_ms, start_ms
from ledger.domain.identifiers import complete_credit_code
from ledger.domain.policy import Instrument, Origin, PolicyParameters
from ledger.domain.quantities import INT64_MAX, parse_yuan
from ledger.domain.vocabulary import (
    Clock,
    ParticipantKind,
    ProviderStanding,
    RevocationReason,
    Role,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.domain.state import State

KEYMASTERS = ("keymaster-1", "keymaster-2")
OFFICERS = {
    "keymaster-1": Role.KEY_ADMINISTRATOR,
    "keymaster-2": Role.KEY_ADMINISTRATOR,
    "clerk": Role.CLERK,
    "reviewer": Role.REVIEWER,
    "approver-1": Role.APPROVER,
    "approver-2": Role.APPROVER,
    "payer": Role.PAYER,
    "auditor-1": Role.AUDITOR,
}
ROOTS = ("root-1", "root-2")
YEAR = 2026


def digest(text: str) -> bytes:
    """32 bytes that follow from a text."""
    return hashlib.sha256(text.encode()).digest()


def ident(label: str) -> bytes:
    """The 16-byte id of a label."""
    return digest(f"id/{label}")[:16]


def key_id(label: str) -> bytes:
    """The key id of a key's label; a participant's or officer's first key bears its owner's label."""
    return digest(f"key/{label}")


def yuan(text: str) -> int:
    """Fen of an amount in yuan; thousands may be set apart by underscores."""
    return parse_yuan(text.replace("_", "") if "." in text else f"{text.replace('_', '')}.00")


def at(text: str) -> int:
    """Ms of `2026-03-01` (its first instant) or `2026-03-01T10:00`, both in +08:00."""
    return parse_rfc3339_ms(f"{text}:00+08:00") if "T" in text else start_ms(parse_day(text))


def credit_code(label: str) -> str:
    """A valid credit code that follows from a label."""
    return complete_credit_code("91440300" + str(int.from_bytes(digest(label)[:8], "big"))[:8].zfill(8))


def terms(
    *,
    rate_bp: int = 5_000,
    startup_rate_bp: int | None = None,
    cap: str = "10_000_000",
    startup_cap: str | None = None,
    hard_cap: str | None = None,
    **others: object,
) -> PolicyParameters:
    """Policy parameters; what is left out follows as a profile's would, but no notice is asked for.

    An appropriation of 0 stands for the programme's at the publication.
    """
    cap_fen = yuan(cap)
    values = {
        "appropriation_fen": 0,
        "rate_bp": rate_bp,
        "startup_rate_bp": rate_bp if startup_rate_bp is None else startup_rate_bp,
        "cap_fen": cap_fen,
        "startup_cap_fen": cap_fen if startup_cap is None else yuan(startup_cap),
        "hard_cap_fen": cap_fen if hard_cap is None else yuan(hard_cap),
        "startup_stacking_ceiling_bp": others.get("stacking_ceiling_bp", 10_000),
        "public_notice_days": 0,
    }
    return PolicyParameters(**{**values, **others})  # type: ignore[arg-type]


TOO_MUCH = INT64_MAX // 100_000 + 1


def device_id(provider: str, number: int) -> bytes:
    """Id of a provider's device."""
    return ident(f"device/{provider}/{number}")


class Registrar:
    """Makes statements; `state` is read for subjects and for what a voucher is bound to."""

    ident = staticmethod(ident)

    def __init__(self, state: State) -> None:
        self.state = state
        self._requests = 0
        self._sequences = 0

    def header(self, *signers: str) -> say.StatementHeader:
        """A header with a fresh request id."""
        self._requests += 1
        return say.StatementHeader(
            ledger_id=ident("ledger"),
            request_id=ident(f"request/{self._requests}"),
            key_ids=tuple(key_id(signer) for signer in signers),
            not_after_ms=0,
        )

    @staticmethod
    def basis(role: Role, bureau: str = "bureau") -> say.DecisionBasis:
        """A basis of a decision."""
        return say.DecisionBasis(
            bureau_id=ident(bureau), role=role, reason_code="RULES_MET", evidence_digests=()
        )

    def in_bureau(self, statement: Any, *signers: str, bureau: str = "other") -> Any:
        """The statement as officers of another bureau would sign it."""
        basis = replace(statement.basis, bureau_id=ident(bureau))
        return replace(statement, header=self.header(*signers), basis=basis)

    # Authority.

    def genesis(self, *, roots: int = 3, threshold: int = 2) -> say.Genesis:
        """A genesis with roots root-1, root-2 and so on."""
        labels = [f"root-{number}" for number in range(1, roots + 1)]
        return say.Genesis(
            header=self.header(*labels),
            base_name="ledger.example/test",
            origin="ledger.example/test/e0",
            log_vkey="",
            format_version=1,
            rules_version=1,
            signature_algorithm="ed25519",
            hash_algorithm="sha256",
            zone="+08:00",
            clock=Clock.SIMULATED,
            bureaux=tuple(
                say.Bureau(bureau_id=ident(name), code=name.upper()) for name in ("bureau", "other")
            ),
            roots=tuple(
                say.RootKey(
                    algorithm="ed25519",
                    public_key=digest(f"public/{label}"),
                    person_tag=digest(f"person/{label}"),
                )
                for label in labels
            ),
            root_threshold=threshold,
        )

    def appoint(
        self,
        label: str,
        role: Role,
        *,
        person: str | None = None,
        by: Sequence[str] = ("root-1", "root-2"),
        bureau: str = "bureau",
        certificate: str = "",
    ) -> say.OfficerAppointment:
        """An officer with a key of its label."""
        return say.OfficerAppointment(
            header=self.header(*by, label),
            officer_id=ident(label),
            bureau_id=ident(bureau),
            role=role,
            person_tag=digest(f"person/{person or label}"),
            algorithm="ed25519",
            public_key=digest(f"public/{label}"),
            certificate_sha256=digest(certificate or f"certificate/{label}"),
        )

    def register_key(
        self, participant: str, key: str | None = None, *, by: Sequence[str] = KEYMASTERS
    ) -> say.KeyRegistration:
        """A key of a participant; its first bears the participant's label."""
        label = key or participant
        return say.KeyRegistration(
            header=self.header(*by, label),
            participant_id=ident(participant),
            algorithm="ed25519",
            public_key=digest(f"public/{label}"),
        )

    def retire(self, key: str, until_ms: int, *, by: Sequence[str] = KEYMASTERS) -> say.KeyRetirement:
        """The retirement of a key."""
        return say.KeyRetirement(header=self.header(*by), key_id=key_id(key), until_ms=until_ms)

    def revoke(self, key: str, since_ms: int, *, by: Sequence[str] = KEYMASTERS) -> say.KeyRevocation:
        """The revocation of a key."""
        return say.KeyRevocation(
            header=self.header(*by),
            key_id=key_id(key),
            invalid_since_ms=since_ms,
            reason=RevocationReason.COMPROMISED,
        )

    def certificate(
        self, owner: str, name: str, *, by: Sequence[str] = KEYMASTERS
    ) -> say.CertificateRegistration:
        """A certificate of a participant or officer."""
        return say.CertificateRegistration(
            header=self.header(*by), participant_id=ident(owner), certificate_sha256=digest(name)
        )

    def correct(self, key: str, since_ms: int, *, by: Sequence[str] = KEYMASTERS) -> say.RevocationCorrection:
        """The correction of a revocation."""
        return say.RevocationCorrection(
            header=self.header(*by),
            key_id=key_id(key),
            invalid_since_ms=since_ms,
            reason=RevocationReason.COMPROMISED,
        )

    # Participants.

    def participant(
        self,
        label: str,
        kind: ParticipantKind = ParticipantKind.ENTERPRISE,
        *,
        registered: str = "2019-03-01",
        code: str | None = None,
        by: str = "clerk",
    ) -> say.ParticipantRegistration:
        """A participant with a credit code, or a tag for a PERSON."""
        person = kind == ParticipantKind.PERSON
        return say.ParticipantRegistration(
            header=self.header(by),
            basis=self.basis(Role.CLERK),
            participant_id=ident(label),
            kind=kind,
            credit_code="" if person else code or credit_code(label),
            person_tag=digest(f"person/{label}") if person else b"",
            registered_day=parse_day(registered),
        )

    def admit(
        self,
        provider: str,
        *,
        items: tuple[str, ...] = ("card-hour",),
        from_day: str = "2026-01-01",
        by: Sequence[str] = ("clerk", "approver-1"),
    ) -> say.ProviderAdmission:
        """A provider's admission."""
        return say.ProviderAdmission(
            header=self.header(*by),
            basis=self.basis(Role.CLERK),
            provider_id=ident(provider),
            batch=1,
            items=items,
            from_day=parse_day(from_day),
        )

    def standing(
        self,
        provider: str,
        standing: ProviderStanding,
        from_day: str,
        *,
        by: Sequence[str] = ("clerk", "approver-1"),
    ) -> say.ProviderStandingChange:
        """A change of a provider's standing."""
        return say.ProviderStandingChange(
            header=self.header(*by),
            basis=self.basis(Role.CLERK),
            provider_id=ident(provider),
            standing=standing,
            from_day=parse_day(from_day),
        )

    def holding(
        self, owner: str, owned: str, share_bp: int, *, as_of: str = "2026-01-01", by: str = "clerk"
    ) -> say.HoldingDeclaration:
        """A holding of one entity in another."""
        return say.HoldingDeclaration(
            header=self.header(by),
            basis=self.basis(Role.CLERK),
            owner_id=ident(owner),
            owned_id=ident(owned),
            share_bp=share_bp,
            as_of_day=parse_day(as_of),
        )

    def erase(self, participant: str, *, by: str = "clerk") -> say.PersonalDataErasure:
        """The erasure of a participant's personal data."""
        return say.PersonalDataErasure(
            header=self.header(by), basis=self.basis(Role.CLERK), participant_id=ident(participant)
        )

    def devices(
        self,
        provider: str,
        count: int,
        *,
        first: int = 0,
        vendor: str = "nvidia",
        model: str = "H800",
        origin: Origin = Origin.FOREIGN,
        by: Sequence[str] | None = None,
    ) -> say.DeviceRegistration:
        """Devices `first` to `first + count - 1` of a provider."""
        return say.DeviceRegistration(
            header=self.header(*(by or (provider, "clerk"))),
            provider_id=ident(provider),
            models=(say.DeviceModel(vendor=vendor, model=model, origin=origin),),
            device_ids=tuple(device_id(provider, number) for number in range(first, first + count)),
            device_models=(0,) * count,
        )

    # Programmes.

    def programme(
        self,
        label: str = "gpu",
        appropriation: str = "500_000_000",
        *,
        instrument: Instrument = Instrument.GPU_TRAINING,
        year: int = YEAR,
        by: Sequence[str] = ("clerk", "approver-1"),
    ) -> say.ProgrammeOpening:
        """A programme."""
        return say.ProgrammeOpening(
            header=self.header(*by),
            basis=self.basis(Role.CLERK),
            programme_id=ident(label),
            instrument=instrument,
            fiscal_year=year,
            appropriation_fen=yuan(appropriation),
        )

    def policy(
        self,
        parameters: PolicyParameters,
        *,
        programme: str = "gpu",
        version: int | None = None,
        by: Sequence[str] = ("clerk", "approver-1"),
    ) -> say.PolicyPublication:
        """The next version of a programme's policy; an appropriation of 0 is the one in force."""
        current = self.state.policies.get(ident(programme))
        following = 1 if current is None else current.version + 1
        opened = self.state.programmes.get(ident(programme))
        if opened is not None and parameters.appropriation_fen == 0:
            parameters = replace(parameters, appropriation_fen=opened.appropriation_fen)
        return say.PolicyPublication(
            header=self.header(*by),
            basis=self.basis(Role.CLERK),
            programme_id=ident(programme),
            version=following if version is None else version,
            parameters=parameters,
        )

    def calendar(
        self,
        year: int,
        working_days: str,
        *,
        version: int | None = None,
        by: Sequence[str] = ("clerk", "approver-1"),
    ) -> say.CalendarPublication:
        """The next version of a year's calendar."""
        current = self.state.calendars.get(year)
        following = 1 if current is None else current.version + 1
        return say.CalendarPublication(
            header=self.header(*by),
            basis=self.basis(Role.CLERK),
            year=year,
            version=following if version is None else version,
            working_days=working_days,
        )

    def allocate(
        self, programme: str = "gpu", *, by: Sequence[str] = ("clerk", "approver-1")
    ) -> say.FundAllocation:
        """The allocation of a programme's window."""
        return say.FundAllocation(
            header=self.header(*by), basis=self.basis(Role.CLERK), programme_id=ident(programme)
        )
