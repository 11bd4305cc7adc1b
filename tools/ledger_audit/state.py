"""What the fold remembers of a ledger: its entities as the leaves so far made them.

Claims, intervals and evidence are in `scratch`, because there is no bound to them. It must not
decide anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.v1 import contract_pb2, programme_pb2, redemption_pb2

NEVER_MS = 1 << 63

ROOT, OFFICER, PARTY = "root", "officer", "party"

Model = tuple[tuple[str, str, int], int, int]
"""(Vendor, model, origin) of a device, its unit price in fen, and the origin again."""


@dataclass(slots=True, eq=False)
class Key:
    """A registered key and whose it is."""

    key_id: bytes
    index: int
    holder: str
    owner: bytes
    person: bytes
    number: int
    until_ms: int = NEVER_MS
    revoked: bool = False
    invalid_since_ms: int = NEVER_MS
    last: int | None = None


@dataclass(slots=True, eq=False)
class Officer:
    """An officer with the one role."""

    officer_id: bytes
    bureau_id: bytes
    role: int
    person: bytes
    last: int | None = None


@dataclass(slots=True, eq=False)
class Participant:
    """A participant; `admission` is set for an admitted provider."""

    participant_id: bytes
    index: int
    kind: int
    registered_day: int
    last: int | None = None
    admission: int | None = None
    admitted_from_day: int = 0
    items: frozenset[str] = frozenset()
    applied: bool = False


@dataclass(slots=True, eq=False)
class Device:
    """A device; `last_end_ms` is not before the end of any accepted interval on it."""

    number: int
    owner: bytes
    model: tuple[str, str, int]
    last: int
    device_ms: int = 0
    last_end_ms: int = -NEVER_MS


@dataclass(slots=True, eq=False)
class Policy:
    """A policy version and the leaf that put it in force."""

    index: int
    version: int
    parameters: programme_pb2.PolicyParameters
    excluded: frozenset[str]
    rates: dict[int, int]


@dataclass(slots=True, eq=False)
class Programme:
    """A programme, its accounts as the posting table moves them, and its policy."""

    programme_id: bytes
    bureau_id: bytes
    instrument: int
    fiscal_year: int
    appropriation: int
    available: int
    encumbered: int = 0
    obligated: int = 0
    disbursed: int = 0
    policy: Policy | None = None
    last: int | None = None
    policy_last: int | None = None

    def totals(self) -> tuple[int, ...]:
        """The totals of its link, in their order."""
        return (self.available, self.encumbered, self.obligated, self.disbursed, 0, 0, 0)


@dataclass(slots=True, eq=False)
class BeneficiaryYear:
    """Faces less released of one beneficiary in one programme."""

    granted: int = 0
    last: int | None = None


@dataclass(slots=True, eq=False)
class Contract:
    """A contract, the public money on it and what its redemptions were worth."""

    contract_id: bytes
    index: int
    terms: contract_pb2.ContractRegistration
    prices: dict[str, int]
    public_money: int = 0
    outside_support: int = 0
    redeemed: int = 0
    live: set[bytes] = field(default_factory=set)
    last: int | None = None


@dataclass(slots=True, eq=False)
class Application:
    """An application, its newest leaf, and whether a voucher was issued on it."""

    application_id: bytes
    index: int
    leaf_hash: bytes
    programme: Programme
    contract: Contract
    startup: bool
    granted: bool = False
    last: int | None = None


@dataclass(slots=True, eq=False)
class Voucher:
    """A voucher with its frozen policy; `lo_ms` and `hi_ms` bound all usage under it."""

    voucher_id: bytes
    number: int
    index: int
    programme: Programme
    contract: Contract
    policy: Policy
    startup: bool
    beneficiary_id: bytes
    provider_id: bytes
    digest: bytes
    admission: int | None
    face: int
    valid_from_day: int
    valid_until_day: int
    lo_ms: int
    hi_ms: int
    allowed_vendors: frozenset[str]
    metered: int = 0
    redeemed: int = 0
    paid: int = 0
    released: int = 0
    expired: bool = False
    closed: bool = False
    last: int | None = None
    next_sequence: int = 1
    sparse: bool = False
    redemptions: list[Redemption] = field(default_factory=list)
    models: dict[bytes, Model] = field(default_factory=dict)
    premises: dict[int, bytes] = field(default_factory=dict)
    encoded_face: bytes = b""
    encoded_rest: tuple[int, int, int, bytes] = (-1, -1, -1, b"")

    def totals(self) -> tuple[int, ...]:
        """The totals of its link, in their order."""
        return (self.face, self.metered, self.redeemed, self.paid, self.released)

    @property
    def unused(self) -> int:
        """Face that is neither redeemed nor released."""
        return self.face - self.redeemed - self.released


@dataclass(slots=True, eq=False)
class Redemption:
    """A redemption on its way from request to payment; persons and keys that took part in it."""

    redemption_id: bytes
    number: int
    voucher: Voucher
    index: int
    leaf_hash: bytes
    request: redemption_pb2.RedemptionRequest
    base: int
    amount: int
    payments: int
    last: int | None = None
    verified: tuple[int, bytes] | None = None
    approvals: list[tuple[int, bytes]] = field(default_factory=list)
    first_approval: bytes = b""
    took_part: list[tuple[str, bytes, bytes]] = field(default_factory=list)
    instalments_paid: int = 0
    attempts: int = 0
    order: tuple[int, bytes] | None = None
    order_amount: int = 0
    paid: int = 0

    @property
    def instalments(self) -> list[int]:
        """The amount of every instalment: floors, the last the rest."""
        shares = list(self.request.instalments_bp) or [10_000]
        amounts = [share * self.amount // 10_000 for share in shares[:-1]]
        return [*amounts, self.amount - sum(amounts)]


@dataclass(slots=True, eq=False)
class State:
    """The whole state of a fold."""

    ledger_id: bytes = b""
    simulated: bool = False
    threshold: int = 0
    root_keys: list[bytes] = field(default_factory=list)
    bureaux: set[bytes] = field(default_factory=set)
    keys: dict[bytes, Key] = field(default_factory=dict)
    officers: dict[bytes, Officer] = field(default_factory=dict)
    participants: dict[bytes, Participant] = field(default_factory=dict)
    identities: dict[bytes, int] = field(default_factory=dict)
    devices: dict[bytes, Device] = field(default_factory=dict)
    programmes: dict[bytes, Programme] = field(default_factory=dict)
    programme_names: dict[tuple[int, int, bytes], int] = field(default_factory=dict)
    years: dict[bytes, BeneficiaryYear] = field(default_factory=dict)
    contracts: dict[bytes, Contract] = field(default_factory=dict)
    contract_fingerprints: dict[bytes, int] = field(default_factory=dict)
    applications: dict[bytes, Application] = field(default_factory=dict)
    vouchers: dict[bytes, Voucher] = field(default_factory=dict)
    vouchers_by_number: list[Voucher] = field(default_factory=list)
    redemptions: dict[bytes, Redemption] = field(default_factory=dict)
    keys_by_number: list[Key] = field(default_factory=list)
    streams: dict[str, int] = field(default_factory=dict)
    recorded_ms: int = -NEVER_MS
    due_closing: Voucher | None = None
