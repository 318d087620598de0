"""One step from a total volatility towards the one that gives a price.

The step is Householder's of fourth order on the logarithm of the price, or of what is missing to the largest price
(P. Jaeckel, "Let's be rational", Wilmott (2015), section 5). Both are ``exp(-(h^2 + t^2)/2) / 2`` times a sum of two
scaled complementary error functions, and their derivative is that factor alone: ratios need no exponential.
"""

import math

from engine.pricing.compiled import fma, inlined
from engine.pricing.vector_math import log

_SQRT_HALF_PI = math.sqrt(0.5 * math.pi)


@inlined
def householder(objective: float, per_slope: float, h: float, t: float, per_s: float) -> tuple[float, float]:
    """Step of fourth order, and Newton's, from an objective and the reciprocals of its derivative and of s."""
    hh, tt = h * h, t * t
    slope = 1.0 / per_slope
    curve = (hh - tt) * per_s  # second over first derivative of the price
    second = curve - slope
    third = curve * curve - 3.0 * hh * per_s * per_s - 0.25 + slope * (2.0 * slope - 3.0 * curve)
    newton = -objective * per_slope
    step = newton * fma(0.5 * second, newton, 1.0) / fma(newton, fma(third / 6.0, newton, second), 1.0)
    return step, newton


@inlined
def black_step(x: float, s: float, per_s: float, scaled: float, per_price: float) -> float:
    """Step on the logarithm of the price, for s up to ``MOST_TOTAL_VOLATILITY``.

    Parameters
    ----------
    x
        ``-|ln(F/K)|``.
    scaled
        ``scaled_difference(x / s, s / 2)``.
    per_price
        ``sqrt(F K)`` over the out-of-the-money price.
    """
    h, t = x * per_s, 0.5 * s
    objective = log(0.5 * scaled * per_price) - 0.5 * fma(h, h, t * t)
    step, _ = householder(objective, _SQRT_HALF_PI * scaled, h, t, per_s)
    return step
