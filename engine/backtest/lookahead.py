"""Proof that a run does not look ahead: change everything after t, and nothing up to t may change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.result import BacktestResult
from engine.market.history import NAMES_BY_CODE, ChainHistory
from engine.market.underlying import UnderlyingHistory

#: Table -> column of the instant at which a row came to be.
_WHEN: Mapping[str, str] = {
    "fills": "ts_us",
    "trades": "exit_us",
    "equity": "ts_us",
    "events": "ts_us",
    "rejections": "ts_us",
}
#: What an order is when it is decided; its arrival and status may lie after t.
_ORDER_COLUMNS = (
    "order_id",
    "package_id",
    "decided_us",
    "intent",
    "order_type",
    "reason",
    "packages",
    "legs",
    "limit_price",
)
_PRICES = ("bid", "ask", "bid_size", "ask_size", "spot", "forward", "iv")
_GREEKS = ("delta", "gamma", "vega_per_vol_point", "theta_per_day")


class LookAheadError(AssertionError):
    """A run's past depends on its future."""


def perturb_chain_after(chain: ChainHistory, t_us: int, *, seed: int) -> ChainHistory:
    """The chain with every row after ``t_us`` changed: prices, sizes, spot, Greeks, ages, grades, existence.

    Rows with ``ts_us > t_us`` are changed; about a fifth of them is taken out. Contract terms stay, since a
    contract that changed its strike would be refused, not traded.
    """
    rng = np.random.default_rng(seed)
    columns = {name: values.copy() for name, values in chain.to_columns().items()}
    late = columns["ts_us"] > t_us
    n = int(late.sum())
    for name in _PRICES:
        columns[name][late] *= rng.uniform(0.3, 3.0, n)
    for name in _GREEKS:
        columns[name][late] = rng.uniform(-1.0, 1.0, n)
    columns["quote_age_seconds"][late] = rng.uniform(0.0, 1e5, n)
    columns["grade"][late] = rng.integers(0, 7, n)
    keep = ~late
    keep[late] = rng.random(n) > 0.2
    return ChainHistory.from_columns(
        {name: v if name in NAMES_BY_CODE else v[keep] for name, v in columns.items()}
    )


def perturb_underlying_after(underlying: UnderlyingHistory, t_us: int, *, seed: int) -> UnderlyingHistory:
    """The daily prices with every row of after ``t_us`` changed (none taken out: options must settle)."""
    rng = np.random.default_rng(seed)
    late = underlying.ts_us > t_us
    changed = {}
    for name in ("open", "high", "low", "close", "settlement_price"):
        values = getattr(underlying, name).copy()
        values[late] *= rng.uniform(0.5, 2.0, int(late.sum()))
        changed[name] = values
    return replace(underlying, **changed)


def results_up_to(result: BacktestResult, t_us: int) -> dict[str, NDArray[Any]]:
    """Everything that a run had decided, traded and valued by ``t_us``, as ``table.column`` -> values."""
    known: dict[str, NDArray[Any]] = {}
    for table, when in _WHEN.items():
        columns = result.tables[table]
        upto = columns[when] <= t_us
        known.update({f"{table}.{name}": values[upto] for name, values in columns.items()})
    orders = result.tables["orders"]
    decided = orders["decided_us"] <= t_us
    known.update({f"orders.{name}": orders[name][decided] for name in _ORDER_COLUMNS})
    return known


def assert_same_up_to(base: BacktestResult, other: BacktestResult, t_us: int, *, what: str = "") -> None:
    """Raise unless both runs agree bit for bit on everything up to ``t_us``.

    Raises
    ------
    LookAheadError
        Naming the table, column and first row that differ.
    """
    a, b = results_up_to(base, t_us), results_up_to(other, t_us)
    for name, values in a.items():
        others = b[name]
        if len(values) != len(others):
            raise LookAheadError(
                f"{what or 'a change'} after {t_us} changed the past: {name} has {len(values)} rows, "
                f"then {len(others)}"
            )
        if values.dtype == np.float64:
            same = values.view(np.int64) == others.view(np.int64)
            same |= np.isnan(values) & np.isnan(others)
        else:
            same = values == others
        if not np.all(same):
            row = int(np.argmin(same))
            raise LookAheadError(
                f"{what or 'a change'} after {t_us} changed the past: {name}, row {row} is {values[row]!r}, "
                f"then {others[row]!r}"
            )


def assert_no_lookahead(
    run: Callable[[ChainHistory], BacktestResult],
    chain: ChainHistory,
    t_us: int | Sequence[int],
    *,
    seeds: Sequence[int] = (1, 2, 3),
) -> None:
    """Run on the chain and on copies whose every row after t is changed; compare all up to t.

    ``run`` must make its strategy anew at each call and get its quotes from the chain that it is given.

    Parameters
    ----------
    t_us
        One instant or several. A leak shows only at an instant at which a decision used it, so take several
        neighbouring ones.

    Raises
    ------
    LookAheadError
        If anything up to t differs.
    ValueError
        If nothing lies after t, so that the test would prove nothing.
    """
    instants = (t_us,) if isinstance(t_us, int) else tuple(t_us)
    for t in instants:
        if not (chain.snapshot_ts_us > t).any():
            raise ValueError(f"no snapshot lies after {t}: the test would prove nothing")
    base = run(chain)
    for t in instants:
        for seed in seeds:
            changed = perturb_chain_after(chain, t, seed=seed)
            assert_same_up_to(base, run(changed), t, what=f"changing every quote (seed {seed})")
