"""What one European option is worth undiscounted, and its derivatives, for use inside compiled loops.

All are per unit of underlying, on the forward, with ``s = sigma sqrt(T)``, ``d1 = ln(F/K)/s + s/2``, ``d2 = d1 - s``.
They stay finite where time or volatility vanish: d1 is then infinite, or 0 where forward and strike agree.
``root`` is ``sqrt T``, ``per_s`` is ``1/s`` or 0 where there is no uncertainty, ``bell`` is ``exp(-d1^2 / 2)``: loops
keep them, since divisions, roots and exponentials are most of the work.
"""

import math

import numpy as np

from engine.pricing.compiled import fma, inlined
from engine.pricing.normalised_black import normalised_price
from engine.pricing.vector_math import INV_SQRT_TWO_PI, exp_of_minus_half_square, log, ndtr_from

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
    most = strike if is_put else forward
    price = most if price > most else price  # rounding of the sum
    return price if is_priced(forward, strike, years, sigma) else np.nan


@inlined
def per_total_volatility(s: float) -> float:
    """``1/s``, 0 without uncertainty: what is multiplied with it vanishes there."""
    return 1.0 / s if s > _LEAST_TOTAL_VOLATILITY else 0.0


@inlined
def d1_of(forward: float, strike: float, years: float, sigma: float, root: float, per_s: float) -> float:
    """NaN outside the domain."""
    x = log(forward / strike)
    certain = np.inf if x > 0.0 else (-np.inf if x < 0.0 else 0.0)
    s = sigma * root
    d1 = fma(0.5, s, x * per_s) if s > _LEAST_TOTAL_VOLATILITY else certain
    return d1 if is_priced(forward, strike, years, sigma) else np.nan


@inlined
def bell_of(d1: float) -> float:
    """Standard normal density without its factor."""
    return exp_of_minus_half_square(d1)


@inlined
def density_of(bell: float) -> float:
    """Standard normal density."""
    return INV_SQRT_TWO_PI * bell


@inlined
def delta_of(is_put: bool, d1: float, bell: float) -> float:
    """dPrice/dForward."""
    sign = -1.0 if is_put else 1.0
    return sign * ndtr_from(sign * d1, bell)


@inlined
def gamma_of(density: float, forward: float, per_s: float) -> float:
    """d2Price/dForward2; 0 without uncertainty (at the strike itself it has no value there)."""
    return density * per_s / forward


@inlined
def decay_of(density: float, forward: float, sigma: float, per_s: float) -> float:
    """dPrice/dTime with the forward held, per year."""
    return 0.5 * forward * density * sigma * (sigma * per_s)


@inlined
def vanna_of(density: float, d1: float, s: float, root: float, per_s: float) -> float:
    """d2Price/dForward dSigma."""
    value = -density * (d1 - s) * root * per_s
    return value if abs(d1) < np.inf else 0.0 * density


@inlined
def volga_of(density: float, d1: float, forward: float, years: float, s: float, per_s: float) -> float:
    """d2Price/dSigma2."""
    value = forward * density * years * d1 * (d1 - s) * per_s
    return value if abs(d1) < np.inf else 0.0 * density


@inlined
def delta_decay_of(density: float, d1: float, years: float, s: float) -> float:
    """d2Price/dForward dTime with the forward held, per year."""
    value = -0.5 * density * (d1 - s) / years if years > 0.0 else 0.0 * density
    return value if abs(d1) < np.inf else 0.0 * density


@inlined
def speed_of(density: float, d1: float, forward: float, per_s: float) -> float:
    """d3Price/dForward3."""
    value = -density * (1.0 + d1 * per_s) * per_s / (forward * forward)
    return value if abs(d1) < np.inf else 0.0 * density
