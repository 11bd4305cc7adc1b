"""Lists in pages: sizes, opaque tokens and slices of what is resident.

A token is good for one list of one ledger with one filter. It holds a position and the size of the log when
the first page was made: later pages show no entity that is younger, so that none is doubled or left out.
Every page shows its entities as they are at the page's own `as_of_size`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from ledger_server.limits import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, MAX_SCANNED
from ledger_server.status import malformed, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from grpc import aio

    Context = aio.ServicerContext[Any, Any]

T = TypeVar("T")

_BODY: Final = struct.Struct(">BQQ")
_TOKEN_VERSION: Final = 1
_TAG_BYTES: Final = 16
_TOKEN_BYTES: Final = _BODY.size + _TAG_BYTES


class PagedRequest(Protocol):
    """What the requests of all lists share."""

    @property
    def page_size(self) -> int:
        """Most items wanted."""

    @property
    def page_token(self) -> str:
        """Token of the page before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What to show: from `position` on at most `size` entities that were there at `first_size` events."""

    listing: bytes
    position: int
    size: int
    first_size: int

    def token(self, position: int | None) -> str:
        """The token of the page at `position`; empty where there is none."""
        if position is None:
            return ""
        body = _BODY.pack(_TOKEN_VERSION, position, self.first_size)
        return base64.urlsafe_b64encode(body + _tag(self.listing, body)).decode("ascii")


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """The entities of a page and the position of the next one, None after the last."""

    items: list[T]
    next_position: int | None


class Pager:
    """Opens pages of the lists of one ledger."""

    def __init__(self, ledger_id: bytes) -> None:
        self._ledger_id = ledger_id

    async def open(
        self,
        request: PagedRequest,
        context: Context,
        *,
        listing: str,
        tree_size: int,
        filters: tuple[bytes, ...] = (),
    ) -> Page:
        """The page that is asked for; or the call ends with MALFORMED naming size or token."""
        if request.page_size > MAX_PAGE_SIZE:
            text = f"a page has at most {MAX_PAGE_SIZE} items"
            await refuse(context, malformed(text), violations=[("page_size", text)])
        size = request.page_size or DEFAULT_PAGE_SIZE
        name = _listing(self._ledger_id, listing, filters)
        if not request.page_token:
            return Page(listing=name, position=0, size=size, first_size=tree_size)
        found = _parse(request.page_token, name)
        if found is None or found[1] > tree_size:
            text = "the page token is not one of this list"
            await refuse(context, malformed(text), violations=[("page_token", text)])
        return Page(listing=name, position=found[0], size=size, first_size=found[1])


def cut(page: Page, table: Collection[T], admits: Callable[[T], bool]) -> Slice[T]:
    """The page of a table that only grows at its end, looking at a bounded number of rows.

    A page may be short or even empty and still have a next one.
    """
    items: list[T] = []
    position = page.position
    for item in islice(table, page.position, page.position + MAX_SCANNED):
        if len(items) == page.size:
            break
        position += 1
        if admits(item):
            items.append(item)
    return Slice(items, position if position < len(table) else None)


def _listing(ledger_id: bytes, listing: str, filters: tuple[bytes, ...]) -> bytes:
    parts = (ledger_id, listing.encode(), *filters)
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


def _tag(listing: bytes, body: bytes) -> bytes:
    return hashlib.sha256(listing + body).digest()[:_TAG_BYTES]


def _parse(token: str, listing: bytes) -> tuple[int, int] | None:
    """(position, first size) of a token that this module made for the list."""
    try:
        data = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    if len(data) != _TOKEN_BYTES or base64.urlsafe_b64encode(data).decode("ascii") != token:
        return None
    body, tag = data[: _BODY.size], data[_BODY.size :]
    if tag != _tag(listing, body):
        return None
    version, position, first_size = _BODY.unpack(body)
    return (position, first_size) if version == _TOKEN_VERSION else None
