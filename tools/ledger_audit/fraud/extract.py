"""Fraud proofs out of a log: for findings of an audit, or for one leaf that is suspected.

What a search proposes is judged under the caller's trust before it is given away, so that nothing is handed
on that another reader would not find proven. It must not judge anything itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.errors import LedgerError
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.note import Note
from ledger_audit.excerpt import take_excerpt
from ledger_audit.fraud.authority import ROLE, authority_of
from ledger_audit.fraud.case import Case
from ledger_audit.fraud.judge import judge_bytes
from ledger_audit.fraud.leaves import NotShown
from ledger_audit.fraud.proof_file import LeafProof, render
from ledger_audit.fraud.proof_type import Lead, ProofType, Roles, Search
from ledger_audit.fraud.reader import Reader
from ledger_audit.fraud.registry import BY_NAME, FOR_CHECK, TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger_audit.findings import Finding
    from ledger_audit.fraud.verdict import Shown, Verdict
    from ledger_audit.sources import Source
    from ledger_audit.trust import Trust

_NUMBER = re.compile(r"(?<![0-9a-z])[0-9]{1,16}(?![0-9a-z])")
_WHOLE_TREE = (
    "it is about the whole tree or a checkpoint: compare notes or receipts (audit fraud equivocation)"
)
_NO_TYPE = "no few leaves show it: it follows from more of the log than a proof holds"
_NOTHING_SHOWN = "the leaves that were looked at do not show it by themselves"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A leaf that may break a rule, the check that says so (empty: any), and numbers of leaves beside it.

    With a `type` only that type of proof is looked for.
    """

    index: int | None
    check: str = ""
    hints: tuple[int, ...] = ()
    type: str = ""

    @classmethod
    def of(cls, finding: Finding) -> Suspicion:
        """A finding of the audit; numbers in its text may be those of leaves that belong to it."""
        numbers = _NUMBER.findall(f"{finding.expected} {finding.actual}")
        return cls(finding.index, finding.check, tuple(sorted({int(number) for number in numbers})))

    @property
    def types(self) -> tuple[ProofType, ...]:
        """The types that may show it."""
        if self.type:
            return (BY_NAME[self.type],)
        return tuple(BY_NAME[name] for name in FOR_CHECK.get(self.check, ())) if self.check else TYPES


@dataclass(slots=True)
class Extracted:
    """What became of a suspicion: a proof with its verdict, or why there is none."""

    suspicion: Suspicion
    proof: LeafProof | None = None
    verdict: Verdict | None = None
    why: str = ""


@dataclass(slots=True)
class _Hunt:
    """The search of one type for one suspicion, and what it waits for."""

    result: Extracted
    type: ProofType
    search: Search
    needle: bytes = b""
    found: list[Roles] = field(default_factory=list)


def extract(source: Source, suspicions: Iterable[Suspicion], trust: Trust) -> list[Extracted]:
    """For each suspicion a proof that is proven under `trust`, or why there is none.

    All searches go through the log together, one pass for what all of them look for. Raises
    CouldNotCheckError without a checkpoint, MalformedError for one that does not parse.
    """
    head = Checkpoint.parse(Note.parse(source.checkpoint()).text)
    reader = Reader(source, head.size)
    results = [Extracted(suspicion) for suspicion in suspicions]
    hunts = [hunt for result in results for hunt in _hunts(reader, result)]
    _run(reader, hunts)
    for result in results:
        _choose(reader, trust, result, [hunt for hunt in hunts if hunt.result is result])
        if result.proof is None and reader.unreadable:
            result.why = f"{result.why}; some of the log could not be read: {reader.unreadable}"
    return results


def _hunts(reader: Reader, result: Extracted) -> list[_Hunt]:
    suspicion = result.suspicion
    if suspicion.index is None:
        result.why = _WHOLE_TREE
        return []
    if suspicion.index >= reader.size:
        result.why = "the log has no such leaf"
        return []
    lead = Lead(suspicion.index, tuple(hint for hint in suspicion.hints if hint < reader.size))
    return [_Hunt(result, one, one.search(reader, lead)) for one in suspicion.types]


def _run(reader: Reader, hunts: Sequence[_Hunt]) -> None:
    """Advance all searches together, from one pass over the log to the next."""
    waiting = [hunt for hunt in hunts if _advance(hunt, None)]
    while waiting:
        hits = reader.find({hunt.needle for hunt in waiting})
        waiting = [hunt for hunt in waiting if _advance(hunt, hits[hunt.needle])]


def _advance(hunt: _Hunt, hits: Sequence[int] | None) -> bool:
    """Whether the search wants something looked for."""
    try:
        hunt.needle = next(hunt.search) if hits is None else hunt.search.send(hits)
    except StopIteration as stop:
        hunt.found = list(stop.value)
        return False
    except NotShown:
        return False
    return True


def _choose(reader: Reader, trust: Trust, result: Extracted, hunts: Sequence[_Hunt]) -> None:
    """Take the first thing that is proven, the smallest of one type first."""
    suspicion = result.suspicion
    for hunt in hunts:
        for roles in sorted(hunt.found, key=_size):
            accused = suspicion.index or 0
            shown = _shown(reader, trust, hunt.type, accused, roles)
            if shown is None:
                continue
            named = {ROLE: authority_of(reader, shown.signed)} if shown.party else {}
            try:
                proof = _proof(reader, hunt.type.name, accused, {**roles, **named})
            except LedgerError as error:
                result.why = f"the leaves are not those of the checkpoint: {error.summary}"
                return
            verdict = judge_bytes(render(proof), trust)
            if verdict.is_proven:
                result.proof, result.verdict = proof, verdict
                return
            result.why = verdict.why
    result.why = result.why or (_NOTHING_SHOWN if hunts else _NO_TYPE)


def _shown(reader: Reader, trust: Trust, one: ProofType, accused: int, roles: Roles) -> Shown | None:
    """What the type's judge says of entries that are not proven yet."""
    indexes = {accused}.union(*roles.values())
    try:
        entries = {index: reader.entry(index) for index in sorted(indexes)}
        case = Case(entries, accused, roles, ledger_id=trust.ledger_id, genesis=trust.genesis_leaf_hash)
        return one.judge(case)
    except NotShown:
        return None


def _proof(reader: Reader, name: str, accused: int, roles: Roles) -> LeafProof:
    chosen = {role: tuple(sorted(set(indexes))) for role, indexes in roles.items() if indexes}
    excerpt = take_excerpt(reader.source, {accused}.union(*chosen.values()))
    return LeafProof(name, accused, chosen, excerpt)


def _size(roles: Roles) -> int:
    return sum(len(indexes) for indexes in roles.values())
