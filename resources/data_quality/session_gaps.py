"""What should be there and is not, or is there and should not: snapshots, contracts, another session's content."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from engine.corporate_actions.contract_adjustment import adjust_strike
from resources.data_quality.columns import Ints, codes, days, floats, instants_us
from resources.data_quality.contract_keys import among, contract_codes

_MINUTE_US = 60 * 10**6
#: share of the gaps between snapshots that must be alike for their length to be the interval
_REGULAR = 0.6
_MIN_GAPS = 5
_EPOCH = dt.date(1970, 1, 1)


def missing_snapshots(
    ts_us: Ints, open_us: int, close_us: int, snapshot_minutes: float | None
) -> tuple[int, float] | None:
    """Snapshots missing between the first and the last, and before and after them where the market was open.

    Parameters
    ----------
    ts_us
        Instants of the session's snapshots, ascending.
    snapshot_minutes
        The declared interval; None: the median gap, if the gaps are regular.

    Returns
    -------
    tuple or None
        How many, and the interval in minutes; None where no interval is declared or to be learnt.
    """
    gaps = np.diff(ts_us) / _MINUTE_US
    if snapshot_minutes is None:
        if len(gaps) < _MIN_GAPS:
            return None
        snapshot_minutes = float(np.median(gaps))
        if snapshot_minutes <= 0:  # snapshots of one instant
            return None
        if (np.abs(gaps - snapshot_minutes) <= 0.1 * snapshot_minutes).mean() < _REGULAR:
            return None
        # what is learnt says nothing of when the vendor starts and stops
        return int(_missed(gaps, snapshot_minutes).sum()), snapshot_minutes
    inside = ts_us[(ts_us >= open_us) & (ts_us <= close_us)]
    if not len(inside):
        return int((close_us - open_us) / _MINUTE_US / snapshot_minutes), snapshot_minutes
    ends = np.array([(inside[0] - open_us) / _MINUTE_US, (close_us - inside[-1]) / _MINUTE_US])
    # the first is due an interval after the open, the last an interval before the close
    missed = (
        _missed(np.diff(inside) / _MINUTE_US, snapshot_minutes).sum() + _missed(ends, snapshot_minutes).sum()
    )
    return int(missed), snapshot_minutes


def _missed(gaps: np.ndarray, interval: float) -> np.ndarray:
    return np.maximum(np.round(gaps / interval) - 1, 0)


def vanished(
    quotes: pa.Table, previous: pa.Table, trade_date: dt.date, split_ratio: float
) -> tuple[list[dt.date], Ints, int]:
    """Contracts with open interest that were listed the session before, still trade, and are not here.

    Parameters
    ----------
    split_ratio
        New shares per old one of a split effective since then, else 1: a contract may stand here under its
        old strike or its new one.

    Returns
    -------
    tuple
        Expiries that vanished as a whole; rows of ``previous`` that did; how many were looked for.
    """
    day = (trade_date - _EPOCH).days
    # a contract that settles before this snapshot is gone for good reason
    unsettled = instants_us(previous, "settles_at") > instants_us(quotes, "ts").max()
    alive = np.flatnonzero(
        (floats(previous, "open_interest") > 0) & (days(previous, "last_trade_date") >= day) & unsettled
    )
    here, before = contract_codes([quotes, previous])
    gone = alive[~among(before[alive], here)]
    if split_ratio != 1.0 and len(gone):
        strikes = adjust_strike(floats(previous, "strike")[gone], split_ratio)
        field = previous.schema.get_field_index("strike")
        moved = previous.take(pa.array(gone)).set_column(field, "strike", pa.array(strikes))
        rounded = np.round(floats(quotes, "strike"), 2)
        same_grid = quotes.set_column(quotes.schema.get_field_index("strike"), "strike", pa.array(rounded))
        adjusted, listed = contract_codes([moved, same_grid])
        gone = gone[~np.isin(adjusted, listed)]
    listed_days = set(np.unique(days(quotes, "expiry")).tolist())
    lost = sorted({int(e) for e in days(previous, "expiry")[gone]} - listed_days)
    return [_EPOCH + dt.timedelta(days=number) for number in lost], gone, len(alive)


def expired_the_session_before(quotes: pa.Table, before: dt.date) -> int:
    """Rows of contracts whose last session was ``before`` and that are still quoted or traded here.

    One that settles on the morning after it (SPX) is listed until that evening by many a vendor: it proves nothing.
    """
    day = (before - _EPOCH).days
    lively = (
        ~np.isnan(floats(quotes, "bid")) | ~np.isnan(floats(quotes, "ask")) | (floats(quotes, "volume") > 0)
    )
    ended = (days(quotes, "last_trade_date") == day) & (days(quotes, "expiry") == day)
    return int((ended & lively).sum())


def contract_names(table: pa.Table, rows: Sequence[int] | Ints, limit: int = 10) -> list[str]:
    """The first rows by the vendor's symbol, or by root, expiry, right and strike where it has none."""
    names = []
    symbols, symbol_labels = codes(table, "symbol")
    for row in list(rows)[:limit]:
        if symbols[row] >= 0:
            names.append(symbol_labels[symbols[row]].strip())
            continue
        one = table.slice(int(row), 1).select(["root", "expiry", "right", "strike"]).to_pylist()[0]
        names.append(" ".join(str(v) for v in one.values()))
    return names


def snapshot_instants(quotes: pa.Table, starts: Ints) -> Ints:
    """The instant of each snapshot, ascending."""
    return np.sort(instants_us(quotes, "ts")[starts])
