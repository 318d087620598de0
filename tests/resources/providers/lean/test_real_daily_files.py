"""Lean's daily sample files: every count of the facts, which were taken without this code, and every known defect."""

import collections
import datetime as dt
import gzip

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from resources.lake import open_lake
from resources.providers.registry import make_provider
from resources.raw_store import RawStore
from resources.reference.corporate_actions.format import ActionsContext
from resources.reference.registry import ACTION_FORMATS
from tests.resources.providers.lean.real_samples import (
    AAPL_DATA,
    FRIDAY,
    MONDAY,
    SPX_DATA,
    quotes,
    reason_counts,
)

pytestmark = pytest.mark.real_data


def test_the_chains_around_the_split_have_the_counts_of_the_facts(daily, facts):
    fact = facts["lean_aapl_7for1_2014"]
    for day, parsed in daily.items():
        key, table = f"{day:%Y%m%d}", quotes(parsed, "AAPL")
        bid, ask = table["bid"].to_numpy(), table["ask"].to_numpy()
        assert table.num_rows == fact["quote_rows_by_date"][key]
        assert table["bid"].null_count == fact["quote_no_bid_at_close"][key]
        assert table["ask"].null_count == fact["quote_no_ask_at_close"][key]
        assert int((bid > ask).sum()) == fact["quote_crossed_at_close"][key]
        assert int((bid == ask).sum()) == fact["quote_locked_at_close"][key]
        assert len(table["last"].drop_null()) == fact["trade_rows_by_date"][key]
        assert pc.sum(table["volume"]).as_py() == fact["trade_volume_by_date"][key]
    closes = {str(day): parsed.underlying_prices["close"].to_pylist() for day, parsed in daily.items()}
    assert closes == {"2014-06-06": [645.57], "2014-06-09": [93.7]}
    assert set(quotes(daily[MONDAY], "AAPL")["spot"].to_pylist()) == {93.7}


def test_the_quotes_at_the_money_are_those_of_the_facts(daily, facts):
    fact = facts["lean_aapl_7for1_2014"]
    for day, strike, key in (
        (FRIDAY, "645.0", "jul19_strike_645.0_close_quotes_20140606"),
        (MONDAY, "92.14", "jul19_strike_92.14_close_quotes_20140609"),
    ):
        rows = {row["symbol"]: row for row in quotes(daily[day], "AAPL").to_pylist()}
        for right, name in (("C", "call"), ("P", "put")):
            row = rows[f"AAPL140719{right}{round(float(strike) * 1000):08d}"]
            assert [row["bid"], row["ask"]] == fact[key][name]


def test_every_contract_alive_on_friday_is_found_on_monday_at_a_seventh_of_its_strike(daily, facts):
    fact = facts["lean_aapl_7for1_2014"]
    friday = quotes(daily[FRIDAY], "AAPL").filter(
        pc.greater(quotes(daily[FRIDAY], "AAPL")["expiry"], pa.scalar(FRIDAY))
    )
    keys = ["expiry", "right", "strike"]
    alive = {(r["expiry"], r["right"], round(r["strike"] / 7, 2)) for r in friday.select(keys).to_pylist()}
    monday = {tuple(r.values()) for r in quotes(daily[MONDAY], "AAPL").select(keys).to_pylist()}
    assert friday.num_rows == len(alive) == fact["contracts_alive_after_0606"]
    assert alive == monday


def test_open_interest_joins_on_its_own_date_and_the_split_day_s_is_rejected_whole(daily, facts):
    fact = facts["lean_aapl_7for1_2014"]
    friday = quotes(daily[FRIDAY], "AAPL")["open_interest"].drop_null()
    assert len(friday) == fact["oi_rows_by_date"]["20140606"]
    assert pc.sum(friday).as_py() == fact["oi_sum_by_date"]["20140606"]
    assert daily[FRIDAY].underlyings["AAPL"].rejected.num_rows == 0
    monday = daily[MONDAY].underlyings["AAPL"]
    assert monday.quotes["open_interest"].null_count == monday.quotes.num_rows
    assert reason_counts(monday.rejected) == {
        "open_interest_without_quote": fact["oi_rows_by_date"]["20140609"]
    }
    raw = monday.rejected["raw"].to_pylist()
    assert sum(int(text.split(",")[2]) for text in raw) == fact["oi_sum_by_date"]["20140609"]
    strikes = [int(text.split("_")[4]) / 10_000 for text in raw]
    assert (min(strikes), max(strikes)) == (195.0, 1050.0)


def test_days_with_open_interest_only_are_received_and_say_so(provider, facts):
    found = provider("AAPL", "daily", AAPL_DATA)
    of_2014 = [f"{day:%Y%m%d}" for day in found.available_days() if day.year == 2014]
    assert of_2014 == list(facts["lean_aapl_7for1_2014"]["oi_rows_by_date"])
    day = dt.date(2014, 6, 20)
    parsed = found.parse(day, found.fetch(day))
    assert "no quotes of AAPL on 2014-06-20" in parsed.underlyings["AAPL"].problem
    assert parsed.underlying_prices["close"].to_pylist() == [90.91]


