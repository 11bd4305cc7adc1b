"""Which premises each event has, and what each kind of premise names (format.md, section 3)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ledger.v1 import event_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY, POLICY, ADMISSION, CONTRACT, APPLICATION, VOUCHER, REDEMPTION, VERIFICATION = (
    event_pb2.PREMISE_KIND_KEY,
    event_pb2.PREMISE_KIND_POLICY,
    event_pb2.PREMISE_KIND_ADMISSION,
    event_pb2.PREMISE_KIND_CONTRACT,
    event_pb2.PREMISE_KIND_APPLICATION,
    event_pb2.PREMISE_KIND_VOUCHER,
    event_pb2.PREMISE_KIND_REDEMPTION,
    event_pb2.PREMISE_KIND_VERIFICATION,
)
APPROVAL, ORDER, PARTICIPANT, CALENDAR, OBJECTION, NOTICE, CLAWBACK, GRANT = (
    event_pb2.PREMISE_KIND_APPROVAL,
    event_pb2.PREMISE_KIND_ORDER,
    event_pb2.PREMISE_KIND_PARTICIPANT,
    event_pb2.PREMISE_KIND_CALENDAR,
    event_pb2.PREMISE_KIND_OBJECTION,
    event_pb2.PREMISE_KIND_NOTICE,
    event_pb2.PREMISE_KIND_CLAWBACK,
    event_pb2.PREMISE_KIND_GRANT,
)

Kinds = tuple[int, ...]

_NONE: tuple[Kinds, ...] = ((),)
_ON_APPLICATION: tuple[Kinds, ...] = ((APPLICATION,),)
_GRANTED: tuple[Kinds, ...] = ((APPLICATION, CONTRACT, POLICY, NOTICE), (APPLICATION, POLICY, NOTICE))
_ON_VOUCHER: tuple[Kinds, ...] = ((VOUCHER,),)
_ON_CONTRACT: tuple[Kinds, ...] = ((CONTRACT,),)
_CLAIMED: tuple[Kinds, ...] = ((VOUCHER, CONTRACT, ADMISSION),)
_ON_CLAWBACK: tuple[Kinds, ...] = ((CLAWBACK,),)

SEQUENCES: Mapping[str, tuple[Kinds, ...]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "ledger_opened",
                "officer_appointed",
                "key_registered",
                "key_retired",
                "key_revoked",
                "revocation_corrected",
                "certificate_registered",
                "participant_registered",
                "holding_declared",
                "programme_opened",
                "policy_published",
                "calendar_published",
                "funds_allocated",
                "contract_registered",
                "claims_set_aside",
                "reconfirmed",
                "quotas_published",
                "refusals_suppressed",
                "state_digested",
            ),
            _NONE,
        ),
        "provider_admitted": ((PARTICIPANT,), (PARTICIPANT, ADMISSION)),
        "provider_standing_changed": ((PARTICIPANT, ADMISSION),),
        "devices_registered": ((PARTICIPANT,),),
        "personal_data_erased": ((PARTICIPANT,),),
        "application_submitted": ((CONTRACT, POLICY, ADMISSION),),
        "award_applied": ((PARTICIPANT, POLICY),),
        "application_returned": _ON_APPLICATION,
        "application_resubmitted": _ON_APPLICATION,
        "application_checked": _ON_APPLICATION,
        "application_rejected": _ON_APPLICATION,
        "application_withdrawn": _ON_APPLICATION,
        "objection_recorded": _ON_APPLICATION,
        "application_reviewed": ((APPLICATION,), (APPLICATION, POLICY)),
        "application_publicised": ((APPLICATION, POLICY),),
        "objection_decided": ((APPLICATION, OBJECTION),),
        "voucher_issued": _GRANTED,
        "grant_queued": _GRANTED,
        "voucher_allotted": ((GRANT, POLICY),),
        "voucher_held": _ON_VOUCHER,
        "hold_released": _ON_VOUCHER,
        "voucher_revoked": _ON_VOUCHER,
        "voucher_expired": _ON_VOUCHER,
        "voucher_closed": _ON_VOUCHER,
        "outside_support_declared": _ON_CONTRACT,
        "acceptance_registered": _ON_CONTRACT,
        "invoice_cancelled": _ON_CONTRACT,
        "invoice_registered": _ON_CONTRACT,
        "payment_registered": _ON_CONTRACT,
        "claim_accepted": _CLAIMED,
        "service_claim_accepted": _CLAIMED,
        "redemption_requested": ((VOUCHER, CONTRACT, POLICY), (VOUCHER, POLICY)),
        "redemption_verified": ((REDEMPTION, VOUCHER, CONTRACT, POLICY), (REDEMPTION, VOUCHER, POLICY)),
        "redemption_approved": ((VERIFICATION,), (VERIFICATION, APPROVAL)),
        "payment_ordered": ((VERIFICATION, APPROVAL),),
        "payment_confirmed": ((ORDER,),),
        "payment_failed": ((ORDER,),),
        "clawback_opened": ((REDEMPTION, VOUCHER, CONTRACT, POLICY), (REDEMPTION, VOUCHER, POLICY)),
        "clawback_determined": (
            (CLAWBACK, REDEMPTION, VOUCHER, CONTRACT, POLICY),
            (CLAWBACK, REDEMPTION, VOUCHER, POLICY),
        ),
        "clawback_notified": _ON_CLAWBACK,
        "clawback_appealed": _ON_CLAWBACK,
        "repayment_received": _ON_CLAWBACK,
        "fine_imposed": _ON_CLAWBACK,
        "recoverable_written_off": _ON_CLAWBACK,
    }
)
"""The kinds of an event's premises after its keys, but CALENDAR of a publication; refusals are left out."""

