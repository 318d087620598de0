"""A child that gets a signal when its parent dies, however it dies (Linux only)."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def signal_on_parent_death(signum: signal.Signals) -> Callable[[], None] | None:
    """A ``preexec_fn`` that asks the kernel for ``signum`` at the parent's death; None where there is no such thing.

    On other systems a server whose supervisor was killed outright goes on until the next start, which stops it
    before anything else (see ``cluster.Cluster.stop_orphan``).
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask() -> None:
        if libc.prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        # the parent may have died before the request
        if os.getppid() != parent:
            os._exit(1)

    return ask
