"""At least one fraud of every type about leaves, each with the event that is accused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit_forge.breaking import said

from fraud_forge import histories as past
from fraud_forge.scene import Scene, Where, case, changed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ledger_audit.fraud.proof_file import LeafProof

OPERATOR, BOTH = ("log operator",), ("log operator", "participant that signed both")


@dataclass(frozen=True)
class Fraud:
    """A ledger that breaks a rule; roles are searched for unless they are given."""

    type: str
    comment: str
    make: Callable[[], Scene]
    where: Where
    roles: Mapping[str, Where | tuple[Where, ...]] | None = None
    accused: tuple[str, ...] = OPERATOR

    def proof(self, scene: Scene) -> LeafProof:
        """The proof about the ledger that `make` made."""
        if self.roles is None:
            return scene.searched(self.type, self.where)
        return scene.told(self.type, self.where, **self.roles)


FRAUDS: tuple[Fraud, ...] = (
    Fraud(
        "signature", "a byte of a signature is changed", case("signature", "claim 1", "flipped"), "claim 1"
    ),
    Fraud("signature", "another key made the signature", case("signature", "claim 1", "stranger"), "claim 1"),
    Fraud(
        "signature",
        "the R of the signature is of small order",
        case("signature", "claim 1", "small-order R"),
        "claim 1",
    ),
    Fraud("signature", "nobody registered the key", case("key_active", "policy", "unknown key"), "policy"),
    Fraud(
        "signature",
        "the leaf that is named registers another key",
        changed(past.set_premise("claim 1", past.KEY, "buyer key")),
        "claim 1",
    ),
    Fraud(
        "signature", "a key of small order is registered", case("key_form", "clerk", "small order"), "clerk"
    ),
    Fraud(
        "inactive_key",
        "a verification with a revoked key",
        case("key_active", "verification b", "revoked"),
        "verification b",
    ),
    Fraud("inactive_key", "a claim 1 ms after its key's end", past.retired(1), "claim 1"),
    Fraud("missing_approver", "a clerk opens a programme alone", case("signers", "programme"), "programme"),
    Fraud("missing_approver", "a beneficiary signs a claim", case("signers", "claim 1"), "claim 1"),
    Fraud(
        "missing_approver",
        "one approver approves twice",
        case("i12_separation", "approval a 2", "approver twice"),
        "approval a 2",
    ),
    Fraud(
        "missing_approver",
        "both approvers are one person",
        case("i12_separation", "approval a 2", "one person"),
        "approval a 2",
    ),
    Fraud(
        "missing_approver",
        "an approver pays",
        case("i12_separation", "order a 1.1", "approver pays"),
        "order a 1.1",
    ),
    Fraud(
        "missing_approver",
        "who reviewed the application grants it",
        case("i12_separation", "voucher a", "reviewer grants"),
        "voucher a",
    ),
    Fraud(
        "missing_approver",
        "the second approval does not hold the first",
        case("envelopes", "approval a 2", "no first approval"),
        "approval a 2",
    ),
    Fraud("cap", "one fen more than the cap", past.capped(50_001), "voucher b"),
    Fraud("cap", "one fen more than the start-up cap", past.startup(300_001), "voucher a"),
    Fraud(
        "cap", "an old enterprise is called a start-up", past.startup(300_000, young=False), "application a"
    ),
    Fraud("budget", "one fen more than the appropriation", past.budgeted(150_001), "voucher b"),
    Fraud(
        "budget",
        "a negative balance",
        past.budgeted(150_001),
        "voucher b",
        {},
    ),
    Fraud("wrong_amount", "a line is rounded up", case("amounts", "claim 1", "line"), "claim 1"),
    Fraud("wrong_amount", "a face of one fen too much", case("face", "voucher a", "too much"), "voucher a"),
    Fraud(
        "wrong_amount", "a face of one fen too little", case("face", "voucher a", "too little"), "voucher a"
    ),
    Fraud(
        "wrong_amount", "a share is rounded up", case("allocation", "voucher c", "rounded up"), "voucher c"
    ),
    Fraud(
        "wrong_amount",
        "a redemption is rounded up",
        case("i3_entitlement", "request a", "amount"),
        "request a",
    ),
    Fraud(
        "wrong_amount",
        "more is verified than was requested",
        case("i10_amounts", "verification a", "more"),
        "verification a",
    ),
    Fraud(
        "wrong_amount",
        "the last instalment is not the rest",
        case("i10_amounts", "order a 2.1", "last instalment"),
        "order a 2.1",
    ),
    Fraud(
        "wrong_amount",
        "more is paid than was ordered",
        case("i10_amounts", "confirmation a 1.2", "amount"),
        "confirmation a 1.2",
    ),
    Fraud(
        "duplicate_evidence",
        "one invoice is registered twice",
        case("evidence", "invoice b", "invoice twice"),
        "invoice b",
        accused=BOTH,
    ),
    Fraud("duplicate_evidence", "two requests use one fen too much", past.used_by_two(100_001), "request a"),
    Fraud("duplicate_evidence", "a cancelled invoice is used", past.cancelled(before=True), "request a"),
    Fraud(
        "duplicate_evidence",
        "a claim of another voucher is redeemed",
        case("redemption", "request a", "other voucher"),
        "request a",
    ),
    Fraud(
        "device_overlap",
        "two claims on one device, the first redeemed",
        past.two_claims([(0, 0, 10)], [(0, 9, 2)], redeemed=True),
        "claim 2",
        {"earlier": "claim 1", "redemption": "request a"},
    ),
    Fraud(
        "device_overlap",
        "the same, with all that shows whose keys signed",
        past.two_claims([(0, 0, 10)], [(0, 9, 2)], redeemed=True),
        "claim 2",
        accused=BOTH,
    ),
    Fraud(
        "device_overlap",
        "the first claim is corrected later",
        past.two_claims([(0, 0, 10)], [(0, 9, 2)], corrected=[(1, 0, 10)], later=True),
        "claim 2",
        {"earlier": "claim 1", "later": "claim 1 corrected"},
    ),
    Fraud(
        "device_overlap",
        "one claim uses a device twice",
        past.two_claims([(0, 0, 10), (0, 9, 2)], [(1, 0, 1)]),
        "claim 1",
        {},
    ),
    Fraud(
        "device_overlap",
        "the provider's key was registered by nobody who may: only the operator is accused",
        past.false_provider,
        "claim 2",
        {"earlier": "claim 1", "authority": ("genesis", "administrator 1", "administrator 2", "seller key")},
    ),
    Fraud("claim_terms", "a claim at another price", past.priced(35_999), "claim 1"),
    Fraud(
        "claim_terms",
        "a claim before the voucher",
        case("claim_window", "claim 1", "before the voucher"),
        "claim 1",
    ),
    Fraud("claim_terms", "a device as another model", case("i19_devices", "claim 1", "vendor"), "claim 1"),
    Fraud("claim_terms", "usage in the future", case("claim_window", "claim 6", "future"), "claim 6"),
    Fraud(
        "used_twice",
        "two claims with one id",
        case("sequence", "claim 2", "claim id twice"),
        "claim 2",
        accused=BOTH,
    ),
    Fraud("used_twice", "an instalment is paid twice", past.paid([1, 1]), "confirmation a 1.3"),
    Fraud("used_twice", "one request id for two acts", case("request_id", "policy", "twice"), "policy"),
    Fraud("ended", "a claim on an expired voucher", past.expired(claimed_after=True), "claim 6"),
    Fraud(
        "ended",
        "a superseded claim is redeemed",
        case("redemption", "request a", "superseded claim"),
        "request a",
    ),
    Fraud("broken_link", "a link skips an event", case("links", "verification a", "prev"), "verification a"),
    Fraud("broken_link", "totals do not add up", case("links", "voucher a", "total"), "voucher a"),
    Fraud(
        "broken_link", "the sum of a superseding claim is wrong", case("links", "claim 3", "total"), "claim 3"
    ),
    Fraud("broken_link", "an entity has no link", case("links", "request a", "dropped"), "request a"),
    Fraud(
        "wrong_premise",
        "a payment without approval",
        case("premises", "order a 1.1", "dropped"),
        "order a 1.1",
    ),
    Fraud("wrong_premise", "a voucher under an old policy", past.new_policy(named="policy 1"), "voucher b"),
    Fraud(
        "wrong_premise",
        "a redemption under another policy than its voucher's",
        past.thawed,
        "request a",
    ),
    Fraud(
        "wrong_premise", "an approval judges another leaf", case("subject", "approval a 1"), "approval a 1"
    ),
    Fraud("postings", "an entry that does not sum to zero", case("trial_balance", "voucher a"), "voucher a"),
    Fraud(
        "postings", "more is encumbered than the face", case("postings", "voucher a", "amount"), "voucher a"
    ),
    Fraud("postings", "a claim that moves money", case("postings", "claim 1", "extra"), "claim 1"),
    Fraud("chain", "an event names another hash", case("chain", "claim 1", "prev"), "claim 1"),
    Fraud("chain", "time goes back", case("recorded_ms", "claim 1", "claim"), "claim 1"),
    Fraud("leaf_form", "another index", case("header", "claim 1", "index"), "claim 1"),
    Fraud("leaf_form", "a longer varint", case("byte_profile", "claim 1", "long varint"), "claim 1"),
    Fraud(
        "foreign_statement", "a statement for another ledger", case("statement", "policy", "ledger"), "policy"
    ),
    Fraud("foreign_statement", "a statement after its limit", case("not_after", "policy"), "policy"),
    Fraud(
        "foreign_statement",
        "another genesis than the published one",
        changed(said("genesis", root_threshold=3)),
        "genesis",
    ),
)
