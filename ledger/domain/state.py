"""The fold of the ledger: what every rule may read, with an overlay for the batch that is being decided.

Writes go to the overlay; `commit` keeps them once the batch is durable, `rollback` forgets them all. Rows of
the fact tables are fetched for a batch and leave memory with it. This module must not decide anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ledger.domain.entities import Quotas
from ledger.domain.journal import ContractTotals, Head, Link, LinkKind, ProgrammeTotals, VoucherTotals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.domain.attestation import UsageAttestation
    from ledger.domain.entities import (
        Admission,
        Application,
        Calendar,
        Claim,
        Clawback,
        Contract,
        DayUse,
        Device,
        Evidence,
        Holding,
        Interval,
        Key,
        LedgerInfo,
        Objection,
        Officer,
        Participant,
        Policy,
        Programme,
        QueuedGrant,
        Redemption,
        UniqueKey,
        Voucher,
    )

K = TypeVar("K")
V = TypeVar("V")


class Table(Generic[K, V]):
    """A mapping with an overlay: reads see pending writes first."""

    __slots__ = ("base", "pending")

    def __init__(self) -> None:
        self.base: dict[K, V] = {}
        self.pending: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """The newest value, or None."""
        value = self.pending.get(key)
        return self.base.get(key) if value is None else value

    def __getitem__(self, key: K) -> V:
        value = self.pending.get(key)
        return self.base[key] if value is None else value

    def __setitem__(self, key: K, value: V) -> None:
        self.pending[key] = value

    def __contains__(self, key: K) -> bool:
        return key in self.pending or key in self.base

    def values(self) -> Iterator[V]:
        """Every newest value; those only pending come last."""
        for key, value in self.base.items():
            yield self.pending.get(key, value)
        for key, value in self.pending.items():
            if key not in self.base:
                yield value

    def commit(self) -> None:
        """Keep what is pending."""
        self.base.update(self.pending)
        self.pending = {}

    def rollback(self) -> None:
        """Forget what is pending."""
        self.pending = {}


class FactTable(Table[K, V]):
    """Rows of the store: `base` holds what was fetched for this batch and is dropped with it.

    `freed` are keys of rows that the batch takes away.
    """

    __slots__ = ("freed",)

    def __init__(self) -> None:
        super().__init__()
        self.freed: list[K] = []

    def commit(self) -> None:
        """Forget all: the store has it."""
        self.rollback()

    def rollback(self) -> None:
        """Forget all."""
        self.base = {}
        self.pending = {}
        self.freed = []


class Touched:
    """The newest links of all entities that events since the newest digest named, with an overlay."""

    __slots__ = ("_base", "_cleared", "_pending")

    def __init__(self) -> None:
        self._base: dict[tuple[int, bytes], Head] = {}
        self._pending: dict[tuple[int, bytes], Head] = {}
        self._cleared = False

    def note(self, kind: LinkKind, entity: bytes, head: Head) -> None:
        """An event links an entity."""
        self._pending[kind, entity] = head

    def clear(self) -> None:
        """A digest is recorded."""
        self._pending = {}
        self._cleared = True

    def entries(self) -> dict[tuple[int, bytes], Head]:
        """Every entity with its newest link."""
        return dict(self._pending) if self._cleared else {**self._base, **self._pending}

    def commit(self) -> None:
        """Keep what is pending."""
        if self._cleared:
            self._base = self._pending
        else:
            self._base.update(self._pending)
        self.rollback()

    def rollback(self) -> None:
        """Forget what is pending."""
        self._pending = {}
        self._cleared = False


RESIDENT_HEADS = (
    LinkKind.PROGRAMME,
    LinkKind.BENEFICIARY_YEAR,
    LinkKind.VOUCHER,
    LinkKind.CONTRACT,
    LinkKind.DEVICE,
    LinkKind.KEY,
    LinkKind.POLICY,
    LinkKind.PARTICIPANT,
    LinkKind.APPLICATION,
    LinkKind.REDEMPTION,
    LinkKind.CLAWBACK,
)


class State:
    """Everything that is folded from events; `claims` to `unique` are fetched facts."""

    def __init__(self) -> None:
        self.info: LedgerInfo | None = None
        self.heads: dict[LinkKind, Table[bytes, Head]] = {kind: Table() for kind in RESIDENT_HEADS}
        self.keys: Table[bytes, Key] = Table()
        self.officers: Table[bytes, Officer] = Table()
        self.participants: Table[bytes, Participant] = Table()
        self.identities: Table[str | bytes, bytes] = Table()
        self.certificates: Table[bytes, bytes] = Table()
        self.fingerprint_of: Table[bytes, bytes] = Table()
        self.admissions: Table[bytes, Admission] = Table()
        self.applicants: Table[bytes, int] = Table()
        # Shares by holder and by what is held, so that groups are found by walking (rule I9).
        self.holdings: Table[tuple[bytes, bytes], Holding] = Table()
        self.held_of: Table[bytes, tuple[bytes, ...]] = Table()
        self.holders_of: Table[bytes, tuple[bytes, ...]] = Table()
        self.calendars: Table[int, Calendar] = Table()
        self.devices: Table[bytes, Device] = Table()
        self.device_ends: Table[bytes, int] = Table()
        self.programmes: Table[bytes, Programme] = Table()
        self.programme_of: Table[tuple[int, int, bytes], bytes] = Table()
        self.policies: Table[bytes, Policy] = Table()
        self.contracts: Table[bytes, Contract] = Table()
        self.contract_fingerprints: Table[bytes, int] = Table()
        self.applications: Table[bytes, Application] = Table()
        self.objections: Table[bytes, Objection] = Table()
        self.publications: Table[bytes, int] = Table()
        # Grants that wait for an allocation, and their order in each programme.
        self.queued: Table[bytes, QueuedGrant] = Table()
        self.queues: Table[bytes, tuple[bytes, ...]] = Table()
        self.vouchers: Table[bytes, Voucher] = Table()
        self.voucher_on: Table[tuple[bytes, bytes], bytes] = Table()
        self.contract_redeemed: Table[bytes, int] = Table()
        self.redemptions: Table[bytes, Redemption] = Table()
        self.clawbacks: Table[bytes, Clawback] = Table()
        # Vouchers of a beneficiary with an open clawback; they hold its others.
        self.clawed_vouchers: Table[bytes, tuple[bytes, ...]] = Table()
        self.quotas: Table[bytes, Quotas] = Table()
        self.day_use: Table[bytes, DayUse] = Table()
        self.streams: Table[str, int] = Table()
        # The time of the newest event, the newest digest, and what events since then linked.
        self.recorded_ms: Table[bytes, int] = Table()
        self.digest: Table[bytes, bytes] = Table()
        self.touched = Touched()
        self.claims: FactTable[bytes, Claim] = FactTable()
        self.evidence: FactTable[bytes, Evidence] = FactTable()
        self.intervals: FactTable[tuple[bytes, int], Interval] = FactTable()
        self.unique: FactTable[tuple[int, bytes], UniqueKey] = FactTable()
        # Statements of accepted claims that a claim of this batch replaces, by leaf index.
        self.replaced: FactTable[int, UsageAttestation] = FactTable()
        self.busy: FactTable[bytes, list[Interval]] = FactTable()
        self._tables: tuple[Table[Any, Any], ...] = (
            *self.heads.values(),
            *(table for table in vars(self).values() if isinstance(table, Table)),
        )

    def commit(self) -> None:
        """The batch is durable: keep its effects."""
        for table in self._tables:
            if table.pending or table.base:
                table.commit()
        self.touched.commit()

    def rollback(self) -> None:
        """The batch is lost: drop every effect of it."""
        for table in self._tables:
            table.rollback()
        self.touched.rollback()

    def ledger(self) -> LedgerInfo:
        """What the genesis fixed; only called after index 0."""
        if self.info is None:
            raise RuntimeError("the ledger has no genesis")
        return self.info

    def link(self, kind: LinkKind, entity: bytes, totals: tuple[int, ...] = ()) -> Link:
        """The link of an entity to its newest event before the one that is being made."""
        head = self.heads[kind].get(entity)
        return Link(kind, entity, None if head is None else head.leaf_index, totals)

    def programme_totals(self, programme_id: bytes) -> ProgrammeTotals:
        """Totals of a programme, fen."""
        return ProgrammeTotals(*self.heads[LinkKind.PROGRAMME][programme_id].totals)

    def voucher_totals(self, voucher_id: bytes) -> VoucherTotals:
        """Totals of a voucher."""
        return VoucherTotals(*self.heads[LinkKind.VOUCHER][voucher_id].totals)

    def contract_totals(self, contract_id: bytes) -> ContractTotals:
        """Totals of a contract, fen."""
        return ContractTotals(*self.heads[LinkKind.CONTRACT][contract_id].totals)

    def granted_fen(self, *, programme_id: bytes, beneficiary_id: bytes) -> int:
        """Faces less released of one beneficiary in one programme, fen (rule I2)."""
        head = self.heads[LinkKind.BENEFICIARY_YEAR].get(programme_id + beneficiary_id)
        return head.totals[0] if head else 0

    def queued_fen(self, programme_id: bytes) -> int:
        """Entitlements that wait for an allocation, fen."""
        waiting = (self.queued.get(voucher_id) for voucher_id in self.queues.get(programme_id) or ())
        return sum(grant.entitlement_fen for grant in waiting if grant is not None)

    def quotas_in_force(self) -> Quotas:
        """The daily quotas of a participant."""
        return self.quotas.get(b"") or Quotas()
