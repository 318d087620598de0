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
    right_kind: np.ndarray,
    root: np.ndarray,
    trade_day: np.ndarray,
    wide_relative_spread: float,
    coin: bool,
    coin_value: np.ndarray,
    found: np.ndarray,
) -> None:
    """Fill ``found`` (int64, snapshots x len(COUNTERS)); every row of a snapshot shares one ``ts``.

    A validity array is Arrow's bitmap of the column from its first row on, empty where nothing is null.
    ``coin_value`` is the worth of one coin, NaN where unknown; read where ``coin``. ``right_kind`` turns codes
    of ``right`` into CALL and PUT; ``trade_day`` is one day number per snapshot.
    Rows with an unknown right are never handed in (``quote_counts`` sees to that).
    """
    for snapshot in range(starts.size):
        no_bid = no_ask = no_quote = no_spot = crossed = locked = wide = absurdly_wide = 0
        zero = negative = nan = zero_strike = bad_spot = expired = absurd = duplicates = unsorted = 0
        expiries = 0
        first, last = starts[snapshot], stops[snapshot]
        day = trade_day[snapshot]
        for i in range(first, last):
            given_bid = bid_valid.size == 0 or (bid_valid[i >> 3] >> (i & 7)) & 1 == 1
            given_ask = ask_valid.size == 0 or (ask_valid[i >> 3] >> (i & 7)) & 1 == 1
            given_spot = spot_valid.size == 0 or (spot_valid[i >> 3] >> (i & 7)) & 1 == 1
            b, a, s, k = bid[i], ask[i], spot[i], strike[i]
            # NaN is as missing as null, and a defect besides
            has_bid, has_ask, has_spot = given_bid and b == b, given_ask and a == a, given_spot and s == s
            is_put = right_kind[right[i]] == PUT
            no_bid += not has_bid
            no_ask += not has_ask
            no_quote += (not has_bid) and (not has_ask)
            no_spot += not has_spot
            # a NaN or an infinite number less itself is not 0
            nan += given_bid and b - b != 0.0
            nan += given_ask and a - a != 0.0
            nan += given_spot and s - s != 0.0
            nan += k - k != 0.0
            zero += (has_bid and b == 0.0) or (has_ask and a == 0.0)
            negative += (has_bid and b < 0.0) or (has_ask and a < 0.0)
            zero_strike += k <= 0.0
            bad_spot += has_spot and s <= 0.0
            expired += expiry[i] < day or last_trade[i] < day
            most = k if is_put else s
            bounded = is_put or (has_spot and s > 0.0)
            if has_bid:
                if coin:
                    absurd += b * coin_value[i] > k if is_put else b > 1.0
                else:
                    absurd += bounded and b > most
                if has_ask:
                    spread = a - b
                    crossed += spread < 0.0
                    locked += a == b
                    wide += spread > wide_relative_spread * 0.5 * (a + b)
                    if coin:
                        absurdly_wide += spread > 1.0
                    else:
                        absurdly_wide += bounded and spread > most
            if i == first:
                expiries += 1
                continue
            j = i - 1
            before, now = right_kind[right[j]], right_kind[right[i]]
            expiries += expiry[i] != expiry[j]
            if expiry[i] == expiry[j] and before == now and k == strike[j]:
                # roots that share expiry, right and strike stand in a row: look back over all of them
                while (
                    j >= first and expiry[j] == expiry[i] and right_kind[right[j]] == now and strike[j] == k
                ):
                    if root[j] == root[i]:
                        duplicates += 1
                        break
                    j -= 1
            elif expiry[i] < expiry[j] or (
                expiry[i] == expiry[j] and (now < before or (now == before and k < strike[j]))
            ):
                unsorted += 1
        row = found[snapshot]
        row[0] = last - first
        row[1], row[2], row[3], row[4] = no_bid, no_ask, no_quote, no_spot
        row[5], row[6], row[7], row[8] = crossed, locked, wide, absurdly_wide
        row[9], row[10], row[11], row[12] = zero, negative, nan, zero_strike
        row[13], row[14], row[15], row[16] = bad_spot, expired, absurd, duplicates
        row[17], row[18] = unsorted, expiries


@cache
def compiled() -> Callable[..., Any]:
    """``count_rows`` as machine code, which releases the interpreter lock while it runs."""
    from numba import njit

    return njit(cache=True, nogil=True, error_model="numpy")(count_rows)  # type: ignore[no-any-return]
