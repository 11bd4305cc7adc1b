"""Page tokens: good for one list, one filter and one ledger, and strictly read."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import Any

import pytest

from ledger_server.limits import MAX_SCANNED
from ledger_server.pages import Page, Pager, Slice, cut


@dataclass
class Request:
    """A list request."""

    page_size: int = 0
    page_token: str = ""


class Ended(Exception):
    """The call was refused."""


class Context:
    """A context that only refuses."""

    async def abort_with_status(self, status: Any) -> None:
        raise Ended(status.code.name)


def opened(
    token: str = "",
    *,
    size: int = 2,
    listing: str = "vouchers",
    filters: tuple[bytes, ...] = (),
    tree: int = 9,
) -> Page:
    """The page of a ledger of `tree` events that the token names."""
    request, context = Request(size, token), Context()
    pager = Pager(bytes(16))
    return asyncio.run(
        pager.open(request, context, listing=listing, tree_size=tree, filters=filters)  # type: ignore[arg-type]
    )


def refused(token: str, **other: Any) -> bool:
    """Whether the token is refused."""
    try:
        opened(token, **other)
    except Ended as ended:
        return str(ended) == "INVALID_ARGUMENT"
    return False


def test_pages_follow_each_other_without_gap_or_repetition() -> None:
    """Rows that come in between are not on later pages."""
    table, seen, token = list(range(5)), list[int](), ""
    while True:
        page = opened(token, tree=len(table))
        part = cut(page, table, lambda row, page=page: row < page.first_size)  # type: ignore[misc]
        seen += part.items
        token = page.token(part.next_position)
        table.append(len(table))
        if not token or len(seen) > 5:
            break
    assert seen == [0, 1, 2, 3, 4]


def test_an_unfilled_page_after_many_rows_has_a_next_one() -> None:
    """A filter that matches nothing costs bounded time a page."""
    page = opened(size=2)
    assert cut(page, range(MAX_SCANNED + 1), lambda _: False) == Slice([], MAX_SCANNED)


def test_a_token_is_bound_to_list_filter_and_log() -> None:
    """Used for anything else it is refused."""
    token = opened(filters=(b"a",)).token(2)
    assert opened(token, filters=(b"a",)).position == 2
    assert refused(token, filters=(b"b",))
    assert refused(token, listing="programmes", filters=(b"a",))
    assert refused(token, filters=(b"a",), tree=8)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token + "A",
        lambda token: token[:-1],
        lambda token: " " + token,
        lambda token: token + "\n",
        lambda _: base64.urlsafe_b64encode(bytes(33)).decode(),
        lambda _: "页" * 44,
        lambda token: ("B" if token[5] != "B" else "C").join((token[:5], token[6:])),
    ],
)
def test_a_spoiled_token_is_refused(spoil: Any) -> None:
    """Every byte of a token counts, and so does its spelling."""
    assert refused(spoil(opened().token(2)))


def test_a_page_has_at_most_500_items() -> None:
    """A larger page is refused, none given means 100."""
    assert refused("", size=501)
    assert opened(size=0).size == 100
