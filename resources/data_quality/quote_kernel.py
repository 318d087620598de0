"""One pass over the sorted columns of many quotes: counters per snapshot, compiled.

The loop reads Arrow's own buffers (values and validity bits), so that counting copies nothing. It is compiled
by numba when first called and kept in numba's cache; ``quote_counts`` decides when that pays.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

#: in the order of the columns of the result
COUNTERS = (
    "rows",
    "no_bid",
    "no_ask",
    "no_quote",
    "no_spot",
    "crossed",
    "locked",
    "wide",
    "absurdly_wide",
    "zero_quote",
    "negative_quote",
    "not_a_number",
    "zero_strike",
    "bad_spot",
    "expired",
    "absurd_price",
    "duplicates",
    "unsorted",
    "expiries",
)
CALL, PUT = 0, 1


def count_rows(
    starts: np.ndarray,
    stops: np.ndarray,
    bid: np.ndarray,
    bid_valid: np.ndarray,
    ask: np.ndarray,
    ask_valid: np.ndarray,
    spot: np.ndarray,
    spot_valid: np.ndarray,
    strike: np.ndarray,
    expiry: np.ndarray,
    last_trade: np.ndarray,
    right: np.ndarray,
    put_code: int,
    root: np.ndarray,
    trade_day: np.ndarray,
    wide_relative_spread: float,
    coin: bool,
    coin_value: np.ndarray,
    found: np.ndarray,
) -> None:
    """Fill ``found`` (int64, snapshots x len(COUNTERS)); every row of a snapshot shares one ``ts``.

    A validity array is Arrow's bitmap of the column from its first row on, empty where nothing is null.
    ``coin_value`` is the worth of one coin, NaN where unknown; read where ``coin``. ``right`` is ``put_code``
    for puts, and calls are all others; ``trade_day`` is one day number per snapshot.

    The inner loops have neither branches nor indices but their own counter, so that they become vector
    instructions: what is missing is selected, not skipped.
    """
    longest = 0
    for n in range(starts.size):
        longest = max(longest, stops[n] - starts[n])
    has = np.ones((3, longest), dtype=np.bool_)
    for n in range(starts.size):
        first, last = starts[n], stops[n]
        rows = last - first
        row = found[n]
        row[0] = rows
        if rows == 0:
            continue
        unpack_bits(bid_valid, first, last, has[0])
        unpack_bits(ask_valid, first, last, has[1])
        unpack_bits(spot_valid, first, last, has[2])
        count_quotes_of(
            bid[first:last],
            ask[first:last],
            spot[first:last],
            strike[first:last],
            right[first:last],
            has[0],
            has[1],
            has[2],
            put_code,
            wide_relative_spread,
            row,
        )
        if coin:
            count_coin(
                bid[first:last],
                ask[first:last],
                strike[first:last],
                right[first:last],
                has[0],
                has[1],
                put_code,
                coin_value[first:last],
                row,
            )
        count_order(
            expiry[first:last],
            last_trade[first:last],
            strike[first:last],
            right[first:last],
            root[first:last],
            put_code,
            trade_day[n],
            row,
        )


def unpack_bits(bits: np.ndarray, first: int, last: int, has: np.ndarray) -> None:
    """Validity bits of rows ``first`` to ``last`` as booleans; untouched where the bitmap is empty."""
    if bits.size == 0:
        return
    for i in range(last - first):
        position = first + i
        has[i] = (bits[position >> 3] >> (position & 7)) & 1


def count_quotes_of(
    bid: np.ndarray,
    ask: np.ndarray,
    spot: np.ndarray,
    strike: np.ndarray,
    right: np.ndarray,
    given_bid: np.ndarray,
    given_ask: np.ndarray,
    given_spot: np.ndarray,
    put_code: int,
    wide_relative_spread: float,
    row: np.ndarray,
) -> None:
    """The counters of quotes, strikes and spots of one snapshot, prices taken as dollars."""
    no_bid = no_ask = no_quote = no_spot = crossed = locked = wide = absurdly_wide = 0
    zero = negative = nan = zero_strike = bad_spot = absurd = 0
    for i in range(bid.size):
        b, a, s, k = bid[i], ask[i], spot[i], strike[i]
        # NaN is as missing as null, and a defect besides; a NaN or an infinite number less itself is not 0
        has_bid, has_ask = given_bid[i] & (b == b), given_ask[i] & (a == a)
        has_spot = given_spot[i] & (s == s)
        both = has_bid & has_ask
        is_put = right[i] == put_code
        good_spot = has_spot & (s > 0.0)
        most = k if is_put else s
        bounded = is_put | good_spot
        spread = a - b
        no_bid += not has_bid
        no_ask += not has_ask
        no_quote += not (has_bid | has_ask)
        no_spot += not has_spot
        nan += given_bid[i] & (b - b != 0.0)
        nan += given_ask[i] & (a - a != 0.0)
        nan += given_spot[i] & (s - s != 0.0)
        nan += k - k != 0.0
        zero += (has_bid & (b == 0.0)) | (has_ask & (a == 0.0))
        negative += (has_bid & (b < 0.0)) | (has_ask & (a < 0.0))
        zero_strike += k <= 0.0
        bad_spot += has_spot & (s <= 0.0)
        absurd += has_bid & bounded & (b > most)
        crossed += both & (b > a)
        locked += both & (a == b)
        wide += both & (spread > wide_relative_spread * 0.5 * (a + b))
        absurdly_wide += both & bounded & (spread > most)
    row[1], row[2], row[3], row[4] = no_bid, no_ask, no_quote, no_spot
    row[5], row[6], row[7], row[8] = crossed, locked, wide, absurdly_wide
    row[9], row[10], row[11], row[12] = zero, negative, nan, zero_strike
    row[13], row[15] = bad_spot, absurd


def count_coin(
    bid: np.ndarray,
    ask: np.ndarray,
    strike: np.ndarray,
    right: np.ndarray,
    given_bid: np.ndarray,
    given_ask: np.ndarray,
    put_code: int,
    coin_value: np.ndarray,
    row: np.ndarray,
) -> None:
    """The bounds again, of premiums paid in the coin."""
    absurd = absurdly_wide = 0
    for i in range(bid.size):
        b, a = bid[i], ask[i]
        has_bid, has_ask = given_bid[i] & (b == b), given_ask[i] & (a == a)
        is_put = right[i] == put_code
        absurd += has_bid & ((is_put & (b * coin_value[i] > strike[i])) | (~is_put & (b > 1.0)))
        most = strike[i] / coin_value[i] if is_put else 1.0
        absurdly_wide += has_bid & has_ask & (a - b > most)
    row[15], row[8] = absurd, absurdly_wide


def count_order(
    expiry: np.ndarray,
    last_trade: np.ndarray,
    strike: np.ndarray,
    right: np.ndarray,
    root: np.ndarray,
    put_code: int,
    day: int,
    row: np.ndarray,
) -> None:
    """Expired rows, rows out of order, expiries, and contracts that are there twice."""
    expired = unsorted = alike = 0
    changes = 1
    for i in range(expiry.size):
        expired += (expiry[i] < day) | (last_trade[i] < day)
    later_expiry, later_strike, later_right = expiry[1:], strike[1:], right[1:]
    for i in range(later_expiry.size):
        e, f = expiry[i], later_expiry[i]
        p, q = right[i] == put_code, later_right[i] == put_code
        k, m = strike[i], later_strike[i]
        same_right = p == q
        changes += e != f
        alike += (e == f) & same_right & (k == m)
        unsorted += (f < e) | ((f == e) & ((p & ~q) | (same_right & (m < k))))
    duplicates = 0
    if alike:
        # roots that share expiry, right and strike stand in a row: look back over all of them
        for i in range(1, expiry.size):
            j = i - 1
            while (
                j >= 0
                and expiry[j] == expiry[i]
                and (right[j] == put_code) == (right[i] == put_code)
                and strike[j] == strike[i]
            ):
                if root[j] == root[i]:
                    duplicates += 1
                    break
                j -= 1
    row[14], row[16], row[17], row[18] = expired, duplicates, unsorted, changes


@cache
def compiled() -> Callable[..., Any]:
    """``count_rows`` as machine code, which releases the interpreter lock while it runs."""
    from numba import njit
    from numba.extending import register_jitable

    for part in (unpack_bits, count_quotes_of, count_coin, count_order):
        register_jitable(part)
    return njit(cache=True, nogil=True, error_model="numpy")(count_rows)  # type: ignore[no-any-return]
