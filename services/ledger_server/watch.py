"""Whether the caller of an open stream is still admitted, asked again and again while it runs."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ledger_server.access import Caller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.app.outcomes import Refused
    from ledger_server.identity import Peer


class AccessWatch:
    """Asks `still` every `every_s` seconds; `lost` is why the caller is not admitted any more."""

    def __init__(self, still: Callable[[], Refused | None], *, every_s: float) -> None:
        self._still = still
        self._every_s = every_s
        self._timer: asyncio.TimerHandle | None = None
        self.lost: Refused | None = None

    @contextmanager
    def over(self, peer: Peer) -> Iterator[None]:
        """Watch over the present task: its work ends, without an error, as soon as access is lost.

        A cancellation that comes from elsewhere passes through.
        """
        if peer.callers == {Caller.ANYONE}:
            yield
            return
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a stream is served outside a task")
        self._ask_later(task)
        try:
            yield
        except asyncio.CancelledError:
            if self.lost is None or task.uncancel() > 0:
                raise
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def _ask_later(self, task: asyncio.Task[Any]) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self._ask, task)

    def _ask(self, task: asyncio.Task[Any]) -> None:
        self.lost = self._still()
        if self.lost is None:
            self._ask_later(task)
        else:
            task.cancel()
