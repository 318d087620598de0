"""What the real reference files say, against each other and against facts found without this code."""

import datetime as dt
import json
import re
import sqlite3
import zipfile

import numpy as np
import pytest

from engine.calendars import days_of_date
from resources.reference.corporate_actions.format import Closes
from resources.reference.registry import EARNINGS_FORMATS, make_actions, make_rates
from tests.resources.reference.real_files import (
    G9,
    LEAN_RATE,
    NYSE,
    SPLITS,
    TIINGO,
    actions,
    plain_rows,
    prices,
    rates,
)

pytestmark = pytest.mark.real_data


def test_a_zero_of_the_treasury_file_is_missing_not_a_rate(data):
    file = f"{G9}/ust_cmt_1990_2022.csv.gz"
    parsed = rates(data, "treasury_cmt_csv", file)
    assert parsed.table.num_rows == 11 * 8_055
    rows = plain_rows(data / file)
    zeros = {name: sum(float(row[name]) == 0 for row in rows) for name in rows[0] if name != "date"}
    assert {n: z for n, z in zeros.items() if z} == {
        "BC_1MONTH": 2_999, "BC_3MONTH": 21, "BC_20YEAR": 939, "BC_30YEAR": 994, "BC_30YEARDISPLAY": 5_255,
    }  # fmt: skip
    values = parsed.table["value"]
    assert values.null_count == 2_999 + 21 + 939 + 994
    assert min(v for v in values.to_pylist() if v is not None) > 0


def test_some_zeros_of_the_treasury_file_were_yields_of_zero(data):
    # why nothing may be concluded from them: FRED has a yield of 0.00 on 121 of these days
    cmt = plain_rows(data / G9 / "ust_cmt_1990_2022.csv.gz")
    found = {}
    for fred, column in (("DGS1MO", "BC_1MONTH"), ("DGS3MO", "BC_3MONTH")):
        published = {r["date"]: r["value"] for r in plain_rows(data / G9 / "fred" / f"{fred}.csv.gz")}
        zero_days = [row["date"] for row in cmt if float(row[column]) == 0]
        found[fred] = sum(day in published and float(published[day]) == 0 for day in zero_days)
    assert found == {"DGS1MO": 100, "DGS3MO": 21}


def test_the_treasury_file_and_fred_agree_where_both_have_a_yield(data):
    ours = {
        (r["series"], r["observation_date"]): r["value"]
        for r in rates(data, "treasury_cmt_csv", f"{G9}/ust_cmt_1990_2022.csv.gz").table.to_pylist()
        if r["value"] is not None
    }
    pairs = {"BC_1MONTH": "DGS1MO", "BC_3MONTH": "DGS3MO", "BC_6MONTH": "DGS6MO", "BC_1YEAR": "DGS1",
             "BC_2YEAR": "DGS2", "BC_5YEAR": "DGS5", "BC_7YEAR": "DGS7", "BC_10YEAR": "DGS10",
             "BC_20YEAR": "DGS20", "BC_30YEAR": "DGS30"}  # fmt: skip
    both = 0
    for column, series in pairs.items():
        for row in rates(data, "fred_csv", f"{G9}/fred/{series}.csv.gz").table.to_pylist():
            value = ours.get((column, row["observation_date"]))
            if value is not None:
                both += 1
                assert value == pytest.approx(row["value"], abs=5.1e-5), (series, row["observation_date"])
    assert both > 70_000


def test_the_date_of_the_charted_sofr_is_that_of_the_rate(data):
    charted = rates(data, "sofr_ohlc_csv", f"{G9}/sofr_ohlc_to_2026-08-06.csv.gz").table.to_pylist()
    fred = {
        r["observation_date"]: r["value"]
        for r in rates(data, "fred_csv", f"{G9}/fred/SOFR.csv.gz").table.to_pylist()
    }
    both = [row for row in charted if row["observation_date"] in fred]
    assert len(both) == 1_235
    assert all(row["value"] == pytest.approx(fred[row["observation_date"]], abs=1e-12) for row in both)
    # the rate of a Friday is known on Monday at 08:00 New York
    friday = next(row for row in charted if row["observation_date"] == dt.date(2026, 7, 31))
    assert friday["known_at"] == dt.datetime(2026, 8, 3, 12, tzinfo=dt.UTC)


