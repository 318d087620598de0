"""The supervisor's side of the leases: a loopback socket whose open connections are the server's users."""

import selectors
import socket
import time

from resources.database.embedded.lease_protocol import MAX_LINE_BYTES, decode, encode, proof

#: a connection that has not greeted by then is dropped; it is nobody's lease
GREETING_SECONDS = 5.0


class LeaseServer:
    """Counts clients. TCP on loopback, not a unix socket: those allow paths of about 100 characters only."""

    def __init__(self, secret: str, answer: dict[str, object]) -> None:
        self._secret = secret
        self._answer = answer
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        #: connections that have not greeted yet: bytes so far, when they came
        self._greeting: dict[socket.socket, tuple[bytes, float]] = {}
        self._leases: set[socket.socket] = set()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def count(self) -> int:
        """How many clients hold the server."""
        return len(self._leases)

    def watch(self, wakeup: socket.socket) -> None:
        """Also return from ``step`` when ``wakeup`` (the signals' socket) becomes readable."""
        self._selector.register(wakeup, selectors.EVENT_READ)

    def step(self, timeout_seconds: float) -> None:
        """Wait for something to happen and deal with it."""
        for key, _ in self._selector.select(timeout_seconds):
            connection = key.fileobj
            if connection is self._listener:
                self._accept()
            elif isinstance(connection, socket.socket):
                if connection in self._leases or connection in self._greeting:
                    self._read(connection)
                else:
                    connection.recv(4096)  # the wakeup socket
        now = time.monotonic()
        for connection, (_, since) in list(self._greeting.items()):
            if now - since > GREETING_SECONDS:
                self._drop(connection)

    def close(self) -> None:
        """Stop listening and end every lease."""
        self._selector.unregister(self._listener)
        self._listener.close()
        for connection in [*self._leases, *self._greeting]:
            self._drop(connection)
        self._selector.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # gone before we came to it
        connection.setblocking(False)
        self._greeting[connection] = (b"", time.monotonic())
        self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        try:
            received = connection.recv(MAX_LINE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            received = b""  # reset: the client was killed
        if not received:
            self._drop(connection)
            return
        if connection in self._leases:
            return  # nothing more is said on a lease
        buffered, since = self._greeting[connection]
        buffered += received
        if b"\n" not in buffered:
            if len(buffered) > MAX_LINE_BYTES:
                self._drop(connection)
            else:
                self._greeting[connection] = (buffered, since)
            return
        try:
            nonce = decode(buffered.split(b"\n", 1)[0])["nonce"]
            # a line of some 200 bytes fits any socket's empty buffer: never a partial send
            connection.send(encode({**self._answer, "proof": proof(self._secret, str(nonce))}))
        except (ValueError, KeyError, OSError):
            self._drop(connection)
            return
        del self._greeting[connection]
        self._leases.add(connection)

    def _drop(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        self._greeting.pop(connection, None)
        self._leases.discard(connection)
        connection.close()
