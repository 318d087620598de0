"""Where the boundary is solved and where the integrals over it are taken: everything that no option changes.

Time to expiry is measured in units of the option's own, so that one table serves all of them. The boundary is known
by its values at Chebyshev points of the square root of time to expiry; at every point of a quadrature it is a fixed
linear combination of these, written down here once.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Collocation:
    """Tables of one accuracy setting, with n nodes, l points of the inner quadrature and p of the outer one.

    Attributes
    ----------
    root : float64[n]
        Square roots of time to expiry at the nodes, ascending, the last 1; expiry itself is left out.
    inner_weights : float64[n * l, n]
        The interpolated function at the inner points of each node, in terms of its values at the nodes.
    inner_root, inner_mass : float64[n * l]
        Square root of the time from an inner point to its node, and the measure of time there.
    outer_weights, outer_root, outer_mass
        The same for the integral that gives the price: float64[p, n], float64[p], float64[p].
    iterations : int
        Of the fixed point.
    """

    root: Floats
    inner_weights: Floats
    inner_root: Floats
    inner_mass: Floats
    outer_weights: Floats
    outer_root: Floats
    outer_mass: Floats
    iterations: int


@cache
def collocation(nodes: int, inner: int, outer: int, iterations: int) -> Collocation:
    """The tables for given sizes.

    Notes
    -----
    With ``u = t sin^2(a)`` both square roots in an integral over u from 0 to t are smooth in the angle a: that of u,
    in which the boundary is smooth, and that of t - u, in which the normal distributions are. Gauss-Legendre
    quadrature in the angle then converges at both ends, where the paper's substitution serves the end at t only.
    """
    all_roots = 0.5 * (1.0 - np.cos(np.pi * np.arange(nodes + 1) / nodes))
    root = all_roots[1:]
    sine, cosine, mass = _angles(inner)
    outer_sine, outer_cosine, outer_mass = _angles(outer)
    arrays = (
        root,
        interpolation_weights(nodes, np.outer(root, sine).ravel()),
        np.outer(root, cosine).ravel(),
        np.outer(root * root, mass).ravel(),
        interpolation_weights(nodes, outer_sine),
        outer_cosine,
        outer_mass,
    )
    for array in arrays:
        array.setflags(write=False)
    return Collocation(*arrays, iterations=iterations)


def interpolation_weights(nodes: int, at: Floats) -> Floats:
    """Barycentric weights of the node values for a function that is 0 at expiry: float64[len(at), nodes].

    J.-P. Berrut and L. N. Trefethen, "Barycentric Lagrange interpolation", SIAM Review 46 (2004), eq. 5.4.
    """
    roots = 0.5 * (1.0 - np.cos(np.pi * np.arange(nodes + 1) / nodes))
    weights = np.where(np.arange(nodes + 1) % 2 == 0, 1.0, -1.0)
    weights[[0, -1]] *= 0.5
    distance = np.asarray(at)[:, None] - roots
    on_a_node = distance == 0.0
    terms = weights / np.where(on_a_node, 1.0, distance)
    matrix = terms / terms.sum(axis=1, keepdims=True)
    rows = on_a_node.any(axis=1)
    matrix[rows] = on_a_node[rows]
    return np.ascontiguousarray(matrix[:, 1:])


def _angles(points: int) -> tuple[Floats, Floats, Floats]:
    """Sine, cosine and ``2 sin cos da`` at Gauss-Legendre angles from 0 to a right angle."""
    x, weight = np.polynomial.legendre.leggauss(points)
    angle = 0.25 * np.pi * (x + 1.0)
    sine, cosine = np.sin(angle), np.cos(angle)
    return sine, cosine, 0.5 * np.pi * weight * sine * cosine
