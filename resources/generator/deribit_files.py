"""A coin's daily chain as the Deribit surface collector writes it (16 columns)."""

import datetime as dt

import numpy as np
import pyarrow as pa

from engine.calendars import days_of_date
from engine.simulation.chain import DayState, SimulatedChain
from engine.simulation.listing import IntArray
from resources.generator.contract_text import ContractText
from resources.generator.csv_table import table_csv

#: the collector asks for this many instruments at a time, and the forward moves a little between its calls
POLLED_TOGETHER = 24


def surface_csv(
    text: ContractText,
    date: dt.date,
    state: DayState,
    chain: SimulatedChain,
    repeated_rows: IntArray,
    rng: np.random.Generator,
) -> bytes:
    """One day's file, uncompressed: `surface_columns` by expiry, strike and right, then ``repeated_rows``."""
    order = np.lexsort((chain.is_put, chain.strike, chain.expiry_days))
    order = np.concatenate([order, repeated_rows]) if len(repeated_rows) else order
    taken = pa.array(order)
    columns = surface_columns(text, date, state, chain, rng)
    return table_csv({name: column.take(taken) for name, column in columns.items()})


def surface_columns(
    text: ContractText,
    date: dt.date,
    state: DayState,
    chain: SimulatedChain,
    rng: np.random.Generator,
) -> dict[str, pa.Array]:
    """The columns of one day's file, a row a quote of ``chain``.

    Prices are in the coin, volatilities decimals, 0 where there is no quote; open interest and volume in coins.
    """
    count = len(chain)
    stamp = dt.datetime.fromtimestamp(state.ts_us // 1_000_000, tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    printed = text.columns(chain.row, chain.is_put.astype(np.int64), state.session)
    calls = np.arange(count) // POLLED_TOGETHER
    drift = 1.0 + 5e-6 * rng.standard_normal(int(calls[-1]) + 1)
    iv = chain.volatility + 0.0005 * rng.standard_normal(count)
    expiries = chain.expiry_days - days_of_date(date)
    return {
        "snapshot_ts": pa.repeat(stamp, count),
        "expiry": printed["expiry"],
        "days_to_expiry": pa.array(expiries),
        "strike": pa.array(chain.strike),
        "option_type": printed["right"],
        "bid": pa.array(chain.bid),
        "ask": pa.array(chain.ask),
        "mark_price": pa.array(np.round(chain.value, 4)),
        "forward_price": pa.array(np.round(chain.forward * drift[calls], 2)),
        "index_price": pa.array(np.full(count, state.spot)),
        "implied_vol": pa.array(np.round(iv, 4)),
        "delta": pa.array(np.round(chain.delta_forward, 5)),
        "gamma": pa.array(np.round(chain.gamma_forward, 5)),
        "vega": pa.array(np.round(chain.vega_per_vol_point, 5)),
        "open_interest": pa.array(chain.open_interest),
        "volume_24h": pa.array(chain.volume),
    }


def delivery_row(date: dt.date, price: float) -> str:
    return f"{date},{price:.2f}"
