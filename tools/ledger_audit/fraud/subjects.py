"""What a decision judges: the leaf that its statement names, by index and hash (format.md, section 4).

Which leaf that has to be is known from the event's own premises or links.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.fraud.premise_tables import APPROVAL, OBJECTION, ORDER, REDEMPTION, VERIFICATION, VOUCHER
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger_audit.fraud.leaves import Leaf

_RULE = "A decision names, by index and hash, the leaf that it judges (I12; section 4)."
_PREMISES: Mapping[str, int] = MappingProxyType(
    {
        "redemption_verified": REDEMPTION,
        "redemption_approved": VERIFICATION,
        "payment_ordered": APPROVAL,
        "payment_confirmed": ORDER,
        "payment_failed": ORDER,
        "voucher_revoked": VOUCHER,
        "objection_decided": OBJECTION,
    }
)
"""Decisions on a leaf that is one of their premises."""
_LINKS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "application_returned",
                "application_resubmitted",
                "application_checked",
                "application_reviewed",
                "application_publicised",
                "application_rejected",
                "application_withdrawn",
                "voucher_issued",
                "grant_queued",
            ),
            event_pb2.LINK_KIND_APPLICATION,
        ),
        "clawback_notified": event_pb2.LINK_KIND_CLAWBACK,
        "clawback_appealed": event_pb2.LINK_KIND_CLAWBACK,
        "clawback_determined": event_pb2.LINK_KIND_CLAWBACK,
    }
)
"""Decisions on the newest leaf of an application or a clawback, which is the one before on its links."""


def wrong_subject(leaf: Leaf, named: Leaf | None) -> Shown | None:
    """The subject is the right leaf by the leaf alone, and has the hash of `named`, where that is it."""
    subject = subject_of(leaf)
    if subject is None:
        return None
    index, leaf_hash = subject
    if index is None or index >= leaf.index:
        return Shown(_RULE, f"{leaf.name} judges no earlier leaf")
    wanted = _wanted(leaf)
    if wanted is not None and wanted != index:
        return Shown(_RULE, f"{leaf.name} judges leaf {index}; it rests on leaf {wanted}")
    if named is not None and named.index == index and named.leaf_hash != leaf_hash:
        return Shown(
            _RULE,
            f"{leaf.name} judges a leaf {index} with the hash {leaf_hash.hex()}; the leaf there has"
            f" {named.leaf_hash.hex()}",
        )
    return None


def subject_of(leaf: Leaf) -> tuple[int | None, bytes] | None:
    """Index and hash of what the statement judges; None where it judges nothing."""
    if not leaf.has_statement or "subject" not in leaf.said.DESCRIPTOR.fields_by_name:
        return None
    subject = leaf.said.subject
    return subject.leaf_index if subject.HasField("leaf_index") else None, subject.leaf_hash


def _wanted(leaf: Leaf) -> int | None:
    if leaf.kind in _PREMISES:
        return leaf.premise(_PREMISES[leaf.kind])
    link = leaf.link(_LINKS[leaf.kind]) if leaf.kind in _LINKS else None
    return link.prev if link is not None else None
