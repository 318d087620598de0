"""What can be counted of quotes without looking at a row twice: one row of counters per snapshot.

Where every counter of a defect is 0 no row mask is ever computed. Tables of a session or so are counted with
numpy, which is as quick for them and spares the import of numba; long ones by the compiled loop of
``quote_kernel``. Both give the same numbers.
"""

import datetime as dt
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from resources.data_quality.columns import MISSING_DAYS, Bools, Floats, Ints, codes, days, floats
from resources.data_quality.contract_keys import contract_codes, rising
from resources.data_quality.grade import is_wide
from resources.data_quality.quote_kernel import CALL, COUNTERS, PUT, compiled
from resources.universe import QualitySpec

#: from so many rows on the compiled loop wins by more than importing numba costs
KERNEL_ROWS = 200_000
#: rows worth a thread of their own, and the most threads
_ROWS_A_THREAD = 1_000_000
_MAX_THREADS = 4
_UNKNOWN_RIGHT = -1


@dataclass(frozen=True)
class QuoteCounts:
    """Counters of the snapshots of a table.

    Attributes
    ----------
    starts, stops
        Row positions of each snapshot.
    values
        int64, snapshots x ``COUNTERS``.
    """

    starts: Ints
    stops: Ints
    values: np.ndarray

    def of(self, counter: str) -> Ints:
        """One counter of every snapshot."""
        column: Ints = self.values[:, COUNTERS.index(counter)]
        return column


def snapshot_bounds(quotes: pa.Table) -> tuple[Ints, Ints]:
    """Where each snapshot starts and stops, in a table whose snapshots lie one after another.

    Raises
    ------
    ValueError
        If rows of one snapshot lie apart.
    """
    rows = quotes.num_rows
    if rows == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    column = quotes.column("snapshot_id")
    ids = np.asarray(column.combine_chunks().fill_null(-1) if column.null_count else column)
    starts = np.r_[0, np.flatnonzero(np.diff(ids)) + 1].astype(np.int64)
    if len(np.unique(ids[starts])) != len(starts):
        raise ValueError("rows of one snapshot lie apart: sort the table by ts before it is judged")
    return starts, np.r_[starts[1:], rows].astype(np.int64)


