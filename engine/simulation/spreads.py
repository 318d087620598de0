"""Bid and ask around a value: spreads that widen with moneyness and near expiry, on the venue's ticks."""

from dataclasses import dataclass

import numpy as np

from engine.simulation.bridge import FloatArray
from engine.simulation.valuation import Valuation

#: noise of the quoted middle, in half spreads, and its cap: below 1, so that the value lies in the spread
MIDDLE_NOISE = 0.25
MIDDLE_NOISE_CAP = 0.8


@dataclass(frozen=True, slots=True)
class SpreadParameters:
    """How wide market makers quote, and on which ticks.

    Attributes
    ----------
    vol_points
        Full spread at the money and far from expiry, in volatility points.
    wing_slope
        Widening with the square of moneyness in standard deviations (counted up to 4).
    short_time_factor, short_time_days
        Widening ``1 + factor exp(-days / short_time_days)`` as expiry nears.
    deep_fraction
        Full spread of an option that is deep in the money, as a share of the spot.
    small_tick, large_tick, large_tick_from
        Price increments below and from a price.
    """

    vol_points: float
    wing_slope: float
    short_time_factor: float
    short_time_days: float
    deep_fraction: float
    small_tick: float
    large_tick: float
    large_tick_from: float


def half_spreads(
    valuation: Valuation,
    standard_moneyness: FloatArray,
    years: FloatArray,
    spot: float,
    p: SpreadParameters,
) -> FloatArray:
    """Half of the wanted spread, in the currency of the values: float64[n], before ticks.

    Parameters
    ----------
    standard_moneyness : float64[n]
        ``ln(K / F) / (sigma sqrt(T))``.
    """
    wing = 1.0 + p.wing_slope * np.minimum(np.abs(standard_moneyness), 4.0) ** 2
    short = 1.0 + p.short_time_factor * np.exp(-years * 365.0 / p.short_time_days)
    risk = valuation.vega_per_vol_point * p.vol_points * wing * short
    in_the_money = np.maximum(np.abs(valuation.delta_forward) - 0.5, 0.0) * 2.0
    result: FloatArray = 0.5 * (risk + p.deep_fraction * spot * in_the_money**2)
    return result


def tick_size(price: FloatArray, p: SpreadParameters) -> FloatArray:
    """The increment on which a price is quoted."""
    return np.where(price >= p.large_tick_from, p.large_tick, p.small_tick)


def round_to_tick(price: FloatArray, p: SpreadParameters) -> FloatArray:
    """The nearest price on the venue's ticks, at least one tick."""
    tick = tick_size(price, p)
    return np.round(np.maximum(np.rint(price / tick), 1.0) * tick, 6)


def quotes(
    value: FloatArray, half_spread: FloatArray, noise: FloatArray, p: SpreadParameters
) -> tuple[FloatArray, FloatArray]:
    """Bid and ask on ticks that enclose the value; a bid below one tick is 0, none.

    Parameters
    ----------
    noise : float64[n]
        Standard normal draws that move the middle away from the value.
    """
    half = np.maximum(half_spread, 0.5 * p.small_tick)
    middle = value + half * np.clip(MIDDLE_NOISE * noise, -MIDDLE_NOISE_CAP, MIDDLE_NOISE_CAP)
    low = np.maximum(middle - half, 0.0)
    high = middle + half
    low_tick, high_tick = tick_size(low, p), tick_size(high, p)
    # 1e-9: a price that is already on a tick must not fall to the one below
    bid = np.floor(low / low_tick + 1e-9) * low_tick
    ask = np.maximum(np.ceil(high / high_tick - 1e-9), 1.0) * high_tick
    return np.round(bid, 6), np.round(ask, 6)
