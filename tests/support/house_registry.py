"""Registering parties, keys, providers, holdings, programmes and calendars in a house."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.client.signing import SigningKey, new_id
from ledger.client.statements import programme, registry
from ledger.domain.days import civil_from_day, day_from_civil
from ledger.domain.policy import Instrument, PolicyParameters
from ledger.domain.vocabulary import ParticipantKind, ProviderStanding, RevocationReason, Role
from ledger_play.actors import credit_code
from support.house_base import FIRST_DAY, ITEM, MODEL, START_MS, HouseBase, accepted, digest, policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.app.outcomes import Accepted, Outcome

KEYMASTERS = ("keymaster", "keymaster-2")
BOTH = ("clerk", "approver-1")


def weekdays(year: int) -> str:
    """A calendar of a year without holidays: Monday to Friday."""
    days = range(day_from_civil(year, 1, 1), day_from_civil(year + 1, 1, 1))
    return "".join("1" if (day + 3) % 7 < 5 else "0" for day in days)


class RegistryActs(HouseBase):
    """Who and what is registered."""

    def party(
        self, name: str, kind: ParticipantKind = ParticipantKind.ENTERPRISE, *, age_days: int = 3000
    ) -> bytes:
        """Register a participant with its key."""
        self.ids[name] = participant_id = new_id()
        person = kind == ParticipantKind.PERSON
        statement = registry.participant_registration(
            basis=self.basis(Role.CLERK),
            participant_id=participant_id,
            kind=kind,
            registered_day=FIRST_DAY - age_days,
            credit_code="" if person else credit_code(name),
            person_tag=digest(f"person {name}") if person else b"",
        )
        self.must("participant-registration", statement, "clerk")
        self.add_key(name, name)
        return participant_id

    def add_key(self, owner: str, label: str) -> SigningKey:
        """Register a further key of a participant under a label."""
        self.keys[label] = key = SigningKey.generate()
        statement = registry.key_registration(participant_id=self.ids[owner], public_key=key.public_key)
        self.must("key-registration", statement, *KEYMASTERS, label)
        self.ids.setdefault(label, self.ids[owner])
        return key

    def officer(self, name: str, role: Role, *, person: str = "", bureau_id: bytes = b"") -> SigningKey:
        """Appoint an officer under a name; `person` says whose second office it is."""
        self.ids[name] = officer_id = new_id()
        self.keys[name] = key = SigningKey.generate()
        statement = registry.officer_appointment(
            officer_id=officer_id,
            bureau_id=bureau_id or self.made.bureau_id,
            role=role,
            person_tag=digest(person or name),
            public_key=key.public_key,
            certificate_sha256=digest(f"certificate of {name}"),
        )
        self.must("officer-appointment", statement, "root-1", "root-2", name)
        if bureau_id:
            self.bureaux[name] = bureau_id
        return key

    def certificate(self, name: str, label: str = "") -> Outcome:
        """Bind a certificate to a participant."""
        statement = registry.certificate_registration(
            participant_id=self.ids[name], certificate_sha256=digest(f"certificate of {name} {label}")
        )
        return self.submit("certificate-registration", statement, *KEYMASTERS)

    def retire(self, label: str, *, until_ms: int, by: Sequence[str] = KEYMASTERS) -> Outcome:
        """Retire a key."""
        statement = registry.key_retirement(key_id=self.keys[label].key_id, until_ms=until_ms)
        return self.submit("key-retirement", statement, *by)

    def revoke(
        self, label: str, *, since_ms: int = START_MS, by: Sequence[str] = KEYMASTERS, correct: bool = False
    ) -> Outcome:
        """Revoke a key, or correct an earlier revocation; an officer's key needs roots."""
        build = registry.revocation_correction if correct else registry.key_revocation
        statement = build(
            key_id=self.keys[label].key_id, invalid_since_ms=since_ms, reason=RevocationReason.COMPROMISED
        )
        return self.submit("revocation-correction" if correct else "key-revocation", statement, *by)

    # Providers

    def provider(
        self,
        name: str = "cloud",
        *,
        devices: int = 4,
        from_day: int = FIRST_DAY - 10,
        kind: ParticipantKind = ParticipantKind.COMPUTE,
        items: Sequence[str] = (ITEM,),
    ) -> list[bytes]:
        """Register and admit a provider; the ids of its devices."""
        self.party(name, kind)
        accepted(self.admit(name, items=items, from_day=from_day))
        self.devices[name] = ids = [digest(f"{name} device {number}")[:16] for number in range(devices)]
        if ids:
            self.register_devices(name, ids)
        return ids

    def admit(self, name: str, *, items: Sequence[str] = (ITEM,), from_day: int = FIRST_DAY - 10) -> Outcome:
        """Admit a provider, or add items to its admission."""
        statement = registry.provider_admission(
            basis=self.basis(Role.CLERK), provider_id=self.ids[name], items=items, from_day=from_day
        )
        return self.submit("provider-admission", statement, *BOTH)

    def register_devices(
        self, name: str, ids: Sequence[bytes], *, model: tuple[str, str, int] = MODEL
    ) -> None:
        """Register a provider's devices of one model."""
        statement = registry.device_registration(
            provider_id=self.ids[name], models=[model], devices=[(device, 0) for device in ids]
        )
        self.must("device-registration", statement, name, "clerk")

    def standing(self, name: str, standing: ProviderStanding, *, from_day: int) -> Outcome:
        """Suspend, readmit or remove a provider."""
        statement = registry.provider_standing_change(
            basis=self.basis(Role.CLERK), provider_id=self.ids[name], standing=standing, from_day=from_day
        )
        return self.submit("provider-standing", statement, *BOTH)

    def holding(self, owner: str, owned: str, share_bp: int, *, as_of_day: int = FIRST_DAY) -> Outcome:
        """Declare who holds how much of whom; a name that nobody has is somebody outside."""
        for name in (owner, owned):
            self.ids.setdefault(name, new_id())
        statement = registry.holding_declaration(
            basis=self.basis(Role.CLERK),
            owner_id=self.ids[owner],
            owned_id=self.ids[owned],
            share_bp=share_bp,
            as_of_day=as_of_day,
        )
        return self.submit("holding-declaration", statement, "clerk")

    def erase(self, name: str) -> Outcome:
        """Record that a participant's personal data was erased."""
        statement = registry.personal_data_erasure(
            basis=self.basis(Role.CLERK), participant_id=self.ids[name]
        )
        return self.submit("personal-data-erasure", statement, "clerk")

    # Programmes

    def programme(
        self,
        parameters: PolicyParameters | None = None,
        name: str = "gpu",
        *,
        instrument: Instrument = Instrument.GPU_TRAINING,
        by: tuple[str, str] = BOTH,
    ) -> bytes:
        """Open a programme with its first policy."""
        parameters = parameters or policy()
        self.ids[name] = programme_id = new_id()
        opening = programme.programme_opening(
            basis=self.basis(Role.CLERK, by=by[0]),
            programme_id=programme_id,
            instrument=instrument,
            fiscal_year=2026 + sum(1 for _ in self.ledger.state.programmes.values()),
            appropriation_fen=parameters.appropriation_fen,
        )
        self.must("programme-opening", opening, *by)
        self.publish(parameters, name, by=by)
        return programme_id

    def publish(
        self, parameters: PolicyParameters, name: str = "gpu", *, by: tuple[str, str] = BOTH
    ) -> Accepted:
        """Put the next policy version in force."""
        return self.must("policy-publication", self.version(parameters, name, by=by), *by)

    def version(self, parameters: PolicyParameters, name: str = "gpu", *, by: tuple[str, str] = BOTH) -> Any:
        """The statement of the next policy version."""
        current = self.ledger.state.policies.get(self.ids[name])
        return programme.policy_publication(
            basis=self.basis(Role.CLERK, by=by[0]),
            programme_id=self.ids[name],
            version=1 if current is None else current.version + 1,
            parameters=parameters,
        )

    def calendar(self, year: int = civil_from_day(FIRST_DAY)[0], working_days: str = "") -> Outcome:
        """Publish a year's calendar, or its next version; without holidays unless one is given."""
        current = self.ledger.state.calendars.get(year)
        statement = programme.calendar_publication(
            basis=self.basis(Role.CLERK),
            year=year,
            version=1 if current is None else current.version + 1,
            working_days=working_days or weekdays(year),
        )
        return self.submit("calendar-publication", statement, *BOTH)
