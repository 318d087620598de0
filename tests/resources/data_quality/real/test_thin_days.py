"""A genuine half day goes on, a holiday that repeats the session before does not: AAPL, November 2025."""

import datetime as dt

import pytest

from resources.data_quality.profile import profile_session
from resources.data_quality.row_rules import apply_row_rules
from resources.data_quality.suite import run_suite
from resources.universe import QualitySpec

pytestmark = pytest.mark.real_data

NEW_YORK = "America/New_York"
SPEC = QualitySpec()
THANKSGIVING, HALF_DAY = dt.date(2025, 11, 27), dt.date(2025, 11, 28)
DAYS = [dt.date(2025, 11, day) for day in (25, 26, 27, 28)] + [dt.date(2025, 12, day) for day in range(1, 6)]


@pytest.fixture(scope="module")
def profiles(read_yahoo, nyse):
    rows, previous = {}, None
    for day in DAYS:
        quotes = read_yahoo(day)
        rows[day] = profile_session(
            trade_date=day,
            underlying="AAPL",
            spec=SPEC,
            calendar=nyse,
            timezone=NEW_YORK,
            quotes=quotes,
            verdict=apply_row_rules(quotes, day, SPEC),
            previous=previous,
        )
        previous = quotes
    return rows


def test_the_half_day_with_fewer_rows_and_crossed_quotes_goes_on(profiles):
    outcome = run_suite([profiles[HALF_DAY]], SPEC)
    verdict = outcome.verdicts[HALF_DAY, "AAPL"]
    assert verdict.status == "ok"
    assert "AAPL 2025-11-28: 16 quotes are crossed" in verdict.warnings
    # a thin market of quotes from different moments, and two fifths of the contracts not collected: told, no more
    told = {r.check for r in outcome.results if not r.passed and r.severity == "warning"}
    assert told == {"crossed", "butterfly", "calendar_spread", "vanished_contracts"}
    # a half day has fewer rows for good reason
    assert "row_ratio" not in {r.check for r in outcome.results}
    assert profiles[HALF_DAY]["rows"] == 1254


def test_the_holiday_is_the_only_day_blocked(profiles):
    verdicts = run_suite(list(profiles.values()), SPEC).verdicts
    assert [day for (day, _), verdict in verdicts.items() if verdict.status != "ok"] == [THANKSGIVING]


def test_the_holiday_shows_by_its_trades_although_quotes_and_volumes_moved(profiles):
    # the file of the 26th was taken before that day's close: the holiday's shows its last hour of trades
    results = run_suite([profiles[THANKSGIVING]], SPEC).results
    assert {r.check for r in results if not r.passed and r.severity == "critical"} == {"last_trade"}


def test_volumes_left_standing_since_earlier_days_do_not_look_like_a_repeat(profiles):
    genuine = [row for day, row in profiles.items() if day not in (THANKSGIVING, DAYS[0])]
    assert min(row["traded_contracts"] for row in genuine) > 500
    assert max(row["traded_equal_fraction"] for row in genuine) < 0.05
