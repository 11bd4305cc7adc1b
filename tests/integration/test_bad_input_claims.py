"""What a ledger must refuse: usage that cannot be, ids that are used, and one bad claim among good ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from support.house import DAY_MS, HOUR_MS, START_MS
from support.spoiling import (
    ACT,
    GOOD,
    INT64_MAX,
    Attestation,
    Bench,
    assert_clear,
    spoiling_bench,
)

from ledger.app.outcomes import Accepted, Refused
from ledger.client.signing import new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.codec.envelopes import SignedEnvelope


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The house whose claims are spoiled here."""
    yield from spoiling_bench(tmp_path_factory.mktemp("bad"))


# Usage that cannot be


def changed(**values: Any) -> Callable[[Attestation], None]:
    """Set fields; lists replace a whole column, `lines__x` is a column of the lines."""

    def apply(statement: Attestation) -> None:
        for name, value in values.items():
            target: Any = statement
            *path, last = name.split("__")
            for part in path:
                target = getattr(target, part)
            if isinstance(value, list):
                del getattr(target, last)[:]
                getattr(target, last).extend(value)
            else:
                setattr(target, last, value)

    return apply


def both(*changes: Callable[[Attestation], None]) -> Callable[[Attestation], None]:
    """One change after the other."""

    def apply(statement: Attestation) -> None:
        for change in changes:
            change(statement)

    return apply


def _more_devices(*device_ids: bytes) -> Callable[[Attestation], None]:
    def apply(statement: Attestation) -> None:
        statement.device_ids.extend(device_ids or statement.device_ids[:1])
        statement.device_models.append(0)

    return apply


def _second_line(statement: Attestation, start_ms: int) -> None:
    lines = statement.lines
    for column in (lines.device, lines.duration_ms, lines.allocated_ms, lines.amount_fen):
        column.append(column[0])
    lines.start_offset_ms.append(start_ms)
    statement.total_allocated_ms *= 2
    statement.total_amount_fen *= 2


