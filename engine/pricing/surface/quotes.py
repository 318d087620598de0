"""The quotes of a chain that a surface is fitted to: out of the money, two-sided, ordered, with their errors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.arguments import Floats, coded_columns

#: no quote is believed to be better than this, in volatility: a smile of five numbers cannot follow each tick
SIGMA_ERROR_FLOOR = 0.002


@dataclass(frozen=True, slots=True)
class SurfaceQuotes:
    """Quotes of n expiries, by time to expiry and log-moneyness.

    Attributes
    ----------
    code : int64[n]
        The caller's code of each expiry (root and date).
    year_fraction : float64[n]
        Positive, not decreasing.
    forward : float64[n]
    offset : int64[n + 1]
        Where the quotes of each expiry begin.
    row : int64[q]
        Which row of the chain a quote was.
    log_moneyness : float64[q]
        ``ln(K / F)``.
    sigma : float64[q]
        Implied volatility of the mid, decimal.
    half_width : float64[q]
        Half of the distance from bid to ask volatility.
    """

    code: NDArray[np.int64]
    year_fraction: Floats
    forward: Floats
    offset: NDArray[np.int64]
    row: NDArray[np.int64]
    log_moneyness: Floats
    sigma: Floats
    half_width: Floats

    @property
    def expiry(self) -> NDArray[np.int64]:
        """Of each quote: which of the n expiries it belongs to."""
        return np.repeat(np.arange(self.code.size), np.diff(self.offset))

    @property
    def total_variance(self) -> Floats:
        """Of each quote: ``sigma^2 T``."""
        return np.asarray(self.sigma**2 * self.year_fraction[self.expiry])

    @property
    def weight(self) -> Floats:
        """Of each quote: one over the error of its total variance."""
        error = np.hypot(self.half_width, SIGMA_ERROR_FLOOR)
        return np.asarray(1.0 / (2.0 * self.sigma * self.year_fraction[self.expiry] * error))

    def of(self, expiry: int) -> slice:
        """The quotes of one expiry."""
        return slice(int(self.offset[expiry]), int(self.offset[expiry + 1]))


def surface_quotes(
    *,
    code: ArrayLike,
    right: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    iv: ArrayLike,
    iv_bid: ArrayLike,
    iv_ask: ArrayLike,
) -> SurfaceQuotes:
    """Choose and order what a surface is fitted to.

    Kept are out-of-the-money options (puts below the forward, calls from it on) with a volatility of bid, mid and ask
    and ``bid <= mid <= ask``. Expiries without time left, or without a forward, are left out; those without usable
    quotes stay, with none.

    Parameters
    ----------
    code : int[r]
        Any code that tells expiries apart; all rows of one share forward and time.
    right : int8[r]
        0 call, 1 put.
    forward, strike, year_fraction, iv, iv_bid, iv_ask : float64[r]
        Broadcast; NaN where there is none.

    Raises
    ------
    ValueError
        For values that are no numbers, rights that are neither 0 nor 1, shapes that do not broadcast, or two forwards
        or times under one code.
    """
    floats = {
        "forward": forward,
        "strike": strike,
        "year_fraction": year_fraction,
        "iv": iv,
        "iv_bid": iv_bid,
        "iv_ask": iv_ask,
    }
    _, (codes, rights), (f, k, t, mid, bid, ask) = coded_columns({"code": code, "right": right}, floats)
    is_put = rights == 1
    with np.errstate(invalid="ignore", divide="ignore"):
        alive = (t > 0) & np.isfinite(t) & (f > 0) & np.isfinite(f)
        x = np.log(np.where(k > 0, k, np.nan) / f)
        usable = alive & np.where(is_put, x < 0, x >= 0) & np.isfinite(x)
        usable &= (bid > 0) & (bid <= mid) & (mid <= ask) & np.isfinite(ask)
    kept, first = np.unique(codes[alive], return_index=True)
    first = np.flatnonzero(alive)[first]
    place = np.searchsorted(kept, codes[alive])
    for name, values in (("forward", f), ("year_fraction", t)):
        if not np.array_equal(values[alive], values[first][place]):
            raise ValueError(f"{name} differs among rows of one code; give each root and expiry its own code")
    order = np.lexsort((kept, t[first]))
    rank = np.empty(kept.size, dtype=np.int64)
    rank[order] = np.arange(kept.size)
    rows = np.flatnonzero(usable)
    expiry = rank[np.searchsorted(kept, codes[rows])]
    by = np.lexsort((x[rows], expiry))
    rows, expiry = rows[by], expiry[by]
    return SurfaceQuotes(
        code=kept[order],
        year_fraction=t[first][order],
        forward=f[first][order],
        offset=np.searchsorted(expiry, np.arange(kept.size + 1)).astype(np.int64),
        row=rows,
        log_moneyness=x[rows],
        sigma=mid[rows],
        half_width=0.5 * (ask[rows] - bid[rows]),
    )
