"""The conventions of CBOE's delayed quotes, whoever saved them and in whichever format.

0 stands for no bid or ask, no size and no last trade; implied volatility is a decimal, 0 where unsolved; vega per
vol point, theta per calendar day; ``last_trade_time`` is New York wall time. ``theo`` is the vendor's model value,
no mark of a venue, and stays in the raw file. See cboe.com/delayed_quotes.
"""

from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from resources.providers.quote_table import QuoteRows, price
from resources.providers.vendor_clock import utc_of_wall_times

VENDOR_ZONE = ZoneInfo("America/New_York")
#: the vendor's columns that are numbers and are used
NUMBERS = (
    *("bid", "bid_size", "ask", "ask_size", "last_trade_price", "volume", "open_interest", "iv"),
    *("delta", "gamma", "vega", "theta"),
)


class VendorRows(Protocol):
    """Typed rows with the vendor's column names: ``NUMBERS`` and ``last_trade_time``."""

    def __len__(self) -> int: ...
    def column(self, name: str) -> pa.Array: ...


def quote_rows(
    rows: VendorRows,
    *,
    symbols: pa.Array,
    roots: pa.Array,
    rights: pa.Array,
    expiry_days: NDArray[np.int32],
    strikes: NDArray[np.float64],
    ts_us: NDArray[np.int64],
    spot: float | None,
) -> QuoteRows:
    """One snapshot of the vendor's rows under canonical names."""
    n = len(rows)
    return QuoteRows(
        roots=roots,
        symbols=symbols,
        rights=rights,
        expiry_days=expiry_days,
        strikes=strikes,
        ts_us=ts_us,
        snapshot_ids=np.zeros(n, dtype=np.int32),
        values={
            "last_trade_ts": utc_of_wall_times(rows.column("last_trade_time"), VENDOR_ZONE),
            "bid": price(rows.column("bid")),
            "ask": price(rows.column("ask")),
            "last": price(rows.column("last_trade_price")),
            "bid_size": price(rows.column("bid_size")),
            "ask_size": price(rows.column("ask_size")),
            "volume": rows.column("volume"),
            "open_interest": rows.column("open_interest"),
            "spot": pa.nulls(n, pa.float64()) if spot is None else pa.array(np.full(n, spot)),
            "vendor_iv": price(rows.column("iv")),
            **{f"vendor_{name}": rows.column(name) for name in ("delta", "gamma", "vega", "theta")},
        },
    )
