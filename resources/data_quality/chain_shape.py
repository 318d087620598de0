"""A table's quotes as option ladders with their forwards: what the checks of prices against each other read."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from engine.calendars import year_fraction
from engine.pricing.forward import ForwardMethod, fit_forward, inverse_forward
from resources.data_quality.columns import Bools, Floats, Ints, codes, days, floats, instants_us, labels_equal
from resources.data_quality.quote_counts import coin_rows
from resources.data_quality.quoted_smile import QuotedSmile, quoted_smile

_FITTED = (ForwardMethod.PARITY_OLS, ForwardMethod.PARITY_ROBUST)
_FROM_PAIRS = (*_FITTED, ForwardMethod.PARITY_MEDIAN, ForwardMethod.PARITY_MEDIAN_ZERO_RATE)
#: pairs below which a forward is not believed
_MIN_PAIRS = 4
#: where no discount could be fitted, yearly rates between 0 and this are possible
HIGHEST_RATE = 0.08


@dataclass(frozen=True)
class ChainShape:
    """Rows in order of snapshot, root, expiry, right, strike; arrays of one length, NaN for what is unknown.

    Attributes
    ----------
    row
        Position in the table given.
    snapshot
        Which snapshot of the table, from 0.
    group
        Number of the row's snapshot, root and expiry.
    coin
        Whether premiums are paid in the coin; then ``unit`` is the dollars of one coin, else 1.
    forward, discount
        Of the row's group; NaN where too few pairs gave none.
    slack
        Share of the distance to the forward by which parity may be off, because the discount is a guess.
    call, put
        Positions of the two sides of each strike that has both.
    """

    row: Ints
    snapshot: Ints
    group: Ints
    root: Ints
    expiry: Ints
    put_right: Bools
    american: Bools
    strike: Floats
    bid: Floats
    ask: Floats
    spot: Floats
    unit: Floats
    years: Floats
    coin: bool
    forward: Floats
    discount: Floats
    slack: Floats
    call: Ints
    put: Ints

    @property
    def highest_discounting(self) -> Floats:
        """What the highest possible rate takes off a payment at the row's expiry, as a share of it."""
        return 1.0 - np.exp(-HIGHEST_RATE * np.maximum(self.years, 0.0))

    @cached_property
    def mid(self) -> Floats:
        """NaN unless both sides are there."""
        return 0.5 * (self.bid + self.ask)

    @cached_property
    def smile(self) -> QuotedSmile:
        """Its quoted volatilities, made when first asked for: by the checks of this session and of the next."""
        return quoted_smile(self)

    def same(self, first: slice, second: slice) -> Bools:
        """Where two rows belong to one ladder: same group and right."""
        found: Bools = (self.group[first] == self.group[second]) & (
            self.put_right[first] == self.put_right[second]
        )
        return found


def chain_shape(quotes: pa.Table) -> ChainShape | None:
    """The ladders of a clean table; None where it is empty, or priced partly in coins."""
    if not quotes.num_rows:
        return None
    coin_mask = coin_rows(quotes)
    if coin_mask.any() and not coin_mask.all():
        return None
    coin = bool(coin_mask.any())
    ids = quotes.column("snapshot_id").to_numpy()
    snapshot = np.r_[0, np.cumsum(np.diff(ids) != 0)].astype(np.int64)
    root, expiry, strike = codes(quotes, "root")[0], days(quotes, "expiry"), floats(quotes, "strike")
    put_right = labels_equal(quotes, "right", "P")
    row = np.lexsort((strike, put_right, expiry, root, snapshot))
    key = np.stack([snapshot[row], root[row], expiry[row]])
    group = np.r_[0, np.cumsum((np.diff(key, axis=1) != 0).any(axis=0))].astype(np.int64)
    bid, ask, spot = (floats(quotes, name)[row] for name in ("bid", "ask", "spot"))
    vendor_forward = floats(quotes, "vendor_forward")[row]
    unit = np.ones(len(row))
    if coin:
        unit = np.where(np.isnan(vendor_forward), spot, vendor_forward)
    years = year_fraction(instants_us(quotes, "ts")[row], instants_us(quotes, "settles_at")[row])
    strike, put_right = strike[row], put_right[row]
    call, put = _pairs(group, strike, put_right)
    forward, discount, slack = _forwards(
        group, strike, bid, ask, spot, vendor_forward, years, call, put, coin=coin
    )
    return ChainShape(
        row=row,
        snapshot=snapshot[row],
        group=group,
        root=root[row],
        expiry=expiry[row],
        put_right=put_right,
        american=labels_equal(quotes, "style", "A")[row],
        strike=strike,
        bid=bid,
        ask=ask,
        spot=spot,
        unit=unit,
        years=years,
        coin=coin,
        forward=forward,
        discount=discount,
        slack=slack,
        call=call,
        put=put,
    )


class Reference:
    """The last snapshot of a session, as the next one is compared with it."""

    def __init__(self, quotes: pa.Table, shape: ChainShape | None = None) -> None:
        self.quotes = quotes
        if shape is not None:
            self.shape = shape

    @cached_property
    def shape(self) -> ChainShape | None:
        """Its ladders, made when first asked for."""
        return chain_shape(self.quotes)


def _pairs(group: Ints, strike: Floats, put_right: Bools) -> tuple[Ints, Ints]:
    """Positions of call and put of each group and strike, in order of group."""
    order = np.lexsort((put_right, strike, group))
    first, second = order[:-1], order[1:]
    paired = (
        (group[first] == group[second])
        & (strike[first] == strike[second])
        & ~put_right[first]
        & put_right[second]
    )
    return first[paired], second[paired]


def _forwards(
    group: Ints,
    strike: Floats,
    bid: Floats,
    ask: Floats,
    spot: Floats,
    vendor_forward: Floats,
    years: Floats,
    call: Ints,
    put: Ints,
    *,
    coin: bool,
) -> tuple[Floats, Floats, Floats]:
    """Forward, discount and slack of every row, from the pairs of its group that are quoted on all sides."""
    groups = int(group[-1]) + 1
    firm = (bid[call] > 0) & (ask[call] >= bid[call]) & (bid[put] > 0) & (ask[put] >= bid[put])
    call, put = call[firm], put[firm]
    difference = 0.5 * (bid[call] + ask[call] - bid[put] - ask[put])
    bounds = np.searchsorted(group[call], np.arange(groups + 1))
    starts = np.searchsorted(group, np.arange(groups + 1))
    found = np.full((3, groups), np.nan)
    for g in range(groups):
        pairs = slice(bounds[g], bounds[g + 1])
        if bounds[g + 1] - bounds[g] < _MIN_PAIRS or not years[starts[g]] > 0:
            continue
        at, time = float(spot[starts[g]]), float(years[starts[g]])
        if coin:
            venue = float(np.median(vendor_forward[starts[g] : starts[g + 1]]))
            fit = inverse_forward(strike[call[pairs]], difference[pairs], vendor_forward=venue, spot=at)
            found[:, g] = fit.forward, 1.0, 0.0
            continue
        fit = fit_forward(strike[call[pairs]], difference[pairs], spot=at, year_fraction=time, rate=None)
        if fit.method in _FROM_PAIRS and fit.pairs >= _MIN_PAIRS:
            slack = 0.0 if fit.method in _FITTED else 1.0 - np.exp(-HIGHEST_RATE * time)
            found[:, g] = fit.forward, fit.discount, slack
    forward, discount, slack = found[:, group]
    return forward, discount, slack
