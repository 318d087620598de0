"""Raw SVI: total implied variance of one expiry as a function of log-moneyness, its derivatives and its density.

    w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2))

with ``k = ln(K / F)`` and ``w = (Black volatility)^2 T``. Source: J. Gatheral and A. Jacquier, "Arbitrage-free SVI
volatility surfaces", Quantitative Finance 14 (2014), eq. 3.1; the density function is their eq. 2.1.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.arguments import REAL_NUMBERS, Floats, as_floats, numeric_columns

#: no slope of total variance may be steeper (R. Lee, "The moment formula", Mathematical Finance 14 (2004))
STEEPEST_SLOPE = 2.0


@dataclass(frozen=True, slots=True)
class SviParameters:
    """Raw SVI parameters of n expiries, or of one.

    Attributes
    ----------
    a, b, rho, m, sigma : float64[n] or float64[]
        As in the module's formula; NaN where an expiry has no fit.
    """

    a: Floats
    b: Floats
    rho: Floats
    m: Floats
    sigma: Floats

    @classmethod
    def of(cls, a: ArrayLike, b: ArrayLike, rho: ArrayLike, m: ArrayLike, sigma: ArrayLike) -> Self:
        """Parameters of one shape from numbers or arrays.

        Raises
        ------
        ValueError
            If the shapes differ.
        """
        values = [
            as_floats(name, v, REAL_NUMBERS)
            for name, v in zip(cls.names(), (a, b, rho, m, sigma), strict=True)
        ]
        shapes = {v.shape for v in values}
        if len(shapes) > 1:
            raise ValueError(f"SVI parameters must have one shape, got {[v.shape for v in values]}")
        return cls(*values)

    @classmethod
    def from_rows(cls, rows: Floats) -> Self:
        """From an array of shape (n, 5), columns a, b, rho, m, sigma."""
        if rows.ndim != 2 or rows.shape[1] != 5:
            raise ValueError(f"rows of SVI parameters have 5 columns (a, b, rho, m, sigma), got {rows.shape}")
        return cls.of(*np.ascontiguousarray(rows.T, dtype=np.float64))

    @staticmethod
    def names() -> tuple[str, ...]:
        """The parameters in their order."""
        return ("a", "b", "rho", "m", "sigma")

    def rows(self) -> Floats:
        """As an array of shape (n, 5)."""
        return np.column_stack([np.atleast_1d(getattr(self, name)) for name in self.names()])

    def at(self, index: "int | NDArray[np.intp] | slice") -> Self:
        """The parameters of one expiry, or of some."""
        return type(self)(*(np.asarray(getattr(self, name)[index]) for name in self.names()))

    def __len__(self) -> int:
        return int(self.a.size)


def in_domain(parameters: SviParameters) -> NDArray[np.bool_]:
    """Whether total variance is positive and its slopes at both ends are no steeper than 2.

    ``b >= 0``, ``|rho| < 1``, ``sigma > 0``, ``a + b sigma sqrt(1 - rho^2) > 0`` and ``b (1 + |rho|) <= 2``. Necessary
    for a slice without butterfly arbitrage, not sufficient: see :func:`butterfly_density`.
    """
    p = parameters
    with np.errstate(invalid="ignore"):
        least = p.a + p.b * p.sigma * np.sqrt(1.0 - p.rho * p.rho)
        inside = (p.b >= 0) & (np.abs(p.rho) < 1) & (p.sigma > 0) & (least > 0)
        return np.asarray(inside & (p.b * (1.0 + np.abs(p.rho)) <= STEEPEST_SLOPE))


def total_variance(log_moneyness: ArrayLike, parameters: SviParameters) -> Floats:
    """``w(k)``; broadcasts. Square root of it over the year fraction is the Black volatility."""
    k = as_floats("log_moneyness", log_moneyness, REAL_NUMBERS)
    p = parameters
    x = k - p.m
    return np.asarray(p.a + p.b * (p.rho * x + np.hypot(x, p.sigma)))


def total_variance_between(
    parameters: SviParameters, slice_years: Floats, log_moneyness: ArrayLike, year_fraction: ArrayLike
) -> Floats:
    """Total variance at any time, linear in time at constant log-moneyness, which keeps it free of crossings.

    Before the first slice and after the last the volatility is theirs.

    Parameters
    ----------
    parameters : SviParameters of n
        Ordered by time; slices of NaN are passed over.
    slice_years : float64[n]
        Their times to expiry, positive, finite and not decreasing.
    log_moneyness, year_fraction : float64
        Broadcast. NaN for times that are not positive and finite, and everywhere without a slice.

    Raises
    ------
    ValueError
        For values that are no numbers, points that do not broadcast, or times that are not as above.
    """
    every = as_floats("slice_years", slice_years, REAL_NUMBERS)
    if every.shape != (len(parameters),) or parameters.a.ndim != 1:
        raise ValueError(
            f"slice_years has shape {every.shape} and the parameters {parameters.a.shape}: give one time per slice"
        )
    known = np.flatnonzero(np.isfinite(parameters.a))
    shape, (k, t) = numeric_columns(
        {"log_moneyness": log_moneyness, "year_fraction": year_fraction}, REAL_NUMBERS
    )
    if not known.size:
        return np.full(shape, np.nan)
    times = every[known]
    if not (np.all(np.diff(times) >= 0) and times[0] > 0 and times[-1] < np.inf):
        raise ValueError(
            f"slice_years must be positive, finite and not decreasing, got {times}: order the slices by time"
        )
    after = np.clip(np.searchsorted(times, t), 0, known.size - 1)
    before = np.clip(after - 1, 0, known.size - 1)
    w_before, w_after = (total_variance(k, parameters.at(known[i])) for i in (before, after))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(after > before, (t - times[before]) / (times[after] - times[before]), 1.0)
        inside = w_before + share * (w_after - w_before)
        flat = np.where(
            t <= times[0], total_variance(k, parameters.at(int(known[0]))) / times[0], w_after / times[-1]
        )
        result = np.where((t > times[0]) & (t <= times[-1]), inside, flat * t)
        return np.where((t > 0) & (t < np.inf), result, np.nan).reshape(shape)


def derivatives(log_moneyness: ArrayLike, parameters: SviParameters) -> tuple[Floats, Floats]:
    """``w'(k)`` and ``w''(k)``; broadcast."""
    _, slope, bend = _with_derivatives(as_floats("log_moneyness", log_moneyness, REAL_NUMBERS), parameters)
    return slope, bend


