"""The library's application over a ledger store: where recorder, mapper and notification log meet.

It is configured by arguments alone: no environment variable is read and no topic resolved. Aggregates,
`save()`, snapshots and caches of the library are not part of a ledger; writing is the sequencer's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from eventsourcing.application import Application
from eventsourcing.utils import Environment

from ledger.store.factory import store_factory, store_settings
from ledger.store.mapper import LedgerMapper
from ledger.store.port import LedgerRecorder

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventsourcing.persistence import InfrastructureFactory
    from eventsourcing.utils import EnvType

    from ledger.store.location import StoreLocation


class LedgerApplication(Application[str]):
    """The store at `location`, open: `recorder` writes and reads, `events.get(stream_id)` reads a stream.

    With `create` the tables are made for `ledger_id` (as by init and migrate); without, the store must be
    there, and be that ledger's if one is named. `decode(type_name, data)` is the closed registry of events.
    Raises `StoreMissing`, `StoreForeign` or `StoreDamaged` for what may not be opened.
    """

    recorder: LedgerRecorder

    def __init__(
        self,
        location: StoreLocation,
        *,
        decode: Callable[[str, bytes], object],
        ledger_id: bytes | None = None,
        create: bool = False,
        lock_timeout_ms: int = 5_000,
    ) -> None:
        self._location = location
        self._decode = decode
        super().__init__(
            store_settings(location, ledger_id=ledger_id, create=create, lock_timeout_ms=lock_timeout_ms)
        )

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """The given settings alone; the library's would add those of the process."""
        del name
        return Environment("", dict(env or {}))

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """The factory of the adapter that the location names."""
        return store_factory(self._location, env)

    def construct_mapper(self) -> LedgerMapper:
        """The mapper over the closed registry."""
        return LedgerMapper(self._decode)

    def construct_recorder(self) -> LedgerRecorder:
        """The recorder, its tables made or checked."""
        recorder = super().construct_recorder()
        if not isinstance(recorder, LedgerRecorder):
            msg = f"{type(recorder).__name__} is no ledger recorder"
            raise TypeError(msg)
        return recorder

    def save(self, *objs: Any, **kwargs: Any) -> NoReturn:
        """Not part of a ledger: `recorder.insert_events` with a batch is the one way to write."""
        raise NotImplementedError
