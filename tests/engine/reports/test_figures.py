"""Every figure draws what it was given, as PNG and as SVG, and gives the same bytes each time."""

import datetime as dt
import struct
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from engine.reports import figures
from engine.validation.monte_carlo import Fan

DAY = 86_400_000_000
PNG = b"\x89PNG\r\n\x1a\n"


def _smile():
    strikes = np.tile(np.arange(80.0, 121.0), 2)
    right = np.repeat([0, 1], 41).astype(np.int8)
    forward = np.full(82, 100.0)
    iv = 0.2 + 0.4 * np.log(strikes / forward) ** 2
    return {
        "strike": strikes,
        "forward": forward,
        "iv": iv,
        "right": right,
        "expiry_days": np.full(82, 20_000, dtype=np.int32),
        "year_fraction": np.full(82, 0.25),
        "title": "XYZ <2024-01-02> $1$",
    }


def _surface():
    years = np.array([0.01, 0.1, 0.5, np.nan])
    k = np.linspace(-0.3, 0.2, 21)
    return {
        "expiry_days": np.array([20_004, 20_036, 20_180, 20_200]),
        "labels": ["SPXW", "SPX", "SPXW", "SPX"],
        "year_fraction": years,
        "at_the_money": np.array([0.12, 0.14, 0.16, np.nan]),
        "quote_expiry": np.repeat([0, 1, 2], 21),
        "log_moneyness": np.tile(k, 3),
        "sigma_bid": np.tile(0.14 - 0.3 * k, 3),
        "sigma_ask": np.tile(0.15 - 0.3 * k, 3),
        "fitted_log_moneyness": np.tile(k, (4, 1)),
        "fitted_sigma": np.tile(0.145 - 0.3 * k, (4, 1)),
        "rms_error": np.array([0.01, 0.002, 0.0, np.nan]),
        "title": "SPX <2024-10-05>",
    }


def _quality(**changes):
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=i) for i in range(30)]
    given = {
        "days": days,
        "underlyings": ["SPY", "A<B"],
        "status": [["ok"] * 29 + ["blocked"], ["absent"] + ["ok"] * 29],
        "quarantined_share": [[0.01] * 30, [0.0] * 30],
    }
    return {**given, **changes}


TS = np.arange(40) * DAY
NAV = 100 + np.cumsum(np.sin(np.arange(40)))
WAVE = np.sin(np.arange(40))
WINDOW = {"window": "2024-04", "in_sample_objective": 1.0, "out_of_sample_objective": None}
FAN = Fan(np.arange(11), (5.0, 50.0, 95.0), np.linspace([90, 100, 110], [70, 104, 140], 11).T)

CALLS = {
    "equity": lambda f: f(
        TS,
        NAV,
        currency="BTC",
        trade_entry_us=TS[[1, 5]],
        trade_exit_us=TS[[4, 9]] + 5,
        trade_pnl=np.array([1.0, -2.0]),
        title="t",
    ),
    "monthly_returns": lambda f: f((19_700 + np.arange(400)).astype(np.int32), np.full(400, 0.001)),
    "greeks": lambda f: f(TS, WAVE, np.where(TS > 5 * DAY, WAVE, np.nan), WAVE, WAVE),
    "trade_pnl": lambda f: f(np.array([1.0, -2.0, 5.0, 5.0, 0.0])),
    "walk_forward": lambda f: f([{**WINDOW, "out_of_sample_return": 0.01}], objective="sharpe"),
    "monte_carlo": lambda f: f(FAN, ruin_level=72.0, actual_nav=np.linspace(100, 95, 11)),
    "smile": lambda f: f(**_smile()),
    "surface": lambda f: f(**_surface()),
    "missing_quotes": lambda f: f(
        [dt.date(2024, 1, 1), dt.date(2024, 1, 2)], np.array([0.8, 1.0, 1.2]), np.array([[0.1, np.nan], [0, 1]])
    ),
    "quality": lambda f: f(**_quality()),
}  # fmt: skip


