"""Participants, providers and their devices (rules I8, I19).

This module must not know money, contracts or usage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import authority, checks
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.entities import Admission, Device, Participant
from ledger.domain.events import DevicesRegistered, ParticipantRegistered, ProviderAdmitted
from ledger.domain.identifiers import check_credit_code
from ledger.domain.journal import Draft, Link, LinkKind, Premise, PremiseKind, Recorded
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import ParticipantKind, Role
from ledger.errors import MalformedError

if TYPE_CHECKING:
    from ledger.domain.state import State
    from ledger.domain.statements import DeviceRegistration, ParticipantRegistration, ProviderAdmission

    Decision = tuple[Draft, ...] | Rejection

MAX_DEVICES = 500
MAX_ITEMS = 64


def decide_participant_registration(state: State, command: Command[ParticipantRegistration]) -> Decision:
    """Register a participant: one credit code or person tag is one participant."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_id(statement.participant_id, "participant_id")
    checks.check_day(statement.registered_day, "registered_day")
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
        actor=_owner(command),
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


def _owner(command: Command[ParticipantRegistration] | Command[ProviderAdmission]) -> bytes:
    first = command.keys[0]
    return first.owner_id if first is not None else b""


def decide_provider_admission(state: State, command: Command[ProviderAdmission]) -> Decision:
    """Admit a provider with its service items."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_day(statement.from_day, "from_day")
    checks.expect(1 <= len(statement.items) <= MAX_ITEMS, f"items: 1 to {MAX_ITEMS}")
    checks.check_distinct(statement.items, "items")
    for item in statement.items:
        checks.check_name(item, "items")
    participant = state.participants.get(statement.provider_id)
    if participant is None:
        return missing("the provider")
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.CLERK, Role.APPROVER, basis=statement.basis)
    admission = state.admissions.get(statement.provider_id)
    if admission is not None:
        refusals.add(Reason.STATE_CONFLICT, "the provider is admitted already", admission.index)
    if participant.kind == ParticipantKind.PERSON:
        refusals.add(Reason.STATE_CONFLICT, "a natural person cannot be a provider", participant.index)
    if refusals.first:
        return refusals.first
    draft = Draft(
        payload=ProviderAdmitted(),
        stream_id=f"participant/{statement.provider_id.hex()}",
        actor=_owner(command),
        premises=(*authority.key_premises(command.keys), Premise(PremiseKind.PARTICIPANT, participant.index)),
        links=(state.link(LinkKind.PARTICIPANT, statement.provider_id),),
    )
    return (draft,)


def evolve_provider_admitted(state: State, recorded: Recorded) -> None:
    """Fold an admission."""
    statement: ProviderAdmission = recorded.statement
    state.admissions[statement.provider_id] = Admission(
        index=recorded.index, batch=statement.batch, items=statement.items, from_day=statement.from_day
    )


def decide_device_registration(state: State, command: Command[DeviceRegistration]) -> Decision:
    """Register a provider's devices, confirmed by a clerk."""
    statement = command.statement
    count = len(statement.device_ids)
    checks.expect(1 <= count <= MAX_DEVICES, f"device_ids: 1 to {MAX_DEVICES}")
    checks.expect(len(statement.device_models) == count, "device_models: one for each device")
    checks.expect(max(statement.device_models) < len(statement.models), "device_models: a position in models")
    for device_id in statement.device_ids:
        checks.check_id(device_id, "device_ids")
    checks.check_distinct(statement.device_ids, "device_ids")
    for model in statement.models:
        checks.check_name(model.vendor, "models: vendor")
        checks.check_name(model.model, "models: model")
    participant = state.participants.get(statement.provider_id)
    if participant is None:
        return missing("the provider")
    refusals = Refusals()
    if authority.check_keys(refusals, command, signers=2):
        provider_key, clerk_key = command.keys
        officer = state.officers.get(clerk_key.owner_id) if clerk_key is not None else None
        if provider_key is not None and provider_key.owner_id != statement.provider_id:
            refusals.add(Reason.NOT_AUTHORISED, "the first signature is not the provider's")
        if officer is None or officer.role != Role.CLERK:
            refusals.add(Reason.SEPARATION_OF_DUTY, "the second signature is not a CLERK's")
    for device_id in statement.device_ids:
        device = state.devices.get(device_id)
        if device is not None:
            refusals.add(
                Reason.STATE_CONFLICT,
                f"device {device_id.hex()} is registered already",
                device.registered_index,
            )
            break
    if refusals.first:
        return refusals.first
    devices = (
        Link(LinkKind.DEVICE, b"", None, (0,), position) for position, _ in enumerate(statement.device_ids)
    )
    draft = Draft(
        payload=DevicesRegistered(),
        stream_id=f"participant/{statement.provider_id.hex()}",
        actor=statement.provider_id,
        premises=(*authority.key_premises(command.keys), Premise(PremiseKind.PARTICIPANT, participant.index)),
        links=(state.link(LinkKind.PARTICIPANT, statement.provider_id), *devices),
    )
    return (draft,)


def evolve_devices_registered(state: State, recorded: Recorded) -> None:
    """Fold devices."""
    statement: DeviceRegistration = recorded.statement
    for device_id, position in zip(statement.device_ids, statement.device_models, strict=True):
        model = statement.models[position]
        state.devices[device_id] = Device(
            statement.provider_id, model.vendor, model.model, model.origin, recorded.index
        )
