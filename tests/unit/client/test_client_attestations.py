"""From usage rows to signed attestations: ids, checks, splitting, amounts, chains and sizes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.client.samples import KEY, PROVIDER_ID, RAW_LOG, START_MS, TERMS, line

from ledger.client.attestations import (
    MAX_EVENT_SIZE,
    ChainHead,
    SignedAttestation,
    Superseding,
    build_attestation,
    line_amount_fen,
    sign_attestations,
    split_lines,
)
from ledger.client.lines import AttestedLine, device_id, select_lines
from ledger.client.signing import MAX_PAYLOAD_SIZE
from ledger.client.usage.rows import UsageRow
from ledger.codec.envelopes import from_message
from ledger.codec.statements import decode_statement
from ledger.domain.attestation import UsageAttestation
from ledger.domain.attestation_shape import check_attestation
from ledger.domain.vocabulary import SupersedingReason
from ledger.errors import UsageError
from ledger.v1 import event_pb2


def sign(lines: list[AttestedLine], **values: object) -> list[SignedAttestation]:
    """The attestations over lines."""
    return list(
        sign_attestations(lines, terms=TERMS, key=KEY, ledger_id=b"L" * 16, raw_log=RAW_LOG, **values)  # type: ignore[arg-type]
    )


def event_size(attestation: SignedAttestation) -> int:
    """The size of the event that the ledger would make of it, every link with large numbers."""
    statement = attestation.statement
    event = event_pb2.Event(
        index=2**62,
        prev_leaf_hash=b"h" * 32,
        rules_version=1,
        recorded_ms=2**42,
        effective_ms=2**42,
        stream_id="claim/" + "f" * 32,
        stream_version=1,
        request_id=b"r" * 16,
        request_digest=b"d" * 32,
        actor=b"a" * 16,
        submitter=b"s" * 16,
        envelopes=[attestation.envelope],
    )
    event.claim_accepted.SetInParent()
    for kind in (1, 6, 4, 3):
        event.premises.add(kind=event_pb2.PremiseKind.ValueType(kind), index=2**34)
    event.links.add(kind=event_pb2.LINK_KIND_CLAIM, entity=b"c" * 16)
    event.links.add(kind=event_pb2.LINK_KIND_VOUCHER, entity=b"v" * 16, prev=2**34, totals=[2**50] * 5)
    event.links.add(kind=event_pb2.LINK_KIND_CLAIM, entity=b"c" * 16, prev=2**34)
    for place in range(len(statement.device_ids)):
        event.links.add(kind=event_pb2.LINK_KIND_DEVICE, device=place, prev=2**34, totals=[2**45])
    return event.ByteSize()


def test_a_device_id_is_the_documented_hash() -> None:
    """First 16 bytes of SHA-256(label ‖ 0 ‖ provider ‖ 0 ‖ text), another for another provider."""
    expected = hashlib.sha256(b"voucher-ledger device\0" + PROVIDER_ID + b"\0" + "卡-1".encode()).digest()[
        :16
    ]
    assert device_id(provider_id=PROVIDER_ID, text="卡-1") == expected
    assert device_id(provider_id=b"Q" * 16, text="卡-1") != expected


def test_500_devices_with_every_field_fit_into_one_attestation() -> None:
    """Node, cluster, a 20-character job key, active time and energy for each of 500 devices."""
    lines = [
        line(
            number,
            node=f"node-{number // 8:03d}.rack-{number // 64}",
            cluster="cluster-a",
            job=f"job-{number:016d}",
            start_ms=START_MS + number * 86_399,
            end_ms=START_MS + number * 86_399 + 345_600_000 - number,
            allocated_ms=345_600_000 - number,
            active_ms=340_000_000 + number,
            energy_wh=50_000 + number,
        )
        for number in range(500)
    ]
    assert len(lines[0].job) == 20
    signed = sign(lines)
    assert len(signed) == 1
    assert len(signed[0].statement.lines.device) == 500
    assert len(signed[0].envelope.payload) <= MAX_PAYLOAD_SIZE
    assert event_size(signed[0]) <= MAX_EVENT_SIZE


def test_what_is_signed_has_the_shape_that_the_ledger_checks() -> None:
    """The codec reads the very bytes and the domain's shape check takes them."""
    lines = [line(number % 5, start_ms=START_MS + number * 4_000_000, model="H800") for number in range(20)]
    lines = [replace(item, end_ms=item.start_ms + 3_600_000) for item in lines]
    (signed,) = sign(lines)
    _, statement = decode_statement(from_message(signed.envelope))
    assert isinstance(statement, UsageAttestation)
    check_attestation(statement)
    assert statement.raw_log_digest == RAW_LOG.digest
    assert statement.total_amount_fen == 20 * 1999
    assert statement.header.key_ids == (KEY.key_id,)


