"""Pictures of what validation found: windows in and out of sample, and the fan of what could have happened."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.reports import formatting
from engine.reports.style import ACCENT, GAIN, LOSS, MUTED, SECOND, drawn, new_figure, percent_axis
from engine.validation.monte_carlo import Fan


@drawn("Objective in and out of sample, and return out of sample, by window")
def walk_forward_plot(windows: Sequence[Mapping[str, Any]], *, objective: str) -> Any:
    """One column a window: the objective on both ranges above, the return of the test range beneath.

    Parameters
    ----------
    windows
        Rows of ``engine.validation.walk_forward.window_row``. An undefined objective leaves its marker out.
    """
    figure = new_figure(10.4, 4.0)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    position = np.arange(len(windows))
    inside = _column(windows, "in_sample_objective")
    outside = _column(windows, "out_of_sample_objective")
    returns = _column(windows, "out_of_sample_return")
    upper.axhline(0, color=MUTED, linewidth=0.8)
    both = np.isfinite(inside) & np.isfinite(outside)
    upper.vlines(position[both], inside[both], outside[both], color=MUTED, linewidth=1.2, alpha=0.6)
    upper.plot(
        position, inside, "o", markersize=6, markerfacecolor="none", color=SECOND, label="in sample (chosen)"
    )
    upper.plot(position, outside, "o", markersize=6, color=ACCENT, label="out of sample")
    upper.set_ylabel(objective)
    upper.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
    lower.axhline(0, color=MUTED, linewidth=0.8)
    colours = [GAIN if r > 0 else LOSS for r in np.nan_to_num(returns)]
    lower.bar(position, returns, width=0.6, color=colours, alpha=0.8)
    lower.set_ylabel("return, test range")
    percent_axis(lower)
    step = max(1, int(np.ceil(len(windows) / 14)))
    lower.set_xticks(position[::step], [str(w["window"]) for w in windows][::step])
    upper.tick_params(axis="x", size=0)
    upper.set_xlim(-0.6, len(windows) - 0.4)
    return figure


def _column(windows: Sequence[Mapping[str, Any]], name: str) -> NDArray[np.float64]:
    return np.array([np.nan if w[name] is None else w[name] for w in windows], dtype=np.float64)


@drawn("Percentiles of net asset value over the simulated paths")
def monte_carlo_plot(
    fan: Fan,
    *,
    currency: str = "USD",
    unit: str = "days",
    ruin_level: float | None = None,
    actual_nav: NDArray[np.float64] | None = None,
) -> Any:
    """Bands between symmetric percentiles, the median, and the record itself.

    Parameters
    ----------
    unit
        What a step of the fan is: ``days`` or ``trades``.
    ruin_level
        NAV that counts as ruin; drawn where the fan comes near it.
    actual_nav : shape (last step + 1,), optional
        The record that was resampled, one value a step, its start included.
    """
    figure = new_figure(10.4, 3.6)
    axis = figure.subplots()
    count = len(fan.percentiles)
    for band in range(count // 2):
        low, high = fan.percentiles[band], fan.percentiles[count - 1 - band]
        axis.fill_between(
            fan.steps,
            fan.nav[band],
            fan.nav[count - 1 - band],
            color=ACCENT,
            alpha=0.14 + 0.1 * band,
            linewidth=0,
            label=f"{low:g} to {high:g}%",
        )
    if count % 2:
        axis.plot(fan.steps, fan.nav[count // 2], color=ACCENT, linewidth=1.6, label="median")
    if actual_nav is not None:
        axis.plot(np.arange(len(actual_nav)), actual_nav, color=SECOND, linewidth=1.2, label="the record")
    low_edge, high_edge = float(fan.nav.min()), float(fan.nav.max())
    if ruin_level is not None and low_edge < ruin_level + 0.5 * (high_edge - low_edge):
        axis.axhline(ruin_level, color=LOSS, linewidth=1.1, linestyle=(0, (4, 2)), label="ruin")
    axis.set_xlim(0, int(fan.steps[-1]))
    axis.set_xlabel(unit)
    axis.set_ylabel(f"NAV, {currency}")
    if high_edge - low_edge > 20:
        axis.yaxis.set_major_formatter(lambda v, _position: formatting.number(v, 0))
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=5, borderaxespad=0.2)
    return figure
