"""A day's profit of an option split into what each Greek explains, and what none does.

Between two moments spot, volatility, time, rate and forward move. A Taylor expansion at the first moment gives each
its part; what is left is the residual: terms of higher order, and whatever was no move of the market at all (a bad
mark, a changed curve). The share of the residual is a measure of quality: where it is large the Greeks did not hedge.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from engine.pricing.arguments import Floats, numeric_columns
from engine.pricing.greeks import HigherGreeks, SpotGreeks

_FIRST = ("delta", "gamma", "vega_per_vol_point", "theta_per_day", "rho_per_pct")
_SECOND = ("vanna_per_vol_point", "volga_per_vol_point", "charm_per_day", "speed")


@dataclass(frozen=True, slots=True)
class MarketMove:
    """What changed between two moments, float64 arrays or numbers.

    Attributes
    ----------
    spot
        Change of the underlying's price.
    vol_points
        Change of the option's implied volatility, in points of 0.01.
    days
        Calendar days that passed.
    rate_pct
        Change of the rate, in points of 0.01.
    """

    spot: ArrayLike
    vol_points: ArrayLike
    days: ArrayLike
    rate_pct: ArrayLike = 0.0


@dataclass(frozen=True, slots=True)
class Explained:
    """Profit of n positions by cause, in currency, float64[n] each; all of them add up to ``total`` but for rounding.

    Attributes
    ----------
    total
        Change of the marks times quantity and multiplier.
    delta, gamma, vega, theta, rho
        First-order terms, and half of gamma times the squared move.
    vanna, volga, charm, speed
        The cross term of spot and volatility, half of volga times its squared move, delta's drift with time, and a
        sixth of speed times the cubed move.
    residual
        What is left.
    """

    total: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    rho: Floats
    vanna: Floats
    volga: Floats
    charm: Floats
    speed: Floats
    residual: Floats

    def residual_share(self) -> Floats:
        """Residual over the sum of the terms' absolute values; 0 where nothing moved."""
        terms = sum(
            np.abs(getattr(self, f.name)) for f in fields(self) if f.name not in ("total", "residual")
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.abs(self.residual) / terms
        return np.where((terms == 0.0) & (self.residual == 0.0), 0.0, share)


def explain(
    greeks: SpotGreeks,
    higher: HigherGreeks,
    move: MarketMove,
    *,
    mark_before: ArrayLike,
    mark_after: ArrayLike,
    quantity: ArrayLike,
    multiplier: ArrayLike,
) -> Explained:
    """Split the change of marks of n positions.

    Parameters
    ----------
    greeks, higher
        At the first moment, per unit of underlying.
    mark_before, mark_after : float64[n]
        Prices per unit of underlying at the two moments.
    quantity : float64[n]
        Contracts, negative for shorts.
    multiplier : float64[n]
        Units of underlying for one contract.

    Returns
    -------
    NaN in every term that needs something unknown, and then in the residual too: an unknown Greek is no zero.

    Raises
    ------
    ValueError
        If something is no number or does not broadcast with the rest; it is named as in ``move.spot``.
    """
    first, second = (
        {f"{of}.{name}": getattr(given, name) for name in names}
        for of, given, names in (("greeks", greeks, _FIRST), ("higher", higher, _SECOND))
    )
    moves = {f"move.{f.name}": getattr(move, f.name) for f in fields(MarketMove)}
    positions = {
        "mark_before": mark_before,
        "mark_after": mark_after,
        "quantity": quantity,
        "multiplier": multiplier,
    }
    shape, columns = numeric_columns({**first, **second, **moves, **positions})
    delta, gamma, vega, theta, rho, vanna, volga, charm, speed = columns[:9]
    ds, dv, days, dr, before, after, contracts, units = columns[9:]
    terms = {
        "delta": delta * ds,
        "gamma": 0.5 * gamma * ds**2,
        "vega": vega * dv,
        "theta": theta * days,
        "rho": rho * dr,
        "vanna": vanna * ds * dv,
        "volga": 0.5 * volga * dv**2,
        "charm": charm * ds * days,
        "speed": speed * ds**3 / 6.0,
    }
    scale = contracts * units
    scaled = {name: (scale * term).reshape(shape) for name, term in terms.items()}
    total = (scale * (after - before)).reshape(shape)
    return Explained(total=total, **scaled, residual=np.asarray(total - sum(scaled.values())))
