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
from assets.day_status import DayStatus, MissingLayerError, read_status
from assets.layers import each_day
from assets.universe_assets import monthly_reference_assets
from resources.lake.lake import Lake
from resources.lake.layout import status_path
from resources.newest_harvests import NewestHarvests
from resources.universe import UniverseSpec

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
    return each_day(
        lambda day: _session(universe, lake, day, quotes, rates, compacted[day.replace(day=1)]), days, lake
    )


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
        # the last layer first: of a session that was never built nothing else is asked
        chain = read_status(lake, universe, "option_chain", day)
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


def _verdict(chain: DayStatus) -> Verdict:
    found = {u.status for u in chain.underlyings.values()}
    if found == {"ok"}:
        return "ok"
    if found == {"absent"}:
        return "absent"
    return "partly" if "ok" in found else "blocked"
