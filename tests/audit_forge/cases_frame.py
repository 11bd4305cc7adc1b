"""Cases of sections 1 to 3 of docs/reference/format.md: bytes, signatures, frame, premises, links, postings."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from audit_forge.breaking import Case, event, inside, said, signed, statement
from audit_forge.draft import ident
from audit_forge.people import (
    ADMINS,
    APPROVERS,
    BUYER,
    CLERK,
    REVIEWER,
    ROOTS,
    SELLER,
    SELLER_2,
    SELLER_3,
    STRANGER,
)

if TYPE_CHECKING:
    from audit_forge.year import Year

ANY = "claim 1"
DIGEST_1 = "digest 1"


def _set_digest(made: Any, digest: bytes) -> None:
    made.state_digested.digest = digest


def _become(year: Year, name: str, other: str) -> None:
    """An event is replaced by one like another, at its own time."""
    made, place = deepcopy(year[other]), year.named[name]
    made.event.recorded_ms = made.event.effective_ms = year[name].event.recorded_ms
    year.drafts[place] = made


def _flip_signature(made: Any) -> None:
    signature = made.envelopes[0].signatures[0]
    signature.signature = bytes([signature.signature[0] ^ 1]) + signature.signature[1:]


def _small_r(made: Any) -> None:
    made.envelopes[0].signatures[0].signature = bytes(32) + made.envelopes[0].signatures[0].signature[32:]


def _algorithm(made: Any) -> None:
    made.envelopes[0].signatures[0].algorithm = "sm2"


def _drop_signature(made: Any) -> None:
    del made.envelopes[0].signatures[-1:]


def _unknown_field(data: bytes) -> bytes:
    return data + b"\xa0\x06\x01"


def _with(name: str, attribute: str, value: Any) -> Any:
    def change(year: Any) -> None:
        setattr(year[name], attribute, value)

    return change


def _total(made: Any) -> None:
    made.links[1].totals[0] += 1


def _prev(made: Any) -> None:
    made.links[0].prev = 1


def _no_prev(made: Any) -> None:
    made.links[1].ClearField("prev")


def _drop_link(made: Any) -> None:
    del made.links[-1:]


def _swap_links(made: Any) -> None:
    first, second = made.links[0].SerializeToString(), made.links[1].SerializeToString()
    made.links[0].ParseFromString(second)
    made.links[1].ParseFromString(first)


def _premise(made: Any) -> None:
    made.premises[-1].index -= 1


def _drop_premise(made: Any) -> None:
    del made.premises[-1:]


def _posting(made: Any) -> None:
    made.postings[0].amount_fen += 1
    made.postings[1].amount_fen -= 1


def _unbalanced(made: Any) -> None:
    made.postings[0].amount_fen += 1


def _drop_postings(made: Any) -> None:
    del made.postings[:]


def _extra_posting(made: Any) -> None:
    made.postings.add(account=2, programme_id=ident("programme"), amount_fen=5)
    made.postings.add(account=3, programme_id=ident("programme"), amount_fen=-5)


def _reuse_request(name: str, other: str) -> Any:
    def change(year: Any) -> None:
        year[name].statement.header.request_id = year[other].statement.header.request_id

    return change


def _no_envelope(made: Any) -> None:
    del made.envelopes[:]


def _two_envelopes(made: Any) -> None:
    made.envelopes.add().CopyFrom(made.envelopes[0])


def _payload_type(made: Any) -> None:
    made.envelopes[0].payload_type = "application/vnd.voucher-ledger.genesis.v2+protobuf"


def _revoked_reviewer(year: Any) -> None:
    """The second revocation, of the reviewer's key, comes before what the reviewer verifies."""
    revoked, verified = year.named["revocation 2"], year.named["verification b"]
    year.drafts[verified], year.drafts[revoked] = year.drafts[revoked], year.drafts[verified]
    year.named["revocation 2"], year.named["verification b"] = verified, revoked


