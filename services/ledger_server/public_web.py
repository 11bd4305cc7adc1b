"""The log as static files over HTTP (C2SP tlog-tiles): checkpoint, hash tiles and, where opened, entries.

Whatever is answered here anyone may read and check. It must not write, nor show what is not under a signed
checkpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.errors import MalformedError
from ledger.proof.tiles import TILE_WIDTH, TilePath
from ledger.proof.tlog_witness import log_path
from ledger.web.content import ALLOW_READING, IMMUTABLE, OCTETS, READING, Content, deliver, etag_of, held
from ledger.web.messages import refusal, text
from ledger.web.server import serve_web
from ledger_server.bundle_body import BundleBody

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from ledger.web.address import Address
    from ledger.web.messages import Body, Request, Response
    from ledger.web.server import WebServer
    from ledger_server.port import LedgerPort
    from ledger_server.telemetry import Metrics

CHECKPOINT: Final = "checkpoint"
_CLOSED: Final = (
    "403 entries of this log are not open to the public; read them over gRPC with a registered certificate, "
    "or ask the operator for an export"
)


class PublicWeb:
    """Answers GET and HEAD for the paths of one log."""

    def __init__(self, ledger: LedgerPort, *, open_entries: bool) -> None:
        self._ledger = ledger
        self._open_entries = open_entries
        self._witnessed_path = log_path(ledger.origin)

    async def __call__(self, request: Request) -> Response:
        """The answer to a request."""
        path = request.path.removeprefix("/")
        if path in {CHECKPOINT, self._witnessed_path}:
            return await self._checkpoint(request, path)
        try:
            tile = TilePath.parse(path)
        except MalformedError:
            return refusal(404)
        if request.method not in READING:
            return refusal(405, headers=ALLOW_READING)
        if tile.level is None and not self._open_entries:
            return text(403, _CLOSED)
        return await self._tile(request, tile)

    async def _checkpoint(self, request: Request, path: str) -> Response:
        publication = self._ledger.publication
        found = publication.shown if path == CHECKPOINT else publication.witnessed
        if found is None:
            return text(404, "404 there is no such checkpoint yet")
        return await deliver(request, held(found.note))

    async def _tile(self, request: Request, tile: TilePath) -> Response:
        """A tile, or the bundle whose leaves are those of the tile on level 0."""
        try:
            hashes = await self._ledger.tile(tile.level or 0, tile.index, tile.width)
        except KeyError:
            return text(404, "404 there is no such tile under the newest checkpoint")
        if tile.level is not None:
            return await deliver(request, held(hashes, content_type=OCTETS, cache_control=IMMUTABLE))

        async def load() -> Body:
            bundle = BundleBody(self._ledger, first=tile.index * TILE_WIDTH, width=tile.width)
            return await bundle.measure()

        # The hashes of the entries determine the bundle, so that nobody has to read it to see it unchanged.
        etag = etag_of(b"entries" + hashes)
        return await deliver(
            request, Content(load=load, etag=etag, content_type=OCTETS, cache_control=IMMUTABLE)
        )


async def serve_public(
    ledger: LedgerPort, listen: Address, *, open_entries: bool, metrics: Metrics, log: FilteringBoundLogger
) -> WebServer:
    """Serve the log at an address; AddressUnavailable if it is taken."""
    paths = PublicWeb(ledger, open_entries=open_entries)

    def answered(request: Request, status: int) -> None:
        metrics.web_requests.labels(kind=_kind(request.path), code=str(status)).inc()

    def failed(where: str, error: Exception) -> None:
        log.error("http fault", where=where, exc_info=error)

    server = await serve_web(paths, listen=listen, on_answer=answered, on_fault=failed)
    metrics.web_connections.set_function(lambda: float(server.connections))
    return server


def _kind(path: str) -> str:
    """One of a few words for a path, whatever clients ask for."""
    if path.endswith("/checkpoint"):
        return "checkpoint"
    if path.startswith("/tile/"):
        return "entries" if path.startswith("/tile/entries/") else "tile"
    return "other"
