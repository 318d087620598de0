"""``lean_options``: moments of bars, joins, splits, sessions, and bad archives."""

import datetime as dt

import pytest

from resources.providers.lean.layout import LeanOptionsSettings
from resources.providers.protocol import ParsedDay

CALL = "call_6450000_20140719"
BAR = "20140606 00:00,221000,231000,196000,197000,68,250000,250000,198500,200000,12"


def rows(day: ParsedDay, symbol: str) -> list[dict]:
    return day.underlyings[symbol].quotes.to_pylist()


def reasons(day: ParsedDay, symbol: str) -> list[tuple[str, ...]]:
    return [tuple(found) for found in day.underlyings[symbol].rejected.column("reasons").to_pylist()]


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)


def test_a_daily_bar_is_known_at_the_end_of_the_session_with_the_stock_s_close(folder):
    folder.year("quote", {CALL: [BAR]})
    folder.year("trade", {CALL: ["20140606 00:00,231000,231000,197000,199000,41"]})
    folder.pack(
        "equity/usa/daily/aapl.zip", {"aapl.csv": ["20140606 00:00,6500000,6512500,6444800,6455700,121"]}
    )
    day = folder.parse("AAPL", "daily", "2014-06-06")
    (row,) = rows(day, "AAPL")
    assert (row["symbol"], row["strike"], row["bid"], row["ask"]) == (
        "AAPL140719C00645000",
        645.0,
        19.7,
        20.0,
    )
    assert (row["last"], row["volume"], row["spot"]) == (19.9, 41.0, 645.57)
    assert row["ts"] == row["last_trade_ts"] == utc(2014, 6, 6, 20)
    (price,) = day.underlying_prices.to_pylist()
    assert (price["open"], price["high"], price["low"], price["close"]) == (650.0, 651.25, 644.48, 645.57)
    assert (price["volume"], price["ts"]) == (121.0, utc(2014, 6, 6, 20))


def test_a_daily_bar_of_a_half_day_ends_with_it(folder):
    folder.year("quote", {CALL: [BAR.replace("20140606", "20140703")]})
    assert rows(folder.parse("AAPL", "daily", "2014-07-03"), "AAPL")[0]["ts"] == utc(2014, 7, 3, 17)


def test_an_hourly_bar_is_known_an_hour_after_its_start(folder):
    hour = BAR.replace("00:00", "10:00")
    folder.year("quote", {CALL: [hour, hour.replace("10:00", "11:00")]}, resolution="hour")
    folder.pack(
        "equity/usa/hour/aapl.zip", {"aapl.csv": ["20140606 11:00,6450000,6460000,6440000,6455000,7"]}
    )
    first, second = rows(folder.parse("AAPL", "hour", "2014-06-06"), "AAPL")
    assert (first["snapshot_id"], first["ts"], first["spot"]) == (0, utc(2014, 6, 6, 15), None)
    assert (second["snapshot_id"], second["ts"], second["spot"]) == (1, utc(2014, 6, 6, 16), 645.5)


def test_a_daily_bar_in_an_hourly_file_is_rejected_not_known_at_one_in_the_morning(folder):
    folder.year("quote", {CALL: [BAR.replace("00:00", "10:00")]}, resolution="hour")
    folder.year("trade", {CALL: ["20140606 00:00,1,1,1,1,7"]}, resolution="hour")
    day = folder.parse("AAPL", "hour", "2014-06-06")
    assert (rows(day, "AAPL")[0]["last"], reasons(day, "AAPL")) == (None, [("before_session",)])


def test_a_trade_is_never_known_before_the_end_of_its_bar(folder):
    quote = "{},500,500,500,500,3,1000,1000,1000,1000,5"
    folder.minute("quote", {"call_1_20210106": [quote.format(ms) for ms in (34200000, 34260000, 34320000)]})
    folder.minute("trade", {"call_1_20210106": ["34260000,700,700,700,700,2", "34320000,600,600,600,600,3"]})
    day = folder.parse("SPX", "minute", "2021-01-06")
    assert day.underlyings["SPX"].quotes.num_rows == 0  # a strike of 0.0001 is finer than symbols go
    folder.minute(
        "quote", {"call_38000000_20210106": [quote.format(m) for m in (34200000, 34260000, 34320000)]}
    )
    folder.minute(
        "trade", {"call_38000000_20210106": ["34260000,700,700,700,700,2", "34320000,600,600,600,600,3"]}
    )
    day = folder.parse("SPX", "minute", "2021-01-06")
    found = [(row["ts"].minute, row["last"], row["volume"]) for row in rows(day, "SPX")]
    assert found == [(31, None, 0.0), (32, 0.07, 2.0), (33, 0.06, 5.0)]
    assert day.underlyings["SPX"].payload_ts_us == utc(2021, 1, 6, 14, 33).timestamp() * 1e6


