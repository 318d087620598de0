"""A failed run tells what was raised, without where its class is defined."""

import dagster as dg
import pytest

from optix_pipeline.failures import step_failures, was_interrupted
from resources.providers.protocol import ProviderError


def events_of(error: BaseException) -> list[dg.DagsterEvent]:
    """The events of a run whose only step raises this."""

    @dg.asset
    def broken() -> None:
        raise error

    defs = dg.Definitions(assets=[broken])
    result = defs.resolve_implicit_global_asset_job_def().execute_in_process(raise_on_error=False)
    return list(result.all_events)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ProviderError("the folder x does not exist"), "broken: the folder x does not exist"),
        (KeyError("strike"), "broken: KeyError: 'strike'"),
        (ValueError("resources.home: is no path"), "broken: ValueError: resources.home: is no path"),
    ],
)
def test_the_message_alone_where_it_is_made_to_be_read(error, says):
    assert step_failures(events_of(error)) == [says]


def test_an_interrupt_is_no_failure_of_the_step():
    assert not was_interrupted(events_of(ValueError("no")))
    assert was_interrupted(events_of(dg._core.errors.DagsterExecutionInterruptedError()))
