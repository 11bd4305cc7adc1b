"""Rules of daily quotas and of what they kept out of the record."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from ledger_audit.money import day_of_ms
from ledger_audit.rules_participant import link_participant, participant_of
from ledger_audit.state import Quotas

if TYPE_CHECKING:
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act


def quotas_published(fold: Fold, act: Act) -> None:
    """The server's quotas are in force from this leaf on."""
    said = act.event.quotas_published
    values = (said.refusals_per_day, said.claims_per_day, said.bytes_per_day)
    act.require(min(values) > 0, "quota", "quotas above 0", values)
    digest = sha256(b"".join(value.to_bytes(8, "big", signed=True) for value in values)).digest()
    act.equal("request_digest", digest, act.event.request_digest)
    fold.state.quotas = Quotas(*values)
    act.stream = f"ledger/{fold.state.ledger_id.hex()}"


def refusals_suppressed(fold: Fold, act: Act) -> None:
    """How many statements of a participant and a day that is over were kept out, said once."""
    said = act.event.refusals_suppressed
    digest = sha256(said.participant_id + said.day.to_bytes(4, "big", signed=True)).digest()
    act.equal("request_digest", digest, act.event.request_digest)
    participant = participant_of(fold, act, said.participant_id)
    act.require(said.count > 0, "quota", "a count above 0", said.count)
    today = day_of_ms(act.event.recorded_ms)
    act.require(said.day < today, "quota", f"a day before {today}", said.day)
    name = (participant.participant_id, said.day)
    act.require(name not in fold.state.suppressed, "quota", "said once for participant and day", "again")
    fold.state.suppressed.add(name)
    link_participant(fold, act, participant.participant_id)
