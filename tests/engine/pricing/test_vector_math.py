"""The functions of ``vector_math`` against 50 digits, at their special arguments, and as machine code."""

import math

import mpmath
import numpy as np
import pytest

from tests.engine.pricing.machine_code import packed_instructions
from tests.engine.pricing.vector_math_loops import LOOPS

#: as the table of the module states them
BOUNDS_ULP = {"exp": 1, "log": 1, "erfcx": 4, "erfc": 5, "ndtr": 5, "ndtri": 8}
INF, NAN = math.inf, math.nan


def run(name: str, x) -> np.ndarray:
    x = np.ascontiguousarray(x, dtype=np.float64)
    out = np.empty_like(x)
    LOOPS[name](x, out)
    return out


def exact(name: str, x: float):
    m = mpmath.mpf(x)
    if name == "erfcx":
        return mpmath.exp(m * m) * mpmath.erfc(m)
    if name == "ndtri":
        # log-scale start, then Newton: erfinv of mpmath stops converging far out
        return mpmath.sqrt(2) * mpmath.erfinv(2 * m - 1)
    return {"exp": mpmath.exp, "log": mpmath.log, "erfc": mpmath.erfc, "ndtr": mpmath.ncdf}[name](m)


def arguments(name: str) -> np.ndarray:
    rng = np.random.default_rng(20)
    n = 400
    spans = {
        "exp": [(-708, 709), (-1, 1), (-1e-3, 1e-3)],
        "log": [(0.5, 2), (1 - 1e-4, 1 + 1e-4)],
        "erfcx": [(-26, 5), (0, 5), (0, 25), (-1, 1)],
        "erfc": [(-5, 26), (0, 1), (-0.1, 0.1)],
        "ndtr": [(-37, 8), (-3, 3), (-1e-3, 1e-3)],
        "ndtri": [(1e-6, 1), (0.45, 0.55), (1e-8, 1e-5)],
    }[name]
    parts = [rng.uniform(low, high, n) for low, high in spans]
    if name == "log":
        parts.append(np.exp(rng.uniform(-700, 700, n)))
    return np.concatenate(parts)


@pytest.mark.parametrize("name", LOOPS)
def test_within_the_stated_bound_of_50_digits(name):
    x = arguments(name)
    worst = 0.0
    with mpmath.workdps(50):
        for argument, value in zip(x, run(name, x), strict=True):
            truth = exact(name, float(argument))
            ulp = np.spacing(abs(float(truth)))
            worst = max(worst, abs(float((mpmath.mpf(float(value)) - truth) / mpmath.mpf(float(ulp)))))
    assert worst <= BOUNDS_ULP[name]


def test_the_quantile_far_out_is_the_inverse_of_the_distribution():
    p = np.exp(np.linspace(-700.0, -20.0, 200))
    assert np.max(np.abs(run("ndtr", run("ndtri", p)) / p - 1.0)) < 1e-12
    assert np.all(np.diff(run("ndtri", p)) > 0)


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("exp", [0.0, -0.0, INF, -INF, NAN, 710.0, -746.0, -745.0], [1, 1, INF, 0, NAN, INF, 0, 5e-324]),
        ("log", [1.0, 0.0, -0.0, INF, -1.0, -INF, NAN], [0, -INF, -INF, INF, NAN, NAN, NAN]),
        ("log", [5e-324, 2.2250738585072014e-308], [-744.4400719213812, -708.3964185322641]),
        ("erfcx", [0.0, INF, -INF, NAN, 1e300, -27.0], [1, 0, INF, NAN, 5.641895835477563e-301, INF]),
        ("erfc", [0.0, INF, -INF, NAN, 28.0, -28.0], [1, 0, 2, NAN, 0, 2]),
        ("ndtr", [0.0, INF, -INF, NAN, 40.0, -40.0], [0.5, 1, 0, NAN, 1, 0]),
        ("ndtri", [0.5, 0.0, 1.0, -0.1, 1.1, NAN], [0, -INF, INF, NAN, NAN, NAN]),
    ],
)
def test_special_arguments(name, x, expected):
    np.testing.assert_allclose(run(name, x), expected, rtol=1e-15, atol=0)


@pytest.mark.parametrize("name", LOOPS)
def test_short_and_long_arrays_give_the_same_bits(name):
    """What is left over of an array after whole vectors is computed by other instructions."""
    x = arguments(name)[:67]
    alone = np.array([run(name, [v])[0] for v in x])
    np.testing.assert_array_equal(run(name, x), alone)


@pytest.mark.parametrize("name", LOOPS)
def test_the_loop_is_vector_instructions_and_no_calls(name):
    assert packed_instructions(LOOPS[name]) > 10