BYTES = (
    Case("byte_profile", ANY, _with(ANY, "patch_bytes", _unknown_field), "unknown field"),
    Case(
        "byte_profile",
        "policy",
        _with("policy", "patch_payload", _unknown_field),
        "unknown field of a payload",
    ),
    Case(
        "byte_profile",
        ANY,
        _with(ANY, "patch_bytes", lambda d: d[:43] + b"\x18\x81\x00" + d[45:]),
        "long varint",
    ),
    Case(
        "byte_profile", "policy", _with("policy", "patch_bytes", lambda d: d + b"\x32\x00"), "repeated field"
    ),
    Case("header", ANY, _with(ANY, "patch_bytes", lambda d: b"\x09" + bytes(8) + d[9:]), "index"),
    Case("chain", ANY, _with(ANY, "patch_bytes", lambda d: d[:11] + bytes(32) + d[43:]), "prev"),
    Case("size", "claim 6", statement("claim 6", lambda s: s.strings.append("x" * 45_000)), "payload"),
    Case("size", "claim 6", statement("claim 6", lambda s: s.strings.append("x" * 60_000)), "event"),
    Case("event_type", ANY, _with(ANY, "patch_bytes", lambda d: d[:-3] + b"\xa2\x1f\x00"), "unknown type"),
    Case("rules_version", "policy", event("policy", rules_version=2)),
)

SIGNATURES = (
    Case("signature", ANY, inside(ANY, _flip_signature), "flipped"),
    Case("signature", ANY, inside(ANY, _small_r), "small-order R"),
    Case("signature", ANY, inside(ANY, _algorithm), "algorithm"),
    Case("signature", ANY, _with(ANY, "sign_as", [STRANGER]), "stranger"),
    Case("signature", "genesis", _with("genesis", "sign_as", [*ROOTS[:2], STRANGER]), "root"),
    Case("signature", "clerk", _with("clerk", "sign_as", [*ROOTS[:2], STRANGER]), "possession"),
    Case("signers", "clerk", inside("clerk", _drop_signature), "count"),
    Case("signers", ANY, inside(ANY, _drop_signature), "claim without signature"),
    Case("key_active", ANY, signed(ANY, STRANGER), "unknown key"),
    Case("key_active", "policy", signed("policy", CLERK, STRANGER), "unknown key"),
    Case("key_active", "verification b", _revoked_reviewer, "revoked"),
    Case("signers", "genesis", signed("genesis", *ROOTS[1:], ROOTS[0]), "order of roots"),
    Case("signers", "clerk", signed("clerk", ROOTS[0], CLERK), "one root"),
    Case("signers", "clerk", signed("clerk", ROOTS[0], ADMINS[0], CLERK), "no root"),
    Case("signers", "buyer key", signed("buyer key", ADMINS[0], BUYER), "one administrator"),
    Case("signers", "buyer key", signed("buyer key", ADMINS[0], CLERK, BUYER), "no administrator"),
    Case("signers", "retirement", signed("retirement", ADMINS[0]), "one administrator"),
    Case("signers", "retirement", signed("retirement", SELLER_3), "owner"),
    Case("signers", "retirement", signed("retirement", *ROOTS[:2]), "roots for a party"),
    Case("signers", "revocation", signed("revocation", BUYER), "another party"),
    Case("signers", "certificate", signed("certificate", ADMINS[0], CLERK)),
    Case("signers", "provider", signed("provider", REVIEWER)),
    Case("signers", "admission", signed("admission", CLERK, REVIEWER)),
    Case("signers", "admission", signed("admission", APPROVERS[0], CLERK), "order"),
    Case("signers", "devices", signed("devices", SELLER, REVIEWER), "no clerk"),
    Case("signers", "devices", signed("devices", BUYER, CLERK), "other party"),
    Case("signers", "programme", signed("programme", CLERK)),
    Case("signers", "policy", signed("policy", CLERK, CLERK), "twice"),
    Case("signers", "contract a", signed("contract a", BUYER), "no seller"),
    Case("signers", "contract a", signed("contract a", SELLER, BUYER), "order"),
    Case("signers", "invoice a", signed("invoice a", BUYER)),
    Case("signers", "payment a", signed("payment a", SELLER)),
    Case("signers", "application a", signed("application a", SELLER)),
    Case("signers", "voucher a", signed("voucher a", CLERK)),
    Case("signers", ANY, signed(ANY, BUYER)),
    Case("signers", ANY, signed(ANY, SELLER, SELLER_2), "two keys"),
    Case("signers", "request a", signed("request a", SELLER)),
    Case("signers", "verification a", signed("verification a", CLERK)),
    Case("signers", "approval a 1", signed("approval a 1", REVIEWER)),
    Case("signers", "order a 1.1", signed("order a 1.1", CLERK)),
    Case("signers", "confirmation a 1.2", signed("confirmation a 1.2", CLERK)),
    Case("signers", "failure a 1.1", signed("failure a 1.1", CLERK)),
    Case("signers", "correction", signed("correction", SELLER_3), "owner"),
    Case("signers", "revocation 2", signed("revocation 2", *ADMINS), "administrators for an officer"),
    Case("signers", "suspension", signed("suspension", CLERK)),
    Case("signers", "holding", signed("holding", REVIEWER)),
    Case("signers", "erasure", signed("erasure", APPROVERS[0])),
    Case("signers", "calendar 2026.1", signed("calendar 2026.1", CLERK)),
    Case("signers", "allocation c", signed("allocation c", CLERK)),
    Case("signers", "support c", signed("support c", REVIEWER)),
    Case("signers", "acceptance b", signed("acceptance b", SELLER)),
    Case("signers", "cancellation a", signed("cancellation a", REVIEWER)),
    Case("signers", "application e", signed("application e", BUYER), "another party"),
    Case("signers", "return w", signed("return w", REVIEWER)),
    Case("signers", "resubmission w", signed("resubmission w", SELLER)),
    Case("signers", "check a", signed("check a", REVIEWER)),
    Case("signers", "review a", signed("review a", CLERK)),
    Case("signers", "notice a", signed("notice a", REVIEWER)),
    Case("signers", "objection c", signed("objection c", REVIEWER)),
    Case("signers", "decision c", signed("decision c", CLERK)),
    Case("signers", "rejection x", signed("rejection x", REVIEWER)),
    Case("signers", "withdrawal w", signed("withdrawal w", SELLER)),
    Case("signers", "queue c", signed("queue c", CLERK)),
    Case("signers", "hold b clerk", signed("hold b clerk", REVIEWER)),
    Case("signers", "release b auditor", signed("release b auditor", REVIEWER)),
    Case("signers", "revoked d", signed("revoked d", CLERK)),
    Case("signers", "claim s1", signed("claim s1", SELLER)),
    Case("signers", "setting aside", signed("setting aside", REVIEWER)),
    Case("signers", "reconfirmation", signed("reconfirmation", APPROVERS[0])),
    Case("signers", "opening a", signed("opening a", REVIEWER)),
    Case("signers", "notification a", signed("notification a", REVIEWER)),
    Case("signers", "appeal a", signed("appeal a", SELLER)),
    Case("signers", "determination a", signed("determination a", CLERK)),
    Case("signers", "repayment a", signed("repayment a", CLERK)),
    Case("signers", "fine a", signed("fine a", CLERK)),
    Case("signers", "write-off a", signed("write-off a", CLERK)),
)


