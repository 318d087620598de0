"""The metric table of one record: what a backtest earned, what it risked, how it traded."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.analytics.daily import checked_equity, daily_returns
from engine.analytics.drawdown import deepest_drawdown, drawdown_calendar_days
from engine.analytics.ratios import (
    Returns,
    conditional_value_at_risk,
    excess_kurtosis,
    omega_ratio,
    sharpe_ratio,
    skewness,
    sortino_ratio,
    standard_deviation,
    value_at_risk,
)

Metrics = dict[str, float | None]

#: Every key of the table, in the order in which a reader wants them.
METRIC_NAMES: tuple[str, ...] = (
    "total_return",
    "annual_return",
    "annual_volatility",
    "sharpe_ratio",
    "sortino_ratio",
    "calmar_ratio",
    "omega_ratio",
    "max_drawdown",
    "max_drawdown_days",
    "var_95",
    "cvar_95",
    "skew",
    "kurtosis",
    "trade_count",
    "win_rate",
    "profit_factor",
    "average_win",
    "average_loss",
    "expectancy",
    "expectancy_on_risk",
    "exposure",
)


def metrics(
    equity_ts_us: NDArray[np.int64],
    nav: NDArray[np.float64],
    trade_pnl: NDArray[np.float64],
    trade_return_on_risk: NDArray[np.float64],
    exposure: NDArray[np.float64],
    annualization: int,
    *,
    nav_start: float | None = None,
) -> Metrics:
    """Every metric of ``METRIC_NAMES``; None where undefined, never NaN or infinite.

    Parameters
    ----------
    equity_ts_us, nav : shape (k,)
        NAV in the base currency at each snapshot, in order of time (UTC microseconds).
    trade_pnl : shape (m,)
        Net profit of each closed trade, base currency.
    trade_return_on_risk : shape (m,)
        The same over the trade's risk at entry; NaN where that risk was undefined.
    exposure : shape (k,)
        ``|delta| * spot / nav`` at each snapshot; NaN where undefined.
    annualization
        Sessions a year, 252 or 365.
    nav_start
        Capital before the first snapshot; the first NAV where not given.

    Returns
    -------
    dict
        ``total_return`` last NAV over first minus 1; ``annual_return`` that, compounded to ``annualization``
        daily returns (sessions, not calendar time, so that it agrees with the volatility);
        ``annual_volatility``, ``sharpe_ratio`` (over a rate of zero), ``sortino_ratio``, ``omega_ratio`` (the
        last at a minimum of zero, a sum over days, not annualized) as in ``engine.analytics.ratios``;
        ``calmar_ratio`` annual return over maximum drawdown, both of the whole record (Young 1991 used three
        years); ``max_drawdown`` positive fraction of the peak, over every snapshot, and ``max_drawdown_days``
        its length in calendar days from the peak to the recovery, or to the end; ``var_95``, ``cvar_95``
        daily, positive for a loss; ``skew`` and ``kurtosis`` (excess) of daily returns; ``win_rate`` share of
        trades with a profit above zero; ``profit_factor`` gross profit over gross loss; ``average_win``,
        ``average_loss`` (negative), ``expectancy`` mean profit of a trade, base currency;
        ``expectancy_on_risk`` mean return on risk; ``exposure`` mean over snapshots.

    Raises
    ------
    InvalidEquityError
        For an empty, unsorted or undefined equity record.
    ValueError
        For a start NAV that is not positive, or a trade without a P&L.
    """
    ts, values = checked_equity(equity_ts_us, nav)
    start = float(values[0]) if nav_start is None else float(nav_start)
    if not start > 0:
        raise ValueError(f"metrics: the record starts with a NAV of {start}; a return on it has no meaning")
    if nav_start is not None:
        path = np.concatenate(([start], values))
        path_ts = np.concatenate((ts[:1], ts))
    else:
        path, path_ts = values, ts
    returns = daily_returns(ts, values, nav_start=nav_start).returns
    table: Metrics = dict.fromkeys(METRIC_NAMES)
    total_return = float(values[-1]) / start - 1.0
    table["total_return"] = total_return
    table.update(_drawdown_metrics(path_ts, path))
    # an account that fell below zero has no daily returns from there on; ratios over the rest would flatter
    if len(returns) and bool(np.isfinite(returns).all()):
        table.update(_return_metrics(returns, total_return, annualization))
        if table["annual_return"] is not None and table["max_drawdown"]:
            table["calmar_ratio"] = table["annual_return"] / table["max_drawdown"]
    table.update(_trade_metrics(trade_pnl, trade_return_on_risk))
    defined = np.asarray(exposure, dtype=np.float64)
    defined = defined[np.isfinite(defined)]
    table["exposure"] = float(defined.mean()) if len(defined) else None
    return {name: _finite(table[name]) for name in METRIC_NAMES}


def _drawdown_metrics(ts_us: NDArray[np.int64], nav: NDArray[np.float64]) -> Metrics:
    deepest = deepest_drawdown(nav)
    if deepest is None:
        return {"max_drawdown": 0.0, "max_drawdown_days": 0.0}
    return {"max_drawdown": deepest.depth, "max_drawdown_days": drawdown_calendar_days(ts_us, deepest)}


def _return_metrics(returns: Returns, total_return: float, annualization: int) -> Metrics:
    deviation = standard_deviation(returns)
    return {
        "annual_return": annual_return(total_return, len(returns), annualization),
        "annual_volatility": None if deviation is None else deviation * math.sqrt(annualization),
        "sharpe_ratio": sharpe_ratio(returns, annualization=annualization),
        "sortino_ratio": sortino_ratio(returns, annualization=annualization),
        "omega_ratio": omega_ratio(returns),
        "var_95": value_at_risk(returns),
        "cvar_95": conditional_value_at_risk(returns),
        "skew": skewness(returns),
        "kurtosis": excess_kurtosis(returns),
    }


def annual_return(total_return: float, periods: int, annualization: float) -> float | None:
    """``(1 + total) ** (annualization / periods) - 1``; None after a total loss or beyond float64's range."""
    growth = 1.0 + total_return
    if periods < 1 or growth <= 0:
        return None
    exponent = math.log(growth) * annualization / periods
    # a few lucky days, compounded to a year, can leave the range of a float: such a number says nothing
    return None if exponent > 700 else math.expm1(exponent)


def _trade_metrics(trade_pnl: NDArray[np.float64], trade_return_on_risk: NDArray[np.float64]) -> Metrics:
    pnl = np.asarray(trade_pnl, dtype=np.float64)
    on_risk = np.asarray(trade_return_on_risk, dtype=np.float64)
    if pnl.shape != on_risk.shape:
        raise ValueError(f"metrics: {len(pnl)} trade P&Ls and {len(on_risk)} returns on risk; give one each")
    undefined = np.flatnonzero(~np.isfinite(pnl))
    if len(undefined):
        raise ValueError(f"metrics: trade {int(undefined[0])} has no P&L; close it first")
    if len(pnl) == 0:
        return {"trade_count": 0.0}
    wins, losses = pnl[pnl > 0], pnl[pnl < 0]
    on_risk = on_risk[np.isfinite(on_risk)]
    return {
        "trade_count": float(len(pnl)),
        "win_rate": len(wins) / len(pnl),
        "profit_factor": float(wins.sum() / -losses.sum()) if len(losses) else None,
        "average_win": float(wins.mean()) if len(wins) else None,
        "average_loss": float(losses.mean()) if len(losses) else None,
        "expectancy": float(pnl.mean()),
        "expectancy_on_risk": float(on_risk.mean()) if len(on_risk) else None,
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
