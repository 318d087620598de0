"""What CBOE says about an underlying, and the files ``underlying.csv`` and ``settlement_prices.csv`` that keep it."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from engine.calendars import TradingCalendar
from engine.instruments.terms import UnderlyingKind
from resources.providers.file_adapter import SETTLEMENT_PRICES, UNDERLYING_PRICES, day_slice
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.typed_csv import CsvLayout, RejectedRow, read_typed_csv
from resources.providers.underlying_prices import UnderlyingPrice
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec

_TIME = pa.timestamp("us")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_PRICES = ("current_price", "close", "open", "high", "low", "volume")
_F = pa.float64()

_UNDERLYING = CsvLayout(
    columns={
        "session_date": pa.date32(),
        "ticker": pa.string(),
        "fetched_at_utc": pa.timestamp("us", tz="UTC"),
        "payload_timestamp": _TIME,
        "current_price": _F,
        "close": _F,
        "prev_day_close": _F,
        "open": _F,
        "high": _F,
        "low": _F,
        "volume": _F,
        "iv30": _F,
        "iv30_change": _F,
        "last_trade_time": _TIME,
        "seqno": pa.int64(),
    },
    required=frozenset({"session_date", "ticker", "payload_timestamp"}),
    optional=frozenset({"fetched_at_utc", "iv30", "iv30_change", "seqno", "last_trade_time"}),
)
_SETTLEMENT = CsvLayout(
    columns={"date": pa.date32(), "symbol": pa.string(), "settlement_price": _F},
    required=frozenset({"date", "symbol", "settlement_price"}),
)


@dataclass(frozen=True)
class CboeUnderlying:
    """One ticker as of ``payload_ts_us`` (UTC microseconds); missing prices are None."""

    payload_ts_us: int
    current_price: float | None
    close: float | None
    open: float | None
    high: float | None
    low: float | None
    volume: float | None


def spot_at(line: CboeUnderlying, trade_date: dt.date, calendar: TradingCalendar) -> float | None:
    """The price at the time of the payload, of the regular session: after the close ``current_price`` moves on
    with the evening's trades, ``close`` does not."""
    opened = calendar.open_us(trade_date) <= line.payload_ts_us
    in_session = opened and line.payload_ts_us < calendar.close_us(trade_date)
    return line.current_price if in_session else line.close


def session_price(
    spec: UnderlyingSpec,
    line: CboeUnderlying,
    trade_date: dt.date,
    calendar: TradingCalendar,
    settlement: float | None = None,
) -> UnderlyingPrice:
    """A ticker's session as the canonical row of its underlying."""
    return UnderlyingPrice(
        spec.symbol,
        # the prices are those of the close even where the payload was taken in the evening
        ts_us=min(line.payload_ts_us, calendar.close_us(trade_date)),
        open=line.open,
        high=line.high,
        low=line.low,
        close=spot_at(line, trade_date, calendar),
        settlement_price=settlement,
        volume=None if spec.kind is UnderlyingKind.INDEX else line.volume,
    )


class UnderlyingLines:
    """What ``underlying.csv`` says about one day, by ticker; ``problems`` what is wrong with the file."""

    def __init__(self, parts: Sequence[RawPart], trade_date: dt.date) -> None:
        self.problems: list[str] = []
        self._found: dict[str, set[CboeUnderlying]] = {}
        self._rejected: list[RejectedRow] = []
        self._day = trade_date
        for part in parts:
            if part.kind == UNDERLYING_PRICES:
                self._read(part)

    def _read(self, part: RawPart) -> None:
        try:
            text = day_slice(part.payload, part.name, "session_date", self._day.isoformat())
            if text is None:
                return
            rows = read_typed_csv(text, _UNDERLYING, part.name)
        except UnreadablePayloadError as error:
            self.problems.append(str(error))
            return
        self._rejected += rows.rejected
        for line in rows.table.to_pylist():
            prices = {name: line[name] or None for name in _PRICES}  # 0: the vendor has none
            bad = [name for name, value in prices.items() if value is not None and not 0 < value < math.inf]
            if bad:
                self._rejected.append(RejectedRow(tuple(f"impossible:{name}" for name in bad), str(line)))
                continue
            stamp = line["payload_timestamp"].replace(tzinfo=dt.UTC)
            payload_ts_us = (stamp - _EPOCH) // dt.timedelta(microseconds=1)
            self._found.setdefault(line["ticker"], set()).add(CboeUnderlying(payload_ts_us, **prices))

    def problem(self, ticker: str) -> str | None:
        """Why the day's line of a ticker cannot be used; None where there is exactly one."""
        found = self._found.get(ticker, set())
        if len(found) == 1:
            return None
        if self.problems:
            return self.problems[0]
        if found:
            return (
                f"underlying.csv has {len(found)} different lines of {ticker} for {self._day}, so the time of "
                "its chain is unknown; remove the wrong ones"
            )
        unusable = "".join(f"; unusable line: {row}" for row in self._rejected[:3])
        return (
            f"underlying.csv has no line of {ticker} for {self._day}, so the time and spot of its chain are "
            f"unknown; add it{unusable}"
        )

    def line(self, ticker: str) -> CboeUnderlying | None:
        """The one line of a ticker; None where there is none or where there are several."""
        found = self._found.get(ticker, set())
        return next(iter(found)) if len(found) == 1 else None


def settlement_prices(parts: Sequence[RawPart], trade_date: dt.date) -> tuple[dict[str, float], list[str]]:
    """The day's official settlement prices by symbol, and what is wrong with the file.

    A symbol with two different prices, and a price that is not above 0, is a problem and has none.
    """
    prices: dict[str, float] = {}
    problems: list[str] = []
    for part in parts:
        if part.kind != SETTLEMENT_PRICES:
            continue
        try:
            text = day_slice(part.payload, part.name, "date", trade_date.isoformat())
            if text is None:
                continue
            rows = read_typed_csv(text, _SETTLEMENT, part.name)
        except UnreadablePayloadError as error:
            problems.append(str(error))
            continue
        problems += [f"{part.name}: {row}" for row in rows.rejected]
        distinct = rows.table.group_by("symbol").aggregate([("settlement_price", "distinct")])
        for line in distinct.to_pylist():
            values = line["settlement_price_distinct"]
            if len(values) == 1 and 0 < values[0] < math.inf:
                prices[line["symbol"]] = values[0]
            else:
                problems.append(
                    f"{part.name}: {line['symbol']} {trade_date} has the settlement price "
                    f"{' and '.join(map(str, sorted(values)))}; exactly one above 0 is needed"
                )
    return prices, sorted(problems)
