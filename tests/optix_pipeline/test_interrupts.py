"""Ctrl-C is for this process, not for those that are started within."""

import os
import signal
import subprocess
import sys
import time

import pytest

from optix_pipeline.interrupts import interrupts_for_us_alone


def test_a_process_started_within_takes_no_interrupt_and_this_one_does():
    def interrupted(signum, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupted)
    sleeper = None
    try:
        with pytest.raises(KeyboardInterrupt), interrupts_for_us_alone():
            sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
            sleeper.send_signal(signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(100):
                time.sleep(0.05)
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) & {signal.SIGINT} == set()
        sleeper.communicate(b"\n", timeout=20)
        assert sleeper.returncode == 0
    finally:
        signal.signal(signal.SIGINT, before)
        if sleeper is not None:
            sleeper.kill()
            sleeper.wait()
