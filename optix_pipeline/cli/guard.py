"""Ends the servers of an ``optix dev`` that was killed: it cannot do that itself after a ``kill -9``.

``optix dev`` runs this file as a process of its own (with the folder to remove as its argument), writes it the process
group of each server that it starts, and holds the pipe open for as long as it lives. The end of the pipe without a
goodbye means that it was killed. Only the standard library is imported here.
"""

import contextlib
import os
import shutil
import signal
import sys
import time

GOODBYE = "stopped"
#: from the servers' SIGINT to their SIGKILL
GRACE_SECONDS = 10.0
_POLL_SECONDS = 0.1


def group_exists(group: int) -> bool:
    """Whether any process of the group is left (a zombie counts until it is reaped)."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def end_groups(groups: list[int], grace_seconds: float = GRACE_SECONDS) -> None:
    """SIGINT to every process of these groups; what is left after the grace gets SIGKILL."""
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGINT)
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and any(group_exists(g) for g in groups):
        time.sleep(_POLL_SECONDS)
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def main() -> None:
    """Read process groups from standard input until it ends; then end them and remove the folder."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    groups: list[int] = []
    for line in sys.stdin:
        if line.strip() == GOODBYE:
            return
        groups.append(int(line))
    end_groups(groups)
    shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
