"""A year of a made-up iron condor, walk-forward and Monte Carlo included: what a tear sheet is made of."""

import datetime as dt

import numpy as np
import pytest

from engine.analytics.daily import daily_returns
from engine.analytics.metrics import metrics
from engine.backtest.result import BacktestResult, columns_from_records
from engine.backtest.study import MonteCarloSpec
from engine.reports.tear_sheet import TearSheetInputs
from engine.validation.monte_carlo import simulate
from engine.validation.walk_forward import Trial, WindowResult, choose, grid_points, month_windows, stitch

US_PER_DAY = 86_400_000_000
NAV_START = 250_000.0


def _weekdays(start: dt.date, end: dt.date) -> list[dt.date]:
    span = (end - start).days + 1
    return [d for d in (start + dt.timedelta(days=i) for i in range(span)) if d.weekday() < 5]


def _epoch_days(days: list[dt.date]) -> np.ndarray:
    return np.array([(d - dt.date(1970, 1, 1)).days for d in days], dtype=np.int64)


def _returns(rng: np.random.Generator, count: int, mean: float = 0.0005) -> np.ndarray:
    """Small gains, now and then a large loss: the shape of selling options."""
    return mean + 0.003 * rng.standard_normal(count) - 0.02 * (rng.random(count) < 0.02)


def _result(rng: np.random.Generator) -> BacktestResult:
    days = _epoch_days(_weekdays(dt.date(2024, 1, 2), dt.date(2025, 4, 30)))
    nav = NAV_START * np.cumprod(1 + _returns(rng, len(days)))
    nav[0] = NAV_START
    ts = days * US_PER_DAY + 20 * 3_600_000_000
    peak = np.maximum.accumulate(nav)
    equity = [
        {
            "ts_us": int(ts[i]),
            "trade_days": int(days[i]),
            "nav": nav[i],
            "cash": nav[i] + 900.0,
            "marks": -900.0,
            "nav_at_mid": nav[i] + 120.0,
            "nav_at_worst": nav[i] - 240.0,
            "nav_usd": nav[i],
            "drawdown": nav[i] / peak[i] - 1,
            "delta": 8 * np.sin(i / 9) + rng.normal(),
            "gamma": -0.4 - 0.1 * np.cos(i / 7),
            "vega_per_vol_point": -180 + 40 * np.sin(i / 11),
            "theta_per_day": 95 + 20 * np.cos(i / 8),
            "open_packages": 1,
            "exposure": 0.1 + 0.05 * np.sin(i / 9),
            "oldest_mark_seconds": 30.0,
            "halted": False,
        }
        for i in range(len(days))
    ]
    trades, legs = [], []
    for number, i in enumerate(range(0, len(days) - 6, 5)):
        pnl = float(np.where(rng.random() < 0.75, rng.uniform(80, 900), -rng.uniform(300, 2500)))
        trades.append(
            {
                "package_id": number + 1,
                "strategy": "iron_condor",
                "underlying": "NDX",
                "packages": 2.0,
                "entry_us": int(ts[i]),
                "exit_us": int(ts[i + 5]),
                "entry_value": 1840.0,
                "exit_value": pnl - 1840.0,
                "fees": 10.4,
                "pnl": pnl,
                "pnl_at_mid": pnl + 60,
                "pnl_at_worst": pnl - 120,
                "return_on_risk": pnl / 3160,
                "risk_at_entry": 3160.0,
                "exit_reason": "profit_target" if pnl > 0 else "days_to_expiry",
                "currency": "USD",
            }
        )
        for leg, (right, strike, quantity) in enumerate(
            (("P", 4300, 2), ("P", 4350, -2), ("C", 4850, -2), ("C", 4900, 2))
        ):
            legs.append(
                {
                    "package_id": number + 1,
                    "leg": leg,
                    "contract_id": 1000 + leg,
                    "instrument": f"NDX {strike}{right}",
                    "right": right,
                    "strike": float(strike),
                    "expiry_days": int(days[i]) + 40,
                    "quantity": float(quantity),
                    "entry_price": 12.35,
                    "exit_price": 6.2,
                    "multiplier": 100.0,
                }
            )
    tables = {name: columns_from_records(name, []) for name in ("orders", "fills", "events", "rejections")}
    tables |= {
        "equity": columns_from_records("equity", equity),
        "trades": columns_from_records("trades", trades),
        "trade_legs": columns_from_records("trade_legs", legs),
    }
    pnl = float(nav[-1] - NAV_START)
    return BacktestResult(
        tables=tables,
        totals={
            "pnl": pnl,
            "pnl_at_mid": pnl + 4100,
            "pnl_at_worst": pnl - 8200,
            "fees": 811.2,
            "nav_start": NAV_START,
            "nav_end": float(nav[-1]),
        },
        coverage={
            "quotes_needed": 4210,
            "quotes_present": 4102,
            "quotes_firm": 3870,
            "coverage": 4102 / 4210,
        },
        flags=("settled_by_proxy: 3 expiries used the index level at the close",),
        parameters={"short_delta": 0.16, "width": 50, "days_to_expiry": 45},
    )


