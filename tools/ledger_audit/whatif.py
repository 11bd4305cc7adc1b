"""Counterfactual replay: what the same history would have granted and paid under another policy.

The recorded history is folded as in any audit; beside it a second state machine is fed with the same events
and decides grants, redemptions, releases and clawbacks anew (docs/explanation/what-if.md). It must not judge
the recorded ledger or load a policy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ledger_audit import whatif_grants, whatif_money
from ledger_audit.entities import Policy
from ledger_audit.report import instrument_name
from ledger_audit.watched import Checked, watch
from ledger_audit.whatif_shadow import Plan, Shadow, Zero, reason_name

if TYPE_CHECKING:
    from ledger.v1 import programme_pb2
    from ledger_audit.entities import Programme
    from ledger_audit.fold import Fold
    from ledger_audit.sources import Source
    from ledger_audit.state import State
    from ledger_audit.trust import Trust
    from ledger_audit.verify import Progress
    from ledger_audit.watch import Seen

Name = tuple[bytes, bytes]
"""Programme and beneficiary."""
Sums = tuple[int, ...]
"""In the order of `MEASURES`, fen."""

MEASURES = ("face", "released", "paid", "clawed_back")
NOTES = (
    "refused grants and claims are not in the record, so they stay refused",
    "who applied, used, asked and paid when is taken from the record; only amounts are decided anew",
)

_HANDLERS: Mapping[str, Callable[[Shadow, Fold, Seen], None]] = MappingProxyType(
    {
        "programme_opened": whatif_grants.appropriated,
        "policy_published": whatif_grants.appropriated,
        "contract_registered": whatif_grants.contracted,
        "outside_support_declared": whatif_grants.supported,
        "application_submitted": whatif_grants.applied,
        "award_applied": whatif_grants.applied,
        "voucher_issued": whatif_grants.granted,
        "grant_queued": whatif_grants.granted,
        "funds_allocated": whatif_grants.allocated,
        "voucher_allotted": whatif_grants.allotted,
        "voucher_expired": whatif_grants.ended,
        "voucher_revoked": whatif_grants.ended,
        "voucher_closed": whatif_grants.ended,
        "claim_accepted": whatif_money.claimed,
        "service_claim_accepted": whatif_money.claimed,
        "redemption_requested": whatif_money.requested,
        "redemption_verified": whatif_money.verified,
        "payment_confirmed": whatif_money.paid,
        "clawback_determined": whatif_money.determined,
    }
)
"""What each event type changes; all others change nothing here."""


class Replayer:
    """Looks on while the record is folded and keeps the counterfactual state beside it."""

    def __init__(self, plan: Plan) -> None:
        self.shadow = Shadow(plan)
        self.recorded: State | None = None

    def see(self, fold: Fold, seen: Seen) -> None:
        """Take in an event that the fold has judged."""
        self.recorded = fold.state
        handler = _HANDLERS.get(seen.kind)
        if handler is not None and seen.is_well_formed:
            self.shadow.state.participants = fold.state.participants
            handler(self.shadow, fold, seen)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure, fen."""

    recorded: int
    counterfactual: int

    @property
    def difference(self) -> int:
        """What the other policy would have given more."""
        return self.counterfactual - self.recorded


Row = Mapping[str, Comparison]
"""A comparison for each of `MEASURES`."""


