"""A day's option chain, assembled from path, smile, listing and activity: arrays, one element a quote."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.simulation.activity import (
    ActivityParameters,
    draw_sizes,
    draw_trade_times_us,
    draw_volumes,
    open_interest_on,
)
from engine.simulation.bridge import FloatArray
from engine.simulation.carry import Carry, forwards
from engine.simulation.early_exercise import early_exercise_premium
from engine.simulation.listing import ContractTable, IntArray
from engine.simulation.smile import SsviParameters, atm_total_variance, implied_volatility
from engine.simulation.spreads import SpreadParameters, half_spreads, quotes, round_to_tick
from engine.simulation.valuation import value_on_forward

MICROSECONDS_PER_YEAR = 365.0 * 86_400e6
#: an option is valued with at least a minute to live; one past its settlement is worth its payoff
SHORTEST_YEARS = 1.0 / (365.0 * 1440.0)


@dataclass(frozen=True, slots=True)
class DayState:
    """What one session starts from. Prices are on the share basis of the day.

    ``ts_us`` is the instant of the quotes (UTC); ``open_wall_us`` and ``close_wall_us`` bound the session's
    trades, on the wall clock on which the vendor prints them.
    ``coin_priced`` states premiums in the coin: value over forward. ``early_exercise`` values options as
    American ones.
    """

    session: int
    ts_us: int
    open_wall_us: int
    close_wall_us: int
    spot: float
    carry: Carry
    smile: SsviParameters
    variance_per_year: float
    long_run_variance_per_year: float
    mean_reversion_per_year: float
    premium: float
    coin_priced: bool
    early_exercise: bool = False


@dataclass(frozen=True, slots=True)
class TradeMemory:
    """The last trade and the last middle of every contract so far (0: none): [contracts, 2] each.

    Prices are on the contract basis of ``session``.
    """

    last_price: FloatArray
    last_trade_wall_us: IntArray
    middle: FloatArray

    @classmethod
    def empty(cls, contracts: int) -> "TradeMemory":
        return cls(
            np.zeros((contracts, 2)), np.zeros((contracts, 2), dtype=np.int64), np.zeros((contracts, 2))
        )

    def rescale(self, factor: FloatArray) -> None:
        """Restate prices when contracts are adjusted: float64[contracts], new price over old."""
        self.last_price[:] = np.round(self.last_price * factor[:, None], 2)
        self.middle[:] = np.round(self.middle * factor[:, None], 4)


@dataclass(frozen=True, slots=True)
class SimulatedChain:
    """One session's quotes, sorted by root, expiry, strike, right; arrays of one length.

    ``value``, ``volatility``, ``forward`` and ``discount`` are the truth behind the quotes, ``value`` in the
    unit of the quotes. Option prices are per unit of underlying; 0 means none.
    """

    row: IntArray
    is_put: NDArray[np.bool_]
    strike: FloatArray
    expiry_days: IntArray
    years: FloatArray
    forward: FloatArray
    discount: FloatArray
    volatility: FloatArray
    value: FloatArray
    bid: FloatArray
    ask: FloatArray
    bid_size: FloatArray
    ask_size: FloatArray
    volume: FloatArray
    open_interest: FloatArray
    last: FloatArray
    last_trade_wall_us: IntArray
    previous_middle: FloatArray
    delta_forward: FloatArray
    gamma_forward: FloatArray
    vega_per_vol_point: FloatArray
    d2: FloatArray

    def __len__(self) -> int:
        return len(self.row)


def simulate_chain(
    day: DayState,
    contracts: ContractTable,
    settles_us: IntArray,
    liked: FloatArray,
    mature: FloatArray,
    spreads: SpreadParameters,
    activity: ActivityParameters,
    memory: TradeMemory,
    rng: np.random.Generator,
) -> SimulatedChain:
    """Quote every contract listed on a session, and remember its trades in ``memory``.

    Parameters
    ----------
    settles_us : int64[contracts]
        When each settles, UTC microseconds.
    liked, mature : float64[contracts, 2]
        From `popularity` and `mature_open_interest`.

    Notes
    -----
    Last trades are drawn around the closing value, not around the spot at the time of the trade: simpler,
    and nothing downstream prices from them. Without ``early_exercise`` stock options are valued as European ones.
    """
    pairs = contracts.listed_on(day.session)
    pair_years = (settles_us[pairs] - day.ts_us) / MICROSECONDS_PER_YEAR
    unique_years, at = np.unique(pair_years, return_inverse=True)
    alive_years = np.maximum(unique_years, SHORTEST_YEARS)
    forward_of, discount_of = forwards(day.spot, unique_years, day.carry)
    theta_of = atm_total_variance(
        alive_years,
        variance_per_year=day.variance_per_year,
        long_run_variance_per_year=day.long_run_variance_per_year,
        mean_reversion_per_year=day.mean_reversion_per_year,
        premium=day.premium,
    )

    pair_strike = contracts.strike_on(pairs, day.session)
    log_moneyness = np.log(pair_strike / forward_of[at])
    pair_volatility = implied_volatility(log_moneyness, theta_of[at], alive_years[at], day.smile)

    row = np.repeat(pairs, 2)
    side = np.tile(np.array([0, 1]), len(pairs))
    is_put = side == 1
    strike, volatility = np.repeat(pair_strike, 2), np.repeat(pair_volatility, 2)
    at = np.repeat(at, 2)
    years, forward, discount = unique_years[at], forward_of[at], discount_of[at]
    valuation = value_on_forward(is_put, strike, forward, discount, volatility, alive_years[at])
    payoff = np.maximum(np.where(is_put, strike - day.spot, day.spot - strike), 0.0)
    value = np.where(years > 0.0, valuation.value, payoff)
    if day.early_exercise:
        premium = early_exercise_premium(is_put, strike, years, volatility, spot=day.spot, carry=day.carry)
        value = np.maximum(value + premium, payoff)
    standard = np.repeat(log_moneyness, 2) / (volatility * np.sqrt(alive_years[at]))
    half = half_spreads(valuation, standard, np.maximum(years, 0.0), day.spot, spreads)
    if day.coin_priced:
        value, half = value / forward, half / forward

    bid, ask = quotes(value, half, rng.standard_normal(len(row)), spreads)
    cell = (row, side)
    volume = draw_volumes(liked[cell], standard, years, activity, rng)
    traded = volume > 0.0
    price = round_to_tick(value + 0.5 * half * rng.standard_normal(len(row)), spreads)
    times = draw_trade_times_us(volume, day.open_wall_us, day.close_wall_us, activity.contract_unit, rng)
    previous_middle = memory.middle[cell]
    last = np.where(traded, price, memory.last_price[cell])
    last_trade_wall_us = np.where(traded, times, memory.last_trade_wall_us[cell])
    memory.last_price[cell], memory.last_trade_wall_us[cell] = last, last_trade_wall_us
    memory.middle[cell] = np.round(0.5 * (bid + ask), 6)
    return SimulatedChain(
        row=row,
        is_put=is_put,
        strike=strike,
        expiry_days=contracts.expiry_days[row],
        years=years,
        forward=forward,
        discount=discount,
        volatility=volatility,
        value=value,
        bid=bid,
        ask=ask,
        bid_size=draw_sizes(bid > 0.0, activity, rng),
        ask_size=draw_sizes(ask > 0.0, activity, rng),
        volume=volume,
        open_interest=open_interest_on(
            mature[cell],
            day.session - contracts.first_session[row],
            contracts.contracts_per_original(row, day.session),
            rng.standard_normal(len(row)),
            activity.contract_unit,
        ),
        last=last,
        last_trade_wall_us=last_trade_wall_us,
        previous_middle=previous_middle,
        delta_forward=valuation.delta_forward,
        gamma_forward=valuation.gamma_forward,
        vega_per_vol_point=valuation.vega_per_vol_point,
        d2=valuation.d2,
    )
