"""Data Docs: a page says what failed and names the rows, needs nothing else, and old ones go."""

import datetime as dt
import re

import pytest

from resources.data_quality import data_docs
from resources.data_quality.data_docs import JudgedRange, write_page
from resources.data_quality.profile import profile_snapshots
from resources.data_quality.row_level import MAX_ROWS, name_rows, suspect_rows
from resources.data_quality.row_rules import apply_row_rules
from resources.data_quality.suite import run_suite

TUE, WED = dt.date(2026, 7, 21), dt.date(2026, 7, 22)


@pytest.fixture
def judged(quote, table, spec, nyse):
    """A day with a crossed and a negative quote among 60 sound ones."""
    rows = [quote(strike=90.0 + n, symbol=f"SPY C{n}") for n in range(60)]
    rows[3] |= {"bid": 9.0, "ask": 8.0}
    rows[7] |= {"bid": -1.0}
    quotes = table(rows)
    verdict = apply_row_rules(quotes, WED, spec)
    profiles = profile_snapshots(
        trade_date=WED, underlying="SPY", spec=spec, calendar=nyse, timezone="America/New_York", quotes=quotes,
        verdict=verdict,
    )  # fmt: skip
    suspects = suspect_rows(quotes, verdict, WED, "SPY")
    return JudgedRange("mine", TUE, WED, run_suite(profiles, spec, sessions=[TUE, WED]), name_rows(suspects))


def test_row_level_expectations_name_the_rows_that_break_each_rule(judged):
    found = {rule: [(r.contract, r.bid, r.ask) for r in rows] for rule, rows in judged.rows.items()}
    assert found == {"negative_price": [("SPY C7", -1.0, 5.2)], "crossed": [("SPY C3", 9.0, 8.0)]}


def test_no_row_is_looked_at_where_no_counter_says_so(chain, spec):
    sound = chain()
    assert suspect_rows(sound, apply_row_rules(sound, WED, spec), WED, "SPY") == []
    assert name_rows([]) == {}


def test_only_so_many_rows_of_a_session_are_named(quote, table, spec):
    quotes = table([quote(strike=1.0 + n, bid=-1.0) for n in range(MAX_ROWS + 50)])
    assert len(suspect_rows(quotes, apply_row_rules(quotes, WED, spec), WED, "SPY")) == MAX_ROWS


def test_a_page_tells_verdicts_failures_and_rows(judged, tmp_path):
    page = write_page(tmp_path / "docs", judged)
    assert page.name == "2026-07-21_2026-07-22.html"
    text = page.read_text()
    assert "1 of 2" in text  # Tuesday is absent
    assert "the calendar has a session, but no payload was delivered" in text
    assert "1 quote is crossed" in text and "SPY C3" in text and "SPY C7" in text
    assert 'id="crossed"' in text and "expect_column_values_to_be_between" in text


def test_a_page_is_one_file_that_asks_nothing_of_the_network(judged, tmp_path):
    page = write_page(tmp_path, judged)
    for text in (page.read_text(), (tmp_path / "index.html").read_text()):
        assert re.findall(r"https?://|<script|<img|<link", text) == []


def test_the_same_range_is_one_page_and_the_same_bytes(judged, tmp_path):
    first = write_page(tmp_path, judged).read_bytes()
    assert write_page(tmp_path, judged).read_bytes() == first
    assert [p.name for p in sorted(tmp_path.glob("*.html"))] == ["2026-07-21_2026-07-22.html", "index.html"]


def test_what_a_vendor_writes_is_no_markup(judged, tmp_path):
    from dataclasses import replace

    rows = {"crossed": [replace(judged.rows["crossed"][0], contract="<b>SPY</b>")]}
    assert "&lt;b&gt;SPY" in write_page(tmp_path, replace(judged, rows=rows)).read_text()


def test_the_index_lists_the_latest_first_and_the_oldest_pages_go(judged, tmp_path, monkeypatch):
    from dataclasses import replace

    monkeypatch.setattr(data_docs, "MAX_PAGES", 3)
    days = [WED + dt.timedelta(days=n) for n in range(5)]
    for day in days:
        write_page(tmp_path, replace(judged, first=day, last=day))
    kept = [f"{d}_{d}.html" for d in days[:1:-1]]
    assert re.findall(r'href="([^"]+)"', (tmp_path / "index.html").read_text()) == kept
    assert sorted(p.name for p in tmp_path.glob("2*.html")) == sorted(kept)
