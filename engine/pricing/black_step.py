"""One step from a total volatility towards the one that gives a price.

The step is Householder's of fourth order on the logarithm of the price, or of what is missing to the largest price
(P. Jaeckel, "Let's be rational", Wilmott (2015), section 5). Both are ``exp(-(h^2 + t^2)/2) / 2`` times a sum of two
scaled complementary error functions, and their derivative is that factor alone: ratios need no exponential.
"""

import math

from engine.pricing.compiled import fma, inlined
from engine.pricing.normalised_black import scaled_difference
from engine.pricing.vector_math import log

_SQRT_TWO_OVER_PI = math.sqrt(2.0 / math.pi)


@inlined
def householder(objective: float, slope: float, h: float, t: float, s: float) -> tuple[float, float]:
    """Step of fourth order, and Newton's, from an objective and its first derivative."""
    hh, tt = h * h, t * t
    curve = (hh - tt) / s  # second over first derivative of the price
    second = curve - slope
    third = curve * curve - 3.0 * hh / (s * s) - 0.25 + slope * (2.0 * slope - 3.0 * curve)
    newton = -objective / slope
    step = newton * fma(0.5 * second, newton, 1.0) / fma(newton, fma(third / 6.0, newton, second), 1.0)
    return step, newton


@inlined
def black_step(x: float, s: float, price: float) -> float:
    """Step on the logarithm of the price, for s up to ``MOST_TOTAL_VOLATILITY``.

    Parameters
    ----------
    x
        ``-|ln(F/K)|``.
    price
        Out-of-the-money price over ``sqrt(F K)``.
    """
    h, t = x / s, 0.5 * s
    scaled = scaled_difference(h, t)
    objective = log(0.5 * scaled / price) - 0.5 * fma(h, h, t * t)
    step, _ = householder(objective, _SQRT_TWO_OVER_PI / scaled, h, t, s)
    return step
