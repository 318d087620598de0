"""Runs of assets whose sources are in replay: they build from the raw store alone and fetch nothing."""

from typing import TYPE_CHECKING

from optix_pipeline.catalog import Catalog
from optix_pipeline.lake.repair import Rebuild
from optix_pipeline.runner import Progress, Runner, Step
from resources.lake.lake import Lake

if TYPE_CHECKING:
    import dagster as dg

    from resources.database.resource import DatabaseResource


def raw_only_rebuild(
    catalog: Catalog,
    lake: Lake,
    instance: "dg.DagsterInstance",
    database: "DatabaseResource",
    progress: Progress | None = None,
) -> Rebuild:
    """What ``repair`` calls for each step; the definitions are built with the first."""
    from optix_pipeline.definitions import build_definitions
    from resources.home import generated_folder
    from resources.lake.resource import LakeResource
    from resources.sources import SourcesResource

    made: list[Runner] = []

    def rebuild(universe: str, step: Step) -> None:
        if not made:
            definitions = build_definitions(
                catalog=catalog,
                resource_overrides={
                    "lake": LakeResource(uri=lake.uri),
                    "sources": SourcesResource(replay=True, generated_folder=str(generated_folder())),
                    "database": database,
                },
            )
            made.append(Runner(definitions, instance, catalog, progress, {"optix/command": "lake repair"}))
        made[0].make([step])

    return rebuild
