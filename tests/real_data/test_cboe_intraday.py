"""Intraday chains of August 2026 as the facts count them, and the JSON form of real chains against their CSV."""

import csv
import datetime as dt
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from optix_pipeline.yaml_specs import load_spec
from resources.providers.registry import make_provider
from resources.universe import UniverseSpec

pytestmark = pytest.mark.real_data

EXAMPLES = Path(__file__).parents[2] / "examples" / "universes"
SPEC = EXAMPLES / "cboe_intraday_2026_08.yaml"


@pytest.fixture(scope="module")
def parsed(real_data):
    """By day, (parts, result)."""
    provider = make_provider(load_spec(SPEC, UniverseSpec), real_data / "g08_cboe_intraday_2026_08")
    days = provider.available_days()
    assert [day.day for day in days] == [17, 18, 19]
    return {day: provider.parse(day, provider.fetch(day)) for day in days}


def crossed(table: pa.Table) -> int:
    bid, ask = (pc.fill_null(table[c], 0.0) for c in ("bid", "ask"))
    return pc.sum(pc.greater(bid, ask)).as_py()


def test_every_snapshot_of_aapl_has_the_counts_of_the_facts(parsed, facts):
    expected = facts["cboe_intraday"]["by_file"]
    found = parsed[dt.date(2026, 8, 18)].underlyings["AAPL"]
    assert (found.problem, found.rejected.num_rows) == (None, 0)
    for snapshot_id, (name, fact) in enumerate(sorted(expected.items())):
        table = found.quotes.filter(pc.equal(found.quotes["snapshot_id"], snapshot_id))
        traded = pc.max(table["last_trade_ts"]).as_py().astimezone(dt.timezone(dt.timedelta(hours=-4)))
        neither = pc.and_(pc.is_null(table["bid"]), pc.is_null(table["ask"]))
        counted = {
            "rows": table.num_rows,
            "roots": {item["values"]: item["counts"] for item in table["root"].value_counts().to_pylist()},
            "crossed": crossed(table),
            "bid_zero": table["bid"].null_count,
            "both_zero": pc.sum(neither).as_py(),
            "last_trade_max": traded.replace(tzinfo=None).isoformat(),
        }
        assert counted == fact, name
    assert len(pc.unique(found.quotes["snapshot_id"])) == len(expected) == 8


def test_no_row_of_the_62960_is_lost(parsed, real_data):
    lines = sum(
        gzip.decompress(path.read_bytes()).count(b"\n") - 1
        for path in (real_data / "g08_cboe_intraday_2026_08" / "data").iterdir()
    )
    results = [u for day in parsed.values() for u in day.underlyings.values()]
    assert sum(u.quotes.num_rows + u.rejected.num_rows for u in results) == lines == 62_960
    assert sum(len(pc.unique(u.quotes["snapshot_id"])) for u in results) == 31


def test_the_last_trade_of_each_snapshot_is_within_a_minute_of_its_time(parsed):
    """The feed is a quarter of an hour late: a wrong delay, zone or close would show here."""
    for day in parsed.values():
        for found in day.underlyings.values():
            groups = found.quotes.group_by(["snapshot_id", "ts"]).aggregate([("last_trade_ts", "max")])
            # the last of a day is the second from after its close
            for group in sorted(groups.to_pylist(), key=lambda g: g["snapshot_id"])[:-1]:
                gap = (group["ts"] - group["last_trade_ts_max"]).total_seconds()
                assert 0 <= gap < 60, (found.underlying, group)


def test_the_two_snapshots_after_the_close_show_the_same_closing_market(parsed):
    columns = ["symbol", "bid", "ask", "bid_size", "ask_size", "last", "volume", "open_interest"]
    for day in parsed.values():
        for found in day.underlyings.values():
            last = pc.max(found.quotes["snapshot_id"]).as_py()
            one, other = (
                found.quotes.filter(pc.equal(found.quotes["snapshot_id"], i)).select(columns)
                for i in (last - 1, last)
            )
            assert one.equals(other), found.underlying
            keys = found.quotes.group_by(["symbol", "ts"]).aggregate([])
            assert keys.num_rows == found.quotes.num_rows


def test_vix_options_stop_trading_on_the_day_before_their_wednesday(parsed):
    table = parsed[dt.date(2026, 8, 19)].underlyings["VIX"].quotes
    expiring = table.filter(pc.equal(table["expiry"], pa.scalar(dt.date(2026, 8, 19))))
    assert expiring.num_rows == 8 * 140
    assert pc.unique(expiring["last_trade_date"]).to_pylist() == [dt.date(2026, 8, 18)]
    assert pc.unique(expiring["settles_at"]).to_pylist() == [dt.datetime(2026, 8, 19, 13, 30, tzinfo=dt.UTC)]


@pytest.mark.parametrize(("ticker", "symbol"), [("_SPX", "SPX"), ("SPY", "SPY"), ("MOD", "MOD")])
def test_a_real_chain_as_json_gives_the_quotes_of_its_csv(real_data, tmp_path, ticker, symbol):
    source = real_data / "g03_cboe_eod_2026_07"
    universe = load_spec(EXAMPLES / "cboe_2026_07.yaml", UniverseSpec)
    day = dt.date(2026, 7, 22)
    write_payload(source, ticker, day, tmp_path)

    def parse(fmt: str, folder: Path, **settings):
        provider_spec = universe.provider.model_copy(update={"format": fmt, "settings": settings})
        provider = make_provider(universe.model_copy(update={"provider": provider_spec}), folder)
        return provider.parse(day, [p for p in provider.fetch(day) if p.underlying in (None, symbol)])

    as_csv = parse("cboe_csv", source)
    # that format takes the payload's time for that of its market
    as_json = parse("cboe_json", tmp_path, feed_delay_minutes=0)
    one, other = as_csv.underlyings[symbol], as_json.underlyings[symbol]
    assert (other.problem, other.rejected.num_rows) == (None, 0)
    assert one.quotes.num_rows > 100
    compared = [name for name in one.quotes.column_names if name not in ("source", "harvest_id")]
    for name in compared:
        assert one.quotes[name].to_pylist() == other.quotes[name].to_pylist(), name
    prices = [
        {k: v for k, v in row.items() if k != "source"}
        for row in (*as_csv.underlying_prices.to_pylist(), *as_json.underlying_prices.to_pylist())
        if row["underlying"] == symbol
    ]
    assert prices[0] == prices[1]


def write_payload(source: Path, ticker: str, day: dt.date, folder: Path) -> None:
    """The payload that the flattened files were made of, in the service's shape."""
    (chain,) = (source / "chains" / ticker).glob(f"{day}.csv*")
    (lines,) = source.glob("underlying.csv*")

    def rows(path: Path) -> list[dict[str, str]]:
        data = path.read_bytes()
        return list(
            csv.DictReader((gzip.decompress(data) if path.suffix == ".gz" else data).decode().splitlines())
        )

    def value(text: str) -> float | str | None:
        try:
            return float(text)
        except ValueError:
            return text or None

    told = next(r for r in rows(lines) if r["ticker"] == ticker and r["session_date"] == day.isoformat())
    keyed = ("session_date", "ticker", "expiry", "right", "strike")
    options = [{k: value(v) for k, v in row.items() if k not in keyed} for row in rows(chain)]
    data = {k: value(v) for k, v in told.items() if k not in ("session_date", "ticker", "fetched_at_utc")}
    document = {
        "timestamp": told["payload_timestamp"],
        "data": {**data, "options": options},
        "symbol": ticker,
    }
    path = folder / ticker / f"{day}.json.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(json.dumps(document).encode(), compresslevel=1))
