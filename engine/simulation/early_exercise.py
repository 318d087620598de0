"""What the right to exercise early adds at least: the best of a few days on which to use it.

F. Black, "Fact and fantasy in the use of options", Financial Analysts Journal 31 (1975): a call on a stock with
known dividends is worth at least what its European twins are that end just before each ex-date. Both rights are
worth at least what exercise pays now. The bound keeps what no arbitrage allows: it is convex in the strike,
never below intrinsic value, and does not fall with maturity by more than a spread.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.simulation.bridge import FloatArray
from engine.simulation.carry import Carry, forwards
from engine.simulation.valuation import value_on_forward

#: exercise comes this long before the ex-date's own instant
_BEFORE_YEARS = 1e-9
#: nearer ex-dates than this are exercise now
_LEAST_YEARS = 1.0 / 365.0


def early_exercise_value(
    is_put: NDArray[np.bool_],
    strike: FloatArray,
    years: FloatArray,
    *,
    spot: float,
    carry: Carry,
    volatility: Callable[[FloatArray, FloatArray], FloatArray],
) -> FloatArray:
    """The best of exercising now and, for calls, just before each ex-date: float64[n].

    Parameters
    ----------
    years : float64[n]
        Time to settlement.
    volatility
        Black volatility of log moneyness and years, arrays of one length.
    """
    best: FloatArray = np.maximum(np.where(is_put, strike - spot, spot - strike), 0.0)
    for ex_years in carry.ex_years[carry.cash_dividend > 0.0].tolist():
        rows = np.flatnonzero(~is_put & (years > ex_years))
        if ex_years < _LEAST_YEARS or not len(rows):
            continue
        until = np.full(len(rows), ex_years - _BEFORE_YEARS)
        forward, discount = forwards(spot, until[:1], carry)
        to_forward = np.full(len(rows), forward[0])
        sigma = volatility(np.log(strike[rows] / to_forward), until)
        held = value_on_forward(
            is_put[rows], strike[rows], to_forward, np.full(len(rows), discount[0]), sigma, until
        )
        best[rows] = np.maximum(best[rows], held.value)
    return best
