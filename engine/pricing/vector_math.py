"""Exponential, logarithm and normal distribution for compiled loops: float64, without branches and without calls.

numba's own are calls to a library for one number at a time; one of them in a loop is enough to keep it from being
vectorized. These are arithmetic only, with selects in the place of branches. The bounds are in units in the last
place (ulp) of the result, found against 50 digits on random and on special arguments, and hold for every argument
whose result is a normal number. Infinities and NaN come out as they do from ``math``; logarithms of negative
numbers are NaN.

=========  ==========  =====================================================================================
function   bound, ulp  method
=========  ==========  =====================================================================================
exp        1           multiples of ln 2 taken off in two parts, a polynomial of degree 12 on the rest
log        1           mantissa in [sqrt 1/2, sqrt 2), 2 artanh(f / (2 + f)) as in K. C. Ng's work for BSD libm
erfcx      4           (1 + 2x) erfcx(x) as a polynomial in (x - 3.75) / (x + 3.75): M. Shepherd and
                       J. Laframboise, Mathematics of Computation 36 (1981)
erfc       5           exp(-x^2) erfcx(x), the square in two parts
ndtr       5           the same with x^2 / 2
ndtri      8           M. Wichura, algorithm AS 241, Applied Statistics 37 (1988)
=========  ==========  =====================================================================================

The polynomials of exp, log and erfcx are Chebyshev interpolations at 50 digits.
"""

import math

import numpy as np

from engine.pricing.compiled import fma, inlined

SQRT_HALF = math.sqrt(0.5)
INV_SQRT_TWO_PI = 1.0 / math.sqrt(2.0 * math.pi)
_LOG2_E = 1.0 / math.log(2.0)
_LN2_HIGH = 6.93147180369123816490e-01  # its low 32 bits are 0: multiples up to 2^20 are exact
_LN2_LOW = 1.90821492927058770002e-10
_ROUNDER = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to an integer, which then stands in the low bits
_EXP_LEAST, _EXP_MOST = -745.2, 709.79
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_MANTISSA = 0x000FFFFFFFFFFFFF
_TWO_52 = 4503599627370496.0
_LEAST_NORMAL = 2.2250738585072014e-308


@inlined
def exp(x: float) -> float:
    """``e^x``."""
    inside = min(max(x, _EXP_LEAST), _EXP_MOST)
    shifted = fma(inside, _LOG2_E, _ROUNDER)
    k = shifted - _ROUNDER
    r = fma(k, -_LN2_LOW, fma(k, -_LN2_HIGH, inside))
    p = fma(2.0911298765940198219e-9, r, 2.5100472505694995992e-8)
    p = fma(p, r, 2.7557282838800482972e-7)
    p = fma(p, r, 2.7557268276905696187e-6)
    p = fma(p, r, 2.4801587317228722144e-5)
    p = fma(p, r, 1.9841269863171556026e-4)
    p = fma(p, r, 1.3888888888886535638e-3)
    p = fma(p, r, 8.3333333333300381973e-3)
    p = fma(p, r, 4.1666666666666667233e-2)
    p = fma(p, r, 1.6666666666666667460e-1)
    p = fma(p, r, 0.5)
    p = fma(p * r, r, r) + 1.0
    # 2^k as a product of two powers: one alone cannot make results below the least normal number
    steps = np.float64(shifted).view(np.int64) - np.float64(_ROUNDER).view(np.int64)
    half = steps >> 1
    first = np.int64((half + 1023) << 52).view(np.float64)
    second = np.int64((steps - half + 1023) << 52).view(np.float64)
    value: float = p * first * second
    value = value if x <= _EXP_MOST else (np.inf if x > _EXP_MOST else np.nan)
    return value if x >= _EXP_LEAST or x != x else 0.0


