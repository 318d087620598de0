"""Heston's model and its characteristic function.

    dS / S = (...) dt + sqrt(v) dW,   dv = kappa (theta - v) dt + vol_of_vol sqrt(v) dZ,   dW dZ = rho dt

S. Heston, "A closed-form solution for options with stochastic volatility", Review of Financial Studies 6 (1993). The
characteristic function is in the form that does not jump between branches of the logarithm: H. Albrecher, P. Mayer,
W. Schoutens and J. Tistaert, "The little Heston trap", Wilmott (2007).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class HestonParameters:
    """One set of parameters, per year.

    Attributes
    ----------
    v0 : float
        Variance now; its square root is the instantaneous volatility.
    kappa : float
        Speed of mean reversion.
    theta : float
        Variance to which it reverts.
    vol_of_vol : float
        Volatility of variance.
    rho : float
        Correlation of price and variance.

    Raises
    ------
    ValueError
        If v0 or theta are negative, kappa or vol_of_vol are not positive, or rho is not inside (-1, 1).
    """

    v0: float
    kappa: float
    theta: float
    vol_of_vol: float
    rho: float

    def __post_init__(self) -> None:
        rules = {
            "v0": self.v0 >= 0,
            "theta": self.theta >= 0,
            "kappa": self.kappa > 0,
            "vol_of_vol": self.vol_of_vol > 0,
            "rho": -1 < self.rho < 1,
            "v0 + theta": self.v0 + self.theta > 0,
        }
        broken = [name for name, kept in rules.items() if not kept]
        if broken or not np.all(np.isfinite(self.as_array())):
            raise ValueError(
                f"Heston needs finite v0 and theta >= 0, not both 0, kappa and vol_of_vol > 0, |rho| < 1; got {self}"
            )

    def as_array(self) -> Floats:
        """v0, kappa, theta, vol_of_vol, rho."""
        return np.array([self.v0, self.kappa, self.theta, self.vol_of_vol, self.rho], dtype=np.float64)

    @property
    def feller_ratio(self) -> float:
        """``2 kappa theta / vol_of_vol^2``: from 1 on variance never touches 0. Index smiles usually imply less."""
        return 2.0 * self.kappa * self.theta / self.vol_of_vol**2

    def mean_variance(self, year_fraction: float) -> float:
        """Expected average variance per year until then: the square of the fair volatility of a variance swap."""
        x = self.kappa * year_fraction
        decay = -np.expm1(-x) / x if x > 0 else 1.0
        return float(self.theta + (self.v0 - self.theta) * decay)


def log_characteristic(u: Complexes, year_fraction: float, model: HestonParameters) -> Complexes:
    """Logarithm of ``E[exp(i u ln(S_T / F))]``, for u in the strip where it exists (``-1 <= Im u <= 0`` always)."""
    return _Parts(u, year_fraction, model).logarithm()


def log_characteristic_gradient(
    u: Complexes, year_fraction: float, model: HestonParameters
) -> tuple[Complexes, Complexes]:
    """The same and, in rows, its derivatives to v0, kappa, theta, vol_of_vol and rho."""
    parts = _Parts(u, year_fraction, model)
    return parts.logarithm(), parts.gradient()


class _Parts:
    """The pieces of the formula at points u."""

    def __init__(self, u: Complexes, t: float, model: HestonParameters) -> None:
        sigma = model.vol_of_vol
        self.u, self.t, self.model = u, t, model
        self.square = u * u + 1j * u
        self.beta = model.kappa - 1j * model.rho * sigma * u
        self.d = np.sqrt(self.beta**2 + sigma**2 * self.square)
        total = self.beta + self.d
        # beta - d cancels where vol_of_vol is small: from the product with beta + d, unless that is what cancels
        product = -(sigma**2) * self.square
        plain = self.beta - self.d
        lean = np.abs(total) >= np.abs(plain)
        difference = np.where(lean, product / np.where(lean, total, 1.0), plain)
        total = np.where(lean, total, product / np.where(lean, 1.0, plain))
        self.total = total
        self.ratio = difference / total
        self.r = difference / sigma**2
        self.decayed = -np.expm1(-self.d * t)
        self.rest = 1.0 - self.ratio * (1.0 - self.decayed)
        self.log = _log1p(self.ratio * self.decayed / (1.0 - self.ratio))
        self.by_v0 = self.r * self.decayed / self.rest
        self.by_reversion = self.r * t - 2.0 / sigma**2 * self.log

    def logarithm(self) -> Complexes:
        model = self.model
        return np.asarray(model.kappa * model.theta * self.by_reversion + model.v0 * self.by_v0)

    def gradient(self) -> Complexes:
        model, sigma = self.model, self.model.vol_of_vol
        rows = [self.by_v0]
        zero = np.zeros_like(self.u)
        by_kappa = self._chain(np.ones_like(self.u), zero) + model.theta * self.by_reversion
        by_sigma = self._chain(-1j * model.rho * self.u, sigma * self.square, by_sigma=True)
        by_rho = self._chain(-1j * sigma * self.u, zero)
        rows += [by_kappa, model.kappa * self.by_reversion, by_sigma, by_rho]
        return np.array(rows)

    def _chain(self, beta: Complexes, square: Complexes, *, by_sigma: bool = False) -> Complexes:
        """The derivative of the logarithm through beta and d, given those of beta and of half d squared."""
        model, sigma = self.model, self.model.vol_of_vol
        d = (self.beta * beta + square) / self.d
        r = (beta - d) / sigma**2 - (2.0 / sigma * self.r if by_sigma else 0.0)
        ratio = ((beta - d) - self.ratio * (beta + d)) / self.total
        left = 1.0 - self.decayed
        moved = ratio * left - self.t * self.ratio * left * d
        log = ratio / (1.0 - self.ratio) - moved / self.rest
        by_v0 = (r * self.decayed + self.r * self.t * left * d + self.by_v0 * moved) / self.rest
        by_reversion = r * self.t - 2.0 / sigma**2 * log + (4.0 / sigma**3 * self.log if by_sigma else 0.0)
        return np.asarray(model.kappa * model.theta * by_reversion + model.v0 * by_v0)


def _log1p(z: Complexes) -> Complexes:
    """``log(1 + z)``; numpy's own for complex numbers loses the digits of a small z."""
    x, y = z.real, z.imag
    return np.asarray(0.5 * np.log1p(x * (2.0 + x) + y * y) + 1j * np.arctan2(y, 1.0 + x))
