"""Participants, and the erasure of what is known about them (rule I12).

This module must not know what they sell or buy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import authority, checks
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.entities import Participant
from ledger.domain.events import ParticipantRegistered, PersonalDataErased
from ledger.domain.identifiers import check_credit_code
from ledger.domain.journal import Draft, LinkKind, Premise, PremiseKind, Recorded
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import ParticipantKind, Role
from ledger.errors import MalformedError

if TYPE_CHECKING:
    from ledger.domain.state import State
    from ledger.domain.statements import ParticipantRegistration, PersonalDataErasure

    Decision = tuple[Draft, ...] | Rejection


def decide_participant_registration(state: State, command: Command[ParticipantRegistration]) -> Decision:
    """Register a participant: one credit code or person tag is one participant."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_id(statement.participant_id, "participant_id")
    checks.check_founding_day(statement.registered_day, "registered_day")
    person = statement.kind == ParticipantKind.PERSON
    checks.expect(bool(statement.credit_code) != person, "credit_code: for all but a PERSON")
    tag_size = checks.DIGEST_SIZE if person else 0
    checks.expect(len(statement.person_tag) == tag_size, "person_tag: 32 bytes for a PERSON, else none")
    refusals = Refusals()
    if not person:
        try:
            check_credit_code(statement.credit_code)
        except MalformedError as error:
            refusals.add(Reason.BAD_CREDIT_CODE, error.summary)
    authority.check_officers(refusals, state, command, Role.CLERK, basis=statement.basis)
    if statement.participant_id in state.participants or statement.participant_id in state.officers:
        refusals.add(Reason.STATE_CONFLICT, "the participant id is in use")
    holder = state.identities.get(statement.credit_code or statement.person_tag)
    if holder is not None:
        index = state.participants[holder].index
        refusals.add(Reason.STATE_CONFLICT, "the credit code or person tag is registered already", index)
    if refusals.first:
        return refusals.first
    draft = Draft(
        payload=ParticipantRegistered(),
        stream_id=f"participant/{statement.participant_id.hex()}",
        actor=authority.actor_of(command),
        premises=authority.key_premises(command.keys),
        links=(state.link(LinkKind.PARTICIPANT, statement.participant_id),),
    )
    return (draft,)


def evolve_participant_registered(state: State, recorded: Recorded) -> None:
    """Fold a participant."""
    statement: ParticipantRegistration = recorded.statement
    state.participants[statement.participant_id] = Participant(
        participant_id=statement.participant_id,
        kind=statement.kind,
        credit_code=statement.credit_code,
        person_tag=statement.person_tag,
        registered_day=statement.registered_day,
        index=recorded.index,
    )
    state.identities[statement.credit_code or statement.person_tag] = statement.participant_id


def decide_erasure(state: State, command: Command[PersonalDataErasure]) -> Decision:
    """Record that what lies behind a participant's commitments is destroyed; no leaf changes."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    participant = state.participants.get(statement.participant_id)
    if participant is None:
        return missing("the participant")
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.CLERK, basis=statement.basis)
    if refusals.first:
        return refusals.first
    draft = Draft(
        payload=PersonalDataErased(),
        stream_id=f"participant/{statement.participant_id.hex()}",
        actor=authority.actor_of(command),
        premises=(*authority.key_premises(command.keys), Premise(PremiseKind.PARTICIPANT, participant.index)),
        links=(state.link(LinkKind.PARTICIPANT, statement.participant_id),),
    )
    return (draft,)
