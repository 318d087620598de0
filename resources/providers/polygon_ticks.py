"""Reading Polygon's flat files: one day of the whole market, of which the lines of some tickers are wanted.

massive.com/docs/flat-files: options "Quotes", "Trades", "Minute Aggregates", "Day Aggregates"; stocks and indices
"Minute Aggregates", "Day Aggregates". Times are nanoseconds UTC: ``sip_timestamp`` of a tick, ``window_start`` of a
bar. A day's bar begins at midnight New York. A trade whose ``correction`` is not 0 was cancelled or corrected.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from resources.providers.payload_cache import PayloadCache
from resources.providers.payload_text import UnreadablePayloadError, unpacked
from resources.providers.typed_csv import CsvLayout, RejectedRow, read_typed_csv

QUOTES_V1, TRADES_V1, MINUTES_V1, DAYS_V1 = "quotes_v1", "trades_v1", "minute_aggs_v1", "day_aggs_v1"
_F = pa.float64()
_BARS = CsvLayout(
    columns={
        "ticker": pa.string(),
        **dict.fromkeys(("volume", "open", "close", "high", "low"), _F),
        "window_start": pa.int64(),
        "transactions": pa.int64(),
    },
    required=frozenset({"ticker", "window_start", "close"}),
    optional=frozenset({"transactions"}),
)
LAYOUTS: Mapping[str, CsvLayout] = {
    QUOTES_V1: CsvLayout(
        columns={
            "ticker": pa.string(),
            "ask_exchange": pa.int64(),
            "ask_price": _F,
            "ask_size": _F,
            "bid_exchange": pa.int64(),
            "bid_price": _F,
            "bid_size": _F,
            "sequence_number": pa.int64(),
            "sip_timestamp": pa.int64(),
        },
        required=frozenset({"ticker", "sip_timestamp"}),
        optional=frozenset({"ask_exchange", "bid_exchange"}),
    ),
    TRADES_V1: CsvLayout(
        columns={
            "ticker": pa.string(),
            "conditions": pa.string(),
            "correction": pa.int64(),
            "exchange": pa.int64(),
            "participant_timestamp": pa.int64(),
            "price": _F,
            "sip_timestamp": pa.int64(),
            "size": _F,
        },
        required=frozenset({"ticker", "sip_timestamp", "price", "size"}),
        optional=frozenset({"conditions", "exchange", "participant_timestamp"}),
    ),
    MINUTES_V1: _BARS,
    DAYS_V1: _BARS,
}
_TIME = {
    QUOTES_V1: "sip_timestamp",
    TRADES_V1: "sip_timestamp",
    MINUTES_V1: "window_start",
    DAYS_V1: "window_start",
}
MINUTE_NS = 60_000_000_000
_HOUR_NS = 60 * MINUTE_NS
_EPOCH_DAY = dt.date(1970, 1, 1)
#: 2003-01-01 (the vendor's history begins) and 2100-01-01
_EARLIEST_NS, _LATEST_NS = 1_041_379_200 * 10**9, 4_102_444_800 * 10**9


@dataclass(frozen=True)
class MarketLines:
    """The typed lines of the wanted tickers, in order of ticker and time.

    Attributes
    ----------
    tickers
        Distinct tickers; ``codes`` points into them.
    known_ns
        int64[n]: when each line was known: the time of a tick, the end of a minute's bar, the beginning of a
        day's bar (which is known at the close only, so a caller must not ask earlier).
    stamped_ns
        int64[n]: the time that stands in each line.
    """

    tickers: list[str]
    codes: NDArray[np.int64]
    known_ns: NDArray[np.int64]
    stamped_ns: NDArray[np.int64]
    table: pa.Table
    rejected: list[RejectedRow]

    def keep(self, mask: NDArray[np.bool_]) -> "MarketLines":
        """The marked lines only."""
        return MarketLines(
            self.tickers,
            self.codes[mask],
            self.known_ns[mask],
            self.stamped_ns[mask],
            self.table.filter(pa.array(mask)),
            self.rejected,
        )

    def local_days(self, zone: ZoneInfo) -> NDArray[np.int64]:
        """int64[n]: the day of each line in a zone, as days since 1970-01-01."""
        # the offset from UTC changes only on whole hours
        hours, inverse = np.unique(self.stamped_ns // _HOUR_NS, return_inverse=True)
        days = [
            (dt.datetime.fromtimestamp(hour * 3600, zone).date() - _EPOCH_DAY).days for hour in hours.tolist()
        ]
        return np.array(days or [0], dtype=np.int64)[inverse]

    def values(self, name: str) -> NDArray[np.float64]:
        """A number column with NaN for missing."""
        column = self.table.column(name).combine_chunks()
        return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)

    def last_known(self, until_ns: int, of: NDArray[np.bool_] | None = None) -> dict[str, int]:
        """By ticker the last line that was known at an instant."""
        known = self.known_ns <= until_ns
        if of is not None:
            known &= of
        places = np.flatnonzero(known)
        # the lines are in order of time within a ticker, so that the last assignment wins
        found: dict[str, int] = {}
        codes = self.codes[places]
        last = np.flatnonzero(np.diff(codes, append=-1) != 0)
        for place in last.tolist():
            found[self.tickers[int(codes[place])]] = int(places[place])
        return found

    def sums(self, name: str, until_ns: int, of: NDArray[np.bool_] | None = None) -> dict[str, float]:
        """By ticker the sum of a column over the lines known at an instant."""
        known = self.known_ns <= until_ns
        if of is not None:
            known &= of
        amounts = np.nan_to_num(self.values(name)[known])
        totals = np.bincount(self.codes[known], weights=amounts, minlength=len(self.tickers))
        seen = np.bincount(self.codes[known], minlength=len(self.tickers)) > 0
        return {self.tickers[code]: float(totals[code]) for code in np.flatnonzero(seen).tolist()}


_lines: PayloadCache[MarketLines] = PayloadCache(kept=16)


def market_lines(payload: bytes, name: str, dataset: str, prefixes: Sequence[str]) -> MarketLines:
    """The lines of a flat file whose ticker begins with one of the prefixes.

    Lines of other tickers are another universe's; they are not even typed.

    Raises
    ------
    UnreadablePayloadError
        If the file cannot be read or is of another kind. Without any line of these tickers it is no fault: they
        did not trade.
    """
    label = " ".join((dataset, name, *sorted(prefixes)))
    return _lines.get(payload, lambda: _read(payload, name, dataset, prefixes), label)


def _read(payload: bytes, name: str, dataset: str, prefixes: Sequence[str]) -> MarketLines:
    text = unpacked(payload, name)
    header, _, body = text.partition(b"\n")
    starts = tuple(piece for prefix in prefixes for piece in (prefix.encode(), b'"' + prefix.encode()))
    first = header.strip().split(b",")[0].strip(b'"')
    if first != b"ticker":
        raise UnreadablePayloadError(
            f"{name} does not begin with the column ticker (its header: {header[:200].decode()!r}); is it a flat "
            "file of Polygon?"
        )
    if not body.strip():
        raise UnreadablePayloadError(f"{name} has a header but no rows; fetch it again from the source")
    mine = [line for line in body.split(b"\n") if line.startswith(starts)]
    if not mine:
        nothing = pa.table(
            {column: pa.array([], type=kind) for column, kind in LAYOUTS[dataset].columns.items()}
        )
        none = np.zeros(0, dtype=np.int64)
        return MarketLines([], none, none, none, nothing, [])
    rows = read_typed_csv(b"\n".join((header, *mine, b"")), LAYOUTS[dataset], name)
    stamps = rows.column(_TIME[dataset]).to_numpy()
    rows = rows.split({"time_out_of_range": (stamps < _EARLIEST_NS) | (stamps > _LATEST_NS)})
    encoded = rows.column("ticker").dictionary_encode()
    names = encoded.dictionary.to_pylist()
    ordered = sorted(names)
    place = {ticker: number for number, ticker in enumerate(ordered)}
    codes = np.array([place[ticker] for ticker in names] or [0], dtype=np.int64)[encoded.indices.to_numpy()]
    stamped_ns = rows.column(_TIME[dataset]).to_numpy()
    known_ns = stamped_ns + (MINUTE_NS if dataset == MINUTES_V1 else 0)
    keys = [known_ns, codes]
    if dataset == QUOTES_V1:
        keys.insert(0, np.asarray(rows.column("sequence_number").fill_null(0).to_numpy()))
    order = np.lexsort(keys)
    return MarketLines(
        ordered,
        codes[order],
        known_ns[order],
        stamped_ns[order],
        rows.table.take(pa.array(order)),
        rows.rejected,
    )
