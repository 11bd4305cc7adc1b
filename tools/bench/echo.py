"""The bare peer of the unary path: a grpc.aio server under mutual TLS that answers with what it got.

`python -m bench.echo FOLDER` takes its certificates from the folder of a ledger.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, cast

import grpc
from grpc import aio

from bench.children import serve_until_closed
from ledger_server.directory import LedgerDirectory
from ledger_server.listening import credentials

SERVICE = "bench.Echo"
METHOD = f"/{SERVICE}/Say"


async def _say(request: bytes, context: aio.ServicerContext[Any, Any]) -> bytes:
    del context
    return request


async def _serve(folder: Path) -> None:
    server = aio.server(options=[("grpc.so_reuseport", 0)])
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(cast("Any", _say))
    service = grpc.method_handlers_generic_handler(SERVICE, {"Say": handler})
    server.add_generic_rpc_handlers((service,))
    secure = credentials(LedgerDirectory(folder).tls_files, ask_client=True)
    port = server.add_secure_port("127.0.0.1:0", secure)
    await server.start()

    async def stop() -> dict[str, Any]:
        await server.stop(None)
        return {}

    await serve_until_closed(port, stop)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
