"""Price grids by class and date, against the exchanges' notices."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instruments.tick_sizes import TickClass, TickSizeError, is_on_tick, round_to_tick, tick_size

TODAY = dt.date(2026, 7, 22)


@pytest.mark.parametrize(
    ("tick_class", "on", "below", "above"),
    [
        (TickClass.STANDARD, TODAY, 0.05, 0.10),
        (TickClass.PENNY, TODAY, 0.01, 0.05),
        (TickClass.PENNY_ALL, TODAY, 0.01, 0.01),
        # the day before the pilot and its first day; the permanent program changed no increment
        (TickClass.PENNY, dt.date(2007, 1, 25), 0.05, 0.10),
        (TickClass.PENNY, dt.date(2007, 1, 26), 0.01, 0.05),
        (TickClass.PENNY, dt.date(2020, 7, 1), 0.01, 0.05),
        (TickClass.STANDARD, dt.date(2001, 4, 6), 0.0625, 0.125),
        (TickClass.VIX, dt.date(2022, 11, 28), 0.05, 0.10),
        (TickClass.VIX, dt.date(2022, 11, 29), 0.01, 0.05),
        (TickClass.VIX_WEEKLY, TODAY, 0.01, 0.01),
    ],
)
def test_the_step_changes_at_three_and_on_the_published_day(tick_class, on, below, above):
    steps = tick_size(tick_class, [0.0, 2.99, 3.0, 250.0], on)
    assert steps.tolist() == [below, below, above, above]


def test_deribit_steps_as_its_notice_of_july_2023_shows():
    new = dt.date(2023, 7, 6)
    on_grid = np.array([0.0022, 0.0023, 0.0048, 0.0049, 0.0050, 0.0055, 0.0060, 0.0065])
    assert is_on_tick(TickClass.DERIBIT_COIN, on_grid, new).all()
    assert not is_on_tick(TickClass.DERIBIT_COIN, [0.0051, 0.0064, 0.00225], new).any()
    assert tick_size(TickClass.DERIBIT_COIN, [0.005, 0.0055], new).tolist() == [0.0001, 0.0005]
    assert (
        is_on_tick(TickClass.DERIBIT_COIN, on_grid, dt.date(2023, 7, 5)).tolist() == [False] * 4 + [True] * 4
    )


def test_rounding_goes_to_the_nearest_or_not_above_or_not_below():
    prices = [2.993, 3.02, 3.04, np.nan]

    def rounded(how):
        return round_to_tick(TickClass.PENNY, prices, TODAY, how)

    np.testing.assert_array_equal(rounded("nearest"), [2.99, 3.0, 3.05, np.nan])
    np.testing.assert_array_equal(rounded("down"), [2.99, 3.0, 3.0, np.nan])
    np.testing.assert_array_equal(rounded("up"), [3.0, 3.05, 3.05, np.nan])
    # 0.1 + 0.2 stands on the grid but for its binary digits
    assert round_to_tick(TickClass.PENNY, 0.1 + 0.2, TODAY, "up") == 0.3
    assert not is_on_tick(TickClass.PENNY, np.nan, TODAY)
    assert np.isnan(tick_size(TickClass.PENNY, np.nan, TODAY))


def test_what_is_not_known_and_what_cannot_be_is_refused():
    with pytest.raises(TickSizeError, match=r"deribit_coin: nothing is known of 2018-01-01.*2021-02-11"):
        tick_size(TickClass.DERIBIT_COIN, 0.01, dt.date(2018, 1, 1))
    with pytest.raises(TickSizeError, match=r"price -0.05"):
        round_to_tick(TickClass.PENNY, [1.0, -0.05], TODAY)
    with pytest.raises(TickSizeError, match="price inf"):
        is_on_tick(TickClass.PENNY, np.inf, TODAY)


@given(
    st.sampled_from(TickClass),
    st.floats(0, 10_000),
    st.sampled_from([dt.date(2021, 6, 1), dt.date(2024, 1, 2), TODAY]),
)
def test_a_rounded_price_is_on_the_grid_on_its_side_and_within_a_step(tick_class, price, on):
    step = float(tick_size(tick_class, price, on))
    low, near, high = (float(round_to_tick(tick_class, price, on, how)) for how in ("down", "nearest", "up"))
    slack = 1e-6 * step * max(1.0, price * 1e-3)
    assert all(is_on_tick(tick_class, p, on) for p in (low, near, high))
    assert low - slack <= price <= high + slack
    assert abs(near - price) <= step / 2 + slack and high - low <= step + slack
    assert round_to_tick(tick_class, near, on) == near
