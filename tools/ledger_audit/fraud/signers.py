"""Who has to sign each act (docs/reference/format.md, section 2), and whom leaves that register keys show.

It must not look at signatures.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from ledger.v1 import event_pb2
from ledger_audit.signatures import (
    APPROVER,
    AUDITOR,
    CLERK,
    KEY_ADMINISTRATOR,
    PAYER,
    REVIEWER,
    ROLE_NAMES,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.leaves import Leaf, NewKey

Need: TypeAlias = int | bytes | str | None
"""An officer's role, a participant's id, `root`, or None where the leaves do not tell."""
ROOT = "root"
TWO = 2

_CONTRACT = event_pb2.PREMISE_KIND_CONTRACT
_CLERK_AND_APPROVER = ((CLERK, APPROVER),)
OFFICERS: Mapping[str, tuple[tuple[int, ...], ...]] = MappingProxyType(
    {
        "participant_registered": ((CLERK,),),
        "provider_admitted": _CLERK_AND_APPROVER,
        "provider_standing_changed": _CLERK_AND_APPROVER,
        "holding_declared": ((CLERK,),),
        "personal_data_erased": ((CLERK,),),
        "programme_opened": _CLERK_AND_APPROVER,
        "policy_published": _CLERK_AND_APPROVER,
        "calendar_published": _CLERK_AND_APPROVER,
        "funds_allocated": _CLERK_AND_APPROVER,
        "invoice_cancelled": ((CLERK,),),
        "outside_support_declared": ((CLERK,),),
        "application_returned": ((CLERK,),),
        "application_checked": ((CLERK,),),
        "application_reviewed": ((REVIEWER,),),
        "application_publicised": ((CLERK,),),
        "objection_recorded": ((CLERK,),),
        "objection_decided": ((REVIEWER,),),
        "application_rejected": ((CLERK,),),
        "voucher_issued": ((APPROVER,),),
        "grant_queued": ((APPROVER,),),
        "voucher_held": ((CLERK,), (AUDITOR,)),
        "hold_released": ((CLERK,), (AUDITOR,)),
        "voucher_revoked": _CLERK_AND_APPROVER,
        "claims_set_aside": ((CLERK,),),
        "reconfirmed": ((APPROVER, APPROVER),),
        "redemption_verified": ((REVIEWER,),),
        "redemption_approved": ((APPROVER,),),
        "payment_ordered": ((PAYER,),),
        "payment_confirmed": ((PAYER,),),
        "payment_failed": ((PAYER,),),
        "clawback_opened": ((CLERK,),),
        "clawback_notified": ((CLERK,),),
        "clawback_determined": ((REVIEWER,),),
        "repayment_received": ((PAYER,),),
        "fine_imposed": ((REVIEWER,),),
        "recoverable_written_off": _CLERK_AND_APPROVER,
        "key_registered": ((KEY_ADMINISTRATOR, KEY_ADMINISTRATOR),),
        "certificate_registered": ((KEY_ADMINISTRATOR, KEY_ADMINISTRATOR),),
    }
)
"""Roles in the order of signing; alternatives where one of several offices may act."""
PERSONS_DIFFER = frozenset({"key_registered", "certificate_registered", "reconfirmed"})
"""Acts whose officers have to be different persons."""
_ENDS = frozenset({"key_retired", "key_revoked", "revocation_corrected"})
_OF_PARTY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "claim_accepted": ("provider_id",),
        "service_claim_accepted": ("provider_id",),
        "award_applied": ("beneficiary_id",),
        "contract_registered": ("beneficiary_id", "provider_id"),
    }
)
_OF_CONTRACT: Mapping[str, str] = MappingProxyType(
    {
        "invoice_registered": "provider_id",
        "payment_registered": "beneficiary_id",
        "acceptance_registered": "beneficiary_id",
        "application_submitted": "beneficiary_id",
        "redemption_requested": "beneficiary_id",
    }
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a key is, by the leaf that registers it."""

    leaf: Leaf
    key: NewKey

    @property
    def name(self) -> str:
        """How a sentence names the holder."""
        key = self.key
        if key.holder == "officer":
            role = ROLE_NAMES.get(key.role, str(key.role))
            return f"the {role} {key.owner.hex()} ({self.leaf.name})"
        who = "a root" if key.holder == ROOT else f"the participant {key.owner.hex()}"
        return f"{who} ({self.leaf.name})"

    def meets(self, need: Need) -> bool:
        """Whether the holder may sign where this is needed."""
        if need is None:
            return True
        if need == ROOT:
            return self.key.holder == ROOT
        if isinstance(need, int):
            return self.key.holder == "officer" and self.key.role == need
        return self.key.holder == "party" and self.key.owner == need

    def is_person_of(self, other: Holder) -> bool:
        """Whether two keys are those of one person, by the tags in their registrations."""
        return bool(self.key.person) and self.key.person == other.key.person


def holders(leaves: Iterable[Leaf]) -> dict[bytes, Holder]:
    """The holder of every key that these leaves register; the first registration counts."""
    found: dict[bytes, Holder] = {}
    for leaf in leaves:
        for identity, key in leaf.registered().items():
            found.setdefault(identity, Holder(leaf, key))
    return found


def needs(case: Case, leaf: Leaf) -> list[Sequence[Need]] | None:
    """Who has to sign, in order, in each way that is allowed; None where any number of roots may.

    A +new key is left out. The contract's parties are known where the proof has the `contract` that is named.
    """
    kind = leaf.kind
    if kind in OFFICERS:
        return list(OFFICERS[kind])
    if kind in _OF_PARTY:
        return [[getattr(leaf.said, field) for field in _OF_PARTY[kind]]]
    if kind == "devices_registered":
        return [[leaf.said.provider_id, CLERK]]
    if kind in _OF_CONTRACT:
        contract = case.named(leaf, _CONTRACT, "contract")
        if contract is not None and contract.kind == "contract_registered":
            return [[getattr(contract.said, _OF_CONTRACT[kind])]]
        return [[None]]
    if kind in {"officer_appointed", *_ENDS}:
        return None
    return (
        [[None]] if kind in {"application_resubmitted", "application_withdrawn", "clawback_appealed"} else []
    )


def need_name(need: Need) -> str:
    """What is needed, in a sentence."""
    if isinstance(need, int):
        name = ROLE_NAMES.get(need, str(need))
        return f"an {name}" if name[:1] in "aeo" else f"a {name}"
    return (
        "a root"
        if need == ROOT
        else f"the participant {need.hex()}"
        if isinstance(need, bytes)
        else "a party"
    )
