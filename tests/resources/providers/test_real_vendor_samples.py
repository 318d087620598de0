"""The adapters on the vendors' real samples: the counts of facts.json, and counts taken by other means."""

import csv
import datetime as dt
import gzip
import io
import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import yaml

from resources.providers.registry import make_provider
from resources.universe import UniverseSpec

pytestmark = pytest.mark.real_data
EXAMPLES = Path(__file__).parents[3] / "examples" / "universes"


@pytest.fixture(scope="module")
def data() -> Path:
    folder = os.environ.get("OPTIX_REAL_DATA")
    if not folder:
        pytest.skip("OPTIX_REAL_DATA is not set; it names the folder of real market data")
    return Path(folder)


@pytest.fixture(scope="module")
def spx(data):
    return json.loads((data / "facts.json").read_text())["ivolatility_spx_2011"]


def universe(name: str, **settings) -> UniverseSpec:
    raw = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())
    raw["provider"].setdefault("settings", {}).update(settings)
    return UniverseSpec.model_validate(raw)


def parsed_days(data: Path, spec: UniverseSpec) -> dict[dt.date, dict]:
    provider = make_provider(spec, spec.resolve(spec.provider.path, data=data, generated=Path("/none")))
    days = provider.available_days()
    return {day: provider.parse(day, provider.fetch(day)).underlyings for day in days}


def lines_of(path: Path, **kwargs) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode()), **kwargs))


def tables(days, symbol="SPX") -> pa.Table:
    assert {u[symbol].problem for u in days.values()} == {None}
    assert sum(u[symbol].rejected.num_rows for u in days.values()) == 0
    return pa.concat_tables([u[symbol].quotes for u in days.values()]).unify_dictionaries()


def test_ivolatility_spx_has_every_count_of_the_facts(data, spx):
    days = parsed_days(data, universe("ivolatility_spx_2011"))
    table = tables(days)
    bid, ask = (pc.fill_null(table[name], 0.0).to_numpy() for name in ("bid", "ask"))
    per_day = {f"{day:%m/%d/%Y}": underlyings["SPX"].quotes.num_rows for day, underlyings in days.items()}
    keys = ["trade_date", "expiry", "right", "strike"]
    found = {
        "rows": table.num_rows,
        "by_date": per_day,
        "bid_zero": table["bid"].null_count,
        "crossed": int(np.sum(bid > ask)),
        "roots": {item["values"]: item["counts"] for item in table["root"].value_counts().to_pylist()},
        "dup_symbol_date": table.num_rows - table.group_by(["trade_date", "symbol"]).aggregate([]).num_rows,
        "dup_key_without_root": table.num_rows - table.group_by(keys).aggregate([]).num_rows,
    }
    assert found == {name: spx[name] for name in found}


def test_interpolated_volatilities_are_those_of_the_facts(data, spx):
    dropped = tables(parsed_days(data, universe("ivolatility_spx_2011")))["vendor_iv"].null_count
    kept = tables(parsed_days(data, universe("ivolatility_spx_2011", interpolated="keep")))[
        "vendor_iv"
    ].null_count
    assert dropped - kept == spx["interpolated_rows"]
    # -1, where the vendor could not solve
    assert kept == 216


def test_ivolatility_quotes_and_parity_are_those_of_the_facts(data, spx):
    days = parsed_days(data, universe("ivolatility_spx_2011"))
    assert len(spx["values"]) == 4
    for fact in spx["values"]:
        day, expiry = dt.date.fromisoformat(fact["date"]), dt.date.fromisoformat(fact["expiry"])
        table = days[day]["SPX"].quotes
        chain = table.filter(pc.and_(pc.equal(table["expiry"], expiry), pc.equal(table["root"], "SPX")))
        (forward,) = set(chain["vendor_forward"].drop_null().to_pylist())
        (spot,) = set(chain["spot"].to_pylist())
        assert (spot, forward) == (fact["spot"], fact["vendor_forward"])
        rows = {(row["right"], row["strike"]): row for row in chain.to_pylist()}
        for right in "CP":
            row = rows[right, fact["atm"]]
            for column, key in (
                ("bid", "bid"),
                ("ask", "ask"),
                ("vendor_iv", "vendor_iv"),
                ("vendor_delta", "vendor_delta"),
                ("vendor_vega", "vendor_vega"),
            ):
                assert row[column] == fact[key][right], (day, expiry, right, column)


def test_ivolatility_times_and_monthly_expiries(data):
    table = tables(parsed_days(data, universe("ivolatility_spx_2011")))
    assert set(table["ts"].to_pylist()) == {
        dt.datetime(2011, 1, day, 21, 15, tzinfo=dt.UTC) for day in (3, 4, 5, 6, 7)
    }
    monthly = table.filter(pc.equal(table["root"], "SPX"))
    assert {day.weekday() for day in monthly["expiry"].unique().to_pylist()} == {4}
    assert {day.weekday() for day in monthly["last_trade_date"].unique().to_pylist()} == {3}
    assert all(symbol[3:9] != "110121" for symbol in monthly["symbol"].unique().to_pylist())


