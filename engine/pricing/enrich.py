"""One chain at one instant: forwards, implied volatilities and Greeks of every quote."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.calendars import year_fraction
from engine.pricing.arguments import Floats
from engine.pricing.black import price_loop
from engine.pricing.chain_columns import MODEL_COIN, MODEL_DOLLAR, ChainInputs, ChainOutputs
from engine.pricing.forward import ForwardFits, fit_forwards, inverse_forwards
from engine.pricing.greeks import greek_loop, implied_rates
from engine.pricing.implied_volatility import solve
from engine.pricing.rate_curve import RateCurve

#: rows below which sharing them among threads costs more than it saves
_ROWS_PER_THREAD = 20_000


def enrich_chain(chain: ChainInputs, *, threads: int = 1) -> ChainOutputs:
    """Forward, discount, implied volatility and Greeks of every quote of a chain.

    Every option is valued as European; American ones are not told apart yet, which ``model`` says.

    Parameters
    ----------
    threads : int
        Long chains are shared among so many; what comes out does not depend on it.
    """
    n = chain.strike.size
    years = year_fraction(chain.ts_us, chain.settles_us)
    mid = 0.5 * (chain.bid + chain.ask)
    fits, group_of_row = _fit_groups(chain, years, mid)
    forward, discount = fits.forward[group_of_row], fits.discount[group_of_row]
    right, strike = np.ascontiguousarray(chain.right, dtype=np.int8), np.ascontiguousarray(chain.strike)
    spot = forward if chain.coin_settled else np.ascontiguousarray(chain.spot)
    spot = np.where((spot > 0.0) & (spot < np.inf), spot, np.nan)
    rate, carry = implied_rates(spot, forward, discount, years)
    to_undiscounted = forward if chain.coin_settled else 1.0 / discount
    undiscounted = [price * to_undiscounted for price in (mid, chain.bid, chain.ask)]
    sigma, status = np.empty((3, n)), np.empty((3, n), dtype=np.int8)
    model_price = np.empty(n)
    greeks = np.empty((5, n))

    def price(rows: slice) -> None:
        own = right[rows], forward[rows], strike[rows], years[rows]
        for i, quoted in enumerate(undiscounted):
            solve(*own, quoted[rows], sigma[i, rows], status[i, rows])
        price_loop(*own, sigma[0, rows], model_price[rows])
        columns = spot, forward, discount, strike, years, sigma[0], model_price, rate, carry, *greeks
        greek_loop(right[rows], *(c[rows] for c in columns))

    parts = max(1, min(threads, n // _ROWS_PER_THREAD))
    bounds = [n * i // parts for i in range(parts + 1)]
    pieces = [slice(a, b) for a, b in pairwise(bounds)]
    if parts == 1:
        price(pieces[0])
    else:
        with ThreadPoolExecutor(parts) as pool:
            list(pool.map(price, pieces))
    delta, gamma, vega, theta, rho = greeks
    return ChainOutputs(
        forward=forward,
        discount=discount,
        forward_method_code=fits.method_code[group_of_row],
        year_fraction=years,
        model_code=np.full(n, MODEL_COIN if chain.coin_settled else MODEL_DOLLAR, dtype=np.int8),
        iv=sigma[0],
        iv_bid=sigma[1],
        iv_ask=sigma[2],
        iv_status_code=status[0],
        delta=delta,
        gamma=gamma,
        vega_per_vol_point=vega,
        theta_per_day=theta,
        rho_per_pct=rho,
    )


def _fit_groups(chain: ChainInputs, years: Floats, mid: Floats) -> tuple[ForwardFits, NDArray[np.int64]]:
    """One forward for each root and expiry, and which of them each row has."""
    keys = (chain.root_code.astype(np.int64) << 32) + chain.expiry_days.astype(np.int64)
    groups, first_row, group_of_row = np.unique(keys, return_index=True, return_inverse=True)
    quoted = np.flatnonzero((chain.bid > 0) & (chain.ask >= chain.bid))
    order = quoted[
        np.lexsort((chain.right[quoted], chain.strike[quoted], group_of_row[quoted]))
    ]  # a call and the put of its strike stand side by side
    call, put = order[:-1], order[1:]
    paired = (
        (group_of_row[call] == group_of_row[put])
        & (chain.strike[call] == chain.strike[put])
        & (chain.right[call] == 0)
        & (chain.right[put] == 1)
    )
    call, put = call[paired], put[paired]
    pair_strike, pair_difference = chain.strike[call], mid[call] - mid[put]
    pair_bounds = np.searchsorted(group_of_row[call], np.arange(groups.size + 1))

    curve = RateCurve(
        np.asarray(chain.curve_tenor_days, dtype=np.float64), np.asarray(chain.curve_rate, dtype=np.float64)
    )
    times = years[first_row]
    spot = _medians(chain.spot, group_of_row, groups.size)
    if chain.coin_settled:
        venue = _medians(chain.vendor_forward, group_of_row, groups.size)
        fits = inverse_forwards(pair_bounds, pair_strike, pair_difference, vendor_forward=venue, spot=spot)
    else:
        rates = np.array([np.nan if (r := curve.rate_at(float(t))) is None else r for t in times])
        fits = fit_forwards(
            pair_bounds, pair_strike, pair_difference, spot=spot, year_fraction=times, rate=rates
        )
    return fits, group_of_row


def _medians(values: Floats, group: NDArray[np.int64], groups: int) -> Floats:
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
