"""Lean's minute and hour sample files: every count of the facts, and every known defect."""

import collections
import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from resources.providers.registry import make_provider
from tests.resources.providers.lean.real_samples import (
    SPX_DATA,
    lines_in,
    quotes,
    reason_counts,
)

pytestmark = pytest.mark.real_data


@pytest.mark.parametrize(
    ("root", "days"),
    [
        ("spxw", ("2021-01-04", "2021-01-05", "2021-01-06", "2021-01-07", "2021-01-08", "2023-06-26")),
        ("spx", ("2021-01-04", "2021-01-14")),
    ],
)
def test_minutes_have_the_rows_of_the_facts_and_end_one_minute_after_their_start(
    provider, data, facts, root, days
):
    found = provider("SPX", "minute", SPX_DATA)
    for text in days:
        day = dt.date.fromisoformat(text)
        table = quotes(found.parse(day, found.fetch(day)), "SPX")
        table = table.filter(pc.equal(table["root"].cast(pa.string()), root.upper()))
        name = f"{day:%Y%m%d}_quote_european.zip"
        path = data / SPX_DATA / "indexoption" / "usa" / "minute" / root / name
        assert table.num_rows == lines_in(path)
        ts = table["ts"].cast(pa.int64()).to_numpy()
        local = ts // 1000 - int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp() * 1000)
        local -= (4 if day.month == 6 else 5) * 3_600_000
        if root == "spxw":
            fact = facts["lean_minute_spxw"][name]
            one_sided = pc.or_(pc.is_null(table["bid"]), pc.is_null(table["ask"]))
            assert {
                "contracts": len(table["symbol"].unique()),
                "rows": table.num_rows,
                "first_ms": int(local.min()) - 60_000,
                "last_ms": int(local.max()) - 60_000,
                "rows_one_sided": pc.sum(one_sided).as_py(),
            } == fact


def last_minutes(table: pa.Table) -> dict[str, str]:
    """By symbol, the New York time of its last bar's end."""
    by_symbol = table.group_by("symbol").aggregate([("ts", "max")])
    offset = dt.timedelta(hours=5)
    return {row["symbol"]: f"{row['ts_max'] - offset:%H:%M}" for row in by_symbol.to_pylist()}


def test_expiring_contracts_stop_at_the_close_and_the_others_a_quarter_of_an_hour_later(provider):
    found = provider("SPX", "minute", SPX_DATA)
    day = dt.date(2021, 1, 4)
    table = quotes(found.parse(day, found.fetch(day)), "SPX")
    table = table.filter(pc.equal(table["root"].cast(pa.string()), "SPXW"))
    ends = last_minutes(table)
    expiring = {symbol: end for symbol, end in ends.items() if symbol.startswith("SPXW210104")}
    # one stops quoting in the middle of its last day
    assert collections.Counter(expiring.values()) == {"16:00": 3, "12:36": 1}
    assert expiring["SPXW210104C03800000"] == "12:36"
    assert {end for symbol, end in ends.items() if symbol not in expiring} == {"16:15"}
    assert len(table["snapshot_id"].unique()) == 405


def test_files_named_zip_zip_are_read_like_the_others(provider, data):
    found = provider("SPX", "minute", SPX_DATA)
    day = dt.date(2021, 1, 4)
    parts = found.fetch(day)
    doubled = [part.name for part in parts if part.name.endswith(".zip.zip")]
    assert len(doubled) == 2
    table = quotes(found.parse(day, parts), "SPX")
    rows = table.filter(pc.equal(table["root"].cast(pa.string()), "SPXW"))
    traded = rows.group_by("symbol").aggregate([("volume", "max"), ("open_interest", "max")])
    assert all(row["volume_max"] > 0 for row in traded.to_pylist())
    # three of the twelve contracts with open interest are others than those with quotes
    assert len(traded["open_interest_max"].drop_null()) == 9


