"""Lean's map files: what a security was called, and when it was delisted."""

import datetime as dt
from dataclasses import dataclass

from resources.providers.lean.layout import date_of
from resources.reference.corporate_actions.numbered_lines import numbered_lines, raise_on_faults

#: the last line of a security that still trades
_OPEN_END = dt.date(2050, 1, 1)


@dataclass(frozen=True)
class TickerHistory:
    """What a security was called: each ticker with the last day on which it was so.

    ``delisted_after`` is its last day of trading; None while it is listed.
    """

    tickers: tuple[tuple[dt.date, str], ...]
    delisted_after: dt.date | None

    def ticker_on(self, day: dt.date) -> str | None:
        """Its ticker on a day; None after the delisting."""
        return next((ticker for last, ticker in self.tickers if day <= last), None)


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
    return TickerHistory(tuple(found[1:]), None if last >= _OPEN_END else last)
