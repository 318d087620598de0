"""SSVI: one surface of three numbers and the variance at the money of each expiry, free of static arbitrage.

    w(k, theta) = theta / 2 (1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2)),
    phi = eta theta^-gamma (1 + theta)^(gamma - 1)

J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility surfaces", Quantitative Finance 14 (2014), eq. 4.1 and
remark 4.4: free of arbitrage when ``eta (1 + |rho|) <= 2``, ``0 < gamma <= 1/2`` and theta does not fall with time.
Of few numbers, so it stands in for expiries with few quotes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, least_squares

from engine.pricing.surface.quotes import SurfaceQuotes
from engine.pricing.surface.svi import SviParameters

Floats = NDArray[np.float64]

_LEAST_QUOTES = 3
_PER_EXPIRY = 31
_NEAR_DEVIATIONS = 1.0
_WIDEST_DEVIATIONS = 6.0


@dataclass(frozen=True, slots=True)
class SsviParameters:
    """A surface.

    Attributes
    ----------
    rho : float
        Correlation, in (-1, 1).
    eta : float
        Curvature, positive, ``eta (1 + |rho|) <= 2``.
    gamma : float
        Decay of the curvature with variance, in (0, 1/2].

    Raises
    ------
    ValueError
        If they are outside the domain without arbitrage.
    """

    rho: float
    eta: float
    gamma: float

    def __post_init__(self) -> None:
        inside = -1 < self.rho < 1 and self.eta > 0 and 0 < self.gamma <= 0.5
        if not (inside and self.eta * (1 + abs(self.rho)) <= 2 + 1e-12):
            raise ValueError(
                f"SSVI needs |rho| < 1, eta > 0, 0 < gamma <= 1/2 and eta (1 + |rho|) <= 2; got {self}"
            )

    def phi(self, theta: Floats) -> Floats:
        """The function of the same name."""
        return np.asarray(self.eta * theta**-self.gamma * (1.0 + theta) ** (self.gamma - 1.0))

    def slices(self, theta: Floats) -> SviParameters:
        """The raw SVI parameters of the expiries with these variances at the money (NaN gives NaN)."""
        phi = self.phi(theta)
        turned = 1.0 - self.rho**2
        return SviParameters(
            a=0.5 * theta * turned,
            b=0.5 * theta * phi,
            rho=np.full_like(theta, self.rho),
            m=-self.rho / phi,
            sigma=np.sqrt(turned) / phi,
        )


@dataclass(frozen=True, slots=True)
class SsviFit:
    """A fitted surface.

    Attributes
    ----------
    parameters : SsviParameters
    theta : float64[n]
        Total variance at the money of each expiry, not falling with time; interpolated in time where an expiry has
        fewer than three quotes.
    """

    parameters: SsviParameters
    theta: Floats

    @property
    def slices(self) -> SviParameters:
        """As raw SVI."""
        return self.parameters.slices(self.theta)


def fit_ssvi(quotes: SurfaceQuotes) -> SsviFit | None:
    """Fit SSVI to all expiries at once; None where no expiry has three quotes.

    Variance at the money comes first, from the quotes near the money of each expiry, made to rise with time by isotonic
    regression; then the three numbers, by robust least squares over quotes within six deviations.
    """
    theta = _at_the_money(quotes)
    if theta is None:
        return None
    rows = np.concatenate([_thinned(quotes, j, theta[j]) for j in range(theta.size)])
    k, w, weight = quotes.log_moneyness[rows], quotes.total_variance[rows], quotes.weight[rows]
    level = theta[quotes.expiry[rows]]

    def surface(x: Floats) -> SsviParameters:
        return SsviParameters(float(x[0]), float(2.0 * x[1] / (1.0 + abs(x[0]))), float(x[2]))

    def residuals(x: Floats) -> Floats:
        p = surface(x)
        scaled = p.phi(level) * k
        root = np.sqrt((scaled + p.rho) ** 2 + 1.0 - p.rho**2)
        return np.asarray(weight * (0.5 * level * (1.0 + p.rho * scaled + root) - w))

    found = least_squares(
        residuals,
        np.array([-0.4, 0.5, 0.4]),
        bounds=([-0.99, 1e-3, 1e-3], [0.99, 1.0, 0.5]),
        loss="soft_l1",
        f_scale=2.0,
        max_nfev=60,
    )
    return SsviFit(surface(found.x), theta)


def _thinned(quotes: SurfaceQuotes, expiry: int, theta: float) -> NDArray[np.intp]:
    """Some thirty quotes of an expiry, evenly among those within six deviations."""
    part = quotes.of(expiry)
    near = np.abs(quotes.log_moneyness[part]) <= _WIDEST_DEVIATIONS * np.sqrt(theta)
    rows = part.start + np.flatnonzero(near)
    chosen = np.unique(np.linspace(0, rows.size - 1, min(rows.size, _PER_EXPIRY)).round().astype(np.intp))
    return np.asarray(rows[chosen], dtype=np.intp)


def _at_the_money(quotes: SurfaceQuotes) -> Floats | None:
    """Variance at k = 0 of each expiry: a robust line through the quotes within one deviation, at least five."""
    n = quotes.code.size
    theta, weight = np.full(n, np.nan), np.zeros(n)
    variance = quotes.total_variance
    for j in range(n):
        part = quotes.of(j)
        k, w, trust = quotes.log_moneyness[part], variance[part], quotes.weight[part]
        if k.size < _LEAST_QUOTES:
            continue
        nearest = np.argsort(np.abs(k), kind="stable")
        middle = float(np.median(w[nearest[:5]]))
        chosen = nearest[: max(5, int((np.abs(k) <= _NEAR_DEVIATIONS * np.sqrt(middle)).sum()))]
        x, y, trust = k[chosen], w[chosen], trust[chosen]
        degree = 2 if x.size > 8 and x.min() < 0 < x.max() else 1 if x.min() < 0 < x.max() else 0
        line = np.polynomial.polynomial.polyfit(x, y, degree, w=trust)
        at_zero = float(line[0])
        theta[j] = at_zero if 0.5 * middle < at_zero < 2.0 * middle else middle
        weight[j] = trust.max()
    known = np.isfinite(theta)
    if not known.any():
        return None
    rising = isotonic_regression(theta[known], weights=weight[known] / weight[known].max() + 1e-6).x
    # a line through the origin and the known variances: before the first and after the last at their volatility
    t, at = quotes.year_fraction, quotes.year_fraction[known]
    filled = np.interp(t, np.r_[0.0, at], np.r_[0.0, rising])
    return np.asarray(np.where(t > at[-1], rising[-1] * t / at[-1], filled))