def test_sequence_numbers_and_digests_chain_what_was_signed() -> None:
    """From the given head on, each names the SHA-256 of the payload before."""
    head = ChainHead(41, b"x" * 32)
    signed = sign([line(number) for number in range(1200)], head=head)
    assert [item.statement.sequence for item in signed] == [42, 43, 44]
    assert signed[0].statement.previous_digest == b"x" * 32
    for before, after in pairwise(signed):
        assert after.statement.previous_digest == hashlib.sha256(before.envelope.payload).digest()
    assert signed[-1].head == ChainHead(44, hashlib.sha256(signed[-1].envelope.payload).digest())
    assert sign([line()])[0].statement.previous_digest == b""


def test_the_amount_of_a_line_is_floored_once() -> None:
    """floor(ms × price ÷ 3,600,000): one ms short of an hour costs one fen less."""
    assert line_amount_fen(line(), terms=TERMS) == 1999
    assert line_amount_fen(line(allocated_ms=3_599_999), terms=TERMS) == 1998
    assert line_amount_fen(line(allocated_ms=1), terms=TERMS) == 0


def test_a_superseding_attestation_names_its_claim_and_is_one() -> None:
    """Index 0 is a leaf; more lines than one attestation holds are refused."""
    superseding = Superseding(index=0, reason=SupersedingReason.LOG_CORRECTED)
    (signed,) = sign([line()], superseding=superseding)
    assert signed.statement.HasField("superseded_index")
    assert (signed.statement.superseded_index, signed.statement.superseding_reason) == (0, 1)
    with pytest.raises(UsageError, match="2 attestations"):
        sign([line(number) for number in range(501)], superseding=superseding)


def test_columns_are_there_for_all_lines_or_none() -> None:
    """A mixture would be read as zeros."""
    with pytest.raises(UsageError, match="some lines only"):
        sign([line(0, energy_wh=1), line(1)])
    assert not build_attestation([line()], terms=TERMS, raw_log=RAW_LOG).lines.energy_wh


TEXTS = st.text(min_size=1, max_size=128)
LINES = st.lists(
    st.builds(
        line,
        st.integers(0, 600),
        node=TEXTS,
        job=TEXTS,
        model=st.sampled_from(["H800", "910B"]),
        start_ms=st.integers(START_MS, START_MS + 40_000_000_000),
        allocated_ms=st.integers(0, 40_000_000_000),
        active_ms=st.just(40_000_000_000),
        energy_wh=st.integers(0, 2**40),
    ),
    min_size=1,
    max_size=700,
)


@settings(max_examples=40, deadline=None)
@given(LINES)
def test_splitting_keeps_every_line_and_every_limit(lines: list[AttestedLine]) -> None:
    """The estimate is never below the real size, of payload and event."""
    lines = [replace(item, end_ms=item.start_ms + max(1, item.allocated_ms)) for item in lines]
    groups = list(split_lines(lines, terms=TERMS))
    assert sorted(item.start_ms for group in groups for item in group) == sorted(
        item.start_ms for item in lines
    )
    for signed in sign(lines):
        assert len(signed.statement.lines.device) <= 500
        assert len(signed.envelope.payload) <= MAX_PAYLOAD_SIZE
        assert event_size(signed) <= MAX_EVENT_SIZE


