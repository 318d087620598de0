"""S3 stores that go away while a command uses them, and come back."""

import contextlib
import socket
import threading
from pathlib import Path
from types import ModuleType


class CuttableProxy:
    """Passes bytes on to a server until it is cut; mended, it listens at the same port again."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_cut = False
        self.port = 0
        self.mend()

    def mend(self) -> None:
        self._is_cut = False
        self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Nobody listens any more, and every connection breaks."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            self._is_cut = True
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # cut
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(self._target)
                with self._lock:
                    if self._is_cut:  # accepted while it was being cut
                        client.close()
                        server.close()
                        return
                    self._open |= {client, server}
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):  # one side has ended
            while data := source.recv(1 << 16):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
        with self._lock:
            self._open.discard(source)


class CutOffMoto:
    """A server that is there all the time, reached by the commands through a proxy that is cut."""

    def __init__(self) -> None:
        from moto.server import ThreadedMotoServer

        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self._proxy = CuttableProxy(host, port)
        self.direct, self.endpoint = f"http://{host}:{port}", f"http://127.0.0.1:{self._proxy.port}"
        self.access_key = self.secret_key = "optix-test"
        self.go_away, self.come_back = self._proxy.cut, self._proxy.mend

    def stop(self) -> None:
        self._proxy.cut()
        self._server.stop()


class KilledCeph:
    """A real object store whose every daemon is killed with -9, and started again on what it had on its disk."""

    def __init__(self, module: ModuleType, folder: Path) -> None:
        self._gateway = module.CephGateway(folder)
        try:
            self._gateway.start()
        except BaseException:
            self._gateway.stop()
            raise
        self.direct = self.endpoint = self._gateway.endpoint
        self.access_key, self.secret_key = self._gateway.access_key, self._gateway.secret_key
        self.go_away, self.come_back = self._gateway.kill, self._gateway.start

    def stop(self) -> None:
        self._gateway.stop()
