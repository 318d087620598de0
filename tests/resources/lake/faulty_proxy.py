"""A proxy in front of an object store that fails as it is told: what networks and busy stores do now and then."""

import http.client
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_ERROR = (
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
)


@dataclass(frozen=True)
class Seen:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Fault:
    """What happens to the next ``times`` requests of a method.

    Attributes
    ----------
    kind
        ``status`` (an answer of the proxy's own), ``reset`` (connection broken before the request is passed on),
        ``reset_after`` (after it), ``truncate`` (half the body, then the end), ``damage`` (a byte of the answer),
        ``damage_upload`` (a byte of the request) or ``slow``.
    """

    method: str
    kind: str
    times: int = 1
    status: int = 500
    code: str = "InternalError"
    message: str = "We encountered an internal error. Please try again."
    seconds: float = 0.0


@dataclass
class FaultyProxy:
    """``with FaultyProxy(host, port) as proxy``: ``proxy.endpoint`` is the store, with ``proxy.faults``."""

    host: str
    port: int
    faults: list[Fault] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    def __enter__(self) -> "FaultyProxy":
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self._lock = threading.Lock()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def next_fault(self, method: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.method == method and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def methods(self) -> list[str]:
        return [request.method for request in self.seen]


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has given up waiting is part of the play."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    owner: FaultyProxy
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.owner.seen.append(Seen(self.command, self.path, dict(self.headers.items())))
        fault = self.owner.next_fault(self.command)
        kind = fault.kind if fault else ""
        if fault and kind == "slow":
            time.sleep(fault.seconds)
        if fault and kind == "status":
            text = _ERROR.format(code=fault.code, message=fault.message).encode()
            self._answer(fault.status, [("Content-Type", "application/xml")], text)
            return
        if kind == "reset":
            self._reset()
            return
        if kind == "damage_upload":
            body = bytes([body[0] ^ 1]) + body[1:]
        status, headers, content = self._passed_on(body)
        if kind == "reset_after":
            self._reset()
        elif kind == "truncate":
            self._answer(status, headers, content, sent=len(content) // 2)
        elif kind == "damage":
            self._answer(status, headers, bytes([content[0] ^ 1]) + content[1:])
        else:
            self._answer(status, headers, content)

    do_GET: Callable[["_Handler"], None] = _serve
    do_PUT: Callable[["_Handler"], None] = _serve
    do_HEAD: Callable[["_Handler"], None] = _serve
    do_POST: Callable[["_Handler"], None] = _serve
    do_DELETE: Callable[["_Handler"], None] = _serve

    def _passed_on(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self.owner.host, self.owner.port, timeout=30)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _answer(
        self, status: int, headers: list[tuple[str, str]], content: bytes, sent: int | None = None
    ) -> None:
        self.send_response_only(status)
        length = str(len(content))
        for name, value in headers:
            if name.lower() == "content-length":
                length = value  # of a HEAD it is the object's
            elif name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[:sent])
            self.wfile.flush()
        if sent is not None:
            self._reset()

    def _reset(self) -> None:
        self.close_connection = True
        # no lingering: the peer sees a reset, not an orderly end
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
