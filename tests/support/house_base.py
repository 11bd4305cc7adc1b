"""The frame of a house: a ledger that is opened, told statements, read back and exported.

What its people do is in the other `house_…` modules.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from ledger.app.clock import SimulatedClock
from ledger.app.jobs import Job
from ledger.app.outcomes import Accepted, Outcome, Refused
from ledger.app.suppressed import quota_item
from ledger.client.signing import SigningKey, make_envelope
from ledger.client.statements import shared
from ledger.codec.envelopes import SignedEnvelope, from_message
from ledger.domain.days import day_of_ms, start_ms
from ledger.domain.policy import PolicyParameters
from ledger.proof.merkle import Frontier
from ledger.proof.tiles import TILE_WIDTH, bundle_at, encode_bundle, grown_tiles
from ledger_play.ceremony import AT, BUREAU_CODE, DevelopmentLedger, open_development_ledger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Sequence
    from pathlib import Path

    from ledger.app.ledger import Ledger
    from ledger.client.acts import Statement
    from ledger.domain.entities import Quotas
    from ledger.domain.rejections import Reason
    from ledger.domain.vocabulary import Role

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
START_MS = start_ms(20_458) + 9 * HOUR_MS  # 2026-01-05 09:00 +08:00
FIRST_DAY = day_of_ms(START_MS)
ITEM = "card-hour"
MODEL = ("nvidia", "H800", 2)
PRICE_FEN = 2000


def policy(**changes: Any) -> PolicyParameters:
    """A plain policy: half of the base, no public notice, caps and appropriation far away."""
    values: dict[str, Any] = {
        "appropriation_fen": 50_000_000_000,
        "rate_bp": 5000,
        "startup_rate_bp": 6000,
        "cap_fen": 1_000_000_000,
        "startup_cap_fen": 600_000_000,
        "hard_cap_fen": 1_000_000_000,
        "startup_stacking_ceiling_bp": 10_000,
        "startup_max_age_months": 12,
        "public_notice_days": 0,
    }
    return PolicyParameters(**(values | changes))


def digest(label: str) -> bytes:
    """A digest made from a label."""
    return hashlib.sha256(label.encode()).digest()


def accepted(*outcomes: Outcome | None) -> Accepted:
    """The last of some answers, all of which have to be acceptances."""
    assert outcomes
    for outcome in outcomes:
        assert isinstance(outcome, Accepted), outcome
    return outcomes[-1]  # type: ignore[return-value]


def refused(outcome: Outcome) -> Reason:
    """Why an answer is a refusal; it has to be one."""
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


@dataclass
class HouseBase:
    """A ledger with its officers, who sign by name, such as `clerk` or `root-2`.

    `ids` and `keys` are those of everybody and everything by name, `bureaux` the bureaux of officers who are
    not of the first, `heads` the newest attestation of each provider and voucher, `devices` those of each
    provider.
    """

    root: Path
    made: DevelopmentLedger
    ledger: Ledger
    loop: asyncio.AbstractEventLoop
    clock: SimulatedClock
    ids: dict[str, bytes] = field(default_factory=dict)
    keys: dict[str, SigningKey] = field(default_factory=dict)
    heads: dict[tuple[bytes, bytes], tuple[int, bytes]] = field(default_factory=dict)
    bureaux: dict[str, bytes] = field(default_factory=dict)
    devices: dict[str, list[bytes]] = field(default_factory=dict)
    _waiting: list[tuple[str, SignedEnvelope, bytes]] | None = None

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        now_ms: int = START_MS,
        bureaux: Sequence[str] = (BUREAU_CODE,),
        in_memory: bool = False,
        store: str = "",
        lock: str = "",
    ) -> Self:
        """Make a new ledger in an empty folder and open it; its events may stay in memory, to be gone after.

        Officers of a second bureau are named after it, as in `clerk@NORTH`.
        """
        made = open_development_ledger(
            root,
            profile="shenzhen-2026",
            server="127.0.0.1:1",
            hosts=("localhost",),
            now_ms=now_ms,
            bureaux=bureaux,
            store="memory:" if in_memory else store,
            lock=lock,
        )
        loop = asyncio.new_event_loop()
        clock = SimulatedClock()
        house = cls(root, made, cls._open(made, loop, clock), loop, clock)
        house.ledger.set_clock(now_ms)
        for path in made.directory.keys.glob("*.pem"):
            house.keys[path.stem] = SigningKey.load(path)
            _, at, code = path.stem.partition(AT)
            if at:
                house.bureaux[path.stem] = made.bureau_ids[code]
        for officer in house.ledger.state.officers.values():
            house.ids[officer.role.name + officer.officer_id.hex()] = officer.officer_id
        return house

    @staticmethod
    def _open(made: DevelopmentLedger, loop: asyncio.AbstractEventLoop, clock: SimulatedClock) -> Ledger:
        async def start() -> Ledger:
            return made.directory.open(clock=clock, application=made.application)

        return loop.run_until_complete(start())

    def run(self, awaitable: Awaitable[Any]) -> Any:
        """Run to the end on the house's loop."""
        return self.loop.run_until_complete(awaitable)

    def close(self) -> None:
        """Close the ledger and its loop."""
        self.run(self.ledger.close())
        self.loop.close()

    def reopen(self) -> None:
        """Close the ledger and fold it again from its store."""
        self.run(self.ledger.close())
        now_ms = self.clock.now_ms(0)
        self.clock = SimulatedClock()
        self.clock.set_ms(now_ms, 0)
        self.ledger = self._open(self.made, self.loop, self.clock)

    def at(self, ms: int) -> None:
        """Move the ledger's clock."""
        self.ledger.set_clock(ms)

    def wait(self, *, days: int = 0, hours: int = 0) -> None:
        """Let time pass."""
        self.at(self.now_ms + days * DAY_MS + hours * HOUR_MS)

    @property
    def now_ms(self) -> int:
        """Ledger time."""
        return self.ledger.now_ms()

    @property
    def today(self) -> int:
        """The ledger's day."""
        return day_of_ms(self.now_ms)

    # Submitting

    def envelope(self, act: str, statement: Statement, *signers: str, **options: Any) -> SignedEnvelope:
        """A statement signed by the named, in order."""
        keys = [self.keys[name] for name in signers]
        message = make_envelope(act, statement, keys, ledger_id=self.made.opened.ledger_id, **options)
        return from_message(message)

    def send(self, act: str, *envelopes: SignedEnvelope, submitter: str = "") -> list[Outcome]:
        """Submit envelopes as one call."""
        peer = self.ids.get(submitter, b"")
        outcomes: list[Outcome] = self.run(self.ledger.submit(envelopes, act=act, submitter=peer))
        return outcomes

    def submit(self, act: str, statement: Statement, *signers: str, **options: Any) -> Outcome:
        """Sign and submit one statement; its submitter is the first signer."""
        return self.submit_envelope(act, self.envelope(act, statement, *signers, **options), signers[0])

    def submit_envelope(self, act: str, envelope: SignedEnvelope, submitter: str) -> Outcome:
        """Submit one envelope, or hold it back inside `together`."""
        if self._waiting is None:
            return self.send(act, envelope, submitter=submitter)[0]
        self._waiting.append((act, envelope, self.ids.get(submitter, b"")))
        return Accepted(0, b"", 1, repeated=False)

    def must(self, act: str, statement: Statement, *signers: str) -> Accepted:
        """The same, and it has to be accepted."""
        return accepted(self.submit(act, statement, *signers))

    @contextmanager
    def together(self) -> Iterator[list[Outcome]]:
        """Hold back what is submitted inside, then send it at once; the list has the answers, in order.

        Statements made inside may not build on one another.
        """
        self._waiting = waiting = []
        outcomes: list[Outcome] = []
        yield outcomes
        self._waiting = None

        async def submit_all() -> list[list[Outcome]]:
            calls = [
                self.ledger.submit([envelope], act=act, submitter=peer) for act, envelope, peer in waiting
            ]
            return await asyncio.gather(*calls)

        outcomes += [outcome for (outcome,) in self.run(submit_all())]

    def limit(self, quotas: Quotas) -> None:
        """Put quotas in force, as a server does that is started with others."""

        async def publish() -> None:
            job = Job([quota_item(quotas)])
            self.ledger.sequencer.submit(job)
            await job.done

        self.run(publish())

    def basis(self, role: Role, code: str = "TEST", *, by: str = "") -> Any:
        """The basis of an officer's decision, in the bureau of the one who is named."""
        bureau_id = self.bureaux.get(by, self.made.bureau_id)
        return shared.basis(bureau_id=bureau_id, role=role, reason_code=code)

    @staticmethod
    def subject(found: Any) -> Any:
        """The newest leaf of an application, redemption or clawback."""
        return shared.subject(leaf_index=found.subject_index, leaf_hash=found.subject_hash)

    # Exporting

    def entries(self) -> tuple[bytes, list[bytes]]:
        """The newest checkpoint's note and the events under it."""
        signed = self.run(self.ledger.until_checkpointed(self.ledger.size - 1))
        return signed.note, [data for _, _, data in self.run(self.ledger.read(0, signed.size))]

    def kinds(self) -> list[str]:
        """The type of every event."""
        return [kind for _, kind, _ in self.run(self.ledger.read(0, self.ledger.size))]

    def export(self, out: Path) -> Path:
        """Write the ledger as a tlog-tiles folder under its newest checkpoint."""
        signed = self.run(self.ledger.until_checkpointed(self.ledger.size - 1))
        _, events = self.entries()
        frontier = Frontier()
        hashes = [hashlib.sha256(b"\x00" + data).digest() for data in events]
        frontier.extend(hashes)
        assert frontier.root() == signed.root
        files = {"checkpoint": signed.note}
        for first in range(0, signed.size, TILE_WIDTH):
            path = bundle_at(index=first // TILE_WIDTH, size=signed.size)
            files[path.render()] = encode_bundle(events[first : first + TILE_WIDTH])
        for tile, data in grown_tiles(old_size=0, leaf_hashes=hashes, load_tile=lambda _: b""):
            files[tile.render()] = data
        for name, data in files.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(data)
        return out
