"""Repetition counts contracts with content that two sessions share."""

import datetime as dt

import pytest

from resources.data_quality.repeats import Repetition, comparable, repetition

WED, THU = dt.date(2026, 7, 22), dt.date(2026, 7, 23)


def compare(quotes, previous, **options) -> Repetition:
    return repetition(*comparable([quotes, previous]), "America/New_York", **options)


def test_a_copy_under_another_date_repeats_whatever_its_order(chain):
    copy = chain(THU).take(list(reversed(range(100))))
    seen = compare(copy, chain(WED))
    assert (seen.common, seen.equal, seen.traded, seen.traded_equal) == (100, 100, 100, 100)
    assert seen.equal_fraction == seen.traded_equal_fraction == 1.0


@pytest.mark.parametrize("field", ["bid", "ask", "bid_size", "ask_size", "last", "volume"])
def test_one_changed_field_makes_a_contract_differ(field, quote, table):
    seen = compare(table([quote(THU, **{field: 1.23})]), table([quote(WED)]))
    assert (seen.common, seen.equal) == (1, 0)


@pytest.mark.parametrize("field", ["bid", "bid_size", "last", "volume"])
def test_missing_equals_missing_but_not_a_number(field, quote, table):
    missing, given = quote(THU, **{field: None}), quote(WED)
    assert compare(table([missing]), table([{**missing, "trade_date": WED}])).equal == 1
    assert compare(table([missing]), table([given])).equal == 0
    assert compare(table([{**given, "trade_date": THU}]), table([missing])).equal == 0


def test_overnight_quotes_move_but_the_trades_betray_the_repeat(chain):
    overnight = chain(THU, ask=99.0, bid_size=1.0)
    seen = compare(overnight, chain(WED))
    assert (seen.equal_fraction, seen.traded_equal_fraction) == (0.0, 1.0)


def test_contracts_without_content_say_nothing(quote, table):
    silent = {"bid": None, "ask": None, "volume": 0.0}
    seen = compare(table([quote(THU, **silent)]), table([quote(WED, **silent)]))
    assert (seen.common, seen.equal_fraction) == (0, None)


def test_contracts_of_one_session_alone_are_not_compared(quote, table):
    seen = compare(table([quote(THU, strike=90.0), quote(THU)]), table([quote(WED), quote(WED, strike=80.0)]))
    assert seen.common == 1


def test_the_root_is_part_of_the_contract(quote, table):
    assert compare(table([quote(THU, root="SPXW")]), table([quote(WED, root="SPX")])).common == 0


def test_rows_without_a_key_are_not_compared(quote, table):
    seen = compare(table([quote(THU, strike=None)]), table([quote(WED, strike=None)]))
    assert seen.common == 0


def test_old_volume_left_standing_is_no_trade_of_the_day(quote, table):
    at = {day: dt.datetime.combine(day, dt.time(19), tzinfo=dt.UTC) for day in (WED, THU)}
    # 40 contracts show Wednesday's trade and volume still; one traded on Thursday
    before = [quote(WED, strike=50.0 + n, last_trade_ts=at[WED]) for n in range(41)]
    today = [quote(THU, strike=50.0 + n, last_trade_ts=at[WED]) for n in range(40)]
    today.append(quote(THU, strike=90.0, last_trade_ts=at[THU], last=6.0))
    seen = compare(table(today), table(before))
    assert (seen.traded, seen.traded_equal) == (1, 0)


def test_without_trade_times_every_volume_is_the_days(quote, table):
    rows = {
        day: [quote(day, strike=50.0 + n, last_trade_ts=None, volume=float(n)) for n in range(10)]
        for day in (WED, THU)
    }
    seen = compare(table(rows[THU]), table(rows[WED]))
    assert (seen.traded, seen.traded_equal) == (9, 9)


def test_the_day_of_a_trade_is_the_exchanges_own(quote, table):
    evening = dt.datetime(2026, 7, 24, 0, 5, tzinfo=dt.UTC)  # 20:05 in New York on the 23rd
    noon = dt.datetime(2026, 7, 23, 16, 0, tzinfo=dt.UTC)
    rows = [quote(THU, last_trade_ts=evening), quote(THU, strike=90.0, last_trade_ts=noon)]
    assert compare(table(rows), table(rows)).traded == 2


def test_quotes_that_stand_still_while_spot_moves_are_no_repeat_of_a_snapshot(quote, table):
    still, moved = table([quote(WED)]), table([quote(WED, spot=102.5)])
    assert compare(moved, still).equal == 1
    assert compare(moved, still, with_spot=True).equal == 0
    assert compare(still, still, with_spot=True).equal == 1


def test_duplicates_count_once_also_where_both_tables_list_alike(quote, table):
    twice = table([quote(WED), quote(WED)])
    assert compare(twice, twice).common == 1
