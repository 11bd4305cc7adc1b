"""What an audit can say: the closed list of checks, findings and their collection.

It must not check anything itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

CAP = 100
"""Findings kept for one check; the others are counted only."""


class Layer(StrEnum):
    """Which part of the audit a check belongs to."""

    BYTES = "bytes"
    TRUST = "trust"
    SIGNATURES = "signatures"
    RULES = "rules"


class Status(StrEnum):
    """How a check ended."""

    PASS = "PASS"  # noqa: S105 - a status, no password
    FAIL = "FAIL"
    ACCEPTED = "ACCEPTED"
    SKIPPED = "SKIPPED"
    NOT_REQUESTED = "NOT_REQUESTED"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its fixed name, its layer and what it says when it passes."""

    name: str
    layer: Layer
    title: str


CHECKS: tuple[Check, ...] = (
    Check("entry_bundle", Layer.BYTES, "entry bundles hold exactly their entries"),
    Check("header", Layer.BYTES, "bytes 0-42 carry index and hash field"),
    Check("chain", Layer.BYTES, "every event names the leaf hash of the one before"),
    Check("size", Layer.BYTES, "events and payloads are within their sizes"),
    Check("byte_profile", Layer.BYTES, "events and payloads have their one encoding"),
    Check("hash_tiles", Layer.BYTES, "hash tiles are those of the leaves"),
    Check("tree_root", Layer.BYTES, "the tree's root is the checkpoint's"),
    Check("checkpoint_form", Layer.TRUST, "the checkpoint is a signed note of this log"),
    Check("checkpoint_signature", Layer.TRUST, "the log's key signed the checkpoint"),
    Check("checkpoint_remembered", Layer.TRUST, "the log extends the newest checkpoint verified before"),
    Check("checkpoint_given", Layer.TRUST, "the log contains the tree of the checkpoint that was given"),
    Check("witnesses", Layer.TRUST, "enough witnesses cosigned"),
    Check("roots_pinned", Layer.TRUST, "the genesis is the one of the trust file"),
    Check("log_key", Layer.TRUST, "the genesis names the log key that was given"),
    Check("receipts", Layer.TRUST, "receipts agree with the log"),
    Check("key_form", Layer.SIGNATURES, "registered keys are canonical, strong and new"),
    Check("signature", Layer.SIGNATURES, "every signature verifies"),
    Check("signers", Layer.SIGNATURES, "every act has the signers that it needs"),
    Check("key_active", Layer.SIGNATURES, "every signing key was registered and active"),
    Check("event_type", Layer.RULES, "every event type is known"),
    Check("rules_version", Layer.RULES, "every event is of rules version 1"),
    Check("statement", Layer.RULES, "statements are complete and for this ledger"),
    Check("payload_type", Layer.RULES, "every statement has the type of its act"),
    Check("envelopes", Layer.RULES, "events carry the envelopes of their type"),
    Check("basis", Layer.RULES, "decisions name bureau, role and reason"),
    Check("not_after", Layer.RULES, "no statement was recorded after its limit"),
    Check("recorded_ms", Layer.RULES, "recorded time never goes back (I18)"),
    Check("effective_ms", Layer.RULES, "effective time is the fact's"),
    Check("stream", Layer.RULES, "streams are named and counted without gaps"),
    Check("actor", Layer.RULES, "the actor is the one whose signature carries the act"),
    Check("request_id", Layer.RULES, "a request id has one effect (I17)"),
    Check("request_digest", Layer.RULES, "request digests are those of the statements"),
    Check("ordinal", Layer.RULES, "the events of one request follow each other"),
    Check("references", Layer.RULES, "what an event names exists"),
    Check("premises", Layer.RULES, "premises name the leaves relied on"),
    Check("links", Layer.RULES, "links name each entity's previous event and totals"),
    Check("postings", Layer.RULES, "postings are those of the table (I15)"),
    Check("trial_balance", Layer.RULES, "postings sum to zero (I15)"),
    Check("subject", Layer.RULES, "decisions name the leaf that they judge"),
    Check("genesis", Layer.RULES, "the ledger was opened by its rules"),
    Check("officer", Layer.RULES, "officers and their keys are by the rules"),
    Check("key_state", Layer.RULES, "keys are registered, retired and revoked by the rules"),
    Check("participant", Layer.RULES, "participants are by the rules"),
    Check("credit_code", Layer.RULES, "credit codes are right and belong to one participant"),
    Check("admission", Layer.RULES, "admissions are by the rules"),
    Check("standing", Layer.RULES, "providers are suspended, readmitted and removed by the rules"),
    Check("holding", Layer.RULES, "holdings are by the rules"),
    Check("devices", Layer.RULES, "devices are registered once"),
    Check("programme", Layer.RULES, "programmes are by the rules"),
    Check("policy", Layer.RULES, "policies are by the rules (I11)"),
    Check("calendar", Layer.RULES, "calendars are by the rules"),
    Check("contract", Layer.RULES, "contracts are by the rules"),
    Check("support", Layer.RULES, "outside support is by the rules"),
    Check("evidence", Layer.RULES, "evidence is registered and cancelled once"),
    Check("application", Layer.RULES, "applications are by the rules"),
    Check("startup", Layer.RULES, "start-ups are start-ups"),
    Check("role_conflict", Layer.RULES, "nobody is provider and beneficiary"),
    Check("i9_affiliation", Layer.RULES, "provider and beneficiary are not affiliated (I9)"),
    Check("i8_admission", Layer.RULES, "providers are admitted with the item over the service (I8)"),
    Check("award", Layer.RULES, "awards are by the rules"),
    Check("handling", Layer.RULES, "applications move from step to step"),
    Check("i13_notice", Layer.RULES, "public notice ran its working days with no open objection (I13)"),
    Check("objection", Layer.RULES, "objections are recorded in the notice and decided once"),
    Check("i5_contract", Layer.RULES, "a contract carries one live voucher of a programme (I5)"),
    Check("i4_stacking", Layer.RULES, "public money is within the stacking rule (I4)"),
    Check("voucher", Layer.RULES, "vouchers are by the rules (I7)"),
    Check("face", Layer.RULES, "faces are the least of entitlement and rooms (I2)"),
    Check("allocation", Layer.RULES, "queues are allocated in their order and scaled alike"),
    Check("i1_budget", Layer.RULES, "no appropriation is overdrawn (I1)"),
    Check("i2_cap", Layer.RULES, "no cap is exceeded (I2)"),
    Check("i7_claim_voucher", Layer.RULES, "claims are of their voucher (I7)"),
    Check("claim", Layer.RULES, "claims are by the rules"),
    Check("claim_window", Layer.RULES, "usage lies inside contract, validity and recorded time (I19)"),
    Check("i19_devices", Layer.RULES, "devices belong to the provider and are what is claimed (I19)"),
    Check("price", Layer.RULES, "unit prices are the contract's (I19)"),
    Check("amounts", Layer.RULES, "amounts and totals of claims are right"),
    Check("i6_overlap", Layer.RULES, "no device is used twice at one time (I6)"),
    Check("sequence", Layer.RULES, "claim ids and attestation numbers are used once"),
    Check("superseding", Layer.RULES, "superseded claims could be superseded"),
    Check("service", Layer.RULES, "lines of service attestations are by the rules"),
    Check("refusal", Layer.RULES, "refusals are complete"),
    Check("quota", Layer.RULES, "daily quotas are kept and said by the rules"),
    Check("hold", Layer.RULES, "held vouchers take nothing; offices set and release their own holds"),
    Check("redemption", Layer.RULES, "redemptions are by the rules"),
    Check("i5_evidence", Layer.RULES, "evidence is consumed at most up to its amount (I5)"),
    Check("i3_entitlement", Layer.RULES, "bases and entitlements are recomputed equal (I3)"),
    Check("verification", Layer.RULES, "verifications are by the rules"),
    Check("approval", Layer.RULES, "approvals are by the rules"),
    Check("suspension", Layer.RULES, "redemptions in doubt get no approval and no order"),
    Check("settlement", Layer.RULES, "what a revoked key put in doubt is settled by the rules"),
    Check("i10_amounts", Layer.RULES, "amounts never grow from claim to payment (I10)"),
    Check("i12_separation", Layer.RULES, "duties are separate by key and person (I12)"),
    Check("payment", Layer.RULES, "orders and payments are by the rules"),
    Check("expiry", Layer.RULES, "vouchers expire by the rules"),
    Check("revocation", Layer.RULES, "vouchers are revoked by the rules"),
    Check("closing", Layer.RULES, "vouchers close when all is paid"),
    Check("clawback", Layer.RULES, "clawbacks are recomputed and move by the rules"),
    Check("recovery", Layer.RULES, "repayments and write-offs are of what is outstanding"),
    Check("fine", Layer.RULES, "fines are 10 to 50 % of the amount determined"),
    Check("digest_place", Layer.RULES, "state digests stand where they are due, and nowhere else"),
    Check("state_digest", Layer.RULES, "state digests are recomputed equal"),
    Check("tie_out", Layer.RULES, "accounts agree with vouchers and redemptions"),
    Check("commitments", Layer.RULES, "openings that were given open the commitments of redemptions"),
)

