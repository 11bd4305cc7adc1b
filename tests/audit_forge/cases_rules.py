"""Cases of section 4 of docs/reference/format.md: the rules of every aggregate."""

from __future__ import annotations

from typing import Any

from audit_forge.breaking import Case, Change, append, both, line, payload, policy, said, signed, statement
from audit_forge.draft import Actor, ident
from audit_forge.opening import DAY_0, DEVICES, PRICE
from audit_forge.people import (
    ADMINS,
    APPROVERS,
    BUYER,
    CLERK,
    PAYER,
    PERSON,
    REVIEWER,
    ROOTS,
    SELLER,
    SELLER_3,
    credit_code,
)
from audit_forge.year import HOUR_MS, Year
from ledger.v1 import registry_pb2

CLAIM = "claim 1"


def _no_line(said: Any) -> None:
    for column in said.lines.DESCRIPTOR.fields:
        del getattr(said.lines, column.name)[:]


def _used(name: str, kind: str, amount: int) -> Change:
    def change(year: Year) -> None:
        getattr(year[name].statement, kind)[0].amount_fen = amount

    return change


def _twice(name: str, kind: str) -> Change:
    def change(year: Year) -> None:
        uses = getattr(year[name].statement, kind)
        uses.add().CopyFrom(uses[0])

    return change


def _evidence_of(name: str, kind: str, other: str) -> Change:
    def change(year: Year) -> None:
        getattr(year[name].statement, kind)[0].fingerprint = ident(other, 32)

    return change


def _same_root(year: Year) -> None:
    year["genesis"].statement.roots[1].person_tag = ROOTS[0].person


def _drop_roots(year: Year) -> None:
    del year["genesis"].statement.roots[2:]
    year["genesis"].signers = ROOTS[:2]


def _weak(name: str) -> Change:
    """A key of small order instead of the new key."""
    return said(name, public_key=bytes(32))


def _key_twice(year: Year) -> None:
    year["seller key"].statement.public_key = BUYER.public_key
    year["seller key"].signers = [*ADMINS, BUYER]


def _already_revoked(year: Year) -> None:
    """A key is revoked twice from the same time on."""
    since_ms = year["revocation"].statement.invalid_since_ms
    first, again = year["retirement"], year["revocation"]
    header = first.statement.header
    first.kind = "key_revoked"
    reason = registry_pb2.REVOCATION_REASON_LOST
    first.statement = registry_pb2.KeyRevocation(
        key_id=SELLER_3.key_id, invalid_since_ms=since_ms, reason=reason
    )
    first.statement.header.CopyFrom(header)
    again.statement.key_id = SELLER_3.key_id
    again.event.stream_id, again.event.stream_version = first.event.stream_id, 3
    again.event.links[0].entity = SELLER_3.key_id
    again.event.links[0].prev = year.named["retirement"]


def _retired_twice(year: Year) -> None:
    """The revocation of a key becomes the retirement of one that is over."""
    year["retirement"].statement.until_ms = 5
    draft, first = year["revocation"], year["retirement"]
    draft.kind = "key_retired"
    header = draft.statement.header
    draft.statement = registry_pb2.KeyRetirement(key_id=first.statement.key_id, until_ms=9)
    draft.statement.header.CopyFrom(header)
    draft.event.stream_id = first.event.stream_id
    draft.event.stream_version = 3
    draft.event.links[0].CopyFrom(first.event.links[0])
    draft.event.links[0].prev = year.named["retirement"]


def _same_person(name: str, other: Actor) -> Change:
    return said(name, person_tag=other.person)


def _second_admission(year: Year) -> None:
    """The devices' event becomes a second admission."""
    draft, first = year["devices"], year["admission"]
    draft.kind = "provider_admitted"
    header = draft.statement.header
    draft.statement = registry_pb2.ProviderAdmission()
    draft.statement.CopyFrom(first.statement)
    draft.statement.header.CopyFrom(header)
    signed("devices", CLERK, APPROVERS[0])(year)
    draft.event.actor = CLERK.id
    del draft.event.links[1:]