@inlined
def log(x: float) -> float:
    """Natural logarithm."""
    tiny = x < _LEAST_NORMAL
    scaled = x * _TWO_52 if tiny else x
    bits = np.float64(scaled).view(np.int64)
    # the exponent for which the mantissa lies in [sqrt 1/2, sqrt 2)
    offset = bits - np.int64(_SQRT_HALF_BITS)
    exponent = offset >> 52
    mantissa = np.int64((offset & np.int64(_MANTISSA)) + np.int64(_SQRT_HALF_BITS)).view(np.float64)
    k = np.float64(exponent) - (52.0 if tiny else 0.0)
    f = mantissa - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = fma(0.13086626147840102138, z, 0.13268773138656885185)
    p = fma(p, z, 0.15386239702814658188)
    p = fma(p, z, 0.18181795640132906276)
    p = fma(p, z, 0.22222222391713917442)
    p = fma(p, z, 0.28571428570803611811)
    p = fma(p, z, 0.40000000000000876983)
    p = fma(p, z, 0.66666666666666666465)
    half_square = 0.5 * f * f
    value = fma(k, _LN2_HIGH, f - (half_square - fma(s, fma(p, z, half_square), k * _LN2_LOW)))
    value = value if x < np.inf else x
    value = value if x > 0.0 else (-np.inf if x == 0.0 else np.nan)
    return value


@inlined
def erfcx_of_positive(x: float) -> float:
    """``exp(x^2) erfc(x)`` for x from 0 to infinity, both included."""
    t = 1.0 if x == np.inf else (x - 3.75) / (x + 3.75)
    p = fma(4.4349590700096282602e-10, t, 3.1103107198391649931e-10)
    p = fma(p, t, -5.2842869796314205662e-9)
    p = fma(p, t, -3.7435680336345832166e-9)
    p = fma(p, t, 3.8965452548985968109e-8)
    p = fma(p, t, 2.3261913276696567394e-8)
    p = fma(p, t, -2.5910696877966578529e-7)
    p = fma(p, t, -5.7215972559909871790e-8)
    p = fma(p, t, 1.7520579701663181024e-6)
    p = fma(p, t, -9.7356190151826632940e-7)
    p = fma(p, t, -1.1444412439171723062e-5)
    p = fma(p, t, 2.2384240314224438333e-5)
    p = fma(p, t, 5.1649211390702851871e-5)
    p = fma(p, t, -2.9015408097952713070e-4)
    p = fma(p, t, 2.9371363428500812575e-4)
    p = fma(p, t, 1.7556258530017257945e-3)
    p = fma(p, t, -9.7465795525042429682e-3)
    p = fma(p, t, 2.8362277418940664799e-2)
    p = fma(p, t, -5.8693398590212367225e-2)
    p = fma(p, t, 9.2304321160378767141e-2)
    p = fma(p, t, -0.10880393014171785779)
    p = fma(p, t, 8.2276738490145159123e-2)
    p = fma(p, t, 3.5854154854637749642e-3)
    p = fma(p, t, -0.140240598585547018)  # two ulp down, so that erfcx(0) is 1
    p = fma(p, t, 1.2375126308378275819)
    return p / fma(2.0, x, 1.0)


@inlined
def exp_of_minus_square(x: float) -> float:
    """``exp(-x^2)``; the square's rounding error, which the exponential would multiply, is put back."""
    square = x * x
    lost = fma(x, x, -square)
    value = exp(-square)
    return value - value * lost if square < np.inf else value


@inlined
def erfcx(x: float) -> float:
    """``exp(x^2) erfc(x)``; infinite below about -26.6."""
    positive = erfcx_of_positive(abs(x))
    square = x * x
    lost = fma(x, x, -square)
    grown = exp(square)
    grown = grown + grown * lost if grown < np.inf else grown
    return positive if x >= 0.0 else 2.0 * grown - positive


@inlined
def erfc(x: float) -> float:
    """Complementary error function."""
    tail = exp_of_minus_square(x) * erfcx_of_positive(abs(x))
    return 2.0 - tail if x < 0.0 else tail


@inlined
def exp_of_minus_half_square(x: float) -> float:
    """``exp(-x^2 / 2)``, as :func:`exp_of_minus_square`."""
    square = x * x
    lost = fma(x, x, -square)
    value = exp(-0.5 * square)
    return value - 0.5 * value * lost if square < np.inf else value


