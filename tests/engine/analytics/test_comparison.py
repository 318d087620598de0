"""Studies side by side."""

import numpy as np
import pytest

from engine.analytics.comparison import MIN_COMMON_DAYS, compare


def _equity(returns, first_day=0):
    nav = 100 * np.cumprod(np.r_[1.0, 1.0 + np.asarray(returns)])
    return np.arange(first_day, first_day + len(nav), dtype=np.int64), nav


def test_a_study_and_its_mirror_correlate_minus_one():
    r = np.random.default_rng(1).normal(0, 0.01, 200)
    found = compare({"a": _equity(r), "b": _equity(-r)})
    assert found.correlation[0, 1] == pytest.approx(-1.0)
    assert found.tail_co_loss[0, 1] == 0.0
    assert found.tail_co_loss[0, 0] == 1.0


def test_correlation_and_fisher_interval_of_a_known_case():
    # r = 0.5, n = 103: atanh(0.5) = 0.549306, half width 0.195996, interval (0.33939, 0.63234)
    rng = np.random.default_rng(2)
    x, e = rng.normal(size=103), rng.normal(size=103)
    x = (x - x.mean()) / x.std()
    e = e - e.mean() - x * np.mean(x * (e - e.mean()))
    y = 0.5 * x + np.sqrt(0.75) * e / e.std()
    found = compare({"a": _equity(x / 1000), "b": _equity(y / 1000)})
    assert found.correlation[0, 1] == pytest.approx(0.5, abs=1e-9)
    assert found.correlation_low[0, 1] == pytest.approx(0.33939, abs=1e-4)
    assert found.correlation_high[0, 1] == pytest.approx(0.63234, abs=1e-4)


def test_too_few_common_days_say_nothing():
    r = np.full(MIN_COMMON_DAYS - 1, 0.01)
    found = compare({"a": _equity(r), "b": _equity(r)})
    assert np.isnan(found.correlation[0, 1])
    assert found.common_days[0, 1] == MIN_COMMON_DAYS - 1


def test_only_shared_days_are_compared_and_the_overlay_averages_what_exists():
    found = compare({"a": _equity([0.1, 0.1], 0), "b": _equity([0.3], 1)})
    # day 1: only a (+10%); day 2: a +10%, b +30%, mean +20%
    assert found.overlay_days.tolist() == [1, 2]
    assert found.overlay_nav.tolist() == pytest.approx([1.1, 1.1 * 1.2])


def test_only_the_last_snapshot_of_a_day_counts():
    days = np.array([0, 0, 1, 1], dtype=np.int64)
    found = compare({"a": (days, np.array([90.0, 100.0, 50.0, 110.0]))})
    assert found.overlay_nav.tolist() == pytest.approx([1.1])
