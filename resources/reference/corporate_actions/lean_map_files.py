"""Lean's map files: what a security was called, and when it was delisted."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from engine.instruments.security_master import SecurityMaster, SymbolInterval
from resources.providers.lean.layout import date_of
from resources.reference.corporate_actions.numbered_lines import numbered_lines, raise_on_faults

#: the last line of a security that still trades
_OPEN_END = dt.date(2050, 1, 1)


@dataclass(frozen=True)
class TickerHistory:
    """What a security was called: each ticker with the last day on which it was so.

    ``listed_from`` and ``delisted_after`` are its first and last day of trading; None while it is listed.
    """

    tickers: tuple[tuple[dt.date, str], ...]
    delisted_after: dt.date | None
    listed_from: dt.date
    first_ticker: str

    @property
    def permanent_id(self) -> str:
        """First ticker and first day, which no later rename changes: what Lean's own identifiers are made of."""
        return f"{self.first_ticker}-{self.listed_from:%Y%m%d}"

    def ticker_on(self, day: dt.date) -> str | None:
        """Its ticker on a day; None before the listing and after the delisting."""
        if day < self.listed_from:
            return None
        return next((ticker for last, ticker in self.tickers if day <= last), None)

    def symbol_intervals(self) -> list[SymbolInterval]:
        """Its tickers as intervals, lines that repeat a ticker (a change of exchange) as one."""
        found: list[SymbolInterval] = []
        first = self.listed_from
        for last, ticker in self.tickers:
            end = None if last >= _OPEN_END else last
            if found and found[-1].symbol == ticker:
                first = found.pop().start
            found.append(SymbolInterval(ticker, self.permanent_id, first, end))
            first = last + dt.timedelta(days=1)
        return found


def lean_security_master(payloads: Mapping[str, bytes]) -> SecurityMaster:
    """Who the tickers of some map files were.

    Parameters
    ----------
    payloads
        Contents by name of the file.

    Raises
    ------
    InvalidActionsError
        Naming a file and its lines at fault.
    SecurityMasterError
        Two securities have one ticker at a time: the files are of different states of the data.
    """
    histories = (read_map_file(payload, name) for name, payload in payloads.items())
    return SecurityMaster(interval for history in histories for interval in history.symbol_intervals())


def read_map_file(payload: bytes, name: str) -> TickerHistory:
    """The tickers of a map file (date, ticker, and optionally the exchange), in order of date.

    Raises
    ------
    InvalidActionsError
        Naming the lines at fault.
    """
    faults: list[str] = []
    found: list[tuple[dt.date, str]] = []
    for number, cells in numbered_lines(payload, name):
        day = date_of(cells[0])
        if day is None or len(cells) not in (2, 3) or not cells[1]:
            faults.append(f"line {number}: {','.join(cells)[:80]!r} is no YYYYMMDD,ticker[,exchange]")
        elif found and day <= found[-1][0]:
            faults.append(f"line {number}: {day} does not come after {found[-1][0]}")
        else:
            found.append((day, cells[1].upper()))
    if not faults and len(found) < 2:
        faults.append("it needs a first day and a last one")
    raise_on_faults(faults, name)
    last = found[-1][0]
    # the first line is the first day under the first ticker, which the next line repeats or ends
    (listed, first), *tickers = found
    return TickerHistory(tuple(tickers), None if last >= _OPEN_END else last, listed, first)
