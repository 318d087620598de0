"""CBOE chains: units, times, identity."""

import datetime as dt
import random

import pytest

from resources.lake.digest import table_digest
from resources.providers.protocol import ProviderError
from resources.providers.registry import make_provider, provider_formats
from resources.schemas import QUARANTINE_SCHEMA, QUOTE_SCHEMA, UNDERLYING_SCHEMA

DAY = dt.date(2026, 7, 22)
D = "2026-07-22"


def _utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text + "+00:00")


def test_a_quote_is_typed_with_the_terms_of_its_root(parse, folder, row):
    folder.underlying("_SPX", D, "2026-07-22 22:51:47", current=7499.5, close=7498.96)
    folder.chain(
        "_SPX",
        D,
        [
            row(D, "_SPX", "SPX", "2026-08-21", "P", 7500, bid=172.9, ask=174.0, iv=0.15, delta=-0.48),
            row(D, "_SPX", "SPXW", "2026-08-21", "P", 7500, bid=173.0, ask=174.2),
        ],
    )
    day = parse()
    spx = day.underlyings["SPX"]
    assert spx.problem is None and spx.rejected.num_rows == 0
    assert spx.quotes.schema.equals(QUOTE_SCHEMA)
    am, pm = spx.quotes.to_pylist()
    assert (am["root"], am["symbol"], am["underlying"]) == ("SPX", "SPX260821P07500000", "SPX")
    assert (am["bid"], am["ask"], am["vendor_iv"], am["vendor_delta"]) == (172.9, 174.0, 0.15, -0.48)
    # third Friday: the AM-settled one stops trading on Thursday and settles on the opening, 09:30 New York
    assert (am["last_trade_date"], am["settles_at"]) == (dt.date(2026, 8, 20), _utc("2026-08-21 13:30"))
    assert (pm["last_trade_date"], pm["settles_at"]) == (dt.date(2026, 8, 21), _utc("2026-08-21 20:00"))
    assert (am["settlement_time"], pm["settlement_time"], am["style"]) == ("AM", "PM", "E")
    assert (am["multiplier"], am["quote_currency"], am["settlement_type"]) == (100.0, "USD", "cash")
    assert am["spot"] == 7498.96
    assert am["source"] == "cboe_csv" and len(am["harvest_id"]) == 12
    assert day.underlying_prices.schema.equals(UNDERLYING_SCHEMA)


def test_zero_means_no_quote_no_size_no_trade_and_no_volatility(parse, folder, row):
    folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
    folder.chain(
        "MOD",
        D,
        [
            row(
                D,
                "MOD",
                "MOD",
                "2026-08-21",
                bid=0.0,
                bid_size=0.0,
                ask=0,
                ask_size=0,
                last_trade_price=0,
                iv=0,
            )
        ],
    )
    quote = parse().underlyings["MOD"].quotes.to_pylist()[0]
    for column in ("bid", "ask", "bid_size", "ask_size", "last", "vendor_iv"):
        assert quote[column] is None, column
    # a volume of 0 is a fact
    assert quote["volume"] == 5.0 and quote["vendor_theta"] == 0.0


def test_minus_one_stays_for_the_row_rules_and_nan_is_no_number(parse, folder, row):
    folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
    folder.chain(
        "MOD",
        D,
        [
            row(D, "MOD", "MOD", "2026-08-21", strike=100, bid=-1),
            row(D, "MOD", "MOD", "2026-08-21", strike=105, ask="nan"),
            row(D, "MOD", "MOD", "2026-08-21", strike=0, symbol="MOD260821C00000000"),
            row(D, "MOD", "MOD", "2026-07-17", strike=110),
            row(D, "MOD", "MOD", "2026-08-21", strike=115),
            row(D, "MOD", "MOD", "2026-08-21", strike=115),
            row(D, "MOD", "MOD", "2026-08-21", strike=120, bid=""),
        ],
    )
    parsed = parse().underlyings["MOD"]
    assert parsed.problem is None
    assert parsed.rejected.column("reasons").to_pylist() == [["untyped:ask"]]
    assert ",105," in parsed.rejected.column("raw")[0].as_py()
    by_strike = {q["strike"]: q for q in parsed.quotes.to_pylist()}
    assert parsed.quotes.num_rows == 6
    assert by_strike[100.0]["bid"] == -1.0
    assert by_strike[0.0]["bid"] == 1.0
    assert by_strike[110.0]["expiry"] < DAY
    assert by_strike[120.0]["bid"] is None


