"""Runs whose process was killed: nobody is left to say so, and Dagster would show them as running for ever.

Each run carries the identity of the process that makes it. The next command on the same machine finds those whose
process is gone and records them as failed, so that the failure sensor tells of them and the UI shows the truth.
"""

import os
import socket
from pathlib import Path

import dagster as dg

HOST_TAG, PROCESS_TAG = "optix/host", "optix/process"
_UNFINISHED = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def process_tags() -> dict[str, str]:
    """Tags that name this machine and this process."""
    pid = os.getpid()
    return {HOST_TAG: socket.gethostname(), PROCESS_TAG: f"{pid}:{_began(pid)}"}


def close_interrupted(instance: dg.DagsterInstance) -> list[str]:
    """Record as failed what a process of this machine, now gone, left unfinished; the ids of those runs."""
    filters = dg.RunsFilter(statuses=_UNFINISHED, tags={HOST_TAG: socket.gethostname()})
    closed = []
    for run in instance.get_runs(filters):
        if _alive(run.tags.get(PROCESS_TAG, "")):
            continue
        instance.report_run_failed(
            run,
            "The process that made this run was killed. What it had finished stands; run the command again.",
        )
        closed.append(run.run_id)
    return closed


def _alive(process: str) -> bool:
    pid, _, began = process.partition(":")
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    # the same number may be another process by now
    return _began(int(pid)) == began


def _began(pid: int) -> str:
    """When the process was started, in the kernel's ticks; empty where the system has no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # the name in brackets may hold blanks and brackets; the start is field 22
    return stat.rsplit(")", 1)[1].split()[19]
