"""The library's mapper without its topics: records go in as they are and come out of a closed registry.

The library would import whatever module stored data names; here nothing is imported by name, and no
transcoder, compressor or cipher stands between the stored and the hashed bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eventsourcing.persistence import Mapper, StoredEvent, Transcoder

from ledger.store.errors import UnknownRecordType
from ledger.store.port import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventsourcing.domain import DomainEventProtocol


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedRecord(Record):
    """A record with the value that its bytes mean."""

    event: object


class LedgerMapper(Mapper[str]):
    """Maps `Record` to the library's stored event verbatim, and back through `decode`.

    `decode(type_name, data)` is the closed registry: it raises LookupError for a name that it does not
    know; its other errors, for bytes that do not parse, pass through.
    """

    def __init__(self, decode: Callable[[str, bytes], object]) -> None:
        super().__init__(transcoder=_NoTranscoder())
        self._decode = decode

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> StoredEvent:
        """The same four values under the library's names; raises TypeError for anything but a record."""
        if not isinstance(domain_event, Record):
            msg = f"only a record is stored, not {type(domain_event).__name__}"
            raise TypeError(msg)
        return domain_event.to_stored_event()

    def to_domain_event(self, stored_event: StoredEvent) -> DecodedRecord:
        """The record with its decoded event; raises `UnknownRecordType` with the name it met."""
        try:
            event = self._decode(stored_event.topic, stored_event.state)
        except LookupError as error:
            raise UnknownRecordType(
                f"record {stored_event.originator_version} of stream {stored_event.originator_id} has the "
                f"unknown type {stored_event.topic}",
                hint="Use the release that wrote it, or a newer one.",
            ) from error
        return DecodedRecord(
            stream_id=str(stored_event.originator_id),
            stream_version=stored_event.originator_version,
            type_name=stored_event.topic,
            data=stored_event.state,
            event=event,
        )


class _NoTranscoder(Transcoder):
    """Stands where the library wants a transcoder, and refuses to be used."""

    def encode(self, obj: Any) -> bytes:
        raise NotImplementedError

    def decode(self, data: bytes) -> Any:
        raise NotImplementedError
