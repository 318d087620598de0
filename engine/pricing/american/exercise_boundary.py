"""The price of the underlying at which American options are exercised."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.american.andersen_lake import Accuracy, known_accuracy, normalised
from engine.pricing.american.boundary import (
    BLOCK,
    LANES,
    ORIGIN,
    load,
    solve,
    start_from_qd_plus,
)
from engine.pricing.american.contract import AmericanStatus, as_puts
from engine.pricing.compiled import kernel

Floats = NDArray[np.float64]
_STEPS_ALONE = 16


@dataclass(frozen=True, slots=True)
class ExerciseBoundary:
    """Boundaries with a status each, in the shape of the arguments.

    Attributes
    ----------
    price : float64
        Of the underlying: puts are exercised at or below it, calls at or above it. 0 for puts and infinity for calls
        that are never exercised; NaN unless the status is OK.
    status : int8
        Codes of :class:`~engine.pricing.american.contract.AmericanStatus`.
    """

    price: Floats
    status: NDArray[np.int8]


def exercise_boundary(
    right: ArrayLike,
    strike: ArrayLike,
    time_to_expiry: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sigma: ArrayLike,
    accuracy: Accuracy = Accuracy.ACCURATE,
) -> ExerciseBoundary:
    """Early-exercise boundary at given times to expiry.

    It depends on the time that is left and not on when the option was written: every element is solved for its own
    time. At expiry itself it is ``K min(1, r / q)`` for puts and ``K max(1, r / q)`` for calls.

    Parameters
    ----------
    right : int8
        0 call, 1 put.
    strike, time_to_expiry, rate, dividend_yield, sigma : float64
        As for :func:`~engine.pricing.american.andersen_lake.american_price`.
    accuracy : Accuracy
        Against the solution: FAST 1e-3, ACCURATE 1e-4, HIGH 1e-6 of the strike, typically a hundred times better.

    Raises
    ------
    ValueError
        If an argument is not numeric, its shape does not go with those before it, or ``accuracy`` is none.
    """
    accuracy = known_accuracy(accuracy)
    return _boundary(right, strike, time_to_expiry, rate, dividend_yield, sigma, accuracy, fixed_point=True)


def qd_plus_boundary(
    right: ArrayLike,
    strike: ArrayLike,
    time_to_expiry: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sigma: ArrayLike,
) -> ExerciseBoundary:
    """The boundary in the QD+ approximation (M. Li 2010), within about 1% of the true one; parameters as above."""
    return _boundary(
        right, strike, time_to_expiry, rate, dividend_yield, sigma, Accuracy.FAST, fixed_point=False
    )


def _boundary(
    right: ArrayLike,
    strike: ArrayLike,
    time_to_expiry: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sigma: ArrayLike,
    accuracy: Accuracy,
    *,
    fixed_point: bool,
) -> ExerciseBoundary:
    puts = as_puts(right, strike, strike, time_to_expiry, rate, dividend_yield, sigma)
    ok = puts.status == AmericanStatus.OK
    price = np.full(ok.size, np.nan)
    with np.errstate(all="ignore"):
        # of the strike; a call's boundary is that of its put turned over
        ratio = np.where(puts.dividend > puts.rate, puts.rate / puts.dividend, 1.0)
    chosen = ok & ~puts.never_exercised & ~puts.without_uncertainty
    if chosen.any():
        terms, c = normalised(puts, chosen), accuracy.tables
        log_ratio = np.empty(terms[0].size)
        iterations = c.iterations if fixed_point else 0
        put_boundary(*terms, c.root, c.inner_weights, c.inner_root, c.inner_mass, iterations, log_ratio)
        ratio[chosen] = np.exp(log_ratio)
    ratio[puts.never_exercised] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        price[ok] = (puts.strike * np.where(puts.is_call, 1.0 / ratio, ratio))[ok]
    return ExerciseBoundary(price=price.reshape(puts.shape), status=puts.status.reshape(puts.shape))


@kernel("f8[] f8[] f8[] f8[] f8[] f8[,] f8[] f8[] i8 -> f8[]")
def put_boundary(
    moneyness: Any,
    s: Any,
    r: Any,
    q: Any,
    root: Any,
    weights: Any,
    inner_root: Any,
    inner_mass: Any,
    iterations: int,
    log_ratio: Any,
) -> None:
    """``ln(B / K)`` at the full time; by QD+ alone if there are no iterations."""
    n = root.size
    block, depth, square = np.zeros(BLOCK), np.zeros((n, LANES)), np.zeros((n, LANES))
    image, residual = np.zeros((3, n, LANES)), np.zeros((3, n, LANES))
    income = np.zeros((inner_root.size, 2 * LANES))
    for start in range(0, s.size, LANES):
        load(block, start, moneyness, s, r, q)
        if iterations > 0:
            solve(
                block,
                root,
                weights,
                inner_root,
                inner_mass,
                iterations,
                depth,
                square,
                image,
                residual,
                income,
            )
        else:
            start_from_qd_plus(block, root, _STEPS_ALONE, depth)
        last = depth[n - 1]
        for lane in range(min(LANES, s.size - start)):
            log_ratio[start + lane] = block[ORIGIN + lane] - last[lane]