def _admit(actor: Actor) -> Change:
    """Somebody else is admitted."""

    def change(year: Year) -> None:
        year["admission"].statement.provider_id = actor.id

    return change


def _origin_rates(year: Year) -> None:
    rates = year["policy"].statement.parameters.rate_bp_by_origin
    rates.add(origin=1, rate_bp=6000)


def _exclusive(year: Year) -> None:
    year["policy"].statement.parameters.stacking = 3


def _same_contract(year: Year) -> None:
    """The second application is on the contract of the first."""
    draft = year["application b"]
    draft.statement.contract_id = ident("contract a")
    draft.event.premises[1].index = year.named["contract a"]


def _early_subject(year: Year) -> None:
    year["expiry b"].event.recorded_ms = year["request b"].event.recorded_ms + 1
    year["expiry b"].event.effective_ms = year["expiry b"].event.recorded_ms


def _same_officer(name: str, first: Actor, second: Actor) -> Change:
    """Two offices of one person: the appointment of the second has the first one's person tag."""

    def change(year: Year) -> None:
        year[second.name].statement.person_tag = first.person

    del name
    return change


def _second_by_first(year: Year) -> None:
    signed("approval a 2", APPROVERS[0])(year)
    year["approval a 2"].event.actor = APPROVERS[0].id


def _late_claim(year: Year) -> None:
    draft = year["claim 6"]
    draft.event.recorded_ms = draft.event.effective_ms - 300_001


def _move_claim(hours: int) -> Change:
    def change(year: Year) -> None:
        draft = year[CLAIM]
        draft.statement.base_ms += hours * HOUR_MS
        draft.event.effective_ms += hours * HOUR_MS

    return change


def _admit_buyer(year: Year) -> None:
    """The beneficiary is admitted instead of the provider."""
    admission, devices = year["admission"], year["devices"]
    _admit(BUYER)(year)
    admission.event.stream_id, admission.event.stream_version = f"participant/{BUYER.id.hex()}", 2
    admission.event.premises[-1].index = year.named["beneficiary"]
    admission.event.links[0].entity = BUYER.id
    admission.event.links[0].prev = year.named["buyer key"]
    devices.event.stream_version = 3
    devices.event.links[0].prev = year.named["certificate"]
    year["holding"].event.links[0].prev = year.named["admission"]


GENESIS = (
    Case("genesis", "genesis", _same_root, "one person twice"),
    Case("genesis", "genesis", _drop_roots, "two roots"),
    Case("genesis", "genesis", said("genesis", root_threshold=1), "low threshold"),
    Case("genesis", "genesis", said("genesis", root_threshold=4), "high threshold"),
    Case("genesis", "genesis", said("genesis", base_name="other.example.org"), "base name"),
    Case("genesis", "genesis", said("genesis", signature_algorithm="sm2"), "signatures"),
    Case("genesis", "genesis", said("genesis", hash_algorithm="sm3"), "hashes"),
    Case("genesis", "genesis", said("genesis", zone="Z"), "zone"),
    Case("genesis", "genesis", said("genesis", format_version=2), "format"),
    Case("genesis", "genesis", said("genesis", log_vkey="nonsense"), "vkey"),
    Case("statement", "genesis", said("genesis", clock=0), "clock"),
)

