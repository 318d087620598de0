"""What a strategy sees: the market as it was known at one decision, and nothing later."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.corporate_actions.events import CorporateAction
from engine.corporate_actions.price_series import AdjustedPrices, back_adjusted
from engine.market.frozen import frozen
from engine.market.history import ChainHistory
from engine.market.underlying import UnderlyingHistory

Array = NDArray[Any]

#: Columns that strategies get. Symbol codes are not among them: they point into the list of all symbols of
#: the history, which would tell which contracts are listed later.
VIEW_COLUMNS = (
    "contract_id",
    "root",
    "expiry_days",
    "last_trade_days",
    "settles_us",
    "right",
    "strike",
    "multiplier",
    "standard",
    "bid",
    "ask",
    "bid_size",
    "ask_size",
    "forward",
    "iv",
    "delta",
    "gamma",
    "vega_per_vol_point",
    "theta_per_day",
    "quote_age_seconds",
    "grade",
)


@dataclass(frozen=True, slots=True)
class SnapshotQuotes:
    """The quotes of one snapshot, sorted by expiry, right, strike; every array of shape (rows,).

    The arrays are immutable copies (see ``engine.market.frozen``). ``root_codes`` maps the names of the roots
    in this snapshot to the codes in ``root``. ``standard`` is False for contracts whose deliverable a corporate
    action has changed (AAPL1): they trade thinly and their strikes mean something else. Units are those of the
    option_chain layer.
    """

    contract_id: Array
    root: Array
    expiry_days: Array
    last_trade_days: Array
    settles_us: Array
    right: Array
    strike: Array
    multiplier: Array
    standard: Array
    bid: Array
    ask: Array
    bid_size: Array
    ask_size: Array
    forward: Array
    iv: Array
    delta: Array
    gamma: Array
    vega_per_vol_point: Array
    theta_per_day: Array
    quote_age_seconds: Array
    grade: Array
    root_codes: dict[str, int]

    def __len__(self) -> int:
        return len(self.contract_id)


@dataclass(frozen=True, slots=True)
class MarketView:
    """The market as known at ``decision_us``.

    Attributes
    ----------
    ts_us, trade_day
        Time of the snapshot and its session (days since 1970-01-01).
    spot
        Median spot of the snapshot; NaN if the source has none.
    quotes
        Rows of the snapshot with ``known_at_us <= decision_us``.
    underlying
        Daily rows known by then (a session's own row usually comes later).
    actions
        Corporate actions known by then, past and announced.
    """

    ts_us: int
    decision_us: int
    trade_day: int
    spot: float
    quotes: SnapshotQuotes
    underlying: UnderlyingHistory
    actions: tuple[CorporateAction, ...]

    def adjusted_underlying(self, underlying: str, *, total_return: bool = False) -> AdjustedPrices:
        """The known daily rows on the share basis of this session; see ``back_adjusted``."""
        return back_adjusted(
            self.underlying,
            self.actions,
            underlying,
            as_of_days=self.trade_day,
            as_of_us=self.decision_us,
            total_return=total_return,
        )


def snapshot_quotes(chain: ChainHistory, snapshot: int) -> SnapshotQuotes:
    """Copy the rows of one snapshot that are known at its decision time."""
    a, b = int(chain.offsets[snapshot]), int(chain.offsets[snapshot + 1])
    columns = chain.columns
    known = columns["known_at_us"][a:b] <= chain.decision_us[snapshot]
    rows: slice | Array = slice(a, b) if known.all() else a + np.flatnonzero(known)
    arrays = {name: frozen(columns[name][rows]) for name in VIEW_COLUMNS}
    present = np.flatnonzero(np.bincount(arrays["root"]))
    return SnapshotQuotes(**arrays, root_codes={chain.roots[int(code)]: int(code) for code in present})
