"""Cases of section 4 of docs/reference/format.md: handling, notice, awards, grants, queues, holds, revocation."""

from __future__ import annotations

from typing import Any

from audit_forge.book import DAY_MS
from audit_forge.breaking import Case, Change, append, payload, policy, recorded, said, signed
from audit_forge.casework import ZONE_MS
from audit_forge.draft import Actor, ident
from audit_forge.ground import PROGRAMME
from audit_forge.opening import DAY_0
from audit_forge.people import APPROVERS, CLERK, MARKET, REVIEWER

NOTICE_OVER_MS = (DAY_0 + 5) * DAY_MS - ZONE_MS


def _person_of(one: Actor, other: Actor) -> Change:
    """Two officers are one person."""
    return said(one.name, person_tag=other.person)


def _other_calendar(year: Any) -> None:
    """The calendar is that of the next year."""
    draft = year["calendar 2026.1"]
    draft.statement.year = 2027
    draft.event.stream_id = "calendar/2027"


HANDLING = (
    Case("handling", "rejection x", said("rejection x", application_id=ident("application w")), "withdrawn"),
    Case("handling", "check b", said("check b", application_id=ident("application a")), "granted"),
    Case("handling", "review b", said("review b", application_id=ident("application x")), "rejected"),
    Case("handling", "notice b", said("notice b", application_id=ident("application x")), "rejected"),
    Case("handling", "queue c", said("decision c", upheld=True), "upheld objection"),
    Case("references", "check a", said("check a", application_id=bytes(16)), "unknown application"),
    Case("references", "objection c", said("objection c", application_id=bytes(16)), "unknown application"),
    Case("references", "decision c", said("decision c", objection_id=bytes(16)), "unknown objection"),
    Case("i12_separation", "voucher a", _person_of(CLERK, APPROVERS[0]), "clerk grants"),
    Case("i12_separation", "voucher a", _person_of(REVIEWER, APPROVERS[0]), "reviewer grants"),
    Case("application", "application f", said("application f", application_id=ident("application e")), "id"),
)

NOTICE = (
    Case("i13_notice", "notice c", payload("notice c", last_notice_day=DAY_0 + 3), "one day less"),
    Case("i13_notice", "notice a", payload("notice a", last_notice_day=DAY_0), "no notice"),
    Case("i13_notice", "notice c", _other_calendar, "no calendar"),
    Case("i13_notice", "queue c", recorded("queue c", NOTICE_OVER_MS - 1), "too early"),
    Case("objection", "objection c", recorded("objection c", NOTICE_OVER_MS), "too late"),
    Case("objection", "objection c", said("objection c", application_id=ident("application w")), "withdrawn"),
)

AWARD = (
    Case("award", "application e", said("application e", programme_id=PROGRAMME), "other programme"),
    Case(
        "award",
        "application e",
        policy(lambda p: setattr(p, "open_data_award_cap_fen", 0), "policy c"),
        "no award",
    ),
    Case(
        "award",
        "application f",
        said("application f", publication_digest=ident("publication e", 32)),
        "published twice",
    ),
    Case("role_conflict", "application e", said("application e", beneficiary_id=MARKET.id), "provider"),
    Case("references", "application e", said("application e", beneficiary_id=bytes(16)), "unknown"),
    Case("award", "review e", said("review e", proposed_fen=0), "nothing"),
    Case("award", "review e", said("review e", proposed_fen=100_001), "over the cap"),
    Case("award", "review a", said("review a", proposed_fen=5), "on a contract"),
    Case(
        "redemption", "request e", append("request e", "claim_ids", ident("claim s1")), "claims of an award"
    ),
    Case("i3_entitlement", "request e", payload("request e", amount_fen=39_998), "part of an award"),
)

QUEUE = (
    Case("allocation", "queue c", policy(lambda p: setattr(p, "allocation", 1), "policy c"), "FCFS"),
    Case("allocation", "voucher a", policy(lambda p: setattr(p, "allocation", 2)), "PRO_RATA"),
    Case("face", "queue c", payload("queue c", entitlement_fen=249_999), "too little"),
    Case(
        "i4_stacking",
        "queue c",
        policy(lambda p: setattr(p, "stacking_ceiling_bp", 4_990), "policy c"),
        "ceiling",
    ),
    Case("i2_cap", "queue f", policy(lambda p: setattr(p, "cap_fen", 480_000), "policy c"), "cap"),
    Case("voucher", "queue d", said("queue d", voucher_id=ident("voucher c")), "id of a queued grant"),
    Case("allocation", "allocation c", payload("allocation c", queued_fen=1), "sum of the queue"),
    Case("allocation", "allocation c", payload("allocation c", available_fen=1), "available"),
    Case("allocation", "voucher c", payload("voucher c", face_fen=125_000), "rounded up"),
    Case("allocation", "voucher f", payload("voucher f", face_fen=1), "rest given away"),
    Case("allocation", "voucher c", payload("voucher c", voucher_id=ident("voucher d")), "order"),
    Case("voucher", "voucher c", payload("voucher c", valid_from_day=DAY_0), "from the grant"),
    Case("voucher", "voucher c", payload("voucher c", valid_until_day=DAY_0), "until"),
    Case("references", "allocation c", said("allocation c", programme_id=bytes(16)), "unknown programme"),
)

HOLDS = (
    Case("hold", "release b auditor", signed("release b auditor", CLERK), "hold of the other office"),
    Case("references", "hold b clerk", said("hold b clerk", voucher_id=bytes(16)), "unknown voucher"),
    Case("revocation", "revoked d", payload("revoked d", released_fen=74_998), "released"),
    Case("revocation", "revoked d", said("revoked d", voucher_id=ident("voucher e")), "closed"),
)

CASES = (*HANDLING, *NOTICE, *AWARD, *QUEUE, *HOLDS)
