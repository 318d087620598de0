"""IVolatility: volatilities that were solved, interpolated or given up, and columns that come and go."""

import datetime as dt
import gzip
from pathlib import Path

import pytest

from resources.providers.contract import load_case
from resources.providers.registry import SettingsError, check_provider, make_provider

CASE = load_case(Path(__file__).parent / "contract_cases" / "ivolatility_csv.py")


def universe(**settings):
    provider = CASE.universe.provider.model_copy(update={"settings": settings})
    return CASE.universe.model_copy(update={"provider": provider})


def quotes(folder, spec):
    provider = make_provider(spec, folder)
    parsed = provider.parse(CASE.trade_date, provider.fetch(CASE.trade_date)).underlyings["SPX"]
    assert parsed.problem is None, parsed.problem
    return {row["symbol"]: row for row in parsed.quotes.to_pylist()}, parsed.rejected.to_pylist()


def rewrite(folder, change):
    path = folder / "sample.csv.gz"
    path.write_bytes(gzip.compress(change(gzip.decompress(path.read_bytes()).decode()).encode()))


def test_an_interpolated_volatility_is_kept_only_where_the_universe_says_so(tmp_path):
    CASE.write(tmp_path)
    dropped, _ = quotes(tmp_path, universe())
    kept, _ = quotes(tmp_path, universe(interpolated="keep"))
    name = "SPXW110107P01050000"
    assert (dropped[name]["vendor_iv"], dropped[name]["vendor_delta"]) == (None, None)
    assert (kept[name]["vendor_iv"], kept[name]["vendor_delta"]) == (0.39, -0.000002)
    # one that could not be solved is no volatility under either
    assert kept["SPX110219P00500000"]["vendor_iv"] is None


def test_a_symbol_may_carry_the_saturday_but_no_other_day(tmp_path):
    CASE.write(tmp_path)
    rewrite(tmp_path, lambda text: text.replace("110219P00500000", "110218P00500000", 1))
    good, _ = quotes(tmp_path, universe())
    assert good["SPX110218P00500000"]["expiry"] == dt.date(2011, 2, 18)
    rewrite(tmp_path, lambda text: text.replace("110218P00500000", "110220P00500000", 1))
    _, rejected = quotes(tmp_path, universe())
    assert ["symbol_disagrees"] in [row["reasons"] for row in rejected]


def test_older_files_lack_the_forward_and_call_columns_otherwise(tmp_path):
    CASE.write(tmp_path)

    def older(text):
        lines = text.splitlines()
        head = lines[0].replace("option_expiration", "expiration_date").replace("call/put", "call_put")
        at = head.split(",").index("forward_price")
        rows = [head, *(line.replace("S&P 500, the index", "S&P") for line in lines[1:])]
        return "\n".join(",".join(c for i, c in enumerate(r.split(",")) if i != at) for r in rows) + "\n"

    rewrite(tmp_path, older)
    found, _ = quotes(tmp_path, universe())
    assert found["SPX110219C01265000"]["vendor_forward"] is None
    assert found["SPX110219C01265000"]["bid"] == 28.7


def test_a_setting_that_the_format_has_not_is_named(tmp_path):
    with pytest.raises(SettingsError) as caught:
        check_provider(universe(interpolate="keep"))
    assert caught.value.location == ("provider", "settings", "interpolate")
    with pytest.raises(SettingsError, match="no path below"):
        check_provider(universe(files="/data/*.csv"))


def test_rows_in_another_order_give_the_same_table(tmp_path):
    CASE.write(tmp_path)
    provider = make_provider(universe(), tmp_path)
    first = provider.parse(CASE.trade_date, provider.fetch(CASE.trade_date)).underlyings["SPX"].quotes
    rewrite(tmp_path, lambda text: "\n".join([text.splitlines()[0], *text.splitlines()[:0:-1], ""]))
    parts = provider.fetch(CASE.trade_date)
    again = provider.parse(CASE.trade_date, parts).underlyings["SPX"].quotes
    rows = [table.drop_columns(["harvest_id"]).to_pylist() for table in (first, again)]
    assert rows[0] == rows[1]