def test_events_of_aapl_in_2014_are_those_of_the_facts(data, facts):
    file = f"{G9}/quandl_samples/QUANDL_ARCHIVE.zip"
    events = [
        r for r in actions(data, "quandl_wiki_zip", file).table.to_pylist() if r["underlying"] == "AAPL"
    ]
    expected = [
        (day, "split" if ratio != 1 else "cash_dividend", ratio, cash)
        for day, _, cash, ratio in facts["wiki_aapl_2014"]["events"]
    ]
    assert [
        (r["effective_date"].isoformat(), r["kind"], r["new_shares"] / r["old_shares"], r["cash_amount"])
        for r in events
    ] == expected
    assert {r["known_at"] for r in events} == {
        dt.datetime.combine(
            r["effective_date"], dt.time(14 if r["effective_date"].month in (2, 11) else 13, 30), dt.UTC
        )
        for r in events
    }
    bars = {
        str(r["trade_date"]): r
        for r in prices(data, "quandl_wiki_zip", file).table.to_pylist()
        if r["name"] == "AAPL"
    }
    assert len(bars) == facts["wiki_aapl_2014"]["rows"]
    for day, close, _adjusted in facts["wiki_aapl_2014"]["close_0606_0609"]:
        assert bars[day]["close"] == close


def test_dividends_of_the_etfs_are_those_of_the_rows(data):
    for name, events in (("ivy_5assets_data", 6), ("test_data_stocks", 5)):
        file = f"{TIINGO}/{name}.csv.gz"
        paid = [
            (row["symbol"], row["date"], float(row["divCash"]))
            for row in plain_rows(data / file)
            if float(row["divCash"])
        ]
        found = actions(data, "tiingo_daily_csv", file).table.to_pylist()
        assert len(found) == events
        assert [(r["underlying"], str(r["effective_date"]), r["cash_amount"]) for r in found] == sorted(paid)
        assert {r["kind"] for r in found} == {"cash_dividend"}


def test_ex_dates_of_the_catalog_are_those_of_its_plainest_phrase(data):
    phrase = re.compile(r"Split-adjusted trading began ([A-Z][a-z]{2} \d{1,2}, \d{4})")
    seen = evening_before = same_day = 0
    for year, *_ in SPLITS:
        file = f"{G9}/splits_catalog/{year}.json"
        found = {
            (r["underlying"], r["effective_date"])
            for r in actions(data, "splits_catalog_json", file).table.to_pylist()
        }
        for entry in json.loads((data / file).read_text())["splits"]:
            stated = phrase.search(entry["notes"])
            if stated is None:
                continue
            ex_date = dt.datetime.strptime(stated[1], "%b %d, %Y").date()
            assert (entry["symbol"], ex_date) in found
            seen += 1
            given = dt.date.fromisoformat(entry["date"])
            same_day += given == ex_date
            evening_before += NYSE.next(given) == ex_date
    assert (seen, same_day, evening_before) == (105, 31, 74)


def test_aapl_and_tsla_of_2020_both_split_on_the_last_day_of_august(data):
    parsed = actions(data, "splits_catalog_json", f"{G9}/splits_catalog/2020.json")
    splits = {r["underlying"]: r for r in parsed.table.to_pylist()}
    for symbol, given in (("AAPL", "2020-08-28"), ("TSLA", "2020-08-31")):
        assert splits[symbol]["effective_date"] == dt.date(2020, 8, 31)
        assert given in splits[symbol]["source"]
    # announced on 2020-08-11, at an hour that the note does not tell: known when that day ends in New York
    assert splits["TSLA"]["known_at"] == dt.datetime(2020, 8, 12, 4, tzinfo=dt.UTC)
    # only the board's approval has a date: known at the open of the ex-date
    assert splits["AAPL"]["known_at"] == dt.datetime(2020, 8, 31, 13, 30, tzinfo=dt.UTC)


def test_prices_confirm_the_note_or_contradict_it_openly(data):
    # closes as traded, from a source of its own: YYYYMMDD 00:00,open,high,low,close (times 10,000),volume
    path = data / "g01_lean_aapl_split_2014/Data/equity/usa/daily/aapl.zip"
    with zipfile.ZipFile(path) as archive:
        cells = [line.split(",") for line in archive.read("aapl.csv").decode().splitlines()]
    days = np.array(
        [days_of_date(dt.datetime.strptime(c[0][:8], "%Y%m%d").date()) for c in cells], dtype=np.int32
    )
    closes = Closes(days, np.array([float(c[4]) / 10_000 for c in cells]))
    file = f"{G9}/splits_catalog/2020.json"
    split = next(
        r
        for r in actions(data, "splits_catalog_json", file, {"AAPL": closes}).table.to_pylist()
        if r["underlying"] == "AAPL"
    )
    assert split["effective_date"] == dt.date(2020, 8, 31)
    assert "settled by note+price" in split["source"]
    shifted = Closes(np.concatenate([days[:1] - 1, days[:-1]]), closes.prices)
    parsed = actions(data, "splits_catalog_json", file, {"AAPL": shifted})
    rejected = [(r["symbol"], r["reasons"]) for r in parsed.rejected.to_pylist()]
    assert ("AAPL", ["date_conflict"]) in rejected