def test_every_figure_is_tested():
    assert {name.removesuffix("_figure") for name in figures.__all__ if name.endswith("_figure")} == set(
        CALLS
    )


@pytest.mark.parametrize("name", CALLS)
def test_png_is_a_picture_and_the_same_every_time(name):
    draw = getattr(figures, f"{name}_figure")
    png = CALLS[name](draw)
    assert png.startswith(PNG)
    width, height = struct.unpack(">II", png[16:24])
    assert width > 500 and height > 100
    assert CALLS[name](draw) == png


@pytest.mark.parametrize("name", CALLS)
def test_svg_is_well_formed_prefixed_and_sized_by_the_page(name):
    drawing = CALLS[name](getattr(figures, f"{name}_plot"))
    svg = drawing.svg("here")
    root = ET.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "viewBox" in root.attrib and "width" not in root.attrib and "height" not in root.attrib
    ids = [e.attrib["id"] for e in root.iter() if "id" in e.attrib]
    assert ids and len(set(ids)) == len(ids) and all(i.startswith("here-") for i in ids)
    assert drawing.svg("here") == svg
    assert drawing.alt


def _texts(drawing):
    return {"".join(e.itertext()) for e in ET.fromstring(drawing.svg("x")).iter() if e.tag.endswith("text")}


def test_smile_shows_puts_below_and_calls_above_the_forward_only():
    drawing = CALLS["smile"](figures.smile_plot)
    (line, _zero) = drawing.figure.axes[0].get_lines()
    assert len(line.get_xdata()) == 41
    assert np.all(np.diff(line.get_xdata()) > 0)
    assert "XYZ <2024-01-02> $1$" in _texts(drawing)


def test_a_surface_has_a_panel_an_expiry_and_its_term_structure_with_the_fitted_ones_only():
    drawing = CALLS["surface"](figures.surface_plot)
    *panels, term = drawing.figure.axes
    assert [panel.get_title(loc="left") for panel in panels] == [
        "2024-10-08  SPXW",
        "2024-11-09  SPX",
        "2025-04-02  SPXW",
    ]
    assert "rms 0.20 pts" in {line for text in _texts(drawing) for line in [text]}
    curves = {line.get_label(): line.get_ydata().tolist() for line in term.get_lines()[:2]}
    assert curves == {"SPXW": [0.12, 0.16], "SPX": [0.14]}


def test_a_surface_without_fits_says_so():
    drawing = figures.surface_plot(**{**_surface(), "at_the_money": np.full(4, np.nan)})
    assert "no expiry could be fitted" in _texts(drawing)


def test_smile_without_a_usable_expiry_says_so():
    given = _smile()
    drawing = figures.smile_plot(**{**given, "iv": np.full(82, np.nan)})
    assert "no expiry has five quotes with a volatility" in _texts(drawing)


def test_exit_markers_sit_on_the_last_nav_known_then():
    axis = CALLS["equity"](figures.equity_plot).figure.axes[0]
    marks = {line.get_label(): line.get_ydata() for line in axis.get_lines()}
    assert marks["exit, gain"].tolist() == [NAV[4]] and marks["exit, loss"].tolist() == [NAV[9]]


def test_trade_histogram_holds_every_trade_and_no_bar_straddles_zero():
    axis = CALLS["trade_pnl"](figures.trade_pnl_plot).figure.axes[0]
    bars = axis.patches
    assert sum(b.get_height() for b in bars) == 5
    assert not any(b.get_x() < -1e-9 and b.get_x() + b.get_width() > 1e-9 for b in bars)


def test_monthly_heatmap_names_each_month_return():
    drawing = CALLS["monthly_returns"](figures.monthly_returns_plot)
    assert {"2023", "2024", "Year", "3.1%"} <= _texts(drawing)


def test_an_unknown_session_status_is_refused():
    with pytest.raises(ValueError, match="unknown status \\['fine'\\]"):
        figures.quality_plot(**_quality(status=[["fine"] * 30] * 2))


def test_figures_leave_the_global_settings_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    CALLS["equity"](figures.equity_figure)
    assert dict(matplotlib.rcParams) == before
