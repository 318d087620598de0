"""Pictures of quotes: the smile, what is missing where, and which sessions were usable."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.reports.style import (
    ACCENT,
    GAIN,
    GRID,
    LOSS,
    MUTED,
    SECOND,
    SEQUENCE,
    drawn,
    new_figure,
    percent_axis,
)

Floats = NDArray[np.float64]

#: log-moneyness beyond which quotes are a tick wide and the smile says nothing, in standard deviations
_WIDEST = 4.0


@drawn("Implied volatility by strike, one line an expiry")
def smile_plot(
    *,
    strike: Floats,
    forward: Floats,
    iv: Floats,
    right: NDArray[np.int8],
    expiry_days: NDArray[np.int32],
    year_fraction: Floats,
    title: str = "",
) -> Any:
    """Out-of-the-money implied volatility (decimal) over log-moneyness ln(K/F), at most eight expiries.

    Parameters
    ----------
    strike, forward, iv, right, expiry_days, year_fraction : shape (n,)
        One underlying at one ts; right 0 is a call, 1 a put; NaN where undefined. Shown are puts below and calls
        from the forward up, within four standard deviations, of expiries spread evenly over those with at least
        five such quotes.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        moneyness = np.log(np.asarray(strike) / np.asarray(forward))
        out = np.where(right == 1, moneyness < 0, moneyness >= 0)
        near = np.abs(moneyness) <= _WIDEST * iv * np.sqrt(year_fraction)
    usable = out & near & np.isfinite(iv) & (iv > 0)
    expiries = [int(e) for e in np.unique(expiry_days[usable]) if (usable & (expiry_days == e)).sum() >= 5]
    figure = new_figure(8.6, 4.2)
    axis = figure.subplots()
    if not expiries:
        axis.text(0.5, 0.5, "no expiry has five quotes with a volatility", ha="center", color=MUTED)
        axis.set_axis_off()
        return figure
    chosen = np.unique(
        np.linspace(0, len(expiries) - 1, min(len(SEQUENCE), len(expiries))).round().astype(int)
    )
    colours = np.linspace(0, len(SEQUENCE) - 1, len(chosen)).round().astype(int)
    for place, colour in zip(chosen, colours, strict=True):
        rows = np.flatnonzero(usable & (expiry_days == expiries[place]))
        rows = rows[np.argsort(moneyness[rows], kind="stable")]
        days_left = float(year_fraction[rows[0]]) * 365.0
        axis.plot(
            moneyness[rows],
            iv[rows],
            "-o",
            markersize=2.2,
            linewidth=1.1,
            color=SEQUENCE[colour],
            label=f"{_date(expiries[place])} ({days_left:.0f} d)",
        )
    axis.axvline(0, color=MUTED, linewidth=0.8, linestyle=(0, (2, 3)))
    axis.set_xlabel("log-moneyness ln(K/F)")
    axis.set_ylabel("implied volatility")
    percent_axis(axis, decimals=0)
    axis.set_title(title)
    axis.legend(loc="upper right", ncols=1 if len(chosen) <= 4 else 2)
    return figure


@drawn("Share of missing quotes by day and moneyness")
def missing_quotes_plot(
    days: Sequence[dt.date], moneyness_edges: Floats, missing_share: Floats, *, title: str = ""
) -> Any:
    """Heatmap, days across, moneyness up.

    Parameters
    ----------
    moneyness_edges : shape (b + 1,)
        Edges of the moneyness buckets, K/F.
    missing_share : shape (b, len(days))
        0 to 1; NaN where no contract is listed in that bucket (left blank).
    """
    from matplotlib.colors import LinearSegmentedColormap

    figure = new_figure(10.4, 3.4)
    axis = figure.subplots()
    scale = LinearSegmentedColormap.from_list("missing", [GRID, SECOND, LOSS])
    image = axis.imshow(
        missing_share,
        aspect="auto",
        origin="lower",
        interpolation="nearest",
        vmin=0.0,
        vmax=max(0.05, float(np.nanmax(missing_share)) if np.isfinite(missing_share).any() else 0.05),
        cmap=scale,
    )
    _day_ticks(axis, days)
    edges = np.arange(len(moneyness_edges)) - 0.5
    step = max(1, len(moneyness_edges) // 8)
    axis.set_yticks(edges[::step], [f"{m:.2f}" for m in moneyness_edges[::step]])
    axis.set_ylabel("moneyness K/F")
    axis.grid(visible=False)
    axis.set_title(title)
    bar = figure.colorbar(image, ax=axis, fraction=0.03, pad=0.015)
    bar.outline.set_visible(False)
    bar.ax.yaxis.set_major_formatter(lambda v, _position: f"{100 * v:.0f}%")
    return figure


@drawn("Sessions kept, blocked and absent, and the share of quarantined quotes")
def quality_plot(
    *,
    days: Sequence[dt.date],
    underlyings: Sequence[str],
    status: Sequence[Sequence[str]],
    quarantined_share: Sequence[Sequence[float]],
    title: str = "",
) -> Any:
    """A band an underlying: the colour says what became of the session, the line what share was quarantined.

    Parameters
    ----------
    status : [underlying][day]
        ``ok``, ``blocked`` or ``absent``.
    quarantined_share : [underlying][day]
        0 to 1, of the rows that came.

    Raises
    ------
    ValueError
        For another status.
    """
    from matplotlib.patches import Patch

    colour_of = {"ok": GAIN, "blocked": LOSS, "absent": MUTED}
    unknown = {s for row in status for s in row} - colour_of.keys()
    if unknown:
        raise ValueError(
            f"quality figure: unknown status {sorted(unknown)}; there are {', '.join(colour_of)}"
        )
    figure = new_figure(10.4, 1.0 + 0.55 * len(underlyings))
    axis = figure.subplots()
    x = np.arange(len(days))
    highest = max((s for row in quarantined_share for s in row), default=0.0)
    for row, _name in enumerate(underlyings):
        for state, colour in colour_of.items():
            spans = [(day - 0.5, 1.0) for day, found in enumerate(status[row]) if found == state]
            # faint where all is well: the eye goes to the rest
            axis.broken_barh(
                spans, (row - 0.4, 0.8), facecolor=colour, alpha=0.25 if state == "ok" else 0.85, linewidth=0
            )
        if highest > 0:
            share = np.asarray(quarantined_share[row], dtype=np.float64)
            axis.step(x, row + 0.38 - 0.72 * share / highest, where="mid", color=ACCENT, linewidth=0.9)
    axis.set_yticks(range(len(underlyings)), list(underlyings))
    axis.set_ylim(len(underlyings) - 0.5, -0.5)
    axis.set_xlim(-0.5, len(days) - 0.5)
    _day_ticks(axis, days)
    axis.grid(visible=False)
    handles: list[Any] = [
        Patch(facecolor=colour, alpha=0.25 if state == "ok" else 0.85, label=state)
        for state, colour in colour_of.items()
    ]
    if highest > 0:
        from matplotlib.lines import Line2D

        handles.append(Line2D([], [], color=ACCENT, label=f"quarantined share (top: {100 * highest:.1f}%)"))
    axis.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0.2)
    axis.set_title(title, loc="right")
    return figure


def _day_ticks(axis: Any, days: Sequence[dt.date]) -> None:
    step = max(1, int(np.ceil(len(days) / 9)))
    axis.set_xticks(range(0, len(days), step), [d.isoformat() for d in days[::step]])


def _date(days: int) -> str:
    return (dt.date(1970, 1, 1) + dt.timedelta(days=days)).isoformat()
