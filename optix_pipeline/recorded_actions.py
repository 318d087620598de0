"""The corporate actions of a universe, from its files as they are now, or from what its service answered last."""

from engine.corporate_actions.events import CorporateAction
from optix_pipeline.definitions import default_resources
from resources.home import lake_uri
from resources.lake.opening import open_lake
from resources.raw_store import RawStore
from resources.reference.corporate_actions.source import ActionsSource
from resources.reference.corporate_actions.table import to_actions
from resources.universe import UniverseSpec


def actions_source(universe: UniverseSpec) -> ActionsSource:
    """The reader of a universe's corporate actions.

    Raises
    ------
    LookupError
        The universe names none.
    """
    if universe.corporate_actions is None:
        raise LookupError(
            f"universe {universe.name} names no corporate_actions; add the section to its YAML "
            "(docs/guide/universes.md, Recording a corporate action)"
        )
    source: ActionsSource = default_resources()["sources"].actions(universe)
    return source


def recorded_actions(universe: UniverseSpec) -> list[CorporateAction]:
    """Every event, in order.

    A source of files is read as it is now. A service is not asked: its newest harvested answers are read.

    Raises
    ------
    LookupError
        The universe names none, or its service has never been harvested.
    InvalidActionsError, ProviderError
        The source cannot be read.
    """
    source = actions_source(universe)
    assert universe.corporate_actions is not None
    if universe.corporate_actions.path:
        return to_actions(source.parse(source.fetch()).table)
    store = RawStore(open_lake(lake_uri()), universe.name, "corporate_actions")
    record = store.latest("all")
    if record is None:
        raise LookupError(
            f"universe {universe.name}: its corporate actions have never been harvested; run: optix harvest "
            f"{universe.name}"
        )
    return to_actions(source.parse(store.load(record)).table)
