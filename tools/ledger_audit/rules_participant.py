"""Rules of participants, their personal data and their devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2, quantities_pb2
from ledger_audit import signatures
from ledger_audit.decisions import decide
from ledger_audit.entities import Device, Participant
from ledger_audit.money import is_credit_code
from ledger_audit.signatures import CLERK

if TYPE_CHECKING:
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act

MAX_DEVICES = 500


def participant_registered(fold: Fold, act: Act) -> None:
    """A clerk registers a participant; its code or tag is nobody else's."""
    state, statement = fold.state, act.statement
    decide(fold, act, [CLERK])
    participant_id, code, tag = statement.participant_id, statement.credit_code, statement.person_tag
    used = participant_id in state.officers or participant_id in state.participants
    act.require(not used, "participant", "a new id", participant_id)
    if statement.kind == quantities_pb2.PARTICIPANT_KIND_PERSON:
        act.require(bool(tag) and not code, "participant", "a person tag and no code", "otherwise")
    else:
        act.require(not tag, "participant", "no person tag", tag)
        act.require(is_credit_code(code), "credit_code", "a credit code", code or "none")
    identity = code.encode() or tag
    first = state.identities.setdefault(identity, act.index)
    if identity and first != act.index:
        act.fail("credit_code", "a code or tag of one participant", f"registered at {first}")
    state.participants[participant_id] = Participant(
        participant_id, act.index, statement.kind, statement.registered_day
    )
    link_participant(fold, act, participant_id)


def personal_data_erased(fold: Fold, act: Act) -> None:
    """A clerk has the personal data of a participant erased; no leaf changes."""
    decide(fold, act, [CLERK])
    participant = participant_of(fold, act, act.statement.participant_id)
    act.premise(event_pb2.PREMISE_KIND_PARTICIPANT, participant.index)
    link_participant(fold, act, participant.participant_id)


def devices_registered(fold: Fold, act: Act) -> None:
    """A provider registers devices and a clerk confirms; a device is registered once."""
    state, statement = fold.state, act.statement
    signatures.require_count(state, act, 2)
    signatures.require_party(state, act, 0, statement.provider_id)
    clerk = signatures.officer_of(state, act.keys[1]) if len(act.keys) > 1 else None
    if clerk is None or clerk.role != CLERK:
        act.fail("signers", "a clerk", signatures.describe(state, act.keys[1:]))
    provider = participant_of(fold, act, statement.provider_id)
    act.premise(event_pb2.PREMISE_KIND_PARTICIPANT, provider.index)
    link_participant(fold, act, provider.participant_id)
    ids, positions = list(statement.device_ids), list(statement.device_models)
    models = [(model.vendor, model.model, model.origin) for model in statement.models]
    fits = len(ids) == len(positions) and all(position < len(models) for position in positions)
    act.require(
        fits,
        "devices",
        "a model of the table for each device",
        f"{len(ids)} devices, {len(positions)} models",
    )
    act.require(0 < len(ids) <= MAX_DEVICES, "devices", f"1 to {MAX_DEVICES} devices", len(ids))
    act.require(len(set(ids)) == len(ids), "devices", "different devices", "one twice")
    for number, device_id in enumerate(ids):
        known = state.devices.get(device_id)
        if known is not None:
            act.fail("devices", "a new device", f"{device_id.hex()} is registered")
        elif number < len(positions) and positions[number] < len(models):
            model = models[positions[number]]
            state.devices[device_id] = Device(len(state.devices), statement.provider_id, model, act.index)
        act.links.append((event_pb2.LINK_KIND_DEVICE, b"", number, None, (0,)))
    act.actor = statement.provider_id


def participant_of(fold: Fold, act: Act, participant_id: bytes) -> Participant:
    """The registered participant; its absence ends the judgement."""
    participant = fold.state.participants.get(participant_id)
    if participant is None:
        raise act.missing("participant", participant_id)
    return participant


def link_participant(fold: Fold, act: Act, participant_id: bytes) -> None:
    """Expect the participant's link, on its stream."""
    act.link(event_pb2.LINK_KIND_PARTICIPANT, participant_id, fold.state.place(participant_id))
    act.stream = f"participant/{participant_id.hex()}"
