"""Whether a session repeats the one before: what a file's name and its row count cannot show."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from resources.data_quality.columns import MISSING_US, Bools, Floats, floats, instants_us
from resources.data_quality.contract_keys import contract_codes

QUOTE_FIELDS = ("bid", "ask", "bid_size", "ask_size")
TRADE_FIELDS = ("last", "volume")


@dataclass(frozen=True)
class Repetition:
    """How much of a session equals the session before, over the contracts that both list.

    Attributes
    ----------
    common
        Contracts listed in both that are quoted on some side or traded in one of them (rows without any
        content are equal on every day and say nothing).
    equal
        Of these, those whose bid, ask, sizes, last and volume are all equal (missing equals missing).
    traded
        Common contracts that traded on the latest day on which the table shows any trade (volume above 0, a
        last price, and where the source gives last-trade times, one of that day: some vendors leave a
        contract's old volume standing until it trades again).
    traded_equal
        Of these, those whose last and volume equal the day before's. Overnight quotes move while the
        day's trades stand still, so a repeat taken from an overnight market shows here alone.
    """

    common: int
    equal: int
    traded: int
    traded_equal: int

    @property
    def equal_fraction(self) -> float | None:
        return self.equal / self.common if self.common else None

    @property
    def traded_equal_fraction(self) -> float | None:
        return self.traded_equal / self.traded if self.traded else None


def repetition(quotes: pa.Table, previous: pa.Table, timezone: str) -> Repetition:
    """Compare two sessions of one underlying, contract by contract; ``timezone`` says when a day begins."""
    today_codes, before_codes = contract_codes([quotes, previous])
    # of duplicates the first counts, and rows without a key (-1) have nothing to be compared with
    today_unique, today_first = np.unique(today_codes, return_index=True)
    before_unique, before_first = np.unique(before_codes, return_index=True)
    shared, left, right = np.intersect1d(today_unique, before_unique, assume_unique=True, return_indices=True)
    keep = shared >= 0
    today_rows, before_rows = today_first[left[keep]], before_first[right[keep]]

    def pair(name: str) -> tuple[Floats, Floats]:
        return floats(quotes, name)[today_rows], floats(previous, name)[before_rows]

    values = {name: pair(name) for name in (*QUOTE_FIELDS, *TRADE_FIELDS)}
    same = {name: _same(*values[name]) for name in values}
    content = np.zeros(len(today_rows), dtype=np.bool_)
    for name in ("bid", "ask"):
        content |= ~np.isnan(values[name][0]) | ~np.isnan(values[name][1])
    content |= (values["volume"][0] > 0) | (values["volume"][1] > 0)
    same_trades = same["last"] & same["volume"]
    same_all = same_trades.copy()
    for name in QUOTE_FIELDS:
        same_all &= same[name]
    traded = (values["volume"][0] > 0) & ~np.isnan(values["last"][0])
    traded &= _traded_latest_day(quotes, timezone)[today_rows]
    return Repetition(
        common=int(content.sum()),
        equal=int((same_all & content).sum()),
        traded=int(traded.sum()),
        traded_equal=int((same_trades & traded).sum()),
    )


def _same(now: Floats, before: Floats) -> Bools:
    same: Bools = (now == before) | (np.isnan(now) & np.isnan(before))
    return same


def _traded_latest_day(quotes: pa.Table, timezone: str) -> Bools:
    """Rows whose last trade is of the latest local day with trades; all rows where no trade times are given."""
    traded_us = instants_us(quotes, "last_trade_ts")
    latest_us = int(traded_us.max(initial=MISSING_US))
    if latest_us == MISSING_US:
        return np.ones(quotes.num_rows, dtype=np.bool_)
    latest = dt.datetime.fromtimestamp(latest_us / 1e6, tz=ZoneInfo(timezone))
    midnight = latest.replace(hour=0, minute=0, second=0, microsecond=0)
    recent: Bools = traded_us >= int(midnight.timestamp()) * 10**6
    return recent
