"""The audit itself: it reads, scans and folds a log once, and reports.

Each step is in a module of its own; this one puts them in order and decides which checks could
not be made.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from ledger.errors import LedgerError, MalformedError
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.hashing import leaf_hash as hash_of
from ledger.proof.note import Note
from ledger.proof.policy import Policy
from ledger.proof.tiles import TILE_WIDTH
from ledger_audit.chain import Bundle, ChainChecker
from ledger_audit.errors import AbsentError, BrokenBundleError, CouldNotCheckError
from ledger_audit.findings import CHECKS, Findings, Layer
from ledger_audit.fold import Fold
from ledger_audit.leaf_hashes import LeafHashes
from ledger_audit.outside import Outside, verify_note
from ledger_audit.report import Outcomes, Report, check_results, totals
from ledger_audit.scan import KeyTable, Scan, hash_only, parse_again, scan
from ledger_audit.scratch import Scratch
from ledger_audit.sources import Chunk, Source, read_entry
from ledger_audit.tieout import tie_out
from ledger_audit.trust import Trust
from ledger_audit.watch import Seen

if TYPE_CHECKING:
    from pathlib import Path

    from ledger_audit.accepted import Accepted
    from ledger_audit.openings import Openings
    from ledger_audit.remembered import Remembered
    from ledger_audit.watch import Watcher

Progress = Callable[[int, int], None]
"""Called with entries done and entries in all."""

ALL_LAYERS, BYTES_LAYERS = "all", "bytes"
_BATCH = 64
"""Entries that are scanned and then folded: so few that they stay in the processor's caches."""
_MAX_ABSENT = 16


def verify(
    source: Source,
    *,
    trust: Trust | None = None,
    log_key: str | None = None,
    checkpoint: bytes | None = None,
    policy: str | None = None,
    receipts: Path | None = None,
    openings: Openings | None = None,
    accepted: tuple[Accepted, ...] = (),
    remembered: Remembered | None = None,
    workers: int = 1,
    layers: str = ALL_LAYERS,
    watcher: Watcher | None = None,
    progress: Progress | None = None,
) -> Report:
    """Audit a log under a trust file or a log key.

    `checkpoint` is a signed note had from elsewhere that the log must contain; `policy` is a C2SP
    tlog-policy text; `openings` open commitments to personal data; `accepted` are findings that the auditor
    knows; `remembered` is what was verified before, which the log must extend and which takes in what is
    verified now. `layers` is `all`, or `bytes` for chain and tree alone; with `all` a `watcher`
    looks on. Raises ValueError without trust, MalformedError for a policy or key that does not parse; all
    else is in the report.
    """
    if trust is None:
        if log_key is None:
            raise ValueError("an audit needs a trust file or a log key")
        trust = Trust.from_log_key(log_key)
    text = trust.policy if policy is None else policy
    rules = Policy.parse(text) if text.strip() else None
    audit = _Audit(source, trust, accepted, layers, openings, watcher, remembered)
    return audit.run(
        checkpoint=checkpoint, policy=rules, receipts=receipts, workers=workers, progress=progress
    )


