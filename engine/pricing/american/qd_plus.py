"""The QD+ approximation of the early-exercise boundary, the start of the fixed point and a method of its own.

M. Li, "Analytical approximations for the critical stock prices of American options: a performance comparison",
Review of Derivatives Research 13 (2010), section 3.3.
"""

import math

from engine.pricing.american.normal import distribution
from engine.pricing.compiled import inlined
from engine.pricing.vector_math import INV_SQRT_TWO_PI, exp, log

_SMALL = 1e-9


@inlined
def perpetual_depth(origin: float, s: float, r: float, q: float) -> float:
    """How deep the boundary of an option without expiry lies: ``ln(X / B)``; arguments as for :func:`qd_plus_step`.

    R. C. Merton, "Theory of rational option pricing", Bell Journal 4 (1973), with a dividend yield.
    """
    drift = 1.0 - 2.0 * (r - q) / (s * s)
    twice = 2.0 * r / (s * s)
    split = math.sqrt(drift * drift + 4.0 * twice)
    # the negative of the negative power of spot, without cancellation
    power = 2.0 * twice / (split + drift) if drift > 0.0 else 0.5 * (split - drift)
    return max(origin + log(1.0 + 1.0 / power), 0.0)


@inlined
def qd_plus_step(depth: float, origin: float, s: float, r: float, q: float, root: float) -> float:
    """One Halley step for the depth of the boundary below its value at expiry.

    Parameters
    ----------
    depth
        ``ln(X / B)`` so far.
    origin
        ``ln(X / K)``, X being the boundary at expiry.
    s, r, q
        Volatility, rate and yield per unit of time.
    root
        Square root of time to expiry.

    Returns
    -------
    The change, to be taken off.
    """
    t = root * root
    v = s * root
    s2 = s * s
    discount, carry = exp(-r * t), exp(-q * t)
    # r / (1 - exp(-r t)), which stays finite where r vanishes
    per_loss = r / (1.0 - discount) if abs(r * t) > _SMALL else (1.0 + 0.5 * r * t) / t
    omega = 2.0 * (r - q) / s2
    split = math.sqrt((omega - 1.0) * (omega - 1.0) + 8.0 * per_loss / s2)
    power = 0.5 * (1.0 - omega - split)
    slope = 2.0 * per_loss / (s2 * split)
    beta = -discount * (2.0 * per_loss / s2) / split * (1.0 - slope / split) - power
    of_decay = -2.0 / (s2 * split)
    b = exp(origin - depth)
    d1 = (origin - depth + (r - q) * t) / v + 0.5 * v
    d2 = d1 - v
    below1, below2 = distribution(-d1), distribution(-d2)
    density = carry * INV_SQRT_TWO_PI * exp(-0.5 * d1 * d1)
    european = discount * below2 - b * carry * below1
    decay = r * discount * below2 - q * b * carry * below1 - 0.5 * s2 * b * density / v
    charm = -density * ((r - q) / v - 0.5 * d2 / t) - q * carry * below1
    gamma = density / (v * b)
    colour = gamma * (q + (r - q) * d1 / v + 0.5 * (1.0 - d1 * d2) / t)
    value = (1.0 - carry * below1) * b - beta * (1.0 - b - european) + of_decay * decay
    first = 1.0 - carry * below1 + density / v + beta * (1.0 - carry * below1) + of_decay * charm
    second = gamma * (1.0 - d1 / v) + beta * gamma + of_decay * colour
    # by the depth instead of the boundary itself
    by_depth = -b * first
    curvature = b * b * second + b * first
    bend = min(max(value * curvature / (by_depth * by_depth), -1.0), 1.0)
    return value / (by_depth * (1.0 - 0.5 * bend))
