"""Whether a decision costs more in a large ledger than in a small one.

Each kind of command is decided in both, in turn. A decision is what the sequencer does with one statement:
fetch its rows, decide it, encode and hash the event. It is not committed, so that every round finds the same
ledger.
"""

from __future__ import annotations

import gc
import statistics
import time
from typing import TYPE_CHECKING, Any, Self

from bench.measuring import median_ratio, rounded, say, settle
from bench.population import (
    BUREAU_ID,
    CLAIMS,
    CYCLES_A_FIRM,
    FIRST_DAY,
    HOUR_MS,
    LEDGER_ID,
    MODEL,
    OFFICES,
    PRICE_FEN,
    PROGRAMME_ID,
    PROVIDER_ID,
    USED_FEN,
    Population,
    device_id,
    digest,
    ident,
    slot_ms,
)
from ledger.app.application import LedgerApplication
from ledger.app.bootstrap import decode_record
from ledger.app.decisions import Decider
from ledger.app.jobs import Item
from ledger.app.outcomes import Accepted
from ledger.app.verification import SignatureChecker
from ledger.client.signing import make_envelope, new_id
from ledger.client.statements import clawback, redemption, shared, voucher
from ledger.codec.envelopes import from_message
from ledger.codec.statements import decode_statement
from ledger.domain.days import start_ms
from ledger.domain.vocabulary import ClawbackCause
from ledger.store.location import StoreLocation
from ledger.v1 import claim_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.result import Plan, Result
    from ledger.client.acts import Statement

NAMES = ("decide_growth",)
LARGE_EVENTS, SMALL_EVENTS = 1_000_000, 1_000
ROUNDS = 9
TARGETS = 120
"""Commands of a kind in a round, each of another entity where there are so many."""
NOW_MS = start_ms(FIRST_DAY + 91)


def measure(result: Result, work: Path, plan: Plan) -> None:
    """Fill in the ratio."""
    large = plan.count(LARGE_EVENTS)
    say(f"growth: making ledgers of {SMALL_EVENTS:,} and {large:,} events")
    gc.disable()
    with Probe(work / "small.db", SMALL_EVENTS) as small, Probe(work / "large.db", large) as big:
        # As a server does when it begins to serve.
        gc.freeze()
        gc.enable()
        pairs, kinds = _rounds(small, big, plan.count(ROUNDS))
        gc.unfreeze()
    result.ratios["decide_growth"] = rounded(median_ratio(pairs))
    result.raw["decide_growth"] = {
        "unit": "microseconds for one command of each kind",
        "events": {"large": large, "small": SMALL_EVENTS},
        "large": [rounded(pair[0]) for pair in pairs],
        "small": [rounded(pair[1]) for pair in pairs],
        "kinds": {
            kind: {"large": rounded(statistics.median(big_us)), "small": rounded(statistics.median(small_us))}
            for kind, (big_us, small_us) in kinds.items()
        },
    }


def _rounds(
    small: Probe, large: Probe, count: int
) -> tuple[list[tuple[float, float]], dict[str, tuple[list[float], list[float]]]]:
    pairs = []
    kinds: dict[str, tuple[list[float], list[float]]] = {kind: ([], []) for kind in small.items}
    for _ in range(count):
        settle()
        for kind, (large_us, small_us) in kinds.items():
            large_us.append(large.decide(kind))
            small_us.append(small.decide(kind))
        pairs.append((sum(us[-1] for us, _ in kinds.values()), sum(us[-1] for _, us in kinds.values())))
        say(f"  large {pairs[-1][0]:,.0f} us, small {pairs[-1][1]:,.0f} us for one of each kind")
    return pairs, kinds


