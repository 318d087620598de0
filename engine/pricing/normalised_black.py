"""The out-of-the-money Black price in two variables, to full relative precision, inside compiled loops.

With ``x = -|ln(F/K)|`` and ``s = sigma sqrt(T)``, ``h = x/s`` and ``t = s/2``, the price divided by ``sqrt(F K)`` is

    b(x, s) = exp(x/2) N(h + t) - exp(-x/2) N(h - t) = exp(-(h^2 + t^2)/2) / 2 * [Y(a) - Y(c)],

where ``Y(z) = exp(z^2) erfc(z)``, ``a = -(h + t)/sqrt 2`` and ``c = (t - h)/sqrt 2`` (P. Jaeckel, "Let's be rational",
Wilmott (2015), section 6). For short or quiet options a and c are close and the difference loses its digits. Here it
is computed as a divided difference times ``c - a = s / sqrt 2``, which loses none: Y is a polynomial in
``u = (z - z0 - 3)/(z - z0 + 3)`` over ``1 + 2 (z - z0)``, and Horner's rule gives a polynomial's divided difference at
the cost of a second evaluation.
"""

from engine.pricing.compiled import fma, inlined
from engine.pricing.vector_math import SQRT_HALF, erfcx_of_positive, exp

#: least argument z of Y that the polynomial covers; reached where s is 1.5 and x is 0
_LEAST = -0.55
_K = 3.0
#: total volatility up to which ``scaled_difference`` holds for every x
MOST_TOTAL_VOLATILITY = 1.5
# 1 + 2 y times Y in the variable u, Chebyshev interpolation at 50 digits: relative error 6e-18
_C26 = 3.1431666605533656854e-9
_C25 = 6.6412432568186268952e-10
_C24 = -3.3348879626234202218e-8
_C23 = -1.5848506985734319957e-8
_C22 = 1.8972497758638165509e-7
_C21 = 1.6274224376909125903e-7
_C20 = -8.2263052555036584605e-7
_C19 = -1.1285484667859577649e-6
_C18 = 3.3107305761653872373e-6
_C17 = 6.4218294461663980491e-6
_C16 = -0.000014509342273927340788
_C15 = -0.000032890677852096046984
_C14 = 0.000078003589121940930581
_C13 = 0.00014949059646375897763
_C12 = -0.00051610548352504529334
_C11 = -0.00041168144108050887546
_C10 = 0.0036123602548249968543
_C9 = -0.0033879901575498314156
_C8 = -0.016691381367813152241
_C7 = 0.072426664859743153048
_C6 = -0.15107475678312744999
_C5 = 0.19337907695724492124
_C4 = -0.12010821791333104738
_C3 = -0.10085623939711159867
_C2 = 0.40456593715726594125
_C1 = -0.6548563279012997537
_C0 = 1.5021096456876565518


@inlined
def scaled_difference(h: float, t: float) -> float:
    """``Y(-(h + t)/sqrt 2) - Y((t - h)/sqrt 2)`` for h <= 0 and t >= 0 with ``h + t <= 0.77``."""
    y = -(h + t) * SQRT_HALF - _LEAST
    z = (t - h) * SQRT_HALF - _LEAST
    # one division for both: of what these loops do, divisions and roots cost most
    both = 1.0 / ((y + _K) * (z + _K))
    below_y, below_z = both * (z + _K), both * (y + _K)
    u = (y - _K) * below_y
    v = (z - _K) * below_z
    # b becomes the polynomial at v, d its divided difference at u and v
    d = _C26
    b = fma(_C26, v, _C25)
    d = fma(d, u, b)
    b = fma(b, v, _C24)
    d = fma(d, u, b)
    b = fma(b, v, _C23)
    d = fma(d, u, b)
    b = fma(b, v, _C22)
    d = fma(d, u, b)
    b = fma(b, v, _C21)
    d = fma(d, u, b)
    b = fma(b, v, _C20)
    d = fma(d, u, b)
    b = fma(b, v, _C19)
    d = fma(d, u, b)
    b = fma(b, v, _C18)
    d = fma(d, u, b)
    b = fma(b, v, _C17)
    d = fma(d, u, b)
    b = fma(b, v, _C16)
    d = fma(d, u, b)
    b = fma(b, v, _C15)
    d = fma(d, u, b)
    b = fma(b, v, _C14)
    d = fma(d, u, b)
    b = fma(b, v, _C13)
    d = fma(d, u, b)
    b = fma(b, v, _C12)
    d = fma(d, u, b)
    b = fma(b, v, _C11)
    d = fma(d, u, b)
    b = fma(b, v, _C10)
    d = fma(d, u, b)
    b = fma(b, v, _C9)
    d = fma(d, u, b)
    b = fma(b, v, _C8)
    d = fma(d, u, b)
    b = fma(b, v, _C7)
    d = fma(d, u, b)
    b = fma(b, v, _C6)
    d = fma(d, u, b)
    b = fma(b, v, _C5)
    d = fma(d, u, b)
    b = fma(b, v, _C4)
    d = fma(d, u, b)
    b = fma(b, v, _C3)
    d = fma(d, u, b)
    b = fma(b, v, _C2)
    d = fma(d, u, b)
    b = fma(b, v, _C1)
    d = fma(d, u, b)
    b = fma(b, v, _C0)
    gap = 2.0 * t * SQRT_HALF
    wide_y, wide_z = fma(2.0, y, 1.0), fma(2.0, z, 1.0)
    numerator = 2.0 * (b - _K * d * wide_z * both)
    return gap * numerator / (wide_y * wide_z)


@inlined
def normalised_price(x: float, s: float) -> float:
    """``b(x, s)`` for x <= 0 and s > 0: 0 where it is below the least float, exp(x/2) where s is huge."""
    h = x / s
    t = 0.5 * s
    common = 0.5 * exp(-0.5 * fma(h, h, t * t))
    moderate = h + t <= 0.75
    h_near, t_near = (h, t) if moderate else (-0.5, 0.5)
    near = common * scaled_difference(h_near, t_near)
    # Y of a negative argument is 2 exp(a^2) - Y(-a), and that exponential times the common factor is exp(x/2)
    far = exp(0.5 * x) - common * (
        erfcx_of_positive(abs(h + t) * SQRT_HALF) + erfcx_of_positive((t - h) * SQRT_HALF)
    )
    return near if moderate else far
