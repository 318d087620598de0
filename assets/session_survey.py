"""What the lake holds of each session: complete, or what keeps it from being so.

A session is complete when the status of every daily layer stands there, all of them go back to the same, newest
harvest, and the payloads that it was compared with are the newest of their days too. A process that is killed leaves
layers that are missing, or layers of an older harvest behind newer ones.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assets.chain_month import day_entry, read_month_status
from assets.day_status import DayStatus, MissingLayerError, made_from, read_status
from assets.layers import each_day
from assets.universe_assets import monthly_reference_assets
from resources.lake.lake import Lake
from resources.lake.layout import receipt_path, status_path
from resources.newest_harvests import NewestHarvests
from resources.universe import UniverseSpec

#: layers of which only the presence is asked: what follows from them stands in the layers that are read
_UNREAD = ("quarantined_quotes", "adjusted_quotes", "superseded_quotes")
_LAST = "volatility_surface"
#: ok: everything was kept; partly: some underlyings were
Verdict = Literal["ok", "partly", "blocked", "absent"]


@dataclass(frozen=True)
class SessionState:
    """One session as it stands in the lake.

    Attributes
    ----------
    unfinished
        Why it is not complete; empty where it is.
    verdict
        None while it is not complete.
    rows
        Of its option chains.
    received
        Whether its newest harvest found quotes at the source; None where it was never harvested.
    restated
        Its newest harvest is not the one that its layers were made from.
    compacted
        Whether its month holds it as it is now, beside the month's reference layers.
    """

    day: dt.date
    unfinished: str = ""
    verdict: Verdict | None = None
    rows: int = 0
    received: bool | None = None
    restated: bool = False
    compacted: bool = False


def survey_sessions(universe: UniverseSpec, lake: Lake, days: Sequence[dt.date]) -> list[SessionState]:
    """The state of each of these sessions, in their order. Reads statuses, never data."""
    quotes = NewestHarvests(lake, universe.name, "raw_quotes")
    rates = NewestHarvests(lake, universe.name, "rates")
    months = sorted({day.replace(day=1) for day in days})
    compacted = dict(zip(months, each_day(lambda m: _month(universe, lake, m), months, lake), strict=True))
    states = each_day(
        lambda day: _session(universe, lake, day, quotes, rates, compacted[day.replace(day=1)]), days, lake
    )
    for asset in _UNREAD:
        gone = _gone(universe, lake, asset, [state.day for state in states if not state.unfinished])
        states = [
            SessionState(s.day, f"{universe.name}/{asset} has no partition {s.day}", received=s.received)
            if s.day in gone
            else s
            for s in states
        ]
    return states


def _gone(universe: UniverseSpec, lake: Lake, asset: str, days: Sequence[dt.date]) -> set[dt.date]:
    """The days of which a layer has no status here and no receipt of one that was archived."""
    gone = set(days)
    for path_of, levels in ((status_path, 2), (receipt_path, 1)):
        paths = {day: path_of(universe.name, asset, day.isoformat()) for day in sorted(gone)}
        gone -= _standing(lake, paths, levels)
    return gone


def _standing(lake: Lake, paths: dict[dt.date, str], levels: int) -> set[dt.date]:
    """The days whose path is there; the paths share the folder that lies ``levels`` above them."""
    # a look at each file costs less than a walk through all of the layer's, as long as it is no request of its own
    if len(paths) <= lake.requests_at_once or lake.requests_at_once == 1:
        there = each_day(lambda day: lake.exists(paths[day]), list(paths), lake)
        return {day for day, found in zip(paths, there, strict=True) if found}
    listed = set(lake.list(next(iter(paths.values())).rsplit("/", levels)[0]))
    return {day for day, path in paths.items() if path in listed}


def _month(universe: UniverseSpec, lake: Lake, month: dt.date) -> dict[str, Any] | None:
    """The status of a month; None where it has to be made."""
    beside = [status_path(universe.name, a, month.isoformat()) for a in monthly_reference_assets(universe)]
    try:
        found = read_month_status(universe, lake, month)
    except MissingLayerError:
        return None
    return found if all(lake.exists(path) for path in beside) else None


def _session(
    universe: UniverseSpec,
    lake: Lake,
    day: dt.date,
    harvests: NewestHarvests,
    rate_harvests: NewestHarvests,
    month: dict[str, Any] | None,
) -> SessionState:
    own = harvests.path(day)
    try:
        # a late layer first: of a session that was never built nothing else is asked
        chain = read_status(lake, universe, "option_chain", day)
        surface = _last_layer(universe, lake, day)
        validated = read_status(lake, universe, "validated_quotes", day)
        prices = read_status(lake, universe, "underlying_prices", day)
        rates = read_status(lake, universe, "rates", day) if universe.rates is not None else None
    except MissingLayerError as missing:
        return SessionState(day, str(missing).partition(";")[0], received=harvests.had_quotes(day))
    verdict = _verdict(chain)
    # what was judged to be there came; only an absent session may have a record of nothing
    received = verdict != "absent" or harvests.had_quotes(day)
    if own is None or own not in validated.inputs or own not in prices.inputs:
        why = "its payload was harvested again" if own else "its harvest record is gone"
        return SessionState(day, f"{why}, its layers are of an older one", received=received, restated=True)
    if judged_against := harvests.outdated(validated.inputs):
        why = f"it was judged against the payload of {', '.join(judged_against)}, which was harvested again"
        return SessionState(day, why, received=received)
    if rates is not None and rate_harvests.path(day) not in rates.inputs:
        return SessionState(day, "its rates were harvested again", received=received)
    upstream = validated.inputs | (rates.inputs if rates is not None else {})
    if not upstream.items() <= chain.inputs.items():
        return SessionState(day, "its layers go back to different harvests", received=received)
    if surface is not None and surface.inputs != made_from(chain):
        return SessionState(day, "its volatility surface is of another option chain", received=received)
    if compared_with := harvests.outdated(chain.inputs):
        why = f"its listings were compared with the payload of {', '.join(compared_with)}, which was harvested again"
        return SessionState(day, why, received=received)
    return SessionState(
        day,
        verdict=verdict,
        rows=chain.rows,
        received=received,
        compacted=(
            month is not None
            and month["days"].get(day.isoformat()) == day_entry(chain)
            and prices.inputs.items() <= month["inputs"].items()
            and chain.inputs.items() <= month["inputs"].items()
        ),
    )


def _last_layer(universe: UniverseSpec, lake: Lake, day: dt.date) -> DayStatus | None:
    """The status of the layer that is made last; None where it was archived: nothing is made from it."""
    try:
        return read_status(lake, universe, _LAST, day)
    except MissingLayerError:
        if lake.exists(receipt_path(universe.name, _LAST, day.isoformat())):
            return None
        raise


def _verdict(chain: DayStatus) -> Verdict:
    found = {u.status for u in chain.underlyings.values()}
    if found == {"ok"}:
        return "ok"
    if found == {"absent"}:
        return "absent"
    return "partly" if "ok" in found else "blocked"