def test_after_the_close_the_market_of_the_close_is_shown(parse, folder, row):
    for ticker, root in (("SPY", "SPY"), ("_SPX", "SPXW"), ("MOD", "MOD")):
        folder.underlying(ticker, D, "2026-07-22 22:51:31", current=101, close=100)
        folder.chain(ticker, D, [row(D, ticker, root, "2026-08-21")])
    found = parse().underlyings
    assert found["SPY"].quotes["ts"][0].as_py() == _utc("2026-07-22 20:15")
    assert found["SPX"].quotes["ts"][0].as_py() == _utc("2026-07-22 20:15")
    assert found["MOD"].quotes["ts"][0].as_py() == _utc("2026-07-22 20:00")
    assert found["MOD"].quotes["known_at"][0].as_py() == _utc("2026-07-22 20:15")
    # evening trades move current_price, not the market of the close
    assert found["SPY"].quotes["spot"][0].as_py() == 100.0
    assert found["SPY"].payload_ts_us == int(_utc("2026-07-22 22:51:31").timestamp() * 1e6)


def test_within_the_session_that_moment_is_shown(parse, folder, row):
    folder.underlying("MOD", D, "2026-07-22 19:24:27", current=249.1, close=249.0)
    folder.chain("MOD", D, [row(D, "MOD", "MOD", "2026-08-21")])
    day = parse()
    quote = day.underlyings["MOD"].quotes.to_pylist()[0]
    assert (quote["ts"], quote["spot"]) == (_utc("2026-07-22 19:24:27"), 249.1)
    price = day.underlying_prices.to_pylist()[0]
    assert (price["ts"], price["close"]) == (_utc("2026-07-22 19:24:27"), 249.1)


def test_a_payload_from_before_the_open_keeps_its_own_time(parse, folder, row):
    folder.underlying("MOD", D, "2026-07-22 11:43:55", current=249.9, close=249.6)
    folder.chain("MOD", D, [row(D, "MOD", "MOD", "2026-08-21")])
    parsed = parse().underlyings["MOD"]
    assert parsed.quotes["ts"][0].as_py() == _utc("2026-07-22 11:43:55")
    assert parsed.quotes["spot"][0].as_py() == 249.6


def test_on_a_half_day_the_early_close_holds(parse, folder, row):
    half = "2026-11-27"
    for ticker, root in (("_SPX", "SPX"), ("MOD", "MOD")):
        folder.underlying(ticker, half, "2026-11-27 22:00:00", current=1, close=100)
        folder.chain(ticker, half, [row(half, ticker, root, "2026-12-18")])
    found = parse(dt.date(2026, 11, 27)).underlyings
    assert found["SPX"].quotes["ts"][0].as_py() == _utc("2026-11-27 18:15")
    assert found["MOD"].quotes["ts"][0].as_py() == _utc("2026-11-27 18:00")


def test_last_trades_are_new_york_wall_time_in_summer_and_winter(parse, folder, row):
    folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
    folder.chain(
        "MOD",
        D,
        [
            row(D, "MOD", "MOD", "2026-08-21", strike=100, last_trade_time="2026-07-22T15:09:14"),
            row(D, "MOD", "MOD", "2026-08-21", strike=105, last_trade_time="2026-02-23T15:43:03"),
            row(D, "MOD", "MOD", "2026-08-21", strike=110, last_trade_time=""),
        ],
    )
    times = parse().underlyings["MOD"].quotes["last_trade_ts"].to_pylist()
    assert times == [_utc("2026-07-22 19:09:14"), _utc("2026-02-23 20:43:03"), None]


def test_the_order_of_rows_in_the_file_does_not_matter(parse, folder, row, cboe_universe):
    folder.underlying("_SPX", D, "2026-07-22 21:00:00", current=100, close=100)
    rows = [
        row(D, "_SPX", root, expiry, right, strike, bid=bid)
        for root in ("SPX", "SPXW")
        for expiry in ("2026-08-21", "2026-09-18")
        for right in "CP"
        for strike in (100, 105)
        for bid in (1.0, "", "nan", 2.0, 2.0)
    ] + [row(D, "_SPX", "NDX", "2026-08-21"), row(D, "_SPX", "SPX", "2026-08-21", bid="oops"), "short,row"]
    shuffled = random.Random(1).sample(rows, len(rows))
    tables = []
    for lines in (rows, shuffled):
        folder.chain("_SPX", D, lines)
        parsed = parse().underlyings["SPX"]
        # the harvest id follows the bytes received, which do differ
        keep = [c for c in QUOTE_SCHEMA.names if c != "harvest_id"]
        tables.append(
            (table_digest(parsed.quotes.select(keep)), table_digest(parsed.rejected.drop(["harvest_id"])))
        )
        assert parsed.quotes.num_rows + parsed.rejected.num_rows == len(rows)
    assert tables[0] == tables[1]
    keys = parsed.quotes.select(["ts", "expiry", "right", "strike", "root"]).to_pylist()
    assert [tuple(k.values()) for k in keys] == sorted(tuple(k.values()) for k in keys)


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"bid": "abc"}, "untyped:bid"),
        ({"strike": "1O0"}, "untyped:strike"),
        ({"strike": ""}, "untyped:strike"),
        ({"last_trade_time": "yesterday"}, "untyped:last_trade_time"),
        ({"right": "X", "symbol": "MOD260821C00100000"}, "untyped:right"),
        ({"symbol": "garbage"}, "untyped:option"),
        ({"symbol": "MOD1260821C00100000"}, "unknown_root"),
        ({"symbol": "MOD260821C00105000"}, "symbol_disagrees"),
        ({"symbol": "MOD260821P00100000"}, "symbol_disagrees"),
        ({"symbol": "MOD260918C00100000"}, "symbol_disagrees"),
    ],
)
def test_a_row_that_cannot_be_used_is_set_aside_with_its_text_and_the_rest_stays(
    parse, folder, row, changes, reason
):
    folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
    bad = row(D, "MOD", "MOD", "2026-08-21", **changes)
    folder.chain("MOD", D, [row(D, "MOD", "MOD", "2026-08-21", strike=95), bad])
    parsed = parse().underlyings["MOD"]
    assert parsed.problem is None
    assert parsed.quotes["strike"].to_pylist() == [95.0]
    assert parsed.rejected.schema.equals(QUARANTINE_SCHEMA)
    rejected = parsed.rejected.to_pylist()
    assert [(r["reasons"], r["raw"], r["underlying"]) for r in rejected] == [([reason], bad, "MOD")]