def count_quotes(
    quotes: pa.Table,
    trade_date: dt.date | Ints,
    spec: QualitySpec,
    *,
    bounds: tuple[Ints, Ints] | None = None,
    count: Callable[..., Any] | None = None,
) -> QuoteCounts:
    """Count the quotes of every snapshot.

    Parameters
    ----------
    quotes
        ``QUOTE_SCHEMA``, one underlying, snapshots one after another.
    trade_date
        The session, or the day number of each snapshot's.
    bounds
        Starts and stops of the snapshots; found from ``snapshot_id`` where not given.
    count
        ``quote_kernel.count_rows``, as it is or compiled; chosen by the number of rows where not given.
    """
    starts, stops = snapshot_bounds(quotes) if bounds is None else bounds
    if isinstance(trade_date, dt.date):
        trade_day = np.full(len(starts), (trade_date - dt.date(1970, 1, 1)).days, dtype=np.int64)
    else:
        trade_day = trade_date
    coin = _coin(quotes)
    rights = _dictionary(quotes, "right")
    if count is None and quotes.num_rows >= KERNEL_ROWS and _countable(quotes, rights, coin):
        count = compiled()
    if count is None:
        return QuoteCounts(starts, stops, _counted(quotes, starts, stops, trade_day, spec))
    found = np.zeros((len(starts), len(COUNTERS)), dtype=np.int64)
    sides = [(_values(quotes, name), _validity(quotes, name)) for name in ("bid", "ask", "spot")]
    columns = [_values(quotes, name) for name in ("strike", "expiry", "last_trade_date", "right")]
    root, coin_value = _values(quotes, "root"), _coin_value(quotes) if coin else sides[2][0]
    put_code = rights.index("P") if "P" in rights else -1

    def part(first: int, last: int) -> None:
        here = slice(first, last)
        count(
            starts[here],
            stops[here],
            *(array for side in sides for array in side),
            *columns,
            put_code,
            root,
            trade_day[here],
            spec.wide_relative_spread,
            bool(coin),
            coin_value,
            found[here],
        )

    # the compiled loop lets go of the interpreter: each thread takes some of the snapshots
    threads = min(_MAX_THREADS, os.cpu_count() or 1, max(1, quotes.num_rows // _ROWS_A_THREAD), len(starts))
    if threads <= 1:
        part(0, len(starts))
    else:
        cuts = [len(starts) * n // threads for n in range(threads + 1)]
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(part, cuts[:-1], cuts[1:]))
    return QuoteCounts(starts, stops, found)


def _countable(quotes: pa.Table, rights: list[str], coin: bool | None) -> bool:
    """Whether the compiled loop may read the columns as they are."""
    complete = all(
        quotes.column(n).null_count == 0
        for n in ("strike", "expiry", "last_trade_date", "right", "root", "ts")
    )
    return complete and coin is not None and sorted(rights) in (["C"], ["P"], ["C", "P"])


def _dictionary(quotes: pa.Table, name: str) -> list[str]:
    """The values that the column's codes stand for."""
    column = quotes.column(name)
    if column.num_chunks == 0:
        return []
    column = column.unify_dictionaries()
    return [value or "" for value in column.chunk(0).dictionary.to_pylist()]


def _coin(quotes: pa.Table) -> bool | None:
    """Whether all rows are priced in a coin; None where some are."""
    currencies, times = _dictionary(quotes, "quote_currency"), _dictionary(quotes, "settlement_time")
    if set(currencies) <= {"USD"} or "08UTC" not in times:
        return False
    mask = coin_rows(quotes)
    if not mask.any():
        return False
    return True if mask.all() else None


def coin_rows(quotes: pa.Table) -> Bools:
    """Rows priced in a coin: no dollars, and the venue's own expiry instant tells coins from other money."""
    currency, currencies = codes(quotes, "quote_currency")
    time, times = codes(quotes, "settlement_time")
    foreign = np.array([c != "USD" for c in currencies] + [True])
    at_venue = np.array([t == "08UTC" for t in times] + [False])
    if not foreign[:-1].any() or not at_venue.any():
        return np.zeros(len(currency), dtype=np.bool_)
    mask: Bools = foreign[currency] & at_venue[time]
    return mask


def _coin_value(quotes: pa.Table) -> Floats:
    """Dollars of one coin: the venue's forward, or spot where it sends none; NaN where neither is usable."""
    spot, forward = floats(quotes, "spot"), floats(quotes, "vendor_forward")
    return np.where(np.isnan(forward), np.where(spot > 0, spot, np.nan), forward)


def _one_chunk(quotes: pa.Table, name: str) -> pa.Array:
    column = quotes.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return array.indices if pa.types.is_dictionary(array.type) else array


def _values(quotes: pa.Table, name: str) -> np.ndarray:
    """The column's buffer; what stands where a value is null means nothing."""
    array = _one_chunk(quotes, name)
    kind = {"double": np.float64, "int32": np.int32, "date32[day]": np.int32}[str(array.type)]
    return np.frombuffer(array.buffers()[1], dtype=kind, count=array.offset + len(array))[array.offset :]


def _validity(quotes: pa.Table, name: str) -> np.ndarray:
    array = _one_chunk(quotes, name)
    if array.null_count == 0:
        return np.zeros(0, dtype=np.uint8)
    bits = np.frombuffer(array.buffers()[0], dtype=np.uint8)
    if array.offset == 0:
        return bits
    whole = np.unpackbits(bits, bitorder="little", count=array.offset + len(array))
    return np.packbits(whole[array.offset :], bitorder="little")


def _counted(quotes: pa.Table, starts: Ints, stops: Ints, trade_day: Ints, spec: QualitySpec) -> np.ndarray:
    """The same counters by numpy, for any table."""
    found = np.zeros((len(starts), len(COUNTERS)), dtype=np.int64)
    rows = quotes.num_rows
    if rows == 0:
        return found
    bid, ask, spot, strike = (floats(quotes, n) for n in ("bid", "ask", "spot", "strike"))
    expiry, last_trade = days(quotes, "expiry"), days(quotes, "last_trade_date")
    right, names = codes(quotes, "right")
    kinds = np.array([{"C": CALL, "P": PUT}.get(n, _UNKNOWN_RIGHT) for n in names] + [_UNKNOWN_RIGHT])
    kind = kinds[right]
    no_bid, no_ask = np.isnan(bid), np.isnan(ask)
    day = np.repeat(trade_day, stops - starts)
    nan = np.zeros(rows, dtype=np.int64)
    for name, values in (("bid", bid), ("ask", ask), ("spot", spot), ("strike", strike)):
        nan += np.isinf(values)
        nan += nan_given(quotes, name)
    with np.errstate(invalid="ignore", divide="ignore"):
        good_spot = np.where(spot > 0, spot, np.nan)
        most = np.where(kind == PUT, strike, np.where(kind == CALL, good_spot, np.nan))
        coin = coin_rows(quotes)
        if coin.any():
            value = _coin_value(quotes)
            absurd = np.where(
                coin, np.where(kind == PUT, bid * value > strike, (kind == CALL) & (bid > 1.0)), bid > most
            )
            widest = np.where(coin, np.where(kind == PUT, strike / value, 1.0), most)
        else:
            absurd, widest = bid > most, most
        masks = {
            "no_bid": no_bid,
            "no_ask": no_ask,
            "no_quote": no_bid & no_ask,
            "no_spot": np.isnan(spot),
            "crossed": bid > ask,
            "locked": bid == ask,
            "wide": is_wide(bid, ask, spec),
            "absurdly_wide": (ask - bid) > widest,
            "zero_quote": (bid == 0) | (ask == 0),
            "negative_quote": (bid < 0) | (ask < 0),
            "not_a_number": nan,
            "zero_strike": strike <= 0,
            "bad_spot": spot <= 0,
            "expired": ((expiry != MISSING_DAYS) & (expiry < day))
            | ((last_trade != MISSING_DAYS) & (last_trade < day)),
            "absurd_price": absurd,
            "unsorted": _unsorted(starts, expiry, kind, strike),
        }
    for name, mask in masks.items():
        found[:, COUNTERS.index(name)] = np.add.reduceat(mask.astype(np.int64), starts)
    code = contract_codes([quotes], with_ts=True)[0]
    for n, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        keyed = code[start:stop][code[start:stop] >= 0]
        found[n, COUNTERS.index("rows")] = stop - start
        distinct = len(keyed) if rising(keyed) else len(np.unique(keyed))
        found[n, COUNTERS.index("duplicates")] = len(keyed) - distinct
        found[n, COUNTERS.index("expiries")] = len(np.unique(expiry[start:stop]))
    return found


def nan_given(quotes: pa.Table, name: str) -> Bools:
    """NaN that is no null."""
    nan: Bools = np.isnan(floats(quotes, name))
    if quotes.column(name).null_count:
        nan &= ~np.asarray(_one_chunk(quotes, name).is_null())
    return nan


def _unsorted(starts: Ints, expiry: Ints, kind: Ints, strike: Floats) -> Bools:
    """Rows that stand behind one of a later expiry, right or strike of the same snapshot."""
    later = np.zeros(len(expiry), dtype=np.bool_)
    same_expiry, same_right = expiry[1:] == expiry[:-1], kind[1:] == kind[:-1]
    later[1:] = (expiry[1:] < expiry[:-1]) | (
        same_expiry & ((kind[1:] < kind[:-1]) | (same_right & (strike[1:] < strike[:-1])))
    )
    later[starts] = False
    return later
