"""A generated coin over two weeks: a catalog of one universe and one study, on a lake and an instance of its own."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from engine.backtest.study import StudySpec
from optix_pipeline.catalog import PACKAGE, Catalog
from optix_pipeline.definitions import build_definitions
from optix_pipeline.yaml_specs import load_spec
from resources.database.resource import DatabaseResource
from resources.generator.demo_markets import DEMO_COIN
from resources.generator.market import build_market
from resources.generator.writer import UniverseWriter
from resources.lake.resource import LakeResource
from resources.notifier import Notification, Notifier
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

START, END = date(2025, 12, 1), date(2025, 12, 14)
UNIVERSE, STUDY = "demo_coin", "coin_short_strangle"


class RecordingNotifier(Notifier):
    """Appends what it is told to a file: Dagster makes a resource anew for every tick."""

    folder: str

    def notify(self, notification: Notification) -> None:
        with (Path(self.folder) / "notifications.jsonl").open("a") as file:
            file.write(json.dumps([notification.title, notification.text, notification.severity,
                                   notification.dedupe_key]) + "\n")  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """Definitions over a small catalog, and the instance that they run on."""

    catalog: Catalog
    definitions: dg.Definitions
    instance: dg.DagsterInstance
    folder: Path

    def notifications(self) -> list[Notification]:
        """What the notifier was told, in order."""
        path = self.folder / "notifications.jsonl"
        if not path.exists():
            return []
        return [Notification(*json.loads(line)) for line in path.read_text().splitlines()]

    def tick(self, sensor: str, cursor: str | None = None, **surroundings: Any) -> Any:
        """Evaluate a sensor once, as the daemon does."""
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=cursor,
            definitions=self.definitions,
            resources={"notifier": (self.definitions.resources or {})["notifier"]},
            **surroundings,
        )
        return self.definitions.resolve_sensor_def(sensor).evaluate_tick(context)


@pytest.fixture(scope="session")
def coin_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two weeks of the generated coin as vendor files."""
    folder = tmp_path_factory.mktemp("coin")
    UniverseWriter(build_market(replace(DEMO_COIN, end=END)), folder / UNIVERSE, START).write(
        lambda done, total: None
    )
    return folder


def small_catalog(end: date | None = END) -> Catalog:
    """The shipped coin and its study over the two weeks; without an end the universe is live."""
    universe = load_spec(PACKAGE / "universes" / f"{UNIVERSE}.yaml", UniverseSpec)
    study = load_spec(PACKAGE / "studies" / f"{STUDY}.yaml", StudySpec)
    small = {"period": {"start": START, "end": END}, "walk_forward": None, "monte_carlo": {"paths": 200}}
    return Catalog(
        {UNIVERSE: universe.model_copy(update={"start": START, "end": end})},
        {STUDY: StudySpec.model_validate({**study.model_dump(), **small})},
        {},
    )


@pytest.fixture
def build_bench(
    coin_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Bench]]:
    """``build_bench(catalog)``: definitions with recorded notifications, no database, an ephemeral instance."""
    monkeypatch.setenv("OPTIX_HOME", str(tmp_path / "home"))
    with dg.DagsterInstance.ephemeral() as instance:

        def build(catalog: Catalog) -> Bench:
            overrides = {
                "lake": LakeResource(uri=str(tmp_path / "lake")),
                "sources": SourcesResource(generated_folder=str(coin_files)),
                "database": DatabaseResource(enabled=False),
                "notifier": RecordingNotifier(folder=str(tmp_path)),
            }
            definitions = build_definitions(catalog=catalog, resource_overrides=overrides)
            return Bench(catalog, definitions, instance, tmp_path)

        yield build


@pytest.fixture
def make_catalog() -> Callable[..., Catalog]:
    return small_catalog
