"""The whole state of a fold: every entity by its id.

Claims, intervals and evidence are in `scratch`, because there is no bound to them. It must not
decide anything.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger_audit.entities import (
    NEVER_MS,
    BeneficiaryYear,
    Calendar,
    Contract,
    Device,
    Key,
    Officer,
    Participant,
    Place,
    Programme,
)

if TYPE_CHECKING:
    from ledger_audit.dossiers import Application, Clawback, Grant, Objection, Redemption, Voucher


@dataclass(frozen=True, slots=True)
class Due:
    """An event that has to follow at once: its type, its voucher, and the check that says so."""

    kind: str
    voucher_id: bytes
    check: str


@dataclass(slots=True)
class Quotas:
    """Daily quotas in force."""

    refusals: int = 10_000
    claims: int = 1_000_000
    size: int = 1_000_000_000


@dataclass(slots=True, eq=False)
class State:
    """Entities by id, and what the next event has to be."""

    ledger_id: bytes = b""
    simulated: bool = False
    threshold: int = 0
    root_keys: list[bytes] = field(default_factory=list)
    bureaux: set[bytes] = field(default_factory=set)
    quotas: Quotas = field(default_factory=Quotas)
    keys: dict[bytes, Key] = field(default_factory=dict)
    keys_by_number: list[Key] = field(default_factory=list)
    officers: dict[bytes, Officer] = field(default_factory=dict)
    participants: dict[bytes, Participant] = field(default_factory=dict)
    places: dict[bytes, Place] = field(default_factory=dict)
    """Newest leaf of participants, officers and whoever a holding named."""
    identities: dict[bytes, int] = field(default_factory=dict)
    holdings: dict[tuple[bytes, bytes], int] = field(default_factory=dict)
    """Newest share by (owner, owned), basis points."""
    suppressed: set[tuple[bytes, int]] = field(default_factory=set)
    devices: dict[bytes, Device] = field(default_factory=dict)
    calendars: dict[int, Calendar] = field(default_factory=dict)
    programmes: dict[bytes, Programme] = field(default_factory=dict)
    programme_names: dict[tuple[int, int, bytes], int] = field(default_factory=dict)
    years: dict[bytes, BeneficiaryYear] = field(default_factory=dict)
    contracts: dict[bytes, Contract] = field(default_factory=dict)
    contract_fingerprints: dict[bytes, int] = field(default_factory=dict)
    applications: dict[bytes, Application] = field(default_factory=dict)
    publications: dict[bytes, int] = field(default_factory=dict)
    """Leaf of the award application by the digest of what was published."""
    objections: dict[bytes, Objection] = field(default_factory=dict)
    grants: dict[bytes, Grant] = field(default_factory=dict)
    """Queued grants by the id of their voucher, allotted ones too."""
    vouchers: dict[bytes, Voucher] = field(default_factory=dict)
    vouchers_by_number: list[Voucher] = field(default_factory=list)
    redemptions: dict[bytes, Redemption] = field(default_factory=dict)
    clawbacks: dict[bytes, Clawback] = field(default_factory=dict)
    open_clawbacks: dict[bytes, list[Clawback]] = field(default_factory=dict)
    """By beneficiary; a beneficiary without any has no entry."""
    streams: dict[str, int] = field(default_factory=dict)
    recorded_ms: int = -NEVER_MS
    due: deque[Due] = field(default_factory=deque)

    def place(self, entity_id: bytes) -> Place:
        """The place of a participant, an officer, or an id that nobody registered."""
        return self.places.setdefault(entity_id, Place())

    def year(self, programme: Programme, beneficiary_id: bytes) -> tuple[bytes, BeneficiaryYear]:
        """The beneficiary in the programme, and the entity id of that."""
        year_id = programme.programme_id + beneficiary_id
        return year_id, self.years.setdefault(year_id, BeneficiaryYear())

    def is_held(self, voucher: Voucher) -> bool:
        """Whether an office, or an open clawback of another voucher of the beneficiary, holds it."""
        return bool(voucher.holds) or any(
            clawback.redemption.voucher is not voucher
            for clawback in self.open_clawbacks.get(voucher.beneficiary_id, ())
        )
