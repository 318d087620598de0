"""From a day of Polygon's ticks and bars to the chain as it was known at an instant."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from engine.calendars import date_of_days, days_of_date
from engine.instruments.osi import OsiSymbol
from engine.instruments.terms import RootTerms
from resources.providers.polygon_contract import PREFIX, parse_ticker
from resources.providers.polygon_ticks import DAYS_V1, MINUTES_V1, QUOTES_V1, TRADES_V1, MarketLines
from resources.providers.quote_table import QuoteRows, expiry_out_of_range, price
from resources.providers.typed_csv import RejectedRow
from resources.schemas import TS

_NS_PER_US = 1_000
#: the root of an adjusted contract is the ordinary one and a digit
_ADJUSTED = re.compile(r"\d+$")
_QUOTE_COLUMNS = {"bid": "bid_price", "ask": "ask_price", "bid_size": "bid_size", "ask_size": "ask_size"}
_COLUMNS = ("bid", "ask", "bid_size", "ask_size", "last", "volume")


class ChainLines:
    """The lines of one underlying's contracts, and those that were set aside.

    Parameters
    ----------
    lines
        By dataset, of all of the universe's roots.
    terms
        Of all of the universe's roots.
    """

    def __init__(
        self,
        lines: Mapping[str, MarketLines],
        terms: Mapping[str, RootTerms],
        underlying: str,
        trade_date: dt.date,
        zone: ZoneInfo,
    ) -> None:
        self.found: dict[str, OsiSymbol] = {}
        self.rejected: list[RejectedRow] = []
        self.lines: dict[str, MarketLines] = {}
        self._terms = terms
        self._underlying = underlying
        self._other_days: set[int] = set()
        faults: dict[str, str] = {}
        day = days_of_date(trade_date)
        for dataset, given in lines.items():
            self.rejected += [row for row in given.rejected if self._is_mine(row.raw.lstrip('"'))]
            usable = np.zeros(max(len(given.tickers), 1), dtype=bool)
            for code, ticker in enumerate(given.tickers):
                fault = self._fault(ticker, trade_date)
                if fault == "":
                    usable[code] = True
                elif fault is not None:
                    faults[ticker] = fault
            mine = given.keep(usable[given.codes]) if len(given.codes) else given
            days = mine.local_days(zone)
            self._other_days |= set(days[days != day].tolist())
            for row in np.flatnonzero(days != day).tolist():
                raw = f"{mine.tickers[int(mine.codes[row])]} {dataset} {int(mine.stamped_ns[row])}"
                self.rejected.append(RejectedRow(("other_day",), raw))
            self.lines[dataset] = mine.keep(days == day)
        for kept in self.lines.values():
            for ticker in (kept.tickers[place] for place in np.unique(kept.codes).tolist()):
                if (osi := parse_ticker(ticker)) is not None:
                    self.found[ticker] = osi
        self.rejected += [RejectedRow((reason,), ticker) for ticker, reason in sorted(faults.items())]

    def other_day(self) -> dt.date | None:
        """The day that the lines are of, where none of them is of the trade date."""
        return date_of_days(min(self._other_days)) if self._other_days and not self.found else None

    def _fault(self, ticker: str, trade_date: dt.date) -> str | None:
        """Why a ticker's contract cannot be used; empty for one that can, None for another underlying's."""
        osi = parse_ticker(ticker)
        if osi is None:
            return "untyped:ticker" if self._is_mine(ticker) else None
        terms = self._terms.get(osi.root)
        if terms is None:
            ordinary = self._terms.get(_ADJUSTED.sub("", osi.root))
            return (
                "unknown_root" if ordinary is not None and ordinary.underlying == self._underlying else None
            )
        if terms.underlying != self._underlying:
            return None
        expiry = np.array([days_of_date(osi.expiry)], dtype=np.int32)
        return "expiry_out_of_range" if expiry_out_of_range(expiry, trade_date)[0] else ""

    def _is_mine(self, text: str) -> bool:
        """Whether a text that begins like a ticker is about this underlying: by the longest root that fits."""
        fitting = [root for root in self._terms if text.startswith(PREFIX + root)]
        return bool(fitting) and self._terms[max(fitting, key=len)].underlying == self._underlying


def chain_rows(
    chain: ChainLines, instants_us: Sequence[int], spots: Sequence[float | None], close_us: int
) -> QuoteRows | None:
    """One snapshot per instant; None where nothing was known at any of them.

    Parameters
    ----------
    spots
        The underlying's price at each instant.
    close_us
        From when on the day's bars count.
    """
    symbols: list[str] = []
    ts_us: list[int] = []
    ids: list[int] = []
    spot: list[float | None] = []
    columns: dict[str, list[float | None]] = {name: [] for name in _COLUMNS}
    quoted: list[int | None] = []
    traded: list[int | None] = []
    for number, (at_us, price_then) in enumerate(zip(instants_us, spots, strict=True)):
        view = _AsOf(chain, at_us * _NS_PER_US, with_day=at_us >= close_us)
        for ticker in sorted(view.tickers & set(chain.found)):
            symbols.append(ticker)
            ts_us.append(at_us)
            ids.append(number)
            spot.append(price_then)
            for name, value in view.values(ticker).items():
                columns[name].append(value)
            quoted.append(view.quote_us(ticker))
            traded.append(view.trade_us(ticker))
    if not symbols:
        return None
    options = [chain.found[ticker] for ticker in symbols]

    def floats(values: Sequence[float | None]) -> pa.Array:
        return pa.array(values, type=pa.float64())

    def instants(values: Sequence[int | None]) -> pa.Array:
        return pa.array(values, type=pa.int64()).view(TS)

    return QuoteRows(
        roots=pa.array([osi.root for osi in options], type=pa.string()),
        symbols=pa.array(symbols, type=pa.string()),
        rights=pa.array([osi.right.value for osi in options], type=pa.string()),
        expiry_days=np.array([days_of_date(osi.expiry) for osi in options], dtype=np.int32),
        strikes=np.array([osi.strike for osi in options], dtype=np.float64),
        ts_us=np.array(ts_us, dtype=np.int64),
        snapshot_ids=np.unique(np.array(ids, dtype=np.int32), return_inverse=True)[1].astype(np.int32),
        values={
            "quote_ts": instants(quoted),
            "last_trade_ts": instants(traded),
            **{name: price(floats(columns[name])) for name in ("bid", "ask", "bid_size", "ask_size", "last")},
            "volume": floats(columns["volume"]),
            "spot": floats(spot),
        },
    )


class _AsOf:
    """What the datasets said about each ticker at one instant."""

    def __init__(self, chain: ChainLines, at_ns: int, *, with_day: bool) -> None:
        self._quotes = chain.lines.get(QUOTES_V1)
        self._last_quote = {} if self._quotes is None else self._quotes.last_known(at_ns)
        self._quote_values = (
            {}
            if self._quotes is None
            else {name: self._quotes.values(c) for name, c in _QUOTE_COLUMNS.items()}
        )
        self._trades = chain.lines.get(TRADES_V1)
        self._last_trade: dict[str, int] = {}
        self._prices: dict[str, float] = {}
        self._volumes: dict[str, float] = {}
        # from the coarsest to the finest: what is finer replaces what is coarser
        if with_day and (days := chain.lines.get(DAYS_V1)) is not None:
            self._take(days, days.last_known(at_ns), days.sums("volume", at_ns), "close")
        if (minutes := chain.lines.get(MINUTES_V1)) is not None:
            self._take(minutes, minutes.last_known(at_ns), minutes.sums("volume", at_ns), "close")
        if self._trades is not None:
            stands = np.nan_to_num(self._trades.values("correction")) == 0
            self._last_trade = self._trades.last_known(at_ns, stands)
            self._take(self._trades, self._last_trade, self._trades.sums("size", at_ns, stands), "price")
        self.tickers = {*self._last_quote, *self._prices}

    def _take(self, lines: MarketLines, last: dict[str, int], volumes: dict[str, float], column: str) -> None:
        values = lines.values(column)
        self._prices |= {ticker: float(values[row]) for ticker, row in last.items()}
        self._volumes |= volumes

    def values(self, ticker: str) -> dict[str, float | None]:
        found: dict[str, float | None] = dict.fromkeys(_COLUMNS)
        row = self._last_quote.get(ticker)
        if row is not None:
            for name, values in self._quote_values.items():
                value = float(values[row])
                found[name] = None if np.isnan(value) else value
        found["last"] = self._prices.get(ticker)
        found["volume"] = self._volumes.get(ticker)
        return found

    def quote_us(self, ticker: str) -> int | None:
        row = self._last_quote.get(ticker)
        return (
            None if row is None or self._quotes is None else int(self._quotes.stamped_ns[row]) // _NS_PER_US
        )

    def trade_us(self, ticker: str) -> int | None:
        row = self._last_trade.get(ticker)
        return (
            None if row is None or self._trades is None else int(self._trades.stamped_ns[row]) // _NS_PER_US
        )
