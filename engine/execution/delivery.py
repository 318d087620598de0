"""What changes hands when a physically settled option is exercised: securities, cash, cash in lieu, the strike."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from engine.corporate_actions.memos import to_the_cent
from engine.instruments.deliverable import Deliverable, ItemKind
from engine.instruments.terms import Right


@dataclass(frozen=True, slots=True)
class SharePart:
    """``quantity`` shares of one security per contract, + received by the holder; ``price``: their cost each."""

    security: str
    quantity: float
    price: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """One contract's exercise from its holder's side; the writer's is the negative.

    Attributes
    ----------
    shares
        A call's holder receives them, a put's delivers them (negative).
    cash
        The aggregate strike, and the cash in the deliverable.
    option_price
        Price per unit at which the option itself is booked out: 0 where shares alone are delivered, since
        the shares then carry the strike as their cost.
    in_lieu
        The part of ``cash`` that stands for fractions of shares.
    """

    shares: tuple[SharePart, ...]
    cash: float
    option_price: float
    in_lieu: float


def plan_delivery(
    right: Right,
    strike: float,
    multiplier: float,
    deliverable: Deliverable,
    price_of: Callable[[str], float],
    name_of: Callable[[str], str] = str,
) -> Delivery:
    """Exercise of one contract.

    The aggregate strike is ``strike * multiplier``, whatever is delivered. Where cash or several securities are,
    it is spread over them by their value at ``price_of``, so that the cost of the shares and the profit on the
    cash add up to what was paid. Cash in lieu that no amount was fixed for is the fraction times the price, to
    the cent.

    Parameters
    ----------
    price_of
        Price per share by the name that ``name_of`` gives.
    name_of
        The name under which the book keeps a security of the deliverable.

    Raises
    ------
    DeliverableError
        A price is needed and is NaN.
    """
    aggregate = strike * multiplier
    shares: dict[str, float] = {}
    values: dict[str, float] = {}
    cash_part = in_lieu = 0.0
    for item in deliverable.items:
        name = name_of(item.security) if item.kind is not ItemKind.CASH else item.security
        price = price_of(name) if item.kind is not ItemKind.CASH and item.cash is None else math.nan
        value = item.value({item.security: price})
        if item.kind is ItemKind.SHARES:
            shares[name] = shares.get(name, 0.0) + item.quantity
            values[name] = values.get(name, 0.0) + value
            continue
        if item.kind is ItemKind.CASH_IN_LIEU:
            value = to_the_cent(value)
            in_lieu += value
        cash_part += value
    total = math.fsum(values.values()) + cash_part
    sign = 1.0 if right is Right.CALL else -1.0
    # what is worth nothing carries the strike by shares, for there is no value to go by
    count = math.fsum(shares.values())
    parts = tuple(
        SharePart(
            name,
            sign * quantity,
            (aggregate * values[name] / total if total > 0 else aggregate * quantity / count) / quantity,
        )
        for name, quantity in shares.items()
    )
    on_cash = aggregate * cash_part / total if total > 0 else (0.0 if shares else aggregate)
    return Delivery(
        shares=parts,
        cash=sign * (cash_part - aggregate),
        option_price=sign * (cash_part - on_cash) / multiplier,
        in_lieu=sign * in_lieu,
    )


def unit_value(deliverable: Deliverable, multiplier: float, price_of: Callable[[str], float]) -> float:
    """Worth of the deliverable per unit of the multiplier: the price that is compared with the strike.

    USO1 after the 1-for-8 reverse split of 2020-04-29: (12 + 0.5) / 100 = 0.125 USO.

    Raises
    ------
    DeliverableError
        A price is needed and is NaN.
    """
    return deliverable.value({name: price_of(name) for name in deliverable.securities}) / multiplier
