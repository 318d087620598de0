"""Tiny synthetic markets for the tests of the backtest engine: hand-written rows, and Black-Scholes chains."""

import datetime as dt
import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from engine.backtest.study import StudySpec
from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.execution.intents import OrderIntent
from engine.instruments.terms import ExerciseStyle, RootTerms, SettlementTime, SettlementType
from engine.market.history import CHAIN_COLUMNS, NOT_STATED, ChainHistory
from engine.market.underlying import UnderlyingHistory
from engine.strategies.base import Strategy, StrategyParameters

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
EPOCH = dt.date(1970, 1, 1)
MONDAY = (dt.date(2024, 1, 8) - EPOCH).days


def terms(kind: str = "stock") -> dict[str, RootTerms]:
    """Root X: a physically settled stock option, a cash index option (PM or AM), or a coin option."""
    coin = kind == "coin"
    money = "BTC" if coin else "USD"
    time = {"stock": "PM", "index_pm": "PM", "index_am": "AM", "coin": "08UTC"}[kind]
    return {
        "X": RootTerms(
            root="X",
            underlying="U",
            style=ExerciseStyle.AMERICAN if kind == "stock" else ExerciseStyle.EUROPEAN,
            settlement_time=SettlementTime(time),
            settlement_type=SettlementType.PHYSICAL if kind == "stock" else SettlementType.CASH,
            multiplier=1.0 if coin else 100.0,
            quote_currency=money,
            settlement_currency=money,
            timezone="UTC",
            coin_settled=coin,
        )
    }


def quote(day: int, contract_id: int = 1, **values: Any) -> dict[str, Any]:
    """One row; day counts from Monday 2024-01-08, the snapshot is at 20:00 UTC, known at once."""
    ts = values.pop("ts_us", (MONDAY + day) * DAY_US + 20 * HOUR_US)
    expiry = MONDAY + values.pop("expiry", 11)
    row = {
        "contract_id": contract_id,
        "root": "X",
        "symbol": 0,
        "deliverable": "",  # as many shares as the multiplier says
        "trade_days": MONDAY + day,
        "ts_us": ts,
        "known_at_us": ts,
        "expiry_days": expiry,
        "last_trade_days": expiry,
        "settles_us": expiry * DAY_US + 20 * HOUR_US,
        "right": 0,
        "strike": 100.0,
        "multiplier": 100.0,
        "bid": 1.0,
        "ask": 1.4,
        "bid_size": 50.0,
        "ask_size": 50.0,
        "spot": 100.0,
        "forward": 100.0,
        "iv": 0.2,
        "delta": 0.5,
        "gamma": 0.01,
        "vega_per_vol_point": 0.1,
        "theta_per_day": -0.05,
        "quote_age_seconds": 0.0,
        "grade": 0,
    }
    unknown = values.keys() - row.keys()
    assert not unknown, unknown
    return {**row, **values}


def chain_of(rows: Sequence[dict[str, Any]]) -> ChainHistory:
    """A chain of hand-written rows, sorted for the writer."""
    rows = sorted(
        rows, key=lambda r: (r["ts_us"], r["expiry_days"], r["right"], r["strike"], r["contract_id"])
    )
    roots = sorted({"X", *(r["root"] for r in rows)})
    deliverables = sorted({r["deliverable"] for r in rows} - {""})
    coded = [
        {
            **r,
            "root": roots.index(r["root"]),
            "deliverable": deliverables.index(r["deliverable"]) if r["deliverable"] else NOT_STATED,
        }
        for r in rows
    ]
    columns: dict[str, Any] = {n: np.array([r[n] for r in coded], dtype=t) for n, t in CHAIN_COLUMNS.items()}
    columns["symbol"] = columns["contract_id"].astype(np.int32)
    columns["roots"] = np.array(roots, dtype=object)
    columns["deliverables"] = np.array(deliverables, dtype=object)
    columns["symbols"] = np.array([f"X-{i}" for i in range(int(columns["symbol"].max()) + 1)], dtype=object)
    return ChainHistory.from_columns(columns)


def underlying_of(
    closes: dict[int, float],
    *,
    settlement: dict[int, float] | None = None,
    opens: dict[int, float] | None = None,
) -> UnderlyingHistory:
    """Daily prices by day number; known an hour after the 20:00 close."""
    days = np.array(sorted(MONDAY + d for d in closes), dtype=np.int32)
    close = np.array([closes[int(d) - MONDAY] for d in days])
    pick = lambda table, d: (table or {}).get(int(d) - MONDAY, math.nan)  # noqa: E731
    ts = days.astype(np.int64) * DAY_US + 20 * HOUR_US
    return UnderlyingHistory(
        days=days,
        open=np.array([pick(opens, d) for d in days]),
        high=close,
        low=close,
        close=close,
        settlement_price=np.array([pick(settlement, d) for d in days]),
        ts_us=ts,
        known_at_us=ts + HOUR_US,
    )


