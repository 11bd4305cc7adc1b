"""A ledger in memory: statements go through the pure rules, rows live in dictionaries, every event is checked.

Nothing here signs, encodes or stores: keys are given as registered, leaf hashes are made up. The checks of an
event (postings, totals, links, premises) are this module's own and share no code with the rules.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from unit.domain.collector import Collector
from unit.domain.format_table import LINKS, POSTINGS, PREMISES
from unit.domain.registrar import digest

from ledger.domain import acts, rules
from ledger.domain.attestation import ServiceAttestation, UsageAttestation
from ledger.domain.claim_frame import refusal
from ledger.domain.commands import Command
from ledger.domain.entities import Claim, Evidence, Interval, UniqueKey, UniqueKind
from ledger.domain.events import ClaimAccepted, ServiceClaimAccepted
from ledger.domain.journal import Account, Draft, LinkKind, Recorded
from ledger.domain.needs import Needs, add_needs
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.state import State

ACT_OF_STATEMENT = {act.statement: act for act in (*acts.ACTS, *acts.SYSTEM_ACTS)}
ACT_OF_EVENT = {act.event: act for act in (*acts.ACTS, *acts.SYSTEM_ACTS)}
SIZE_BYTES = 1_000
"""What every event is said to take up in the store."""
PROGRAMME_ACCOUNTS = (
    Account.AVAILABLE,
    Account.ENCUMBERED,
    Account.OBLIGATED,
    Account.DISBURSED,
    Account.RECOVERABLE,
    Account.RECOVERED,
    Account.FINES_DUE,
)


class Disagreement(AssertionError):
    """The rules did something that the checks know to be wrong."""


def must(holds: bool, what: str) -> None:
    """Raise Disagreement unless the check holds."""
    if not holds:
        raise Disagreement(what)


@dataclass(frozen=True, slots=True)
class Logged:
    """One event of the ledger in memory."""

    draft: Draft
    recorded: Recorded
    followed_by: tuple[Logged, ...] = ()

    @property
    def index(self) -> int:
        """Leaf index."""
        return self.recorded.index

    @property
    def payload(self) -> Any:
        """The event's payload."""
        return self.recorded.payload

    def totals(self, kind: LinkKind) -> tuple[int, ...]:
        """Totals of the first link of this kind."""
        return next(link.totals for link in self.recorded.links if link.kind == kind)


