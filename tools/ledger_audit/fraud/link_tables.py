"""Which links each event has, and to what (format.md, section 3), as far as its own leaf tells.

It must not look at previous events or totals.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from ledger.v1 import event_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ledger_audit.fraud.leaves import Leaf

Wanted: TypeAlias = tuple[int, bytes | None]
"""A link's kind and entity; None where another leaf says which one."""
Way: TypeAlias = list[Wanted]

PROGRAMME, YEAR, VOUCHER, CONTRACT, INVOICE, PAYMENT, DEVICE = (
    event_pb2.LINK_KIND_PROGRAMME,
    event_pb2.LINK_KIND_BENEFICIARY_YEAR,
    event_pb2.LINK_KIND_VOUCHER,
    event_pb2.LINK_KIND_CONTRACT,
    event_pb2.LINK_KIND_INVOICE,
    event_pb2.LINK_KIND_PAYMENT,
    event_pb2.LINK_KIND_DEVICE,
)
KEY, POLICY, PARTICIPANT, APPLICATION, CLAIM, REDEMPTION, CLAWBACK = (
    event_pb2.LINK_KIND_KEY,
    event_pb2.LINK_KIND_POLICY,
    event_pb2.LINK_KIND_PARTICIPANT,
    event_pb2.LINK_KIND_APPLICATION,
    event_pb2.LINK_KIND_CLAIM,
    event_pb2.LINK_KIND_REDEMPTION,
    event_pb2.LINK_KIND_CLAWBACK,
)
_CONTRACT_PREMISE = event_pb2.PREMISE_KIND_CONTRACT
_SOME_PROGRAMME, _SOME_YEAR, _SOME_CONTRACT = (PROGRAMME, None), (YEAR, None), (CONTRACT, None)
_SECOND = 2


def ways(leaf: Leaf) -> list[Way] | None:
    """The lists of links that the event may have; None where its type is not in the table."""
    rule = _RULES.get(leaf.kind)
    return rule(leaf) if rule is not None else None


def _said(*links: tuple[int, str]) -> Callable[[Leaf], list[Way]]:
    """One way: entities that fields of the statement name."""

    def rule(leaf: Leaf) -> list[Way]:
        return [[(kind, getattr(leaf.said, field)) for kind, field in links]]

    return rule


def _fixed(*links: Wanted) -> Callable[[Leaf], list[Way]]:
    def rule(_leaf: Leaf) -> list[Way]:
        return [list(links)]

    return rule


def _payload(kind: int, field: str) -> Callable[[Leaf], list[Way]]:
    def rule(leaf: Leaf) -> list[Way]:
        return [[(kind, getattr(leaf.payload, field))]]

    return rule


def _new_key(field: str) -> Callable[[Leaf], list[Way]]:
    def rule(leaf: Leaf) -> list[Way]:
        return [
            [*((KEY, identity) for identity in leaf.registered()), (PARTICIPANT, getattr(leaf.said, field))]
        ]

    return rule


def _genesis(leaf: Leaf) -> list[Way]:
    return [[(KEY, identity) for identity in leaf.registered()]]


def _devices(leaf: Leaf) -> list[Way]:
    said = leaf.said
    return [[(PARTICIPANT, said.provider_id), *((DEVICE, device) for device in said.device_ids)]]


def _policy(leaf: Leaf) -> list[Way]:
    programme_id = leaf.said.programme_id
    return [[(POLICY, programme_id)], [(POLICY, programme_id), (PROGRAMME, programme_id)]]


def _granted(leaf: Leaf) -> list[Way]:
    """A voucher or a queued grant; of an award, which names no contract, without CONTRACT."""
    said = leaf.said
    contract = [_SOME_CONTRACT] if leaf.premises(_CONTRACT_PREMISE) else []
    application = (APPLICATION, said.application_id)
    if leaf.kind == "grant_queued":
        return [[_SOME_YEAR, *contract, application]]
    return [[_SOME_PROGRAMME, _SOME_YEAR, (VOUCHER, said.voucher_id), *contract, application]]


def _allotted(leaf: Leaf) -> list[Way]:
    head = [_SOME_PROGRAMME, _SOME_YEAR, (VOUCHER, leaf.payload.voucher_id)]
    return [[*head, _SOME_CONTRACT, (APPLICATION, None)], [*head, (APPLICATION, None)]]


def _ended(leaf: Leaf) -> list[Way]:
    message = leaf.said if leaf.kind == "voucher_revoked" else leaf.payload
    head: Way = [(VOUCHER, message.voucher_id), _SOME_PROGRAMME, _SOME_YEAR]
    return [[*head, _SOME_CONTRACT], head]


def _claimed(leaf: Leaf) -> list[Way]:
    said = leaf.said
    old: Way = [(CLAIM, None)] if said.HasField("superseded_index") else []
    devices: Way = [(DEVICE, device) for device in getattr(said, "device_ids", ())]
    return [[(CLAIM, said.claim_id), (VOUCHER, said.voucher_id), *old, *devices]]


def _settled(leaf: Leaf) -> list[Way]:
    said = leaf.said
    redemptions = said.redemption_ids if leaf.kind == "reconfirmed" else ()
    return [[*((CLAIM, one) for one in said.claim_ids), *((REDEMPTION, one) for one in redemptions)]]


