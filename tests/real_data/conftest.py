"""The real universes and their studies, run once through the assets, with their checks on record."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.day_status import DayStatus, read_status
from engine.backtest.study import StudySpec
from optix_pipeline.catalog import Catalog
from optix_pipeline.definitions import build_definitions
from optix_pipeline.runner import Runner
from optix_pipeline.yaml_specs import load_spec
from resources.database.resource import DatabaseResource
from resources.lake.lake import Lake
from resources.lake.resource import LakeResource
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = os.environ.get("OPTIX_REAL_DATA")
    if not folder:
        pytest.skip("OPTIX_REAL_DATA is unset: name the folder of real market data to run this test")
    return Path(folder)


@pytest.fixture(scope="session")
def facts(real_data: Path) -> dict[str, Any]:
    """What was counted and computed without this code."""
    return json.loads((real_data / "facts.json").read_text())


@dataclass(frozen=True)
class Ingested:
    """A lake that holds the three real universes and the results of their studies."""

    catalog: Catalog
    instance: dg.DagsterInstance
    lake: Lake
    folder: Path

    def status(self, universe: str, asset: str, day: str) -> DayStatus:
        return read_status(self.lake, self.catalog.universe(universe), asset, day)

    def statuses(self, universe: str, asset: str) -> dict[str, DayStatus]:
        """By day."""
        days = sorted(
            p.name for p in (self.folder / universe / asset).iterdir() if not p.name.startswith("_")
        )
        return {day: self.status(universe, asset, day) for day in days}

    def rows(self, universe: str, asset: str, day: str, underlying: str) -> pa.Table:
        return pq.read_table(self.folder / universe / asset / day / f"{underlying}.parquet")


@contextmanager
def ingest(
    real_data: Path, folder: Path, universes: Sequence[UniverseSpec], studies: Sequence[StudySpec] = ()
) -> Iterator[Ingested]:
    """The universes, and then the studies, through the assets into a lake below ``folder``."""
    files = {f"study:{s.name}": EXAMPLES / "studies" / f"{s.name}.yaml" for s in studies}
    catalog = Catalog({u.name: u for u in universes}, {s.name: s for s in studies}, files)
    lake = LakeResource(uri=str(folder / "lake"))
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral() as instance:
        patch.setenv("OPTIX_HOME", str(folder / "home"))
        definitions = build_definitions(
            catalog=catalog,
            resource_overrides={
                "lake": lake,
                "database": DatabaseResource(enabled=False),
                "sources": SourcesResource(
                    data_folder=str(real_data), generated_folder=str(folder / "generated")
                ),
            },
        )
        runner = Runner(definitions, instance, catalog)
        for universe in universes:
            runner.ingest(universe)
        for study in studies:
            runner.run_study(study)
        yield Ingested(catalog, instance, lake.open(), folder / "lake")


def example_universe(name: str) -> UniverseSpec:
    """One that ships with the examples."""
    return load_spec(EXAMPLES / "universes" / f"{name}.yaml", UniverseSpec)


@pytest.fixture(scope="session")
def ingested(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingested]:
    studies = [load_spec(p, StudySpec) for p in sorted((EXAMPLES / "studies").glob("*.yaml"))]
    universes = [example_universe(name) for name in sorted({study.universe for study in studies})]
    with ingest(real_data, tmp_path_factory.mktemp("real"), universes, studies) as result:
        yield result