FRAME = (
    Case("statement", ANY, statement(ANY, lambda s: setattr(s.header, "ledger_id", bytes(16))), "ledger"),
    Case(
        "statement",
        "policy",
        statement("policy", lambda s: setattr(s.header, "ledger_id", bytes(16))),
        "ledger",
    ),
    Case("statement", "invoice a", said("invoice a", document_digest=b"short"), "length"),
    Case("statement", ANY, said(ANY, purpose=0), "purpose"),
    Case("statement", "programme", said("programme", instrument=9), "enumeration"),
    Case("payload_type", "policy", inside("policy", _payload_type)),
    Case("envelopes", "policy", inside("policy", _two_envelopes), "two"),
    Case("envelopes", ANY, inside(ANY, _two_envelopes), "two"),
    Case("envelopes", "policy", inside("policy", _no_envelope), "none"),
    Case("envelopes", ANY, inside(ANY, _no_envelope), "none"),
    Case("envelopes", "approval a 2", _with("approval a 2", "carry", None), "no first approval"),
    Case("envelopes", "approval a 2", _with("approval a 2", "carry", 2), "another first approval"),
    Case("basis", "voucher a", statement("voucher a", lambda s: s.ClearField("basis")), "none"),
    Case("basis", "voucher a", statement("voucher a", lambda s: setattr(s.basis, "role", 2)), "role"),
    Case("basis", "admission", statement("admission", lambda s: setattr(s.basis, "role", 4)), "role"),
    Case(
        "basis", "policy", statement("policy", lambda s: setattr(s.basis, "bureau_id", bytes(16))), "bureau"
    ),
    Case(
        "basis",
        "provider",
        statement("provider", lambda s: setattr(s.basis, "reason_code", "free text")),
        "reason",
    ),
    Case("not_after", "policy", lambda y: setattr(y["policy"].statement.header, "not_after_ms", 5)),
    Case("not_after", ANY, lambda y: setattr(y[ANY].statement.header, "not_after_ms", 5), "claim"),
    Case("recorded_ms", "policy", event("policy", recorded_ms=5, effective_ms=5)),
    Case("recorded_ms", ANY, event(ANY, recorded_ms=5), "claim"),
    Case("effective_ms", "policy", event("policy", effective_ms=5)),
    Case("effective_ms", ANY, event(ANY, effective_ms=5), "claim"),
    Case("effective_ms", "confirmation a 1.2", event("confirmation a 1.2", effective_ms=5), "payment"),
    Case("stream", "policy", event("policy", stream_version=3), "version"),
    Case("stream", "policy", event("policy", stream_id="programme/00"), "name"),
    Case("stream", ANY, event(ANY, stream_version=2), "claim"),
    Case("stream", "refusal 4", event("refusal 4", stream_id="claim/00"), "refusal"),
    Case("actor", "policy", event("policy", actor=bytes(16))),
    Case("actor", ANY, event(ANY, actor=bytes(16)), "claim"),
    Case("actor", "expiry b", event("expiry b", actor=bytes(16)), "system"),
    Case("request_id", "policy", event("policy", request_id=bytes(16)), "other"),
    Case("request_id", ANY, event(ANY, request_id=bytes(16)), "claim"),
    Case("request_id", "policy", _reuse_request("policy", "programme"), "twice"),
    Case("request_id", "claim 2", _reuse_request("claim 2", "claim 1"), "claim twice"),
    Case("request_digest", "policy", event("policy", request_digest=bytes(32))),
    Case("request_digest", ANY, event(ANY, request_digest=bytes(32)), "claim"),
    Case("request_digest", "expiry b", event("expiry b", request_digest=bytes(32)), "system"),
    Case("request_digest", "refusal 4", event("refusal 4", request_digest=bytes(32)), "refusal"),
    Case("ordinal", "closing a", event("closing a", ordinal=2), "gap"),
    Case("ordinal", "closing a", inside("closing a", lambda e: e.ClearField("ordinal")), "none"),
    Case("ordinal", "policy", event("policy", ordinal=4), "alone"),
    Case("ordinal", ANY, event(ANY, ordinal=1), "claim"),
    Case("ordinal", "voucher d", event("voucher d", ordinal=3), "gap between allotments"),
    Case("ordinal", "voucher d", event("voucher d", request_digest=bytes(32)), "digest of another request"),
    Case("actor", "quotas", event("quotas", actor=bytes(16)), "system"),
    Case("state_digest", DIGEST_1, inside(DIGEST_1, lambda e: _set_digest(e, bytes(32))), "value"),
    Case("state_digest", DIGEST_1, inside(DIGEST_1, lambda e: _set_digest(e, b"")), "none"),
    Case("request_id", DIGEST_1, event(DIGEST_1, request_id=bytes(16)), "digest"),
    Case("request_digest", DIGEST_1, event(DIGEST_1, request_digest=bytes(32)), "digest"),
    Case("digest_place", DIGEST_1, event(DIGEST_1, submitter=bytes(16)), "submitter"),
    Case("ordinal", DIGEST_1, event(DIGEST_1, ordinal=1), "digest"),
    Case("stream", DIGEST_1, event(DIGEST_1, stream_id="ledger/x"), "digest"),
    Case("digest_place", DIGEST_1, lambda year: _become(year, DIGEST_1, "quotas"), "missing"),
    Case("digest_place", "quotas", lambda year: _become(year, "quotas", DIGEST_1), "not due"),
    Case(
        "basis", "hold b auditor", statement("hold b auditor", lambda s: setattr(s.basis, "role", 2)), "role"
    ),
    Case("basis", "opening a", statement("opening a", lambda s: s.ClearField("basis")), "none"),
)

