"""Web servers for tests: one that can be hostile, and one that knows nothing of ledgers."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from support.waiting import until

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Web(BaseHTTPRequestHandler):
    """Serves a directory below /log, or what a test says for a path that contains a word."""

    protocol_version = "HTTP/1.1"
    root: Path
    url: str
    answers: dict[str, Callable[[Web], None]]
    asked: list[str]
    clients: list[int]
    posted: list[bytes]

    def do_GET(self) -> None:
        """Answer."""
        self.asked.append(self.path)
        self.clients.append(self.client_address[1])
        for word, answer in self.answers.items():
            if word in self.path:
                answer(self)
                return
        self.plain()

    def do_POST(self) -> None:
        """Keep what is posted."""
        self.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.answers.get("POST", lambda handler: handler.give(b""))(self)

    def plain(self) -> None:
        """The file, or 404."""
        path = self.root / self.path.removeprefix("/log/")
        self.give(path.read_bytes()) if path.is_file() else self.give(b"none", status=404)

    def give(self, data: bytes, *, status: int = 200, length: int | None = None, **headers: str) -> None:
        """An answer with a length that may be a lie."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Quiet(ThreadingHTTPServer):
    """Says nothing of clients that went away."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """They may."""


@contextmanager
def serving_web(directory: Path, *, tls: ssl.SSLContext | None = None) -> Iterator[type[Web]]:
    """A server of a directory in this process, on 127.0.0.1; its handler class has all that happens."""
    values = {"root": directory, "answers": {}, "asked": [], "clients": [], "posted": []}
    handler: Any = type("Handler", (Web,), values)
    server = _Quiet(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    handler.url = f"http{'s' if tls is not None else ''}://127.0.0.1:{server.server_address[1]}/log"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield handler
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def static_web(directory: Path) -> Iterator[str]:
    """A process that serves a directory and knows nothing of ledgers; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", str(directory)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: _answers(port), what="the web server answers")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
