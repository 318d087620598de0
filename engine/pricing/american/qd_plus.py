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
def decay_weights(s: float, r: float, q: float, t: float, discount: float) -> tuple[float, float]:
    """What multiplies the early-exercise gain and the European decay in the equation of the boundary at time t."""
    s2 = s * s
    # r / (1 - exp(-r t)), which stays finite where r vanishes
    per_loss = r / (1.0 - discount) if abs(r * t) > _SMALL else (1.0 + 0.5 * r * t) / t
    twice = 2.0 * per_loss / s2
    drift = 1.0 - 2.0 * (r - q) / s2
    split = math.sqrt(drift * drift + 4.0 * twice)
    inverse = 1.0 / split
    gain = -discount * twice * inverse * (1.0 - twice * inverse * inverse) - 0.5 * (drift - split)
    return gain, -2.0 * inverse / s2


@inlined
def qd_plus_step(
    depth: float,
    origin: float,
    s: float,
    r: float,
    q: float,
    root: float,
    discount: float,
    carry: float,
    gain: float,
    of_decay: float,
) -> float:
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
    discount, carry
        ``exp(-r t)`` and ``exp(-q t)``.
    gain, of_decay
        Of :func:`decay_weights`.

    Returns
    -------
    The change, to be taken off.
    """
    t, v = root * root, s * root
    inverse_v = 1.0 / v
    b = exp(origin - depth)
    d1 = (origin - depth + (r - q) * t) * inverse_v + 0.5 * v
    d2 = d1 - v
    below1, below2 = carry * distribution(-d1), discount * distribution(-d2)
    density = carry * INV_SQRT_TWO_PI * exp(-0.5 * d1 * d1)
    kept = 1.0 - below1
    decay = r * below2 - b * (q * below1 + 0.5 * s * density / root)
    charm = -density * ((r - q) * inverse_v - 0.5 * d2 / t) - q * below1
    # gamma and its change with time, both times spot
    gamma = density * inverse_v
    colour = gamma * (q + (r - q) * d1 * inverse_v + 0.5 * (1.0 - d1 * d2) / t)
    value = kept * b - gain * (1.0 - b - (below2 - b * below1)) + of_decay * decay
    first = kept * (1.0 + gain) + gamma + of_decay * charm
    second = gamma * (1.0 - d1 * inverse_v + gain) + of_decay * colour
    # by the depth instead of the boundary itself
    by_depth, curvature = -b * first, b * (second + first)
    bend = min(max(value * curvature / (by_depth * by_depth), -1.0), 1.0)
    return value / (by_depth * (1.0 - 0.5 * bend))
