"""What else could have happened: the record resampled thousands of times, and the spread of its statistics."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from engine.validation.resampling import (
    block_generator,
    blocks,
    independent_indices,
    normal_returns,
    shuffled_indices,
    stationary_indices,
)
from engine.validation.risk_of_ruin import ruined, share_interval

FAN_PERCENTILES = (5.0, 25.0, 50.0, 75.0, 95.0)
#: points in time of a fan chart, and paths that its percentiles are taken over: more cannot be seen
FAN_STEPS = 120
FAN_PATHS = 20_480


class Method(IntEnum):
    """How paths are drawn; the value is part of the random key, so it never changes."""

    STATIONARY_BOOTSTRAP = 1
    TRADE_BOOTSTRAP = 2
    TRADE_SHUFFLE = 3
    PARAMETRIC = 4

    @property
    def label(self) -> str:
        return self.name.lower()


class MonteCarloSettings(Protocol):
    """The part of a study that this module reads (``engine.backtest.study.MonteCarloSpec``)."""

    @property
    def paths(self) -> int: ...
    @property
    def mean_block_length(self) -> float: ...
    @property
    def confidence(self) -> float: ...
    @property
    def ruin_fraction(self) -> float: ...


@dataclass(frozen=True)
class MonteCarloSummary:
    """One statistic over all paths of one method.

    Attributes
    ----------
    method, statistic
        ``stationary_bootstrap`` ... and ``terminal_return``, ``max_drawdown`` (positive fraction), ``sharpe``
        (annualized), ``sharpe_per_trade`` (not annualized), ``risk_of_ruin`` (share of paths).
    mean, median
        Over the paths; a share has no median (None).
    lower, upper
        Percentile interval at the study's confidence; for ``risk_of_ruin`` Wilson's interval of the share.
    std_error
        Standard deviation over the paths, which is the bootstrap's standard error of the statistic; for
        ``risk_of_ruin`` the error of the share itself.
    paths
        Paths on which the statistic is defined.
    """

    method: str
    statistic: str
    mean: float
    median: float | None
    lower: float
    upper: float
    std_error: float
    paths: int


@dataclass(frozen=True)
class Fan:
    """Percentiles of NAV over time, for a picture.

    Attributes
    ----------
    steps : int64, shape (s,)
        Days (or trades) since the start; the first is 0.
    percentiles
        Of the rows of ``nav``.
    nav : float64, shape (len(percentiles), s)
    """

    steps: NDArray[np.int64]
    percentiles: tuple[float, ...]
    nav: NDArray[np.float64]


@dataclass(frozen=True)
class MonteCarloResult:
    """All summaries, the confidence of their intervals, a fan per method, and why a method was left out."""

    summaries: tuple[MonteCarloSummary, ...]
    confidence: float
    fans: Mapping[str, Fan] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Paths:
    nav_fraction: NDArray[np.float64]
    sharpe: NDArray[np.float64]


def simulate(
    daily_returns: NDArray[np.float64],
    trade_pnl: NDArray[np.float64],
    nav_start: float,
    spec: MonteCarloSettings,
    seed: int,
    *,
    annualization: float = 252,
) -> MonteCarloResult:
    """Resample a record by four methods.

    - ``stationary_bootstrap``: blocks of daily returns (Politis & Romano 1994), as many days as the record has.
    - ``parametric``: independent normal returns with the record's mean and standard deviation.
    - ``trade_bootstrap``: trades with replacement, each adding its P&L in money to the start NAV.
    - ``trade_shuffle``: the same trades in random order. The end is the same by construction, so only the
      drawdown and the ruin on the way are reported.

    An account that reaches zero stays there. Trades add money, they don't compound: sizes are those that were
    traded.

    Parameters
    ----------
    daily_returns : shape (n,)
        Simple returns, decimals.
    trade_pnl : shape (m,)
        Net profit of each trade in the currency of ``nav_start``.
    spec
        ``paths``, ``mean_block_length`` in days, ``confidence``, ``ruin_fraction`` of the start NAV.
    seed
        Of the study, 0 to 2**64 - 1.

    Raises
    ------
    ValueError
        For an undefined number, or a start NAV that is not positive. Fewer than two daily returns or trades
        leave out the methods that draw from them, with the reason in ``skipped``.
    """
    returns = np.asarray(daily_returns, dtype=np.float64)
    pnl = np.asarray(trade_pnl, dtype=np.float64)
    if not nav_start > 0:
        raise ValueError(f"Monte Carlo: a start NAV of {nav_start}; it must be positive")
    for name, values in (("daily return", returns), ("trade P&L", pnl)):
        if not np.isfinite(values).all():
            raise ValueError(
                f"Monte Carlo: {name} {int(np.flatnonzero(~np.isfinite(values))[0])} is undefined"
            )
    days, root = len(returns), math.sqrt(annualization)

    def of_returns(drawn: NDArray[np.float64]) -> _Paths:
        growth: NDArray[np.float64] = np.maximum(1.0 + drawn, 0.0)
        return _Paths(np.cumprod(growth, axis=1, dtype=np.float64), _row_sharpe(drawn) * root)

    def of_trades(drawn: NDArray[np.float64]) -> _Paths:
        # in place of a running sum that could climb out of the red: a ruined account trades no more
        level = 1.0 + np.cumsum(drawn, axis=1) / nav_start
        alive = np.logical_and.accumulate(level > 0, axis=1)
        return _Paths(np.where(alive, level, 0.0), _row_sharpe(drawn))

    draw: dict[Method, Callable[[np.random.Generator, int], _Paths]] = {}
    skipped: dict[str, str] = {}
    if days >= 2:
        mean, deviation = float(returns.mean()), float(returns.std(ddof=1))
        draw[Method.STATIONARY_BOOTSTRAP] = lambda g, k: of_returns(
            returns[stationary_indices(g, k, days, days, spec.mean_block_length)]
        )
        draw[Method.PARAMETRIC] = lambda g, k: of_returns(normal_returns(g, k, days, mean, deviation))
    else:
        for method in (Method.STATIONARY_BOOTSTRAP, Method.PARAMETRIC):
            skipped[method.label] = f"{days} daily returns; resampling needs at least 2"
    if len(pnl) >= 2:
        trades = len(pnl)
        draw[Method.TRADE_BOOTSTRAP] = lambda g, k: of_trades(pnl[independent_indices(g, k, trades, trades)])
        draw[Method.TRADE_SHUFFLE] = lambda g, k: of_trades(pnl[shuffled_indices(g, k, trades)])
    else:
        for method in (Method.TRADE_BOOTSTRAP, Method.TRADE_SHUFFLE):
            skipped[method.label] = f"{len(pnl)} closed trades; resampling needs at least 2"
    summaries: list[MonteCarloSummary] = []
    fans: dict[str, Fan] = {}
    for method in sorted(draw):
        found, fans[method.label] = _run(method, draw[method], nav_start, spec, seed)
        summaries += found
    return MonteCarloResult(tuple(summaries), spec.confidence, fans, skipped)


def _run(
    method: Method,
    draw: Callable[[np.random.Generator, int], _Paths],
    nav_start: float,
    spec: MonteCarloSettings,
    seed: int,
) -> tuple[list[MonteCarloSummary], Fan]:
    terminal, drawdown, sharpe = (np.empty(spec.paths) for _ in range(3))
    ruin_count = 0
    for_fan: list[NDArray[np.float64]] = []
    steps: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
    begin = 0
    for number, size in blocks(spec.paths):
        paths = draw(block_generator(seed, int(method), number), size)
        nav, rows = paths.nav_fraction, slice(begin, begin + size)
        terminal[rows] = nav[:, -1] - 1.0
        peak = np.maximum(np.maximum.accumulate(nav, axis=1), 1.0)
        drawdown[rows] = (1.0 - nav / peak).max(axis=1)
        sharpe[rows] = paths.sharpe
        ruin_count += int(ruined(nav, spec.ruin_fraction).sum())
        if begin < FAN_PATHS:
            count = nav.shape[1]
            steps = np.unique(np.linspace(0, count, min(count, FAN_STEPS) + 1).round().astype(np.int64))
            for_fan.append(nav[:, steps[1:] - 1])
        begin += size
    fan_nav = np.percentile(np.concatenate(for_fan), FAN_PERCENTILES, axis=0)
    fan_nav = np.concatenate([np.ones((len(FAN_PERCENTILES), 1)), fan_nav], axis=1) * nav_start
    statistics = {"max_drawdown": drawdown}
    if method is not Method.TRADE_SHUFFLE:
        per_trade = method is Method.TRADE_BOOTSTRAP
        statistics = {
            "terminal_return": terminal,
            "max_drawdown": drawdown,
            "sharpe_per_trade" if per_trade else "sharpe": sharpe,
        }
    rows_found = [
        _summary(method.label, name, values, spec.confidence) for name, values in statistics.items()
    ]
    found = [row for row in rows_found if row is not None]
    found.append(_ruin_summary(method.label, ruin_count, spec))
    return found, Fan(steps, FAN_PERCENTILES, fan_nav)


def _row_sharpe(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over standard deviation of each row; NaN for a row without spread."""
    centre = drawn.mean(axis=1)
    deviation = drawn.std(axis=1, ddof=1)
    flat = deviation <= 1e-12 * np.abs(drawn).max(axis=1)
    return np.where(flat, np.nan, centre / np.where(flat, 1.0, deviation))


def _summary(
    method: str, statistic: str, values: NDArray[np.float64], confidence: float
) -> MonteCarloSummary | None:
    """None where no path has the statistic: a record that never moved has no Sharpe ratio."""
    defined = values[np.isfinite(values)]
    if len(defined) == 0:
        return None
    tail = 100.0 * (1.0 - confidence) / 2.0
    lower, median, upper = (float(v) for v in np.percentile(defined, (tail, 50.0, 100.0 - tail)))
    spread = float(defined.std(ddof=1)) if len(defined) > 1 else 0.0
    return MonteCarloSummary(
        method, statistic, float(defined.mean()), median, lower, upper, spread, len(defined)
    )


def _ruin_summary(method: str, count: int, spec: MonteCarloSettings) -> MonteCarloSummary:
    share = count / spec.paths
    lower, upper = share_interval(count, spec.paths, float(ndtri(0.5 + spec.confidence / 2.0)))
    error = math.sqrt(share * (1.0 - share) / spec.paths)
    return MonteCarloSummary(method, "risk_of_ruin", share, None, lower, upper, error, spec.paths)
