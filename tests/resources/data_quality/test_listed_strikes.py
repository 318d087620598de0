"""Strikes as exchanges list them: after a split to the cent, and in steps that grow with the price."""

import datetime as dt

import pytest

from resources.data_quality.chain_shape import chain_shape
from resources.data_quality.day_over_day import double_listing
from resources.data_quality.listed_grid import off_grid_strikes
from resources.data_quality.session_gaps import vanished

WED = dt.date(2026, 7, 22)
#: half cents after a 4-for-1 split go up: 402.50 becomes 100.63, 387.50 becomes 96.88
BEFORE, AFTER = [402.5, 387.5, 410.0], [100.63, 96.88, 102.5]


def ladder(quote, table, strikes, day=WED):
    return table([quote(day, strike=float(k), symbol=f"SPY{k}", right=r) for k in strikes for r in "CP"])


def test_contracts_whose_strike_a_split_rounds_up_are_still_there(quote, table):
    before, after = (ladder(quote, table, strikes) for strikes in (BEFORE, AFTER))
    assert len(vanished(after, before, WED, 4.0)[1]) == 0
    down = ladder(quote, table, [100.62, 96.88, 102.5])
    assert len(vanished(down, before, WED, 4.0)[1]) == 2


def test_new_strikes_are_counted_as_the_exchange_rounds_them(quote, table):
    before = ladder(quote, table, BEFORE)
    assert double_listing(ladder(quote, table, [*BEFORE, *AFTER]), before, 4.0) == 1.0
    assert double_listing(ladder(quote, table, AFTER), before, 4.0) == 0.0


@pytest.mark.parametrize("lonely", [92_500.0, 97_500.0])
def test_a_lonely_strike_of_a_coarse_step_is_listed(quote, table, lonely):
    shape = chain_shape(ladder(quote, table, [*range(70_000, 130_000, 1000), lonely]))
    assert len(off_grid_strikes(shape)) == 0


def test_a_strike_between_the_steps_of_an_expensive_underlying_is_not(quote, table):
    shape = chain_shape(ladder(quote, table, [*range(70_000, 130_000, 1000), 92_300.0]))
    assert len(off_grid_strikes(shape)) == 2
