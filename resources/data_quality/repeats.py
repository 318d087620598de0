"""Whether a session repeats the one before: what a file's name and its row count cannot show."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from resources.data_quality.columns import MISSING_US, Bools, Floats, Ints, floats, instants_us
from resources.data_quality.contract_keys import contract_codes, shared_rows

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


@dataclass(frozen=True)
class ComparableQuotes:
    """The columns of a table that say whether it repeats another; a slice of them costs nothing.

    ``code`` is a contract's number, the same in every table that ``comparable`` was given together.
    """

    code: Ints
    values: dict[str, Floats]
    last_trade_us: Ints

    def slice(self, start: int, stop: int) -> "ComparableQuotes":
        return ComparableQuotes(
            self.code[start:stop],
            {name: column[start:stop] for name, column in self.values.items()},
            self.last_trade_us[start:stop],
        )


def comparable(tables: Sequence[pa.Table]) -> list[ComparableQuotes]:
    """Tables of one underlying, ready to be compared with each other."""
    return [
        ComparableQuotes(
            code,
            {name: floats(table, name) for name in (*QUOTE_FIELDS, *TRADE_FIELDS, "spot")},
            instants_us(table, "last_trade_ts"),
        )
        for table, code in zip(tables, contract_codes(tables), strict=True)
    ]


def repetition(
    now: ComparableQuotes, before: ComparableQuotes, timezone: str, *, with_spot: bool = False
) -> Repetition:
    """Compare two snapshots of one underlying, contract by contract; ``timezone`` says when a day begins.

    ``with_spot`` wants the spot equal too: within a session quotes may stand still while the market moves.
    """
    now_rows, before_rows = shared_rows(now.code, before.code)
    values = {name: (now.values[name][now_rows], before.values[name][before_rows]) for name in now.values}
    same = {name: _same(*pair) for name, pair in values.items()}
    content = np.zeros(len(now_rows), dtype=np.bool_)
    for name in ("bid", "ask"):
        content |= ~np.isnan(values[name][0]) | ~np.isnan(values[name][1])
    content |= (values["volume"][0] > 0) | (values["volume"][1] > 0)
    same_trades = same["last"] & same["volume"]
    same_all = same_trades.copy()
    for name in (*QUOTE_FIELDS, "spot") if with_spot else QUOTE_FIELDS:
        same_all &= same[name]
    traded = (values["volume"][0] > 0) & ~np.isnan(values["last"][0])
    if traded.any():
        traded &= _traded_latest_day(now.last_trade_us, timezone)[now_rows]
    return Repetition(
        common=int(content.sum()),
        equal=int((same_all & content).sum()),
        traded=int(traded.sum()),
        traded_equal=int((same_trades & traded).sum()),
    )


def _same(now: Floats, before: Floats) -> Bools:
    same: Bools = (now == before) | (np.isnan(now) & np.isnan(before))
    return same


def _traded_latest_day(traded_us: Ints, timezone: str) -> Bools:
    """Rows whose last trade is of the latest local day with trades; all rows where no trade times are given."""
    latest_us = int(traded_us.max(initial=MISSING_US))
    if latest_us == MISSING_US:
        return np.ones(len(traded_us), dtype=np.bool_)
    latest = dt.datetime.fromtimestamp(latest_us / 1e6, tz=ZoneInfo(timezone))
    midnight = latest.replace(hour=0, minute=0, second=0, microsecond=0)
    recent: Bools = traded_us >= int(midnight.timestamp()) * 10**6
    return recent