def test_a_year_of_sessions_is_one_stored_payload_unpacked_once(provider, data, tmp_path, monkeypatch):
    from resources.providers.lean import archive
    from resources.providers.payload_cache import PayloadCache

    monkeypatch.setattr(archive, "_days", PayloadCache(kept=12))  # other tests have filled the real one
    unpacked = collections.Counter()
    honest = archive.archive_members
    monkeypatch.setattr(
        archive, "archive_members", lambda payload, name: (unpacked.update([name]), honest(payload, name))[1]
    )
    found = provider("AAPL", "daily", AAPL_DATA)
    store = RawStore(open_lake(str(tmp_path)), "lean", "raw_quotes")
    days = [day for day in found.available_days() if day.year == 2015]
    paths, closes = set(), []
    for i, day in enumerate(days):
        record = store.put(
            day.isoformat(), found.fetch(day), received_at=dt.datetime(2016, 1, 4, tzinfo=dt.UTC)
        )
        paths |= {part.path for part in record.parts}
        if i % 83:
            continue
        table = quotes(found.parse(day, store.load(record)), "AAPL")
        closes += [(row["bid"], row["ask"], row["volume"]) for row in table.to_pylist()]
    assert (len(days), len(closes), len(paths)) == (250, 4, 3)
    assert closes[0] == (17.55, 17.75, 1463.0) and closes[-1] == (5.8, 6.0, 3016.0)
    assert max(unpacked.values()) == 1


def test_splits_and_dividends_are_those_of_another_vendor(data, facts, provider):
    path = data / AAPL_DATA / "equity" / "usa" / "factor_files" / "aapl.csv"
    context = ActionsContext(provider("AAPL", "daily", AAPL_DATA).calendar, "USD")
    parsed = ACTION_FORMATS["lean_factor_files"].parse(path.read_bytes(), path.name, context)
    assert (parsed.rows_in, parsed.rejected.num_rows) == (len(path.read_text().split()), 0)
    found = parsed.table.to_pylist()
    events = [
        [str(row["effective_date"]), row["cash_amount"], row["new_shares"] / row["old_shares"]]
        for row in found
        if row["effective_date"].year == 2014
    ]
    assert events == [[day, cash, ratio] for day, _, cash, ratio in facts["wiki_aapl_2014"]["events"]]
    splits = [
        (str(r["effective_date"]), r["new_shares"], r["old_shares"]) for r in found if r["kind"] == "split"
    ]
    assert splits == [
        ("2000-06-21", 2.0, 1.0),
        ("2005-02-28", 2.0, 1.0),
        ("2014-06-09", 7.0, 1.0),
        ("2020-08-31", 4.0, 1.0),
    ]


@pytest.mark.parametrize("text", ["2014-06-05", "2014-06-06", "2014-06-09"])
def test_universe_files_around_the_split_show_their_defects(data, lean_universe, text):
    found = make_provider(
        lean_universe("AAPL", {"security_type": "option"}, "lean_universe"), data / AAPL_DATA
    )
    day = dt.date.fromisoformat(text)
    parsed = found.parse(day, found.fetch(day))
    table = quotes(parsed, "AAPL")
    path = data / AAPL_DATA / "option" / "usa" / "universes" / "aapl" / f"{day:%Y%m%d}.csv.gz"
    lines = [line.split(",") for line in gzip.decompress(path.read_bytes()).decode().split()[2:]]
    assert table.num_rows == len(lines)
    assert table["mark"].null_count == sum(float(cells[6]) == 0 for cells in lines)
    assert len(table["last"].drop_null()) == sum(float(cells[6]) > 0 and cells[7] != "0" for cells in lines)
    assert table["vendor_iv"].null_count == sum(float(cells[9]) == 0 for cells in lines)
    assert parsed.underlyings["AAPL"].rejected.num_rows == 0
    if text == "2014-06-06":
        # already the strikes from after the split, and the stock of Monday
        assert (table.num_rows, table["mark"].null_count) == (2180, 2180)
        assert pc.max(table["strike"]).as_py() == 150.0
        assert set(table["spot"].to_pylist()) == {92.72}
        assert parsed.underlying_prices["close"].to_pylist() == [645.57]
    if text == "2014-06-09":
        assert table.num_rows == 4360
        assert set(table["strike"].to_pylist()) > {645.0, 92.14}


def test_universe_files_of_2015_hold_the_session_after_the_one_they_are_named_after(
    data, lean_universe, provider
):
    """A defect of the samples: the chain named December 11 is what traded on Monday the 14th."""
    universe = make_provider(
        lean_universe("AAPL", {"security_type": "option"}, "lean_universe"), data / AAPL_DATA
    )
    bars = provider("AAPL", "daily", AAPL_DATA)
    named, traded = dt.date(2015, 12, 11), dt.date(2015, 12, 14)
    (row,) = quotes(universe.parse(named, universe.fetch(named)), "AAPL").to_pylist()
    (bar,) = quotes(bars.parse(traded, bars.fetch(traded)), "AAPL").to_pylist()
    assert (row["last"], row["volume"], row["spot"]) == (bar["last"], bar["volume"], bar["spot"])
    assert row["last"] == 13.25


def test_the_index_chains_of_december_2015_are_read_whole(data, lean_universe):
    found = make_provider(
        lean_universe("SPX", {"security_type": "indexoption"}, "lean_universe"), data / SPX_DATA
    )
    total = 0
    for day in (dt.date(2015, 12, 22), dt.date(2015, 12, 23)):
        parsed = found.parse(day, found.fetch(day)).underlyings["SPX"]
        assert (parsed.problem, parsed.rejected.num_rows) == (None, 0)
        total += parsed.quotes.num_rows
        assert (
            parsed.quotes["spot"].null_count == parsed.quotes.num_rows
        )  # no line of the index in these files
        assert 0.1 < np.median(parsed.quotes["vendor_iv"].drop_null()) < 0.6
    assert total == 505