REGISTRY = (
    Case("officer", "clerk", _same_person("clerk", ADMINS[0]), "administrator with another office"),
    Case("officer", "administrator 2", _same_person("administrator 2", ADMINS[0]), "administrator twice"),
    Case("officer", "clerk", said("clerk", bureau_id=bytes(16)), "bureau"),
    Case("officer", "reviewer", said("reviewer", officer_id=CLERK.id), "id twice"),
    Case("officer", "clerk", said("clerk", algorithm="sm2"), "algorithm"),
    Case("key_form", "clerk", _weak("clerk"), "small order"),
    Case("key_form", "buyer key", _weak("buyer key"), "small order"),
    Case("key_form", "seller key", _key_twice, "key twice"),
    Case("key_state", "buyer key", said("buyer key", participant_id=CLERK.id), "officer"),
    Case("key_state", "buyer key", said("buyer key", algorithm="sm2"), "algorithm"),
    Case("key_state", "revocation", _already_revoked, "later revocation"),
    Case("key_state", "revocation", _retired_twice, "retirement of a retired key"),
    Case("references", "retirement", said("retirement", key_id=bytes(32)), "unknown key"),
    Case("references", "certificate", said("certificate", participant_id=bytes(16)), "unknown owner"),
    Case("participant", "provider", said("provider", participant_id=BUYER.id), "id twice"),
    Case("participant", "provider", said("provider", person_tag=PERSON.person), "company with a tag"),
    Case("participant", "person", said("person", credit_code=credit_code(9)), "person with a code"),
    Case(
        "credit_code", "provider", said("provider", credit_code=credit_code(2)[:17] + "Q"), "check character"
    ),
    Case("credit_code", "provider", said("provider", credit_code="91440300000000000A"), "organisation code"),
    Case("credit_code", "provider", said("provider", credit_code=credit_code(1)), "code twice"),
    Case("admission", "admission", _admit(PERSON), "person"),
    Case("admission", "devices", _second_admission, "twice"),
    Case("references", "admission", said("admission", provider_id=bytes(16)), "unknown"),
    Case(
        "devices", "devices", statement("devices", lambda s: s.device_ids.__setitem__(1, DEVICES[0])), "twice"
    ),
    Case("devices", "devices", statement("devices", lambda s: s.device_models.__setitem__(0, 9)), "model"),
    Case("devices", "devices", statement("devices", lambda s: s.device_models.append(0)), "lengths"),
)

PROGRAMME = (
    Case("programme", "programme", said("programme", appropriation_fen=0), "no money"),
    Case("policy", "policy", said("policy", version=2), "version"),
    Case("references", "policy", said("policy", programme_id=bytes(16)), "unknown programme"),
    Case("contract", "contract a", said("contract a", from_day=DAY_0 + 400), "days"),
    Case("contract", "contract a", said("contract a", amount_fen=0), "amount"),
    Case("contract", "contract a", statement("contract a", lambda s: s.prices.add(model="a100")), "price 0"),
    Case(
        "contract",
        "contract a",
        statement("contract a", lambda s: s.prices.add(model="h100", unit_price_fen=1)),
        "model twice",
    ),
    Case(
        "contract",
        "contract a",
        statement("contract a", lambda s: s.excluded.add(amount_fen=700_000)),
        "excluded",
    ),
    Case(
        "contract",
        "contract a",
        statement("contract a", lambda s: setattr(s.origin_amounts[0], "amount_fen", 1)),
        "origins",
    ),
    Case("contract", "contract b", said("contract b", fingerprint=ident("contract number a", 32)), "twice"),
    Case("contract", "contract b", said("contract b", contract_id=ident("contract a")), "id twice"),
    Case("references", "contract a", said("contract a", provider_id=bytes(16)), "unknown party"),
    Case("evidence", "invoice b", said("invoice b", fingerprint=ident("invoice a", 32)), "invoice twice"),
    Case("evidence", "payment b", said("payment b", fingerprint=ident("payment a", 32)), "payment twice"),
    Case("references", "invoice a", said("invoice a", contract_id=bytes(16)), "unknown contract"),
)

APPLICATION = (
    Case("role_conflict", "application a", _admit_buyer, "beneficiary is a provider"),
    Case("i8_admission", "application a", _admit_buyer, "not admitted"),
    Case("i8_admission", "application a", said("admission", from_day=DAY_0), "admitted later"),
    Case("i8_admission", "application a", said("contract a", item="storage"), "item"),
    Case("application", "application a", said("contract a", signed_day=DAY_0 - 101), "too early"),
    Case(
        "application", "application a", policy(lambda p: setattr(p, "min_contract_fen", 900_000)), "too small"
    ),
    Case("application", "application a", policy(lambda p: setattr(p, "requires_filing", True)), "filing"),
    Case("application", "application a", policy(lambda p: setattr(p, "requires_exchange", True)), "exchange"),
    Case(
        "application",
        "application b",
        said("application b", application_id=ident("application a")),
        "id twice",
    ),
    Case("i5_contract", "application b", _same_contract, "bound"),
    Case("i4_stacking", "application b", both(_exclusive, _same_contract), "exclusive"),
    Case("startup", "application a", payload("application a", startup=True), "said"),
    Case("startup", "application a", said("beneficiary", registered_day=DAY_0 - 100), "not said"),
    Case("references", "application a", said("application a", programme_id=bytes(16)), "unknown programme"),
)

