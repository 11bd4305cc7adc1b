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
    """One check: its number and name, its layer and what it says when it passes.

    Numbers are by layer, and fixed like the names: a new check takes the next free one of its layer, and
    none is given again.
    """

    number: int
    name: str
    layer: Layer
    title: str


CHECKS: tuple[Check, ...] = (
    Check(101, "entry_bundle", Layer.BYTES, "entry bundles hold exactly their entries"),
    Check(102, "header", Layer.BYTES, "bytes 0-42 carry index and hash field"),
    Check(103, "chain", Layer.BYTES, "every event names the leaf hash of the one before"),
    Check(104, "size", Layer.BYTES, "events and payloads are within their sizes"),
    Check(105, "byte_profile", Layer.BYTES, "events and payloads have their one encoding"),
    Check(106, "hash_tiles", Layer.BYTES, "hash tiles are those of the leaves"),
    Check(107, "tree_root", Layer.BYTES, "the tree's root is the checkpoint's"),
    Check(201, "checkpoint_form", Layer.TRUST, "the checkpoint is a signed note of this log"),
    Check(202, "checkpoint_signature", Layer.TRUST, "the log's key signed the checkpoint"),
    Check(203, "checkpoint_given", Layer.TRUST, "the log contains the tree of the checkpoint that was given"),
    Check(204, "checkpoint_remembered", Layer.TRUST, "the log extends the newest checkpoint verified before"),
    Check(205, "witnesses", Layer.TRUST, "enough witnesses cosigned"),
    Check(206, "roots_pinned", Layer.TRUST, "the genesis is the one of the trust file"),
    Check(207, "log_key", Layer.TRUST, "the genesis names the log key that was given"),
    Check(208, "receipts", Layer.TRUST, "receipts agree with the log"),
    Check(301, "key_form", Layer.SIGNATURES, "registered keys are canonical, strong and new"),
    Check(302, "signature", Layer.SIGNATURES, "every signature verifies"),
    Check(303, "signers", Layer.SIGNATURES, "every act has the signers that it needs"),
    Check(304, "key_active", Layer.SIGNATURES, "every signing key was registered and active"),
    Check(401, "event_type", Layer.RULES, "every event type is known"),
    Check(402, "rules_version", Layer.RULES, "every event is of rules version 1"),
    Check(403, "statement", Layer.RULES, "statements are complete and for this ledger"),
    Check(404, "payload_type", Layer.RULES, "every statement has the type of its act"),
    Check(405, "envelopes", Layer.RULES, "events carry the envelopes of their type"),
    Check(406, "basis", Layer.RULES, "decisions name bureau, role and reason"),
    Check(407, "not_after", Layer.RULES, "no statement was recorded after its limit"),
    Check(408, "recorded_ms", Layer.RULES, "recorded time never goes back (I18)"),
    Check(409, "effective_ms", Layer.RULES, "effective time is the fact's"),
    Check(410, "stream", Layer.RULES, "streams are named and counted without gaps"),
    Check(411, "actor", Layer.RULES, "the actor is the one whose signature carries the act"),
    Check(412, "request_id", Layer.RULES, "a request id has one effect (I17)"),
    Check(413, "request_digest", Layer.RULES, "request digests are those of the statements"),
    Check(414, "ordinal", Layer.RULES, "the events of one request follow each other"),
    Check(415, "references", Layer.RULES, "what an event names exists"),
    Check(416, "premises", Layer.RULES, "premises name the leaves relied on"),
    Check(417, "links", Layer.RULES, "links name each entity's previous event and totals"),
    Check(418, "postings", Layer.RULES, "postings are those of the table (I15)"),
    Check(419, "trial_balance", Layer.RULES, "postings sum to zero (I15)"),
    Check(420, "subject", Layer.RULES, "decisions name the leaf that they judge"),
    Check(421, "genesis", Layer.RULES, "the ledger was opened by its rules"),
    Check(422, "officer", Layer.RULES, "officers and their keys are by the rules"),
    Check(423, "key_state", Layer.RULES, "keys are registered, retired and revoked by the rules"),
    Check(424, "participant", Layer.RULES, "participants are by the rules"),
    Check(425, "credit_code", Layer.RULES, "credit codes are right and belong to one participant"),
    Check(426, "admission", Layer.RULES, "admissions are by the rules"),
    Check(427, "standing", Layer.RULES, "providers are suspended, readmitted and removed by the rules"),
    Check(428, "holding", Layer.RULES, "holdings are by the rules"),
    Check(429, "devices", Layer.RULES, "devices are registered once"),
    Check(430, "programme", Layer.RULES, "programmes are by the rules"),
    Check(431, "policy", Layer.RULES, "policies are by the rules (I11)"),
    Check(432, "calendar", Layer.RULES, "calendars are by the rules"),
    Check(433, "contract", Layer.RULES, "contracts are by the rules"),
    Check(434, "support", Layer.RULES, "outside support is by the rules"),
    Check(435, "evidence", Layer.RULES, "evidence is registered and cancelled once"),
    Check(436, "application", Layer.RULES, "applications are by the rules"),
    Check(437, "startup", Layer.RULES, "start-ups are start-ups"),
    Check(438, "role_conflict", Layer.RULES, "nobody is provider and beneficiary"),
    Check(439, "i9_affiliation", Layer.RULES, "provider and beneficiary are not affiliated (I9)"),
    Check(440, "i8_admission", Layer.RULES, "providers are admitted with the item over the service (I8)"),
    Check(441, "award", Layer.RULES, "awards are by the rules"),
    Check(442, "handling", Layer.RULES, "applications move from step to step"),
    Check(443, "i13_notice", Layer.RULES, "public notice ran its working days with no open objection (I13)"),
    Check(444, "objection", Layer.RULES, "objections are recorded in the notice and decided once"),
    Check(445, "i5_contract", Layer.RULES, "a contract carries one live voucher of a programme (I5)"),
    Check(446, "i4_stacking", Layer.RULES, "public money is within the stacking rule (I4)"),
    Check(447, "voucher", Layer.RULES, "vouchers are by the rules (I7)"),
    Check(448, "face", Layer.RULES, "faces are the least of entitlement and rooms (I2)"),
    Check(449, "allocation", Layer.RULES, "queues are allocated in their order and scaled alike"),
    Check(450, "i1_budget", Layer.RULES, "no appropriation is overdrawn (I1)"),
    Check(451, "i2_cap", Layer.RULES, "no cap is exceeded (I2)"),
    Check(452, "i7_claim_voucher", Layer.RULES, "claims are of their voucher (I7)"),
    Check(453, "claim", Layer.RULES, "claims are by the rules"),
    Check(454, "claim_window", Layer.RULES, "usage lies inside contract, validity and recorded time (I19)"),
    Check(455, "i19_devices", Layer.RULES, "devices belong to the provider and are what is claimed (I19)"),
    Check(456, "price", Layer.RULES, "unit prices are the contract's (I19)"),
    Check(457, "amounts", Layer.RULES, "amounts and totals of claims are right"),
    Check(458, "i6_overlap", Layer.RULES, "no device is used twice at one time (I6)"),
    Check(459, "sequence", Layer.RULES, "claim ids and attestation numbers are used once"),
    Check(460, "superseding", Layer.RULES, "superseded claims could be superseded"),
    Check(461, "service", Layer.RULES, "lines of service attestations are by the rules"),
    Check(462, "refusal", Layer.RULES, "refusals are complete"),
    Check(463, "quota", Layer.RULES, "daily quotas are kept and said by the rules"),
    Check(464, "hold", Layer.RULES, "held vouchers take nothing; offices set and release their own holds"),
    Check(465, "redemption", Layer.RULES, "redemptions are by the rules"),
    Check(466, "i5_evidence", Layer.RULES, "evidence is consumed at most up to its amount (I5)"),
    Check(467, "i3_entitlement", Layer.RULES, "bases and entitlements are recomputed equal (I3)"),
    Check(468, "verification", Layer.RULES, "verifications are by the rules"),
    Check(469, "approval", Layer.RULES, "approvals are by the rules"),
    Check(470, "suspension", Layer.RULES, "redemptions in doubt get no approval and no order"),
    Check(471, "settlement", Layer.RULES, "what a revoked key put in doubt is settled by the rules"),
    Check(472, "i10_amounts", Layer.RULES, "amounts never grow from claim to payment (I10)"),
    Check(473, "i12_separation", Layer.RULES, "duties are separate by key and person (I12)"),
    Check(474, "payment", Layer.RULES, "orders and payments are by the rules"),
    Check(475, "expiry", Layer.RULES, "vouchers expire by the rules"),
    Check(476, "revocation", Layer.RULES, "vouchers are revoked by the rules"),
    Check(477, "closing", Layer.RULES, "vouchers close when all is paid"),
    Check(478, "clawback", Layer.RULES, "clawbacks are recomputed and move by the rules"),
    Check(479, "recovery", Layer.RULES, "repayments and write-offs are of what is outstanding"),
    Check(480, "fine", Layer.RULES, "fines are 10 to 50 % of the amount determined"),
    Check(481, "digest_place", Layer.RULES, "state digests stand where they are due, and nowhere else"),
    Check(482, "state_digest", Layer.RULES, "state digests are recomputed equal"),
    Check(483, "tie_out", Layer.RULES, "accounts agree with vouchers and redemptions"),
    Check(484, "commitments", Layer.RULES, "openings that were given open the commitments of redemptions"),
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
    """Collects findings, at most `CAP` of one check, and sets apart those that the auditor knows."""

    def __init__(self, known: Iterable[tuple[str, int | None]] = ()) -> None:
        self.known_counts: dict[tuple[str, int | None], int] = dict.fromkeys(known, 0)
        """How often each known (check, index) was found."""
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
        finding = Finding(check, index, as_text(expected), as_text(actual), leaf_hash)
        if (check, index) in self.known_counts:
            self.known_counts[check, index] += 1
            _keep(finding, self.accepted_counts, self.accepted)
        else:
            _keep(finding, self.counts, self.kept)

    def withdraw(self, check: str, index: int | None) -> None:
        """Count the findings of a known (check, index) like any others: they are not to be accepted."""
        count = self.known_counts.pop((check, index))
        self.accepted_counts[check] = self.accepted_counts.get(check, 0) - count
        moved = [finding for finding in self.accepted if (finding.check, finding.index) == (check, index)]
        self.accepted = [finding for finding in self.accepted if finding not in moved]
        for finding in moved:
            _keep(finding, self.counts, self.kept)
        if count > len(moved):
            self.counts[check] = self.counts.get(check, 0) + count - len(moved)

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


def _keep(finding: Finding, counts: dict[str, int], kept: list[Finding]) -> None:
    counts[finding.check] = counts.get(finding.check, 0) + 1
    if counts[finding.check] <= CAP:
        kept.append(finding)


def as_text(value: object) -> str:
    """A value as a finding shows it."""
    if isinstance(value, bytes):
        return value.hex() if value else "(empty)"
    return str(value)


def _position(finding: Finding) -> tuple[bool, int, int]:
    return finding.index is None, finding.index or 0, _ORDER[finding.check]
