"""Rules of refused claims, whose statements are not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import errors_pb2, event_pb2
from ledger_audit.claim_frame import check_quota
from ledger_audit.rules_contract import premise_contract
from ledger_audit.scratch import CLAIM

if TYPE_CHECKING:
    from ledger_audit.entities import Participant
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act

_REASONS = frozenset(value for value in errors_pb2.RejectionReason.values() if value)
_ID_SIZE, _HASH_SIZE = 16, 32


def claim_refused(fold: Fold, act: Act) -> None:
    """A refusal names claim, voucher, provider, digest and reason; the claim id is spent."""
    refused, state = act.event.claim_refused, fold.state
    lengths = [
        len(refused.claim_id),
        len(refused.voucher_id),
        len(refused.provider_id),
        len(refused.payload_digest),
    ]
    act.equal("refusal", [_ID_SIZE, _ID_SIZE, _ID_SIZE, _HASH_SIZE], lengths)
    act.equal("request_digest", refused.payload_digest, act.event.request_digest)
    act.require(refused.reason in _REASONS, "refusal", "a known reason", refused.reason)
    if refused.HasField("conflicting_index"):
        act.require(
            refused.conflicting_index < act.index, "refusal", "an earlier leaf", refused.conflicting_index
        )
    voucher = state.vouchers.get(refused.voucher_id)
    provider = state.participants.get(refused.provider_id)
    if voucher is not None:
        act.premise(event_pb2.PREMISE_KIND_VOUCHER, voucher.index)
        premise_contract(act, voucher.contract)
    if provider is None:
        act.fail("references", "a registered provider", refused.provider_id)
    else:
        act.premise(event_pb2.PREMISE_KIND_ADMISSION, provider.admission)
        _check_quotas(fold, act, provider)
    fold.scratch.note_id(CLAIM + refused.claim_id, act.index)
    act.links.append((event_pb2.LINK_KIND_CLAIM, refused.claim_id, None, None, ()))
    act.actor = refused.provider_id
    act.stream = f"claim/{refused.claim_id.hex()}"


def _check_quotas(fold: Fold, act: Act, provider: Participant) -> None:
    """A refusal counts as a claim, and as a refusal."""
    check_quota(fold.state, act.fail, provider, act.event.recorded_ms, act.size)
    today, most = provider.today, fold.state.quotas.refusals
    today.refusals += 1
    act.require(today.refusals <= most, "quota", f"at most {most} refusals a day", today.refusals)


def claim_without_statement(_fold: Fold, act: Act) -> None:
    """An accepted claim whose statement is absent or does not parse cannot be judged."""
    raise act.missing("usage attestation", act.event.request_digest)
