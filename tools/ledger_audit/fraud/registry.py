"""The types of proof about leaves: the closed table, and which of them are tried for a finding of the audit.

It must not judge anything. `equivocation` has no leaves and is judged by its own module.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ledger_audit.fraud import (
    broken_link,
    budget,
    cap,
    chain,
    claim_terms,
    device_overlap,
    duplicate_evidence,
    ended,
    foreign_statement,
    inactive_key,
    leaf_form,
    missing_approver,
    postings,
    signature,
    used_twice,
    wrong_amount,
    wrong_premise,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger_audit.fraud.proof_type import ProofType

TYPES: tuple[ProofType, ...] = (
    signature.TYPE,
    inactive_key.TYPE,
    missing_approver.TYPE,
    cap.TYPE,
    budget.TYPE,
    wrong_amount.TYPE,
    duplicate_evidence.TYPE,
    device_overlap.TYPE,
    claim_terms.TYPE,
    used_twice.TYPE,
    ended.TYPE,
    broken_link.TYPE,
    wrong_premise.TYPE,
    postings.TYPE,
    chain.TYPE,
    leaf_form.TYPE,
    foreign_statement.TYPE,
)
BY_NAME: Mapping[str, ProofType] = MappingProxyType({one.name: one for one in TYPES})

FOR_CHECK: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "header": ("leaf_form",),
        "chain": ("chain",),
        "size": ("leaf_form",),
        "byte_profile": ("leaf_form",),
        "roots_pinned": ("foreign_statement",),
        "key_form": ("signature", "used_twice"),
        "signature": ("signature",),
        "signers": ("missing_approver", "signature"),
        "key_active": ("inactive_key", "signature"),
        "statement": ("foreign_statement",),
        "payload_type": ("missing_approver",),
        "envelopes": ("missing_approver", "foreign_statement"),
        "not_after": ("foreign_statement",),
        "recorded_ms": ("chain",),
        "stream": ("used_twice",),
        "request_id": ("used_twice", "foreign_statement"),
        "request_digest": ("foreign_statement",),
        "references": ("wrong_premise",),
        "premises": ("wrong_premise", "signature"),
        "links": ("broken_link",),
        "postings": ("postings",),
        "subject": ("wrong_premise",),
        "trial_balance": ("postings",),
        "officer": ("used_twice", "missing_approver"),
        "key_state": ("used_twice", "inactive_key"),
        "participant": ("used_twice",),
        "admission": ("ended",),
        "standing": ("ended",),
        "programme": ("used_twice",),
        "policy": ("used_twice", "budget"),
        "contract": ("used_twice",),
        "evidence": ("duplicate_evidence", "used_twice"),
        "application": ("used_twice",),
        "startup": ("cap",),
        "i8_admission": ("ended",),
        "award": ("used_twice",),
        "handling": ("used_twice", "ended"),
        "objection": ("used_twice", "ended"),
        "i4_stacking": ("wrong_amount",),
        "voucher": ("used_twice",),
        "face": ("wrong_amount", "cap"),
        "allocation": ("wrong_amount",),
        "i1_budget": ("budget", "wrong_amount"),
        "i2_cap": ("cap", "wrong_amount"),
        "i7_claim_voucher": ("claim_terms", "wrong_premise"),
        "claim": ("ended",),
        "claim_window": ("claim_terms",),
        "i19_devices": ("claim_terms",),
        "price": ("claim_terms",),
        "amounts": ("wrong_amount",),
        "i6_overlap": ("device_overlap",),
        "sequence": ("used_twice",),
        "superseding": ("used_twice", "ended"),
        "hold": ("ended",),
        "redemption": ("used_twice", "ended", "duplicate_evidence", "wrong_amount"),
        "i5_evidence": ("duplicate_evidence",),
        "i3_entitlement": ("wrong_amount",),
        "verification": ("used_twice",),
        "approval": ("used_twice", "wrong_amount"),
        "i10_amounts": ("wrong_amount",),
        "i12_separation": ("missing_approver",),
        "payment": ("used_twice", "wrong_premise", "wrong_amount"),
        "expiry": ("used_twice", "wrong_amount", "broken_link"),
        "revocation": ("used_twice", "wrong_amount", "broken_link"),
        "closing": ("used_twice",),
        "clawback": ("used_twice",),
        "recovery": ("wrong_amount", "used_twice"),
        "fine": ("wrong_amount",),
    }
)
"""Types that may show a finding of a check. The others need more of the log than a few leaves."""
