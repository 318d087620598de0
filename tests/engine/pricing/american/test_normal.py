"""The normal distribution of the quadratures against the precise one, and as machine code."""

import numpy as np

from engine.pricing.american.normal import distribution
from engine.pricing.compiled import kernel
from engine.pricing.vector_math import ndtr


@kernel("f8[] -> f8[] f8[]")
def both(x, ours, precise):
    for i in range(x.size):
        ours[i] = distribution(x[i])
        precise[i] = ndtr(x[i])


def test_within_the_stated_error():
    x = np.concatenate([np.linspace(-37.5, 37.5, 200_001), np.linspace(-1e-3, 1e-3, 1001), [0.0]])
    ours, precise = np.empty_like(x), np.empty_like(x)
    both(x, ours, precise)
    assert np.all(np.abs(ours / precise - 1.0) <= 2e-15 + 1.2e-16 * x * x)
    assert np.all(np.diff(ours[:200_001][::100]) >= 0)


def test_constant_beyond_what_has_a_density():
    x = np.array([-1e300, -40.0, 40.0, 1e300])
    ours, precise = np.empty_like(x), np.empty_like(x)
    both(x, ours, precise)
    assert ours[0] == ours[1] < 1e-300
    assert ours[2:].tolist() == [1.0, 1.0]
