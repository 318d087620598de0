"""A picture of a fitted volatility surface: smiles with their quotes, and the term structure at the money."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.reports.style import ACCENT, GRID, INK, LOSS, MUTED, SECOND, drawn, new_figure, percent_axis

Floats = NDArray[np.float64]

_COLUMNS, _ROWS = 4, 2
#: of the money, in deviations: beyond them are quotes of a tick or two
_LEFT, _RIGHT = -6.0, 3.0


@drawn("Fitted smiles with their quotes, and the term structure of at-the-money volatility")
def surface_plot(
    *,
    expiry_days: NDArray[np.integer],
    labels: Sequence[str],
    year_fraction: Floats,
    at_the_money: Floats,
    quote_expiry: NDArray[np.integer],
    log_moneyness: Floats,
    sigma_bid: Floats,
    sigma_ask: Floats,
    fitted_log_moneyness: Floats,
    fitted_sigma: Floats,
    rms_error: Floats,
    title: str = "",
) -> Any:
    """Eight expiries spread over those that are fitted, and all of them in the term structure.

    Parameters
    ----------
    expiry_days, labels, year_fraction, at_the_money, rms_error : shape (n,)
        Days since 1970, what to call the expiry's root, years, volatility at the money (NaN without a slice) and root
        mean square of its residuals, decimal.
    quote_expiry : shape (q,)
        Which of the n expiries a quote belongs to.
    log_moneyness, sigma_bid, sigma_ask : shape (q,)
    fitted_log_moneyness, fitted_sigma : shape (n, m)
        The fitted lines.
    title : str
        Above the whole.
    """
    fitted = np.flatnonzero(np.isfinite(at_the_money))
    figure = new_figure(11.0, 7.4)
    if not fitted.size:
        axis = figure.subplots()
        axis.text(0.5, 0.5, "no expiry could be fitted", ha="center", color=MUTED)
        axis.set_axis_off()
        return figure
    layout = figure.add_gridspec(_ROWS + 1, _COLUMNS, height_ratios=[1.0] * _ROWS + [0.95])
    # evenly in the logarithm of time, so that the short end, where smiles are steep, is seen
    ends = np.log(year_fraction[fitted[[0, -1]]])
    wanted = np.exp(np.linspace(float(ends[0]), float(ends[1]), _COLUMNS * _ROWS))
    chosen = np.unique([fitted[np.argmin(np.abs(np.log(year_fraction[fitted] / w)))] for w in wanted])
    for place, expiry in enumerate(chosen):
        axis = figure.add_subplot(layout[place // _COLUMNS, place % _COLUMNS])
        _smile(
            axis,
            float(at_the_money[expiry] * np.sqrt(year_fraction[expiry])),
            log_moneyness[quote_expiry == expiry],
            sigma_bid[quote_expiry == expiry],
            sigma_ask[quote_expiry == expiry],
            fitted_log_moneyness[expiry],
            fitted_sigma[expiry],
        )
        axis.set_title(f"{_date(int(expiry_days[expiry]))}  {labels[expiry]}", fontsize=9.5)
        axis.text(
            0.97,
            0.94,
            f"{365 * year_fraction[expiry]:.0f} d\nrms {100 * rms_error[expiry]:.2f} pts",
            transform=axis.transAxes,
            ha="right",
            va="top",
            fontsize=8,
            color=MUTED,
        )
        if place >= chosen.size - _COLUMNS:
            axis.set_xlabel("log-moneyness", fontsize=8.5)
    _term_structure(figure.add_subplot(layout[_ROWS, :]), labels, year_fraction, at_the_money, fitted, chosen)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK)
    return figure


def _smile(
    axis: Any, deviation: float, k: Floats, bid: Floats, ask: Floats, line_k: Floats, line: Floats
) -> None:
    seen = (k >= _LEFT * deviation) & (k <= _RIGHT * deviation)
    axis.vlines(k[seen], bid[seen], ask[seen], color=ACCENT, linewidth=1.6, alpha=0.5)
    # narrow quotes would vanish under the line
    axis.plot(
        k[seen], 0.5 * (bid + ask)[seen], ".", markersize=3.0, color=ACCENT, alpha=0.5, markeredgewidth=0
    )
    near = (line_k >= _LEFT * deviation) & (line_k <= _RIGHT * deviation) & np.isfinite(line)
    axis.plot(line_k[near], line[near], color=SECOND, linewidth=1.3)
    axis.axvline(0, color=MUTED, linewidth=0.7, linestyle=(0, (2, 3)))
    tops = [line[near].max(initial=0.0)]
    if seen.any():
        # one stub quote may not flatten the panel
        tops.append(float(np.quantile(ask[seen], 0.98)))
    bottoms = [line[near].min(initial=1.0), *([float(np.quantile(bid[seen], 0.02))] if seen.any() else [])]
    low, high = min(bottoms), max(tops)
    axis.set_ylim(max(low - 0.08 * (high - low), 0.0), high + 0.1 * (high - low))
    axis.locator_params(axis="x", nbins=4)
    axis.tick_params(labelsize=8)
    percent_axis(axis, decimals=0)


def _term_structure(
    axis: Any,
    labels: Sequence[str],
    years: Floats,
    at_the_money: Floats,
    fitted: NDArray[np.intp],
    chosen: NDArray[np.intp],
) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    roots = sorted(set(labels), key=lambda root: -sum(label == root for label in labels))
    colours = (ACCENT, SECOND, LOSS)
    for root, colour in zip(roots, colours * len(roots), strict=False):
        rows = np.array([j for j in fitted if labels[j] == root])
        if rows.size:
            axis.plot(
                365 * years[rows],
                at_the_money[rows],
                "-o",
                markersize=3.2,
                linewidth=1.0,
                color=colour,
                label=root,
            )
    for expiry in chosen:
        axis.axvline(365 * years[expiry], color=GRID, linewidth=5, zorder=0)
    axis.set_xscale("log")
    marks = [1, 2, 3, 5, 7, 14, 30, 60, 90, 180, 365, 730, 1825]
    low, high = 365 * years[fitted[0]], 365 * years[fitted[-1]]
    axis.xaxis.set_major_locator(FixedLocator([m for m in marks if low * 0.8 <= m <= high * 1.2]))
    axis.xaxis.set_major_formatter(lambda v, _position: f"{v:.0f}")
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xlabel("days to settlement, logarithmic; shaded: the expiries above", fontsize=8.5)
    axis.set_title("volatility at the money forward", fontsize=9.5)
    percent_axis(axis, decimals=1)
    if len(roots) > 1:
        axis.legend(loc="lower right", ncols=len(roots))


def _date(days: int) -> str:
    return (dt.date(1970, 1, 1) + dt.timedelta(days=days)).isoformat()