VOUCHER = (
    Case("face", "voucher a", payload("voucher a", face_fen=349_999), "too little"),
    Case("face", "voucher a", payload("voucher a", face_fen=350_001), "too much"),
    Case("face", "voucher a", policy(lambda p: setattr(p, "rate_bp", 4999)), "rate"),
    Case("face", "voucher a", policy(lambda p: p.excluded_items.append("network")), "excluded item"),
    Case("face", "voucher a", _origin_rates, "rates by origin"),
    Case("i2_cap", "voucher b", policy(lambda p: setattr(p, "cap_fen", 500_000)), "cap"),
    Case("i4_stacking", "voucher a", policy(lambda p: setattr(p, "stacking_ceiling_bp", 4000)), "ceiling"),
    Case("voucher", "voucher a", payload("voucher a", valid_from_day=DAY_0 + 1), "from"),
    Case("voucher", "voucher a", payload("voucher a", valid_until_day=DAY_0 + 60), "until"),
    Case("voucher", "voucher b", said("voucher b", voucher_id=ident("voucher a")), "id twice"),
    Case("references", "voucher a", said("voucher a", application_id=bytes(16)), "unknown application"),
    Case("handling", "voucher b", said("voucher b", application_id=ident("application a")), "granted twice"),
    Case("expiry", "expiry b", _early_subject, "too early"),
    Case("expiry", "expiry b", payload("expiry b", released_fen=128_001), "released"),
    Case("expiry", "expiry b", payload("expiry b", voucher_id=ident("voucher a")), "closed"),
    Case("references", "expiry b", payload("expiry b", voucher_id=bytes(16)), "unknown"),
    Case("closing", "closing a", payload("closing a", voucher_id=ident("voucher b")), "another voucher"),
)