class _Audit:
    """One audit of one log."""

    def __init__(
        self,
        source: Source,
        trust: Trust,
        accepted: tuple[Accepted, ...],
        layers: str,
        openings: Openings | None,
        watcher: Watcher | None,
        remembered: Remembered | None,
    ) -> None:
        self.source = source
        self.trust = trust
        self.findings = Findings((item.check, item.index) for item in accepted)
        self.outcomes = Outcomes()
        self.outside = Outside(trust, self.findings, self.outcomes)
        self.outside.take_accepted(accepted)
        self.deep = layers == ALL_LAYERS
        self.openings = openings
        self.watcher = watcher
        self.remembered = remembered
        self.head: Checkpoint | None = None
        self.seen: LeafHashes
        self.genesis: bytes = b""
        self.broken: dict[int, BrokenBundleError | AbsentError] = {}

    def run(
        self,
        *,
        checkpoint: bytes | None,
        policy: Policy | None,
        receipts: Path | None,
        workers: int,
        progress: Progress | None,
    ) -> Report:
        self._note_requests(checkpoint=checkpoint, policy=policy, receipts=receipts)
        note = self._open_head(policy)
        outside = self.outside
        if checkpoint is not None:
            outside.take_checkpoint(checkpoint)
        if receipts is not None:
            outside.take_receipts(receipts, policy)
        if self.remembered is not None and self.head is not None:
            outside.take_remembered(self.remembered, self.head)
        with Scratch() as scratch, LeafHashes.temporary() as self.seen, _no_collection():
            size = self.head.size if self.head is not None else 0
            fold = Fold(self.findings, scratch, partial(self._read_entry, size))
            chain = ChainChecker(self.findings, load_tile=self.source.tile, sizes=outside.sizes(size))
            if self.head is not None and note:
                self._pass(self.head, chain, fold, workers, progress)
                self._finish(self.head, chain, fold)
                outside.compare(self.head, note, chain, self.seen)
            settled = outside.settle(were_read=self.deep)
            if self.head is not None and note:
                outside.keep(self.head, note, self.seen)
            state = fold.state
        return Report(
            tree_size=size,
            root_hash=chain.frontier.root() if self.head is not None else b"",
            findings=self.findings.ordered(),
            accepted=settled,
            checks=check_results(self.findings, self.outcomes),
            totals=totals(state),
            origin=self.head.origin if self.head is not None else "",
            genesis_leaf_hash=self.genesis,
            roots=tuple(key_id.hex() for key_id in state.root_keys),
            clock=("SIMULATED" if state.simulated else "SYSTEM") if state.ledger_id else "",
            commitments=self.openings.summary() if self.openings is not None else None,
            digests=tuple(fold.digests.computed),
            bracket=outside.bracket(),
            receipts_agreed=outside.receipts_agreed,
            told=outside.told,
        )

    def _note_requests(
        self, *, checkpoint: bytes | None, policy: Policy | None, receipts: Path | None
    ) -> None:
        asked = {
            "checkpoint_given": checkpoint,
            "witnesses": policy,
            "receipts": receipts,
            "commitments": self.openings,
            "checkpoint_remembered": self.remembered,
        }
        self.outcomes.not_requested |= {name for name, given in asked.items() if given is None}
        if self.trust.genesis_leaf_hash is None:
            self.outcomes.not_requested.add("roots_pinned")
        if not self.deep:
            self.outcomes.not_requested |= {
                check.name for check in CHECKS if check.layer in {Layer.SIGNATURES, Layer.RULES}
            }
            self.outcomes.not_requested |= {"byte_profile", "log_key"}

    def _open_head(self, policy: Policy | None) -> bytes:
        """Read and open the newest checkpoint; without one nothing else can be checked."""
        try:
            note = self.source.checkpoint()
        except CouldNotCheckError as error:
            self.outcomes.skip_layers(error.summary, *Layer)
            return b""
        try:
            self.head = Checkpoint.parse(Note.parse(note).text)
            if self.head.extensions:
                self.findings.add(
                    "checkpoint_form", None, "no extension lines", f"{len(self.head.extensions)}"
                )
        except MalformedError as error:
            self.findings.add("checkpoint_form", None, "a signed checkpoint", error.summary)
            self.outcomes.skip_layers("the checkpoint does not parse", *Layer)
            return b""
        verify_note(note, self.head, "checkpoint_signature", trust=self.trust, findings=self.findings)
        if policy is not None:
            self._check_witnesses(note, policy, self.head.origin)
        return note

    def _check_witnesses(self, note: bytes, policy: Policy, origin: str) -> None:
        try:
            if not policy.satisfied(note, origin=origin):
                self.findings.add("witnesses", None, f"quorum {policy.quorum}", "too few cosignatures")
        except LedgerError as error:
            self.findings.add("witnesses", None, "valid cosignatures", error.summary)

    def _pass(
        self,
        head: Checkpoint,
        chain: ChainChecker,
        fold: Fold,
        workers: int,
        progress: Progress | None,
    ) -> None:
        """Read, scan and fold all entries."""
        bundle = Bundle()
        try:
            for entries, result in self._scans(head.size, workers):
                if not entries:
                    self._skip(self.broken[result.start], chain, fold)
                    continue
                stop = result.start + len(entries)
                bundle.add(result.start, entries, result.hashes)
                if stop % TILE_WIDTH == 0 or stop == head.size:
                    chain.feed(bundle.start, bundle.entries, bundle.hashes)
                    bundle = Bundle()
                self._take(entries, result, fold)
                if progress is not None:
                    progress(stop, head.size)
        except CouldNotCheckError as error:
            layers = (Layer.BYTES, Layer.SIGNATURES, Layer.RULES)
            self.outcomes.skip_layers(error.summary, *layers)

    def _take(self, entries: list[bytes], result: Scan, fold: Fold) -> None:
        """Collect what a scan found and fold its events."""
        self.seen.put(result.start, result.hashes)
        for check, index, expected, actual in result.findings:
            self.findings.add(check, index, expected, actual, result.hashes[index - result.start])
        if result.start == 0:
            self.genesis = result.hashes[0]
        if self.openings is not None:
            self.openings.take(result, self.findings)
        if self.deep:
            self.outside.see(result)
        apply, watcher = fold.apply, self.watcher if self.deep else None
        scanned = zip(result.hashes, entries, result.events, result.statements, strict=False)
        for index, (leaf_hash, entry, event, statement) in enumerate(scanned, result.start):
            apply(index, leaf_hash, entry, event, statement)
            if watcher is not None and not fold.stopped:
                watcher.see(fold, Seen(index, leaf_hash, event, statement))

    def _skip(self, error: BrokenBundleError | AbsentError, chain: ChainChecker, fold: Fold) -> None:
        """A bundle that is none is a finding, an absent one is not; either ends the fold, not the rest."""
        if isinstance(error, BrokenBundleError):
            chain.skip(error, hash_only(error.start, error.entries).hashes)
            fold.stopped = fold.stopped or f"the bundle at {error.start} does not parse"
            return
        chain.leave_gap()
        self.outcomes.skip_layers(error.summary, Layer.BYTES, Layer.SIGNATURES, Layer.RULES)
        fold.stopped = fold.stopped or error.summary

    def _scans(self, size: int, workers: int) -> Iterator[tuple[list[bytes], Scan]]:
        """Entries with their scan, in order; no entries stand for a broken bundle."""
        chunks = self._chunks(size)
        if not self.deep:
            for start, entries in chunks:
                yield entries, hash_only(start, entries)
            return
        if workers > 1:
            from ledger_audit.workers import WorkerPool

            with WorkerPool(workers, self.source.directory) as pool:
                yield from pool.scans(chunks, size=size)
            return
        keys = KeyTable()
        for start, entries in chunks:
            keys.learn(entries)
            for offset in range(0, max(len(entries), 1), _BATCH):
                part = entries[offset : offset + _BATCH]
                yield part, scan(start + offset, part, keys)

    def _chunks(self, size: int) -> Iterator[Chunk]:
        """All chunks; one that is no bundle, or absent, has no entries, and its error is kept.

        Raises AbsentError when so many are absent, one after the other, that the rest will be, too.
        """
        position = absent = 0
        while position < size:
            try:
                for start, entries in self.source.chunks(start=position, stop=size, size=size):
                    position, absent = start + len(entries), 0
                    yield start, entries
                if position < size:
                    raise CouldNotCheckError(f"the source ended before event {position}")
            except (BrokenBundleError, AbsentError) as error:
                absent += isinstance(error, AbsentError)
                if absent > _MAX_ABSENT:
                    raise
                start = position - position % TILE_WIDTH
                self.broken[start] = error
                yield start, []
                position = min(start + TILE_WIDTH, size)

    def _finish(self, head: Checkpoint, chain: ChainChecker, fold: Fold) -> None:
        complete = chain.frontier.size == head.size
        chain.finish(size=head.size, root=head.root)
        if complete:
            self.outside.note_root(head, chain.frontier.root())
        if chain.tiles_absent:
            self.outcomes.skip("hash tiles are absent", "hash_tiles")
        if not complete:
            self.outcomes.skip("entries are missing", "tree_root")
        if self.deep:
            try:
                fold.finish()
            except CouldNotCheckError as error:
                fold.stopped = fold.stopped or error.summary
            if self.openings is not None:
                self.openings.finish(fold.state.ledger_id, self.outcomes)
            if fold.stopped:
                self.outcomes.skip_layers(fold.stopped, Layer.RULES)
                self.outcomes.skip(fold.stopped, "signers", "key_active", "key_form")
            elif complete and fold.size:
                tie_out(fold)
            self._check_trust(head)

    def _check_trust(self, head: Checkpoint) -> None:
        """The genesis is the trusted one and names the key and origin that were given."""
        if not self.genesis:
            self.outcomes.skip("there is no genesis", "roots_pinned", "log_key")
            return
        pinned = self.trust.genesis_leaf_hash
        if pinned is not None and pinned != self.genesis:
            self.findings.add("roots_pinned", 0, pinned, self.genesis, self.genesis)
        try:
            _, statement = parse_again(self._read_entry(head.size, 0))
        except CouldNotCheckError as error:
            self.outcomes.skip(error.summary, "log_key")
            return
        vkey = getattr(statement, "log_vkey", "")
        if vkey not in {trusted for _, trusted in self.trust.vkeys}:
            self.findings.add("log_key", 0, ", ".join(vkey for _, vkey in self.trust.vkeys), vkey)
        ledger_id = statement.header.ledger_id if vkey and statement is not None else b""
        if self.trust.ledger_id is not None and ledger_id != self.trust.ledger_id:
            self.findings.add("roots_pinned", 0, self.trust.ledger_id, ledger_id)

    def _read_entry(self, size: int, index: int) -> bytes:
        """An entry once more; CouldNotCheckError unless it is the one that was hashed."""
        try:
            entry = read_entry(self.source, index=index, size=size)
        except BrokenBundleError as error:
            raise CouldNotCheckError(f"event {index} cannot be read again: {error.summary}") from None
        if hash_of(entry) != self.seen.get(index):
            raise CouldNotCheckError(f"the source gave other bytes for event {index} when it was read again")
        return entry


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause the cycle collector: the pass makes many short-lived objects and no cycles."""
    with ExitStack() as stack:
        if gc.isenabled():
            gc.disable()
            stack.callback(gc.enable)
        yield
