"""``optix dev``: Dagster UI, daemon, code server and embedded Postgres, stopped cleanly by one Ctrl-C.

One code server serves the UI, the daemon and the runs. With a ``python_module`` workspace the UI and the daemon
load the definitions each for itself, the daemon anew every minute.
"""

import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from optix_pipeline.cli.data_option import use_data_folder
from optix_pipeline.cli.servers import Servers
from optix_pipeline.document_server import serve_documents
from optix_pipeline.session import dagster_home, open_session
from resources.home import generated_folder, lake_uri, optix_home

#: from the start of a server to its answer; a cold cache on a busy machine takes half a minute
START_SECONDS = 180.0
_LAST_PORT = 65535
CODE_LOCATION = "optix_pipeline.code_location"


class _Signals:
    """SIGINT, SIGTERM and SIGHUP ask for the end; what comes after the first changes nothing."""

    def __init__(self) -> None:
        self.stopping = False
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._ask)

    def _ask(self, signum: int, frame: FrameType | None) -> None:
        self.stopping = True


def run_dev(*, port: int, documents_port: int | None, data: Path | None) -> None:
    """Serve until a signal arrives; documents without a port of their own get the next one.

    Raises
    ------
    ValueError
        If there is no next port.
    OSError
        If a port is taken, or one of the servers ends by itself.
    """
    use_data_folder(data)
    if documents_port is None:
        documents_port = port + 1
        if documents_port > _LAST_PORT:
            raise ValueError(f"--port {port} leaves no next port for --documents-port; name one")
    if port == documents_port:
        raise OSError(
            f"port {port} cannot be both --port and --documents-port; choose another for one of them"
        )
    _require_free(port, "--port")
    _require_free(documents_port, "--documents-port")
    home = dagster_home()
    _pin_environment()
    signals = _Signals()
    open_session()  # holds the database for as long as this process lives
    with (
        serve_documents(optix_home(), documents_port) as documents,
        _scratch_folder() as scratch,
        Servers(home, scratch) as servers,
    ):
        # runs write it into the metadata of what they make
        os.environ["OPTIX_DOCUMENTS_URL"] = os.environ.get("OPTIX_DOCUMENTS_URL") or documents
        print(f"OPTIX: Data Docs and tear sheets are at {documents}", flush=True)
        _serve(servers, scratch, port, signals)
    print("OPTIX: stopped", flush=True)


def _serve(servers: Servers, scratch: Path, port: int, signals: _Signals) -> None:
    code_socket = scratch / "code.sock"
    code_server = ["dagster", "code-server", "start", "-m", CODE_LOCATION, "--location-name", "optix"]
    # runs are started with this environment's Python, whatever stands first on the PATH
    code_server += ["--use-python-environment-entry-point", "--log-level", "warning"]
    servers.start([*code_server, "--socket", str(code_socket)])
    if not _wait(lambda: _listens(code_socket), servers, signals):
        return
    workspace = scratch / "workspace.yaml"
    workspace.write_text(
        f"load_from:\n  - grpc_server:\n      socket: {code_socket}\n      location_name: optix\n"
    )
    at = ["-h", "127.0.0.1", "-p", str(port)]
    servers.start(["dagster_webserver", *at, "--dagster-log-level", "warning", "-w", str(workspace)])
    servers.start(["dagster._daemon", "run", "--log-level", "warning", "-w", str(workspace)])
    if not _wait(lambda: _answers(port), servers, signals):
        return
    print(f"OPTIX: the Dagster UI is at http://127.0.0.1:{port} (Ctrl-C stops everything)", flush=True)
    while not signals.stopping:
        servers.check()
        time.sleep(0.2)


def _wait(ready: Callable[[], bool], servers: Servers, signals: _Signals) -> bool:
    """Until ready; False if a signal came first.

    Raises
    ------
    OSError
        If a server ended, or the wait took longer than START_SECONDS.
    """
    deadline = time.monotonic() + START_SECONDS
    while not signals.stopping:
        if ready():
            return True
        servers.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"the Dagster UI did not start within {START_SECONDS:.0f} s; its log is above")
        time.sleep(0.1)
    return False


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    """A private folder with a short path: a socket's may have 100 characters at most."""
    folder = Path(tempfile.mkdtemp(prefix="optix-dev-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pin_environment() -> None:
    """Children run in DAGSTER_HOME: paths relative to this folder must be absolute for them."""
    os.environ["OPTIX_HOME"] = str(optix_home())
    generated_folder()
    uri = lake_uri()
    if "://" not in uri:
        os.environ["OPTIX_LAKE_URI"] = str(Path(uri).resolve())
    for name in ("OPTIX_STUDIES", "OPTIX_UNIVERSES"):
        if os.environ.get(name):
            folders = [str(Path(p).expanduser().resolve()) for p in os.environ[name].split(os.pathsep) if p]
            os.environ[name] = os.pathsep.join(folders)
    if os.environ.get("OPTIX_REAL_DATA"):
        os.environ["OPTIX_REAL_DATA"] = str(Path(os.environ["OPTIX_REAL_DATA"]).expanduser().resolve())


def _require_free(port: int, option: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise OSError(f"port {port} on 127.0.0.1 is taken; choose another with {option}") from None


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
