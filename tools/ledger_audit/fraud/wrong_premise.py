"""`wrong_premise`: an event that rests on no such fact, an old one, or another than it must."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.fraud.leaves import Leaf, NotShown
from ledger_audit.fraud.premise_tables import (
    ABOUT,
    APPROVAL,
    CALENDAR,
    CONTRACT,
    FROZEN,
    KEY,
    NAMED,
    NEWEST,
    PARTICIPANT,
    POLICY,
    SEQUENCES,
    VOUCHER,
)
from ledger_audit.fraud.proof_type import Lead, ProofType, Roles, Search
from ledger_audit.fraud.subjects import subject_of, wrong_subject
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.reader import Reader

YEAR = event_pb2.LINK_KIND_BENEFICIARY_YEAR
_ID_SIZE, _SECOND = 16, 2
_RULE = "An event names, as its premises, the leaves of the facts that it rests on (format.md, section 3)."
_NEWEST = "A policy, an admission and a calendar are the newest ones at that index (format.md, section 3)."
_FROZEN = "What was fixed by an earlier event stays as it was: policy version and contract (I7, I11)."


def judge(case: Case) -> Shown:
    """The accused leaf's premises alone; the leaf that one `named`; a `newer` leaf than that one."""
    leaf, named, newer = case.accused, case.one("named"), case.one("newer")
    shown = _alone(leaf) or wrong_subject(leaf, named)
    if shown is None and named is not None:
        kinds = sorted(
            {p.kind for p in leaf.event.premises if p.HasField("index") and p.index == named.index}
        )
        for kind in (one for one in kinds if one != KEY):
            shown = shown or _no_such_fact(leaf, kind, named) or _stale(leaf, kind, named, newer)
            shown = shown or _thawed(leaf, kind, named)
    if shown is None:
        raise NotShown(f"no premise of {leaf.name} is shown to be wrong")
    return shown


def kind_name(kind: int) -> str:
    """A kind of premise as a sentence names it."""
    return event_pb2.PremiseKind.Name(kind).removeprefix("PREMISE_KIND_")  # type: ignore[arg-type]


def _alone(leaf: Leaf) -> Shown | None:
    """The kinds of its premises are those of its type, and each names an earlier leaf."""
    allowed = SEQUENCES.get(leaf.kind)
    if allowed is None:
        return None
    kinds = tuple(int(premise.kind) for premise in leaf.event.premises if premise.kind != KEY)
    if leaf.kind == "application_publicised":
        while kinds[-1:] == (CALENDAR,):
            kinds = kinds[:-1]
    if leaf.kind == "redemption_approved":
        allowed = allowed[1:] if leaf.payload.approvals == _SECOND else allowed[:1]
    if kinds not in allowed:
        wanted = " or ".join(", ".join(map(_safe_name, one)) or "none" for one in allowed)
        return Shown(
            _RULE, f"{leaf.name} has the premises {', '.join(map(_safe_name, kinds)) or 'none'}, not {wanted}"
        )
    for premise in leaf.event.premises:
        if not premise.HasField("index") or premise.index >= leaf.index:
            return Shown(_RULE, f"{leaf.name} names no earlier leaf as its {_safe_name(premise.kind)}")
    return None


def _no_such_fact(leaf: Leaf, kind: int, named: Leaf) -> Shown | None:
    """The leaf is of a type that the kind can name, and about the same thing."""
    name = _safe_name(kind)
    if kind in NAMED and named.kind not in NAMED[kind]:
        return Shown(_RULE, f"{leaf.name} names {named.name} as its {name}")
    mine, its = _about(leaf, kind), _about(named, kind, of_named=True)
    if mine is not None and its is not None and mine != its:
        return Shown(
            _RULE,
            f"{leaf.name} is about {mine.hex()}; as its {name} it names {named.name}, about {its.hex()}",
        )
    if kind == APPROVAL:
        wanted = 1 if leaf.kind == "redemption_approved" else _SECOND
        if named.payload.approvals != wanted:
            return Shown(
                _RULE,
                f"{leaf.name} names {named.name}, approval {named.payload.approvals} of its redemption; it"
                f" rests on approval {wanted}",
            )
    return None


