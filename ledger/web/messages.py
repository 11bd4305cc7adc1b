"""Requests and responses as handlers see them, and bodies that are sent piece by piece."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

TEXT = "text/plain; charset=utf-8"


class Body(Protocol):
    """Bytes of a known length that are read when they are sent."""

    @property
    def length(self) -> int:
        """Number of bytes."""

    def chunks(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes [start, stop) in order, in pieces of any size."""


@dataclass(frozen=True, slots=True)
class BytesBody:
    """A body that is held in memory."""

    data: bytes

    @property
    def length(self) -> int:
        """Number of bytes."""
        return len(self.data)

    async def chunks(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes in one piece."""
        yield self.data[start:stop]


NOTHING = BytesBody(b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that was read to its end: `path` as it came, with any query; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What is answered: of the body only the bytes [start, stop) are sent."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: Body = NOTHING
    start: int = 0
    stop: int | None = None

    @property
    def length(self) -> int:
        """How many bytes are sent."""
        return (self.body.length if self.stop is None else self.stop) - self.start


def text(status: int, line: str, *, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """A short answer for a person, never cached."""
    return Response(
        status=status,
        headers=(("content-type", TEXT), ("cache-control", "no-store"), *headers),
        body=BytesBody(f"{line}\n".encode()),
    )


def refusal(status: int, *, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """The standard phrase of a status as an answer."""
    return text(status, f"{status} {HTTPStatus(status).phrase}", headers=headers)
