"""Take part in the embedded server of a home folder: join the one that runs, or start it."""

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resources.database.embedded.errors import EmbeddedServerStartError, EmbeddedServerUnsupportedError
from resources.database.embedded.layout import ServerLayout
from resources.database.embedded.lease_protocol import MAX_LINE_BYTES, decode, encode, new_nonce, proof
from resources.database.embedded.private_files import read_json

logger = logging.getLogger(__name__)

ACQUIRE_SECONDS = 90.0
_GREETING_SECONDS = 5.0
_POLL_SECONDS = 0.05
#: the code of supervisor.EXIT_ALREADY_SUPERVISED (importing it here would only cost time)
_EXIT_ALREADY_SUPERVISED = 75


@dataclass(frozen=True)
class ServerHandle:
    """A running embedded server.

    Attributes
    ----------
    host, port, user, password
        How to connect (TCP, scram-sha-256); ``user`` may create databases.
    data_dir
        PGDATA.
    postgres_pid, supervisor_pid
        The two processes, for diagnostics.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    data_dir: Path
    postgres_pid: int
    supervisor_pid: int


@dataclass
class _Lease:
    handle: ServerHandle
    connection: socket.socket

    def alive(self) -> bool:
        """Whether the supervisor still holds its end open."""
        try:
            return self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False


_leases: dict[Path, _Lease] = {}
#: supervisors that this process started; kept so that they are reaped, they outlive it otherwise unharmed
_started: list["subprocess.Popen[bytes]"] = []
_guard = threading.Lock()


def acquire_embedded_server(home: Path) -> ServerHandle:
    """The embedded server of ``home``, kept running until this process ends (however it ends).

    Idempotent within a process, and cheap (a system call) while the server runs. If the server was killed in
    between, it is started again, on the same port where that is still free.

    Raises
    ------
    EmbeddedServerUnsupportedError
        On Windows, or where the wheel has no binaries for this machine.
    EmbeddedServerStartError
        If it does not start; the message holds the end of its log.
    """
    if sys.platform == "win32":
        raise EmbeddedServerUnsupportedError(
            "the embedded Postgres needs a POSIX system (locks, sessions, signals): on Windows install Postgres and "
            "name it in OPTIX_DATABASE_URL, or work in WSL"
        )
    layout = ServerLayout.of_home(home)
    with _guard:
        held = _leases.get(layout.folder)
        if held is not None and held.alive():
            return held.handle
        if held is not None:
            held.connection.close()
            del _leases[layout.folder]
        lease = _obtain(layout)
        _leases[layout.folder] = lease
        return lease.handle


def release_embedded_server(home: Path) -> None:
    """Give the lease back before the process ends; nothing if there is none. Close connections first."""
    layout = ServerLayout.of_home(home)
    with _guard:
        held = _leases.pop(layout.folder, None)
        if held is not None:
            held.connection.close()


def _obtain(layout: ServerLayout) -> _Lease:
    from resources.database.embedded.folder_lock import is_locked
    from resources.database.embedded.installation import wheel_folder

    wheel = wheel_folder()
    layout.make_folder()
    deadline = time.monotonic() + ACQUIRE_SECONDS
    child: subprocess.Popen[bytes] | None = None
    while time.monotonic() < deadline:
        lease = _join(layout)
        if lease is not None:
            return lease
        if child is not None and child.poll() is not None:
            if child.returncode not in (0, _EXIT_ALREADY_SUPERVISED):
                raise EmbeddedServerStartError(
                    f"the embedded Postgres of {layout.folder} did not start "
                    f"(its supervisor ended with {child.returncode}):\n{_log_end(layout)}"
                )
            child = None  # another one was faster, or ours found nobody in time
        if child is None and not is_locked(layout.lock):
            child = _start_supervisor(layout, wheel)
        time.sleep(_POLL_SECONDS)
    raise EmbeddedServerStartError(
        f"no lease on the embedded Postgres of {layout.folder} within {ACQUIRE_SECONDS:.0f} s:\n{_log_end(layout)}"
    )


def _join(layout: ServerLayout) -> _Lease | None:
    """A lease from the supervisor that ``lease.json`` names; None where there is none at work."""
    try:
        offer = read_json(layout.lease)
    except FileNotFoundError:
        return None
    nonce = new_nonce()
    try:
        connection = socket.create_connection(("127.0.0.1", int(offer["port"])), timeout=_GREETING_SECONDS)
    except OSError:
        return None  # stopped meanwhile, or killed: the lock will tell
    try:
        connection.sendall(encode({"nonce": nonce}))
        answer = _read_answer(connection)
    except (OSError, ValueError):
        connection.close()
        return None
    if answer is None or answer.get("proof") != proof(str(offer["secret"]), nonce):
        connection.close()
        return None
    connection.settimeout(None)
    if answer["note"]:
        # nothing is wrong, so nothing is said on stderr
        logger.info("%s", answer["note"])
    stored = read_json(layout.credentials)
    handle = ServerHandle(
        host=str(answer["host"]),
        port=int(answer["port"]),
        user=str(stored["user"]),
        password=str(stored["password"]),
        data_dir=Path(str(answer["data"])),
        postgres_pid=int(answer["postgres_pid"]),
        supervisor_pid=int(answer["supervisor_pid"]),
    )
    return _Lease(handle, connection)


def _read_answer(connection: socket.socket) -> dict[str, Any] | None:
    received = b""
    while b"\n" not in received and len(received) < MAX_LINE_BYTES:
        part = connection.recv(MAX_LINE_BYTES)
        if not part:
            return None
        received += part
    return decode(received.split(b"\n", 1)[0])


def _start_supervisor(layout: ServerLayout, wheel: Path) -> "subprocess.Popen[bytes]":
    """A supervisor in a session of its own, without the environment's packages (it needs none and starts at once)."""
    sources = Path(__file__).resolve().parents[3]
    log = os.open(layout.supervisor_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            # -S: no site-packages; -P: whatever lies in the current folder must not shadow our packages
            [
                *(sys.executable, "-S", "-P", "-m", "resources.database.embedded.supervisor"),
                *(layout.folder, wheel),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "PYTHONPATH": str(sources)},
            start_new_session=True,
        )
    finally:
        os.close(log)
    _started.append(process)
    return process


def _log_end(layout: ServerLayout) -> str:
    from resources.database.embedded.postmaster import log_tail

    return log_tail(layout.supervisor_log)