def test_the_two_histories_of_the_vix_differ_on_three_days(data):
    # on 2026-02-06 Yahoo kept a value of within the session (CBOE: 17.76): not only its last row can be one
    cboe, yahoo = (
        {r["trade_date"]: r["close"] for r in prices(data, name, f"{G9}/{file}").table.to_pylist()}
        for name, file in (
            ("vix_daily_csv", "vix-daily.csv.gz"),
            ("yahoo_daily_csv", "yahoo_daily/vix.csv.gz"),
        )
    )
    both = sorted(cboe.keys() & yahoo.keys())
    differ = {
        str(day): round(yahoo[day] - cboe[day], 2) for day in both if abs(cboe[day] - yahoo[day]) > 0.006
    }
    assert len(both) == 2_653
    assert differ == {"2021-08-11": 0.11, "2021-10-01": -0.05, "2026-02-06": 2.61}


def test_the_close_of_the_vix_on_july_22_is_the_published_one(data, facts):
    closes = {
        r["trade_date"]: r["close"]
        for r in prices(data, "vix_daily_csv", f"{G9}/vix-daily.csv.gz").table.to_pylist()
    }
    (fact,) = facts["vix_replication"]["values"]
    assert closes[dt.date.fromisoformat(fact["date"])] == fact["published_vix_close"]


def test_earnings_dates_are_those_of_the_table(data):
    path = data / G9 / "earnings" / "earnings.db"
    parsed = EARNINGS_FORMATS["earnings_sqlite"](path.read_bytes(), path.name)
    assert (parsed.rows_in, parsed.rejected.num_rows) == (36_845, 0)
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    rows = connection.execute("SELECT Ticker, Earnings_Date FROM earnings ORDER BY 1, 2").fetchall()
    connection.close()
    table = parsed.table
    assert [
        (t, str(d))
        for t, d in zip(*(table[c].to_pylist() for c in ("underlying", "earnings_date")), strict=True)
    ] == rows
    assert len(table["underlying"].unique()) == 505
    assert (rows[0][1], min(r[1] for r in rows), max(r[1] for r in rows)) == (
        "2003-08-18",
        "2003-07-28",
        "2025-11-20",
    )
    # 2003-08-18 ends at midnight in New York, 04:00 UTC
    assert table["known_at"][0].as_py() == dt.datetime(2003, 8, 19, 4, tzinfo=dt.UTC)
    assert set(table["timing"].to_pylist()) == {"unknown"}


def test_a_universe_gets_its_splits_from_all_years_of_the_catalogue(data, make_universe):
    spec = {"format": "splits_catalog_json", "path": "x"}
    universe = make_universe(
        "AAPL", "TSLA", "NVDA", "AMZN", "GOOGL", start="2020-01-02", corporate_actions=spec
    )
    source = make_actions(universe, data / G9 / "splits_catalog")
    parsed = source.parse(source.fetch())
    found = [(r["underlying"], str(r["effective_date"]), r["new_shares"]) for r in parsed.table.to_pylist()]
    # first sessions on the new basis, as the exchanges announced them
    assert found == [
        ("AAPL", "2020-08-31", 4), ("AMZN", "2022-06-06", 20), ("GOOGL", "2022-07-18", 20), ("NVDA", "2021-07-20", 4),
        ("NVDA", "2024-06-10", 10), ("TSLA", "2020-08-31", 5), ("TSLA", "2022-08-25", 3),
    ]  # fmt: skip
    assert parsed.rejected.num_rows == 17


def test_a_zero_in_the_treasury_file_leaves_the_yield_of_the_day_before_or_none(data, make_universe):
    def curve(max_age_days: int) -> dict[str, str]:
        spec = {"format": "treasury_cmt_csv", "path": "x", "max_age_days": max_age_days}
        universe = make_universe("SPY", rates=spec, start="2020-03-02", end=None)
        parsed = make_rates(universe, data / G9 / "ust_cmt_1990_2022.csv.gz").rates_as_of(
            dt.date(2020, 3, 27)
        )
        assert parsed.problem is None and min(parsed.table["rate"].to_pylist()) > 0
        return {r["series"]: str(r["observation_date"]) for r in parsed.table.to_pylist()}

    # 0.0 for three months on the 25th and the 26th
    assert curve(14)["BC_3MONTH"] == "2020-03-24" and curve(14)["BC_1MONTH"] == "2020-03-26"
    assert "BC_3MONTH" not in curve(2) and "BC_6MONTH" in curve(2)


def test_the_discount_rate_of_march_2020_holds_from_its_day(data, make_universe):
    spec = {"format": "lean_interest_rate", "path": "x", "max_age_days": 2500}
    source = make_rates(make_universe("SPY", rates=spec, start="2014-01-02", end=None), data / LEAN_RATE)
    rates_of = {
        day: source.rates_as_of(dt.date.fromisoformat(day)).table["observation_date"].to_pylist()
        for day in ("2020-03-13", "2020-03-16", "2014-06-09")
    }
    assert {day: str(found[0]) for day, found in rates_of.items()} == {
        "2020-03-13": "2020-03-04", "2020-03-16": "2020-03-16", "2014-06-09": "2010-02-19",
    }  # fmt: skip
