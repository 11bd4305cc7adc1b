"""The parts of a Slurm line: node lists, GPU columns, and the choice of devices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.client.usage.gres import GpuRequest, parse_gres, parse_tres
from ledger.client.usage.hostlist import expand_hostlist
from ledger.client.usage.placement import Placement
from ledger.errors import MalformedError


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("login1", ["login1"]),
        ("node[01-03,07]", ["node01", "node02", "node03", "node07"]),
        (
            "a1,b[8-11],c-[098-101]x",
            ["a1", *("b8", "b9", "b10", "b11"), *(f"c-{n:03d}x" for n in range(98, 102))],
        ),
        ("r[1-2]n[1-2]", ["r1n1", "r1n2", "r2n1", "r2n2"]),
    ],
)
def test_node_lists_expand(text: str, nodes: list[str]) -> None:
    """Ranges keep leading zeros; several brackets multiply."""
    assert list(expand_hostlist(text)) == nodes


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            ",",
            "a,",
            ",a",
            "a,,b",
            "a[",
            "a]",
            "a[1",
            "a[]",
            "a[1-]",
            "a[-1]",
            "a[3-1]",
            "a[1,]",
            "a b",
            "n1,n1",
        ),
        *("a[1-99999]", "a[1-200]b[1-200]", "a[[1]]", "a[x]", "a[1-3]]", "a[0000000001-2]"),
    ],
)
def test_broken_node_lists_are_refused(text: str) -> None:
    """Nothing is guessed, and no short text makes very many nodes."""
    with pytest.raises(MalformedError):
        expand_hostlist(text)


@given(st.text("an1209-,[]", max_size=14))
def test_any_text_expands_to_different_plain_names_or_is_refused(text: str) -> None:
    """No other exception, no empty name, no bracket left over."""
    try:
        nodes = expand_hostlist(text)
    except MalformedError:
        return
    assert nodes
    assert len(set(nodes)) == len(nodes)
    assert not any(set(node) & set("[],") or not node for node in nodes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("gpu:h800:4(IDX:0-3)", [("h800", 4, (0, 1, 2, 3))]),
        ("gpu:910B:2(IDX:1,3),nic:1", [("910B", 2, (1, 3))]),
        ("gpu:2", [("", 2, ())]),
        ("gpu=2", [("", 2, ())]),
        ("gres/gpu:a100=2", [("a100", 2, ())]),
        ("gpu:a100:1(IDX:0),gpu:h800:1(IDX:1)", [("a100", 1, (0,)), ("h800", 1, (1,))]),
        ("gpu:h800:0(IDX:N/A)", []),
        ("gpu:h800:2(S:0-1)", [("h800", 2, ())]),
    ],
)
def test_gres_is_read(text: str, expected: list[tuple[str, int, tuple[int, ...]]]) -> None:
    """Model, count, and indices where they are known."""
    assert [(gpu.model, gpu.count, gpu.indices) for gpu in parse_gres(text)] == expected


@pytest.mark.parametrize(
    "text",
    ["gpu:h800", "gpu:h800:2(IDX:0)", "gpu:h800:2(IDX:0,0)", "gpu:h800:1(", "gpu:a:1(IDX:0),gpu:b:1(IDX:0)"],
)
def test_contradicting_gres_is_refused(text: str) -> None:
    """As many different indices as the count says."""
    with pytest.raises(MalformedError):
        parse_gres(text)


def test_tres_totals_and_models_must_agree() -> None:
    """The models' sum is the total; without models the total stands alone."""
    assert parse_tres("gres/gpu=3,gres/gpu:a=1,gres/gpu:b=2,gres/gpumem=1G") == (
        GpuRequest(model="a", count=1, indices=()),
        GpuRequest(model="b", count=2, indices=()),
    )
    assert parse_tres("cpu=1,gres/gpu=2") == (GpuRequest(model="", count=2, indices=()),)
    for text in ("gres/gpu=4,gres/gpu:a=1", "gres/gpu:a=1,gres/gpu:a=1"):
        with pytest.raises(MalformedError):
            parse_tres(text)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=10), st.integers(0, 50))
def test_chosen_devices_are_free_of_all_recorded_intervals(known: list[tuple[int, int]], start: int) -> None:
    """Also where the file's own intervals overlap each other or contain one another."""
    placement = Placement()
    for first, length in known:
        placement.record(node="n", ordinal=0, model="m", start_ms=first, end_ms=first + length)
    chosen = placement.choose(node="n", model="m", start_ms=start, end_ms=start + 5)
    collides = any(first < start + 5 and start < first + length for first, length in known)
    assert chosen == (1 if collides else 0)
