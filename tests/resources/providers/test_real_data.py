"""The adapters on the real files: every count of facts.json, which were taken without this code."""

import datetime as dt
import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from resources.lake import open_lake
from resources.lake.digest import table_digest
from resources.providers.registry import make_provider
from resources.raw_store import RawStore
from resources.reference.registry import make_rates

pytestmark = pytest.mark.real_data

VENDOR = {"_SPX": "SPX"}


@pytest.fixture(scope="module")
def data() -> Path:
    folder = os.environ.get("OPTIX_REAL_DATA")
    if not folder:
        pytest.skip("OPTIX_REAL_DATA is not set; it names the folder of real market data")
    return Path(folder)


@pytest.fixture(scope="module")
def facts(data) -> dict:
    return json.loads((data / "facts.json").read_text())


def _zero(table: pa.Table, column: str) -> int:
    """Rows for which the source wrote 0: stored as null."""
    return table.column(column).null_count


def _crossed_as_in_the_file(table: pa.Table) -> int:
    """bid > ask with a missing side counted as the 0 that stands in the file."""
    bid, ask = (pc.fill_null(table.column(c), 0.0) for c in ("bid", "ask"))
    return pc.sum(pc.greater(bid, ask)).as_py()


def _repeated(table: pa.Table, names: list[str]) -> int:
    return table.num_rows - table.group_by(names).aggregate([]).num_rows


def test_every_cboe_file_has_the_counts_of_the_facts(data, facts, cboe_universe):
    provider = make_provider(cboe_universe, data / "g03_cboe_eod_2026_07")
    expected = {key: value for key, value in facts["cboe_counts"].items() if key != "how"}
    assert len(expected) == 27
    parsed = {day: provider.parse(day, provider.fetch(day)) for day in provider.available_days()}
    for key, fact in expected.items():
        ticker, day_text = key.split("/")
        day = dt.date.fromisoformat(day_text)
        result = parsed[day].underlyings[VENDOR.get(ticker, ticker)]
        table = result.quotes
        assert (result.problem, result.rejected.num_rows) == (None, 0), key
        bid, ask, iv = (pc.fill_null(table.column(c), 0.0).to_numpy() for c in ("bid", "ask", "vendor_iv"))
        last = pc.max(pc.filter(table["last_trade_ts"], pc.is_valid(table["last_trade_ts"]))).as_py()
        roots = table["root"].value_counts().to_pylist()
        found = {
            "rows": table.num_rows,
            "expiries": len(table["expiry"].unique()),
            "first_expiry": pc.min(table["expiry"]).as_py().isoformat(),
            "roots": {item["values"]: item["counts"] for item in roots},
            "dup_option_symbol": _repeated(table, ["symbol"]),
            "dup_key_without_root": _repeated(table, ["expiry", "right", "strike"]),
            "crossed_bid_gt_ask": _crossed_as_in_the_file(table),
            "bid_zero": _zero(table, "bid"),
            "ask_zero": _zero(table, "ask"),
            "both_zero": int(np.sum((bid == 0) & (ask == 0))),
            "iv_zero": _zero(table, "vendor_iv"),
            "expired_before_file_date": pc.sum(pc.less(table["expiry"], pa.scalar(day))).as_py(),
            "last_trade_max": last.astimezone(provider.zone).replace(tzinfo=None).isoformat(),
            "volume": pc.sum(table["volume"]).as_py(),
            "open_interest": pc.sum(table["open_interest"]).as_py(),
            "clean_two_sided_bid_gt_0_ask_ge_bid_iv_gt_0": int(np.sum((bid > 0) & (ask >= bid) & (iv > 0))),
        }
        assert found == fact, key


def test_cboe_times_are_those_of_the_payloads(data, cboe_universe):
    provider = make_provider(cboe_universe, data / "g03_cboe_eod_2026_07")

    def ts(day: str, symbol: str) -> str:
        date = dt.date.fromisoformat(day)
        table = provider.parse(date, provider.fetch(date)).underlyings[symbol].quotes
        (only,) = table["ts"].unique().to_pylist()
        return only.strftime("%m-%d %H:%M:%S")

    assert ts("2026-07-22", "SPY") == "07-22 20:15:00"
    assert ts("2026-07-22", "SPX") == "07-22 20:15:00"
    # named after the 23rd, taken in the evening of the 22nd
    assert ts("2026-07-23", "SPY") == "07-23 01:14:35"
    assert ts("2026-07-23", "MOD") == "07-23 11:43:55"
    assert ts("2026-07-30", "SPXC") == "07-30 20:00:00"