WRONG_USAGE: dict[str, tuple[Callable[[Attestation], Any], str]] = {
    "a negative amount": (changed(lines__amount_fen=[-1], total_amount_fen=-1), "MALFORMED"),
    "an amount of int64": (changed(lines__amount_fen=[INT64_MAX], total_amount_fen=INT64_MAX), "recorded PRICE_MISMATCH"),
    "the least amount of int64": (changed(lines__amount_fen=[-(2**63)], total_amount_fen=-(2**63)), "MALFORMED"),
    "sums that wrap to zero": (
        both(lambda s: _second_line(s, HOUR_MS), changed(lines__amount_fen=[INT64_MAX, INT64_MAX], total_amount_fen=-2)),
        "MALFORMED",
    ),
    "one fen too much": (changed(lines__amount_fen=[2001], total_amount_fen=2001), "recorded PRICE_MISMATCH"),
    "another total amount": (changed(total_amount_fen=1999), "MALFORMED"),
    "another total of time": (changed(total_allocated_ms=1), "MALFORMED"),
    "active time out of nothing": (changed(total_active_ms=1), "MALFORMED"),
    "energy out of nothing": (changed(total_energy_wh=1), "MALFORMED"),
    "negative energy": (changed(lines__energy_wh=[-1], total_energy_wh=-1), "MALFORMED"),
    "an interval of no length": (changed(lines__duration_ms=[0]), "MALFORMED"),
    "an interval that ends before it starts": (changed(lines__duration_ms=[-HOUR_MS]), "MALFORMED"),
    "a duration of int64": (changed(lines__duration_ms=[INT64_MAX]), "MALFORMED"),
    "a duration that passes int64 with its start": (changed(base_ms=START_MS - 1, lines__duration_ms=[INT64_MAX]), "MALFORMED"),
    "a start of int64": (changed(lines__start_offset_ms=[INT64_MAX]), "MALFORMED"),
    "a negative start": (changed(lines__start_offset_ms=[-1]), "MALFORMED"),
    "a negative base": (changed(base_ms=-1), "MALFORMED"),
    "a base of int64": (changed(base_ms=INT64_MAX), "MALFORMED"),
    "the least base of int64": (changed(base_ms=-(2**63)), "MALFORMED"),
    "more time than the interval": (
        changed(lines__allocated_ms=[HOUR_MS + 1], total_allocated_ms=HOUR_MS + 1),
        "recorded CAPACITY_EXCEEDED",
    ),
    "negative time": (changed(lines__allocated_ms=[-1], total_allocated_ms=-1), "MALFORMED"),
    "more active than allocated": (changed(lines__active_ms=[HOUR_MS + 1], total_active_ms=HOUR_MS + 1), "MALFORMED"),
    "no line": (changed(lines__device=[]), "MALFORMED"),
    "a column too short": (changed(lines__amount_fen=[]), "MALFORMED"),
    "a column too long": (changed(lines__start_offset_ms=[0, 0]), "MALFORMED"),
    "an optional column of another length": (changed(lines__energy_wh=[1, 2], total_energy_wh=3), "MALFORMED"),
    "a device that is not in the table": (changed(lines__device=[1]), "MALFORMED"),
    "the largest position": (changed(lines__device=[2**32 - 1]), "MALFORMED"),
    "a model that is not in the table": (changed(device_models=[1]), "MALFORMED"),
    "a node that is not in the table": (changed(lines__node=[0]), "MALFORMED"),
    "a device that no line uses": (_more_devices(b"x" * 16), "MALFORMED"),
    "a device twice": (
        both(
            lambda s: _second_line(s, 2 * HOUR_MS),
            _more_devices(),
            changed(lines__device=[0, 1]),
        ),
        "MALFORMED",
    ),
    "a device id of 15 bytes": (changed(device_ids=[b"x" * 15]), "MALFORMED"),
    "a device that nobody registered": (changed(device_ids=[b"x" * 16]), "recorded DEVICE_UNKNOWN"),
    "more models than devices": (changed(device_models=[0, 0]), "MALFORMED"),
    "no model": (changed(models=[]), "MALFORMED"),
    "a price of nothing": (lambda s: setattr(s.models[0], "unit_price_fen", 0), "MALFORMED"),
    "a negative price": (lambda s: setattr(s.models[0], "unit_price_fen", -2000), "MALFORMED"),
    "a price of int64": (lambda s: setattr(s.models[0], "unit_price_fen", INT64_MAX), "MALFORMED"),
    "another price": (
        both(lambda s: setattr(s.models[0], "unit_price_fen", 2001), changed(lines__amount_fen=[2001], total_amount_fen=2001)),
        "recorded PRICE_MISMATCH",
    ),
    "another model": (lambda s: setattr(s.models[0], "model", "H20"), "recorded MODEL_MISMATCH"),
    "a vendor without a name": (lambda s: setattr(s.models[0], "vendor", ""), "MALFORMED"),
    "two lines at one time on one device": (lambda s: _second_line(s, HOUR_MS - 1), "recorded DEVICE_OVERLAP"),
    "usage before the contract": (changed(base_ms=START_MS - 30 * DAY_MS), "recorded PROVIDER_NOT_ADMITTED"),
    "usage in the future": (changed(base_ms=START_MS + 291 * DAY_MS), "recorded OUTSIDE_VALIDITY"),
    "usage after the contract": (changed(base_ms=START_MS + 3000 * DAY_MS), "recorded OUTSIDE_CONTRACT"),
    "usage in the year 9999": (changed(base_ms=253_402_300_799_999), "recorded OUTSIDE_CONTRACT"),
    "no purpose": (changed(purpose=0), "MALFORMED"),
    "a purpose that is none": (changed(purpose=99), "MALFORMED"),
    "sequence 0": (changed(sequence=0), "MALFORMED"),
    "a sequence beyond int64": (changed(sequence=2**63), "MALFORMED"),
    "the largest sequence": (changed(sequence=2**64 - 1), "MALFORMED"),
    "rows beyond int64": (changed(raw_log_rows=2**64 - 1), "MALFORMED"),
    "a digest of 31 bytes": (changed(raw_log_digest=b"x" * 31), "MALFORMED"),
    "a previous digest of one byte": (changed(previous_digest=b"x"), "MALFORMED"),
    "an empty claim id": (changed(claim_id=b""), "MALFORMED"),
    "a claim id of zeros": (changed(claim_id=bytes(16)), "MALFORMED"),
    "a voucher that is not there": (changed(voucher_id=b"v" * 16), "STATE_CONFLICT"),
    "a voucher id of no length": (changed(voucher_id=b""), "STATE_CONFLICT"),
    "another beneficiary": (changed(beneficiary_id=b"b" * 16), "recorded STATE_CONFLICT"),
    "another contract": (changed(contract_digest=b"c" * 32), "recorded STATE_CONFLICT"),
    "another programme": (changed(programme_id=b"p" * 16), "recorded STATE_CONFLICT"),
    "a superseded claim": (changed(superseded_index=0, superseding_reason=1), "recorded STATE_CONFLICT"),
    "a provider of no length": (changed(provider_id=b""), "PROVIDER_NOT_ADMITTED"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_USAGE)
def test_usage_that_cannot_be_is_refused(bench: Bench, name: str) -> None:
    """Malformed is never recorded; what the ledger's state refuses is."""
    change, expected = WRONG_USAGE[name]
    statement = bench.attestation()
    change(statement)
    recorded, _, reason = expected.rpartition(" ")
    refused = bench.refused(bench.sign(bench.payload(statement)), recorded=bool(recorded))
    assert refused.reason.name == reason


# Ids


def test_the_same_bytes_get_the_same_receipt_whoever_sends_them(bench: Bench) -> None:
    """For ever, also after a restart, and also under other signatures."""
    envelope = bench.sign(bench.payload())
    first = bench.send(envelope)
    assert isinstance(first, Accepted)
    for again in (envelope, replace(envelope, signatures=(("ed25519", bytes(64)),))):
        outcome = bench.send(again, submitter="rival")
        assert outcome == replace(first, repeated=True)
    bench.house.reopen()
    assert bench.send(envelope) == replace(first, repeated=True)


def test_a_request_id_with_other_bytes_is_refused(bench: Bench) -> None:
    """And names the leaf that has it."""
    request_id = new_id()
    first = bench.send(bench.sign(bench.payload(request_id=request_id)))
    assert isinstance(first, Accepted)
    refused = bench.refused(bench.sign(bench.payload(request_id=request_id)))
    assert (refused.reason.name, refused.conflicting_index) == ("REQUEST_ID_REUSED", first.index)


def test_request_ids_belong_to_their_participant(bench: Bench) -> None:
    """The rival may use the number that the provider used; it says nothing about it."""
    request_id = new_id()
    assert isinstance(bench.send(bench.sign(bench.payload(request_id=request_id))), Accepted)
    payload = bench.payload(bench.rivals(), key="rival", request_id=request_id)
    refused = bench.refused(bench.sign(payload, "rival"), submitter="rival", recorded=True)
    assert refused.reason.name == "STATE_CONFLICT"


@pytest.mark.parametrize("field", ["claim_id", "sequence"])
def test_a_claim_id_and_a_sequence_number_are_used_once(bench: Bench, field: str) -> None:
    """A new request under either is refused, unrecorded, and names the leaf."""
    statement = bench.attestation()
    first = bench.send(bench.sign(bench.payload(statement)))
    assert isinstance(first, Accepted)
    other = bench.attestation()
    setattr(other, field, getattr(statement, field))
    refused = bench.refused(bench.sign(bench.payload(other)))
    assert (refused.reason.name, refused.conflicting_index) == ("REQUEST_ID_REUSED", first.index)


def test_a_recorded_refusal_is_answered_again_and_spends_its_claim_id(bench: Bench) -> None:
    """The same bytes get the same refusal; the claim id is gone, the sequence number is not."""
    statement = bench.attestation(total_amount_fen=1)
    statement.lines.amount_fen[0] = 1
    envelope = bench.sign(bench.payload(statement))
    first = bench.refused(envelope, recorded=True)
    size = bench.house.ledger.size
    again = bench.send(envelope)
    assert isinstance(again, Refused)
    assert (again.reason, again.recorded_index) == (first.reason, first.recorded_index)
    right = bench.attestation()
    right.claim_id = statement.claim_id
    refused = bench.refused(bench.sign(bench.payload(right)))
    assert (refused.reason.name, refused.conflicting_index) == ("REQUEST_ID_REUSED", size - 1)
    right.claim_id, right.sequence = new_id(), statement.sequence
    assert isinstance(bench.send(bench.sign(bench.payload(right))), Accepted)


# Batches


def _spoil(bench: Bench, how: str) -> tuple[SignedEnvelope, str]:
    statement = bench.attestation()
    if how == "malformed":
        return bench.sign(b"\xff"), "MALFORMED"
    if how == "signature":
        return replace(
            bench.sign(bench.payload(statement)), signatures=(("ed25519", bytes(64)),)
        ), "BAD_SIGNATURE"
    if how == "overflow":
        changed(base_ms=START_MS - 1, lines__duration_ms=[INT64_MAX])(statement)
        return bench.sign(bench.payload(statement)), "MALFORMED"
    statement.device_ids[0] = b"x" * 16
    return bench.sign(bench.payload(statement)), "recorded DEVICE_UNKNOWN"


@pytest.mark.parametrize("place", [0, 50, GOOD])
@pytest.mark.parametrize("how", ["malformed", "signature", "overflow", "refused"])
def test_one_bad_claim_among_ninety_nine_good_ones_is_refused_alone(
    bench: Bench, how: str, place: int
) -> None:
    """Wherever it stands: all others are accepted, at consecutive indexes and by one commit."""
    house = bench.house
    envelopes = [bench.sign(bench.payload(bench.attestation(device=1))) for _ in range(GOOD)]
    bad, expected = _spoil(bench, how)
    envelopes.insert(place, bad)
    recorded, _, reason = expected.rpartition(" ")
    recorder: Any = house.ledger._recorder
    calls: list[int] = []
    real = recorder.insert_events

    def counted(events: Any, **named: Any) -> Any:
        calls.append(len(events))
        return real(events, **named)

    recorder.insert_events = counted
    size = house.ledger.size
    outcomes = house.send(ACT, *envelopes, submitter="cloud")
    recorder.insert_events = real
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert (outcomes.index(refused), refused.reason.name) == (place, reason)
    assert_clear(refused.message)
    assert refused.recorded_index == (size + place if recorded else None)
    indexes = [outcome.index for outcome in outcomes if isinstance(outcome, Accepted)]
    assert sorted([*indexes, *([size + place] if recorded else [])]) == list(range(size, house.ledger.size))
    assert calls == [GOOD + bool(recorded)]


def test_a_claim_twice_in_one_batch_is_recorded_once(bench: Bench) -> None:
    """The second gets the receipt of the first; other bytes under its request id are refused."""
    request_id = new_id()
    envelope = bench.sign(bench.payload(request_id=request_id))
    other = bench.sign(bench.payload(request_id=request_id))
    size = bench.house.ledger.size
    first, second, third = bench.house.send(ACT, envelope, envelope, other, submitter="cloud")
    assert isinstance(first, Accepted)
    assert second == replace(first, repeated=True)
    assert isinstance(third, Refused)
    assert (third.reason.name, third.conflicting_index) == ("REQUEST_ID_REUSED", size)
    assert bench.house.ledger.size == size + 1