WITH_SUBJECT: tuple[str, ...] = (
    "voucher a",
    "verification a",
    "approval a 1",
    "approval a 2",
    "order a 1.1",
    "order a 1.2",
)
WITH_SUBJECT += (
    "failure a 1.1",
    "confirmation a 1.2",
    "return w",
    "resubmission w",
    "withdrawal w",
    "rejection x",
)
WITH_SUBJECT += ("check a", "review a", "notice a", "decision c", "queue c", "revoked d", "opening a")
WITH_SUBJECT += ("notification a", "appeal a", "determination a", "repayment a", "fine a", "write-off a")
SUBJECTS = tuple(Case("subject", name, _with(name, "subject", 3)) for name in WITH_SUBJECT)

PREMISED: tuple[str, ...] = (
    "clerk",
    "buyer key",
    "retirement",
    "revocation",
    "certificate",
    "provider",
    "admission",
    "devices",
)
PREMISED += (
    "programme",
    "policy",
    "contract a",
    "invoice a",
    "payment a",
    "application a",
    "voucher a",
    "expiry b",
)
PREMISED += ("closing a", "claim 1", "claim 3", "refusal 4", "refusal 5", "request a", "verification a")
PREMISED += ("approval a 1", "approval a 2", "order a 1.1", "confirmation a 1.2", "failure a 1.1")
PREMISED += (
    "admission 2",
    "suspension",
    "holding",
    "erasure",
    "calendar 2026.1",
    "support c",
    "acceptance b",
)
PREMISED += (
    "cancellation a",
    "application e",
    "return w",
    "resubmission w",
    "check a",
    "review e",
    "notice c",
)
PREMISED += (
    "objection c",
    "decision c",
    "rejection x",
    "withdrawal w",
    "queue c",
    "allocation c",
    "voucher c",
)
PREMISED += ("hold b clerk", "release b auditor", "revoked d", "claim s1", "setting aside", "reconfirmation")
PREMISED += (
    "opening a",
    "notification a",
    "appeal a",
    "determination a",
    "repayment a",
    "fine a",
    "write-off a",
)
PREMISES = (
    *(Case("premises", name, inside(name, _drop_premise), "dropped") for name in PREMISED),
    *(Case("premises", name, inside(name, _premise), "another") for name in PREMISED if name != "clerk"),
)