@inlined
def ndtr(x: float) -> float:
    """Distribution function of the standard normal."""
    return ndtr_from(x, exp_of_minus_half_square(x))


@inlined
def ndtr_from(x: float, bell: float) -> float:
    """The same where ``exp(-x^2 / 2)`` is at hand."""
    tail = 0.5 * bell * erfcx_of_positive(SQRT_HALF * abs(x))
    return 1.0 - tail if x > 0.0 else tail


@inlined
def ndtri(p: float) -> float:
    """Quantile of the standard normal: ``ndtr(ndtri(p)) = p``; NaN outside [0, 1]."""
    q = p - 0.5
    centre = _ndtri_near_the_middle(q)
    r = math.sqrt(-log(min(p, 1.0 - p)))
    tail = _ndtri_in_the_tail(r) if r <= 5.0 else _ndtri_far_out(r)
    tail = np.inf if r == np.inf else tail
    value = centre if abs(q) <= 0.425 else (-tail if q < 0.0 else tail)
    return value if 0.0 <= p <= 1.0 else np.nan


@inlined
def _ndtri_near_the_middle(q: float) -> float:
    r = 0.180625 - q * q
    a = fma(2.5090809287301226727e3, r, 3.3430575583588128105e4)
    a = fma(a, r, 6.7265770927008700853e4)
    a = fma(a, r, 4.5921953931549871457e4)
    a = fma(a, r, 1.3731693765509461125e4)
    a = fma(a, r, 1.9715909503065514427e3)
    a = fma(a, r, 1.3314166789178437745e2)
    a = fma(a, r, 3.3871328727963666080)
    b = fma(5.2264952788528545610e3, r, 2.8729085735721942674e4)
    b = fma(b, r, 3.9307895800092710610e4)
    b = fma(b, r, 2.1213794301586595867e4)
    b = fma(b, r, 5.3941960214247511077e3)
    b = fma(b, r, 6.8718700749205790830e2)
    b = fma(b, r, 4.2313330701600911252e1)
    b = fma(b, r, 1.0)
    return q * a / b


@inlined
def _ndtri_in_the_tail(root: float) -> float:
    r = root - 1.6
    a = fma(7.74545014278341407640e-4, r, 2.27238449892691845833e-2)
    a = fma(a, r, 2.41780725177450611770e-1)
    a = fma(a, r, 1.27045825245236838258)
    a = fma(a, r, 3.64784832476320460504)
    a = fma(a, r, 5.76949722146069140550)
    a = fma(a, r, 4.63033784615654529590)
    a = fma(a, r, 1.42343711074968357734)
    b = fma(1.05075007164441684324e-9, r, 5.47593808499534494600e-4)
    b = fma(b, r, 1.51986665636164571966e-2)
    b = fma(b, r, 1.48103976427480074590e-1)
    b = fma(b, r, 6.89767334985100004550e-1)
    b = fma(b, r, 1.67638483018380384940)
    b = fma(b, r, 2.05319162663775882187)
    b = fma(b, r, 1.0)
    return a / b


@inlined
def _ndtri_far_out(root: float) -> float:
    r = root - 5.0
    a = fma(2.01033439929228813265e-7, r, 2.71155556874348757815e-5)
    a = fma(a, r, 1.24266094738807843860e-3)
    a = fma(a, r, 2.65321895265761230930e-2)
    a = fma(a, r, 2.96560571828504891230e-1)
    a = fma(a, r, 1.78482653991729133580)
    a = fma(a, r, 5.46378491116411436990)
    a = fma(a, r, 6.65790464350110377720)
    b = fma(2.04426310338993978564e-15, r, 1.42151175831644588870e-7)
    b = fma(b, r, 1.84631831751005468180e-5)
    b = fma(b, r, 7.86869131145613259100e-4)
    b = fma(b, r, 1.48753612908506148525e-2)
    b = fma(b, r, 1.36929880922735805310e-1)
    b = fma(b, r, 5.99832206555887937690e-1)
    b = fma(b, r, 1.0)
    return a / b
