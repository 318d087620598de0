"""Windows of a search over two parameters, with returns that anybody can recompute."""

from collections.abc import Callable

import numpy as np
import pytest

from engine.analytics.metrics import metrics
from engine.validation.walk_forward import Trial, TrialStatus, WalkForwardWindow, WindowResult, choose

US_PER_DAY = 86_400_000_000
EPOCH_ORDINAL = 719_163


def _days(start, end) -> np.ndarray:
    return np.arange(start.toordinal(), end.toordinal() + 1) - EPOCH_ORDINAL


@pytest.fixture
def make_window() -> Callable[..., WindowResult]:
    """A window whose trials and test range are drawn from ``seed``; ``failed`` names points that raised."""

    def make(
        window: WalkForwardWindow, points, *, seed=0, failed=(), flat=False, nav_start=1000.0
    ) -> WindowResult:
        rng = np.random.default_rng(seed)
        train = _days(window.train_start, window.train_end)
        trials = []
        for number, point in enumerate(points):
            if number in failed:
                trials.append(Trial(point, TrialStatus.FAILED, error="ValueError: no such strike"))
                continue
            returns = np.zeros(len(train)) if flat else 0.001 + 0.01 * rng.standard_normal(len(train))
            nav = np.cumprod(1 + returns)
            ts = train * US_PER_DAY
            empty = np.zeros(0)
            found = metrics(ts, nav, empty, empty, np.zeros(len(ts)), 365, nav_start=1.0)
            trials.append(Trial.completed(point, found, train, returns, "sharpe"))
        test = _days(window.test_start, window.test_end) * US_PER_DAY
        test_nav = nav_start * np.cumprod(1 + 0.01 * rng.standard_normal(len(test)))
        pnl = rng.normal(1, 5, 3)
        exposure = np.full(len(test), 0.5)
        return WindowResult(
            window=window,
            trials=tuple(trials),
            chosen=choose(trials, "sharpe"),
            test_metrics=metrics(test, test_nav, pnl, pnl / 10, exposure, 365, nav_start=nav_start),
            nav_start=nav_start,
            test_ts_us=test,
            test_nav=test_nav,
            test_exposure=exposure,
            test_trade_pnl=pnl,
            test_trade_return_on_risk=pnl / 10,
        )

    return make
