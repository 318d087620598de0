"""When a split took effect: what tells, what contradicts, and what stays uncertain."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars import TradingCalendar, days_of_date
from resources.reference.corporate_actions.format import Closes
from resources.reference.corporate_actions.split_dates import SplitDate, price_jump, split_date
from resources.reference.corporate_actions.split_notes import announced_before, stated_ex_dates

NYSE = TradingCalendar.for_code("XNYS", dt.date(2015, 1, 1), dt.date(2026, 12, 31))
FRIDAY, MONDAY, TUESDAY = dt.date(2020, 8, 28), dt.date(2020, 8, 31), dt.date(2020, 9, 1)
THURSDAY = dt.date(2020, 8, 27)


def closes(**by_day: float) -> Closes:
    days = sorted(
        (dt.date.fromisoformat(day.strip("_").replace("_", "-")), price) for day, price in by_day.items()
    )
    return Closes(
        np.array([days_of_date(d) for d, _ in days], dtype=np.int32), np.array([p for _, p in days])
    )


#: a 4-for-1 split over the weekend of 2020-08-29
JUMP = closes(_2020_08_27=500.0, _2020_08_28=499.0, _2020_08_31=129.0, _2020_09_01=134.0)
#: the same after a vendor has divided the older prices by four
ADJUSTED = closes(_2020_08_27=125.0, _2020_08_28=124.8, _2020_08_31=129.0, _2020_09_01=134.0)


@pytest.mark.parametrize("given_day", [FRIDAY, MONDAY])
def test_a_date_alone_is_uncertain(given_day):
    assert split_date(given_day, 4.0, [], NYSE) == SplitDate(None, "", "date_uncertain")


def test_a_day_without_a_session_can_only_be_the_evening_before():
    assert split_date(dt.date(2026, 1, 25), 0.05, [], NYSE) == SplitDate(dt.date(2026, 1, 26), "calendar")
    # a half day is a session, a holiday is none
    assert split_date(dt.date(2025, 11, 27), 4.0, [], NYSE).ex_date == dt.date(2025, 11, 28)
    assert split_date(dt.date(2025, 11, 28), 4.0, [], NYSE).ex_date is None


@pytest.mark.parametrize("given_day", [FRIDAY, MONDAY])
def test_prices_tell_the_ex_date_from_the_evening_before(given_day):
    assert split_date(given_day, 4.0, [], NYSE, JUMP) == SplitDate(MONDAY, "price")


def test_a_note_and_prices_may_agree_but_not_contradict():
    assert split_date(FRIDAY, 4.0, [MONDAY], NYSE, JUMP) == SplitDate(MONDAY, "note+price")
    assert split_date(FRIDAY, 4.0, [FRIDAY], NYSE, JUMP).reason == "date_conflict"
    assert split_date(dt.date(2020, 8, 29), 4.0, [MONDAY], NYSE, JUMP) == SplitDate(
        MONDAY, "calendar+note+price"
    )


@pytest.mark.parametrize("stated", [[TUESDAY], [THURSDAY], [FRIDAY, MONDAY], [dt.date(2020, 8, 30)]])
def test_a_note_of_another_day_or_of_two_days_settles_nothing(stated):
    assert split_date(FRIDAY, 4.0, stated, NYSE).reason == "date_conflict"


@pytest.mark.parametrize(
    ("ratio", "prices"),
    [
        (4.0, ADJUSTED),
        (1.05, closes(_2020_08_27=100.0, _2020_08_28=96.0, _2020_08_31=95.5)),
        (4.0, closes(_2020_08_28=499.0, _2020_08_31=129.0)),
        (4.0, closes()),
        (0.25, JUMP),
        (4.0, closes(_2020_08_27=500.0, _2020_08_28=0.0, _2020_08_31=129.0)),
    ],
    ids=["adjusted afterwards", "ratio near 1", "one candidate only", "no prices", "the other way", "a zero"],
)
def test_prices_without_the_jump_say_nothing(ratio, prices):
    assert price_jump([FRIDAY, MONDAY], ratio, NYSE, prices) is None


@given(
    st.sampled_from([2.0, 3.0, 4.0, 7.0, 20.0, 0.5, 0.1, 0.01, 1.5]),
    st.integers(0, 1),
    st.lists(st.floats(-0.06, 0.06), min_size=3, max_size=3),
)
def test_whatever_the_ratio_the_jump_is_found_where_it_is(ratio, place, moves):
    sessions = [THURSDAY, FRIDAY, MONDAY, TUESDAY]
    prices = [100.0]
    for i, move in enumerate(moves):
        prices.append(prices[-1] * np.exp(move) / (ratio if i == place else 1.0))
    history = Closes(np.array([days_of_date(d) for d in sessions], dtype=np.int32), np.array(prices))
    assert price_jump([FRIDAY, MONDAY], ratio, NYSE, history) == [FRIDAY, MONDAY][place]


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ("Split-adjusted trading began Aug 31, 2020. Fifth split.", ["2020-08-31"]),
        ("Split-adjusted ADR trading began Oct 9, 2024.", ["2024-10-09"]),
        ("Split-adjusted trading on NYSE began Aug 2, 2021.", ["2021-08-02"]),
        ("Price adjustment (ex-date) Dec 2, 2015.", ["2015-12-02"]),
        ("distributed Apr 7, 2016 (ex-date Apr 8, 2016)", ["2016-04-08"]),
        ("Ex-date: June 29, 2021.", ["2021-06-29"]),
        ("Ex-distribution date Jun 21, 2018.", ["2018-06-21"]),
        ("trading on split-adjusted basis began December 8, 2021.", ["2021-12-08"]),
        ("Split-adjusted trading began Foo 31, 2020.", []),
        ("Split-adjusted trading began Feb 31, 2020.", []),
        ("Effective May 11, 2020. Record date May 1, 2020.", []),
        (
            "Split-adjusted trading began Jan 5, 2026. Split-adjusted trading began Jan 6, 2026.",
            ["2026-01-05", "2026-01-06"],
        ),
        ("", []),
    ],
)
def test_only_plain_statements_of_the_first_day_count(notes, expected):
    assert [day.isoformat() for day in stated_ex_dates(notes)] == expected


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ("Announced Aug 11, 2020. Record date Aug 21, 2020.", "2020-08-11"),
        ("Announced alongside Q1 FY2016 earnings Oct 7, 2015.", "2015-10-07"),
        ("Announced alongside earnings on Apr 15, 2020.", "2020-04-15"),
        ("Board approved June 3, 2020; announced June 4, 2020.", "2020-06-04"),
        ("Announced Aug 3, 2020. Terms announced Aug 10, 2020.", "2020-08-10"),
        ("Completion announced September 2, 2020.", None),
        ("Announced Aug 31, 2020.", None),
        ("Board approved Jul 30, 2020.", None),
        ("Unannounced until Aug 3, 2020.", None),
    ],
)
def test_an_announcement_is_the_last_one_before_the_ex_date(notes, expected):
    found = announced_before(notes, MONDAY)
    assert (found and found.isoformat()) == expected