def test_the_optionsdx_month_has_the_counts_of_the_facts(data, facts, optionsdx_universe):
    fact = facts["optionsdx_btc_2021_06"]
    provider = make_provider(optionsdx_universe, data / "g04_optionsdx_btc_2021_06")
    days = provider.available_days()
    parsed = [provider.parse(day, provider.fetch(day)) for day in days]
    assert {day.underlyings["BTC"].problem for day in parsed} == {None}
    assert sum(day.underlyings["BTC"].rejected.num_rows for day in parsed) == 0
    table = pa.concat_tables([day.underlyings["BTC"].quotes for day in parsed]).unify_dictionaries()
    bid, ask = (pc.fill_null(table.column(c), 0.0).to_numpy() for c in ("bid", "ask"))
    found = {
        "rows": table.num_rows,
        "days": len(days),
        "first": days[0].isoformat(),
        "last": days[-1].isoformat(),
        "instruments": len(set(table["symbol"].to_pylist())),
        "expiries": len(table["expiry"].unique()),
        "dup": _repeated(table, ["ts", "symbol"]),
        "bid_zero": _zero(table, "bid"),
        "ask_zero": _zero(table, "ask"),
        "both_zero": int(np.sum((bid == 0) & (ask == 0))),
        "ask_zero_bid_pos": int(np.sum((ask == 0) & (bid > 0))),
        "two_sided": int(np.sum((bid > 0) & (ask > 0))),
        "crossed": int(np.sum((bid > ask) & (ask > 0))),
        "volume_blank": table["volume"].null_count,
        "mark_iv_max": round(pc.max(table["vendor_iv"]).as_py() * 100, 2),
        "expiring_same_day": pc.sum(pc.equal(table["expiry"], table["trade_date"])).as_py(),
        "rows_first_day": parsed[0].underlyings["BTC"].quotes.num_rows,
        "rows_last_day": parsed[-1].underlyings["BTC"].quotes.num_rows,
    }
    assert found == {key: fact[key] for key in found}
    for parity in fact["parity"]:
        mask = pc.and_(
            pc.equal(table["trade_date"], pa.scalar(dt.date.fromisoformat(parity["date"]))),
            pc.equal(table["expiry"], pa.scalar(dt.date.fromisoformat(parity["expiry"]))),
        )
        forwards = table.filter(mask)["vendor_forward"].to_numpy()
        assert len(forwards) == parity["n"]
        assert np.median(forwards) == pytest.approx(parity["F_vendor_median"], abs=0.01)
        ts = table.filter(mask)["ts"][0].as_py()
        settles = table.filter(mask)["settles_at"][0].as_py()
        assert (settles - ts).total_seconds() / 86400 == pytest.approx(parity["DTE_vendor"], abs=1e-4)


def test_the_deribit_series_is_read_whole(data, surface_universe):
    provider = make_provider(surface_universe, data / "g05_deribit_btc_daily_2026")
    days = provider.available_days()
    assert len(days) == 76
    rows = zero_asks = 0
    for day in days:
        parsed = provider.parse(day, provider.fetch(day)).underlyings["BTC"]
        assert (parsed.problem, parsed.rejected.num_rows) == (None, 0), day
        rows += parsed.quotes.num_rows
        zero_asks += _zero(parsed.quotes, "ask")
        assert len(parsed.quotes["ts"].unique()) == 1
    assert (rows, zero_asks) == (69_396, 281)


def test_the_curve_of_a_july_morning_is_plausible_and_known(data, cboe_universe):
    rates = make_rates(cboe_universe, data / "g09_reference" / "fred")
    parsed = rates.rates_as_of(dt.date(2026, 7, 23))
    assert parsed.problem is None
    by_series = {row["series"]: row for row in parsed.table.to_pylist()}
    assert list(by_series) == [
        "SOFR",
        *(["DGS1MO", "DGS3MO", "DGS6MO", "DGS1", "DGS2", "DGS5", "DGS7", "DGS10", "DGS20", "DGS30"]),
    ]
    assert {row["observation_date"] for row in by_series.values()} == {dt.date(2026, 7, 22)}
    # 3.76 % simple for a month, 4.11 % semiannual for a year (with 4.05 % for its first half)
    assert by_series["DGS1MO"]["rate"] == pytest.approx(12 * np.log(1 + 0.0376 / 12), abs=1e-12)
    assert by_series["DGS1"]["rate"] == pytest.approx(2 * np.log(1 + 0.0411 / 2), abs=1e-5)
    assert by_series["DGS30"]["rate"] > 2 * np.log(1 + 0.0515 / 2)


def test_a_stored_harvest_parses_to_the_same_tables(data, cboe_universe, tmp_path):
    provider = make_provider(cboe_universe, data / "g03_cboe_eod_2026_07")
    day = dt.date(2026, 7, 28)
    parts = provider.fetch(day)
    store = RawStore(open_lake(str(tmp_path)), "cboe", "raw_quotes")
    record = store.put(day.isoformat(), parts, received_at=dt.datetime(2026, 7, 29, tzinfo=dt.UTC))
    direct, stored = provider.parse(day, parts), provider.parse(day, store.load(record))
    for symbol in ("SPY", "MOD", "SPXC"):
        a, b = direct.underlyings[symbol].quotes, stored.underlyings[symbol].quotes
        assert table_digest(a) == table_digest(b)
    assert direct.underlying_prices.equals(stored.underlying_prices)
    assert provider.parse_prices(day, parts).table.equals(direct.underlying_prices)
