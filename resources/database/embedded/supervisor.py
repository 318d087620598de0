"""The process that owns the embedded Postgres: ``python -m resources.database.embedded.supervisor FOLDER WHEEL``.

It starts Postgres, hands out leases, and when the last one has ended stops Postgres in order and ends. It lives in a
session of its own: Ctrl-C in a terminal and the end of the client that started it do not reach it. Only the standard
library is imported here.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from resources.database.embedded.account import reachable_installation, server_account
from resources.database.embedded.data_folder import initialize_data_folder
from resources.database.embedded.errors import (
    AlreadySupervisedError,
    EmbeddedServerError,
    EmbeddedServerStartError,
)
from resources.database.embedded.folder_lock import lock_folder
from resources.database.embedded.installation import choose_installation
from resources.database.embedded.layout import ServerLayout
from resources.database.embedded.lease_protocol import new_secret
from resources.database.embedded.lease_server import LeaseServer
from resources.database.embedded.postmaster import (
    HOST,
    LOG_BYTES,
    free_port,
    start_postmaster,
    stop_orphan,
    stop_postmaster,
)
from resources.database.embedded.private_files import read_json, write_private_json

#: from the end of the last lease to the stop: commands in a row share one server
GRACE_SECONDS = 2.0
#: from readiness to the first lease: the client that started us may be gone
FIRST_LEASE_SECONDS = 10.0
START_ATTEMPTS = 5
USER = "optix"

EXIT_ALREADY_SUPERVISED = 75
EXIT_FAILED = 70


def supervise(layout: ServerLayout, wheel: Path) -> None:
    """Serve the folder until nobody needs it any more (see the module)."""
    layout.make_folder()
    lock_folder(layout.lock)
    layout.lease.unlink(missing_ok=True)  # of a supervisor that was killed
    stop_requested, wakeup = _listen_to_signals()
    postgres, port, note = _start(layout, wheel)
    try:
        layout.last_port.write_text(str(port))
        secret = new_secret()
        answer: dict[str, object] = {
            "host": HOST,
            "port": port,
            "data": str(layout.data),
            "postgres_pid": postgres.pid,
            "supervisor_pid": os.getpid(),
            "note": note,
        }
        leases = LeaseServer(secret, answer)
        leases.watch(wakeup)
        write_private_json(layout.lease, {"port": leases.port, "secret": secret, "pid": os.getpid()})
        _log(f"serving on {HOST}:{port}, Postgres is process {postgres.pid}")
        try:
            _serve(leases, postgres, stop_requested)
        finally:
            # first no new client, then no server
            layout.lease.unlink(missing_ok=True)
            leases.close()
    finally:
        stop_postmaster(postgres)
    _log("stopped")


def _start(layout: ServerLayout, wheel: Path) -> "tuple[subprocess.Popen[bytes], int, str]":
    """Postgres on this folder, its port, and what the user should know about where it runs from."""
    account = server_account(layout.data)
    installation = choose_installation(wheel, layout.data)
    note = ""
    if account is not None:
        installation, note = reachable_installation(installation, account)
        if note:
            _log(note)
    user, password = _credentials(layout)
    initialize_data_folder(layout, installation, account, user, password)
    for attempt in range(START_ATTEMPTS):
        orphan = stop_orphan(layout.data)
        if orphan is not None:
            _log(f"stopped Postgres process {orphan}, whose supervisor was killed")
        port = free_port(_last_port(layout) if attempt == 0 else None)
        try:
            return start_postmaster(layout, installation, account, port), port, note
        except EmbeddedServerStartError as error:
            # the port was taken in between, or processes of a killed Postgres have not all ended yet
            if attempt == START_ATTEMPTS - 1:
                raise
            _log(f"start {attempt + 1} of {START_ATTEMPTS} failed: {error}")
            time.sleep(0.3 * (attempt + 1))
    raise AssertionError("unreachable")


def _serve(leases: LeaseServer, postgres: "subprocess.Popen[bytes]", stop_requested: "list[int]") -> None:
    """Until the last lease has been gone for the grace period, a signal asks for the end, or Postgres ends."""
    idle_since = time.monotonic()
    patience = FIRST_LEASE_SECONDS
    while True:
        leases.step(0.5 if leases.count == 0 else 5.0)
        if stop_requested:
            _log(f"asked to stop by signal {stop_requested[0]}")
            return
        if postgres.poll() is not None:
            raise EmbeddedServerStartError(f"Postgres ended by itself with code {postgres.returncode}")
        if leases.count > 0:
            idle_since, patience = time.monotonic(), GRACE_SECONDS
        elif time.monotonic() - idle_since > patience:
            _log("no client left")
            return


def _listen_to_signals() -> "tuple[list[int], socket.socket]":
    """SIGTERM asks for an orderly stop; the terminal's signals are none of ours; a dead child wakes the loop."""
    requested: list[int] = []
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda signum, _frame: requested.append(signum))
    signal.signal(signal.SIGCHLD, lambda _signum, _frame: None)
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    signal.set_wakeup_fd(theirs.detach(), warn_on_full_buffer=False)
    return requested, ours


def _credentials(layout: ServerLayout) -> tuple[str, str]:
    """User and password; made once, before the data folder is."""
    if layout.credentials.exists():
        stored = read_json(layout.credentials)
        return str(stored["user"]), str(stored["password"])
    if layout.data.exists():
        raise EmbeddedServerError(
            f"{layout.credentials} is missing, without it {layout.data} cannot be opened: restore the file, or delete "
            f"{layout.folder} and rebuild its tables from the lake (run the studies again)"
        )
    password = secrets.token_urlsafe(32)
    write_private_json(layout.credentials, {"user": USER, "password": password})
    return USER, password


def _last_port(layout: ServerLayout) -> int | None:
    if not layout.last_port.exists():
        return None
    text = layout.last_port.read_text().strip()
    return int(text) if text.isdigit() else None


def _log(message: str) -> None:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    print(f"{stamp} UTC [{os.getpid()}] {message}", file=sys.stderr, flush=True)


def _keep_own_log_short(layout: ServerLayout) -> None:
    if layout.supervisor_log.exists() and layout.supervisor_log.stat().st_size > LOG_BYTES:
        os.truncate(layout.supervisor_log, 0)


def main(arguments: list[str]) -> int:
    """Exit code of the supervisor process: 0 served and stopped, 75 the folder has one already, 70 failed."""
    if len(arguments) != 2:
        print("usage: supervisor FOLDER WHEEL", file=sys.stderr)
        return 64
    layout = ServerLayout(Path(arguments[0]))
    try:
        _keep_own_log_short(layout)
        supervise(layout, Path(arguments[1]))
    except AlreadySupervisedError as error:
        _log(str(error))
        return EXIT_ALREADY_SUPERVISED
    except (EmbeddedServerError, OSError, subprocess.SubprocessError, json.JSONDecodeError) as error:
        _log(f"{type(error).__name__}: {error}")
        return EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
