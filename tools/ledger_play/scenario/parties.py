"""Steps about who takes part: registration, admission, devices, keys, holdings, suspension."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.client.lines import device_id
from ledger.client.signing import SigningKey
from ledger.client.statements import registry
from ledger.domain.policy import Origin
from ledger.domain.vocabulary import ParticipantKind, ProviderStanding, RevocationReason
from ledger.proof.keys import key_id
from ledger_play.actors import credit_code
from ledger_play.scenario import party_steps as steps
from ledger_play.scenario.world import Party, Selling

if TYPE_CHECKING:
    from ledger_play.scenario.turn import Turn
    from ledger_play.scenario.world import World

FIRST_KEY = "key-1"
DEVICES_PER_STATEMENT = 500
_APPLYING = ("apply", "award")


def beneficiary(turn: Turn, step: steps.Beneficiary) -> None:
    """Register somebody; who is a provider already becomes a beneficiary, too, without a further act."""
    party = turn.world.parties.get(step.id) or _register(
        turn, step.id, ParticipantKind[step.kind], step.registered, code=step.code
    )
    party.settled = True


def provider(turn: Turn, step: steps.Provider) -> None:
    """Register, admit, and register devices and the first signing key."""
    world = turn.world
    kind = _kind_as_beneficiary(world, step.id) or ParticipantKind[step.kind]
    party = world.parties.get(step.id) or _register(turn, step.id, kind, min(step.admitted, world.today))
    selling = Selling(
        vendor=step.vendor or "none", model=step.model or "none", origin=Origin[step.origin or "DOMESTIC"]
    )
    _register_key(turn, party, selling, FIRST_KEY)
    clerk = turn.officer("clerk")
    admission = registry.provider_admission(
        basis=clerk.basis("ADMISSION"),
        provider_id=party.actor.participant_id,
        items=step.items,
        from_day=step.admitted,
    )
    turn.decide("clerk", "provider-admission", admission, by=clerk, alone=False)
    for first in range(0, step.devices, DEVICES_PER_STATEMENT):
        numbers = range(first, min(first + DEVICES_PER_STATEMENT, step.devices))
        registration = registry.device_registration(
            provider_id=party.actor.participant_id,
            models=[(selling.vendor, selling.model, selling.origin)],
            devices=[(device_of(party, number), 0) for number in numbers],
        )
        turn.act(party.actor, "device-registration", registration, world.cast["clerk"].key)
    party.selling = selling
    party.settled = True


def device_of(party: Party, number: int) -> bytes:
    """The id of a provider's device number."""
    return device_id(provider_id=party.actor.participant_id, text=str(number))


def _kind_as_beneficiary(world: World, label: str) -> ParticipantKind | None:
    """The kind of a provider that the file also registers as a beneficiary before anybody applies.

    A participant is registered once, with one kind; the ledger tells by it that it may not sell as well.
    """
    for planned in world.scenario.steps:
        for step in planned.each:
            if step.do in _APPLYING:
                return None
            if isinstance(step, steps.Beneficiary) and step.id == label and step.kind != "PERSON":
                return ParticipantKind[step.kind]
    return None


def _register(
    turn: Turn, label: str, kind: ParticipantKind, registered_day: int, *, code: str | None = None
) -> Party:
    world = turn.world
    clerk = turn.officer("clerk")
    participant_id = world.id_of("participant", label)
    person = kind == ParticipantKind.PERSON
    registration = registry.participant_registration(
        basis=clerk.basis("REGISTRATION"),
        participant_id=participant_id,
        kind=kind,
        registered_day=registered_day,
        credit_code="" if person else credit_code(label) if code is None else code,
        person_tag=world.digest_of("person", label) if person else b"",
    )
    turn.decide("clerk", "participant-registration", registration, by=clerk)
    name = participant_id.hex()
    for formality in world.cast.entry(name, participant_id, seller=kind >= ParticipantKind.COMPUTE):
        turn.formality(formality)
    party = world.parties[label] = Party(label, world.cast[name])
    return party


def _register_key(turn: Turn, party: Party, selling: Selling, label: str) -> None:
    key = selling.keys.get(label) or SigningKey.generate()
    administrator = (
        turn.officer("keymaster") if turn.step.do == "rotate_key" else turn.world.cast["keymaster"]
    )
    statement = registry.key_registration(
        participant_id=party.actor.participant_id, public_key=key.public_key
    )
    second = turn.co_signer(administrator, "keymaster")
    envelope = administrator.sign("key-registration", statement, second, key)
    turn.send(envelope, administrator, carrier=turn.world.cast["keymaster"])
    selling.keys[label] = key


def holding(turn: Turn, step: steps.Holding) -> None:
    """Declare a holding as of today; the ids of labels that nobody registered are as good as any."""
    clerk = turn.officer("clerk")
    statement = registry.holding_declaration(
        basis=clerk.basis("HOLDING"),
        owner_id=turn.world.id_of("participant", step.owner),
        owned_id=turn.world.id_of("participant", step.owned),
        share_bp=step.bp,
        as_of_day=turn.world.today,
    )
    turn.decide("clerk", "holding-declaration", statement, by=clerk)


def suspend_provider(turn: Turn, step: steps.SuspendProvider) -> None:
    """Suspend from today on."""
    clerk = turn.officer("clerk")
    statement = registry.provider_standing_change(
        basis=clerk.basis("SUSPENSION"),
        provider_id=turn.world.parties[step.provider].actor.participant_id,
        standing=ProviderStanding.SUSPENDED,
        from_day=turn.world.today,
    )
    turn.decide("clerk", "provider-standing", statement, by=clerk, alone=False)


def rotate_key(turn: Turn, step: steps.RotateKey) -> None:
    """Register a further key; the newest one signs from here on."""
    party = turn.world.parties[step.provider]
    if party.selling is not None:
        label = step.new or f"key-{len(party.selling.keys) + 1}"
        _register_key(turn, party, party.selling, label)


def revoke_key(turn: Turn, step: steps.RevokeKey) -> None:
    """Revoke a key; a label that no key has stands for a key that nobody registered."""
    party = turn.world.parties[step.provider]
    key = party.selling.keys.get(step.key) if party.selling is not None else None
    administrator = turn.officer("keymaster")
    unknown = key_id("ed25519", turn.world.digest_of("key", step.provider, step.key))
    statement = registry.key_revocation(
        key_id=unknown if key is None else key.key_id,
        invalid_since_ms=step.invalid_since,
        reason=RevocationReason.COMPROMISED,
    )
    turn.decide("keymaster", "key-revocation", statement, by=administrator, alone=False)
