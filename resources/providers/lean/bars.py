"""The underlyings' own bars: their session's open, high, low and close, and the price at the end of each bar."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.calendars import TradingCalendar
from engine.instruments.terms import UnderlyingKind
from resources.providers.file_adapter import floats
from resources.providers.lean.archive import all_lines, layout, lines_of_day, start_times
from resources.providers.lean.layout import LeanOptionsSettings
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.typed_csv import RejectedRow, read_typed_csv
from resources.providers.underlying_prices import UnderlyingPrice
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec

_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True)
class UnderlyingBars:
    """One underlying's bars of one day, in order of time.

    Attributes
    ----------
    start_us, end_us
        int64[n] UTC microseconds. A daily bar ends with the session.
    prices
        float64[n] each, by name, in currency.
    rejected
        Lines that could not be typed, whose price is none, or that repeat a time.
    """

    start_us: NDArray[np.int64]
    end_us: NDArray[np.int64]
    prices: dict[str, NDArray[np.float64]]
    volume: NDArray[np.float64]
    rejected: list[RejectedRow]

    def close_at(self, ts_us: NDArray[np.int64]) -> NDArray[np.float64]:
        """The close of the bar that ends at exactly these instants; NaN where there is none."""
        found = np.full(len(ts_us), np.nan)
        if len(self.end_us):
            place = np.minimum(np.searchsorted(self.end_us, ts_us), len(self.end_us) - 1)
            there = self.end_us[place] == ts_us
            found[there] = self.prices["close"][place[there]]
        return found


def read_bars(
    part: RawPart, trade_date: dt.date, settings: LeanOptionsSettings, session_end_us: int
) -> UnderlyingBars:
    """The bars of one day from an underlying's archive.

    Parameters
    ----------
    session_end_us
        When a daily bar is known: the end of the options' session, so that both meet in one moment.

    Raises
    ------
    UnreadablePayloadError
        If the archive cannot be read.
    """
    if settings.intraday_file:
        text = all_lines(part.payload, part.name, "trade")
    else:
        sliced = lines_of_day(part.payload, part.name, "trade", trade_date)
        if sliced is None:
            raise UnreadablePayloadError(f"{part.name} has no bar of {trade_date}; harvest the day again")
        text = sliced
    rows = read_typed_csv(text, layout("trade", intraday_file=settings.intraday_file), part.name)
    if settings.intraday_file:
        # the member repeats the day; another day's bars are no bars of this one
        stamp = f"{trade_date:%Y%m%d}_"
        other = [not name.startswith(stamp) for name in rows.column("member").to_pylist()]
        rows = rows.split({"other_day": np.array(other, dtype=bool)})
    values = {name: floats(rows, name) / settings.underlying_scale for name in _PRICES}
    start, reasons = start_times(rows, trade_date, settings.underlying_zone)
    start_us = start.to_numpy()
    _, first, counts = np.unique(start_us, return_index=True, return_counts=True)
    repeated = np.isin(start_us, start_us[first[counts > 1]])
    rows = rows.split(
        {
            **reasons,
            "repeated_bar": repeated,
            **{f"impossible:{name}": ~(values[name] > 0) for name in _PRICES},
            "impossible:volume": ~(floats(rows, "volume") >= 0),
        }
    )
    start_us = start_times(rows, trade_date, settings.underlying_zone)[0].to_numpy().astype(np.int64)
    order = np.argsort(start_us, kind="stable")
    start_us = start_us[order]
    end_us = (
        np.full(len(rows), session_end_us, dtype=np.int64)
        if settings.resolution == "daily"
        else start_us + settings.bar_us
    )
    return UnderlyingBars(
        start_us,
        end_us,
        {name: (floats(rows, name) / settings.underlying_scale)[order] for name in _PRICES},
        floats(rows, "volume")[order],
        rows.rejected,
    )


def session_price(
    spec: UnderlyingSpec, trade_date: dt.date, bars: UnderlyingBars, calendar: TradingCalendar, *, daily: bool
) -> UnderlyingPrice | None:
    """The regular session in one bar; None where no bar is of it.

    Bars before the open and after the close are left out: an index repeats its last value there, and a stock's
    evening is no session. An index has no volume of its own (its files carry counts of updates).
    """
    opened, closed = calendar.open_us(trade_date), calendar.close_us(trade_date)
    mine = np.ones(len(bars.end_us), dtype=bool)
    if not daily:
        mine = (bars.end_us > opened) & (bars.start_us < closed)
    if not mine.any():
        return None
    prices = {name: values[mine] for name, values in bars.prices.items()}
    return UnderlyingPrice(
        spec.symbol,
        ts_us=min(int(bars.end_us[mine].max()), closed),
        open=float(prices["open"][0]),
        high=float(prices["high"].max()),
        low=float(prices["low"].min()),
        close=float(prices["close"][-1]),
        volume=None if spec.kind is UnderlyingKind.INDEX else float(bars.volume[mine].sum()),
    )
