"""Small independent readers of the real files: they share no code with the providers."""

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from resources.schemas import QUOTE_SCHEMA

NEW_YORK = "America/New_York"


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = os.environ.get("OPTIX_REAL_DATA")
    if not folder:
        pytest.skip("OPTIX_REAL_DATA is unset: name the folder of real market data to run this test")
    return Path(folder)


def _to_table(frame: pd.DataFrame, constants: dict[str, Any]) -> pa.Table:
    """Columns of QUOTE_SCHEMA from a frame of vendor values; absent columns are constants or null."""
    rows = len(frame)
    arrays = []
    for field in QUOTE_SCHEMA:
        plain = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if field.name in frame:
            array = pa.array(frame[field.name], type=plain, from_pandas=True)
        else:
            value = constants.get(field.name)
            array = pa.array([value] * rows, type=plain)
        arrays.append(array.dictionary_encode() if pa.types.is_dictionary(field.type) else array)
    return pa.table(arrays, schema=QUOTE_SCHEMA)


@pytest.fixture(scope="session")
def read_cboe(real_data: Path) -> Callable[[str, dt.date], tuple[pa.Table, int]]:
    """``read_cboe("_SPX", day)`` -> (quotes, payload instant) of the July 2026 files."""
    folder = real_data / "g03_cboe_eod_2026_07"
    underlying = pd.read_csv(folder / "underlying.csv")

    def read(symbol: str, day: dt.date) -> tuple[pa.Table, int]:
        frame = pd.read_csv(folder / "chains" / symbol / f"{day}.csv.gz")
        state = underlying[(underlying.session_date == str(day)) & (underlying.ticker == symbol)].iloc[0]
        payload = pd.Timestamp(state.payload_timestamp, tz="UTC")
        ts = min(payload, pd.Timestamp(dt.datetime.combine(day, dt.time(16, 15), tzinfo=ZoneInfo(NEW_YORK))))
        expiry = pd.to_datetime(frame.expiry)
        root = frame.option.str[:-15]
        no_sizes = bool((frame.bid_size == 0).all() and (frame.ask_size == 0).all())
        columns = pd.DataFrame(
            {
                "root": root,
                "symbol": frame.option,
                "last_trade_ts": pd.to_datetime(frame.last_trade_time).dt.tz_localize(NEW_YORK),
                "expiry": expiry.dt.date,
                "last_trade_date": np.where(root == "SPX", expiry - pd.Timedelta(days=1), expiry),
                "settles_at": (expiry + pd.Timedelta(hours=16)).dt.tz_localize(NEW_YORK),
                "right": frame.right,
                "strike": frame.strike,
                "bid": frame.bid.replace(0.0, np.nan),
                "ask": frame.ask.replace(0.0, np.nan),
                "last": frame.last_trade_price.replace(0.0, np.nan),
                "bid_size": np.nan if no_sizes else frame.bid_size,
                "ask_size": np.nan if no_sizes else frame.ask_size,
                "volume": frame.volume,
                "open_interest": frame.open_interest,
            }
        )
        columns["last_trade_date"] = pd.to_datetime(columns.last_trade_date).dt.date
        constants = {
            "underlying": symbol,
            "trade_date": day,
            "snapshot_id": 0,
            "ts": ts.to_pydatetime(),
            "known_at": ts.to_pydatetime(),
            "settlement_time": "PM",
            "settlement_type": "cash",
            "style": "E",
            "multiplier": 100.0,
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "spot": float(state.current_price),
            "source": "cboe",
            "harvest_id": "h",
        }
        return _to_table(columns, constants), int(payload.value // 1000)

    return read


_COIN = {
    "underlying": "BTC",
    "root": "BTC",
    "snapshot_id": 0,
    "settlement_time": "08UTC",
    "settlement_type": "cash",
    "style": "E",
    "multiplier": 1.0,
    "quote_currency": "BTC",
    "settlement_currency": "BTC",
    "source": "deribit",
    "harvest_id": "h",
}


@pytest.fixture(scope="session")
def deribit_days(real_data: Path) -> dict[dt.date, tuple[pa.Table, int]]:
    """The 76 Deribit surface files of 2026: day -> (quotes, payload instant)."""
    days = {}
    for path in sorted((real_data / "g05_deribit_btc_daily_2026" / "surfaces").glob("*.csv.gz")):
        frame = pd.read_csv(path)
        day = dt.date.fromisoformat(path.name[:10])
        ts = pd.to_datetime(frame.snapshot_ts, utc=True)
        expiry = pd.to_datetime(frame.expiry)
        columns = pd.DataFrame(
            {
                "symbol": frame.expiry + frame.option_type + frame.strike.astype(str),
                "ts": ts,
                "known_at": ts,
                "expiry": expiry.dt.date,
                "last_trade_date": expiry.dt.date,
                "settles_at": (expiry + pd.Timedelta(hours=8)).dt.tz_localize("UTC"),
                "right": frame.option_type,
                "strike": frame.strike,
                "bid": frame.bid.replace(0.0, np.nan),
                "ask": frame.ask.replace(0.0, np.nan),
                "mark": frame.mark_price,
                "volume": frame.volume_24h,
                "open_interest": frame.open_interest,
                "spot": frame.index_price,
                "vendor_forward": frame.forward_price,
            }
        )
        days[day] = (_to_table(columns, {**_COIN, "trade_date": day}), int(ts.max().value // 1000))
    return days


@pytest.fixture(scope="session")
def optionsdx_days(real_data: Path) -> dict[dt.date, tuple[pa.Table, int]]:
    """The 30 days of the OptionsDX file of June 2021: day -> (quotes, payload instant)."""
    path = real_data / "g04_optionsdx_btc_2021_06" / "btc_eod_202106.txt.gz"
    whole = pd.read_csv(path, skipinitialspace=True, na_values=[""])
    whole.columns = [name.strip(" []") for name in whole.columns]
    days = {}
    for text, frame in whole.groupby("QUOTE_DATE", sort=True):
        day = dt.date.fromisoformat(str(text))
        ts = pd.to_datetime(frame.QUOTE_UNIXTIME, unit="s", utc=True)
        settles = pd.to_datetime(frame.EXPIRY_UNIX, unit="s", utc=True)
        columns = pd.DataFrame(
            {
                "symbol": frame.INSTRUMENT_NAME.str.strip(),
                "ts": ts,
                "known_at": ts,
                "expiry": settles.dt.date,
                "last_trade_date": settles.dt.date,
                "settles_at": settles,
                "right": frame.OPTION_RIGHT.str.strip().map({"call": "C", "put": "P"}),
                "strike": frame.STRIKE,
                "bid": frame.BID_PRICE.replace(0.0, np.nan),
                "ask": frame.ASK_PRICE.replace(0.0, np.nan),
                "volume": pd.to_numeric(frame.VOLUME, errors="coerce"),
                "open_interest": frame.OPEN_INTEREST,
                "spot": frame.UNDERLYING_PRICE,
            }
        )
        days[day] = (_to_table(columns, {**_COIN, "trade_date": day}), int(ts.max().value // 1000))
    return days


@pytest.fixture(scope="session")
def read_yahoo(real_data: Path) -> Callable[[dt.date], pa.Table]:
    """``read_yahoo(day)`` -> AAPL as Yahoo showed it; the source gives no payload time."""

    def read(day: dt.date) -> pa.Table:
        folder = real_data / "g07_yfinance_2025_11" / f"{day:%Y/%m/%d}" / "enriched" / "AAPL"
        frame = pd.read_csv(folder / "AAPL_options_all_expirations_filtered.csv.gz")
        expiry = pd.to_datetime(frame.expiration)
        ts = dt.datetime.combine(day, dt.time(21), tzinfo=dt.UTC)
        columns = pd.DataFrame(
            {
                "symbol": frame.contractSymbol,
                "last_trade_ts": pd.to_datetime(frame.lastTradeDate, utc=True),
                "expiry": expiry.dt.date,
                "last_trade_date": expiry.dt.date,
                "settles_at": (expiry + pd.Timedelta(hours=21)).dt.tz_localize("UTC"),
                "right": frame.type.str[0].str.upper(),
                "strike": frame.strike,
                "bid": frame.bid.replace(0.0, np.nan),
                "ask": frame.ask.replace(0.0, np.nan),
                "last": frame.lastPrice,
                "volume": frame.volume,
                "open_interest": frame.openInterest,
                "spot": frame.spot_price,
            }
        )
        constants = {
            "underlying": "AAPL",
            "root": "AAPL",
            "trade_date": day,
            "snapshot_id": 0,
            "ts": ts,
            "known_at": ts,
            "settlement_time": "PM",
            "settlement_type": "physical",
            "style": "A",
            "multiplier": 100.0,
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "source": "yahoo",
            "harvest_id": "h",
        }
        return _to_table(columns, constants)

    return read


@pytest.fixture(scope="session")
def read_intraday(real_data: Path) -> Callable[[str, dt.date], tuple[pa.Table, dict[int, int]]]:
    """``read_intraday("AAPL", day)`` -> (snapshots of a day, instant of each): August 2026, file time is UTC.

    The feed is 15 minutes late, and the market that it shows stands still from 16:00 (VIX 16:15) New York on.
    Without a spot of its own, the strike at which call and put cost the same stands for it.
    """
    folder = real_data / "g08_cboe_intraday_2026_08" / "data"

    def read(symbol: str, day: dt.date) -> tuple[pa.Table, dict[int, int]]:
        tables, instants = [], {}
        for n, path in enumerate(sorted(folder.glob(f"{symbol}_chain_{day:%Y%m%d}_*.csv.gz"))):
            frame = pd.read_csv(path)
            ts = pd.Timestamp(path.name[-22:-7].replace("_", "T"), tz="UTC") - pd.Timedelta(minutes=15)
            expiry = pd.to_datetime(frame.expiration)
            near = frame[frame.expiration == frame.expiration.min()]
            parity = near.pivot_table(index="strike", columns="type", values="mid")
            columns = pd.DataFrame(
                {
                    "root": frame.root,
                    "symbol": frame.option,
                    "last_trade_ts": pd.to_datetime(frame.last_trade_time).dt.tz_localize(NEW_YORK),
                    "expiry": expiry.dt.date,
                    "last_trade_date": expiry.dt.date,
                    "settles_at": (expiry + pd.Timedelta(hours=16)).dt.tz_localize(NEW_YORK),
                    "right": frame.type.str[0],
                    "strike": frame.strike,
                    "bid": frame.bid.replace(0.0, np.nan),
                    "ask": frame.ask.replace(0.0, np.nan),
                    "last": frame.last_trade_price.replace(0.0, np.nan),
                    "bid_size": frame.bid_size,
                    "ask_size": frame.ask_size,
                    "volume": frame.volume,
                    "open_interest": frame.open_interest,
                    "vendor_iv": frame.iv,
                }
            ).sort_values(["expiry", "right", "strike", "root"], kind="stable")
            constants = {
                "underlying": symbol,
                "trade_date": day,
                "snapshot_id": n,
                "ts": ts.to_pydatetime(),
                "known_at": ts.to_pydatetime(),
                "settlement_time": "PM",
                "settlement_type": "physical" if symbol == "AAPL" else "cash",
                "style": "A" if symbol == "AAPL" else "E",
                "multiplier": 100.0,
                "quote_currency": "USD",
                "settlement_currency": "USD",
                "spot": float((parity.Call - parity.Put).abs().idxmin()),
                "source": "cboe",
                "harvest_id": "h",
            }
            tables.append(_to_table(columns, constants))
            instants[n] = int(ts.value // 1000)
        return pa.concat_tables(tables).unify_dictionaries().combine_chunks(), instants

    return read
