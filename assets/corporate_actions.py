"""``corporate_actions``: the slice of events that touches contracts alive in a month, with a content version.

A month's slice holds every event that can change contracts effective up to the month's end (they decide what a
listed contract once was) and the ordinary dividends effective within it, so a new event makes stale only the months
that it touches.
"""

import datetime as dt
import sys

import dagster as dg
import pyarrow as pa

from assets.chain_month import month_end
from assets.day_status import MissingLayerError
from assets.monthly_reference import monthly_asset, write_month
from assets.naming import table_markdown
from assets.status_files import read_status_file, reference_status
from engine.corporate_actions.events import ActionKind, CorporateAction
from resources.lake.errors import LakeFileNotFoundError
from resources.lake.lake import Lake
from resources.lake.layout import partition_path, status_path
from resources.lake.resource import LakeResource
from resources.raw_store import RawStore
from resources.reference.corporate_actions.source import ParsedActions
from resources.reference.corporate_actions.table import to_actions
from resources.schemas import CORPORATE_ACTION_SCHEMA
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

ASSET = "corporate_actions"
_ALL = "all"
#: kinds that leave no trace in contracts; every other event decides what a contract listed later once was
_OF_THEIR_DAY = frozenset({ActionKind.CASH_DIVIDEND})


def month_slice(events: pa.Table, month: dt.date) -> pa.Table:
    """The events that touch contracts alive in the month that starts on ``month``."""
    end = month_end(month)
    keep = [
        row["effective_date"] <= end and (row["kind"] not in _OF_THEIR_DAY or row["effective_date"] >= month)
        for row in events.select(["effective_date", "kind"]).to_pylist()
    ]
    return events.filter(pa.array(keep, type=pa.bool_()))


def slice_path(universe: UniverseSpec, month: dt.date) -> str:
    return partition_path(universe.name, ASSET, month.isoformat(), _ALL)


def build_month(
    universe: UniverseSpec, lake: Lake, parsed: ParsedActions, month: dt.date, inputs: dict[str, str]
) -> tuple[pa.Table, str]:
    """Write one month's slice and its quarantine, then the status; returns slice and digest."""
    table = month_slice(parsed.table, month)
    return table, write_month(universe, lake, ASSET, month, {_ALL: table}, parsed.rejected, inputs)


class ActionsInForce:
    """The actions that a trader knew by the end of each day; a step reads each month once."""

    def __init__(self, universe: UniverseSpec, lake: Lake) -> None:
        self._universe, self._lake = universe, lake
        self._months: dict[dt.date, tuple[list[CorporateAction], dict[str, str]]] = {}

    def on(self, day: dt.date) -> tuple[list[CorporateAction], dict[str, str]]:
        """The actions, and ``{harvest record: digest}``, the input that they came from, for the lineage.

        Raises
        ------
        MissingLayerError
            If the month's slice has not been materialized.
        LakeFormatError
            If its status is none.
        """
        if self._universe.corporate_actions is None:
            return [], {}
        month = day.replace(day=1)
        if month not in self._months:
            self._months[month] = self._read(month)
        actions, inputs = self._months[month]
        known_until = int(dt.datetime.combine(day, dt.time(23, 59, 59), dt.UTC).timestamp() * 1e6)
        return [a for a in actions if a.known_at_us <= known_until], dict(inputs)

    def _read(self, month: dt.date) -> tuple[list[CorporateAction], dict[str, str]]:
        name = self._universe.name
        try:
            status = read_status_file(
                self._lake, status_path(name, ASSET, month.isoformat()), reference_status
            )
        except LakeFileNotFoundError:
            raise MissingLayerError(
                f"{name}/{ASSET} has no partition {month}; materialize it first (optix harvest {name})"
            ) from None
        return to_actions(self._lake.read_table(slice_path(self._universe, month))), status["inputs"]


def build_corporate_actions(
    universe: UniverseSpec, monthly: dg.TimeWindowPartitionsDefinition
) -> dg.AssetsDefinition:
    """The Dagster asset of one universe."""

    @dg.asset(
        **monthly_asset(universe, ASSET, monthly, sys.modules[__name__], CORPORATE_ACTION_SCHEMA),
        description=(
            "Corporate actions and the memos that adjust option contracts, each with the instant from which a "
            "trader could know it. A month holds what touches contracts alive in it; its data version is its content."
        ),
    )
    def corporate_actions(
        context: dg.AssetExecutionContext, lake: LakeResource, sources: SourcesResource
    ) -> dg.MaterializeResult:
        store = RawStore(lake.open(), universe.name, ASSET)
        record, source = sources.harvest_actions(universe, store)
        parsed = source.parse(store.load(record))
        month = dt.date.fromisoformat(context.partition_key)
        inputs = {record.path: record.digest}
        table, digest = build_month(universe, lake.open(), parsed, month, inputs)
        rows = [
            (
                action.effective_date,
                action.underlying,
                action.describe(),
                len(action.memos),
            )
            for action in to_actions(table)
        ]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": table.num_rows,
                "path": slice_path(universe, month),
                "events": table_markdown(("effective", "underlying", "event", "memos"), rows),
            },
            data_version=dg.DataVersion(digest[:32]),
        )

    return corporate_actions
