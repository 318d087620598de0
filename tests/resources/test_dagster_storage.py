"""Dagster's instance from the project's own dagster.yaml, on the embedded server."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from resources.dagster_storage import OptixPostgresStorage
from resources.database.embedded.client import acquire_embedded_server, release_embedded_server

PROJECT = Path(__file__).resolve().parents[2]

SECOND_PROCESS = """
import dagster as dg
with dg.DagsterInstance.get() as instance:
    [run] = instance.get_runs()
    event = instance.get_latest_materialization_event(dg.AssetKey("toy"))
    rows = event.asset_materialization.metadata["rows"].value
    print(instance.get_ref().storage_data.class_name, run.status.value, rows)
"""


@pytest.fixture(scope="module")
def dagster_home(tmp_path_factory):
    """DAGSTER_HOME with a link to the project's dagster.yaml, as ``optix dev`` makes it."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "dagster_home"
    folder.mkdir()
    (folder / "dagster.yaml").symlink_to(PROJECT / "dagster.yaml")
    patch = pytest.MonkeyPatch()
    patch.setenv("OPTIX_HOME", str(home))
    patch.setenv("DAGSTER_HOME", str(folder))
    patch.delenv("OPTIX_DATABASE_URL", raising=False)
    patch.delenv("OPTIX_DAGSTER_DATABASE_URL", raising=False)
    yield folder
    patch.undo()
    release_embedded_server(home)


@dg.asset
def toy() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"rows": 7})


def test_an_asset_materialized_here_is_seen_by_a_second_process(dagster_home):
    with dg.DagsterInstance.get() as instance:
        assert instance.get_ref().storage_data.class_name == "OptixPostgresStorage"
        assert dg.materialize([toy], instance=instance).success
    done = subprocess.run(
        [sys.executable, "-c", SECOND_PROCESS], capture_output=True, text=True, cwd=dagster_home, timeout=60
    )
    assert done.stdout.split() == ["OptixPostgresStorage", "SUCCESS", "7"], done.stderr


def test_the_settings_of_dagster_yaml_are_the_ones_meant(dagster_home):
    with dg.DagsterInstance.get() as instance:
        assert instance.telemetry_enabled is False
        assert instance.nux_enabled is False
        assert instance.run_retries_enabled
        assert instance.run_retries_max_retries == 2
        assert instance.run_retries_retry_on_asset_or_op_failure is False
        assert instance.run_monitoring_enabled
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 2
        assert instance.managed_python_loggers == ["optix"]


def test_the_url_is_spelled_for_psycopg2_and_its_database_commits_asynchronously(dagster_home):
    with dg.DagsterInstance.get() as instance:
        assert instance.run_storage.postgres_url.startswith("postgresql+psycopg2://")
        assert instance.run_storage.postgres_url.endswith("/optix_dagster")
        with instance.run_storage.connect() as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "off"


def test_events_can_be_watched(dagster_home):
    """Dagster tells watchers by polling or NOTIFY; with psycopg 3 its statement fails."""
    with dg.DagsterInstance.get() as instance:
        result = dg.materialize([toy], instance=instance)
        assert instance.all_logs(result.run_id)


def test_a_url_in_the_config_wins_and_any_driver_spelling_is_understood(dagster_home):
    server = acquire_embedded_server(Path(os.environ["OPTIX_HOME"]))
    plain = f"postgresql://{server.user}:{server.password}@{server.host}:{server.port}/postgres"
    storage = OptixPostgresStorage.from_config_value(
        None, {"postgres_url": plain, "should_autocreate_tables": False}
    )
    assert isinstance(storage, OptixPostgresStorage)
    assert storage.postgres_url == plain.replace("postgresql", "postgresql+psycopg2", 1)