def test_a_row_with_several_faults_names_them_all(parse, folder, row):
    folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
    bad = row(D, "MOD", "MOD", "2026-08-21", bid="x", ask="y", volume="z")
    folder.chain("MOD", D, [bad, row(D, "MOD", "MOD", "2026-08-21", strike=95)])
    rejected = parse().underlyings["MOD"].rejected.to_pylist()
    assert rejected[0]["reasons"] == ["untyped:ask", "untyped:bid", "untyped:volume"]


@pytest.mark.parametrize("expiry", ["1900-01-01", "9999-12-31"])
def test_an_expiry_that_cannot_be_meant_is_set_aside(parse, folder, row, expiry):
    folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
    bad = row(D, "MOD", "MOD", expiry)
    folder.chain("MOD", D, [row(D, "MOD", "MOD", "2026-08-21"), bad])
    parsed = parse().underlyings["MOD"]
    assert [r["reasons"] for r in parsed.rejected.to_pylist()] == [["expiry_out_of_range"]]


def test_the_year_1_as_the_time_of_the_last_trade_means_that_there_was_none(parse, folder, row):
    folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
    never = row(D, "MOD", "MOD", "2026-08-21", last_trade_time="0001-01-01T00:00:00")
    folder.chain("MOD", D, [never, row(D, "MOD", "MOD", "2026-08-21", strike=95)])
    parsed = parse().underlyings["MOD"]
    assert parsed.rejected.num_rows == 0
    traded = dict(
        zip(parsed.quotes["strike"].to_pylist(), parsed.quotes["last_trade_ts"].to_pylist(), strict=True)
    )
    assert traded[100.0] is None and traded[95.0] is not None


def test_rows_of_another_day_or_ticker_among_good_ones_are_set_aside(parse, folder, row):
    folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
    folder.chain(
        "MOD",
        D,
        [
            row(D, "MOD", "MOD", "2026-08-21"),
            row("2026-07-21", "MOD", "MOD", "2026-08-21"),
            row(D, "SPY", "MOD", "2026-08-21"),
        ],
    )
    parsed = parse().underlyings["MOD"]
    assert parsed.quotes.num_rows == 1
    assert sorted(r["reasons"][0] for r in parsed.rejected.to_pylist()) == ["other_day", "other_underlying"]


def test_a_day_without_a_file_is_absent(parse, folder, row, cboe_universe):
    folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
    folder.chain("MOD", D, [row(D, "MOD", "MOD", "2026-08-21")])
    assert set(parse().underlyings) == {"MOD"}
    assert parse(dt.date(2026, 7, 23)).underlyings == {}
    provider = make_provider(cboe_universe, folder.path)
    assert provider.fetch(dt.date(2026, 7, 23)) == []
    assert provider.available_days() == [DAY]


def test_a_missing_folder_says_where_it_was_looked_for(cboe_universe, tmp_path):
    with pytest.raises(ProviderError, match=r"nowhere does not exist.*OPTIX_REAL_DATA"):
        make_provider(cboe_universe, tmp_path / "nowhere").fetch(DAY)


def test_an_unknown_format_lists_the_known_ones(cboe_universe, tmp_path):
    spec = cboe_universe.model_copy(
        update={"provider": cboe_universe.provider.model_copy(update={"format": "cboe_xml"})}
    )
    known = ", ".join(provider_formats())
    assert "cboe_csv, " in known
    with pytest.raises(ProviderError, match=rf"'cboe_xml' is unknown; there are {known}$"):
        make_provider(spec, tmp_path)
