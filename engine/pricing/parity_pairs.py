"""The roots and expiries of a chain, and the strikes of each that have both a call and a put."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.pricing.arguments import Floats
from engine.pricing.chain_columns import ChainInputs
from engine.pricing.rate_curve import RateCurve

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ParityPairs:
    """g roots and expiries with m pairs among n rows.

    Attributes
    ----------
    group : int64[n]
        Which root and expiry each row has.
    first_row : int64[g]
    call, put : int64[m]
        Rows of the pairs, by group and strike; both sides have a bid and an ask that is not below it.
    bounds : int64[g + 1]
        The pairs of group i stand from ``bounds[i]`` to ``bounds[i + 1]``.
    years, spot, vendor_forward, rate : float64[g]
        Time to settlement; medians of what is known, NaN where nothing is; the curve's zero rate, NaN without a curve.
    american : bool[g]
    """

    group: Rows
    first_row: Rows
    call: Rows
    put: Rows
    bounds: Rows
    years: Floats
    spot: Floats
    vendor_forward: Floats
    rate: Floats
    american: NDArray[np.bool_]


def parity_pairs(chain: ChainInputs, years: Floats) -> ParityPairs:
    """Of one chain; ``years`` are its rows' times to settlement."""
    keys = (chain.root_code.astype(np.int64) << 32) + chain.expiry_days.astype(np.int64)
    groups, first_row, group = np.unique(keys, return_index=True, return_inverse=True)
    quoted = np.flatnonzero((chain.bid > 0) & (chain.ask >= chain.bid))
    order = quoted[
        np.lexsort((chain.right[quoted], chain.strike[quoted], group[quoted]))
    ]  # a call and the put of its strike stand side by side
    call, put = order[:-1], order[1:]
    paired = (
        (group[call] == group[put])
        & (chain.strike[call] == chain.strike[put])
        & (chain.right[call] == 0)
        & (chain.right[put] == 1)
    )
    call, put = call[paired], put[paired]
    curve = RateCurve(
        np.asarray(chain.curve_tenor_days, dtype=np.float64), np.asarray(chain.curve_rate, dtype=np.float64)
    )
    times = years[first_row]
    return ParityPairs(
        group=group,
        first_row=first_row,
        call=call,
        put=put,
        bounds=np.searchsorted(group[call], np.arange(groups.size + 1)),
        years=times,
        spot=_medians(chain.spot, group, groups.size),
        vendor_forward=_medians(chain.vendor_forward, group, groups.size),
        rate=np.array([np.nan if (r := curve.rate_at(float(t))) is None else r for t in times]),
        american=chain.american[first_row],
    )


def _medians(values: Floats, group: Rows, groups: int) -> Floats:
    """Median of the known values of each group; NaN where none is known."""
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.lexsort((values[known], group[known]))]
    bounds = np.searchsorted(group[order], np.arange(groups + 1))
    count = np.diff(bounds)
    some = count > 0
    middle = np.full(groups, np.nan)
    low, high = bounds[:-1][some] + (count[some] - 1) // 2, bounds[:-1][some] + count[some] // 2
    middle[some] = 0.5 * (values[order[low]] + values[order[high]])
    return middle
