"""From a NAV at every snapshot to one return per day: the record that every daily statistic reads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

US_PER_DAY = 86_400_000_000


class InvalidEquityError(ValueError):
    """An equity record that no statistic may be computed from: unsorted, empty, or with an undefined NAV."""


@dataclass(frozen=True)
class DailyReturns:
    """Simple returns from the last NAV of one day to the last NAV of the next.

    Attributes
    ----------
    days : int32, shape (n,)
        UTC date of each return, days since 1970-01-01. Both exchange sessions of the Americas and Europe and
        the days of 24/7 venues end within one UTC date, so it is the trade date.
    ts_us : int64, shape (n,)
        Instant of the NAV at which each return ends, UTC microseconds.
    returns : float64, shape (n,)
        ``nav / previous nav - 1``; NaN from the first day on whose starting NAV is not positive: an account
        that is gone has no returns.
    """

    days: NDArray[np.int32]
    ts_us: NDArray[np.int64]
    returns: NDArray[np.float64]


def checked_equity(
    equity_ts_us: NDArray[np.int64], nav: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The record as typed arrays of one length, in strictly increasing time and without gaps.

    Raises
    ------
    InvalidEquityError
        Naming the first row that breaks a rule.
    """
    ts = np.asarray(equity_ts_us, dtype=np.int64)
    values = np.asarray(nav, dtype=np.float64)
    if ts.ndim != 1 or ts.shape != values.shape:
        raise InvalidEquityError(f"equity: {ts.shape} timestamps and {values.shape} NAVs; give one NAV each")
    if len(ts) == 0:
        raise InvalidEquityError("equity: no rows; run the backtest over at least one snapshot")
    backwards = np.flatnonzero(np.diff(ts) <= 0)
    if len(backwards):
        row = int(backwards[0]) + 1
        raise InvalidEquityError(f"equity row {row}: time {ts[row]} us does not follow {ts[row - 1]} us")
    undefined = np.flatnonzero(~np.isfinite(values))
    if len(undefined):
        row = int(undefined[0])
        raise InvalidEquityError(f"equity row {row}: NAV is {values[row]}; every step must be marked")
    return ts, values


def daily_returns(
    equity_ts_us: NDArray[np.int64], nav: NDArray[np.float64], *, nav_start: float | None = None
) -> DailyReturns:
    """One simple return per UTC day; their product is the total return exactly.

    Parameters
    ----------
    equity_ts_us, nav : shape (k,)
        NAV at each snapshot, any number a day, in order of time.
    nav_start
        Capital before the first snapshot. With it the first day has a return too (the cost of a fill on the
        first snapshot counts); without it the first NAV is the base.

    Raises
    ------
    InvalidEquityError
        For an empty, unsorted or undefined record.
    """
    ts, values = checked_equity(equity_ts_us, nav)
    day = ts // US_PER_DAY
    last = np.flatnonzero(np.append(np.diff(day) > 0, True))
    if nav_start is not None:
        base, ends = float(nav_start), last
    else:
        # the first NAV is the base; the first day has a return only if it has a later snapshot
        base, ends = float(values[0]), last if last[0] > 0 else last[1:]
    levels = np.concatenate(([base], values[ends]))
    alive = np.logical_and.accumulate(levels[:-1] > 0)
    returns = np.full(len(ends), np.nan)
    returns[alive] = levels[1:][alive] / levels[:-1][alive] - 1.0
    return DailyReturns(day[ends].astype(np.int32), ts[ends], returns)