class World(Collector):
    """Drives the rules as the application does: fetch rows, decide, fold, write rows, commit."""

    def __init__(self) -> None:
        super().__init__(State())
        self.now_ms = 0
        self.slack_ms = 0
        self.signatures_hold = True
        self.submitter: bytes | None = None
        self.events: list[Logged] = []
        self.claim_rows: dict[bytes, Claim] = {}
        self.evidence_rows: dict[bytes, Evidence] = {}
        self.unique_rows: dict[tuple[int, bytes], UniqueKey] = {}
        self.interval_rows: dict[bytes, list[Interval]] = defaultdict(list)
        self.balances: dict[tuple[bytes, Account], int] = defaultdict(int)
        self._newest: dict[tuple[LinkKind, bytes], int] = {}
        self._versions: dict[str, int] = defaultdict(int)

    # Sending.

    def send(self, *statements: Any) -> list[Logged | Rejection]:
        """Decide statements as one batch and commit it; each sees the effects of those before it."""
        self._fetch(statements)
        answers = [self._decide(statement) for statement in statements]
        self._flush()
        return answers

    def ok(self, statement: Any) -> Logged:
        """Send one statement that must be accepted."""
        answer = self.send(statement)[0]
        if isinstance(answer, Rejection):
            raise Disagreement(f"refused: {answer.reason.name}: {answer.message}")
        return answer

    def reason(self, statement: Any) -> Reason | None:
        """Send one statement; the reason of its refusal, or None."""
        answer = self.send(statement)[0]
        return answer.reason if isinstance(answer, Rejection) else None

    def message(self, statement: Any) -> str | None:
        """Send one statement; the sentence of its refusal, or None."""
        answer = self.send(statement)[0]
        return answer.message if isinstance(answer, Rejection) else None

    def conflict(self, statement: Any) -> tuple[Reason, int | None] | None:
        """Send one statement; reason and conflicting leaf of its refusal, or None."""
        answer = self.send(statement)[0]
        return (answer.reason, answer.conflicting_index) if isinstance(answer, Rejection) else None

    def replayed(self) -> State:
        """A fresh state folded from the events alone, as at a start."""
        state = State()
        for event in self.events:
            rules.evolve(ACT_OF_EVENT[type(event.payload)], state, event.recorded)
        state.commit()
        return state

    # What app/decisions.py does with a store.

    def _fetch(self, statements: tuple[Any, ...]) -> None:
        needs = Needs()
        state = self.state
        for statement in statements:
            replaced = getattr(statement, "superseded_index", None)
            if replaced is not None and replaced < len(self.events):
                event = self.events[replaced]
                if isinstance(event.payload, ClaimAccepted | ServiceClaimAccepted):
                    state.replaced.base[replaced] = event.recorded.statement
            add_needs(needs, state, statement)
        state.claims.base = {key: self.claim_rows[key] for key in needs.claims if key in self.claim_rows}
        state.evidence.base = {
            key: self.evidence_rows[key] for key in needs.evidence if key in self.evidence_rows
        }
        state.unique.base = {key: self.unique_rows[key] for key in needs.unique if key in self.unique_rows}
        for device_id, end_ms in needs.intervals:
            before = [row for row in self.interval_rows[device_id] if row.start_ms < end_ms]
            if before:
                state.intervals.base[device_id, end_ms] = max(before, key=lambda row: row.start_ms)

    def _flush(self) -> None:
        state = self.state
        self.claim_rows.update(state.claims.pending)
        self.evidence_rows.update(state.evidence.pending)
        self.unique_rows.update(state.unique.pending)
        for device_id, start_ms in state.intervals.freed:
            rows = self.interval_rows[device_id]
            rows[:] = [row for row in rows if row.start_ms != start_ms]
        for row in state.intervals.pending.values():
            self.interval_rows[row.device_id].append(row)
        state.commit()

    def _decide(self, statement: Any) -> Logged | Rejection:
        act = ACT_OF_STATEMENT[type(statement)]
        header = getattr(statement, "header", None)
        keys = () if header is None else tuple(self.state.keys.get(key_id) for key_id in header.key_ids)
        owner = keys[0].owner_id if keys and keys[0] is not None else b""
        command: Command[Any] = Command(
            statement=statement,
            header=header,
            payload_digest=digest(repr(statement)),
            submitter=owner if self.submitter is None else self.submitter,
            keys=keys,
            signatures_hold=self.signatures_hold,
            now_ms=self.now_ms,
            clock_slack_ms=self.slack_ms,
        )
        before = self._written()
        decision = rules.decide(act, self.state, command)
        must(self._written() == before, f"deciding {act.name} wrote to the state")
        if isinstance(decision, Rejection):
            if isinstance(statement, UsageAttestation | ServiceAttestation):
                refused = refusal(self.state, command, decision)
                if refused is not None:
                    self._append(refused, statement)
            return decision
        logged = [self._append(draft, statement) for draft in decision]
        drafts = act.follow_up(self.state, logged[-1].recorded) if act.follow_up else ()
        followed = tuple(self._append(draft, statement) for draft in drafts)
        return Logged(logged[0].draft, logged[0].recorded, followed)

    def _written(self) -> int:
        return sum(len(table.pending) for table in self.state._tables)

    def _append(self, draft: Draft, statement: Any) -> Logged:
        index = len(self.events)
        stream = draft.stream_id
        version = (self.state.streams.get(stream) or 0) + 1
        self._versions[stream] += 1
        must(version == self._versions[stream], f"{stream}: version {version}")
        recorded = Recorded(
            index=index,
            leaf_hash=digest(f"leaf/{index}"),
            recorded_ms=self.now_ms,
            stream_id=stream,
            stream_version=version,
            payload=draft.payload,
            statement=statement,
            links=draft.links,
            size_bytes=SIZE_BYTES,
        )
        act = ACT_OF_EVENT[type(draft.payload)]
        rules.evolve(act, self.state, recorded)
        if act.record is not None:
            act.record(self.state, recorded)
        logged = Logged(draft, recorded)
        self.events.append(logged)
        self._check(logged)
        return logged

    # Checks of one event.

    def _check(self, event: Logged) -> None:
        name = type(event.payload).__name__
        sums: dict[bytes, int] = defaultdict(int)
        for posting in event.draft.postings:
            self.balances[posting.programme_id, posting.account] += posting.amount_fen
            sums[posting.programme_id] += posting.amount_fen
        must(all(total == 0 for total in sums.values()), f"{name}: postings do not balance (I15)")
        linked = {link.entity: link.totals for link in event.draft.links if link.kind == LinkKind.PROGRAMME}
        must(set(sums) <= set(linked), f"{name}: postings without a PROGRAMME link")
        for programme_id, totals in linked.items():
            expected = tuple(self.balances[programme_id, account] for account in PROGRAMME_ACCOUNTS)
            must(totals == expected, f"{name}: PROGRAMME totals {totals}, postings {expected} (I15)")
            committed = sum(expected[1:4])
            appropriation = -self.balances[programme_id, Account.APPROPRIATION]
            must(
                0 <= committed <= appropriation and min(expected) >= 0, f"{name}: over the appropriation (I1)"
            )
        for link in event.draft.links:
            entity = link.entity if link.device is None else event.recorded.statement.device_ids[link.device]
            must(
                link.prev == self._newest.get((link.kind, entity)),
                f"{name}: {link.kind.name} link does not name the event before",
            )
            self._newest[link.kind, entity] = event.index
        must(all(premise.leaf_index < event.index for premise in event.draft.premises), f"{name}: premises")
        self._check_shape(name, event.draft)

    @staticmethod
    def _check_shape(name: str, draft: Draft) -> None:
        """Premises, links and postings are those that the format lists for the event, in its order."""
        for what, table, kinds in (
            ("premises", PREMISES, [premise.kind.name for premise in draft.premises]),
            ("links", LINKS, [link.kind.name for link in draft.links]),
            ("postings", POSTINGS, [posting.account.name for posting in draft.postings]),
        ):
            said = " ".join(kinds)
            must(re.fullmatch(table.get(name, ""), said) is not None, f"{name}: {what} {said!r}")

    # Reading.

    def totals_of(self, programme: str) -> tuple[int, int, int, int]:
        """Available, encumbered, obligated and disbursed, fen."""
        return tuple(self.state.programme_totals(self.ident(programme))[:4])  # type: ignore[return-value]

    def sequence_used(self, provider: str, voucher: str, sequence: int) -> bool:
        """Whether a provider's sequence number is spent."""
        key = self.ident(provider) + self.ident(voucher) + sequence.to_bytes(8, "big")
        return (UniqueKind.SEQUENCE, key) in self.unique_rows
