"""Strikes so dense and so far that a market lists about as many contracts a day as wanted."""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from engine.calendars import TradingCalendar
from engine.simulation.expiries import ExpiryCycle
from engine.simulation.listing import StrikeTier, build_contracts
from engine.simulation.path import simulate_path
from resources.generator.market import listed_expiries
from resources.generator.specs import MarketSpec

Tiers = Mapping[ExpiryCycle, tuple[StrikeTier, ...]]

#: sessions on which the count is tried: at the start of the range, in its middle and at its end
TRIED_SESSIONS = 65
#: factors on the distance of strikes, from sparse to dense; listed steps are round numbers, so finer ones do nothing
STEPS = (8.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.125, 0.0625, 0.03)
LEAST_REACH = 0.3


def scaled_tiers(tiers: Tiers, step: float, reach: float) -> Tiers:
    """The same tiers with other distances of strikes and another reach."""
    return {
        cycle: tuple(
            replace(
                t,
                step_fraction=t.step_fraction * step,
                below=min(t.below * reach, 0.95),
                above=t.above * reach,
            )
            for t in of_cycle
        )
        for cycle, of_cycle in tiers.items()
    }


def tiers_for(spec: MarketSpec, contracts: int) -> Tiers:
    """The market's tiers, scaled so that a session has about ``contracts`` quotes.

    Raises
    ------
    ValueError
        If even the densest or the sparsest strikes miss it by more than a quarter.
    """
    count = _Counter(spec)
    step = next((s for s in STEPS if count(s, 1.0) >= contracts), STEPS[-1])
    low, high = LEAST_REACH, 1.0
    for _ in range(6):
        middle = 0.5 * (low + high)
        if count(step, middle) >= contracts:
            high = middle
        else:
            low = middle
    found = count(step, high)
    if not 0.75 * contracts <= found <= 1.25 * contracts:
        raise ValueError(
            f"{spec.name}: {contracts} contracts a session cannot be listed, the nearest is {found:.0f}; change "
            "contracts, or the schedule of expiries"
        )
    return scaled_tiers(spec.tiers, step, high)


class _Counter:
    """Mean quotes a session over parts of a market's range, for scaled tiers; along the market's own path."""

    def __init__(self, spec: MarketSpec) -> None:
        horizon = spec.end + dt.timedelta(days=spec.schedule.quarterly + 10)
        known = TradingCalendar.for_code(spec.calendar, spec.simulated_from, horizon).sessions()
        count = bisect_right(known, spec.end)
        rng = np.random.default_rng([spec.seed, 0])
        self.spot = simulate_path(spec.path, count, rng).close
        self.spec, self.known = spec, known
        self.warm_up = bisect_left(known, spec.default_start)
        tried = min(TRIED_SESSIONS, count - self.warm_up)
        latest = count - tried
        self.windows = sorted({self.warm_up, (self.warm_up + latest) // 2, latest})
        self.tried = tried

    def __call__(self, step: float, reach: float) -> float:
        return float(np.mean([self._quotes(first, step, reach) for first in self.windows]))

    def _quotes(self, first: int, step: float, reach: float) -> float:
        begin, end = first - self.warm_up, first + self.tried
        sessions = self.known[begin:end]
        table = build_contracts(
            listed_expiries(replace(self.spec, end=sessions[-1]), self.known[begin:]),
            scaled_tiers(self.spec.tiers, step, reach),
            [r.root for r in self.spec.roots],
            sessions,
            self.spot[begin:end],
        )
        last = len(sessions) - 1
        days = np.minimum(table.last_session, last) - np.maximum(table.first_session, self.warm_up) + 1
        return float(2 * np.maximum(days, 0).sum() / self.tried)
