"""Ctrl-C reaches every process of the terminal's group: what Dagster starts beside a run must not die of it aloud."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_for_us_alone() -> Iterator[None]:
    """Processes that are started within take no Ctrl-C; this one does, as before.

    Dagster mirrors a run's output through processes of its own and ends them by SIGTERM when the run ends; a SIGINT
    before that makes them print a traceback. A process is born with the signal mask of the thread that starts it, so
    that thread blocks SIGINT, and one that starts nothing is there to receive it (Python runs the handler in the
    main thread whoever receives the signal).
    """
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield
        return
    over = threading.Event()
    receiver = threading.Thread(target=over.wait, name="interrupts", daemon=True)
    receiver.start()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        over.set()
        receiver.join()
