"""What looks like a fraud and is none: honest twins, amounts just at the bound, proofs that lack a leaf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit_forge.breaking import statement

from fraud_forge import histories as past
from fraud_forge.frauds import FRAUDS
from fraud_forge.scene import Scene, Where, case, changed, honest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ledger_audit.fraud.proof_file import LeafProof

Leaves = tuple[Where, ...]


@dataclass(frozen=True)
class Innocent:
    """A proof of a type that nothing proves; `honest` says whether the whole ledger keeps every rule."""

    type: str
    comment: str
    make: Callable[[], Scene]
    where: Where
    roles: Mapping[str, Where | Leaves]
    honest: bool = True

    def proof(self, scene: Scene) -> LeafProof:
        """The proof about the ledger that `make` made."""
        return scene.told(self.type, self.where, **self.roles)


def _fraud(comment: str) -> Callable[[], Scene]:
    (found,) = (fraud for fraud in FRAUDS if fraud.comment == comment)
    return found.make


def _limit_is_now(name: str) -> Callable[[], Scene]:
    """A statement that is recorded in the last millisecond in which it may be."""
    recorded_ms = honest().year[name].event.recorded_ms
    return changed(statement(name, lambda s: setattr(s.header, "not_after_ms", recorded_ms)))


def _one_request_id() -> Scene:
    """Two parties happen to have chosen one request id."""
    one = honest().year["payment a"].statement.header.request_id
    return changed(statement("payment c", lambda s: setattr(s.header, "request_id", one)))()


CLAIM_ROLES = {"earlier": "claim 1"}
INNOCENTS: tuple[Innocent, ...] = (
    Innocent(
        "signature",
        "another key's leaf",
        _fraud("a byte of a signature is changed"),
        "claim 1",
        {"key": "buyer key"},
        honest=False,
    ),
    Innocent(
        "signature",
        "a wrong signature without its key's leaf",
        _fraud("a byte of a signature is changed"),
        "claim 1",
        {},
        honest=False,
    ),
    Innocent(
        "signature", "the key is registered as the event says", honest, "claim 7", {"key": "seller key 2"}
    ),
    Innocent(
        "inactive_key",
        "recorded in the last millisecond of the key",
        past.retired(0),
        "claim 1",
        {"ending": "retirement"},
    ),
    Innocent("inactive_key", "signed before the revocation", honest, "claim 7", {"ending": "revocation"}),
    Innocent("inactive_key", "another key is revoked", honest, "request c", {"ending": "revocation"}),
    Innocent(
        "inactive_key", "a correction is no end of a key", honest, "verification b", {"ending": "correction"}
    ),
    Innocent(
        "missing_approver",
        "two approvers, two persons",
        honest,
        "approval a 2",
        {"keys": ("approver 1", "approver 2"), "approval": "approval a 1", "verification": "verification a"},
    ),
    Innocent(
        "missing_approver",
        "the payer orders and confirms",
        honest,
        "confirmation a 1.2",
        {"keys": ("payer", "reviewer"), "order": "order a 1.2"},
    ),
    Innocent(
        "missing_approver",
        "one approver approves two redemptions",
        honest,
        "approval b 1",
        {"keys": "approver 1", "approval": "approval a 1"},
    ),
    Innocent(
        "missing_approver",
        "who reviewed is not shown to be the same person",
        _fraud("who reviewed the application grants it"),
        "voucher a",
        {"keys": ("reviewer", "approver 1")},
        honest=False,
    ),
    Innocent(
        "missing_approver",
        "roots end an officer's key",
        honest,
        "revocation 2",
        {"keys": ("genesis", "reviewer 2")},
    ),
    Innocent(
        "cap",
        "exactly the cap",
        past.capped(50_000),
        "voucher b",
        {"policy": "policy", "application": "application b"},
    ),
    Innocent(
        "cap",
        "exactly the start-up cap",
        past.startup(300_000),
        "voucher a",
        {"policy": "policy", "application": "application a"},
    ),
    Innocent(
        "cap",
        "more than the start-up cap, but nothing says that it is one",
        past.startup(300_001),
        "voucher a",
        {"policy": "policy"},
        honest=False,
    ),
    Innocent(
        "cap",
        "another programme's policy",
        _fraud("one fen more than the cap"),
        "voucher b",
        {"policy": "programme"},
        honest=False,
    ),
    Innocent(
        "cap", "an allotment is judged by its grant's policy", honest, "voucher c", {"policy": "policy c"}
    ),
    Innocent(
        "cap",
        "the start-up is one",
        past.startup(300_000),
        "application a",
        {"contract": "contract a", "participant": "beneficiary", "policy": "policy"},
    ),
    Innocent(
        "budget", "exactly the appropriation", past.budgeted(150_000), "voucher b", {"policy": "policy"}
    ),
    Innocent("budget", "a policy that lowers the appropriation", honest, "policy c 2", {}),
    Innocent("budget", "no link of a programme", honest, "claim 1", {}),
    Innocent(
        "wrong_amount",
        "the floor",
        honest,
        "request a",
        {
            "policy": "policy",
            "contract": "contract a",
            "claims": ("claim 1", "claim 3"),
            "voucher": "voucher a",
            "application": "application a",
        },
    ),
    Innocent("wrong_amount", "a line rounded down", honest, "claim 3", {}),
    Innocent(
        "wrong_amount",
        "the last instalment is the rest",
        honest,
        "order a 2.1",
        {"verification": "verification a", "request": "request a"},
    ),
    Innocent(
        "wrong_amount",
        "a start-up's face without its application",
        past.startup(300_000),
        "voucher a",
        {"policy": "policy", "contract": "contract a"},
    ),
    Innocent(
        "wrong_amount",
        "less is verified than was requested",
        honest,
        "verification b",
        {"policy": "policy", "contract": "contract b", "request": "request b"},
    ),
    Innocent(
        "wrong_amount",
        "an unfunded share",
        honest,
        "voucher f",
        {"grant": "queue f", "allocation": "allocation c"},
    ),
    Innocent(
        "duplicate_evidence",
        "exactly the invoice's amount",
        past.used_by_two(100_000),
        "request a",
        {"evidence": "invoice a", "uses": "request a 1"},
        honest=False,
    ),
    Innocent(
        "duplicate_evidence",
        "the invoice is cancelled later",
        past.cancelled(before=False),
        "request a",
        {"evidence": "cancellation a"},
    ),
    Innocent("duplicate_evidence", "two invoices", honest, "invoice b", {"evidence": "invoice a"}),
    Innocent(
        "duplicate_evidence", "a claim of the same voucher", honest, "request a", {"evidence": "claim 1"}
    ),
    Innocent(
        "device_overlap",
        "one interval ends where the other starts",
        past.two_claims([(0, 0, 10)], [(0, 10, 2)], redeemed=True),
        "claim 2",
        {**CLAIM_ROLES, "redemption": "request a"},
    ),
    Innocent(
        "device_overlap",
        "the first claim was corrected and left the device, which no link of the device shows",
        past.two_claims([(0, 0, 10)], [(0, 5, 2)], corrected=[(1, 0, 10)]),
        "claim 2",
        CLAIM_ROLES,
    ),
    Innocent(
        "device_overlap",
        "the same with all leaves between",
        past.two_claims([(0, 0, 10)], [(0, 5, 2)], corrected=[(1, 0, 10)]),
        "claim 2",
        {**CLAIM_ROLES, "between": "claim 1 corrected"},
    ),
    Innocent(
        "device_overlap",
        "the same with the redemption of the corrected claim",
        honest,
        "claim 3",
        {"earlier": "claim 2", "redemption": "request a"},
    ),
    Innocent(
        "device_overlap",
        "the correction itself overlaps what it corrects",
        honest,
        "claim 3",
        {"earlier": "claim 2"},
    ),
    Innocent(
        "device_overlap",
        "nothing shows that the first claim stands",
        past.two_claims([(0, 0, 10)], [(0, 9, 2)], corrected=[(1, 0, 10)], later=True, redeemed=False),
        "claim 1 corrected",
        {"earlier": "claim 1"},
        honest=False,
    ),
    Innocent(
        "device_overlap",
        "an overlap, but a redemption of another claim",
        past.two_claims([(0, 0, 10)], [(0, 9, 2)], redeemed=True),
        "claim 2",
        {**CLAIM_ROLES, "redemption": "voucher a"},
        honest=False,
    ),
    Innocent(
        "claim_terms",
        "usage before the voucher in a programme that allows it",
        past.ex_post,
        "claim 1",
        {"voucher": "voucher a", "policy": "policy"},
    ),
    Innocent(
        "claim_terms",
        "usage before the voucher, without the policy",
        case("claim_window", "claim 1", "before the voucher"),
        "claim 1",
        {"voucher": "voucher a"},
        honest=False,
    ),
    Innocent(
        "claim_terms",
        "the contract's price",
        honest,
        "claim 1",
        {"contract": "contract a", "voucher": "voucher a", "policy": "policy", "devices": "devices"},
    ),
    Innocent(
        "used_twice",
        "an instalment is ordered again after a failure",
        honest,
        "order a 1.2",
        {"other": "order a 1.1"},
    ),
    Innocent(
        "used_twice",
        "two instalments are paid",
        honest,
        "confirmation a 2.1",
        {"other": "confirmation a 1.2"},
    ),
    Innocent(
        "used_twice", "one request id of two parties", _one_request_id, "payment c", {"other": "payment a"}
    ),
    Innocent("used_twice", "two attestations of one provider", honest, "claim 2", {"other": "claim 1"}),
    Innocent(
        "used_twice", "two approvals of one redemption", honest, "approval a 2", {"other": "approval a 1"}
    ),
    Innocent(
        "ended",
        "claimed before the voucher expired",
        past.expired(claimed_after=False),
        "expiry b",
        {"ending": "claim 6"},
    ),
    Innocent("ended", "verified after the voucher expired", honest, "verification b", {"ending": "expiry b"}),
    Innocent(
        "ended",
        "the correcting claim is redeemed",
        honest,
        "request a",
        {"ending": "claim 3", "claim": "claim 2"},
    ),
    Innocent("ended", "suspended, not removed", honest, "readmission", {"ending": "suspension"}),
    Innocent("broken_link", "the event before", honest, "verification a", {"previous": "request a"}),
    Innocent("broken_link", "an event on another entity", honest, "verification b", {"between": "request c"}),
    Innocent(
        "broken_link",
        "a superseding claim's sum without the old claim",
        case("links", "claim 3", "total"),
        "claim 3",
        {"previous": "claim 2"},
        honest=False,
    ),
    Innocent(
        "broken_link", "a share's sum", honest, "voucher d", {"previous": "voucher c", "others": "queue d"}
    ),
    Innocent(
        "wrong_premise",
        "a redemption under its voucher's policy, though a newer one is in force",
        past.new_policy(named="policy 2"),
        "request a",
        {"named": "policy 1", "newer": "policy 2"},
    ),
    Innocent(
        "wrong_premise",
        "the policy that is in force",
        past.new_policy(named="policy 2"),
        "voucher b",
        {"named": "policy 2", "newer": "policy 1"},
    ),
    Innocent(
        "wrong_premise", "a share under the policy of its grant", honest, "voucher c", {"named": "queue c"}
    ),
    Innocent(
        "wrong_premise",
        "another programme's newer policy",
        honest,
        "voucher a",
        {"named": "policy", "newer": "policy c"},
    ),
    Innocent("postings", "a share of nothing", honest, "voucher f", {}),
    Innocent(
        "postings",
        "what a verification releases is not judged",
        case("postings", "verification b", "amount"),
        "verification b",
        {},
        honest=False,
    ),
    Innocent("postings", "the first approval moves nothing", honest, "approval a 1", {}),
    Innocent("chain", "one event after the other", honest, "policy", {"before": "programme"}),
    Innocent(
        "chain",
        "an earlier leaf that is not the one before",
        case("chain", "claim 1", "prev"),
        "claim 1",
        {"before": "voucher b"},
        honest=False,
    ),
    Innocent(
        "chain", "nothing to compare with", case("chain", "claim 1", "prev"), "claim 1", {}, honest=False
    ),
    Innocent(
        "leaf_form",
        "a field that a newer reader may know",
        case("byte_profile", "claim 1", "unknown field"),
        "claim 1",
        {},
        honest=False,
    ),
    Innocent(
        "leaf_form",
        "an event type that a newer reader may know",
        case("event_type", "claim 1", "unknown type"),
        "claim 1",
        {},
        honest=False,
    ),
    Innocent("leaf_form", "an event in order", honest, "claim 1", {}),
    Innocent("foreign_statement", "the published genesis", honest, "genesis", {}),
    Innocent(
        "foreign_statement",
        "recorded in the last millisecond of a statement",
        _limit_is_now("policy"),
        "policy",
        {},
    ),
    Innocent("foreign_statement", "an event of the system, which holds no statement", honest, "expiry b", {}),
)