def _about(leaf: Leaf, kind: int, *, of_named: bool = False) -> bytes | None:
    """The id of what a leaf is about, as the kind of premise compares it; None where it has none."""
    if kind == POLICY:
        year = leaf.link(YEAR)
        said = _field(leaf, "programme_id")
        return said if said is not None else year.entity[:_ID_SIZE] if year is not None else None
    if kind == PARTICIPANT:
        fields = ("participant_id",) if of_named else ("participant_id", "provider_id", "beneficiary_id")
        return next((found for name in fields if (found := _field(leaf, name)) is not None), None)
    return _field(leaf, ABOUT[kind]) if kind in ABOUT else None


def _field(leaf: Leaf, name: str) -> bytes | None:
    """An id in the leaf's statement or in the event's own message."""
    messages = [leaf.said] if leaf.has_statement else []
    for message in (*messages, leaf.payload):
        if name in message.DESCRIPTOR.fields_by_name:
            return bytes(getattr(message, name))
    return None


def _stale(leaf: Leaf, kind: int, named: Leaf, newer: Leaf | None) -> Shown | None:
    """A newer fact about the same thing is between the one that is named and the event."""
    if newer is None or kind not in NEWEST:
        return None
    events, field = NEWEST[kind]
    if leaf.kind not in events or newer.kind != named.kind or not named.index < newer.index < leaf.index:
        return None
    if getattr(newer.said, field) != getattr(named.said, field):
        return None
    return Shown(
        _NEWEST, f"{leaf.name} rests on {named.name} as its {_safe_name(kind)}; {newer.name} is a newer one"
    )


def _thawed(leaf: Leaf, kind: int, named: Leaf) -> Shown | None:
    """Policy or contract are those of the leaf that fixed them."""
    for (event, fixed), by in FROZEN.items():
        if leaf.kind == event and kind == by and leaf.premises(fixed) != named.premises(fixed):
            return _differs(leaf, fixed, named)
    takes_contract = kind == VOUCHER and named.kind == "voucher_issued" and CONTRACT in _kinds(leaf)
    if takes_contract and leaf.premises(CONTRACT) != named.premises(CONTRACT):
        return _differs(leaf, CONTRACT, named)
    return None


def _differs(leaf: Leaf, kind: int, named: Leaf) -> Shown:
    mine, its = (", ".join(map(str, one.premises(kind))) or "none" for one in (leaf, named))
    return Shown(
        _FROZEN, f"{leaf.name} rests on leaf {mine} as its {_safe_name(kind)}; {named.name} had leaf {its}"
    )


def _kinds(leaf: Leaf) -> set[int]:
    """The kinds of premises that an event of its type can have."""
    return {kind for one in SEQUENCES.get(leaf.kind, ()) for kind in one}


def _safe_name(kind: int) -> str:
    return kind_name(kind) if kind in event_pb2.PremiseKind.values() else str(kind)


def search(reader: Reader, lead: Lead) -> Search:
    """Alone, with each leaf that it names, and with what is newer than that one."""
    leaf = reader.leaf(lead.index)
    found: list[Roles] = [{}]
    subject = subject_of(leaf)
    if subject is not None and reader.leaf_if(subject[0]) is not None:
        found.append({"named": [subject[0] or 0]})
    for premise in leaf.event.premises:
        named = reader.leaf_if(premise.index) if premise.HasField("index") and premise.kind != KEY else None
        if named is None or named.index >= leaf.index:
            continue
        found.append({"named": [named.index]})
        if premise.kind in NEWEST and leaf.kind in NEWEST[premise.kind][0] and named.has_statement:
            hits = yield named.event.stream_id.encode()
            between = [at for at in hits if named.index < at < leaf.index]
            newer = [
                at for at in between if (one := reader.leaf_if(at)) is not None and one.kind == named.kind
            ]
            found += [{"named": [named.index], "newer": [at]} for at in newer]
    return found


TYPE = ProofType(
    "wrong_premise",
    "an event that rests on or judges no such fact, an old one, or another than was fixed",
    frozenset({"named", "newer"}),
    judge,
    search,
)
