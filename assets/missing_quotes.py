"""Where quotes are missing: days across, moneyness up; the picture beside ``validated_quotes``."""

import numpy as np
from numpy.typing import NDArray

from assets import engine_arrays as ea
from assets.day_status import DayStatus
from resources.lake.lake import Lake

#: K / spot
EDGES = np.array([0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3, 1.5, 3.0])
#: more days than this can't be told apart in the picture; the last ones are shown
MAX_DAYS = 130


def missing_share(lake: Lake, statuses: list[DayStatus]) -> NDArray[np.float64]:
    """Share of contracts without a bid or without an ask.

    Returns
    -------
    float64, shape (len(EDGES) - 1, len(statuses))
        NaN where no contract is listed, or the session was kept out.
    """
    share = np.full((len(EDGES) - 1, len(statuses)), np.nan)
    for column, status in enumerate(statuses):
        listed, missing = np.zeros(len(EDGES) - 1), np.zeros(len(EDGES) - 1)
        for u in status.underlyings.values():
            if not u.rows:
                continue
            table = lake.read_table(u.path, columns=["strike", "spot", "bid", "ask"])
            spot = ea.floats(table, "spot")
            place = np.searchsorted(EDGES, ea.floats(table, "strike") / spot, side="right") - 1
            inside = ~np.isnan(spot) & (place >= 0) & (place < len(EDGES) - 1)
            gone = np.isnan(ea.floats(table, "bid")) | np.isnan(ea.floats(table, "ask"))
            listed += np.bincount(place[inside], minlength=len(EDGES) - 1)
            missing += np.bincount(place[inside & gone], minlength=len(EDGES) - 1)
        some = listed > 0
        share[some, column] = missing[some] / listed[some]
    return share


def missing_quotes_picture(lake: Lake, statuses: list[DayStatus]) -> bytes | None:
    """The heatmap as PNG; None for a single day or a range without rows."""
    from engine.reports.figures import missing_quotes_figure

    shown = statuses[-MAX_DAYS:]
    if len(shown) < 2 or not any(s.rows for s in shown):
        return None
    return missing_quotes_figure([s.trade_date for s in shown], EDGES, missing_share(lake, shown))
