"""Rules of admitting providers, and of suspending, readmitting and removing them (I8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2, quantities_pb2, registry_pb2
from ledger_audit.decisions import decide
from ledger_audit.entities import NEVER_DAY, Participant
from ledger_audit.money import day_of_ms
from ledger_audit.rules_participant import link_participant, participant_of
from ledger_audit.signatures import APPROVER, CLERK

if TYPE_CHECKING:
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act

_SUSPENDED = registry_pb2.PROVIDER_STANDING_SUSPENDED
_READMITTED = registry_pb2.PROVIDER_STANDING_READMITTED


def provider_admitted(fold: Fold, act: Act) -> None:
    """A clerk and an approver admit a provider, or list further items of one that is admitted."""
    statement = act.statement
    decide(fold, act, [CLERK, APPROVER])
    provider = participant_of(fold, act, statement.provider_id)
    person = quantities_pb2.PARTICIPANT_KIND_PERSON
    act.require(provider.kind != person, "admission", "no natural person", "a natural person")
    _premises(act, provider)
    if provider.admission is None:
        provider.admitted_from_day = statement.from_day
    else:
        today = day_of_ms(act.event.recorded_ms)
        act.require(not provider.removed, "admission", "a provider that is not removed", "a removed one")
        suspended = provider.is_suspended(today)
        act.require(not suspended, "admission", "a provider that is not suspended", "a suspended one")
        new = set(statement.items) - set(provider.items)
        act.require(bool(new), "admission", "an item that is not listed", "none")
    for item in statement.items:
        provider.items.setdefault(item, statement.from_day)
    provider.admission = act.index
    for voucher in fold.state.vouchers_by_number:
        if voucher.provider is provider:
            voucher.premises.clear()
    link_participant(fold, act, provider.participant_id)


def provider_standing_changed(fold: Fold, act: Act) -> None:
    """A clerk and an approver suspend, readmit or remove an admitted provider, not for the past."""
    statement = act.statement
    decide(fold, act, [CLERK, APPROVER])
    provider = participant_of(fold, act, statement.provider_id)
    _premises(act, provider)
    link_participant(fold, act, provider.participant_id)
    from_day, today = statement.from_day, day_of_ms(act.event.recorded_ms)
    act.require(from_day >= today, "standing", f"from {today} on or later", from_day)
    act.require(provider.admission is not None, "standing", "an admitted provider", "one that is not")
    act.require(not provider.removed, "standing", "a provider that is not removed", "a removed one")
    if statement.standing == _READMITTED:
        _readmit(act, provider, from_day)
        return
    if statement.standing == _SUSPENDED:
        act.require(not provider.has_open_suspension, "standing", "no open suspension", "one")
    else:
        provider.removed = True
    provider.suspensions.append((from_day, NEVER_DAY))


def _readmit(act: Act, provider: Participant, from_day: int) -> None:
    if not provider.has_open_suspension:
        act.fail("standing", "an open suspension", "none")
        return
    since_day = provider.suspensions[-1][0]
    act.require(since_day <= from_day, "standing", f"from {since_day} on or later", from_day)
    provider.suspensions[-1] = (since_day, from_day)


def _premises(act: Act, provider: Participant) -> None:
    act.premise(event_pb2.PREMISE_KIND_PARTICIPANT, provider.index)
    act.premise(event_pb2.PREMISE_KIND_ADMISSION, provider.admission)