class Probe:
    """One ledger and the commands that are decided in it."""

    def __init__(self, path: Path, events: int) -> None:
        self._application = LedgerApplication(
            StoreLocation.sqlite(path), decode=decode_record, ledger_id=LEDGER_ID, create=True
        )
        self.population = Population(self._application.recorder)
        self.population.grow(events)
        state = self.population.state
        self._decider = Decider(state, self._application.recorder, SignatureChecker(state), clock_slack_ms=0)
        makers = {
            "claim": ("usage-attestation", self._claims()),
            "grant": ("voucher-grant", self._grants()),
            "hold": ("voucher-hold", self._holds()),
            "request": ("redemption-request", self._requests()),
            "verification": ("redemption-verification", self._verifications()),
            "clawback": ("clawback-opening", self._clawbacks()),
        }
        self.items = {
            kind: [self._item(act, *made) for made in statements]
            for kind, (act, statements) in makers.items()
        }

    def __enter__(self) -> Self:
        """The bench itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self._application.close()

    def decide(self, kind: str) -> float:
        """Microseconds of a command of a kind, the median of all; RuntimeError where one is refused."""
        size, head, state = self.population.size, self.population.head, self.population.state
        times_s = []
        for item in self.items[kind]:
            began_s = time.perf_counter()
            prepared = self._decider.prepare([item], size=size, head=head, now_ms=NOW_MS)
            times_s.append(time.perf_counter() - began_s)
            state.rollback()
            ((_, answer),) = prepared.answers
            if not isinstance(answer, Accepted):
                raise RuntimeError(f"{kind}: {answer}")  # noqa: TRY004 - a refusal is no wrong type
        return statistics.median(times_s) * 1e6

    def _item(self, act: str, statement: Statement, signer: str) -> Item:
        message = make_envelope(act, statement, [self.population.keys[signer]], ledger_id=LEDGER_ID)
        envelope = from_message(message)
        entry, value = decode_statement(envelope, act=act)
        submitter = PROVIDER_ID if signer == "provider" else b""
        item = Item(entry, value, envelope, value.header.request_id, envelope.digest(), submitter)
        # What stands before the sequencer is not measured.
        item.verdict = True
        return item

    def _targets(self, stage: str) -> Iterator[int]:
        """Cycles that stopped there, from all over the ledger."""
        found = self.population.stages[stage]
        for number in range(TARGETS):
            yield found[number * len(found) // TARGETS]

    def _claims(self) -> Iterator[tuple[Statement, str]]:
        """A claim of the free half-hour before another one of the same device."""
        for number in self._targets("used"):
            claim = number * CLAIMS
            yield (
                claim_pb2.UsageAttestation(
                    claim_id=new_id(),
                    programme_id=PROGRAMME_ID,
                    provider_id=PROVIDER_ID,
                    voucher_id=ident("voucher", number),
                    contract_digest=digest("document", number),
                    beneficiary_id=ident("firm", number // CYCLES_A_FIRM),
                    purpose=claim_pb2.PURPOSE_TRAINING,
                    models=[
                        claim_pb2.PricedModel(
                            vendor=MODEL.vendor,
                            model=MODEL.model,
                            origin=MODEL.origin,
                            unit_price_fen=PRICE_FEN,
                        )
                    ],
                    device_ids=[device_id(claim)],
                    device_models=[0],
                    base_ms=slot_ms(claim) - HOUR_MS,
                    lines=claim_pb2.UsageLines(
                        device=[0],
                        start_offset_ms=[0],
                        duration_ms=[HOUR_MS // 2],
                        allocated_ms=[HOUR_MS // 2],
                        amount_fen=[PRICE_FEN // 2],
                    ),
                    total_allocated_ms=HOUR_MS // 2,
                    total_amount_fen=PRICE_FEN // 2,
                    raw_log_digest=bytes(32),
                    raw_log_rows=1,
                    sequence=10**12,
                ),
                "provider",
            )

    def _grants(self) -> Iterator[tuple[Statement, str]]:
        for number in self._targets("noticed"):
            application_id = ident("application", number)
            yield (
                voucher.voucher_grant(
                    basis=_basis("approver"),
                    voucher_id=new_id(),
                    application_id=application_id,
                    subject=_subject(self.population.state.applications[application_id]),
                ),
                "approver",
            )

    def _holds(self) -> Iterator[tuple[Statement, str]]:
        for number in self._targets("used"):
            yield voucher.voucher_hold(basis=_basis("clerk"), voucher_id=ident("voucher", number)), "clerk"

    def _requests(self) -> Iterator[tuple[Statement, str]]:
        for number in self._targets("used"):
            yield (
                redemption.redemption_request(
                    redemption_id=new_id(),
                    voucher_id=ident("voucher", number),
                    claim_ids=[ident("claim", number * CLAIMS + claim) for claim in range(CLAIMS)],
                    invoices={digest("invoice", number): USED_FEN},
                    payments={digest("payment", number): USED_FEN},
                    payee_commitment=bytes(32),
                ),
                f"firm-{number // CYCLES_A_FIRM}",
            )

    def _verifications(self) -> Iterator[tuple[Statement, str]]:
        for number in self._targets("requested"):
            redemption_id = ident("redemption", number)
            yield (
                redemption.redemption_verification(
                    basis=_basis("reviewer"),
                    redemption_id=redemption_id,
                    subject=_subject(self.population.state.redemptions[redemption_id]),
                    amount_fen=USED_FEN // 2,
                ),
                "reviewer",
            )

    def _clawbacks(self) -> Iterator[tuple[Statement, str]]:
        for number in self._targets("paid"):
            redemption_id = ident("redemption", number)
            yield (
                clawback.clawback_opening(
                    basis=_basis("clerk"),
                    clawback_id=new_id(),
                    redemption_id=redemption_id,
                    subject=_subject(self.population.state.redemptions[redemption_id]),
                    cause=ClawbackCause.FRAUD,
                ),
                "clerk",
            )


def _basis(office: str) -> Any:
    return shared.basis(bureau_id=BUREAU_ID, role=OFFICES[office], reason_code="BENCH")


def _subject(found: Any) -> Any:
    return shared.subject(leaf_index=found.subject_index, leaf_hash=found.subject_hash)
