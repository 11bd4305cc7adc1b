"""The base of the servicers that write: their parts, and a handler for every act of their service.

A writing RPC is a row in the table of acts and one in the table of access; its handler comes from here. This
module must not know any act.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.message_factory import GetMessageClass

from ledger_server.acts import ACTS
from ledger_server.methods import METHODS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from google.protobuf.message import Message
    from grpc import aio

    from ledger_server.pages import Pager
    from ledger_server.port import LedgerPort
    from ledger_server.writes import Writer, WriteRequest

    Context = aio.ServicerContext[Any, Any]
    Handler = Callable[["WritingServicer", WriteRequest, Context], Awaitable[Message]]


class WritingServicer:
    """A servicer whose class has a method for each act of `service`, the full name of the gRPC service.

    A method that the class defines itself stays its own. It comes first among the bases, before the
    generated class, whose methods answer that they are not implemented.
    """

    def __init_subclass__(cls, *, service: str) -> None:
        """Attach the writing methods."""
        super().__init_subclass__()
        for path, act in ACTS.items():
            owner, _, name = path[1:].partition("/")
            if owner == service and name not in vars(cls):
                setattr(cls, name, _handler(path, act))

    def __init__(self, *, ledger: LedgerPort, writer: Writer, pager: Pager) -> None:
        self._ledger = ledger
        self._writer = writer
        self._pager = pager


def _handler(path: str, act: str) -> Handler:
    response = GetMessageClass(METHODS[path].output_type)

    async def write(self: WritingServicer, request: WriteRequest, context: Context) -> Message:
        return response(receipt=await self._writer.receipt(request, context, act=act))

    return write