def test_trades_after_a_contract_s_last_quote_are_rejected_with_their_text(folder):
    folder.minute("quote", {"call_38000000_20210106": ["34200000,5,5,5,5,3,9,9,9,9,5"]})
    folder.minute("trade", {"call_38000000_20210106": ["34260000,700,700,700,700,2"]})
    day = folder.parse("SPX", "minute", "2021-01-06")
    assert reasons(day, "SPX") == [("trade_without_quote",)]
    assert (
        day.underlyings["SPX"]
        .rejected["raw"][0]
        .as_py()
        .endswith("call_38000000_20210106.csv,34260000,700,700,700,700,2")
    )


def test_two_trade_bars_of_one_minute_are_both_rejected(folder):
    folder.minute("quote", {"call_38000000_20210106": ["34200000,5,5,5,5,3,9,9,9,9,5"]})
    folder.minute("trade", {"call_38000000_20210106": ["34200000,7,7,7,7,2", "34200000,8,8,8,8,2"]})
    day = folder.parse("SPX", "minute", "2021-01-06")
    assert reasons(day, "SPX") == [("repeated_trade",)] * 2
    assert rows(day, "SPX")[0]["last"] is None


def test_open_interest_under_the_strikes_from_before_a_split_joins_no_new_contract(folder):
    folder.year("quote", {"call_921400_20140719": [BAR.replace("20140606", "20140609")]})
    folder.year("openinterest", {CALL: ["20140606 00:00,40", "20140609 00:00,41"]})
    day = folder.parse("AAPL", "daily", "2014-06-09")
    assert [(row["strike"], row["open_interest"]) for row in rows(day, "AAPL")] == [(92.14, None)]
    assert reasons(day, "AAPL") == [("open_interest_without_quote",)]
    assert day.underlyings["AAPL"].rejected["raw"][0].as_py() == (
        f"aapl_openinterest_american_{CALL}.csv,20140609 00:00,41"
    )


def test_roots_of_an_underlying_share_the_numbers_of_snapshots(folder):
    bar = "{},5,5,5,5,3,9,9,9,9,5"
    folder.minute("quote", {"call_38000000_20210106": [bar.format(34200000)]})
    folder.minute(
        "quote", {"call_38000000_20210115": [bar.format(34260000), bar.format(34200000)]}, ticker="spx"
    )
    day = folder.parse("SPX", "minute", "2021-01-06")
    found = [(row["root"], row["snapshot_id"], row["settlement_time"]) for row in rows(day, "SPX")]
    assert found == [("SPXW", 0, "PM"), ("SPX", 0, "AM"), ("SPX", 1, "AM")]


def test_an_index_keeps_the_time_of_chicago_and_its_session_ends_at_the_close(folder):
    folder.minute("quote", {"call_38000000_20210106": ["34200000,5,5,5,5,3,9,9,9,9,5"]})
    index = [
        "30540000,1,1,1,1,1",
        "30600000,3712.2,3713.1,3710,3711.75,59",
        "53940000,3745,3749,3744,3748.5,60",
    ]
    folder.pack(
        "index/usa/minute/spx/20210106_trade.zip",
        {"20210106_spx_minute_trade.csv": [*index, "54000000,3748.14,3748.14,3748.14,3748.14,60"]},
    )
    day = folder.parse("SPX", "minute", "2021-01-06")
    assert rows(day, "SPX")[0]["spot"] == 3711.75
    (price,) = day.underlying_prices.to_pylist()
    assert (price["open"], price["high"], price["low"], price["close"]) == (3712.2, 3749.0, 3710.0, 3748.5)
    assert (price["ts"], price["volume"]) == (utc(2021, 1, 6, 21), None)


def test_the_clock_of_an_index_can_be_named():
    settings = LeanOptionsSettings(
        resolution="hour", security_type="indexoption", underlying_timezone="Europe/Berlin"
    )
    assert settings.underlying_zone == "Europe/Berlin"
    with pytest.raises(ValueError, match="'Mars/Olympus' is no IANA time zone"):
        LeanOptionsSettings(
            resolution="hour", security_type="indexoption", underlying_timezone="Mars/Olympus"
        )


