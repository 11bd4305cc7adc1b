"""What the fold remembers of applications, vouchers, redemptions and clawbacks.

It must not decide anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.v1 import redemption_pb2
    from ledger_audit.entities import Contract, Key, Participant, Policy, Programme

Leaf = tuple[int, bytes]
"""Index and hash."""
Model = tuple[tuple[str, str, int], int, int]
"""(Vendor, model, origin) of a device, its unit price in fen, and the origin again."""


class Step(StrEnum):
    """Where an application or a clawback stands."""

    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    CHECKED = "CHECKED"
    REVIEWED = "REVIEWED"
    PUBLICISED = "PUBLICISED"
    QUEUED = "QUEUED"
    GRANTED = "GRANTED"
    UNFUNDED = "UNFUNDED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    OPENED = "OPENED"
    NOTIFIED = "NOTIFIED"
    APPEALED = "APPEALED"
    DETERMINED = "DETERMINED"
    PARTLY_RECOVERED = "PARTLY_RECOVERED"
    RECOVERED = "RECOVERED"
    WRITTEN_OFF = "WRITTEN_OFF"
    CLOSED = "CLOSED"


class Standing(StrEnum):
    """Where a voucher stands."""

    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    CLOSED = "CLOSED"
    REVOKED = "REVOKED"


@dataclass(slots=True, eq=False)
class Signing:
    """Whose key signed a decision when; `cleared` once two approvers confirmed it again."""

    office: int
    key: Key
    person: bytes
    signed_ms: int
    cleared: bool = False

    @property
    def is_doubtful(self) -> bool:
        """Whether the key was revoked from then or earlier and nobody confirmed the act since."""
        return not self.cleared and self.key.is_doubtful(self.signed_ms)


@dataclass(slots=True, eq=False)
class Application:
    """An application on its way to a grant; one for an award has no contract."""

    application_id: bytes
    index: int
    programme: Programme
    beneficiary_id: bytes
    contract: Contract | None
    startup: bool
    newest: Leaf
    """The newest leaf on its stream."""
    step: Step = Step.SUBMITTED
    proposed: int = 0
    checked_by: Signing | None = None
    reviewed_by: Signing | None = None
    notice: int | None = None
    last_notice_day: int | None = None
    objections: int = 0
    """Objections that nobody decided."""
    last: int | None = None


@dataclass(slots=True, eq=False)
class Objection:
    """An objection to an application."""

    application: Application
    leaf: Leaf
    decided: bool = False


@dataclass(slots=True, eq=False)
class Grant:
    """A grant that waits for the allocation of its window, and afterwards its share."""

    voucher_id: bytes
    index: int
    application: Application
    policy: Policy
    entitlement: int
    share: int = 0
    last: int | None = None


@dataclass(slots=True, eq=False)
class Voucher:
    """A voucher with its frozen policy; `lo_ms` and `hi_ms` bound all usage under it."""

    voucher_id: bytes
    number: int
    index: int
    leaf_hash: bytes
    programme: Programme
    contract: Contract | None
    policy: Policy
    startup: bool
    beneficiary_id: bytes
    provider_id: bytes
    provider: Participant | None
    digest: bytes
    face: int
    valid_from_day: int
    valid_until_day: int
    lo_ms: int
    hi_ms: int
    allowed_vendors: frozenset[str]
    prices: dict[str, int]
    metered: int = 0
    redeemed: int = 0
    paid: int = 0
    released: int = 0
    standing: Standing = Standing.ACTIVE
    holds: set[int] = field(default_factory=set)
    """The roles that hold it."""
    plain: bool = True
    """Whether it is active and no office holds it."""
    last: int | None = None
    next_sequence: int = 1
    sparse: bool = False
    redemptions: list[Redemption] = field(default_factory=list)
    models: dict[bytes, Model] = field(default_factory=dict)
    premises: dict[int, bytes] = field(default_factory=dict)
    """Encoded premises of a claim by key number, as long as the provider's admission stays the same."""
    encoded_face: bytes = b""
    encoded_rest: tuple[int, int, int, bytes] = (-1, -1, -1, b"")

    def totals(self) -> tuple[int, ...]:
        """The totals of its link, in their order."""
        return (self.face, self.metered, self.redeemed, self.paid, self.released)

    @property
    def unused(self) -> int:
        """Face that is neither redeemed nor released."""
        return self.face - self.redeemed - self.released

    @property
    def active(self) -> bool:
        """Whether it is neither expired, revoked nor closed."""
        return self.standing is Standing.ACTIVE

    def end(self, standing: Standing) -> None:
        """It is active no longer."""
        self.standing = standing
        self.plain = False

    def hold(self, role: int, *, held: bool) -> None:
        """An office sets or releases its hold."""
        (self.holds.add if held else self.holds.discard)(role)
        self.plain = self.active and not self.holds


@dataclass(slots=True, eq=False)
class Redemption:
    """A redemption on its way from request to payment, and the signatures that took it there."""

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
    verified: Leaf | None = None
    approvals: list[Leaf] = field(default_factory=list)
    first_approval: bytes = b""
    signings: list[Signing] = field(default_factory=list)
    instalments_paid: int = 0
    attempts: int = 0
    order: Leaf | None = None
    order_amount: int = 0
    paid: int = 0
    clawbacks: list[Clawback] = field(default_factory=list)

    @property
    def instalments(self) -> list[int]:
        """The amount of every instalment: floors, the last the rest."""
        shares = list(self.request.instalments_bp) or [10_000]
        amounts = [share * self.amount // 10_000 for share in shares[:-1]]
        return [*amounts, self.amount - sum(amounts)]

    @property
    def is_paid(self) -> bool:
        """Whether every instalment is paid."""
        return self.instalments_paid >= max(len(self.request.instalments_bp), 1)

    @property
    def is_suspended(self) -> bool:
        """Whether an officer's revoked key puts one of its decisions in doubt."""
        return any(signing.is_doubtful for signing in self.signings)

    @property
    def clawed_back(self) -> int:
        """What its clawbacks determined."""
        return sum(clawback.determined for clawback in self.clawbacks)


@dataclass(slots=True, eq=False)
class Clawback:
    """Money that is claimed back after payment, and the fines beside it."""

    clawback_id: bytes
    index: int
    redemption: Redemption
    cause: int
    newest: Leaf
    step: Step = Step.OPENED
    determination: Leaf | None = None
    determined: int = 0
    repaid: int = 0
    written_off: int = 0
    fines: int = 0
    last: int | None = None

    @property
    def outstanding(self) -> int:
        """What was determined and is neither repaid nor written off."""
        return self.determined - self.repaid - self.written_off

    @property
    def is_open(self) -> bool:
        """Whether it still holds the beneficiary's other vouchers."""
        return self.step not in {Step.RECOVERED, Step.WRITTEN_OFF, Step.CLOSED}
