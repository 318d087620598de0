"""Delivery prices that are averages: published blend, hand-computed windows, and windows that have a hole."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.execution.settlement_average import IncompleteWindowError, delivery_average, mark_in_window

GOLDEN = Path(__file__).parents[2] / "golden" / "execution" / "cases.json"
CASES = {row["id"]: row for row in json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]}
MINUTE_US = 60_000_000
EIGHT = 8 * 60 * MINUTE_US


def test_the_mark_in_the_window_is_the_published_blend() -> None:
    case = CASES["derive-mark-blend"]
    given = case["inputs"]
    got = mark_in_window(given["minutes_elapsed"], given["twap"], given["forward"])
    assert got == pytest.approx(case["expected"], abs=case["tolerance"])
    assert mark_in_window(0.0, 1.0, 7.0) == 7.0 and mark_in_window(30.0, 1.0, 7.0) == 1.0
    with pytest.raises(ValueError, match="31 minutes"):
        mark_in_window(31.0, 1.0, 1.0)


def test_samples_every_six_seconds_are_averaged_over_the_last_half_hour_only() -> None:
    ts = EIGHT - 40 * MINUTE_US + np.arange(500) * MINUTE_US // 10
    index = np.where(ts < EIGHT - 30 * MINUTE_US, 1.0, np.where(ts < EIGHT - 15 * MINUTE_US, 100.0, 200.0))
    index[ts >= EIGHT] = 9e9
    assert delivery_average(ts, index, EIGHT) == pytest.approx(150.0)


def test_a_value_counts_for_as_long_as_it_stood() -> None:
    ts = EIGHT + np.array([-31, -29, -10]) * MINUTE_US
    got = delivery_average(ts, [90.0, 100.0, 130.0], EIGHT, longest_gap_seconds=1200)
    assert got == pytest.approx((90 * 1 + 100 * 19 + 130 * 10) / 30)


@pytest.mark.parametrize(("first", "reason"), [(-20, "not known at the start"), (-31, "s of the averaging")])
def test_a_window_with_a_hole_gives_no_price(first: int, reason: str) -> None:
    with pytest.raises(IncompleteWindowError, match=reason):
        delivery_average(EIGHT + np.array([first, -10]) * MINUTE_US, [1.0, 1.0], EIGHT)
