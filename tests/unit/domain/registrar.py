"""Labels and the statements that register: ids, keys and digests follow from the label.

A label names its entity for ever, so a test says `claim("u1", "v1")` and means the same bytes each time.
This module must not decide or fold anything.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ledger.domain import statements as say
from ledger.domain.days import parse_day, parse_rfc3339_ms, start_ms
from ledger.domain.identifiers import complete_credit_code
from ledger.domain.policy import Instrument, Origin, PolicyParameters
from ledger.domain.quantities import INT64_MAX, parse_yuan
from ledger.domain.vocabulary import (
    Clock,
    ParticipantKind,
    RevocationReason,
    Role,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
}
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
    """Policy parameters; what is left out follows as a profile's would."""
    cap_fen = yuan(cap)
    values = {
        "appropriation_fen": 0,
        "rate_bp": rate_bp,
        "startup_rate_bp": rate_bp if startup_rate_bp is None else startup_rate_bp,
        "cap_fen": cap_fen,
        "startup_cap_fen": cap_fen if startup_cap is None else yuan(startup_cap),
        "hard_cap_fen": cap_fen if hard_cap is None else yuan(hard_cap),
        "startup_stacking_ceiling_bp": others.get("stacking_ceiling_bp", 10_000),
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
        by: Sequence[str] = ("clerk", "approver-1"),
    ) -> say.ProgrammeOpening:
        """A programme of the year 2026."""
        return say.ProgrammeOpening(
            header=self.header(*by),
            basis=self.basis(Role.CLERK),
            programme_id=ident(label),
            instrument=instrument,
            fiscal_year=YEAR,
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
        """The next version of a programme's policy."""
        current = self.state.policies.get(ident(programme))
        following = 1 if current is None else current.version + 1
        return say.PolicyPublication(
            header=self.header(*by),
            basis=self.basis(Role.CLERK),
            programme_id=ident(programme),
            version=following if version is None else version,
            parameters=parameters,
        )

    # Contracts and evidence.

    def contract(
        self,
        label: str,
        amount: str | int,
        *,
        beneficiary: str = "acme",
        provider: str = "cloud",
        signed: str = "2026-01-04",
        days: tuple[str, str] = ("2026-01-05", "2026-12-31"),
        item: str = "card-hour",
        prices: Mapping[str, int] | None = None,
        excluded: Mapping[str, int] | None = None,
        origins: Mapping[Origin, int] | None = None,
        filing: str = "",
        trade: str = "",
    ) -> say.ContractRegistration:
        """A contract; `prices` are fen per card-hour by model, none = any price."""
        return say.ContractRegistration(
            header=self.header(beneficiary, provider),
            contract_id=ident(label),
            beneficiary_id=ident(beneficiary),
            provider_id=ident(provider),
            fingerprint=digest(f"contract/{label}"),
            document_digest=digest(f"document/{label}"),
            item=item,
            signed_day=parse_day(signed),
            from_day=parse_day(days[0]),
            to_day=parse_day(days[1]),
            amount_fen=amount if isinstance(amount, int) else yuan(amount),
            prices=tuple(say.ModelPrice(model=m, unit_price_fen=p) for m, p in (prices or {}).items()),
            excluded=tuple(say.ExcludedItem(item=i, amount_fen=a) for i, a in (excluded or {}).items()),
            origin_amounts=tuple(
                say.OriginAmount(origin=o, amount_fen=a) for o, a in (origins or {}).items()
            ),
            filing_number=filing,
            exchange_trade=trade,
        )

    def invoice(
        self, label: str, contract: str, amount: str | int, *, by: str = "cloud"
    ) -> say.InvoiceRegistration:
        """An invoice on a contract."""
        amount_fen = amount if isinstance(amount, int) else yuan(amount)
        return say.InvoiceRegistration(
            header=self.header(by),
            contract_id=ident(contract),
            fingerprint=digest(f"evidence/{label}"),
            amount_fen=amount_fen,
            net_amount_fen=amount_fen,
            issued_day=parse_day("2026-02-01"),
            document_digest=digest(f"document/{label}"),
        )

    def payment(
        self, label: str, contract: str, amount: str | int, *, by: str = "acme"
    ) -> say.PaymentRegistration:
        """A payment on a contract."""
        return say.PaymentRegistration(
            header=self.header(by),
            contract_id=ident(contract),
            fingerprint=digest(f"evidence/{label}"),
            amount_fen=amount if isinstance(amount, int) else yuan(amount),
            paid_day=parse_day("2026-02-01"),
            document_digest=digest(f"document/{label}"),
        )
