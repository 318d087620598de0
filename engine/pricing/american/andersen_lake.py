"""Prices of American options by the method of Andersen, Lake and Offengenden, to a chosen accuracy.

The method is described in :mod:`engine.pricing.american.boundary` and :mod:`engine.pricing.american.premium`.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.american.collocation import Collocation, collocation
from engine.pricing.american.contract import AmericanStatus, Puts, as_puts
from engine.pricing.american.known_future import value_on_known_path
from engine.pricing.american.premium import european_puts, put_prices
from engine.pricing.arguments import member_of

Floats = NDArray[np.float64]


class Accuracy(Enum):
    """How many nodes, inner points, outer points and iterations an option gets.

    The largest errors of a price, in units of the strike (calls: of the larger of spot and strike), typical ones being
    a thousand times smaller:

    ========  ====================================  ========================================  ===========
    setting   to 3 years, volatility from 8 to 80%  to 20 years, volatility from 0.3 to 400%  to the edge
    ========  ====================================  ========================================  ===========
    FAST      3e-5                                  5e-4                                      1e-2
    ACCURATE  1e-6                                  1e-4                                      4e-3
    HIGH      1e-8                                  2e-6                                      6e-4
    ========  ====================================  ========================================  ===========

    Out of range are rates or yields times years of more than 30, and volatilities times the root of years of more than
    30. The errors in the last
    column are those of rates above 10 to expiry together with volatilities below 1.
    """

    FAST = (8, 8, 24, 3)
    ACCURATE = (12, 10, 40, 5)
    HIGH = (24, 24, 96, 16)

    @property
    def tables(self) -> Collocation:
        """Nodes and weights, made at the first use."""
        return collocation(*self.value)


def known_accuracy(accuracy: Any) -> Any:
    """A member of :class:`Accuracy`, or what brings tables of its own: finer ones are what errors are measured by.

    Raises
    ------
    ValueError
        If it is neither; it names the argument and the members.
    """
    if not isinstance(accuracy, Accuracy) and isinstance(getattr(accuracy, "tables", None), Collocation):
        return accuracy
    return member_of(Accuracy, "accuracy", accuracy)


@dataclass(frozen=True, slots=True)
class AmericanPrice:
    """Prices with a status each, in the shape of the arguments.

    Attributes
    ----------
    price : float64
        Per unit of underlying; NaN unless the status is OK.
    status : int8
        Codes of :class:`~engine.pricing.american.contract.AmericanStatus`.
    """

    price: Floats
    status: NDArray[np.int8]


def american_price(
    right: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sigma: ArrayLike,
    accuracy: Accuracy = Accuracy.ACCURATE,
) -> AmericanPrice:
    """Prices of American options on an underlying with a continuous dividend yield.

    Never below intrinsic value or the European price. Without time, volatility, spot or strike the value on the known
    path of spot is given.

    Parameters
    ----------
    right : int8
        0 call, 1 put.
    spot, strike : float64
        Not negative.
    year_fraction : float64
        Years to expiry, not negative.
    rate, dividend_yield : float64
        Continuously compounded, of either sign. Where exercise pays between two boundaries only (puts with
        ``dividend_yield < rate < 0``, calls with ``rate < dividend_yield < 0``) the status is DOUBLE_BOUNDARY.
    sigma : float64
        Volatility, decimal, not negative.
    accuracy : Accuracy
        Its members state their errors.

    Raises
    ------
    ValueError
        If an argument is not numeric, its shape does not go with those before it, or ``accuracy`` is none.
    """
    accuracy = known_accuracy(accuracy)
    puts = as_puts(right, spot, strike, year_fraction, rate, dividend_yield, sigma)
    return AmericanPrice(
        price=put_values(puts, accuracy).reshape(puts.shape), status=puts.status.reshape(puts.shape)
    )


def put_values(puts: Puts, accuracy: Accuracy) -> Floats:
    """Prices, flat."""
    price = np.full(puts.spot.size, np.nan)
    ok = puts.status == AmericanStatus.OK
    known = ok & puts.without_uncertainty
    if known.any():
        price[known] = value_on_known_path(puts)[known]
    for european in (False, True):
        chosen = ok & ~known & (puts.never_exercised == european)
        if not chosen.any():
            continue
        terms = normalised(puts, chosen)
        time_value = np.empty(terms[0].size)
        if european:
            european_puts(*terms, time_value)
        else:
            c = accuracy.tables
            put_prices(
                *terms,
                c.root,
                c.inner_weights,
                c.inner_root,
                c.inner_mass,
                c.outer_weights,
                c.outer_root,
                c.outer_mass,
                c.iterations,
                time_value,
            )
        strike = puts.strike[chosen]
        price[chosen] = np.maximum(strike - puts.spot[chosen], 0.0) + strike * time_value
    return price


def normalised(puts: Puts, chosen: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats, Floats]:
    """Log-moneyness, and volatility, rate and yield to expiry."""
    t = puts.t[chosen]
    return (
        np.log(puts.spot[chosen] / puts.strike[chosen]),
        puts.sigma[chosen] * np.sqrt(t),
        puts.rate[chosen] * t,
        puts.dividend[chosen] * t,
    )