LINKED: tuple[str, ...] = ("genesis", *(name for name in PREMISED if name != "calendar 2026.1"))
LINKED += ("policy 2", "policy c 2", "suppressed")
MOVING: tuple[str, ...] = (
    "devices",
    "voucher a",
    "expiry b",
    "claim 1",
    "claim 3",
    "request a",
    "verification b",
    "approval a 2",
)
MOVING += ("confirmation a 1.2", "policy 2", "queue c", "voucher c", "revoked d", "repayment a", "fine a")
MOVING += ("write-off a",)
WITH_PREVIOUS: tuple[str, ...] = (
    "retirement",
    "certificate",
    "admission",
    "closing a",
    "verification a",
    "approval a 1",
    "failure a 1.1",
)
WITH_PREVIOUS += (
    "check a",
    "hold b clerk",
    "setting aside",
    "reconfirmation",
    "notification a",
    "allocation c",
)
WITH_PREVIOUS += ("suppressed", "support c", "cancellation a", "policy c 2")
LINKS = (
    *(Case("links", name, inside(name, _drop_link), "dropped") for name in LINKED),
    *(Case("links", name, inside(name, _prev), "prev") for name in WITH_PREVIOUS),
    *(Case("links", name, inside(name, _total), "total") for name in MOVING),
    *(Case("links", name, inside(name, _swap_links), "order") for name in MOVING if name != "closing a"),
    Case("links", "claim 3", inside("claim 3", _no_prev), "no prev"),
)

POSTED: tuple[str, ...] = (
    "programme",
    "voucher a",
    "expiry b",
    "verification b",
    "approval a 2",
    "confirmation a 1.2",
)
POSTED += ("policy 2", "policy c 2", "voucher c", "revoked d", "determination a", "repayment a", "fine a")
POSTED += ("write-off a",)
POSTINGS = (
    *(Case("postings", name, inside(name, _posting), "amount") for name in POSTED),
    *(Case("postings", name, inside(name, _drop_postings), "dropped") for name in POSTED),
    *(Case("trial_balance", name, inside(name, _unbalanced)) for name in POSTED),
    *(
        Case("postings", name, inside(name, _extra_posting), "extra")
        for name in ("policy", ANY, "order a 1.1", "allocation c", "queue c", "voucher f", "determination e")
    ),
)

CASES = (*BYTES, *SIGNATURES, *FRAME, *SUBJECTS, *PREMISES, *LINKS, *POSTINGS)