def _requested(leaf: Leaf) -> list[Way]:
    said = leaf.said
    head = [(REDEMPTION, said.redemption_id), (VOUCHER, said.voucher_id)]
    claims = [(CLAIM, claim_id) for claim_id in said.claim_ids]
    invoices = [(INVOICE, use.fingerprint) for use in said.invoices]
    return [[*head, *claims, *invoices, *((PAYMENT, use.fingerprint) for use in said.payments)]]


def _verified(leaf: Leaf) -> list[Way]:
    head: Way = [(REDEMPTION, leaf.said.redemption_id)]
    fallen: Way = [*head, (VOUCHER, None)]
    released: Way = [*fallen, _SOME_PROGRAMME, _SOME_YEAR]
    contract: Way = [_SOME_CONTRACT] if leaf.premises(_CONTRACT_PREMISE) else []
    return [head, fallen, [*released, *contract]]


def _approved(leaf: Leaf) -> list[Way]:
    second: Way = [_SOME_PROGRAMME] if leaf.payload.approvals == _SECOND else []
    return [[(REDEMPTION, leaf.said.redemption_id), *second]]


def _paid(leaf: Leaf) -> list[Way]:
    return [[(REDEMPTION, leaf.said.redemption_id), _SOME_PROGRAMME, (VOUCHER, None)]]


def _determined(leaf: Leaf) -> list[Way]:
    head: Way = [(CLAWBACK, leaf.said.clawback_id), (REDEMPTION, None)]
    if not leaf.said.amount_fen:
        return [head]
    contract: Way = [_SOME_CONTRACT] if leaf.premises(_CONTRACT_PREMISE) else []
    return [[*head, _SOME_PROGRAMME, *contract]]


def _recovered(leaf: Leaf) -> list[Way]:
    return [[(CLAWBACK, leaf.said.clawback_id), _SOME_PROGRAMME]]


_OF_APPLICATION = _said((APPLICATION, "application_id"))
_OF_VOUCHER = _said((VOUCHER, "voucher_id"))
_OF_CLAWBACK = _said((CLAWBACK, "clawback_id"))
_OF_REDEMPTION = _said((REDEMPTION, "redemption_id"))
_RULES: Mapping[str, Callable[[Leaf], list[Way]]] = MappingProxyType(
    {
        "ledger_opened": _genesis,
        "officer_appointed": _new_key("officer_id"),
        "key_registered": _new_key("participant_id"),
        "key_retired": _said((KEY, "key_id")),
        "key_revoked": _said((KEY, "key_id")),
        "revocation_corrected": _said((KEY, "key_id")),
        "certificate_registered": _said((PARTICIPANT, "participant_id")),
        "participant_registered": _said((PARTICIPANT, "participant_id")),
        "personal_data_erased": _said((PARTICIPANT, "participant_id")),
        "provider_admitted": _said((PARTICIPANT, "provider_id")),
        "provider_standing_changed": _said((PARTICIPANT, "provider_id")),
        "holding_declared": _said((PARTICIPANT, "owner_id"), (PARTICIPANT, "owned_id")),
        "refusals_suppressed": _payload(PARTICIPANT, "participant_id"),
        "calendar_published": _fixed(),
        "quotas_published": _fixed(),
        "state_digested": _fixed(),
        "devices_registered": _devices,
        "programme_opened": _said((PROGRAMME, "programme_id")),
        "policy_published": _policy,
        "funds_allocated": _said((PROGRAMME, "programme_id")),
        "voucher_allotted": _allotted,
        "outside_support_declared": _said((CONTRACT, "contract_id")),
        "acceptance_registered": _said((CONTRACT, "contract_id")),
        "contract_registered": _said((CONTRACT, "contract_id")),
        "invoice_cancelled": _said((INVOICE, "fingerprint")),
        "invoice_registered": _said((INVOICE, "fingerprint")),
        "payment_registered": _said((PAYMENT, "fingerprint")),
        "application_submitted": _OF_APPLICATION,
        "award_applied": _OF_APPLICATION,
        "application_returned": _OF_APPLICATION,
        "application_resubmitted": _OF_APPLICATION,
        "application_checked": _OF_APPLICATION,
        "application_reviewed": _OF_APPLICATION,
        "application_publicised": _OF_APPLICATION,
        "application_rejected": _OF_APPLICATION,
        "application_withdrawn": _OF_APPLICATION,
        "objection_recorded": _OF_APPLICATION,
        "objection_decided": _fixed((APPLICATION, None)),
        "voucher_issued": _granted,
        "grant_queued": _granted,
        "voucher_expired": _ended,
        "voucher_revoked": _ended,
        "voucher_held": _OF_VOUCHER,
        "hold_released": _OF_VOUCHER,
        "voucher_closed": _payload(VOUCHER, "voucher_id"),
        "claim_accepted": _claimed,
        "service_claim_accepted": _claimed,
        "claim_refused": _payload(CLAIM, "claim_id"),
        "claims_set_aside": _settled,
        "reconfirmed": _settled,
        "redemption_requested": _requested,
        "redemption_verified": _verified,
        "redemption_approved": _approved,
        "payment_ordered": _OF_REDEMPTION,
        "payment_failed": _OF_REDEMPTION,
        "payment_confirmed": _paid,
        "clawback_opened": _said((CLAWBACK, "clawback_id"), (REDEMPTION, "redemption_id")),
        "clawback_notified": _OF_CLAWBACK,
        "clawback_appealed": _OF_CLAWBACK,
        "clawback_determined": _determined,
        "repayment_received": _recovered,
        "fine_imposed": _recovered,
        "recoverable_written_off": _recovered,
    }
)
