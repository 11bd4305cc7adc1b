"""A tile log that any web server hosts, as a source: files are fetched a little ahead of their use."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from ledger.proof.tiles import TILE_WIDTH, TilePath, bundle_at
from ledger_audit.http_exchange import Url
from ledger_audit.http_fetching import Fetcher, Patience, tls_context
from ledger_audit.tile_source import TileSource, size_limit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger_audit.tile_source import Chunk

_PARALLEL = 4
_AHEAD = 4
"""Bundles fetched before they are used; four of the largest are 64 MiB."""
_KEPT = 4
"""Bundles kept for who reads entries here and there."""


class HttpSource(TileSource):
    """A C2SP tlog-tiles log below an http(s) address; `ca` has the only authorities to trust for https.

    Workers do not read it themselves: a hostile server might give them other bytes than the one who folds.
    """

    def __init__(self, url: str, *, ca: Path | None = None, patience: Patience | None = None) -> None:
        self._fetcher = Fetcher(Url.parse(url), tls=tls_context(ca), patience=patience)
        self._ahead: dict[str, Future[bytes]] = {}
        self._kept: dict[TilePath, list[bytes]] = {}
        self._tiles_are_used = False

    def read(self, name: str, *, limit: int) -> bytes:
        """The file, perhaps fetched already."""
        future = self._ahead.pop(name, None)
        return self._fetcher.get(name, limit=limit) if future is None else future.result()

    def close(self) -> None:
        """Drop the connections."""
        self._fetcher.close()

    def tile(self, path: TilePath) -> bytes:
        """The tile; once tiles of level 0 are asked for, they are fetched beside their bundles."""
        self._tiles_are_used |= path.level == 0
        return super().tile(path)

    def chunks(self, *, start: int, stop: int, size: int) -> Iterator[Chunk]:
        """One chunk a bundle, in order, while the next ones are on their way."""
        last = -(-stop // TILE_WIDTH)
        asked = start // TILE_WIDTH
        if last - asked <= 1:
            yield start, self._few(bundle_at(index=asked, size=size), start, stop)
            return
        # A fetcher of its own: when this ends early, what is still under way is given up with it.
        fetcher = Fetcher(self._fetcher.url, tls=self._fetcher.tls, patience=self._fetcher.patience)
        pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="fetch")
        try:
            for bundle in range(asked, last):
                while asked < min(bundle + _AHEAD, last):
                    self._ask(pool, fetcher, bundle_at(index=asked, size=size))
                    asked += 1
                first = bundle * TILE_WIDTH
                part = (max(start, first), min(stop, first + TILE_WIDTH))
                yield from super().chunks(start=part[0], stop=part[1], size=size)
                # Nobody has to have asked for the tile.
                self._ahead.pop(TilePath(0, bundle, bundle_at(index=bundle, size=size).width).render(), None)
        finally:
            self._ahead.clear()
            fetcher.close()
            pool.shutdown(wait=False, cancel_futures=True)

    def _few(self, path: TilePath, start: int, stop: int) -> list[bytes]:
        """Entries of one bundle, which is kept for a while."""
        first = path.index * TILE_WIDTH
        entries = self._kept.pop(path, None)
        if entries is None:
            entries = self._bundle(path, first)
        self._kept[path] = entries
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return entries[start - first : stop - first]

    def _ask(self, pool: ThreadPoolExecutor, fetcher: Fetcher, bundle: TilePath) -> None:
        paths = [bundle]
        if self._tiles_are_used:
            paths.append(TilePath(0, bundle.index, bundle.width))
        for path in paths:
            name = path.render()
            self._ahead[name] = pool.submit(fetcher.get, name, limit=size_limit(path))
