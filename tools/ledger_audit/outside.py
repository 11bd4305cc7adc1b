"""What an auditor brings to an audit from outside the log: checkpoints, receipts, memory, known findings.

The log must keep what these say. It must not read entries; the orchestrator gives hashes, roots and scans.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ledger.errors import LedgerError, MalformedError
from ledger.proof.checkpoint import Checkpoint, open_checkpoint
from ledger.proof.note import Note
from ledger_audit.accepted import compensating_kind, settle
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.findings import CHECKS, Layer
from ledger_audit.receipts import CHECK as RECEIPTS
from ledger_audit.receipts import Receipts, load_receipts
from ledger_audit.remembered import CHECK as REMEMBERED
from ledger_audit.remembered import Told
from ledger_audit.watch import Seen

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.proof.policy import Policy
    from ledger_audit.accepted import Accepted, Settled
    from ledger_audit.chain import ChainChecker
    from ledger_audit.findings import Findings
    from ledger_audit.leaf_hashes import LeafHashes
    from ledger_audit.remembered import Recollection, Remembered
    from ledger_audit.report import Outcomes
    from ledger_audit.scan import Scan
    from ledger_audit.trust import Trust

GIVEN = "checkpoint_given"


class Anchor(Protocol):
    """A tree whose root is trusted."""

    @property
    def size(self) -> int:
        """Its leaves."""

    @property
    def root(self) -> bytes:
        """Its root."""


class Outside:
    """What is held against one log, from the moment that its checkpoint is read."""

    def __init__(self, trust: Trust, findings: Findings, outcomes: Outcomes) -> None:
        self._trust = trust
        self._findings = findings
        self._outcomes = outcomes
        self._given: Checkpoint | None = None
        self._receipts: Receipts | None = None
        self._recollection: Recollection | None = None
        self._accepted: tuple[Accepted, ...] = ()
        self._kinds: dict[int, str] = {}
        self._trees: dict[int, bool] = {}
        """Sizes at which a trusted root is known, and whether the log has it."""
        self.told = Told()

    def take_checkpoint(self, note: bytes) -> None:
        """A signed note had from elsewhere; one that does not verify is a finding."""
        try:
            head = Checkpoint.parse(Note.parse(note).text)
        except MalformedError as error:
            self._findings.add(GIVEN, None, "a signed checkpoint", error.summary)
            return
        if verify_note(note, head, GIVEN, trust=self._trust, findings=self._findings):
            self._given = head

    def take_receipts(self, directory: Path, policy: Policy | None) -> None:
        """A directory of receipts."""
        self._receipts = Receipts()
        try:
            self._receipts = load_receipts(directory, self._trust, self._findings, policy)
        except CouldNotCheckError as error:
            self._outcomes.skip(error.summary, RECEIPTS)

    def take_remembered(self, remembered: Remembered, head: Checkpoint) -> None:
        """What was remembered of this log under the trusted key."""
        verifier = self._trust.verifier(head.origin)
        try:
            if verifier is None:
                raise CouldNotCheckError("the log's origin is not trusted")
            self._recollection = remembered.recall(head.origin, verifier)
        except CouldNotCheckError as error:
            self._outcomes.skip(error.summary, REMEMBERED)

    def take_accepted(self, accepted: tuple[Accepted, ...]) -> None:
        """Findings that the auditor knows."""
        self._accepted = accepted
        leaves = (item.compensating_index for item in accepted)
        self._kinds = {leaf: "" for leaf in leaves if leaf is not None}

    def sizes(self, limit: int) -> list[int]:
        """The tree sizes, up to the limit, whose roots will be needed."""
        wanted = self._receipts.sizes() if self._receipts is not None else set()
        wanted |= {held.size for held in (self._given, self._recollection) if held is not None}
        return [size for size in wanted if size <= limit]

    def see(self, result: Scan) -> None:
        """Note the types of the leaves that are said to make up for a finding."""
        if not self._kinds:
            return
        scanned = zip(result.hashes, result.events, result.statements, strict=False)
        for index, (hashed, event, statement) in enumerate(scanned, result.start):
            if index in self._kinds:
                self._kinds[index] = compensating_kind(Seen(index, hashed, event, statement))

    def compare(self, head: Checkpoint, note: bytes, chain: ChainChecker, seen: LeafHashes) -> None:
        """Compare all of it with the log that was read."""
        for anchor in self._anchors(head.origin):
            root = chain.roots.get(anchor.size)
            if root is not None:
                self.note_root(anchor, root)
        if self._given is not None:
            self._compare_given(self._given, chain)
        if self._receipts is not None:
            self._receipts.compare(head, hash_at=seen.get, roots=chain.roots, findings=self._findings)
            if self._receipts.summary():
                self._outcomes.skip(self._receipts.summary(), RECEIPTS)
        if self._recollection is not None:
            self.told = self._recollection.judge(
                head,
                note,
                roots=chain.roots,
                seen=seen,
                complete=chain.frontier.size == head.size,
                findings=self._findings,
                outcomes=self._outcomes,
            )

    def note_root(self, anchor: Anchor, root: bytes) -> None:
        """Note the root that the log really has where another one may be trusted."""
        self._trees[anchor.size] = self._trees.get(anchor.size, True) and root == anchor.root

    def bracket(self) -> tuple[int, int] | None:
        """Where a change lies that only roots tell of: the first leaf, and the one behind the last."""
        wrong = min((size for size, right in self._trees.items() if not right), default=None)
        if wrong is None:
            return None
        return max((size for size, right in self._trees.items() if right and size < wrong), default=0), wrong

    def settle(self, *, were_read: bool) -> tuple[Settled, ...]:
        """What became of the known findings; `were_read` tells whether events were parsed."""
        return settle(self._accepted, self._findings, self._kinds if were_read else None)

    @property
    def receipts_agreed(self) -> int | None:
        """How many receipts the log keeps, None where none were asked for."""
        return self._receipts.agreed if self._receipts is not None else None

    def keep(self, head: Checkpoint, note: bytes, seen: LeafHashes) -> None:
        """Remember a checkpoint whose bytes and trust are in order, whatever the rules say."""
        layers = {Layer.BYTES, Layer.TRUST}
        names = {check.name for check in CHECKS if check.layer in layers}
        if self._recollection is None or names & {*self._findings.counts, *self._outcomes.skipped}:
            return
        try:
            said = self._recollection.keep(head, note, seen)
            self.told.notes += [said] if said else []
        except CouldNotCheckError as error:
            self._outcomes.skip(error.summary, REMEMBERED)

    def _anchors(self, origin: str) -> list[Anchor]:
        """Every tree of this log, above none, whose root is trusted."""
        held: list[Anchor] = [head for head in (self._given, self._recollection) if head is not None]
        if self._receipts is not None:
            held += [receipt for receipt in self._receipts.held if receipt.origin == origin]
        return [anchor for anchor in held if anchor.size]

    def _compare_given(self, given: Checkpoint, chain: ChainChecker) -> None:
        root = chain.roots.get(given.size)
        if given.size == 0:
            return
        if root is None:
            self._outcomes.skip(f"the log has fewer than {given.size} entries", GIVEN)
        elif root != given.root:
            self._findings.add(GIVEN, None, f"{given.root.hex()} at size {given.size}", root)


def verify_note(note: bytes, head: Checkpoint, check: str, *, trust: Trust, findings: Findings) -> bool:
    """Whether the trusted key of its origin signed a checkpoint; that it did not is a finding of `check`."""
    verifier = trust.verifier(head.origin)
    if verifier is None:
        findings.add(check, None, "a trusted origin", head.origin)
        return False
    try:
        open_checkpoint(note, verifier, head.origin)
    except LedgerError as error:
        findings.add(check, None, f"a signature by {verifier.vkey.render()}", error.summary)
        return False
    return True
