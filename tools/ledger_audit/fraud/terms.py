"""Policies, contracts and start-ups as leaves say them, for the rules that count money.

It must not judge a rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.entities import Contract, Participant, Policy
from ledger_audit.fraud.leaves import Leaf, NotShown
from ledger_audit.money import day_of_ms
from ledger_audit.rules_application import is_startup

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.proof_type import Roles
    from ledger_audit.fraud.reader import Reader

POLICY, CONTRACT = event_pb2.PREMISE_KIND_POLICY, event_pb2.PREMISE_KIND_CONTRACT
APPLICATION, VOUCHER = event_pb2.PREMISE_KIND_APPLICATION, event_pb2.PREMISE_KIND_VOUCHER
GRANT = event_pb2.PREMISE_KIND_GRANT
EITHER = frozenset({True, False})
"""Whether something is for a start-up, where the leaves do not tell."""


def policy_of(leaf: Leaf) -> Policy:
    """The policy that a leaf puts in force."""
    if leaf.kind != "policy_published":
        raise NotShown(f"{leaf.name} is no policy")
    values = leaf.said.parameters
    rates = {rate.origin: rate.rate_bp for rate in values.rate_bp_by_origin}
    return Policy(leaf.index, leaf.said.version, values, frozenset(values.excluded_items), rates)


def contract_of(leaf: Leaf, *, outside_support: int = 0) -> Contract:
    """The contract that a leaf registers."""
    if leaf.kind != "contract_registered":
        raise NotShown(f"{leaf.name} is no contract")
    said = leaf.said
    contract = Contract(said.contract_id, leaf.index, said, {})
    contract.outside_support = outside_support
    return contract


def startup_flags(case: Case, by: Leaf) -> frozenset[bool]:
    """Whether the application that `by` names is a start-up's; both where the proof does not have it.

    The application says it itself. With its contract, the participant and the policy of the application it is
    computed again, and what is computed counts.
    """
    application = case.named(by, APPLICATION, "application")
    if application is None:
        return EITHER
    if application.kind == "award_applied":
        return frozenset({False})
    if application.kind != "application_submitted":
        raise NotShown(f"{application.name} is no application")
    computed = computed_startup(case, application, policy_role="application_policy")
    said = bool(application.payload.startup)
    return frozenset({said if computed is None else computed})


def computed_startup(case: Case, application: Leaf, *, policy_role: str) -> bool | None:
    """Whether the applicant is a start-up by contract, participant and policy; None without all three."""
    contract = case.named(application, CONTRACT, "contract")
    policy = case.named(application, POLICY, policy_role)
    participant = case.one("participant")
    if contract is None or policy is None or participant is None:
        return None
    said = contract_of(contract).terms
    if said.contract_id != application.said.contract_id:
        raise NotShown(f"{contract.name} is another contract than that of {application.name}")
    if participant.kind != "participant_registered" or participant.index >= application.index:
        raise NotShown(f"{participant.name} registers no participant before {application.name}")
    who = participant.said
    if who.participant_id != said.beneficiary_id:
        raise NotShown(f"{participant.name} registers another participant than the applicant")
    beneficiary = Participant(who.participant_id, participant.index, who.kind, who.registered_day)
    return is_startup(beneficiary, policy_of(policy), day_of_ms(application.event.recorded_ms))


def startup_roles(reader: Reader, by: Leaf) -> Generator[bytes, Sequence[int], list[Roles]]:
    """Nothing; the application that `by` names; with it what computes whether it is a start-up's."""
    application = reader.leaf_if(by.premise(APPLICATION))
    if application is None:
        return [{}]
    alone: Roles = {"application": [application.index]}
    computed = yield from computing_roles(reader, application, policy_role="application_policy")
    return [{}, alone, *({**alone, **roles} for roles in computed)]


def computing_roles(
    reader: Reader, application: Leaf, *, policy_role: str
) -> Generator[bytes, Sequence[int], list[Roles]]:
    """Contract, policy and participant of an application on a contract, where they are found."""
    contract = reader.leaf_if(application.premise(CONTRACT))
    policy = reader.leaf_if(application.premise(POLICY))
    if contract is None or policy is None or contract.kind != "contract_registered":
        return []
    found: list[Roles] = []
    for at in (yield f"participant/{contract.said.beneficiary_id.hex()}".encode()):
        participant = reader.leaf_if(at)
        if participant is not None and participant.kind == "participant_registered":
            found.append({"contract": [contract.index], policy_role: [policy.index], "participant": [at]})
    return found
