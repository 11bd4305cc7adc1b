"""The ledger's state as the domain's questions may see it for an answer: what is durable and nothing else.

While a batch is being written its effects are in the state's overlay and may still be lost. This module must
not change a state.
"""

from __future__ import annotations

from typing import Any

from ledger.domain.state import State


class Committed(State):
    """A state without its overlay: each table is the mapping of what is committed in it."""

    def __init__(self, state: State) -> None:  # it has no tables of its own
        self._state = state

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name).base
