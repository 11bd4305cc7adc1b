"""Statements over a quota: answered, counted, and reported in the record once their day is over.

The counts are of this process: what a server counted before it was killed is not reported.
"""

from __future__ import annotations

import secrets
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.app.jobs import Item
from ledger.app.outcomes import Refused
from ledger.codec.registry import by_act_name
from ledger.domain.commands import PublishQuotas, ReportSuppressed
from ledger.domain.days import day_of_ms
from ledger.domain.rejections import Reason

if TYPE_CHECKING:
    from ledger.domain.entities import Quotas

REQUEST_ID_SIZE = 16


class Suppressed:
    """Counts by participant and day."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[bytes, int]] = Counter()

    def answer(self, item: Item, now_ms: int) -> Refused:
        """Count a statement of an authenticated participant, and refuse it until tomorrow."""
        provider_id = item.statement.provider_id
        if item.submitter == provider_id:
            self._counts[provider_id, day_of_ms(now_ms)] += 1
        return Refused(Reason.QUOTA_EXCEEDED, "the participant's quota of the day is used up; try tomorrow")

    def due(self, now_ms: int) -> list[Item]:
        """The reports of days that are over; each is given once."""
        if not self._counts:
            return []
        over = [name for name in self._counts if name[1] < day_of_ms(now_ms)]
        return [_report(ReportSuppressed(*name, self._counts.pop(name))) for name in over]


def _report(statement: ReportSuppressed) -> Item:
    digest = sha256(statement.participant_id + statement.day.to_bytes(4, "big")).digest()
    return _system_item("suppression-report", statement, digest)


def quota_item(quotas: Quotas) -> Item:
    """The SYSTEM act that puts a server's quotas in force."""
    digest = sha256(b"".join(number.to_bytes(8, "big") for number in quotas)).digest()
    return _system_item("quota-publication", PublishQuotas(quotas), digest)


def _system_item(act: str, statement: object, digest: bytes) -> Item:
    return Item(by_act_name()[act], statement, None, secrets.token_bytes(REQUEST_ID_SIZE), digest, b"")
