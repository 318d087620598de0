"""A small generated market and a house of assets over it: own lake, own instance, real Postgres."""

import gzip
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.day_status import DayStatus, read_status
from assets.universe_assets import DAILY_ASSETS
from engine.backtest.study import StudySpec
from optix_pipeline.catalog import Catalog
from optix_pipeline.definitions import build_definitions
from optix_pipeline.runner import RANGE_END, RANGE_START, Runner
from optix_pipeline.yaml_specs import load_spec
from resources.database.embedded.client import release_embedded_server
from resources.database.resource import DatabaseResource
from resources.generator.demo_markets import DEMO_STOCK
from resources.generator.market import build_market
from resources.generator.writer import UniverseWriter
from resources.lake.lake import Lake
from resources.lake.resource import LakeResource
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

SHIPPED = Path(__file__).parents[2] / "optix_pipeline"
START, END = date(2025, 8, 4), date(2025, 10, 10)
UNIVERSE, COVERED_CALL, PUT = "demo_stock", "stock_covered_call", "stock_cash_secured_put"


@dataclass(frozen=True)
class House:
    """Definitions over one lake, and the runs made of them."""

    catalog: Catalog
    definitions: dg.Definitions
    instance: dg.DagsterInstance
    lake: Lake
    folder: Path
    home: Path
    database: DatabaseResource

    @property
    def universe(self) -> UniverseSpec:
        return self.catalog.universe(UNIVERSE)

    @property
    def daily(self) -> list[str]:
        return [a for a in DAILY_ASSETS if a != "rates" or self.universe.rates is not None]

    def runner(self) -> Runner:
        # where another house was built since, its home is the one of the environment
        os.environ["OPTIX_HOME"] = str(self.home)
        return Runner(self.definitions, self.instance, self.catalog)

    def run(
        self, assets: list[str], first: str | None = None, last: str | None = None, prefix: str = UNIVERSE
    ) -> dg.ExecuteInProcessResult:
        """Materialize assets: for one partition, for a range of them, or unpartitioned."""
        os.environ["OPTIX_HOME"] = str(self.home)
        tags = {RANGE_START: first, RANGE_END: last} if first and last else None
        return self.definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey([prefix, a]) for a in assets],
            partition_key=None if last else first,
            tags=tags,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )

    def materialization(
        self, asset: str, partition: str | None = None, prefix: str = UNIVERSE
    ) -> dg.AssetMaterialization:
        """The newest one of an asset's partition."""
        wanted = dg.AssetRecordsFilter(
            dg.AssetKey([prefix, asset]), asset_partitions=[partition] if partition else None
        )
        records = self.instance.fetch_materializations(wanted, limit=1).records
        assert records, f"{prefix}/{asset} {partition} was never materialized"
        found = records[0].asset_materialization
        assert found is not None
        return found

    def version(self, asset: str, partition: str | None = None, prefix: str = UNIVERSE) -> str:
        return (self.materialization(asset, partition, prefix).tags or {})["dagster/data_version"]

    def evaluations(self, asset: str, check: str) -> dict[str | None, dg.AssetCheckEvaluation]:
        """The newest evaluation of a check by partition; that of a whole range under None."""
        key = dg.AssetCheckKey(dg.AssetKey([UNIVERSE, asset]), check)
        found: dict[str | None, Any] = {}
        for record in self.instance.event_log_storage.get_asset_check_execution_history(key, limit=500):
            event = record.event.dagster_event if record.event else None
            evaluation = event.event_specific_data if event else None
            if isinstance(evaluation, dg.AssetCheckEvaluation):
                found.setdefault(evaluation.partition, evaluation)
        return found

    def status(self, asset: str, day: str) -> DayStatus:
        return read_status(self.lake, self.universe, asset, day)


def study(name: str, walk_forward: dict[str, Any] | None) -> StudySpec:
    """A shipped study over the small market's period."""
    shipped = load_spec(SHIPPED / "studies" / f"{name}.yaml", StudySpec)
    period = {"start": START, "end": END}
    few_paths = {"paths": 200}
    return StudySpec.model_validate(
        {**shipped.model_dump(), "period": period, "walk_forward": walk_forward, "monte_carlo": few_paths}
    )


@pytest.fixture(scope="session")
def market_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Vendor files of ACME: a repeated payload (08-20), none (09-03), half a file (09-04), one of a Saturday."""
    folder = tmp_path_factory.mktemp("market")
    UniverseWriter(build_market(replace(DEMO_STOCK, end=END)), folder / UNIVERSE, START).write(
        lambda done, total: None
    )
    chains = folder / UNIVERSE / "chains" / "ACME"
    (chains / "2025-09-03.csv.gz").unlink()
    half = chains / "2025-09-04.csv.gz"
    half.write_bytes(half.read_bytes()[:9000])
    friday = gzip.decompress((chains / "2025-08-15.csv.gz").read_bytes())
    (chains / "2025-08-16.csv.gz").write_bytes(gzip.compress(friday))
    return folder


Builder = Callable[..., House]


@pytest.fixture(scope="session")
def build_house(market_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    """``build_house(files=None, change=None, database=None)``: a house with an empty lake."""
    instances: list[dg.DagsterInstance] = []
    homes: list[Path] = []
    before = os.environ.get("OPTIX_HOME")

    def build(
        files: Path | None = None,
        change: dict[str, Any] | None = None,
        database: bool = False,
    ) -> House:
        home = tmp_path_factory.mktemp("house")
        homes.append(home)
        os.environ["OPTIX_HOME"] = str(home)
        shipped = load_spec(SHIPPED / "universes" / f"{UNIVERSE}.yaml", UniverseSpec)
        universe = shipped.model_copy(update={"start": START, "end": END, **(change or {})})
        walk_forward = {"train_months": 1, "test_months": 1, "grid": {"call_delta": [0.2, 0.35]},
                        "objective": "total_return"}  # fmt: skip
        studies = [study(COVERED_CALL, walk_forward), study(PUT, None)]
        catalog = Catalog({UNIVERSE: universe}, {s.name: s for s in studies}, {})
        lake, db = LakeResource(uri=str(home / "lake")), DatabaseResource(enabled=database)
        definitions = build_definitions(
            catalog=catalog,
            resource_overrides={
                "lake": lake,
                "database": db,
                "sources": SourcesResource(generated_folder=str(files or market_files)),
            },
        )
        instances.append(dg.DagsterInstance.ephemeral())
        return House(catalog, definitions, instances[-1], lake.open(), home / "lake", home, db)

    yield build
    for instance in instances:
        instance.dispose()
    for home in homes:
        release_embedded_server(home)
    if before is None:
        os.environ.pop("OPTIX_HOME", None)
    else:
        os.environ["OPTIX_HOME"] = before


@pytest.fixture(scope="session")
def house(build_house: Builder) -> House:
    """Everything once: ingestion of the whole range, both studies, the comparison, in a real Postgres."""
    built = build_house(database=True)
    built.database.open().upgrade()
    runner = built.runner()
    runner.ingest(built.universe)
    for spec in built.catalog.studies.values():
        runner.run_study(spec)
    runner.compare()
    return built


@pytest.fixture
def own_files(market_files: Path, tmp_path: Path) -> Path:
    """A copy of the vendor files that a test may change."""
    shutil.copytree(market_files, tmp_path / "files")
    return tmp_path / "files"
