"""What a strategy may ask for."""

from dataclasses import dataclass
from typing import Literal

#: Stands in a leg for the underlying itself (shares or coins) in place of a contract id.
SHARES = 0


def is_contract(key: int) -> bool:
    """Whether the key of a leg is a contract id; 0 is the underlying, negative ones are other securities."""
    return key > 0


@dataclass(frozen=True, slots=True)
class LegIntent:
    """One leg: ``ratio`` contracts a package (or units of the underlying for ``SHARES``), + buys, - sells."""

    contract_id: int
    ratio: float

    def __post_init__(self) -> None:
        if not abs(self.ratio) > 0:
            raise ValueError(f"leg {self.contract_id}: the ratio must not be {self.ratio}")


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """A wish of a strategy; the engine sizes it, checks it against the limits and makes an order of it.

    Attributes
    ----------
    action
        ``open`` a new package, ``close`` one whole package, ``extend`` an open package by further legs.
    legs
        Of ``open`` and ``extend``; ``close`` trades whatever the package then holds.
    package_id
        Of ``close`` and ``extend``.
    limit_price
        Net cash per package (paid positive, received negative) that a limit order may cost. None lets the
        engine set it from the decision's own quotes where the study trades with limit orders.
    cash_secured_per_package
        Cash that an opened package keeps reserved (strike times multiplier of a cash-secured put).
    """

    action: Literal["open", "close", "extend"]
    reason: str
    legs: tuple[LegIntent, ...] = ()
    package_id: int | None = None
    limit_price: float | None = None
    cash_secured_per_package: float = 0.0

    def __post_init__(self) -> None:
        if (self.action == "close") == bool(self.legs):
            raise ValueError(f"an intent to {self.action} has {len(self.legs)} legs")
        if (self.action == "open") != (self.package_id is None):
            raise ValueError(f"an intent to {self.action} names package {self.package_id}")
        ids = [leg.contract_id for leg in self.legs]
        if len(set(ids)) != len(ids):
            raise ValueError(f"one contract stands in two legs: {ids}")


def open_package(
    *legs: LegIntent,
    reason: str = "entry",
    limit_price: float | None = None,
    cash_secured_per_package: float = 0.0,
) -> OrderIntent:
    return OrderIntent(
        "open",
        reason,
        legs,
        limit_price=limit_price,
        cash_secured_per_package=cash_secured_per_package,
    )


def close_package(package_id: int, reason: str, limit_price: float | None = None) -> OrderIntent:
    return OrderIntent("close", reason, package_id=package_id, limit_price=limit_price)


def extend_package(
    package_id: int, *legs: LegIntent, reason: str, limit_price: float | None = None
) -> OrderIntent:
    return OrderIntent("extend", reason, legs, package_id=package_id, limit_price=limit_price)
