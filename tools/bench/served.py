"""The ledger's server as a process of its own: `python -m bench.served FOLDER`.

Beside serving it notes when each commit became durable, so that a subscriber's delay can be told.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.children import serve_until_closed
from ledger_server.directory import LedgerDirectory
from ledger_server.wiring import start_server

if TYPE_CHECKING:
    from ledger.app.ledger import Ledger


async def _note_commits(ledger: Ledger, commits: list[tuple[int, int]]) -> None:
    size = ledger.size
    while True:
        size = await ledger.wait_beyond(size)
        commits.append((size, time.monotonic_ns()))


async def _serve(folder: Path) -> None:
    directory = LedgerDirectory(folder)
    ledger = directory.open()
    server = await start_server(ledger, listen="127.0.0.1:0", tls=directory.tls_files)
    commits: list[tuple[int, int]] = []
    noting = asyncio.create_task(_note_commits(ledger, commits))

    async def stop() -> dict[str, Any]:
        noting.cancel()
        await server.stop()
        await ledger.close()
        return {"commits": commits}

    await serve_until_closed(server.port, stop)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
