"""Chunks of a backfill made in this process: what was cut off is completed, and it ends as if it had not been."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.session_survey import SessionState, survey_sessions
from optix_pipeline.backfill_plan import BackfillPlan, chunk_tasks, plan_backfill
from optix_pipeline.definitions import build_definitions
from optix_pipeline.failures import NothingUsableError, RunFailedError
from optix_pipeline.runner import Runner, range_sessions
from optix_pipeline.work_plan import run_task
from resources.database.resource import DatabaseResource
from resources.lake.lake import Lake
from resources.lake.layout import status_path
from resources.lake.opening import open_lake
from resources.lake.resource import LakeResource
from resources.sources import SourcesResource

UNIVERSE = "demo_coin"
DAY, NEXT = dt.date(2025, 12, 3), dt.date(2025, 12, 4)


class Backfill:
    """One lake of the generated coin, and a runner over it."""

    def __init__(self, catalog: Any, files: Path, folder: Path, instance: dg.DagsterInstance) -> None:
        overrides = {
            "lake": LakeResource(uri=str(folder)),
            "sources": SourcesResource(generated_folder=str(files)),
            "database": DatabaseResource(enabled=False),
        }
        definitions = build_definitions(catalog=catalog, resource_overrides=overrides)
        self.runner = Runner(definitions, instance, catalog)
        self.universe = catalog.universe(UNIVERSE)
        self.lake: Lake = open_lake(str(folder))
        self.available = overrides["sources"].provider(self.universe).available_days()
        self.days = range_sessions(self.universe, dt.date(2025, 12, 1), dt.date(2025, 12, 6))
        self.instance = instance

    def states(self) -> list[SessionState]:
        return survey_sessions(self.universe, self.lake, self.days)

    def plan(self) -> BackfillPlan:
        return plan_backfill(self.states(), self.available, (), 62)

    def run(self) -> list[str]:
        """One pass; what failed."""
        tasks = chunk_tasks(self.universe, self.plan())
        return [failure for task in tasks if (failure := run_task(self.runner, task))]

    def contents(self) -> dict[str, Any]:
        """Every file but the records, which tell when they were received."""
        paths = [p for p in self.lake.list() if "/_records/" not in p]
        return {path: self.lake.read_bytes(path) for path in paths}


@pytest.fixture
def backfill(
    coin_files: Path, tmp_path: Path, make_catalog: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Any:
    monkeypatch.setenv("OPTIX_HOME", str(tmp_path / "home"))
    with dg.DagsterInstance.ephemeral() as instance:

        def make(name: str, files: Path = coin_files) -> Backfill:
            return Backfill(make_catalog(), files, tmp_path / name, instance)

        yield make


def test_what_a_killed_run_left_is_completed_and_nothing_else_is_built(backfill: Any) -> None:
    whole, cut = backfill("whole"), backfill("cut")
    assert whole.run() == cut.run() == []
    assert cut.plan().chunks == ()
    # a process killed in the last layer, with the month of an earlier night beside it
    for asset, day in (("option_chain", DAY), ("option_chain", NEXT), ("adjusted_quotes", NEXT)):
        cut.lake.delete(status_path(UNIVERSE, asset, f"{day}"))
    cut.lake.delete(status_path(UNIVERSE, "chain_month", "2025-12-01"))
    assert list(cut.plan().reasons) == [DAY, NEXT]
    before = {run.run_id for run in cut.instance.get_runs()}
    assert cut.run() == []
    days, month = reversed([r for r in cut.instance.get_runs() if r.run_id not in before])
    assert days.tags["dagster/asset_partition_range_start"] == f"{DAY}"
    assert days.tags["dagster/asset_partition_range_end"] == f"{NEXT}"
    assert month.tags["dagster/partition"] == "2025-12-01"
    assert cut.plan().chunks == () and cut.contents() == whole.contents()


def test_a_session_that_has_nothing_usable_is_complete_once_its_layers_say_so(
    backfill: Any, coin_files: Path, tmp_path: Path
) -> None:
    """Alone in its run, it is blocked by the check; the layers after it are then made in a run of their own."""
    files = own_files(coin_files, tmp_path)
    path = chain_file(files, DAY)
    path.write_bytes(path.read_bytes()[:200])
    found, whole = backfill("found", files), backfill("whole", files)
    assert whole.run() == []
    found.days = [DAY]
    assert found.run() == []
    (state,) = found.states()
    assert (state.verdict, state.rows, state.compacted) == ("blocked", 0, True)
    found.days = whole.days
    assert list(found.plan().reasons) == [day for day in whole.days if day != DAY]
    assert found.run() == [] and found.contents() == whole.contents()


def test_a_harvest_of_such_a_session_still_fails(backfill: Any, coin_files: Path, tmp_path: Path) -> None:
    files = own_files(coin_files, tmp_path)
    chain_file(files, DAY).unlink()
    with pytest.raises(NothingUsableError, match="session_quality"):
        backfill("found", files).runner.ingest(backfill("found", files).universe, DAY, DAY)


def test_a_payload_that_comes_late_is_built_with_those_judged_without_it(
    backfill: Any, coin_files: Path, tmp_path: Path
) -> None:
    files = own_files(coin_files, tmp_path)
    path = chain_file(files, DAY)
    payload = path.read_bytes()
    path.unlink()
    late, whole = backfill("late", files), backfill("whole")
    assert late.run() == []
    assert {s.day: s.verdict for s in late.states()}[DAY] == "absent"
    assert late.plan().chunks == ()
    path.write_bytes(payload)
    late.available = backfill("late", files).available
    assert list(late.plan().reasons) == [DAY, *(DAY + dt.timedelta(days=n) for n in (1, 2, 3))]
    assert late.run() == whole.run() == [] and late.plan().chunks == ()
    # the statuses name the second version of the harvest; the data are the same bytes
    tables = [
        {p: b for p, b in found.contents().items() if p.endswith(".parquet")} for found in (late, whole)
    ]
    assert tables[0] == tables[1] and len(tables[0]) > 5 * len(late.days)


def test_a_step_that_raises_fails_its_chunk_with_its_own_words(backfill: Any, tmp_path: Path) -> None:
    found = backfill("found")
    in_the_way = tmp_path / "found" / UNIVERSE / "adjusted_quotes"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("a file where a folder should be")
    (failure,) = found.run()
    assert failure.startswith(f"{UNIVERSE}: 6 days from 2025-12-01: {UNIVERSE}__adjusted_quotes: ")
    assert "cannot be written" in failure
    in_the_way.unlink()
    assert list(found.plan().reasons) == found.days
    assert found.run() == [] and found.plan().chunks == ()


class RecordingDatabase(DatabaseResource):
    """Appends what it is told of freshness to a file."""

    file: str

    def write_freshness(self, rows: Any) -> None:
        with Path(self.file).open("a") as file:
            for row in rows:
                file.write(f"{row['universe']} {row['status']} {row['present']} {row['usable']}\n")


@pytest.mark.parametrize("fails", [False, True])
def test_an_ingestion_brings_the_freshness_board_up_to_date_however_it_ends(
    fails: bool, coin_files: Path, tmp_path: Path, backfill: Any, make_catalog: Callable[..., Any]
) -> None:
    instance = backfill("other").instance
    overrides = {
        "lake": LakeResource(uri=str(tmp_path / "lake")),
        "sources": SourcesResource(generated_folder=str(coin_files)),
        "database": RecordingDatabase(enabled=False, file=str(tmp_path / "board")),
    }
    if fails:
        (tmp_path / "lake" / UNIVERSE).mkdir(parents=True)
        (tmp_path / "lake" / UNIVERSE / "adjusted_quotes").write_text("in the way")
    catalog = make_catalog(end=None)
    runner = Runner(build_definitions(catalog=catalog, resource_overrides=overrides), instance, catalog)
    if fails:
        with pytest.raises(RunFailedError):
            runner.ingest(catalog.universe(UNIVERSE), DAY, NEXT)
    else:
        runner.ingest(catalog.universe(UNIVERSE), DAY, NEXT)
    assert (tmp_path / "board").read_text() == f"{UNIVERSE} late {NEXT} {NEXT}\n"


def own_files(coin_files: Path, tmp_path: Path) -> Path:
    """A copy of the vendor files that a test may change."""
    import shutil

    shutil.copytree(coin_files, tmp_path / "files")
    return tmp_path / "files"


def chain_file(files: Path, day: dt.date) -> Path:
    (found,) = [p for p in (files / UNIVERSE).rglob("*") if p.is_file() and f"{day}" in p.name]
    return found
