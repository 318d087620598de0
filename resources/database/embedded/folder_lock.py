"""One supervisor per folder: an advisory lock that the kernel gives back however its holder ends."""

import fcntl
import os
import time
from pathlib import Path

from resources.database.embedded.errors import AlreadySupervisedError

#: clients look at the lock for an instant; only who holds it longer is a supervisor
_PATIENCE_SECONDS = 0.5


def lock_folder(lock: Path) -> int:
    """Take the lock for the life of this process.

    Returns
    -------
    int
        The descriptor that holds it; never closed, never inherited.

    Raises
    ------
    AlreadySupervisedError
        If another process holds it.
    """
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise AlreadySupervisedError(
                    f"{lock} is held by another supervisor: {lock.parent} has its server"
                ) from None
            time.sleep(0.02)
        else:
            return descriptor


def is_locked(lock: Path) -> bool:
    """Whether a supervisor is at work (starting, serving or stopping) on the folder."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