def test_the_one_sided_minute_of_january_6_has_no_bid(provider):
    found = provider("SPX", "minute", SPX_DATA)
    day = dt.date(2021, 1, 6)
    table = quotes(found.parse(day, found.fetch(day)), "SPX")
    (row,) = table.filter(pc.is_null(table["bid"])).to_pylist()
    assert (row["symbol"], row["bid_size"], row["ask"], row["ask_size"]) == (
        "SPXW210106C03800000",
        None,
        0.05,
        5.0,
    )
    assert row["ts"] == dt.datetime(2021, 1, 6, 14, 32, tzinfo=dt.UTC)


def test_the_index_meets_its_options_in_the_same_minute_across_time_zones(provider):
    found = provider("SPX", "minute", SPX_DATA)
    day = dt.date(2021, 1, 4)
    parsed = found.parse(day, found.fetch(day))
    table = quotes(parsed, "SPX")
    assert table["spot"].null_count == 0
    # call minus put of one expiry and strike is forward minus strike: near to the spot of that very minute
    keyed = {
        (r["ts"], r["right"], r["symbol"][4:10], r["strike"]): r
        for r in table.to_pylist()
        if r["root"] == "SPXW"
    }
    gaps = []
    for (ts, right, expiry, strike), call in keyed.items():
        put = keyed.get((ts, "P", expiry, strike))
        if right == "C" and put and None not in (call["bid"], put["bid"]):
            forward = strike + (call["bid"] + call["ask"] - put["bid"] - put["ask"]) / 2
            gaps.append(forward - call["spot"])
    assert len(gaps) > 1_900 and np.percentile(np.abs(gaps), 95) < 4.0
    (price,) = parsed.underlying_prices.to_pylist()
    assert (price["open"], price["high"], price["low"], price["close"]) == (
        3764.61,
        3769.99,
        3662.71,
        3701.38,
    )


def test_daily_and_hourly_index_samples_stop_at_twenty_past_three_not_at_the_close(provider):
    """A defect of the samples: their last bar was cut off 55 minutes before the end of the session."""
    day = dt.date(2021, 1, 4)
    tables = {}
    for resolution in ("daily", "hour", "minute"):
        found = provider("SPX", resolution, SPX_DATA)
        rows = quotes(found.parse(day, found.fetch(day)), "SPX").to_pylist()
        tables[resolution] = [row for row in rows if row["symbol"] == "SPX210115C03200000"]
    (last,) = tables["daily"]
    assert last["ts"] == dt.datetime(2021, 1, 4, 21, 15, tzinfo=dt.UTC)
    sides = (last["bid"], last["ask"])
    assert sides == (tables["hour"][-1]["bid"], tables["hour"][-1]["ask"]) == (488.2, 492.8)
    same = [row["ts"] for row in tables["minute"] if (row["bid"], row["ask"]) == sides]
    assert same == [dt.datetime(2021, 1, 4, 20, 20, tzinfo=dt.UTC)]


def test_daily_trades_in_an_hourly_file_are_rejected(provider, data, lean_universe):
    settings = {"resolution": "hour", "security_type": "indexoption"}
    spec = lean_universe("SPX", settings).model_dump()
    spec["underlyings"][0].update(symbol="NQX")
    spec["underlyings"][0]["roots"] = [dict(spec["underlyings"][0]["roots"][1], root="NQX")]
    found = make_provider(type(lean_universe("SPX", settings)).model_validate(spec), data / SPX_DATA)
    days = found.available_days()
    assert len(days) == 54
    rejected, rows = collections.Counter(), 0
    for day in days:
        parsed = found.parse(day, found.fetch(day)).underlyings["NQX"]
        rows += parsed.quotes.num_rows
        rejected.update(reason_counts(parsed.rejected))
    assert rows == 742
    # the four at midnight are bars of a day; the contracts traded and open are others than those quoted; the last of
    # 107 lines of open interest is of a day without quotes, which is refused as a whole
    assert rejected == {"before_session": 4, "trade_without_quote": 1, "open_interest_without_quote": 106}