def test_a_bad_bar_of_the_stock_is_rejected_and_gives_no_spot(folder):
    folder.year("quote", {CALL: [BAR]})
    folder.pack("equity/usa/daily/aapl.zip", {"aapl.csv": ["20140606 00:00,6500000,6512500,6444800,0,121"]})
    day = folder.parse("AAPL", "daily", "2014-06-06")
    assert (rows(day, "AAPL")[0]["spot"], day.underlying_prices.num_rows) == (None, 0)
    assert reasons(day, "AAPL") == [("impossible:close",)]


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        ("aapl_quote_american_call_6450000_20140719.txt", "untyped:member"),
        ("aapl_quote_american_call_6450000_20141319.csv", "untyped:member"),
        ("aapl_trade_american_call_6450000_20140719.csv", "other_kind"),
        ("msft_quote_american_call_6450000_20140719.csv", "unknown_root"),
        ("aapl_quote_european_call_6450000_20140719.csv", "style_disagrees"),
        ("aapl_quote_american_call_0_20140719.csv", "no_osi_symbol"),
        ("aapl_quote_american_call_6450000_20990719.csv", "expiry_out_of_range"),
    ],
)
def test_a_member_that_is_no_contract_of_the_root_is_rejected_by_name(folder, member, reason):
    good = f"aapl_quote_american_{CALL}.csv"
    folder.pack("option/usa/daily/aapl_2014_quote_american.zip", {good: [BAR], member: [BAR]})
    day = folder.parse("AAPL", "daily", "2014-06-06")
    assert [row["strike"] for row in rows(day, "AAPL")] == [645.0]
    assert reasons(day, "AAPL") == [(reason,)]
    assert day.underlyings["AAPL"].rejected["raw"][0].as_py() == f"{member},{BAR}"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (BAR.replace("00:00", "24:00"), "untyped:time"),
        (BAR.replace("197000", "19.7 dollars"), "untyped:bid_close"),
        (BAR + ",7", "untyped:row"),
        ("what is this", "untyped:row"),
    ],
)
def test_a_line_that_cannot_be_typed_is_rejected_on_the_day_before_it(folder, line, reason):
    folder.year("quote", {CALL: [BAR, line], "put_6450000_20140719": [BAR.replace("20140606", "20140609")]})
    day = folder.parse("AAPL", "daily", "2014-06-06")
    assert (len(rows(day, "AAPL")), reasons(day, "AAPL")) == (1, [(reason,)])
    assert reasons(folder.parse("AAPL", "daily", "2014-06-09"), "AAPL") == []


def test_a_day_with_trades_but_no_quotes_is_received_and_says_so(folder):
    folder.year("trade", {CALL: ["20140606 00:00,1,1,1,1,1"]})
    assert folder.provider("AAPL", "daily").available_days() == [dt.date(2014, 6, 6)]
    problem = folder.parse("AAPL", "daily", "2014-06-06").underlyings["AAPL"].problem
    assert "aapl_2014_trade_american.zip: no quotes of AAPL on 2014-06-06" in problem


def test_the_same_quotes_under_two_names_block_the_day(folder):
    path = folder.year("quote", {CALL: [BAR]})
    path.with_name(path.name + ".zip").write_bytes(path.read_bytes())
    problem = folder.parse("AAPL", "daily", "2014-06-06").underlyings["AAPL"].problem
    assert "american.zip and " in problem and "both hold quotes of AAPL on 2014-06-06; remove one" in problem


def test_a_damaged_year_is_received_on_every_day_that_it_claims_and_blocks_it(folder):
    path = folder.year("quote", {CALL: [BAR]})
    path.write_bytes(path.read_bytes()[:-40])
    provider = folder.provider("AAPL", "daily")
    assert len(provider.available_days()) == 365
    (part,) = provider.fetch(dt.date(2014, 9, 9))
    problem = provider.parse(dt.date(2014, 9, 9), [part]).underlyings["AAPL"].problem
    assert "aapl_2014_quote_american.zip is a truncated or damaged zip archive" in problem


def test_a_day_that_is_no_session_is_refused(folder):
    folder.year("quote", {CALL: [BAR.replace("20140606", "20140607")]})
    problem = folder.parse("AAPL", "daily", "2014-06-07").underlyings["AAPL"].problem
    assert "2014-06-07 is no session of XNYS" in problem


def test_a_minute_archive_under_another_day_s_name_gives_that_day_nothing(folder):
    path = folder.minute("quote", {"call_38000000_20210115": ["34200000,5,5,5,5,3,9,9,9,9,5"]})
    path.rename(path.with_name(path.name.replace("20210106", "20210107")))
    day = folder.parse("SPX", "minute", "2021-01-07")
    assert (rows(day, "SPX"), reasons(day, "SPX")) == ([], [("other_day",)])
