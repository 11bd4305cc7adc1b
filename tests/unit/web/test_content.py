"""Answers for content that is there: validators, ranges, methods."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.web.content import IMMUTABLE, OCTETS, deliver, etag_of, held
from ledger.web.messages import Request, Response

DATA = bytes(range(200))
CONTENT = held(DATA, content_type=OCTETS, cache_control=IMMUTABLE)


def answer(method: str = "GET", **headers: str) -> tuple[Response, bytes]:
    """The response, and the bytes that would be sent of its body."""
    request = Request(method=method, path="/", headers={k.replace("_", "-"): v for k, v in headers.items()})

    async def read() -> tuple[Response, bytes]:
        response = await deliver(request, CONTENT)
        stop = response.start + response.length
        return response, b"".join([part async for part in response.body.chunks(response.start, stop)])

    return asyncio.run(read())


def test_all_of_it_with_what_a_cache_needs() -> None:
    """Type, validator, age, and that ranges are possible."""
    response, body = answer()
    assert (response.status, body) == (200, DATA)
    assert dict(response.headers) == {
        "etag": etag_of(DATA),
        "cache-control": "public, max-age=31536000, immutable",
        "content-type": "application/octet-stream",
        "accept-ranges": "bytes",
        "access-control-allow-origin": "*",
        "x-content-type-options": "nosniff",
    }


@pytest.mark.parametrize(
    "known", [etag_of(DATA), f"W/{etag_of(DATA)}", f'"other", {etag_of(DATA)}', "*", f" {etag_of(DATA)} "]
)
def test_who_has_it_gets_304(known: str) -> None:
    """One validator of a list, weakly compared; also for HEAD and before any range."""
    for method in ("GET", "HEAD"):
        response, body = answer(method, if_none_match=known, range="bytes=0-1")
        assert (response.status, body) == (304, b"")


def test_another_validator_gets_all_of_it() -> None:
    """Also one that only looks alike."""
    for known in ('"other"', etag_of(DATA)[1:-1], ""):
        assert answer(if_none_match=known)[0].status == 200


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=190-", 190, 199),
        ("bytes=190-500", 190, 199),
        ("bytes=-1", 199, 199),
        ("bytes=-500", 0, 199),
    ],
)
def test_single_ranges(wanted: str, first: int, last: int) -> None:
    """206 with where the bytes are of how many."""
    response, body = answer(range=wanted)
    assert (response.status, body) == (206, DATA[first : last + 1])
    assert dict(response.headers)["content-range"] == f"bytes {first}-{last}/200"


@pytest.mark.parametrize("wanted", ["bytes=200-", "bytes=200-300", "bytes=-0", "bytes=999999999999999999-"])
def test_a_range_beyond_the_end_is_416_with_the_length(wanted: str) -> None:
    """So that the client knows where the end is."""
    response, _ = answer(range=wanted)
    assert response.status == 416
    assert dict(response.headers)["content-range"] == "bytes */200"
    assert dict(response.headers)["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=5-4",
        "bytes=0-1,3-4",
        "bytes=a-b",
        "bytes=+1-2",
        "bytes=1_0-20",
        "bytes=١-٢",
        "bytes= 0-1",
        "bytes=",
        "bytes=-",
        "items=0-1",
        "bytes=0000000000000000000000-1",
    ],
)
def test_what_is_no_single_range_is_passed_over(wanted: str) -> None:
    """A server may ignore ranges (RFC 9110 section 14.2)."""
    assert answer(range=wanted) == answer()


def test_a_range_of_something_else_gets_all_of_it() -> None:
    """If-Range with another validator; with the right one, the part."""
    assert answer(range="bytes=0-1", if_range='"other"')[0].status == 200
    assert answer(range="bytes=0-1", if_range=etag_of(DATA))[0].status == 206


def test_other_methods_are_405_with_those_that_are_allowed() -> None:
    """HEAD is, and it has no range."""
    response, _ = answer("POST")
    assert (response.status, dict(response.headers)["allow"]) == (405, "GET, HEAD")
    assert answer("HEAD", range="bytes=0-1")[0].status == 200


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_header_is_a_fault(wanted: str, known: str) -> None:
    """Whatever clients send: one of the statuses, and never bytes that are not there."""
    response, body = answer(range=f"bytes={wanted}", if_none_match=known)
    assert response.status in {200, 206, 304, 416}
    assert len(body) == response.length
