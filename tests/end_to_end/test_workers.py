"""The demo shares its work among processes; none of them outlives it, however it ends."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def running_demo(tmp_path: Path, demo_home, start_optix):
    """A demo whose two workers have both begun to write layers."""
    shutil.copytree(demo_home.home / "generated", tmp_path / "generated")
    process = start_optix(tmp_path, "demo", "--workers", "2")
    # each has half of the index; a day of either half is on record once its worker has begun
    records = tmp_path / "lake" / "demo_index" / "raw_quotes" / "_records"
    begun = [records / "2024-01-10", records / "2025-06-10"]
    try:
        deadline = time.monotonic() + 120
        while not all(folder.exists() for folder in begun):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, f"none of {begun} came"
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_killed_it_leaves_no_worker_and_no_server(running_demo, tmp_path, wait_until_nothing_runs):
    running_demo.kill()
    running_demo.communicate()
    wait_until_nothing_runs(tmp_path)


@pytest.mark.parametrize("to", ["the whole group, as a terminal does", "the command alone"])
def test_interrupted_it_says_so_in_one_line_and_leaves_nothing(
    to, running_demo, tmp_path, wait_until_nothing_runs
):
    if to == "the command alone":
        running_demo.send_signal(signal.SIGINT)
    else:
        os.killpg(running_demo.pid, signal.SIGINT)
    _, errors = running_demo.communicate(timeout=60)
    assert running_demo.returncode == 130
    assert errors.strip() == "optix: stopped"
    wait_until_nothing_runs(tmp_path)
