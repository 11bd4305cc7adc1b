"""The claims of a bench are what the design names, and a ledger accepts every one of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bench.claims import ClaimMaker
from bench.ground import lay_ground, opened
from ledger.app.outcomes import Accepted
from ledger.client.attestations import ACT
from ledger.codec.envelopes import from_message
from ledger.v1 import claim_pb2

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.app.outcomes import Outcome


async def _submit(root: Path, *, lines: int, count: int) -> tuple[list[bytes], list[Outcome], list[bytes]]:
    """Payloads, outcomes and stored events of so many claims."""
    ground = await lay_ground(root)
    envelopes = [from_message(envelope) for envelope in ClaimMaker(ground, lines=lines).make(count)]
    async with opened(ground.folder) as ledger:
        start = ledger.size
        outcomes = await ledger.submit(envelopes, act=ACT, submitter=ground.provider.participant_id)
        stored = await ledger.read(start, ledger.size - start)
        events = [data for _, kind, data in stored if kind == "claim_accepted"]
    return [envelope.payload for envelope in envelopes], outcomes, events


def test_claims_of_one_line_have_the_size_that_the_design_names_and_are_accepted(tmp_path: Path) -> None:
    """About 400 bytes of payload and 900 of event; every voucher and device takes its turn."""
    payloads, outcomes, events = asyncio.run(_submit(tmp_path / "ledger", lines=1, count=12))
    assert [isinstance(outcome, Accepted) for outcome in outcomes] == [True] * 12
    assert all(350 <= len(payload) <= 450 for payload in payloads)
    assert all(750 <= len(event) <= 1_000 for event in events)


def test_claims_of_more_lines_use_as_many_devices(tmp_path: Path) -> None:
    """No interval of a device is claimed twice, so that nothing overlaps."""
    payloads, outcomes, _ = asyncio.run(_submit(tmp_path / "ledger", lines=8, count=3))
    assert [isinstance(outcome, Accepted) for outcome in outcomes] == [True] * 3
    statements = map(claim_pb2.UsageAttestation.FromString, payloads)
    assert len({device for statement in statements for device in statement.device_ids}) == 24
