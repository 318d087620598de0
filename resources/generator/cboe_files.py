"""Chains and underlying prices as the CBOE delayed-quote collector writes them (27 and 15 columns)."""

import datetime as dt

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.calendars import date_of_days
from engine.simulation.bridge import FloatArray
from engine.simulation.chain import DayState, SimulatedChain
from engine.simulation.listing import IntArray
from engine.simulation.smile import atm_total_variance
from resources.generator.contract_text import ContractText
from resources.generator.csv_table import table_csv
from resources.generator.market import Market, MarketDay

UNDERLYING_HEADER = (
    "session_date,ticker,fetched_at_utc,payload_timestamp,current_price,close,prev_day_close,open,high,low,"
    "volume,iv30,iv30_change,last_trade_time,seqno"
)
#: the collector runs in the New York evening; a repeated day is one that it fetched before midnight there,
#: and dated after UTC's
PAYLOAD_TIME = dt.time(22, 41, 7)
STALE_PAYLOAD_TIME = dt.time(1, 14, 35)


def chain_csv(
    text: ContractText,
    symbol: str,
    session_date: dt.date,
    state: DayState,
    chain: SimulatedChain,
    repeated_rows: IntArray,
    rng: np.random.Generator,
) -> bytes:
    """One day's chain file, uncompressed: `chain_columns`, then ``repeated_rows`` once more at the end."""
    columns = chain_columns(text, symbol, session_date, state, chain, rng)
    if len(repeated_rows):
        order = pa.array(np.concatenate([np.arange(len(chain)), repeated_rows]))
        columns = {name: column.take(order) for name, column in columns.items()}
    return table_csv(columns)


def chain_columns(
    text: ContractText,
    symbol: str,
    session_date: dt.date,
    state: DayState,
    chain: SimulatedChain,
    rng: np.random.Generator,
) -> dict[str, pa.Array]:
    """The columns of one day's chain file, a row a quote of ``chain``.

    Parameters
    ----------
    session_date
        What the file says in its first column; on a repeated day later than the session it holds.
    rng
        For the rounding noise of the vendor's own implied volatilities.
    """
    side = chain.is_put.astype(np.int64)
    count = len(chain)
    traded = chain.volume > 0.0
    greeks = _spot_greeks(state, chain)
    iv = np.where(greeks["solved"], chain.volatility + 0.0004 * rng.standard_normal(count), 0.0)
    change = np.where(traded & (chain.previous_middle > 0.0), chain.last - chain.previous_middle, 0.0)
    percent = np.divide(100.0 * change, chain.previous_middle, out=np.zeros(count), where=change != 0.0)
    first, high, low = _trade_range(chain, traded, rng)
    return {
        "session_date": pa.repeat(session_date.isoformat(), count),
        "ticker": pa.repeat(symbol, count),
        **text.columns(chain.row, side, state.session),
        "bid": pa.array(chain.bid),
        "bid_size": pa.array(chain.bid_size),
        "ask": pa.array(chain.ask),
        "ask_size": pa.array(chain.ask_size),
        "last_trade_price": pa.array(chain.last),
        "volume": pa.array(chain.volume),
        "open_interest": pa.array(chain.open_interest),
        "iv": pa.array(np.round(np.maximum(iv, 0.0), 4)),
        "delta": pa.array(np.round(greeks["delta"], 4)),
        "gamma": pa.array(np.round(greeks["gamma"], 4)),
        "theta": pa.array(np.round(greeks["theta"], 4) + 0.0),
        "vega": pa.array(np.round(greeks["vega"], 4)),
        "rho": pa.array(np.round(greeks["rho"], 4)),
        "theo": pa.array(np.round(chain.value, 4)),
        "open": pa.array(first),
        "high": pa.array(high),
        "low": pa.array(low),
        "prev_day_close": pa.array(chain.previous_middle),
        "change": pa.array(np.round(change, 4)),
        "percent_change": pa.array(np.round(percent, 5)),
        "last_trade_time": _wall_text(chain.last_trade_wall_us),
    }


