"""A local server that replays answers of the documented shape, with scripted faults."""

import http.server
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

Fault = Literal["none", "silent", "drip", "cut", "hang_up"]


@dataclass(frozen=True)
class Reply:
    """One answer; ``body`` is sent as JSON unless it is bytes.

    ``silent`` sends nothing for ``seconds``; ``drip`` sends a byte every ``seconds``; ``cut`` promises all of the
    body and closes after half of it; ``hang_up`` closes without a word.
    """

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    fault: Fault = "none"
    seconds: float = 0.0

    @property
    def payload(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Asked:
    """A request as the server saw it."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


class FakeClock:
    """Time passes only by sleeping."""

    def __init__(self, now: float = 1_772_000_000.0) -> None:
        self.time = now
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


Script = list[Reply] | Callable[[dict[str, str]], Reply]


class ReplayServer:
    """Answers each path by its script: replies one after the other (the last for ever), or a function of the query."""

    def __init__(self) -> None:
        self.scripts: dict[str, Script] = {}
        self.asked: list[Asked] = []
        replay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = dict(parse_qsl(parts.query))
                replay.asked.append(Asked(parts.path, query, {k.lower(): v for k, v in self.headers.items()}))
                self._send(replay._next(parts.path, query))

            def _send(self, reply: Reply) -> None:
                payload = reply.payload
                if reply.fault == "silent":
                    time.sleep(reply.seconds)
                if reply.fault == "hang_up":
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    if reply.fault == "cut":
                        self.wfile.write(payload[: len(payload) // 2])
                        self.close_connection = True
                    elif reply.fault == "drip":
                        for byte in payload:
                            self.wfile.write(bytes([byte]))
                            time.sleep(reply.seconds)
                    else:
                        self.wfile.write(payload)
                except OSError:
                    self.close_connection = True  # the client has had enough

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def on(self, path: str, *replies: Reply) -> None:
        """Script a path with replies."""
        self.scripts[path] = list(replies)

    def answer(self, path: str, function: Callable[[dict[str, str]], Reply]) -> None:
        """Script a path with a function of the query."""
        self.scripts[path] = function

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(asked.path == path for asked in self.asked)

    def _next(self, path: str, query: dict[str, str]) -> Reply:
        script = self.scripts.get(path)
        if script is None:
            return Reply({"error": f"the replay server has no {path}"}, status=404)
        if callable(script):
            return script(query)
        return script.pop(0) if len(script) > 1 else script[0]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
