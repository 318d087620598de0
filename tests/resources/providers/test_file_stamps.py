"""Days and times in the names of files, whatever separates their digits."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from resources.providers.file_stamps import file_stamp

DAY = dt.date(2026, 8, 18)
TIME = dt.time(14, 20, 41)


@pytest.mark.parametrize(
    ("path", "day", "time"),
    [
        ("AAPL_chain_20260818_142041.csv.gz", DAY, TIME),
        ("2026-08-18T14-20-41Z.json", DAY, TIME),
        ("2026-08-18/142041.json.gz", DAY, TIME),
        ("2026/08/18/14.20.41.json", DAY, TIME),
        ("2026-08-18_14:20.json", DAY, dt.time(14, 20)),
        ("2026/08/18/enriched/AAPL/chain.csv", DAY, None),
        ("AAPL_2026-08-18.json", DAY, None),
        ("v123_20260818.csv", DAY, None),
        ("20260231/20260818_142041.csv", DAY, TIME),
        ("20260818_256199.csv", None, None),
        ("latest.csv", None, None),
        ("AAPL260821C00100000.csv", None, None),
        ("99990818.csv", None, None),
        ("1202608181.csv", None, None),
    ],
)
def test_what_a_path_tells(path, day, time):
    stamp = file_stamp(path)
    assert (stamp and stamp.day, stamp and stamp.time) == (day, time)


def test_the_day_at_the_exchange_is_that_of_the_instant_not_of_the_collector_s_wall():
    utc, new_york = ZoneInfo("UTC"), ZoneInfo("America/New_York")
    late = file_stamp("20260819_013000")
    assert late.local_day(utc, new_york) == DAY
    assert late.local_day(new_york, new_york) == dt.date(2026, 8, 19)
    assert late.at_us(utc) == int(dt.datetime(2026, 8, 19, 1, 30, tzinfo=dt.UTC).timestamp() * 1e6)
    assert late.at_us(new_york) - late.at_us(utc) == 4 * 3_600_000_000
    only_day = file_stamp("2026-08-19")
    assert (only_day.local_day(utc, new_york), only_day.at_us(utc)) == (dt.date(2026, 8, 19), None)
