"""A run whose process is gone is recorded as failed; one whose process lives is left alone."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from optix_pipeline.interrupted_runs import HOST_TAG, PROCESS_TAG, close_interrupted, process_tags


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as found:
        yield found


@pytest.fixture
def started(instance):
    """Puts a started run with these tags on record; returns its id."""

    @dg.job
    def nothing():
        pass

    def start(tags: dict[str, str], status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTED) -> str:
        run = instance.create_run_for_job(nothing, tags=tags)
        events = {
            dg.DagsterRunStatus.STARTED: dg.DagsterEventType.RUN_START,
            dg.DagsterRunStatus.SUCCESS: dg.DagsterEventType.RUN_SUCCESS,
        }
        instance.report_dagster_event(
            dg.DagsterEvent(event_type_value=events[status].value, job_name="nothing"), run_id=run.run_id
        )
        return run.run_id

    return start


@pytest.fixture
def tags_of_the_dead() -> dict[str, str]:
    """The tags of a process that has ended."""
    code = "from optix_pipeline.interrupted_runs import process_tags as t; print(t()['optix/process'])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {**process_tags(), PROCESS_TAG: answer.stdout.strip()}


def test_a_run_of_a_process_that_is_gone_becomes_a_failure(instance, started, tags_of_the_dead):
    run_id = started(tags_of_the_dead)
    assert close_interrupted(instance) == [run_id]
    assert instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.FAILURE
    messages = [e.message for e in instance.all_logs(run_id)]
    assert any("was killed" in m and "run the command again" in m for m in messages)
    assert close_interrupted(instance) == []


def test_a_run_of_a_living_process_goes_on(instance, started):
    run_id = started(process_tags())
    assert close_interrupted(instance) == []
    assert instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.STARTED


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc to tell one process from the next")
def test_another_process_with_the_number_of_the_dead_one_does_not_hide_it(instance, started):
    run_id = started({**process_tags(), PROCESS_TAG: f"{os.getpid()}:1"})
    assert close_interrupted(instance) == [run_id]


def test_runs_of_other_machines_of_dagster_itself_and_finished_ones_are_left_alone(
    instance, started, tags_of_the_dead
):
    started({**tags_of_the_dead, HOST_TAG: "another-machine"})
    started({})
    started(tags_of_the_dead, dg.DagsterRunStatus.SUCCESS)
    assert close_interrupted(instance) == []
