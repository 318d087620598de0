"""A generated stock over three weeks of two months, ingested once; each test works on a copy of that lake."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from optix_pipeline.catalog import PACKAGE, Catalog
from optix_pipeline.definitions import build_definitions
from optix_pipeline.lake.audit import audit
from optix_pipeline.lake.faults import Audit
from optix_pipeline.lake.rebuilding import raw_only_rebuild
from optix_pipeline.lake.repair import Repair, repair
from optix_pipeline.partitions import universe_partitions
from optix_pipeline.runner import Runner
from optix_pipeline.yaml_specs import load_spec
from resources.database.resource import DatabaseResource
from resources.generator.demo_markets import DEMO_STOCK
from resources.generator.market import build_market
from resources.generator.writer import UniverseWriter
from resources.lake import Lake, open_lake
from resources.lake.resource import LakeResource
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

START, END = date(2025, 9, 22), date(2025, 10, 8)
UNIVERSE = "demo_stock"


@dataclass(frozen=True)
class Ingested:
    """A universe's files and the lake that was made of them."""

    catalog: Catalog
    files: Path
    lake: Path

    @property
    def universe(self) -> UniverseSpec:
        return self.catalog.universes[UNIVERSE]

    @property
    def sessions(self) -> list[str]:
        return list(universe_partitions(self.universe).daily.get_partition_keys())


@dataclass(frozen=True)
class Care:
    """A copy of the ingested lake, and what looks after it."""

    source: Ingested
    lake: Lake
    instance: dg.DagsterInstance
    rows: dict[tuple[str, str, str, int], dict]

    def file(self, path: str) -> Path:
        return Path(self.lake.uri) / path

    def damage(self, path: str) -> None:
        data = bytearray(self.file(path).read_bytes())
        data[len(data) // 2] ^= 1
        self.file(path).write_bytes(data)

    def cut(self, path: str) -> None:
        """Unlike a flipped bit, this always loses content: compressed files have bits that mean nothing."""
        data = self.file(path).read_bytes()
        self.file(path).write_bytes(data[: len(data) // 2])

    def audit(self) -> Audit:
        return audit(self.lake)

    def repair(self) -> Repair:
        sources = SourcesResource(generated_folder=str(self.source.files))
        universe = self.source.universe
        return repair(
            self.lake,
            self.audit(),
            {UNIVERSE: universe},
            lambda _: self.source.sessions,
            fetch=lambda _, dataset, key: sources.fetch_again(universe, dataset, key),
            stored_row=lambda *place: self.rows.get(place),
            rebuild=raw_only_rebuild(
                self.source.catalog, self.lake, self.instance, DatabaseResource(enabled=False)
            ),
        )

    def bytes(self) -> dict[str, bytes]:
        return {path: self.lake.read_bytes(path) for path in self.lake.list()}


@pytest.fixture(scope="session")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    files, folder = tmp_path_factory.mktemp("stock"), tmp_path_factory.mktemp("stock_lake") / "lake"
    UniverseWriter(build_market(replace(DEMO_STOCK, end=END)), files / UNIVERSE, START).write(
        lambda done, total: None
    )
    spec = load_spec(PACKAGE / "universes" / f"{UNIVERSE}.yaml", UniverseSpec)
    catalog = Catalog({UNIVERSE: spec.model_copy(update={"start": START, "end": END})}, {}, {})
    definitions = build_definitions(
        catalog=catalog,
        resource_overrides={
            "lake": LakeResource(uri=str(folder)),
            "sources": SourcesResource(generated_folder=str(files)),
            "database": DatabaseResource(enabled=False),
        },
    )
    with dg.DagsterInstance.ephemeral() as instance:
        Runner(definitions, instance, catalog).ingest(catalog.universes[UNIVERSE])
    return Ingested(catalog, files, folder)


@pytest.fixture
def care(ingested: Ingested, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Care]:
    monkeypatch.setenv("OPTIX_HOME", str(tmp_path / "home"))
    shutil.copytree(ingested.lake, tmp_path / "lake")
    with dg.DagsterInstance.ephemeral() as instance:
        yield Care(ingested, open_lake(str(tmp_path / "lake")), instance, {})