def _with_derivatives(k: Floats, p: SviParameters) -> tuple[Floats, Floats, Floats]:
    """``w``, ``w'`` and ``w''``, whose square root is the dearest part."""
    x = k - p.m
    r = np.hypot(x, p.sigma)
    w, slope, bend = p.a + p.b * (p.rho * x + r), p.b * (p.rho + x / r), p.b * p.sigma**2 / (r * r * r)
    return np.asarray(w), np.asarray(slope), np.asarray(bend)


def butterfly_density(log_moneyness: ArrayLike, parameters: SviParameters) -> Floats:
    """``g(k)``: where it is negative a butterfly costs less than nothing.

    ``g = (1 - k w' / (2 w))^2 - w'^2 / 4 (1 / w + 1 / 4) + w'' / 2``; the risk-neutral density of ``ln(S / F)`` is
    ``g exp(-d2^2 / 2) / sqrt(2 pi w)``. NaN where total variance is not positive.
    """
    k = as_floats("log_moneyness", log_moneyness, REAL_NUMBERS)
    w, slope, bend = _with_derivatives(k, parameters)
    with np.errstate(invalid="ignore", divide="ignore"):
        g = (1.0 - 0.5 * k * slope / w) ** 2 - 0.25 * slope**2 * (1.0 / w + 0.25) + 0.5 * bend
        return np.where(w > 0, g, np.nan)
