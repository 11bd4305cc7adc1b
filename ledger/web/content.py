"""Answers a GET or HEAD for something that is there: validators, single ranges, caching (RFC 9110, RFC 9111).

It must not find content nor decide who may read it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.web.messages import TEXT, BytesBody, Response, refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ledger.web.messages import Body, Request

READING = ("GET", "HEAD")
ALLOW_READING = (("allow", "GET, HEAD"),)
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
OCTETS = "application/octet-stream"

_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is at a path: how its bytes are had, a strong validator, their type, and how long they keep."""

    load: Callable[[], Awaitable[Body]]
    etag: str
    content_type: str = TEXT
    cache_control: str = REVALIDATE


def held(
    data: bytes, *, content_type: str = TEXT, cache_control: str = REVALIDATE, etag: str = ""
) -> Content:
    """Content that is in memory; its validator is that of its bytes unless another is given."""

    async def load() -> Body:
        return BytesBody(data)

    return Content(
        load=load, etag=etag or etag_of(data), content_type=content_type, cache_control=cache_control
    )


def etag_of(data: bytes) -> str:
    """A strong validator for bytes, or for whatever determines them."""
    return f'"{sha256(data).hexdigest()[:32]}"'


async def deliver(request: Request, content: Content) -> Response:
    """200, 206, 304, 405 or 416; loaded only where it is needed.

    Several ranges, and ranges that are no ranges, get all of it.
    """
    if request.method not in READING:
        return refusal(405, headers=ALLOW_READING)
    common = (
        ("etag", content.etag),
        ("cache-control", content.cache_control),
        # Whoever verifies in a browser reads from another site; nothing here depends on who asks.
        ("access-control-allow-origin", "*"),
        ("x-content-type-options", "nosniff"),
    )
    if _matches(request.headers.get("if-none-match", ""), content.etag):
        return Response(status=304, headers=common)
    headers = (*common, ("content-type", content.content_type), ("accept-ranges", "bytes"))
    body = await content.load()
    length = body.length
    wanted = request.headers.get("range", "") if request.method == "GET" else ""
    found = _RANGE.fullmatch(wanted)
    if found is None or request.headers.get("if-range", content.etag) != content.etag:
        return Response(status=200, headers=headers, body=body)
    first, last, suffix = found.groups()
    if suffix is not None:
        start, stop = max(length - int(suffix), 0), length
    else:
        start, stop = int(first), min(int(last) + 1, length) if last else length
        if last and int(last) < start:
            return Response(status=200, headers=headers, body=body)
    if start >= stop:
        return refusal(416, headers=(("content-range", f"bytes */{length}"),))
    part = ("content-range", f"bytes {start}-{stop - 1}/{length}")
    return Response(status=206, headers=(*headers, part), body=body, start=start, stop=stop)


def _matches(header: str, etag: str) -> bool:
    """Whether one of the listed validators is this one, compared weakly (RFC 9110 section 13.1.2)."""
    return header.strip() == "*" or etag in {item.strip().removeprefix("W/") for item in header.split(",")}