def test_the_aapl_file_gives_aapl_and_not_its_copy_under_another_name(data):
    lines = lines_of(data / "g10_vendor_formats" / "ivolatility" / "aapl_sample_ivolatility.csv.gz")
    counts = Counter((line["symbol"], line["date"]) for line in lines)
    assert counts == {("AAPL", "8/7/2014"): 1822, ("SPY", "8/8/2014"): 1822}
    days = parsed_days(data, universe("ivolatility_aapl_2014"))
    assert list(days) == [dt.date(2014, 8, 7)]
    table = tables(days, "AAPL")
    mine = [line for line in lines if line["symbol"] == "AAPL"]
    assert table.num_rows == len(mine)
    assert table["bid"].null_count == sum(float(line["bid"]) == 0 for line in mine)
    assert table["vendor_iv"].null_count == sum(line["isinterpolated"] == "*" for line in mine)
    assert pc.sum(table["open_interest"]).as_py() == sum(int(line["open_interest"]) for line in mine)
    # the strikes of before the split are sevenths
    assert {27.86, 28.57, 29.29} <= set(table["strike"].to_pylist())


def test_historicaloptiondata_has_the_rows_of_both_files(data):
    folder = data / "g10_vendor_formats" / "historicaloptiondata_tiingo"
    lines = [
        line for name in ("options_data", "test_data_options") for line in lines_of(folder / f"{name}.csv.gz")
    ]
    days = parsed_days(data, universe("historicaloptiondata_spx"))
    table = tables(days)
    assert (len(lines), table.num_rows, len(days)) == (636, 636, 157)
    zeros = {"bid": "bid", "ask": "ask", "last": "last", "vendor_iv": "impliedvol"}
    for column, name in zeros.items():
        assert table[column].null_count == sum(float(line[name]) == 0 for line in lines), column
    assert pc.sum(table["volume"]).as_py() == sum(float(line["volume"]) for line in lines)
    by_key = {(line["quotedate"], line["optionalias"]): line for line in lines}
    for row in table.to_pylist():
        line = by_key[row["trade_date"].isoformat(), row["symbol"]]
        assert row["spot"] == float(line["underlying_last"])
        assert row["vendor_theta"] == pytest.approx(float(line["theta"]) / 365, rel=1e-12)
        assert row["expiry"].isoformat() == line["expiration"]


def test_the_greeks_of_historicaloptiondata_are_canonical_after_the_change_of_units(data):
    """A deep put of 18 months: Black's vega per vol point from the row's own volatility."""
    table = tables(parsed_days(data, universe("historicaloptiondata_spx")))
    row = next(r for r in table.to_pylist() if r["symbol"] == "SPX160617P00650000")
    years = (row["expiry"] - row["trade_date"]).days / 365
    spread = row["vendor_iv"] * years**0.5
    d1 = np.log(row["spot"] / row["strike"]) / spread + spread / 2
    vega = row["spot"] * np.exp(-d1 * d1 / 2) / np.sqrt(2 * np.pi) * years**0.5 / 100
    assert row["vendor_vega"] == pytest.approx(vega, rel=0.15)


def test_the_generic_format_reads_the_file_without_a_header(data):
    path = data / "g10_vendor_formats" / "paperbroker_2017" / "data.csv.gz"
    lines = lines_of(path, fieldnames=["symbol", "date", "bid", "ask"], delimiter="\t")
    days = parsed_days(data, universe("paperbroker_2017"))
    # two of the four dates are Saturdays that repeat the Friday
    assert [day.isoformat() for day in days] == ["2017-01-27", "2017-01-28", "2017-03-24", "2017-03-25"]
    for day, underlyings in days.items():
        for symbol, parsed in underlyings.items():
            if day.weekday() == 5:
                assert "is no session of XNYS" in parsed.problem
                continue
            mine = [
                line for line in lines if line["date"] == day.isoformat() and line["symbol"][:-15] == symbol
            ]
            (own,) = (line for line in lines if (line["symbol"], line["date"]) == (symbol, day.isoformat()))
            table = parsed.quotes
            assert (parsed.problem, parsed.rejected.num_rows) == (None, 0)
            assert table.num_rows == len(mine)
            assert table["bid"].null_count == sum(float(line["bid"]) == 0 for line in mine)
            assert set(table["spot"].to_pylist()) == {(float(own["bid"]) + float(own["ask"])) / 2}
    assert sum(u.quotes.num_rows for d in days.values() for u in d.values()) == 3182 + 3070