CLAIMS = (
    Case("i7_claim_voucher", CLAIM, said(CLAIM, programme_id=bytes(16)), "programme"),
    Case("i7_claim_voucher", CLAIM, said(CLAIM, provider_id=BUYER.id), "provider"),
    Case("i7_claim_voucher", CLAIM, said(CLAIM, beneficiary_id=SELLER.id), "beneficiary"),
    Case("i7_claim_voucher", CLAIM, said(CLAIM, contract_digest=bytes(32)), "contract"),
    Case("references", CLAIM, said(CLAIM, voucher_id=bytes(16)), "unknown voucher"),
    Case("claim", CLAIM, statement(CLAIM, _no_line), "no line"),
    Case("claim", CLAIM, statement(CLAIM, lambda s: s.lines.duration_ms.append(1)), "column length"),
    Case("claim", CLAIM, statement(CLAIM, lambda s: s.lines.active_ms.append(1)), "optional column"),
    Case("claim", CLAIM, statement(CLAIM, lambda s: s.lines.node.append(0)), "node column"),
    Case("claim", CLAIM, statement(CLAIM, lambda s: s.lines.cluster.append(7)), "cluster position"),
    Case("claim", CLAIM, line(CLAIM, "device", 1), "device position"),
    Case("claim", CLAIM, statement(CLAIM, lambda s: s.device_models.__setitem__(0, 5)), "model position"),
    Case(
        "claim", "claim 2", statement("claim 2", lambda s: s.device_ids.__setitem__(1, DEVICES[1])), "twice"
    ),
    Case("claim", "claim 2", line("claim 2", "device", 0, at=1), "unused device"),
    Case("claim", CLAIM, line(CLAIM, "duration_ms", 0), "duration"),
    Case("claim", CLAIM, line(CLAIM, "allocated_ms", 11 * HOUR_MS), "allocated"),
    Case("claim", CLAIM, line(CLAIM, "active_ms", 11 * HOUR_MS), "active"),
    Case("claim", CLAIM, line(CLAIM, "active_ms", -1), "negative"),
    Case("amounts", CLAIM, line(CLAIM, "amount_fen", PRICE * 10 + 1), "line"),
    Case("amounts", CLAIM, said(CLAIM, total_allocated_ms=5), "total time"),
    Case("amounts", CLAIM, said(CLAIM, total_active_ms=5), "total active"),
    Case("amounts", CLAIM, said(CLAIM, total_energy_wh=5), "total energy"),
    Case("amounts", CLAIM, said(CLAIM, total_amount_fen=5), "total amount"),
    Case("claim_window", CLAIM, _move_claim(-48), "before the voucher"),
    Case("claim_window", CLAIM, _move_claim(24 * 70), "after the voucher"),
    Case("claim_window", CLAIM, said("contract a", to_day=DAY_0), "after the contract"),
    Case("claim_window", "claim 6", _late_claim, "future"),
    Case("i19_devices", CLAIM, statement(CLAIM, lambda s: s.device_ids.__setitem__(0, bytes(16))), "unknown"),
    Case(
        "i19_devices", CLAIM, statement(CLAIM, lambda s: setattr(s.models[0], "vendor", "huawei")), "vendor"
    ),
    Case("i19_devices", CLAIM, statement(CLAIM, lambda s: setattr(s.models[0], "model", "b200")), "model"),
    Case("i19_devices", CLAIM, statement(CLAIM, lambda s: setattr(s.models[0], "origin", 1)), "origin"),
    Case("i19_devices", CLAIM, policy(lambda p: p.allowed_vendors.__delitem__(0)), "not allowed"),
    Case(
        "price", CLAIM, statement(CLAIM, lambda s: setattr(s.models[0], "unit_price_fen", 1)), "other price"
    ),
    Case("i6_overlap", "claim 6", line("claim 6", "start_offset_ms", 9 * HOUR_MS), "other claim"),
    Case("i6_overlap", "claim 6", line("claim 6", "start_offset_ms", 2 * HOUR_MS), "inside other claim"),
    Case("sequence", "claim 2", said("claim 2", sequence=1), "number twice"),
    Case("sequence", "claim 2", said("claim 2", sequence=0), "number 0"),
    Case(
        "sequence",
        "claim 3",
        both(said("claim 2", sequence=9), said("claim 3", sequence=9)),
        "number far twice",
    ),
    Case("sequence", "claim 2", said("claim 2", claim_id=ident("claim 1")), "claim id twice"),
    Case(
        "superseding", "claim 3", lambda y: setattr(y["claim 3"].statement, "superseded_index", 3), "no claim"
    ),
    Case(
        "superseding",
        "claim 6",
        lambda y: setattr(y["claim 6"].statement, "superseded_index", y.named["claim 1"]),
        "other voucher",
    ),
    Case(
        "superseding",
        "claim 7",
        lambda y: setattr(y["claim 7"].statement, "superseded_index", y.named["claim 2"]),
        "superseded",
    ),
    Case(
        "refusal", "refusal 4", lambda y: setattr(y["refusal 4"].event.claim_refused, "reason", 5), "reason"
    ),
    Case(
        "refusal",
        "refusal 4",
        lambda y: setattr(y["refusal 4"].event.claim_refused, "conflicting_index", 99),
        "later leaf",
    ),
    Case(
        "references",
        "refusal 4",
        lambda y: setattr(y["refusal 4"].event.claim_refused, "provider_id", bytes(16)),
        "provider",
    ),
)