@dataclass(frozen=True, slots=True)
class ProgrammeRow:
    """One programme: `replayed` says whether it was decided anew; appropriations in fen."""

    programme_id: bytes
    instrument: str
    fiscal_year: int
    replayed: bool
    appropriation: Comparison
    sums: Row
    beneficiaries: Mapping[bytes, Row]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The result of a counterfactual replay."""

    checked: Checked
    programmes: tuple[ProgrammeRow, ...]
    totals: Row
    zeros: tuple[Zero, ...]
    unaccepted_claims: Mapping[str, int]
    """Accepted claims that would have been refused, by reason."""

    def to_json(self) -> dict[str, Any]:
        """One JSON object; fen are strings."""
        return {
            "tree_size": self.checked.tree_size,
            "verification": self.checked.to_json(),
            "programmes": [_programme(row) for row in self.programmes],
            "totals": _row(self.totals),
            "nothing": [_zero(zero) for zero in self.zeros],
            "claims_not_accepted": dict(self.unaccepted_claims),
            "notes": list(NOTES),
        }


def plan_of(policies: Mapping[int, programme_pb2.PolicyParameters]) -> Plan:
    """The plan that decides every programme of these instruments under these parameters."""
    made = {
        instrument: Policy(
            -1,
            0,
            values,
            frozenset(values.excluded_items),
            {rate.origin: rate.rate_bp for rate in values.rate_bp_by_origin},
        )
        for instrument, values in policies.items()
    }
    return lambda programme: made.get(programme.instrument)


def whatif(
    source: Source, plan: Plan, *, trust: Trust | None = None, progress: Progress | None = None
) -> WhatIf:
    """Replay a log under a plan. With trust it is verified in the same pass, else its rules alone are."""
    replayer = Replayer(plan)
    checked = watch(source, replayer, trust=trust, progress=progress)
    return compared(checked, replayer)


def compared(checked: Checked, replayer: Replayer) -> WhatIf:
    """What the record and the counterfactual state come to."""
    shadow, recorded = replayer.shadow, replayer.recorded
    if recorded is None:
        return WhatIf(checked, (), _compare({}, {}, ()), (), {})
    sides = _sums(recorded), _sums(shadow.state)
    names = sorted({*sides[0], *sides[1]})
    rows = []
    for programme_id, programme in recorded.programmes.items():
        mine = [name for name in names if name[0] == programme_id]
        row = ProgrammeRow(
            programme_id,
            instrument_name(programme.instrument),
            programme.fiscal_year,
            not shadow.keeps(programme),
            Comparison(programme.appropriation, _appropriation(shadow, programme)),
            _compare(*sides, mine),
            {name[1]: _compare(*sides, [name]) for name in mine},
        )
        rows.append(row)
    counts = {reason_name(reason): count for reason, count in sorted(shadow.unaccepted_counts.items())}
    return WhatIf(checked, tuple(rows), _compare(*sides, names), tuple(shadow.zeros), counts)


def _sums(state: State) -> dict[Name, Sums]:
    """What the vouchers of a state come to, by programme and beneficiary."""
    sums: dict[Name, list[int]] = defaultdict(lambda: [0] * len(MEASURES))
    for voucher in state.vouchers_by_number:
        clawed_back = sum(redemption.clawed_back for redemption in voucher.redemptions)
        mine = sums[voucher.programme.programme_id, voucher.beneficiary_id]
        for place, amount in enumerate((voucher.face, voucher.released, voucher.paid, clawed_back)):
            mine[place] += amount
    return {name: tuple(found) for name, found in sums.items()}


def _compare(recorded: Mapping[Name, Sums], other: Mapping[Name, Sums], names: Sequence[Name]) -> Row:
    nothing = (0,) * len(MEASURES)
    return {
        measure: Comparison(
            *(sum(side.get(name, nothing)[place] for name in names) for side in (recorded, other))
        )
        for place, measure in enumerate(MEASURES)
    }


def _appropriation(shadow: Shadow, programme: Programme) -> int:
    found = shadow.state.programmes.get(programme.programme_id)
    return found.appropriation if found is not None else programme.appropriation


def _programme(row: ProgrammeRow) -> dict[str, Any]:
    return {
        "programme": row.programme_id.hex(),
        "instrument": row.instrument,
        "fiscal_year": row.fiscal_year,
        "replayed": row.replayed,
        "appropriation": _comparison(row.appropriation),
        **_row(row.sums),
        "beneficiaries": [
            {"beneficiary": beneficiary_id.hex(), **_row(mine)}
            for beneficiary_id, mine in row.beneficiaries.items()
        ],
    }


def _row(row: Row) -> dict[str, Any]:
    return {measure: _comparison(found) for measure, found in row.items()}


def _comparison(found: Comparison) -> dict[str, str]:
    return {
        "recorded": str(found.recorded),
        "counterfactual": str(found.counterfactual),
        "difference": str(found.difference),
    }


def _zero(zero: Zero) -> dict[str, Any]:
    return {
        "index": zero.index,
        "kind": zero.kind,
        "id": zero.entity_id.hex(),
        "programme": zero.programme_id.hex(),
        "beneficiary": zero.beneficiary_id.hex(),
        "reason": reason_name(zero.reason),
        "recorded": str(zero.recorded),
    }
