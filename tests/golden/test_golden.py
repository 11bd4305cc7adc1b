"""Golden ledgers of every release verify for ever, with the totals that they had."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger.v1 import event_pb2
from ledger_audit.scan import parse_again
from ledger_audit.sources import ExportSource
from ledger_audit.trust import Trust
from ledger_audit.verify import verify

FOLDER = Path(__file__).parent
LEDGERS = sorted(path.parent for path in FOLDER.glob("*/*/trust.json"))
NEWEST = [path for path in LEDGERS if path.parent == LEDGERS[-1].parent]


@pytest.mark.parametrize("ledger", LEDGERS, ids=lambda path: f"{path.parent.name}-{path.name}")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_golden_ledger_verifies(ledger: Path, workers: int) -> None:
    """Result, root, genesis and totals; receipts and an older checkpoint of it hold."""
    report = verify(
        ExportSource(ledger / "export"),
        trust=Trust.load(ledger / "trust.json"),
        checkpoint=(ledger / "older-checkpoint").read_bytes(),
        receipts=ledger / "receipts",
        workers=workers,
    )
    assert (report.result, report.findings) == ("ok", ())
    expected = json.loads((ledger / "expected.json").read_text(encoding="utf-8"))
    assert {
        "tree_size": report.tree_size,
        "root_hash": report.root_hash.hex(),
        "genesis_leaf_hash": report.genesis_leaf_hash.hex(),
        "totals": report.totals,
    } == expected


@pytest.mark.parametrize("ledger", NEWEST, ids=lambda path: path.name)
def test_the_newest_ones_have_every_event_type(ledger: Path) -> None:
    """Whoever adds an event type makes golden ledgers with the release."""
    source = ExportSource(ledger / "export")
    size = json.loads((ledger / "expected.json").read_text(encoding="utf-8"))["tree_size"]
    kinds = set()
    for _, entries in source.chunks(start=0, stop=size, size=size):
        events = [parse_again(entry)[0] for entry in entries]
        kinds |= {event.WhichOneof("payload") for event in events if event is not None}
    every = {field.name for field in event_pb2.Event.DESCRIPTOR.oneofs_by_name["payload"].fields}
    assert every - kinds == set()
