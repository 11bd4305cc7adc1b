"""Indicators: what may be worth a look in a ledger that keeps every rule (docs/how-to/look-for-fraud.md).

They are leads and neither findings nor refusals. One pass over the log, with or without the audit. It must
not look for anything itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger_audit.indicators_money import CancelledInvoice, SharedPayee
from ledger_audit.indicators_parties import AtTheCap, LateAdmission, NearAffiliation, SplitContracts
from ledger_audit.indicators_text import sentence, values_to_json
from ledger_audit.indicators_types import THRESHOLDS_OF, Detector, Indicator, Record, Thresholds
from ledger_audit.indicators_usage import HighPrice, IdleDevice, LastDayUsage, SequenceGap
from ledger_audit.watched import Checked, watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger_audit.fold import Fold
    from ledger_audit.sources import Source
    from ledger_audit.state import State
    from ledger_audit.trust import Trust
    from ledger_audit.verify import Progress
    from ledger_audit.watch import Seen

DETECTORS: tuple[Callable[[Thresholds], Detector], ...] = (
    SplitContracts,
    AtTheCap,
    HighPrice,
    IdleDevice,
    LateAdmission,
    NearAffiliation,
    LastDayUsage,
    SharedPayee,
    CancelledInvoice,
    SequenceGap,
)
_ORDER = {indicator: place for place, indicator in enumerate(Indicator)}


@dataclass(frozen=True, slots=True)
class Alert:
    """An applicant on whom several different indicators point."""

    applicant: bytes
    indicators: tuple[Indicator, ...]
    records: int


@dataclass(frozen=True, slots=True)
class Leads:
    """All that was found, and how far the log was checked meanwhile."""

    checked: Checked
    thresholds: Thresholds
    records: tuple[Record, ...]
    alerts: tuple[Alert, ...]

    def to_json(self) -> dict[str, Any]:
        """One JSON object; fen are strings."""
        thresholds = self.thresholds.to_json()
        counts = Counter(record.indicator for record in self.records)
        return {
            "tree_size": self.checked.tree_size,
            "verification": self.checked.to_json(),
            "thresholds": thresholds,
            "counts": {indicator.value: counts[indicator] for indicator in Indicator},
            "records": [_record(record, thresholds) for record in self.records],
            "alerts": [
                {
                    "applicant": alert.applicant.hex(),
                    "indicators": [indicator.value for indicator in alert.indicators],
                    "records": alert.records,
                }
                for alert in self.alerts
            ],
        }


class Lookout:
    """Shows every detector the events that it asks for."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._detectors = [make(thresholds) for make in DETECTORS]
        self._by_kind: dict[str, list[Detector]] = defaultdict(list)
        for detector in self._detectors:
            for kind in detector.kinds:
                self._by_kind[kind].append(detector)
        self._state: State | None = None

    def see(self, fold: Fold, seen: Seen) -> None:
        """Take in an event that the fold has judged."""
        self._state = fold.state
        detectors = self._by_kind.get(seen.kind)
        if detectors and seen.is_well_formed:
            for detector in detectors:
                detector.see(fold, seen)

    def finish(self) -> tuple[Record, ...]:
        """All records, by indicator and first leaf."""
        state = self._state
        if state is None:
            return ()
        records = [record for detector in self._detectors for record in detector.finish(state)]
        return tuple(sorted(records, key=lambda record: (_ORDER[record.indicator], record.indexes)))


def look(
    source: Source,
    *,
    thresholds: Thresholds | None = None,
    trust: Trust | None = None,
    progress: Progress | None = None,
) -> Leads:
    """Look through a log once. With trust it is verified in the same pass, else its rules alone are."""
    chosen = thresholds or Thresholds()
    lookout = Lookout(chosen)
    checked = watch(source, lookout, trust=trust, progress=progress)
    records = lookout.finish()
    return Leads(checked, chosen, records, alerts_of(records, least=chosen.alert_indicators))


def alerts_of(records: tuple[Record, ...], *, least: int) -> tuple[Alert, ...]:
    """The applicants with so many different indicators, most of them first."""
    found: dict[bytes, list[Indicator]] = defaultdict(list)
    for record in records:
        found[record.applicant].append(record.indicator)
    alerts = [
        Alert(applicant, tuple(sorted(set(mine), key=_ORDER.__getitem__)), len(mine))
        for applicant, mine in found.items()
        if len(set(mine)) >= max(least, 1)
    ]
    return tuple(sorted(alerts, key=lambda alert: (-len(alert.indicators), alert.applicant)))


def _record(record: Record, thresholds: dict[str, int]) -> dict[str, Any]:
    used = THRESHOLDS_OF.get(record.indicator, ())
    return {
        "indicator": record.indicator.value,
        "applicant": record.applicant.hex(),
        "indexes": list(record.indexes),
        "sentence": sentence(record),
        "values": values_to_json(record),
        "thresholds": {name: thresholds[name] for name in used},
    }
