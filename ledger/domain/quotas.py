"""Daily quotas of participants: what is counted, when it is too much, and what the record says of it.

A flood of claims may fill no store: what is over a quota is answered and counted, not recorded. This module
must not know what a claim says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain.commands import Command, PublishQuotas, ReportSuppressed, missing
from ledger.domain.days import day_of_ms
from ledger.domain.entities import DayUse, Quotas
from ledger.domain.events import ClaimRefused, QuotasPublished, RefusalsSuppressed
from ledger.domain.journal import Draft, LinkKind, Recorded
from ledger.domain.rejections import Reason, Rejection

if TYPE_CHECKING:
    from ledger.domain.state import State

    Decision = tuple[Draft, ...] | Rejection

_ALL = b""


def day_use(state: State, participant_id: bytes, now_ms: int) -> DayUse:
    """What a participant has used today."""
    day = day_of_ms(now_ms)
    use = state.day_use.get(participant_id)
    return use if use is not None and use.day == day else DayUse(day)


def over_quota(state: State, participant_id: bytes, now_ms: int, *, refusal: bool) -> Rejection | None:
    """QUOTA_EXCEEDED if a further claim, or a further recorded refusal, would be too much today."""
    quotas = state.quotas_in_force()
    use = day_use(state, participant_id, now_ms)
    if use.claims >= quotas.claims_per_day or use.size_bytes >= quotas.bytes_per_day:
        return Rejection(Reason.QUOTA_EXCEEDED, "the participant's claims of the day are used up")
    if refusal and use.refusals >= quotas.refusals_per_day:
        return Rejection(Reason.QUOTA_EXCEEDED, "the participant's recorded refusals of the day are used up")
    return None


def count_claim(state: State, recorded: Recorded) -> None:
    """Fold a claim, accepted or refused, into the day's use of its provider."""
    refused = isinstance(recorded.payload, ClaimRefused)
    provider_id = recorded.payload.provider_id if refused else recorded.statement.provider_id
    use = day_use(state, provider_id, recorded.recorded_ms)
    state.day_use[provider_id] = DayUse(
        use.day, use.refusals + refused, use.claims + 1, use.size_bytes + recorded.size_bytes
    )


def decide_quotas(state: State, command: Command[PublishQuotas]) -> Decision:
    """Put the server's quotas in force."""
    quotas = command.statement.quotas
    if min(quotas) <= 0:
        return Rejection(Reason.MALFORMED, "quotas: greater than 0")
    draft = Draft(
        payload=QuotasPublished(**quotas._asdict()),
        stream_id=f"ledger/{state.ledger().ledger_id.hex()}",
        actor=None,
        premises=(),
        links=(),
        signed=False,
    )
    return (draft,)


def evolve_quotas_published(state: State, recorded: Recorded) -> None:
    """Fold quotas."""
    payload: QuotasPublished = recorded.payload
    state.quotas[_ALL] = Quotas(payload.refusals_per_day, payload.claims_per_day, payload.bytes_per_day)


def decide_suppressed(state: State, command: Command[ReportSuppressed]) -> Decision:
    """Record how many statements of a participant a quota kept out on a day that is over."""
    statement = command.statement
    if statement.participant_id not in state.participants:
        return missing("the participant")
    if statement.count <= 0 or statement.day >= day_of_ms(command.now_ms):
        return Rejection(Reason.STATE_CONFLICT, "nothing was suppressed, or the day is not over")
    draft = Draft(
        payload=RefusalsSuppressed(
            participant_id=statement.participant_id, day=statement.day, count=statement.count
        ),
        stream_id=f"participant/{statement.participant_id.hex()}",
        actor=None,
        premises=(),
        links=(state.link(LinkKind.PARTICIPANT, statement.participant_id),),
        signed=False,
    )
    return (draft,)
