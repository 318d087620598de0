"""The Postgres server process: start, readiness, orderly stop, and what a killed supervisor left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from resources.database.embedded.account import Account
from resources.database.embedded.data_folder import SERVER_ENVIRONMENT, folder_for_server
from resources.database.embedded.errors import EmbeddedServerStartError
from resources.database.embedded.installation import Installation
from resources.database.embedded.layout import ServerLayout
from resources.database.embedded.parent_death import signal_on_parent_death

HOST = "127.0.0.1"
#: for a laptop that does other work too; commits stay durable (fsync, full_page_writes are on by default)
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "fsync": "on",
    # one server, no replicas: less to write
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "checkpoint_timeout": "15min",
    # the queries are short: compiling them costs more than it saves
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    "log_checkpoints": "off",
}
START_SECONDS = 60.0
FAST_STOP_SECONDS = 30.0
IMMEDIATE_STOP_SECONDS = 10.0
ORPHAN_SECONDS = 40.0
LOG_BYTES = 5_000_000
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class PidFile:
    """What ``postmaster.pid`` says."""

    pid: int
    ready: bool


def read_pid_file(data: Path) -> PidFile | None:
    """``postmaster.pid``, or None where there is none (or a first line is still being written)."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    if not lines or not lines[0].strip().isdigit():
        return None
    return PidFile(int(lines[0]), len(lines) >= 8 and lines[7].strip() == "ready")


def free_port(preferred: int | None) -> int:
    """``preferred`` if nobody listens there, else any free port of the loopback address."""
    for candidate in (preferred, 0):
        if candidate is None:
            continue
        with socket.socket() as probe:
            # as Postgres does: a port in TIME_WAIT after the server before counts as free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((HOST, candidate))
                return int(probe.getsockname()[1])
    raise EmbeddedServerStartError(f"no free TCP port on {HOST}")


def start_postmaster(
    layout: ServerLayout, installation: Installation, account: Account | None, port: int
) -> "subprocess.Popen[bytes]":
    """Start Postgres on ``port`` and wait until it takes connections.

    The child has a session of its own (no signal from a terminal reaches it) and, on Linux, is asked to shut down
    in order when this process dies.

    Raises
    ------
    EmbeddedServerStartError
        If it ends or is not ready within START_SECONDS; the message holds the end of its log.
    """
    _keep_log_short(layout.server_log)
    log = os.open(layout.server_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        with folder_for_server(layout.data, account) as (name, descriptors):
            settings = [f"--{key}={value}" for key, value in SETTINGS.items()]
            process = subprocess.Popen(
                [installation.binary("postgres"), "-D", name, f"--port={port}", *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=SERVER_ENVIRONMENT,
                pass_fds=descriptors,
                start_new_session=True,
                # SIGINT is Postgres's own word for a fast, clean shutdown
                preexec_fn=signal_on_parent_death(signal.SIGINT),
                **(account.popen_arguments() if account else {}),
            )
    finally:
        os.close(log)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise EmbeddedServerStartError(
                f"Postgres ended with code {process.returncode}:\n{log_tail(layout.server_log)}"
            )
        written = read_pid_file(layout.data)
        if written is not None and written.pid == process.pid and written.ready:
            return process
        time.sleep(_POLL_SECONDS)
    stop_postmaster(process)
    raise EmbeddedServerStartError(
        f"Postgres was not ready after {START_SECONDS:.0f} s:\n{log_tail(layout.server_log)}"
    )


def stop_postmaster(process: "subprocess.Popen[bytes]") -> None:
    """Stop in order: fast shutdown, then immediate (recovers at the next start), then kill."""
    for signum, seconds in (
        (signal.SIGINT, FAST_STOP_SECONDS),
        (signal.SIGQUIT, IMMEDIATE_STOP_SECONDS),
        (signal.SIGKILL, IMMEDIATE_STOP_SECONDS),
    ):
        if process.poll() is not None:
            return
        process.send_signal(signum)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return
    raise EmbeddedServerStartError(f"Postgres (process {process.pid}) does not end, not even when killed")


def stop_orphan(data: Path) -> int | None:
    """End the server that a killed supervisor left on this folder; its process id, or None if there was none.

    Called by the holder of the folder's lock only: whatever runs there has no owner any more. A pid file whose
    process is another program's (the number was used again) is removed, as Postgres itself would not start on it.
    """
    left = read_pid_file(data)
    if left is None:
        return None
    if not _serves(left.pid, data):
        if _alive(left.pid):
            (data / "postmaster.pid").unlink(missing_ok=True)
        return None
    deadline = time.monotonic() + ORPHAN_SECONDS
    with suppress(ProcessLookupError):
        os.kill(left.pid, signal.SIGINT)
    while _serves(left.pid, data):
        if time.monotonic() > deadline:
            raise EmbeddedServerStartError(
                f"a Postgres without owner (process {left.pid}) on {data} does not stop; end it with kill -QUIT"
            )
        time.sleep(_POLL_SECONDS)
    return left.pid


def log_tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log file, for an error message."""
    if not path.exists():
        return f"({path} is empty)"
    text = path.read_text(errors="replace").splitlines()
    return "\n".join(text[-lines:])


def _keep_log_short(log: Path) -> None:
    """One generation of an overlong log is kept as ``.old``."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".old"))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _serves(pid: int, data: Path) -> bool:
    """Whether process ``pid`` is a Postgres that works on ``data`` (its current folder is its data folder)."""
    if not _alive(pid):
        return False
    if sys.platform.startswith("linux"):
        try:
            return Path(f"/proc/{pid}/cwd").samefile(data)
        except (FileNotFoundError, PermissionError):
            # gone meanwhile or a zombie; or another user's, which cannot be ours: we are root or its user
            return False
    # elsewhere (best effort, not tried): the program's name must do
    name = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True).stdout
    return "postgres" in name