def study(**changes: Any) -> StudySpec:
    """A study of U over January and February 2024 with no lag, no fees and touch fills at f = 0."""
    spec: dict[str, Any] = {
        "name": "test_study",
        "description": "a test",
        "universe": "u",
        "underlying": "U",
        "period": {"start": "2024-01-01", "end": "2025-12-31"},
        "capital": {"base_currency": "USD", "amount": 100_000},
        "strategy": {"name": "covered_call"},
        "execution": {"lag_snapshots": 0, "price": "mid_plus", "slippage_fraction": 1.0},
        "sizing": {"contracts": 1},
    }
    for key, value in changes.items():
        spec[key] = {**spec[key], **value} if isinstance(spec.get(key), dict) and key != "sizing" else value
    return StudySpec.model_validate(spec)


class Scripted(Strategy):
    """Gives the intents that the script names by snapshot number; a callable gets view and portfolio."""

    name = "scripted"

    def __init__(self, script: dict[int, Any]) -> None:
        super().__init__(StrategyParameters())
        self._script = script
        self._calls = 0
        self.seen: list[Any] = []

    def on_snapshot(self, view: Any, portfolio: Any) -> list[OrderIntent]:
        step = self._script.get(self._calls, [])
        self._calls += 1
        self.seen.append(portfolio)
        return list(step(view, portfolio) if callable(step) else step)


def split(day: int, new: float, old: float = 1.0, *, known_days_before: int = 5) -> CorporateAction:
    return CorporateAction(
        "U",
        EPOCH + dt.timedelta(days=MONDAY + day),
        ActionKind.SPLIT,
        new,
        old,
        0.0,
        "USD",
        (MONDAY + day - known_days_before) * DAY_US,
    )


def dividend(day: int, amount: float, *, known_days_before: int = 5) -> CorporateAction:
    return CorporateAction(
        "U",
        EPOCH + dt.timedelta(days=MONDAY + day),
        ActionKind.CASH_DIVIDEND,
        1.0,
        1.0,
        amount,
        "USD",
        (MONDAY + day - known_days_before) * DAY_US,
    )


def _normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def black_scholes_market(
    days: int = 60,
    *,
    seed: int = 7,
    kind: str = "stock",
    spot0: float = 100.0,
    volatility: float = 0.25,
    strikes: Sequence[float] = tuple(np.arange(70.0, 132.5, 2.5)),
    expiry_every: int = 7,
    expiries_listed: int = 8,
    known_delay_us: int = 0,
    split_day: int | None = None,
    split_ratio: float = 4.0,
) -> SimpleNamespace:
    """A random path, listed weekly expiries, Black-Scholes quotes with a spread: chain, underlying, terms.

    Weekdays only but for coins, where every day counts; coin prices are in coin. With ``split_day`` everything
    is listed on the new basis from that day on, under the same contract ids.
    """
    rng = np.random.default_rng(seed)
    coin = kind == "coin"
    sessions = [d for d in range(days) if coin or (MONDAY + d - 4) % 7 not in (5, 6)]
    path = spot0 * np.exp(np.cumsum(rng.normal(0.0, volatility / math.sqrt(252), len(sessions))))
    settle_hour = 8 if coin else 20
    rows: list[dict[str, Any]] = []
    closes: dict[int, float] = {}
    for d, old_spot in zip(sessions, path, strict=True):
        ratio = split_ratio if split_day is not None and d >= split_day else 1.0
        spot = float(old_spot)
        closes[d] = spot / ratio
        ts = (MONDAY + d) * DAY_US + 20 * HOUR_US
        first = d // expiry_every
        for e in range(first, first + expiries_listed):
            expiry = 4 + expiry_every * e  # Fridays
            settles = (MONDAY + expiry) * DAY_US + settle_hour * HOUR_US
            if settles <= ts:
                continue
            t = (settles - ts) / (365 * DAY_US)
            sd = volatility * math.sqrt(t)
            for right in (0, 1):
                for i, strike in enumerate(strikes):
                    d1 = math.log(spot / strike) / sd + sd / 2
                    sign = 1 - 2 * right
                    delta = sign * _normal_cdf(sign * d1)
                    price = sign * (spot * _normal_cdf(sign * d1) - strike * _normal_cdf(sign * (d1 - sd)))
                    unit = spot if coin else 1.0
                    tick = 0.0005 if coin else 0.01
                    half = max(tick, 0.03 * price / unit)
                    bid = math.floor((price / unit - half) / tick) * tick
                    ask = math.ceil((price / unit + half) / tick) * tick
                    rows.append(
                        quote(
                            d,
                            (e * 2 + right) * 1000 + i + 1,
                            expiry=expiry,
                            settles_us=settles,
                            right=right,
                            strike=round(strike / ratio, 2),
                            multiplier=1.0 if coin else 100.0,
                            bid=bid / ratio if bid > 0 else math.nan,
                            ask=ask / ratio,
                            spot=spot / ratio,
                            forward=spot / ratio,
                            delta=delta,
                            grade=0 if bid > 0 else 1,
                            known_at_us=ts + known_delay_us,
                        )
                    )
    return SimpleNamespace(
        chain=chain_of(rows),
        underlying=underlying_of(closes, settlement=closes if coin else None),
        terms=terms(kind),
        sessions=sessions,
    )
