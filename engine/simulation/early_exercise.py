"""What the right to exercise early adds to generated stock options.

The European value is the generator's own; the premium is the difference of two lattices, with and without the right,
on the spot less the dividends to come. The lattices are held against QuantLib where they live
(``tests/engine/pricing/lattice``): a mistake in them would not show in what is recovered from generated quotes.
"""

import numpy as np
from numpy.typing import NDArray

from engine.pricing.lattice.cash_dividends import CashDividends, DividendModel, cash_dividend_price
from engine.simulation.bridge import FloatArray
from engine.simulation.carry import Carry


def early_exercise_premium(
    is_put: NDArray[np.bool_],
    strike: FloatArray,
    years: FloatArray,
    volatility: FloatArray,
    *,
    spot: float,
    carry: Carry,
) -> FloatArray:
    """American less European value by the same lattice: float64[n], 0 at and after expiry.

    Parameters
    ----------
    years : float64[n]
        Time to settlement.
    volatility : float64[n]
        Black volatility, of the spot less the present value of the dividends before settlement.
    """
    premium = np.zeros(strike.size)
    rows = np.flatnonzero(years > 0.0)
    if not rows.size:
        return premium
    time = years[rows]
    ahead = carry.ex_years > 0.0
    dividends = CashDividends.same_for_all(rows.size, carry.ex_years[ahead], carry.cash_dividend[ahead])
    terms = (
        is_put[rows].astype(np.int8),
        np.full(rows.size, spot),
        strike[rows],
        time,
        np.interp(time, carry.tenor_years, carry.zero_rate),
        np.full(rows.size, carry.dividend_yield),
        volatility[rows],
        dividends,
        DividendModel.ESCROWED,
    )
    american = cash_dividend_price(*terms).price
    european = cash_dividend_price(*terms, american=False).price
    premium[rows] = np.maximum(american - european, 0.0)
    return premium
