"""Pictures of one record: equity with its drawdown, months, Greeks, the profits of trades."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analytics.drawdown import drawdown_series
from engine.analytics.monthly import monthly_returns
from engine.reports import formatting
from engine.reports.style import (
    ACCENT,
    GAIN,
    INK,
    LOSS,
    MUTED,
    SECOND,
    drawn,
    new_figure,
    percent_axis,
    time_axis,
)

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _instants(ts_us: Times) -> Any:
    return np.asarray(ts_us, dtype=np.int64).astype("datetime64[us]")


@drawn("Net asset value over time, trades marked, with the drawdown beneath")
def equity_plot(
    ts_us: Times,
    nav: Floats,
    *,
    currency: str = "USD",
    trade_entry_us: Times | None = None,
    trade_exit_us: Times | None = None,
    trade_pnl: Floats | None = None,
    title: str = "",
) -> Any:
    """NAV with entries and exits, and the drawdown on the same time axis.

    Parameters
    ----------
    ts_us, nav : shape (k,)
        NAV at each snapshot, in ``currency``.
    trade_entry_us, trade_exit_us, trade_pnl : shape (m,), optional
        Exits are triangles in the colour of the profit; a marker sits on the last NAV known at its time.
    """
    figure = new_figure(10.4, 4.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    times, values = _instants(ts_us), np.asarray(nav, dtype=np.float64)
    upper.axhline(values[0], color=MUTED, linewidth=0.8, linestyle=(0, (2, 3)))
    upper.plot(times, values, color=ACCENT)
    if trade_entry_us is not None and len(trade_entry_us):
        at = _last_known(ts_us, trade_entry_us)
        upper.plot(
            times[at], values[at], "o", markersize=3.2, markerfacecolor="none", color=MUTED, label="entry"
        )
    if trade_exit_us is not None and trade_pnl is not None and len(trade_exit_us):
        at = _last_known(ts_us, trade_exit_us)
        pnl = np.asarray(trade_pnl)
        for mask, colour, marker, label in (
            (pnl > 0, GAIN, "^", "exit, gain"),
            (pnl <= 0, LOSS, "v", "exit, loss"),
        ):
            if mask.any():
                points = at[mask]
                upper.plot(times[points], values[points], marker, markersize=4.6, color=colour, label=label)
        upper.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=3,
            handletextpad=0.2,
            columnspacing=1.2,
            borderaxespad=0.2,
        )
    upper.set_ylabel(f"NAV, {currency}")
    if title:
        upper.set_title(title, loc="right")
    decimals = 0 if np.ptp(values) > 20 else None
    if decimals == 0:
        upper.yaxis.set_major_formatter(lambda v, _position: formatting.number(v, 0))
    depth = drawdown_series(values)
    lower.fill_between(times, -depth, 0, color=LOSS, alpha=0.22, linewidth=0)
    lower.plot(times, -depth, color=LOSS, linewidth=1.0)
    lower.set_ylabel("drawdown")
    lower.set_ylim(min(-float(depth.max()) * 1.15, -0.001), 0)
    percent_axis(lower)
    time_axis(lower)
    return figure


def _last_known(ts_us: Times, at_us: Times) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.searchsorted(ts_us, at_us, side="right") - 1
    return np.clip(found, 0, len(ts_us) - 1)


@drawn("Returns by month and year")
def monthly_returns_plot(days: NDArray[np.int32], returns: Floats) -> Any:
    """A cell per month, the stronger its colour the larger the return; the year's total at the right."""
    years, by_month, by_year = monthly_returns(days, returns)
    figure = new_figure(10.4, 0.75 + 0.36 * max(len(years), 1))
    axis = figure.subplots()
    table = np.concatenate([by_month, by_year[:, None]], axis=1)
    defined = np.abs(by_month[np.isfinite(by_month)])
    largest = float(defined.max()) if len(defined) and defined.max() > 0 else 1.0
    for row, column in np.argwhere(np.isfinite(table)):
        value = float(table[row, column])
        strength = 0.08 + 0.62 * min(abs(value) / largest, 1.0)
        x = column + (0.35 if column == 12 else 0.0)
        axis.add_patch(_cell(x, row, GAIN if value >= 0 else LOSS, strength))
        weight = "bold" if column == 12 else "normal"
        axis.text(
            x, row, formatting.percent(value, 1), ha="center", va="center", fontsize=9, fontweight=weight
        )
    axis.set_xlim(-0.5, 12.85)
    axis.set_ylim(len(years) - 0.5, -0.5)
    axis.set_xticks([*range(12), 12.35], [*_MONTHS, "Year"])
    axis.set_yticks(range(len(years)), [str(y) for y in years])
    axis.xaxis.tick_top()
    axis.tick_params(axis="x", size=0)
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    return figure


def _cell(x: float, y: float, colour: str, strength: float) -> Any:
    from matplotlib.patches import Rectangle

    # transparency, not a paler colour: it reads on a light and on a dark page
    return Rectangle((x - 0.47, y - 0.44), 0.94, 0.88, facecolor=colour, alpha=strength, linewidth=0)


@drawn("Delta, gamma, vega and theta of the account over time")
def greeks_plot(
    ts_us: Times, delta: Floats, gamma: Floats, vega_per_vol_point: Floats, theta_per_day: Floats
) -> Any:
    """Four small panels over one time axis; NaN (no model value for an open position) leaves a gap."""
    figure = new_figure(10.4, 4.2)
    axes = figure.subplots(2, 2, sharex=True)
    times = _instants(ts_us)
    panels = (
        ("Delta, units of underlying", delta, ACCENT),
        ("Gamma, delta per 1.00 of underlying", gamma, SECOND),
        ("Vega, per volatility point", vega_per_vol_point, GAIN),
        ("Theta, per day", theta_per_day, LOSS),
    )
    for axis, (label, values, colour) in zip(axes.flat, panels, strict=True):
        axis.axhline(0, color=MUTED, linewidth=0.8)
        axis.plot(times, values, color=colour, linewidth=1.1)
        axis.set_title(label, fontweight="normal", fontsize=9.5)
    for axis in axes[1]:
        time_axis(axis)
    return figure


@drawn("Distribution of the profit of trades")
def trade_pnl_plot(pnl: Floats, *, currency: str = "USD") -> Any:
    """Histogram of net profit per trade, losses and gains in their colours, the mean marked."""
    figure = new_figure(6.0, 3.1)
    axis = figure.subplots()
    values = np.asarray(pnl, dtype=np.float64)
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    bins = int(np.clip(np.sqrt(len(values)) * 2, 8, 40))
    width = (high - low) / bins or 1.0
    # zero is an edge, so that no bar is both
    edges = np.arange(np.floor(low / width), np.ceil(high / width) + 1) * width
    counts, _ = np.histogram(values, np.append(edges, edges[-1] + width))
    colours = [GAIN if edge >= 0 else LOSS for edge in edges]
    axis.bar(edges, counts, width=width * 0.94, align="edge", color=colours, alpha=0.75)
    axis.axvline(float(values.mean()), color=INK, linewidth=1.2, linestyle=(0, (4, 2)))
    axis.set_title(
        f"mean {formatting.money(float(values.mean()), currency, signed=True)}",
        fontweight="normal",
        fontsize=9.5,
    )
    axis.set_xlabel(f"profit per trade, {currency}")
    axis.set_ylabel("trades")
    axis.yaxis.get_major_locator().set_params(integer=True)
    return figure
