"""The verdict on a fraud proof, from its bytes and the caller's trust alone (format.md, section 8).

It must not read a file or a log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import LedgerError, MalformedError
from ledger_audit.fraud import equivocation
from ledger_audit.fraud.authority import signing_keys
from ledger_audit.fraud.case import Case
from ledger_audit.fraud.leaves import NotShown
from ledger_audit.fraud.proof_file import EQUIVOCATION, FraudProof, LeafProof, parse
from ledger_audit.fraud.registry import BY_NAME
from ledger_audit.fraud.verdict import Judgement, Verdict

if TYPE_CHECKING:
    from ledger.proof.checkpoint import Checkpoint
    from ledger_audit.trust import Trust


def judge_bytes(data: bytes, trust: Trust) -> Verdict:
    """The verdict on the bytes of a file; whatever they are, there is one."""
    try:
        proof = parse(data, BY_NAME)
    except MalformedError as error:
        return Verdict(Judgement.MALFORMED, why=error.summary)
    return judge(proof, trust)


def judge(proof: FraudProof, trust: Trust) -> Verdict:
    """The verdict on a proof that parses."""
    try:
        if isinstance(proof, LeafProof):
            return _judge_leaves(proof, trust)
        head, shown = equivocation.judge(proof, trust)
    except NotShown as error:
        name = proof.type if isinstance(proof, LeafProof) else EQUIVOCATION
        return Verdict(Judgement.NOT_PROVEN, name, why=str(error))
    return Verdict(
        Judgement.PROVEN, EQUIVOCATION, head.origin, _log_key(trust, head), head.size, head.root, shown
    )


def _judge_leaves(proof: LeafProof, trust: Trust) -> Verdict:
    try:
        head, entries = proof.excerpt.open(trust)
    except LedgerError as error:
        raise NotShown(error.summary) from None
    case = Case(
        entries, proof.accused, proof.roles, ledger_id=trust.ledger_id, genesis=trust.genesis_leaf_hash
    )
    shown = BY_NAME[proof.type].judge(case)
    leaves = [("accused", proof.accused)]
    leaves += [(role, index) for role, indexes in proof.roles.items() for index in indexes]
    return Verdict(
        Judgement.PROVEN,
        proof.type,
        head.origin,
        _log_key(trust, head),
        head.size,
        head.root,
        shown,
        provider=signing_keys(case, shown.party, shown.signed) if shown.party else (),
        leaves=tuple(leaves),
    )


def _log_key(trust: Trust, head: Checkpoint) -> str:
    return dict(trust.vkeys)[head.origin]