def _windows(rng: np.random.Generator) -> list[WindowResult]:
    points = grid_points({"short_delta": [0.1, 0.16, 0.25], "profit_target": [0.5, 0.75]})
    found = []
    for w in month_windows(dt.date(2024, 1, 2), dt.date(2025, 4, 30), 6, 1):
        train = _epoch_days(_weekdays(w.train_start, w.train_end))
        trials = []
        for point in points:
            returns = _returns(rng, len(train))
            ts = train * US_PER_DAY
            values = metrics(ts, np.cumprod(1 + returns), np.ones(3), np.ones(3), np.zeros(len(ts)), 252)
            trials.append(Trial.completed(point, values, train, returns, "sharpe"))
        test = _epoch_days(_weekdays(w.test_start, w.test_end)) * US_PER_DAY
        nav = NAV_START * np.cumprod(1 + _returns(rng, len(test), 0.0002))
        pnl = rng.normal(100, 400, 4)
        exposure = np.full(len(test), 0.1)
        found.append(
            WindowResult(
                window=w,
                trials=tuple(trials),
                chosen=choose(trials, "sharpe"),
                test_metrics=metrics(test, nav, pnl, pnl / 3000, exposure, 252, nav_start=NAV_START),
                nav_start=NAV_START,
                test_ts_us=test,
                test_nav=nav,
                test_exposure=exposure,
                test_trade_pnl=pnl,
                test_trade_return_on_risk=pnl / 3000,
            )
        )
    return found


@pytest.fixture(scope="session")
def window_results() -> list[WindowResult]:
    return _windows(np.random.default_rng(3))


@pytest.fixture(scope="session")
def tear_sheet_inputs(window_results: list[WindowResult]) -> TearSheetInputs:
    rng = np.random.default_rng(17)
    result = _result(rng)
    equity, trades = result.tables["equity"], result.tables["trades"]
    daily = daily_returns(equity["ts_us"], equity["nav"], nav_start=NAV_START)
    spec = MonteCarloSpec(paths=500)
    return TearSheetInputs(
        study="index_iron_condor",
        description="Sells a 45-day iron condor on the index at the 16-delta strikes and takes half the credit.",
        universe="generated_index",
        underlying="NDX",
        run_id="0f9d3c52-6b1e-5e64-9a53-1c8b7a9f1d20",
        currency="USD",
        nav_start=NAV_START,
        annualization=252,
        result=result,
        metrics=metrics(
            equity["ts_us"],
            equity["nav"],
            trades["pnl"],
            trades["return_on_risk"],
            equity["exposure"],
            252,
            nav_start=NAV_START,
        ),
        stitched=stitch(window_results, objective="sharpe", annualization=252),
        monte_carlo=simulate(daily.returns, trades["pnl"], NAV_START, spec, 5, annualization=252),
        ruin_fraction=spec.ruin_fraction,
        seed=20240101,
        digests={"study": "a" * 64, "code": "b" * 64, "inputs": "c" * 64, "result": result.digest()},
        study_text="name: index_iron_condor\nuniverse: generated_index\nsizing:\n  contracts: 2\n",
        lineage=[
            {
                "asset": "generated_index/chain_month",
                "partition": f"2024-{m:02d}-01",
                "path": f"generated_index/chain_month/2024-{m:02d}/NDX.parquet",
                "sha256": f"{m:02x}" * 32,
                "rows": 31_000 + m,
            }
            for m in range(1, 13)
        ],
        warnings=("The quotes of this universe are generated; they are no market's.",),
    )
