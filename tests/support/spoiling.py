"""A house in which claims succeed, and what it takes to make one that is wrong in a single point.

What is refused here leaves nothing half-written, and the auditor agrees with all that the house holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from ledger.app.outcomes import Accepted, Refused
from ledger.client.signing import new_id
from ledger.codec.envelopes import SignedEnvelope
from ledger.proof.dsse import pae
from ledger.v1 import claim_pb2, envelope_pb2
from support.auditing import assert_agreement
from support.house import DAY_MS, HOUR_MS, START_MS, House

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.app.outcomes import Outcome


ACT = "usage-attestation"
TYPE = f"application/vnd.voucher-ledger.{ACT}.v1+protobuf"
INT64_MAX = 2**63 - 1
GOOD = 99
_hours = count()

Attestation = claim_pb2.UsageAttestation


@dataclass
class Bench:
    """A house in which claims succeed, and what it takes to make one that is wrong in a single point."""

    house: House
    devices: list[bytes]
    rival_device: bytes

    def rivals(self) -> Attestation:
        """A claim of the rival with its own device, on a voucher that is bound to somebody else."""
        statement = self.attestation()
        statement.provider_id = self.house.ids["rival"]
        statement.device_ids[0] = self.rival_device
        return statement

    def attestation(self, device: int = 0, **changes: Any) -> Attestation:
        """A claim that would be accepted, of an hour that no other test uses."""
        start_ms = START_MS + next(_hours) * HOUR_MS
        statement = self.house.attestation(
            "v", [(self.devices[device], start_ms, start_ms + HOUR_MS)], **changes
        )
        statement.sequence = 1_000_000 + next(_hours)
        return statement

    def payload(self, statement: Any = None, *, key: str = "cloud", **header: Any) -> bytes:
        """The bytes of a statement with its header."""
        statement = statement or self.attestation()
        values = {
            "ledger_id": self.house.made.opened.ledger_id,
            "request_id": new_id(),
            "key_ids": [self.house.keys[key].key_id],
        }
        statement.header.CopyFrom(envelope_pb2.StatementHeader(**(values | header)))
        data: bytes = statement.SerializeToString(deterministic=True)
        return data

    def sign(self, payload: bytes, *keys: str, payload_type: str = TYPE) -> SignedEnvelope:
        """Any bytes under any type, validly signed."""
        signers = [self.house.keys[key] for key in keys or ("cloud",)]
        message = pae(payload_type, payload)
        signatures = tuple((key.algorithm, key.signer.sign(message)) for key in signers)
        return SignedEnvelope(payload_type, payload, signatures)

    def send(self, envelope: SignedEnvelope, *, act: str = ACT, submitter: str = "cloud") -> Outcome:
        """Submit one envelope."""
        return self.house.send(act, envelope, submitter=submitter)[0]

    def refused(
        self, envelope: SignedEnvelope, *, act: str = ACT, submitter: str = "cloud", recorded: bool = False
    ) -> Refused:
        """Submit what must be refused, and check that nothing but a due refusal was written."""
        house = self.house
        size, totals = house.ledger.size, money(house)
        outcome = self.send(envelope, act=act, submitter=submitter)
        assert isinstance(outcome, Refused), outcome
        assert house.ledger.size == size + recorded
        assert outcome.recorded_index == (size if recorded else None)
        assert money(house) == totals
        assert_clear(outcome.message)
        return outcome


def money(house: House) -> list[Any]:
    """Totals of every programme, voucher and contract."""
    return [dict(table.base) for kind, table in house.ledger.state.heads.items() if kind.name != "DEVICE"]


def assert_clear(message: str) -> None:
    """One sentence for a person, not the text of an exception."""
    assert 0 < len(message) <= 200
    assert "\n" not in message
    assert not [
        word for word in ("Error", "Traceback", "Exception", "object at", "NoneType") if word in message
    ]


def spoiling_bench(root: Path) -> Iterator[Bench]:
    """One ledger for all tests of a file; at the end the auditor has to agree with all that it holds."""
    house = House.open(root / "ledger")
    devices = house.provider(devices=4)
    (rival_device,) = house.provider("rival", devices=1)
    house.programme()
    house.party("acme")
    assert isinstance(house.voucher("v", "acme", amount_fen=900_000_000), Accepted)
    house.at(START_MS + 290 * DAY_MS)
    house.party("first of the day")
    yield Bench(house, devices, rival_device)
    assert_agreement(house)
    house.close()
