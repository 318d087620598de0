"""The file of CBOE's underlyings: the time of the payload, prices and official settlement prices."""

import datetime as dt

import pytest

from resources.providers.registry import make_provider

DAY = dt.date(2026, 7, 22)
D = "2026-07-22"


def _utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text + "+00:00")


@pytest.mark.parametrize("payload_time", ["0001-01-01", "0001-01-01 00:00:00", "9999-12-31 23:59:59"])
def test_a_time_that_no_zone_can_place_is_no_time_of_a_payload(parse, folder, row, payload_time):
    folder.underlying("MOD", D, payload_time, current=100, close=100)
    folder.chain("MOD", D, [row(D, "MOD", "MOD", "2026-08-21")])
    problem = parse().underlyings["MOD"].problem
    assert "unusable line: untyped:payload_timestamp: 2026-07-22,MOD" in problem


def test_a_line_that_a_quote_sign_ran_into_is_told_of_in_one_line(parse, folder, row):
    folder.underlying("MOD", D, '"2026-07-22\n21:00', current=100, close=100)
    folder.chain("MOD", D, [row(D, "MOD", "MOD", "2026-08-21")])
    problem = parse().underlyings["MOD"].problem
    assert "unusable line" in problem and "\n" not in problem and len(problem) < 500


def test_settlement_prices_are_taken_where_the_source_has_them(parse, folder):
    folder.underlying("_SPX", D, "2026-07-22 21:00:00", current=100, close=100)
    (folder.path / "settlement_prices.csv").write_text(
        f"date,symbol,settlement_price\n{D},SPX,7501.25\n2026-07-23,SPX,7510\n2026-07-23,MOD,3\n2026-07-23,MOD,4\n"
    )
    assert parse().underlying_prices.to_pylist()[0]["settlement_price"] == 7501.25
    next_day = parse(dt.date(2026, 7, 23))
    # official without a chain; stamped with the opening
    (only,) = next_day.underlying_prices.to_pylist()
    assert (only["underlying"], only["settlement_price"], only["close"]) == ("SPX", 7510.0, None)
    assert only["ts"] == _utc("2026-07-23 13:30")
    assert "MOD" in next_day.problems[0] and "exactly one" in next_day.problems[0]


def test_prices_of_an_index_have_no_volume_and_those_of_a_stock_do(parse, folder):
    folder.underlying("_SPX", D, "2026-07-22 21:00:00", current=100, close=100)
    folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
    prices = {p["underlying"]: p for p in parse().underlying_prices.to_pylist()}
    assert prices["SPX"]["volume"] is None
    assert prices["MOD"]["volume"] == 1000.0
    assert (prices["MOD"]["open"], prices["MOD"]["high"], prices["MOD"]["low"]) == (99.0, 103.0, 98.0)
    assert prices["MOD"]["settlement_price"] is None
    assert prices["MOD"]["ts"] == _utc("2026-07-22 20:00")


def test_prices_alone_are_those_of_the_whole_day_and_need_no_readable_chain(cboe_universe, folder, row):
    folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
    folder.underlying("_SPX", D, "2026-07-21 22:00:00", current=7499.5, close=7498.96)
    folder.chain("MOD", D, [row(D, "MOD", "MOD", "2026-08-21")])
    provider = make_provider(cboe_universe, folder.path)
    parts = provider.fetch(DAY)
    alone = provider.parse_prices(DAY, parts)
    assert alone.table.equals(provider.parse(DAY, parts).underlying_prices)
    # SPX has no chain that day, and its line is still told to be of the day before
    assert {symbol: ts // 86_400_000_000 for symbol, ts in alone.payload_ts_us.items()} == {
        "MOD": (DAY - dt.date(1970, 1, 1)).days,
        "SPX": (DAY - dt.date(1970, 1, 1)).days - 1,
    }
    (folder.path / "chains" / "MOD" / f"{D}.csv").write_bytes(b"\xff\xfe nothing")
    parts = provider.fetch(DAY)
    assert provider.parse(DAY, parts).underlyings["MOD"].problem
    assert provider.parse_prices(DAY, parts).table.equals(alone.table)
