"""One chain at one instant: forwards, implied volatilities and Greeks of every quote."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from engine.calendars import year_fraction
from engine.pricing.american_chain import american_forwards, american_rows
from engine.pricing.arguments import Floats
from engine.pricing.black import price_loop
from engine.pricing.chain_columns import (
    MODEL_AMERICAN,
    MODEL_COIN,
    MODEL_DOLLAR,
    MODEL_ESCROWED,
    ChainInputs,
    ChainOutputs,
)
from engine.pricing.forward import ForwardFits, fit_forwards, inverse_forwards
from engine.pricing.greeks import greek_loop, implied_rates
from engine.pricing.implied_volatility import refuse_unsettled, solve
from engine.pricing.parity_pairs import ParityPairs, parity_pairs

#: rows below which sharing them among threads costs more than it saves
_ROWS_PER_THREAD = 20_000


def enrich_chain(chain: ChainInputs, *, threads: int = 1) -> ChainOutputs:
    """Forward, discount, implied volatility and Greeks of every quote of a chain.

    European options by Black's formula; American ones by a tree, with the cash dividends that are known, where the
    price of what they deliver is. ``model`` says which.

    Parameters
    ----------
    threads : int
        Long chains are shared among so many; what comes out does not depend on it.
    """
    n = chain.strike.size
    years = year_fraction(chain.ts_us, chain.settles_us)
    mid = 0.5 * (chain.bid + chain.ask)
    pairs = parity_pairs(chain, years)
    fits, pairs = _fit(chain, pairs, years, mid)
    forward, discount = fits.forward[pairs.group], fits.discount[pairs.group]
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
            refuse_unsettled(status[i, rows], *own[1:], quoted[rows])
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
    out = ChainOutputs(
        forward=forward,
        discount=discount,
        forward_method_code=fits.method_code[pairs.group],
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
        early_exercise_premium=np.where(np.isnan(sigma[0]), np.nan, 0.0),
    )
    if pairs.american.any():
        _price_american(chain, pairs, fits, years, [mid, chain.bid, chain.ask], out)
    return out


def _fit(
    chain: ChainInputs, pairs: ParityPairs, years: Floats, mid: Floats
) -> tuple[ForwardFits, ParityPairs]:
    """One forward for each root and expiry; the spots of American ones as of the moment of the quotes."""
    strike, difference = chain.strike[pairs.call], mid[pairs.call] - mid[pairs.put]
    if chain.coin_settled:
        venue = pairs.vendor_forward
        return inverse_forwards(
            pairs.bounds, strike, difference, vendor_forward=venue, spot=pairs.spot
        ), pairs
    # the slope of American prices is no discount
    fits = fit_forwards(
        pairs.bounds,
        strike,
        difference,
        spot=pairs.spot,
        year_fraction=pairs.years,
        rate=pairs.rate,
        may_fit=~pairs.american,
    )
    return american_forwards(chain, pairs, fits, years, mid) if pairs.american.any() else (fits, pairs)


def _price_american(
    chain: ChainInputs,
    pairs: ParityPairs,
    fits: ForwardFits,
    years: Floats,
    prices: list[Floats],
    out: ChainOutputs,
) -> None:
    """Write volatilities and Greeks of American rows over those of their European twins, in place."""
    known = np.isfinite(pairs.spot) & (pairs.spot > 0.0)
    rows = np.flatnonzero(chain.american & (years > 0.0) & known[pairs.group] & np.isfinite(out.forward))
    if not rows.size:
        return
    terms = american_rows(chain, pairs, fits, years, rows)
    for price, sigma in zip(prices, (out.iv, out.iv_bid, out.iv_ask), strict=True):
        solved = terms.volatility(np.ascontiguousarray(price[rows]))
        sigma[rows] = solved.sigma
        if sigma is out.iv:
            out.iv_status_code[rows] = solved.status
            out.early_exercise_premium[rows] = solved.early_exercise_premium
    columns = (out.delta, out.gamma, out.vega_per_vol_point, out.theta_per_day, out.rho_per_pct)
    for column, values in zip(columns, terms.greeks(out.iv[rows]), strict=True):
        column[rows] = values
    out.model_code[rows] = MODEL_AMERICAN if terms.dividends is None else MODEL_ESCROWED