REDEMPTION = (
    Case(
        "redemption",
        "request a",
        statement("request a", lambda s: s.claim_ids.__delitem__(slice(None))),
        "no claim",
    ),
    Case("redemption", "request a", append("request a", "claim_ids", ident("claim 1")), "claim twice"),
    Case("redemption", "request a", append("request a", "claim_ids", ident("claim 2")), "superseded claim"),
    Case("redemption", "request a", append("request a", "claim_ids", ident("claim 6")), "other voucher"),
    Case("redemption", "request a", append("request a", "claim_ids", ident("claim 4")), "refused claim"),
    Case(
        "redemption", "request a", statement("request a", lambda s: s.instalments_bp.append(1)), "instalments"
    ),
    Case("redemption", "request a", policy(lambda p: setattr(p, "min_spend_fen", 720_001)), "spend"),
    Case("i5_evidence", "request a", _used("request a", "invoices", 800_001), "invoice over"),
    Case("i5_evidence", "request a", _used("request a", "payments", 800_001), "payment over"),
    Case("i5_evidence", "request a", _used("request a", "invoices", 0), "zero"),
    Case("i5_evidence", "request a", _twice("request a", "invoices"), "invoice twice"),
    Case("i5_evidence", "request a", _evidence_of("request a", "invoices", "invoice b"), "other contract"),
    Case("references", "request a", _evidence_of("request a", "payments", "nothing"), "unknown payment"),
    Case("references", "request a", said("request a", voucher_id=bytes(16)), "unknown voucher"),
    Case("redemption", "request b", said("request b", redemption_id=ident("redemption a")), "id twice"),
    Case("i3_entitlement", "request a", payload("request a", amount_fen=350_001), "amount"),
    Case("i3_entitlement", "request a", payload("request a", base_fen=700_001), "base"),
    Case("i3_entitlement", "request a", _used("request a", "invoices", 600_000), "invoices bound"),
    Case("i3_entitlement", "request a", _used("request a", "payments", 600_000), "payments bound"),
    Case("i3_entitlement", "verification a", said("verification a", amount_fen=349_999), "less"),
    Case("i10_amounts", "verification a", said("verification a", amount_fen=350_001), "more"),
    Case("i3_entitlement", "verification a", payload("verification a", base_fen=1), "base"),
    Case("verification", "verification a", said("verification a", amount_fen=0), "nothing"),
    Case(
        "i3_entitlement", "verification b", said("verification b", amount_fen=72_000), "disputed claim counts"
    ),
    Case(
        "references", "verification a", said("verification a", redemption_id=bytes(16)), "unknown redemption"
    ),
    Case("i10_amounts", "approval a 1", said("approval a 1", amount_fen=1), "amount"),
    Case("approval", "approval a 1", said("approval a 1", payee_commitment=bytes(32)), "payee"),
    Case("approval", "approval a 1", payload("approval a 1", approvals=2), "count"),
    Case("i10_amounts", "order a 1.1", said("order a 1.1", amount_fen=105_001), "amount"),
    Case("i10_amounts", "order a 2.1", said("order a 2.1", amount_fen=244_999), "last instalment"),
    Case("payment", "order a 1.1", said("order a 1.1", instalment=2), "instalment"),
    Case("payment", "order a 1.2", said("order a 1.2", attempt=1), "attempt"),
    Case("payment", "order a 1.1", said("order a 1.1", payee_commitment=bytes(32)), "payee"),
    Case("payment", "confirmation a 1.2", said("confirmation a 1.2", instalment=2), "instalment"),
    Case("i10_amounts", "confirmation a 1.2", said("confirmation a 1.2", amount_fen=105_001), "amount"),
    Case("payment", "failure a 1.1", said("failure a 1.1", instalment=2), "instalment"),
    Case("i12_separation", "approval a 2", _second_by_first, "approver twice"),
    Case(
        "i12_separation",
        "approval a 2",
        _same_officer("approval", REVIEWER, APPROVERS[1]),
        "reviewer approves",
    ),
    Case(
        "i12_separation", "approval a 2", _same_officer("approval", APPROVERS[0], APPROVERS[1]), "one person"
    ),
    Case("i12_separation", "order a 1.1", _same_officer("order", APPROVERS[1], PAYER), "approver pays"),
)

CASES = (*GENESIS, *REGISTRY, *PROGRAMME, *APPLICATION, *VOUCHER, *CLAIMS, *REDEMPTION)
