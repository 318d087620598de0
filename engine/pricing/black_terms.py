"""What one European option is worth undiscounted, and its derivatives, for use inside compiled loops.

All are per unit of underlying, on the forward, with ``s = sigma sqrt(T)``, ``d1 = ln(F/K)/s + s/2``, ``d2 = d1 - s``.
They stay finite where time or volatility vanish: d1 is then infinite, or 0 where forward and strike agree.
"""

import math

import numpy as np

from engine.pricing.compiled import fma, inlined
from engine.pricing.normalised_black import normalised_price
from engine.pricing.vector_math import INV_SQRT_TWO_PI, exp, log, ndtr

_LEAST_TOTAL_VOLATILITY = 1e-290


@inlined
def is_priced(forward: float, strike: float, years: float, sigma: float) -> bool:
    """Whether the arguments are inside the domain: NaN never is."""
    finite = (forward < np.inf) & (strike < np.inf) & (years < np.inf) & (sigma < np.inf)
    return (forward > 0.0) & (strike > 0.0) & (years >= 0.0) & (sigma >= 0.0) & finite


@inlined
def price_of(is_put: bool, forward: float, strike: float, years: float, sigma: float) -> float:
    """Undiscounted price: the out-of-the-money side to full relative precision, the other by parity."""
    ratio = forward / strike
    s = sigma * math.sqrt(years)
    x = -abs(log(ratio))
    value = normalised_price(x, s if s > _LEAST_TOTAL_VOLATILITY else 1.0)
    value = value * strike * math.sqrt(ratio) if s > _LEAST_TOTAL_VOLATILITY else 0.0
    exercise = strike - forward if is_put else forward - strike
    price = value + (exercise if exercise > 0.0 else 0.0)
    return price if is_priced(forward, strike, years, sigma) else np.nan


@inlined
def d1_of(forward: float, strike: float, years: float, sigma: float) -> float:
    """NaN outside the domain."""
    x = log(forward / strike)
    s = sigma * math.sqrt(years)
    certain = np.inf if x > 0.0 else (-np.inf if x < 0.0 else 0.0)
    d1 = fma(0.5, s, x / s) if s > _LEAST_TOTAL_VOLATILITY else certain
    return d1 if is_priced(forward, strike, years, sigma) else np.nan


@inlined
def density_of(d1: float) -> float:
    """Standard normal density."""
    return INV_SQRT_TWO_PI * exp(-0.5 * d1 * d1)


@inlined
def delta_of(is_put: bool, d1: float) -> float:
    """dPrice/dForward."""
    sign = -1.0 if is_put else 1.0
    return sign * ndtr(sign * d1)


@inlined
def gamma_of(density: float, forward: float, s: float) -> float:
    """d2Price/dForward2; 0 without uncertainty (at the strike itself it has no value there)."""
    return density / (forward * s) if s > _LEAST_TOTAL_VOLATILITY else 0.0 * density


@inlined
def decay_of(density: float, forward: float, years: float, sigma: float) -> float:
    """dPrice/dTime with the forward held, per year."""
    return 0.5 * forward * density * sigma / math.sqrt(years) if years > 0.0 else 0.0 * density


@inlined
def vanna_of(density: float, d1: float, years: float, s: float) -> float:
    """d2Price/dForward dSigma."""
    uncertain = s > _LEAST_TOTAL_VOLATILITY
    value = -density * (d1 - s) * math.sqrt(years) / s if uncertain else 0.0 * density
    return value if abs(d1) < np.inf else 0.0 * density


@inlined
def volga_of(density: float, d1: float, forward: float, years: float, s: float) -> float:
    """d2Price/dSigma2."""
    uncertain = s > _LEAST_TOTAL_VOLATILITY
    value = forward * density * years * d1 * (d1 - s) / s if uncertain else 0.0 * density
    return value if abs(d1) < np.inf else 0.0 * density


@inlined
def delta_decay_of(density: float, d1: float, years: float, s: float) -> float:
    """d2Price/dForward dTime with the forward held, per year."""
    value = -0.5 * density * (d1 - s) / years if years > 0.0 else 0.0 * density
    return value if abs(d1) < np.inf else 0.0 * density


@inlined
def speed_of(density: float, d1: float, forward: float, s: float) -> float:
    """d3Price/dForward3."""
    uncertain = s > _LEAST_TOTAL_VOLATILITY
    value = -density * (1.0 + d1 / s) / (forward * forward * s) if uncertain else 0.0 * density
    return value if abs(d1) < np.inf else 0.0 * density
