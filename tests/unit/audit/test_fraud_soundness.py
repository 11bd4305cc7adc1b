"""No proof convicts an honest log, and no leaf whatsoever makes a judge do anything but judge.

`FRAUD_PAIRS=all` in the environment tries every pair of leaves instead of some.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from audit_forge.draft import seal
from audit_forge.year import make_year
from fraud_forge import histories as past
from fraud_forge.brute import Accuser
from fraud_forge.innocents import INNOCENTS
from fraud_forge.mutation import mutated
from fraud_forge.scene import TRUST, honest

from ledger_audit.acts import BY_EVENT
from ledger_audit.findings import CHECK_NAMES
from ledger_audit.fraud.judge import judge_bytes
from ledger_audit.fraud.leaves import open_leaf
from ledger_audit.fraud.link_tables import ways
from ledger_audit.fraud.premise_tables import CALENDAR, NAMED, SEQUENCES
from ledger_audit.fraud.proof_file import render
from ledger_audit.fraud.registry import FOR_CHECK, TYPES
from ledger_audit.sources import ExportSource
from ledger_audit.trust import Trust
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from fraud_forge.innocents import Innocent
    from fraud_forge.scene import Scene

ALL = os.environ.get("FRAUD_PAIRS") == "all"
PARTNERS, ROUNDS = (1 << 20, 20_000) if ALL else (6, 300)
GOLDEN = sorted(path.parent for path in (Path(__file__).parents[2] / "golden").glob("*/*/trust.json"))


def test_the_honest_year_is_never_convicted() -> None:
    """Searches, their variations, pairs of leaves and chance, for every type."""
    year = make_year()
    accuser = Accuser(seal(year.drafts), year.ledger_id, 1)
    assert list(accuser.convictions(partners=PARTNERS, rounds=ROUNDS)) == []
    assert accuser.tried > 10_000


@pytest.mark.parametrize("ledger", GOLDEN, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_no_golden_ledger_is_convicted(ledger: Path) -> None:
    """Neither the server's nor the forge's, of any release."""
    trust, source = Trust.load(ledger / "trust.json"), ExportSource(ledger / "export")
    size = verify(source, trust=trust).tree_size
    entries = [entry for _, chunk in source.chunks(start=0, stop=size, size=size) for entry in chunk]
    accuser = Accuser(entries, trust.ledger_id or b"", 2)
    assert list(accuser.convictions(partners=PARTNERS, rounds=ROUNDS)) == []


@pytest.mark.parametrize(
    "make",
    [
        past.two_claims([(0, 0, 10)], [(0, 5, 2)], corrected=[(1, 0, 10)]),
        past.two_claims([(0, 0, 10)], [(0, 10, 2)], redeemed=True),
        past.capped(50_000),
        past.budgeted(150_000),
        past.startup(300_000),
        past.retired(0),
        past.new_policy(named="policy 2"),
        past.cancelled(before=False),
        past.ex_post,
    ],
)
def test_honest_ledgers_at_the_bound_are_never_convicted(make: Callable[[], Scene]) -> None:
    """What the audit finds in order no judge finds wrong."""
    scene = make()
    report = verify(scene.source, trust=TRUST)
    assert (report.result, report.findings) == ("ok", ())
    accuser = Accuser(scene.entries, scene.year.ledger_id, 3)
    assert list(accuser.convictions(partners=PARTNERS, rounds=ROUNDS)) == []


@pytest.mark.parametrize("innocent", INNOCENTS, ids=lambda one: f"{one.type}-{one.comment}")
def test_an_innocent_is_what_it_says(innocent: Innocent) -> None:
    """Where it says that the ledger is honest, the audit agrees."""
    scene = innocent.make()
    report = verify(scene.source, trust=TRUST)
    assert (report.result == "ok") == innocent.honest


@pytest.mark.parametrize("seed", range(8))
def test_a_judge_judges_whatever_the_leaves_say(seed: int) -> None:
    """Fields of leaves and statements take wild values; there is a verdict and no other error."""
    chance = random.Random(seed)
    good = honest()
    for _ in range(25):
        entries = list(good.entries)
        for _ in range(chance.choice((1, 3, 10))):
            spoilt = chance.randrange(len(entries))
            entries[spoilt] = mutated(entries[spoilt], chance)
        _judge_all(entries, spoilt, chance)


def _judge_all(entries: list[bytes], accused: int, chance: random.Random) -> None:
    accuser = Accuser(entries, honest().year.ledger_id, chance.randrange(1 << 30))
    for one in TYPES:
        for roles in [{}, *accuser.searched(one, accused), accuser._by_chance(one), accuser._by_chance(one)]:
            accuser.judge(one, accused, roles)


@pytest.mark.parametrize("seed", range(4))
def test_a_file_has_a_verdict_whatever_its_bytes_are(seed: int) -> None:
    """Bytes of a file are changed, dropped and doubled; the verdict is never an error."""
    chance = random.Random(seed)
    proof = render(honest().told("wrong_amount", "voucher a", policy="policy", contract="contract a"))
    seen = set()
    for _ in range(250):
        data = bytearray(proof)
        for _ in range(chance.choice((1, 1, 2, 5))):
            at = chance.randrange(len(data))
            match chance.randrange(3):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.choice((1, 4, 50))]
                case _:
                    data[at:at] = data[at : at + chance.choice((1, 4, 50))]
        seen.add(judge_bytes(bytes(data), TRUST).judgement.value)
    assert seen == {"malformed", "not proven"}


def test_every_event_type_has_its_rows() -> None:
    """Whoever adds an event type says its premises, links and postings here, too."""
    opened = (open_leaf(index, entry) for index, entry in enumerate(honest().entries))
    leaves = {leaf.kind: leaf for leaf in opened}
    assert set(leaves) == set(BY_EVENT)
    assert set(BY_EVENT) - set(SEQUENCES) == {"claim_refused"}
    assert {kind for kind, leaf in leaves.items() if ways(leaf) is None} == set()
    assert set(NAMED) - {CALENDAR} == {kind for row in SEQUENCES.values() for way in row for kind in way}


def test_findings_lead_to_types_that_exist() -> None:
    """Checks and types by their names."""
    assert set(FOR_CHECK) - CHECK_NAMES == set()
    named = {name for names in FOR_CHECK.values() for name in names}
    assert named == {one.name for one in TYPES}
