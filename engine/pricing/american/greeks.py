"""Greeks of American options.

Delta and gamma are derivatives taken under the integral that gives the price. Theta follows from them and the
price by the equation of Black and Scholes, which holds where the option is held. Vega and rho, to which the boundary
contributes, are central differences of the price: the method takes the same steps whatever its arguments are, so that
its own error cancels in the difference.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.american.andersen_lake import Accuracy, known_accuracy, normalised, put_values
from engine.pricing.american.contract import AmericanStatus, Puts, as_puts
from engine.pricing.american.premium import european_derivatives, put_derivatives

Floats = NDArray[np.float64]
DAYS_PER_YEAR = 365.0
#: a share of volatility, and a rate: truncation and rounding both stay under 1e-7 of the derivative
_VOLATILITY_STEP = 5e-4
_RATE_STEP = 1e-4


@dataclass(frozen=True, slots=True)
class AmericanGreeks:
    """Prices and Greeks per unit of underlying, in the shape of the arguments; NaN unless the status is OK.

    Attributes
    ----------
    price
        As of :func:`~engine.pricing.american.andersen_lake.american_price`; there too where the status is DEGENERATE.
    delta
        dPrice/dSpot.
    gamma
        d2Price/dSpot2.
    vega_per_vol_point
        Change for volatility up by 0.01.
    theta_per_day
        Change over one calendar day (1/365 year), spot, rate and yield held; 0 where exercise is due.
    rho_per_pct
        Change for the rate up by 0.01, spot and yield held.
    status : int8
        Codes of :class:`~engine.pricing.american.contract.AmericanStatus`.
    """

    price: Floats
    delta: Floats
    gamma: Floats
    vega_per_vol_point: Floats
    theta_per_day: Floats
    rho_per_pct: Floats
    status: NDArray[np.int8]


def american_greeks(
    right: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sigma: ArrayLike,
    accuracy: Accuracy = Accuracy.ACCURATE,
) -> AmericanGreeks:
    """Prices and Greeks; about six times the work of the price alone.

    Where exercise is due delta is one and everything else 0. Gamma jumps there, and within a thousandth of the
    boundary it is less precise than elsewhere. Parameters and errors as for
    :func:`~engine.pricing.american.andersen_lake.american_price`.
    """
    accuracy = known_accuracy(accuracy)
    given = (right, spot, strike, year_fraction, rate, dividend_yield, sigma)
    puts = as_puts(*given)
    status = puts.status.copy()
    ok = status == AmericanStatus.OK
    degenerate = ok & puts.without_uncertainty
    status[degenerate] = AmericanStatus.DEGENERATE
    price, delta, gamma = _by_spot(puts, ok & ~degenerate, accuracy)
    s, t, vol = (np.where(puts.is_call, puts.strike, puts.spot), puts.t, puts.sigma)
    r, q = np.where(puts.is_call, puts.dividend, puts.rate), np.where(puts.is_call, puts.rate, puts.dividend)
    with np.errstate(invalid="ignore"):
        held = gamma > 0.0
        theta = np.where(held, r * price - (r - q) * s * delta - 0.5 * vol * vol * s * s * gamma, 0.0)
    price[degenerate] = put_values(puts, accuracy)[degenerate]
    flat = tuple(np.broadcast_to(np.asarray(a, dtype=np.float64), puts.shape).ravel() for a in given)
    with np.errstate(invalid="ignore", divide="ignore"):
        vega = _difference(flat, 6, _VOLATILITY_STEP * vol, accuracy)
    rho = _difference(flat, 4, np.full(t.shape, _RATE_STEP), accuracy)
    none = status != AmericanStatus.OK
    for values in (delta, gamma, theta, vega, rho):
        values[none] = np.nan
    return AmericanGreeks(
        price=price.reshape(puts.shape),
        delta=delta.reshape(puts.shape),
        gamma=gamma.reshape(puts.shape),
        vega_per_vol_point=(0.01 * vega).reshape(puts.shape),
        theta_per_day=(theta / DAYS_PER_YEAR).reshape(puts.shape),
        rho_per_pct=(0.01 * rho).reshape(puts.shape),
        status=status.reshape(puts.shape),
    )


def _by_spot(puts: Puts, wanted: NDArray[np.bool_], accuracy: Accuracy) -> tuple[Floats, Floats, Floats]:
    """Price, delta and gamma of the contracts themselves, flat."""
    price, delta, gamma = (np.full(puts.spot.size, np.nan) for _ in range(3))
    for european in (False, True):
        chosen = wanted & (puts.never_exercised == european)
        if not chosen.any():
            continue
        terms = normalised(puts, chosen)
        time_value, first, second = (np.empty(terms[0].size) for _ in range(3))
        if european:
            european_derivatives(*terms, time_value, first, second)
        else:
            c = accuracy.tables
            put_derivatives(
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
                first,
                second,
            )
        spot, strike, is_call = puts.spot[chosen], puts.strike[chosen], puts.is_call[chosen]
        value = np.maximum(strike - spot, 0.0) + strike * time_value
        price[chosen] = value
        # a call's spot is its put's strike, and a price is of degree one in both
        delta[chosen] = np.where(is_call, (value - spot * first) / strike, first)
        gamma[chosen] = np.where(is_call, (spot / strike) ** 2, 1.0) * second / strike
    return price, delta, gamma


def _difference(arguments: tuple[Floats, ...], index: int, step: Floats, accuracy: Accuracy) -> Floats:
    """Derivative of the price by one argument; one-sided where the other side has no price."""
    values = []
    for sign in (1.0, 0.0, -1.0):
        moved = list(arguments)
        moved[index] = arguments[index] + sign * step
        values.append(put_values(as_puts(*moved), accuracy))
    up, here, down = values
    two_sided = (up - down) / (2.0 * step)
    one_sided = np.where(np.isnan(down), up - here, here - down) / step
    return np.where(np.isnan(two_sided), one_sided, two_sided)