_ORDER = {check.name: number for number, check in enumerate(CHECKS)}
CHECK_NAMES = frozenset(_ORDER)


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement: which check, at which leaf (None = the whole tree), and the two values."""

    check: str
    index: int | None
    expected: str
    actual: str
    leaf_hash: bytes = b""


class Findings:
    """Collects findings, at most `CAP` of one check, and knows those that the auditor accepted."""

    def __init__(self, accepted: Iterable[tuple[str, int | None]] = ()) -> None:
        self._known = frozenset(accepted)
        self.counts: dict[str, int] = {}
        self.accepted_counts: dict[str, int] = {}
        self.kept: list[Finding] = []
        self.accepted: list[Finding] = []

    def add(
        self, check: str, index: int | None, expected: object, actual: object, leaf_hash: bytes = b""
    ) -> None:
        """Record a finding; values are shown as text, bytes in hexadecimal."""
        if check not in CHECK_NAMES:
            raise ValueError(f"no check is named {check}")
        known = (check, index) in self._known
        counts, kept = (self.accepted_counts, self.accepted) if known else (self.counts, self.kept)
        counts[check] = counts.get(check, 0) + 1
        if counts[check] <= CAP:
            kept.append(Finding(check, index, as_text(expected), as_text(actual), leaf_hash))

    def ordered(self) -> tuple[Finding, ...]:
        """The findings by leaf index and check, those of the whole tree last."""
        return tuple(sorted(self.kept, key=_position))

    def counts_of(self, layer: Layer) -> dict[str, int]:
        """How often each check of a layer failed so far, known or not; those that never did are absent."""
        found = {name for counts in (self.counts, self.accepted_counts) for name in counts}
        return {
            name: self.counts.get(name, 0) + self.accepted_counts.get(name, 0)
            for name in found
            if CHECKS[_ORDER[name]].layer is layer
        }

    @property
    def any(self) -> bool:
        """Whether anything was found that the auditor did not know."""
        return bool(self.counts)


def as_text(value: object) -> str:
    """A value as a finding shows it."""
    if isinstance(value, bytes):
        return value.hex() if value else "(empty)"
    return str(value)


def _position(finding: Finding) -> tuple[bool, int, int]:
    return finding.index is None, finding.index or 0, _ORDER[finding.check]
