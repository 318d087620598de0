"""SVI slices of a day: free of butterfly arbitrage each, and of calendar arbitrage among each other."""

from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.arguments import REAL_NUMBERS, WHOLE_NUMBERS, Floats, as_floats, numeric
from engine.pricing.surface.svi import SviParameters
from engine.pricing.surface.svi_kernel import fit_slices

#: five numbers need some more quotes than five
LEAST_QUOTES = 8


class FitStatus(IntEnum):
    """What became of the fit of an expiry."""

    OK = 0
    #: raised by more than a thousandth of its variance at the money to be free of arbitrage, mostly of crossing the
    #: expiry before
    RAISED = 1
    #: the steps ended before the descent came to rest: free of arbitrage, but not the best there is
    NOT_CONVERGED = 2
    #: fewer quotes than :data:`LEAST_QUOTES`
    TOO_FEW_QUOTES = 3
    #: at or past expiry
    NO_TIME = 4

    @property
    def label(self) -> str:
        """As stored: ``too_few_quotes``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class SviFit:
    """Fits of n expiries.

    Attributes
    ----------
    parameters : SviParameters of n
        NaN where the status is TOO_FEW_QUOTES or NO_TIME.
    status : int8[n]
        Codes of :class:`FitStatus`.
    """

    parameters: SviParameters
    status: NDArray[np.int8]


def fit_svi(
    offset: ArrayLike,
    year_fraction: ArrayLike,
    log_moneyness: ArrayLike,
    total_variance: ArrayLike,
    weight: ArrayLike,
    *,
    warm: SviParameters | None = None,
    calendar: bool = True,
) -> SviFit:
    """Fit raw SVI to each expiry.

    The weighted residuals of total variance are minimized under Huber weights, so a few bad quotes do not bend a slice.
    Every slice has ``g(k) >= 0`` for all k, and with ``calendar`` none falls below the one before it at any k.

    Parameters
    ----------
    offset : int64[n + 1]
        Where the quotes of each expiry begin; the last one is their number.
    year_fraction : float64[n]
        Not decreasing (NaN and times that are not positive get the status NO_TIME).
    log_moneyness, total_variance, weight : float64[q]
        Quotes; those that are not finite, or have no positive variance and weight, are left out. The weight is one over
        the error of the total variance.
    warm : SviParameters of n, optional
        Where to start if it is nearer than what a search finds, e.g. the fit of the day before; NaN where
        there is none.
    calendar : bool
        Whether slices are kept from crossing.

    Raises
    ------
    ValueError
        For shapes that do not fit together, values that are no numbers, or times that decrease.
    """
    t = _numbers("year_fraction", year_fraction)
    k, w, error = (
        _numbers(name, v)
        for name, v in (
            ("log_moneyness", log_moneyness),
            ("total_variance", total_variance),
            ("weight", weight),
        )
    )
    bounds = numeric("offset", offset, WHOLE_NUMBERS)
    if bounds.shape != (t.size + 1,):
        raise ValueError(
            f"offset must be {t.size + 1} integers, one more than year_fraction, got {bounds.shape}"
        )
    if not (k.shape == w.shape == error.shape):
        raise ValueError(f"quotes must have one shape: log_moneyness {k.shape}, {w.shape}, {error.shape}")
    if bounds[0] != 0 or bounds[-1] != k.size or np.any(np.diff(bounds) < 0):
        raise ValueError(f"offset must rise from 0 to the number of quotes, {k.size}")
    alive = np.isfinite(t) & (t > 0)
    if np.any(np.diff(t[alive]) < 0):
        raise ValueError("year_fraction must not decrease: order the expiries by time")
    expiry = np.repeat(np.arange(t.size), np.diff(bounds))
    keep = np.isfinite(k) & np.isfinite(w) & (w > 0) & np.isfinite(error) & (error > 0) & alive[expiry]
    rows = np.flatnonzero(keep)
    rows = rows[np.lexsort((k[rows], expiry[rows]))]
    k, w, error, expiry = k[rows], w[rows], error[rows], expiry[rows]
    starts = np.searchsorted(expiry, np.arange(t.size + 1)).astype(np.int64)
    numbers, status = np.empty((t.size, 5)), np.empty(t.size, dtype=np.int8)
    fit_slices(
        starts, k, w, error, _at_the_money(starts, k, w), _warm_rows(warm, t.size), LEAST_QUOTES, int(calendar),
        numbers, status,
    )  # fmt: skip
    status[~alive] = FitStatus.NO_TIME
    return SviFit(parameters_of(numbers), status)


def parameters_of(slices: Floats) -> SviParameters:
    """Raw parameters of slices ``(a, left, right, m, sigma)``."""
    a, left, right, m, sigma = np.ascontiguousarray(slices.T)
    total = left + right
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = np.where(total > 0, (right - left) / total, np.where(np.isnan(total), np.nan, 0.0))
    return SviParameters(a, 0.5 * total, rho, m, sigma)


def slices_of(parameters: SviParameters) -> Floats:
    """The inverse of :func:`parameters_of`, shape (n, 5)."""
    p = parameters
    return np.column_stack([p.a, p.b * (1.0 - p.rho), p.b * (1.0 + p.rho), p.m, p.sigma])


def _at_the_money(offset: NDArray[np.int64], k: Floats, w: Floats) -> Floats:
    """About the total variance at k = 0: the median of the five nearest quotes."""
    level = np.full(offset.size - 1, np.nan)
    for j, (start, stop) in enumerate(pairwise(offset)):
        if stop > start:
            nearest = np.argsort(np.abs(k[start:stop]), kind="stable")[:5]
            level[j] = np.median(w[start:stop][nearest])
    return level


def _warm_rows(warm: SviParameters | None, count: int) -> Floats:
    if warm is None:
        return np.full((count, 5), np.nan)
    if len(warm) != count:
        raise ValueError(f"warm holds {len(warm)} expiries, year_fraction {count}")
    return np.ascontiguousarray(slices_of(warm))


def _numbers(name: str, values: ArrayLike) -> Floats:
    array = as_floats(name, values, REAL_NUMBERS)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got the shape {array.shape}")
    return np.ascontiguousarray(array)
