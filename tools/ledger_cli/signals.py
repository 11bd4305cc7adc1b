"""Running until a signal ends a program in good order."""

from __future__ import annotations

import asyncio
import signal


def ending() -> asyncio.Future[signal.Signals]:
    """Set when SIGTERM or ctrl-C comes, to which of them it was; called inside a running event loop."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[signal.Signals] = loop.create_future()

    def end(name: signal.Signals) -> None:
        if not ended.done():
            ended.set_result(name)

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, end, name)
    return ended
