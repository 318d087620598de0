"""The exercise price in the quadratic approximation, which two methods here build on.

G. Barone-Adesi and R. Whaley, "Efficient analytic approximation of American option values", Journal of Finance 42
(1987), eq. 19, 24 and 25. In units of strike and time to expiry; sign is 1 for calls and -1 for puts.
"""

import math

from engine.pricing.compiled import callable_part, inlined
from engine.pricing.vector_math import INV_SQRT_TWO_PI, exp, log, ndtr

_PRECISE = 1e-13
_MOST_STEPS = 100
_SMALL = 1e-9


@inlined
def rate_per_loss(r: float) -> float:
    """``r / (1 - exp(-r))``, which is 1 at 0."""
    return r / (1.0 - exp(-r)) if abs(r) > _SMALL else 1.0 + 0.5 * r


@inlined
def split(s: float, r: float, q: float) -> float:
    """Distance between the two powers of spot that solve the quadratic."""
    drift = 2.0 * (r - q) / (s * s) - 1.0
    return math.sqrt(drift * drift + 8.0 * rate_per_loss(r) / (s * s))


@inlined
def power(sign: float, s: float, r: float, q: float) -> float:
    """The power that vanishes where the option is worth nothing."""
    return 0.5 * (1.0 - 2.0 * (r - q) / (s * s) + sign * split(s, r, q))


@inlined
def european(sign: float, spot: float, s: float, r: float, q: float) -> float:
    """Black, Scholes and Merton."""
    d1 = (log(spot) + r - q) / s + 0.5 * s
    return sign * (spot * exp(-q) * ndtr(sign * d1) - exp(-r) * ndtr(sign * (d1 - s)))


@callable_part
def critical_price(sign: float, s: float, r: float, q: float) -> float:
    """Spot at which the approximation is exercised: Newton, kept in an interval that holds the root."""
    exponent = power(sign, s, r, q)
    # in the logarithm of spot: puts from 0 to the strike, calls from the strike on
    low, high = (0.0, 700.0) if sign > 0.0 else (-700.0, 0.0)
    x = sign * min(s, 1.0)
    for _ in range(_MOST_STEPS):
        spot = exp(x)
        d1 = (x + r - q) / s + 0.5 * s
        kept = 1.0 - exp(-q) * ndtr(sign * d1)
        density = exp(-q) * INV_SQRT_TWO_PI * exp(-0.5 * d1 * d1)
        # positive on the side of exercise
        gap = sign * (spot - 1.0) - european(sign, spot, s, r, q) - sign * kept * spot / exponent
        slope = sign * spot * (kept * (1.0 - 1.0 / exponent) + sign * density / (s * exponent))
        if sign * gap > 0.0:
            high = x
        else:
            low = x
        new = x - gap / slope
        if not (low <= new <= high):
            new = 0.5 * (low + high)
        if abs(new - x) < _PRECISE:
            return exp(new)
        x = new
    return exp(x)
