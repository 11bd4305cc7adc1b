"""No byte of a ledger can change without the auditor naming the event that it belongs to."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from support.auditing import MemorySource
from support.house import DAY_MS, HOUR_MS, START_MS, House
from tampering.matrix import RememberingKey

from ledger.app.outcomes import Accepted
from ledger.proof.tiles import decode_bundle
from ledger_audit import scan
from ledger_audit.sources import ExportSource
from ledger_audit.trust import Trust
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _remember(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "Ed25519PublicKey", RememberingKey)


CHUNKS = 6
MAX_EVENTS = 26


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MemorySource, Trust]]:
    """A ledger of at most 26 events that ends with a claim."""
    root: Path = tmp_path_factory.mktemp("small")
    house = House.open(root / "ledger")
    devices = house.provider(devices=1)
    house.programme()
    house.party("acme")
    house.voucher("v", "acme", amount_fen=1_000_000)
    house.at(START_MS + DAY_MS)
    assert isinstance(house.claim("v", [(devices[0], START_MS, START_MS + HOUR_MS)]), Accepted)
    out = house.export(root / "export")
    trust = Trust.load(house.made.directory.trust_file)
    size = house.ledger.size
    house.close()
    assert size <= MAX_EVENTS
    entries = decode_bundle((out / f"tile/entries/000.p/{size}").read_bytes(), width=size)
    yield MemorySource((out / "checkpoint").read_bytes(), entries), trust
    assert verify(ExportSource(out), trust=trust).result == "ok"


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_changed_byte_is_found_at_its_event(small: tuple[MemorySource, Trust], chunk: int) -> None:
    """Each byte of each event, changed by one bit, is a finding whose first index is that event."""
    source, trust = small
    assert verify(source, trust=trust).findings == ()
    missed = []
    for index, entry in enumerate(source.entries):
        gc.collect()
        for position in range(chunk, len(entry), CHUNKS):
            data = bytearray(entry)
            data[position] ^= 1 << (position % 8)
            report = verify(source.changed(index, bytes(data)), trust=trust)
            if not report.findings or report.findings[0].index != index or report.result != "findings":
                missed.append((index, position))
    assert missed == []
