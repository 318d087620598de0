"""``optix dev``: Dagster UI, daemon and embedded Postgres in one process tree, stopped cleanly by one Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from optix_pipeline.cli.data_option import use_data_folder
from optix_pipeline.session import dagster_home, open_session, project_file
from resources.home import generated_folder, lake_uri, optix_home

STOP_SECONDS = 15.0


def run_dev(*, port: int, data: Path | None) -> None:
    """Serve until a signal arrives.

    The servers run in sessions of their own with SIGINT reset (a background shell passes it on ignored), so that
    a Ctrl-C reaches only this process, which stops them before its database lease ends.
    """
    use_data_folder(data)
    _require_free(port)
    home = dagster_home()
    _pin_environment()
    open_session()  # holds the database for as long as this process lives
    workspace = str(project_file("workspace.yaml"))
    commands = [
        [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port), "-w", workspace],
        [sys.executable, "-m", "dagster._daemon", "run", "-w", workspace],
    ]
    stopping = False

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, stop)
    children = [_start(command, home) for command in commands]
    try:
        announced = False
        while not stopping:
            for child, command in zip(children, commands, strict=True):
                if child.poll() is not None:
                    raise RuntimeError(
                        f"{command[2]} stopped with exit code {child.returncode}; its log is above"
                    )
            if not announced and _answers(port):
                print(
                    f"OPTIX: the Dagster UI is at http://127.0.0.1:{port} (Ctrl-C stops everything)",
                    flush=True,
                )
                announced = True
            time.sleep(0.2)
    finally:
        _stop(children)
    print("OPTIX: stopped", flush=True)


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


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise OSError(f"port {port} on 127.0.0.1 is taken; choose another with --port") from None


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _start(command: list[str], home: Path) -> "subprocess.Popen[bytes]":
    def reset() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        _die_with_parent()

    return subprocess.Popen(command, cwd=home, start_new_session=True, preexec_fn=reset)


def _die_with_parent() -> None:
    """On Linux the kernel ends the child when this process is killed; elsewhere a kill -9 leaves it running."""
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def _stop(children: "list[subprocess.Popen[bytes]]") -> None:
    """SIGINT to each server's process group, then after a grace SIGKILL."""
    for child in children:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGINT)
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(timeout=max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