NAMED: Mapping[int, frozenset[str]] = MappingProxyType(
    {
        POLICY: frozenset({"policy_published"}),
        ADMISSION: frozenset({"provider_admitted"}),
        CONTRACT: frozenset({"contract_registered"}),
        APPLICATION: frozenset({"application_submitted", "award_applied"}),
        VOUCHER: frozenset({"voucher_issued", "voucher_allotted"}),
        REDEMPTION: frozenset({"redemption_requested"}),
        VERIFICATION: frozenset({"redemption_verified"}),
        APPROVAL: frozenset({"redemption_approved"}),
        ORDER: frozenset({"payment_ordered"}),
        PARTICIPANT: frozenset({"participant_registered"}),
        CALENDAR: frozenset({"calendar_published"}),
        OBJECTION: frozenset({"objection_recorded"}),
        NOTICE: frozenset({"application_publicised"}),
        CLAWBACK: frozenset({"clawback_opened"}),
        GRANT: frozenset({"grant_queued"}),
    }
)
"""Which events a premise of each kind can name."""

ABOUT: Mapping[int, str] = MappingProxyType(
    {
        APPLICATION: "application_id",
        NOTICE: "application_id",
        OBJECTION: "objection_id",
        VOUCHER: "voucher_id",
        GRANT: "voucher_id",
        CONTRACT: "contract_id",
        ADMISSION: "provider_id",
        REDEMPTION: "redemption_id",
        VERIFICATION: "redemption_id",
        APPROVAL: "redemption_id",
        ORDER: "redemption_id",
        CLAWBACK: "clawback_id",
    }
)
"""The field in which an event and the leaf that it names agree, where both have it."""

NEWEST: Mapping[int, tuple[frozenset[str], str]] = MappingProxyType(
    {
        POLICY: (
            frozenset(
                {"application_submitted", "award_applied", "application_reviewed", "application_publicised"}
                | {"voucher_issued", "grant_queued"}
            ),
            "programme_id",
        ),
        ADMISSION: (
            frozenset({"claim_accepted", "service_claim_accepted", "claim_refused", "application_submitted"})
            | {"provider_admitted", "provider_standing_changed"},
            "provider_id",
        ),
        CALENDAR: (frozenset({"application_publicised"}), "year"),
    }
)
"""Events whose premise of a kind is the newest leaf about one thing, and the field that says which thing."""

FROZEN: Mapping[tuple[str, int], int] = MappingProxyType(
    {
        ("redemption_requested", POLICY): VOUCHER,
        ("redemption_verified", POLICY): VOUCHER,
        ("clawback_opened", POLICY): VOUCHER,
        ("clawback_determined", POLICY): VOUCHER,
        ("voucher_allotted", POLICY): GRANT,
        ("voucher_issued", CONTRACT): APPLICATION,
        ("grant_queued", CONTRACT): APPLICATION,
    }
)
"""Premises that an event has from a leaf that it names: event and kind, and the kind that names that leaf."""
