"""The most that a package can lose, from its payoff at expiry."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.execution.exercise import intrinsic
from engine.instruments.terms import Right


@dataclass(frozen=True, slots=True)
class PayoffLeg:
    """``quantity`` contracts (or shares) bought (+) or sold (-) at ``price`` per unit of underlying.

    ``right`` None stands for the underlying itself (strike ignored, multiplier 1).
    """

    right: Right | None
    strike: float
    quantity: float
    multiplier: float
    price: float


def profit_at_expiry(legs: Sequence[PayoffLeg], spot: float, *, coin_settled: bool) -> float:
    """Profit of the package if everything expired at ``spot``; in coins for coin-settled options."""
    total = 0.0
    for leg in legs:
        if leg.right is None:
            value = 1.0 if coin_settled else spot
        else:
            value = intrinsic(leg.right, leg.strike, spot)
            if coin_settled:
                value /= spot
        total += leg.quantity * leg.multiplier * (value - leg.price)
    return total


def max_loss(
    legs: Sequence[PayoffLeg], spot: float, *, stress_move: float, coin_settled: bool
) -> tuple[float, bool]:
    """Largest loss at expiry, and whether it is the true bound (False) or the stressed one (True).

    The payoff is piecewise linear in the price, so its minimum over prices from 0 up lies at 0 or at a strike,
    unless it falls without end above the highest strike; then, and always for coin-settled options (whose
    loss in coins grows without end as the price goes to 0), it is the loss over prices within
    ``spot * (1 - stress_move)`` to ``spot * (1 + stress_move)``. All legs are taken to expire together.
    """
    strikes = [leg.strike for leg in legs if leg.right is not None]
    slope_above = sum(leg.quantity * leg.multiplier for leg in legs if leg.right is not Right.PUT)
    # the rounding of quantities that cancel is not a naked call
    stressed = coin_settled or slope_above < -1e-9
    if stressed:
        low, high = spot * (1.0 - stress_move), spot * (1.0 + stress_move)
        points = [low, high, *(k for k in strikes if low < k < high)]
    else:
        points = [0.0, *strikes]
    return -min(profit_at_expiry(legs, p, coin_settled=coin_settled) for p in points), stressed
