"""An arbitrage-free surface a day: SSVI over an increasing term structure of at-the-money variance.

SSVI (Gatheral and Jacquier 2014, "Arbitrage-free SVI volatility surfaces", equation 4.1)

    w(k, theta) = theta / 2 (1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2))

with the power law ``phi(theta) = eta / (theta^gamma (1 + theta)^(1 - gamma))`` is free of static arbitrage
when gamma lies in (0, 1/2], eta (1 + |rho|) <= 2, and theta does not fall with maturity (their remark 4.4).
"""

from dataclasses import dataclass

import numpy as np

from engine.simulation.bridge import FloatArray


class ArbitrageableSmileError(ValueError):
    """The parameters of a smile break a no-arbitrage condition."""


@dataclass(frozen=True, slots=True)
class SsviParameters:
    """One day's smile: correlation ``rho`` (the skew), ``eta`` (the curvature), decay ``gamma``.

    Raises
    ------
    ArbitrageableSmileError
        If the no-arbitrage conditions do not hold.
    """

    rho: float
    eta: float
    gamma: float

    def __post_init__(self) -> None:
        if not (-1.0 < self.rho < 1.0 and self.eta > 0.0 and 0.0 < self.gamma <= 0.5):
            raise ArbitrageableSmileError(
                f"SSVI needs |rho| < 1, eta > 0, 0 < gamma <= 1/2; got rho {self.rho}, eta {self.eta}, "
                f"gamma {self.gamma}"
            )
        if self.eta * (1.0 + abs(self.rho)) > 2.0:
            raise ArbitrageableSmileError(
                f"SSVI with eta (1 + |rho|) = {self.eta * (1.0 + abs(self.rho)):.4f} > 2 admits butterfly "
                "arbitrage; lower eta or |rho|"
            )


def atm_total_variance(
    years: FloatArray,
    *,
    variance_per_year: float,
    long_run_variance_per_year: float,
    mean_reversion_per_year: float,
    premium: float,
) -> FloatArray:
    """Expected variance to maturity of a mean-reverting variance, times a risk premium.

    ``theta(T) = (1 + premium) (v_inf T + (v - v_inf) (1 - exp(-kappa T)) / kappa)``, the integral of
    ``v_inf + (v - v_inf) exp(-kappa t)``, so it increases with T whenever both variances are positive.

    Parameters
    ----------
    years : float64[n]
        Time to settlement, act/365.
    premium
        By how much implied variance exceeds expected variance, a decimal.

    Returns
    -------
    float64[n]
        Total variance; its square root over ``sqrt(years)`` is the at-the-money-forward volatility.
    """
    decay = -np.expm1(-mean_reversion_per_year * years) / mean_reversion_per_year
    expected = long_run_variance_per_year * years
    expected = expected + (variance_per_year - long_run_variance_per_year) * decay
    result: FloatArray = (1.0 + premium) * expected
    return result


def total_variance(log_moneyness: FloatArray, theta: FloatArray, smile: SsviParameters) -> FloatArray:
    """SSVI total implied variance at ``k = ln(K / F)`` and at-the-money total variance ``theta``."""
    phi = smile.eta / (theta**smile.gamma * (1.0 + theta) ** (1.0 - smile.gamma))
    scaled = phi * log_moneyness
    root = np.sqrt((scaled + smile.rho) ** 2 + 1.0 - smile.rho**2)
    result: FloatArray = 0.5 * theta * (1.0 + smile.rho * scaled + root)
    return result


def implied_volatility(
    log_moneyness: FloatArray, theta: FloatArray, years: FloatArray, smile: SsviParameters
) -> FloatArray:
    """Black volatility (a decimal a year) of the SSVI smile."""
    result: FloatArray = np.sqrt(total_variance(log_moneyness, theta, smile) / years)
    return result
