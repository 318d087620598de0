"""Daily returns compounded by calendar month."""

import datetime as dt

import numpy as np
from numpy.typing import NDArray


def monthly_returns(
    days: NDArray[np.int32], returns: NDArray[np.float64]
) -> tuple[list[int], NDArray[np.float64], NDArray[np.float64]]:
    """Years, returns by year and month, returns by year.

    Parameters
    ----------
    days, returns : shape (n,)
        As in ``engine.analytics.daily.DailyReturns``.

    Returns
    -------
    years : list of int
    by_month : float64, shape (len(years), 12)
        Compounded simple return; NaN for a month without a single return, or after the account was lost.
    by_year : float64, shape (len(years),)
    """
    if len(days) == 0:
        return [], np.zeros((0, 12)), np.zeros(0)
    dates = [dt.date.fromordinal(dt.date(1970, 1, 1).toordinal() + int(d)) for d in days]
    years = list(range(dates[0].year, dates[-1].year + 1))
    row = np.array([d.year - years[0] for d in dates])
    column = np.array([d.month - 1 for d in dates])
    growth = np.ones((len(years), 12))
    np.multiply.at(growth, (row, column), 1.0 + np.asarray(returns, dtype=np.float64))
    seen = np.zeros((len(years), 12), dtype=bool)
    seen[row, column] = True
    by_month = np.where(seen, growth - 1.0, np.nan)
    by_year = np.where(seen.any(axis=1), np.prod(np.where(seen, growth, 1.0), axis=1) - 1.0, np.nan)
    return years, by_month, by_year
