"""One function builds the Definitions; tests build the same with their own resources."""

import os
import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.study_assets import build_strategy_comparison, build_study_assets
from assets.universe_assets import build_universe_assets
from optix_pipeline.catalog import Catalog, load_catalog
from optix_pipeline.jobs import build_jobs, harvest_tick
from optix_pipeline.partitions import universe_partitions, window_partitions
from optix_pipeline.schedules import build_schedules
from optix_pipeline.sensors import build_sensors
from resources.database.resource import DatabaseResource
from resources.home import data_folder, generated_folder, lake_uri
from resources.lake.resource import LakeResource
from resources.notifier import Notifier
from resources.sources import SourcesResource

# single-run backfills are marked beta in Dagster; we have tried them (docs/decisions), so say nothing per asset
warnings.filterwarnings("ignore", category=dg.BetaWarning)


def default_resources() -> dict[str, Any]:
    """The resources of this machine, from its environment variables."""
    data = data_folder()
    return {
        "lake": LakeResource(uri=lake_uri()),
        "sources": SourcesResource(
            data_folder=str(data) if data else None, generated_folder=str(generated_folder())
        ),
        "database": DatabaseResource(),
        "notifier": _notifier(),
    }


def _notifier() -> Notifier:
    """The log, or the webhook that OPTIX_WEBHOOK_URL names; its address often is a secret, so it is read when a
    sensor ticks and stands in no definition."""
    if not os.environ.get("OPTIX_WEBHOOK_URL"):
        return Notifier()
    return Notifier(kind="webhook", webhook_url=dg.EnvVar("OPTIX_WEBHOOK_URL"))


def build_definitions(
    *, catalog: Catalog | None = None, resource_overrides: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """Assets, checks, jobs, schedules, sensors and resources of a catalog of universes and studies.

    Parameters
    ----------
    catalog
        Default: the shipped YAML and the folders that the environment names.
    resource_overrides
        Replace resources by name (``lake``, ``sources``, ``database``, ``notifier``).
    """
    catalog = catalog or load_catalog()
    assets: list[dg.AssetsDefinition] = []
    for universe in catalog.universes.values():
        partitions = universe_partitions(universe)
        assets += build_universe_assets(
            universe, partitions.daily, partitions.monthly, harvest_tick(catalog, universe)
        )
    for study in catalog.studies.values():
        universe = catalog.universe(study.universe)
        windows = window_partitions(study, universe) if study.walk_forward else None
        assets += build_study_assets(study, universe, windows, catalog.study_text(study.name))
    if catalog.studies:
        assets.append(build_strategy_comparison(list(catalog.studies.values())))
    checked = catalog
    jobs = build_jobs(
        catalog, lambda: build_definitions(catalog=checked, resource_overrides=resource_overrides)
    )
    return dg.Definitions(
        assets=assets,
        jobs=jobs,
        schedules=build_schedules(catalog, jobs),
        sensors=build_sensors(),
        resources={**default_resources(), **(resource_overrides or {})},
        # an in-process step costs milliseconds, a process of its own seconds
        executor=dg.in_process_executor,
    )
