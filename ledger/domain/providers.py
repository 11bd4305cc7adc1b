"""Providers: admission, service items, standing, devices (rules I8, I19).

This module must not know money, contracts or usage.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.domain import authority, checks
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.days import day_of_ms, start_ms
from ledger.domain.entities import Admission, Device
from ledger.domain.events import DevicesRegistered, ProviderAdmitted, ProviderStandingChanged
from ledger.domain.journal import Draft, Link, LinkKind, Premise, PremiseKind, Recorded
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import ParticipantKind, ProviderStanding, Role

if TYPE_CHECKING:
    from ledger.domain.state import State
    from ledger.domain.statements import DeviceRegistration, ProviderAdmission, ProviderStandingChange

    Decision = tuple[Draft, ...] | Rejection

MAX_DEVICES = 500
MAX_ITEMS = 64


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
    if participant.kind == ParticipantKind.PERSON:
        refusals.add(Reason.STATE_CONFLICT, "a natural person cannot be a provider", participant.index)
    if admission is not None:
        _check_further(refusals, statement, admission, command.now_ms)
    if refusals.first:
        return refusals.first
    earlier = () if admission is None else (Premise(PremiseKind.ADMISSION, admission.index),)
    draft = Draft(
        payload=ProviderAdmitted(),
        stream_id=f"participant/{statement.provider_id.hex()}",
        actor=authority.actor_of(command),
        premises=(
            *authority.key_premises(command.keys),
            Premise(PremiseKind.PARTICIPANT, participant.index),
            *earlier,
        ),
        links=(state.link(LinkKind.PARTICIPANT, statement.provider_id),),
    )
    return (draft,)


def _check_further(
    refusals: Refusals, statement: ProviderAdmission, admission: Admission, now_ms: int
) -> None:
    if admission.removed_from_day is not None:
        refusals.add(Reason.STATE_CONFLICT, "the provider is REMOVED; allowed: nothing", admission.index)
    elif admission.suspended_at(start_ms(day_of_ms(now_ms))):
        text = "the provider is SUSPENDED; allowed: provider-standing"
        refusals.add(Reason.STATE_CONFLICT, text, admission.index)
    if set(statement.items) <= set(admission.items):
        text = "the provider is admitted already with these items; allowed: provider-standing, further items"
        refusals.add(Reason.STATE_CONFLICT, text, admission.index)


def evolve_provider_admitted(state: State, recorded: Recorded) -> None:
    """Fold an admission, or the items that a further one adds."""
    statement: ProviderAdmission = recorded.statement
    items = dict.fromkeys(statement.items, statement.from_day)
    earlier = state.admissions.get(statement.provider_id)
    if earlier is None:
        state.admissions[statement.provider_id] = Admission(
            index=recorded.index, batch=statement.batch, items=items, from_day=statement.from_day
        )
        return
    state.admissions[statement.provider_id] = replace(
        earlier, index=recorded.index, batch=statement.batch, items=items | earlier.items
    )


def decide_standing(state: State, command: Command[ProviderStandingChange]) -> Decision:
    """Suspend, readmit or remove a provider from a day on, never before today."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_day(statement.from_day, "from_day")
    participant = state.participants.get(statement.provider_id)
    admission = state.admissions.get(statement.provider_id)
    if participant is None or admission is None:
        return missing("the provider's admission")
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.CLERK, Role.APPROVER, basis=statement.basis)
    _check_standing(refusals, statement, admission)
    if statement.from_day < day_of_ms(command.now_ms):
        refusals.add(Reason.STATE_CONFLICT, "the standing cannot change before today", admission.index)
    if refusals.first:
        return refusals.first
    draft = Draft(
        payload=ProviderStandingChanged(),
        stream_id=f"participant/{statement.provider_id.hex()}",
        actor=authority.actor_of(command),
        premises=(
            *authority.key_premises(command.keys),
            Premise(PremiseKind.PARTICIPANT, participant.index),
            Premise(PremiseKind.ADMISSION, admission.index),
        ),
        links=(state.link(LinkKind.PARTICIPANT, statement.provider_id),),
    )
    return (draft,)


def _check_standing(refusals: Refusals, statement: ProviderStandingChange, admission: Admission) -> None:
    opened = admission.suspensions[-1] if admission.suspensions else None
    suspended = opened is not None and opened[1] is None
    index = admission.index
    if admission.removed_from_day is not None:
        refusals.add(Reason.STATE_CONFLICT, "the provider is REMOVED; allowed: nothing", index)
    elif statement.standing == ProviderStanding.SUSPENDED and suspended:
        text = "the provider is SUSPENDED; allowed: readmission, removal"
        refusals.add(Reason.STATE_CONFLICT, text, index)
    elif statement.standing == ProviderStanding.READMITTED and (
        not suspended or (opened is not None and statement.from_day < opened[0])
    ):
        text = "there is no suspension that ends on that day; allowed: suspension, removal"
        refusals.add(Reason.STATE_CONFLICT, text, index)


def evolve_standing_changed(state: State, recorded: Recorded) -> None:
    """Fold a change of standing."""
    statement: ProviderStandingChange = recorded.statement
    admission = state.admissions[statement.provider_id]
    day = statement.from_day
    if statement.standing == ProviderStanding.REMOVED:
        after = replace(admission, removed_from_day=day)
    elif statement.standing == ProviderStanding.SUSPENDED:
        after = replace(admission, suspensions=(*admission.suspensions, (day, None)))
    else:
        *ended, (first, _) = admission.suspensions
        after = replace(admission, suspensions=(*ended, (first, day)))
    state.admissions[statement.provider_id] = after


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
