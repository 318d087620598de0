"""The page: self-contained, escaped, the same every time, and honest about what is missing."""

import dataclasses
import re
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pytest

from engine.backtest.result import columns_from_records
from engine.backtest.study import MonteCarloSpec
from engine.reports.tear_sheet import TearSheetInputs, tear_sheet
from engine.validation.monte_carlo import simulate

VOID = {"meta", "br", "link", "img", "input", "hr"}
SVG_NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


class Page(HTMLParser):
    """Tags, ids, attributes that load something, and the text outside of figures and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.loads: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        if tag not in VOID:
            self.open.append(tag)
        self._attributes(attrs)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self._attributes(attrs)

    def _attributes(self, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids[value] += 1
            if name in {"src", "href", "xlink:href", "srcset", "data", "action"} or name.startswith("on"):
                self.loads.append(value)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if not {"svg", "style"} & set(self.open):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def html(tear_sheet_inputs: TearSheetInputs) -> str:
    return tear_sheet(tear_sheet_inputs)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_page_is_well_formed_and_its_ids_are_unique(page):
    assert page.open == []
    assert [name for name, count in page.ids.items() if count > 1] == []


def test_the_page_loads_nothing_and_runs_nothing(html, page):
    assert page.tags["script"] == 0 and page.tags["link"] == 0 and page.tags["iframe"] == 0
    assert all(load.startswith(("#", "data:")) for load in page.loads)
    assert set(re.findall(r"https?://[^\s\"'<]+", html)) <= SVG_NAMESPACES
    assert "@import" not in html and "url(http" not in html


def test_equal_inputs_give_equal_bytes(tear_sheet_inputs, html):
    assert tear_sheet(tear_sheet_inputs) == html


def test_every_section_and_figure_is_there(page):
    for heading in (
        "Read this first", "Equity and drawdown", "Returns by month", "All metrics", "What the fills assume",
        "Coverage", "Greeks over time", "Walk-forward", "Monte Carlo", "Trades", "The study",
        "Where the numbers come from",
    ):  # fmt: skip
        assert heading in page.text
    assert page.tags["svg"] == 7


def test_figures_take_the_colours_of_the_page_in_light_and_dark(html):
    assert "prefers-color-scheme: dark" in html
    assert "var(--accent, #2563a9)" in html and "var(--ink, #1f2933)" in html


def test_the_numbers_of_the_run_stand_on_the_page(tear_sheet_inputs, page):
    inputs = tear_sheet_inputs
    assert f"{100 * inputs.metrics['max_drawdown']:.2f}%" in page.text
    assert inputs.run_id in page.text and inputs.result.digest() in page.text
    assert "settled_by_proxy" in page.text
    assert "97.4% of the 4,210 quotes" in page.text
    assert "The latest 50 of 69" in page.text
    assert "−2 2025-06-01 4,350 P at 12.35 → 6.2" in page.text
    assert "95% interval" in page.text
    assert "12 input files" in page.text
    assert "2024-07" in page.text and "2024-01-02 to 2024-06-30 *" in page.text


def test_every_text_of_the_inputs_is_escaped(tear_sheet_inputs):
    evil = "<script>alert('x')</script>&\"><img src=//evil onerror=x>"
    trades = dict(tear_sheet_inputs.result.tables["trades"])
    trades["exit_reason"] = np.full(len(trades["pnl"]), evil, dtype=object)
    legs = dict(tear_sheet_inputs.result.tables["trade_legs"])
    legs["right"] = np.full(len(legs["leg"]), "S", dtype=object)
    legs["instrument"] = np.full(len(legs["leg"]), evil, dtype=object)
    result = dataclasses.replace(
        tear_sheet_inputs.result,
        tables={**tear_sheet_inputs.result.tables, "trades": trades, "trade_legs": legs},
        flags=(evil,),
        parameters={evil: evil},
    )
    stitched = dataclasses.replace(
        tear_sheet_inputs.stitched,
        flags=(evil,),
        windows=tuple(
            {**row, "parameters": {evil: evil}, "window": evil} for row in tear_sheet_inputs.stitched.windows
        ),
    )
    inputs = dataclasses.replace(
        tear_sheet_inputs,
        **dict.fromkeys(("study", "description", "universe", "underlying", "run_id", "study_text"), evil),
        currency=evil,
        result=result,
        stitched=stitched,
        metrics={**tear_sheet_inputs.metrics, evil: 1.0},
        digests={evil: evil},
        lineage=[dict.fromkeys(("asset", "partition", "path", "sha256"), evil) | {"rows": None}],
        warnings=(evil,),
    )
    html = tear_sheet(inputs)
    page = Page(html)
    assert page.tags["script"] == 0 and page.tags["img"] == 0 and page.open == []
    assert all(load.startswith("#") for load in page.loads)
    assert page.text.count("alert('x')") > 60


def test_without_walk_forward_or_monte_carlo_the_page_says_so(tear_sheet_inputs):
    page = Page(tear_sheet(dataclasses.replace(tear_sheet_inputs, stitched=None, monte_carlo=None)))
    assert "no walk-forward section" in page.text
    assert "Not simulated for this run" in page.text


def test_a_run_too_short_to_resample_says_why_and_has_no_fan(tear_sheet_inputs):
    short = simulate(np.zeros(1), np.zeros(0), 1e5, MonteCarloSpec(paths=100), 7)
    page = Page(tear_sheet(dataclasses.replace(tear_sheet_inputs, monte_carlo=short)))
    assert "left out, 1 daily returns; resampling needs at least 2" in page.text
    assert "left out, 0 closed trades; resampling needs at least 2" in page.text


def test_a_run_without_trades_or_metrics_shows_dashes_not_zeros_or_nan(tear_sheet_inputs):
    tables = {
        **tear_sheet_inputs.result.tables,
        "trades": columns_from_records("trades", []),
        "trade_legs": columns_from_records("trade_legs", []),
    }
    result = dataclasses.replace(
        tear_sheet_inputs.result,
        tables=tables,
        coverage={"quotes_needed": 0, "quotes_present": 0, "quotes_firm": 0, "coverage": float("nan")},
    )
    inputs = dataclasses.replace(
        tear_sheet_inputs, result=result, metrics=dict.fromkeys(tear_sheet_inputs.metrics)
    )
    text = Page(tear_sheet(inputs)).text
    assert "Sharpe ratio –" in text and "– of the 0 quotes" in text
    assert "closed no trade" in text
    assert "nan" not in text.lower()


def test_a_run_without_equity_is_refused(tear_sheet_inputs):
    tables = {**tear_sheet_inputs.result.tables, "equity": columns_from_records("equity", [])}
    result = dataclasses.replace(tear_sheet_inputs.result, tables=tables)
    with pytest.raises(ValueError, match=r"index_iron_condor, run 0f9d3c52.* no equity rows"):
        tear_sheet(dataclasses.replace(tear_sheet_inputs, result=result))