def row(number: int = 0, **values: object) -> UsageRow:
    """A row of a usage file."""
    given_values: dict[str, object] = {
        "cluster": "c",
        "job_id": f"job-{number}",
        "tenant": "t",
        "node": "n",
        "device_id": f"gpu-{number}",
        "device_model": "H800",
        "start_ms": START_MS,
        "end_ms": START_MS + 1_000,
        "state": "COMPLETED",
        **values,
    }
    return UsageRow(**given_values)  # type: ignore[arg-type]


def test_rows_become_lines_of_their_tenants_voucher() -> None:
    """Empty intervals are counted and left out; the whole interval is allocated."""
    rows = [row(0), row(1, tenant="u"), row(2, end_ms=START_MS), row(3)]
    selection = select_lines(rows, terms={"t": TERMS, "u": TERMS}, name="usage.csv")
    assert {tenant: len(lines) for tenant, lines in selection.lines.items()} == {"t": 2, "u": 1}
    assert (selection.row_count, selection.empty_count) == (4, 1)
    assert selection.lines["t"][0].allocated_ms == 1_000


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([row(0), row(1, tenant="x")], "usage.csv, line 3: tenant 'x' has no voucher"),
        ([row(0, device_model="T4")], "usage.csv, line 2: model 'T4' has no price"),
        (
            [row(0), row(0, start_ms=START_MS + 999, end_ms=START_MS + 5_000)],
            "line 2 and line 3: device 'gpu-0'",
        ),
        (
            [row(0), row(0, device_model="910B", start_ms=START_MS + 1_000, end_ms=START_MS + 5_000)],
            "usage.csv, line 3: device 'gpu-0' is a '910B'",
        ),
        ([row(0, start_ms=START_MS - 1)], "usage.csv, line 2: 2026-02-02T10:39:59.999"),
        ([row(0, end_ms=START_MS + 10_001)], "usage.csv, line 2: 2026-02-02T10:40"),
    ],
)
def test_what_the_ledger_would_refuse_is_refused_before_signing(rows: list[UsageRow], named: str) -> None:
    """Each error names the lines of the file."""
    terms = replace(TERMS, from_ms=START_MS, until_ms=START_MS + 10_000)
    with pytest.raises(UsageError) as caught:
        select_lines(rows, terms={"t": terms}, name="usage.csv", line_of=lambda number: number + 1)
    assert named in caught.value.summary


def test_a_device_that_is_not_registered_is_named() -> None:
    """Checked where the registered devices are known, with their models."""
    known = device_id(provider_id=PROVIDER_ID, text="gpu-0")
    select_lines([row(0)], terms={"t": replace(TERMS, devices={known: "H800"})}, name="u")
    with pytest.raises(UsageError, match="not registered"):
        select_lines([row(1)], terms={"t": replace(TERMS, devices={known: "H800"})}, name="u")
    with pytest.raises(UsageError, match="is not a 'H800'"):
        select_lines([row(0)], terms={"t": replace(TERMS, devices={known: "910B"})}, name="u")


def test_rows_may_be_left_out_where_that_is_asked_for() -> None:
    """Left out and counted, never silently."""
    terms = replace(TERMS, from_ms=START_MS)
    rows = [row(0), row(1, tenant="x"), row(2, start_ms=START_MS - 5)]
    selection = select_lines(rows, terms={"t": terms}, name="u", skip_unmapped=True, skip_outside=True)
    assert (selection.unmapped_count, selection.outside_count, len(selection.lines["t"])) == (1, 1, 1)


def test_overlaps_are_found_across_tenants_and_behind_long_intervals() -> None:
    """A long interval hides behind a short one in a comparison of neighbours; touching is no overlap."""
    rows = [
        row(0, end_ms=START_MS + 100),
        row(0, start_ms=START_MS + 100, end_ms=START_MS + 10_000),
        row(0, start_ms=START_MS + 200, end_ms=START_MS + 300, tenant="u"),
        row(0, start_ms=START_MS + 400, end_ms=START_MS + 500),
    ]
    with pytest.raises(UsageError) as caught:
        select_lines(rows, terms={"t": TERMS, "u": TERMS}, name="u")
    assert "2 overlaps; nothing was signed" in caught.value.summary
    assert "row 2 (job 'job-0') and row 3" in caught.value.summary
    assert "row 2 (job 'job-0') and row 4" in caught.value.summary