def _spot_greeks(state: DayState, chain: SimulatedChain) -> dict[str, FloatArray]:
    """Greeks as the vendor states them: to the spot, vega per point, theta per day, rho per percent."""
    alive = chain.years > 0.0
    years = np.where(alive, chain.years, 1.0)
    sign = np.where(chain.is_put, -1.0, 1.0)
    carry = chain.discount * chain.forward / state.spot
    strike_leg = chain.discount * chain.strike * (carry * state.spot * chain.delta_forward - chain.value)
    strike_leg = strike_leg / np.maximum(chain.discount * chain.strike, 1e-12)
    rate = -np.log(chain.discount) / years
    dividend = -np.log(carry) / years
    decay = -chain.vega_per_vol_point * 100.0 * chain.volatility / (2.0 * years)
    theta = decay - rate * strike_leg + dividend * carry * state.spot * chain.delta_forward
    return {
        # the vendor gives up where a volatility point moves the price by less than it prints
        "solved": alive & (chain.vega_per_vol_point > 5e-5),
        "delta": np.where(alive, carry * chain.delta_forward, sign * (chain.value > 0.0)),
        "gamma": np.where(alive, carry * chain.gamma_forward * chain.forward / state.spot, 0.0),
        "theta": np.where(alive, theta / 365.0, 0.0),
        "vega": np.where(alive, chain.vega_per_vol_point, 0.0),
        "rho": np.where(alive, 0.01 * years * strike_leg, 0.0),
    }


def _trade_range(
    chain: SimulatedChain, traded: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """First, highest and lowest trade around the last one; 0 without a trade."""
    wiggle = np.exp(0.06 * rng.standard_normal((3, len(chain))))
    first: FloatArray = np.asarray(
        np.round(np.where(traded, np.maximum(chain.last * wiggle[0], 0.01), 0.0), 2), dtype=np.float64
    )
    single = chain.volume <= 1.0
    first = np.where(traded & single, chain.last, first)
    high: FloatArray = np.maximum(
        np.maximum(first, chain.last), np.round(np.where(single, 0.0, first * wiggle[1]), 2)
    )
    low_drawn: FloatArray = np.where(single, np.inf, np.maximum(np.round(first * wiggle[2], 2), 0.01))
    low: FloatArray = np.where(traded, np.minimum(np.minimum(first, chain.last), low_drawn), 0.0)
    return first, np.where(traded, high, 0.0), low


def _wall_text(wall_us: IntArray) -> pa.Array:
    """ISO local times without a zone; empty where a contract never traded."""
    distinct, at = np.unique(wall_us // 1_000_000, return_inverse=True)
    text = np.datetime_as_string(distinct.astype("datetime64[s]"))
    return pa.array(np.where(distinct == 0, "", text).astype(object)).take(pa.array(at))


def underlying_row(market: Market, day: MarketDay, file_date: dt.date) -> str:
    """The line of underlying.csv that a file dated ``file_date`` brings about a session."""
    i, basis = day.session, market.share_basis[day.session]
    path, rng = market.path, np.random.default_rng([market.spec.seed, 11, i])
    repeated = file_date != day.date
    payload = f"{file_date} {STALE_PAYLOAD_TIME if repeated else PAYLOAD_TIME}"
    fetched = f"{file_date}T01:15:45Z" if repeated else f"{file_date}T22:41:31Z"
    close = market.spot(i)
    previous = round(float(path.close[i - 1] * basis), 2)
    iv30, iv30_before = _iv30(market, i), _iv30(market, i - 1)
    shares = (
        0 if market.spec.roots[0].trading_close == "16:15" else int(6e6 / basis * rng.lognormal(0.0, 0.3))
    )
    last_us = day.state.close_wall_us - 1_000_000
    last = dt.datetime.combine(date_of_days(0), dt.time()) + dt.timedelta(microseconds=last_us)
    opened, high, low = (round(float(x[i] * basis), 2) for x in (path.open, path.high, path.low))
    return (
        f"{file_date},{market.spec.symbol},{fetched},{payload},{close},{close},{previous},{opened},"
        f"{max(high, opened, close)},{min(low, opened, close)},{shares},{iv30:.3f},{iv30 - iv30_before:.3f},"
        f"{last.isoformat()},{20_000_000_000 + 37_000_000 * i + int(rng.integers(0, 30_000_000))}"
    )


def _iv30(market: Market, session: int) -> float:
    """At-the-money volatility to 30 days, percent."""
    years = np.array([30.0 / 365.0])
    theta = atm_total_variance(
        years,
        variance_per_year=float(market.path.variance_per_year[session]),
        long_run_variance_per_year=market.spec.path.long_run_variance_per_year,
        mean_reversion_per_year=market.spec.path.mean_reversion_per_year,
        premium=float(market.premium[session]),
    )
    return float(100.0 * np.sqrt(theta / years)[0])
