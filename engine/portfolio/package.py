"""A package: legs opened together and judged together, from entry until nothing of it is left."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.portfolio.contracts import ContractState
from engine.portfolio.lots import LotQueue


@dataclass(slots=True)
class Leg:
    """One instrument of a package. ``contract`` is None for shares; ``instrument`` then is the security's name."""

    index: int
    instrument: str
    contract: ContractState | None
    lots: LotQueue

    @property
    def quantity(self) -> float:
        return self.lots.quantity

    def mark(self, shares: Mapping[str, float]) -> float:
        """Last mid per unit; ``shares``: mark by security."""
        return shares.get(self.instrument, math.nan) if self.contract is None else self.contract.mark_mid


@dataclass(slots=True)
class Package:
    """One trade.

    Cash amounts are in the base currency, + received, - paid, without fees. ``flow_mid`` and ``flow_worst`` are
    the same flows with every fill at mid and at the worst side; settlement and dividends count alike in all.
    """

    package_id: int
    strategy: str
    packages: float
    entry_us: int
    entry_day: int
    nav_at_entry: float
    risk_at_entry: float
    cash_secured: float
    legs: dict[int, Leg] = field(default_factory=dict)
    entry_value: float = 0.0
    later_value: float = 0.0
    flow_mid: float = 0.0
    flow_worst: float = 0.0
    dividends: float = 0.0
    fees: float = 0.0
    exit_reason: str = ""
    closing: bool = False
    extending: bool = False

    def open_legs(self) -> list[Leg]:
        return [leg for leg in self.legs.values() if leg.lots.lots]

    def closing_quantities(self) -> dict[int, float]:
        """What has to be traded to close the package, by key of the leg (positive: contract id).

        Options that expired and wait for their settlement price cannot be traded any more.
        """
        return {
            key: -leg.quantity
            for key, leg in self.legs.items()
            if leg.lots.lots and not (leg.contract is not None and leg.contract.pending)
        }

    def open_contracts(self) -> list[ContractState]:
        return [leg.contract for leg in self.open_legs() if leg.contract is not None]

    def leg(self, key: int, instrument: str, contract: ContractState | None) -> Leg:
        """The leg of that instrument, made if the package has none yet."""
        leg = self.legs.get(key)
        if leg is None:
            multiplier = 1.0 if contract is None else contract.multiplier
            leg = Leg(len(self.legs), instrument, contract, LotQueue(multiplier))
            self.legs[key] = leg
        return leg

    @property
    def flow(self) -> float:
        """Cash so far, without fees."""
        return self.entry_value + self.later_value

    def realized_from_lots(self) -> float:
        """Profit of closed lots plus dividends, less fees."""
        return sum(leg.lots.realized for leg in self.legs.values()) + self.dividends - self.fees

    def pnl_from_lots(self, shares: Mapping[str, float]) -> float:
        """Profit by lots: realized, unrealized at mid marks, dividends, less fees; ``shares``: mark by security."""
        open_profit = 0.0
        for leg in self.open_legs():
            open_profit += leg.lots.unrealized(leg.mark(shares))
        return self.realized_from_lots() + open_profit

    def marks(self, shares: Mapping[str, float], *, worst: bool = False) -> float:
        """Value of what is open: at mid, or at the worst side (long at bid, short at ask)."""
        value = 0.0
        for leg in self.open_legs():
            quantity = leg.quantity
            if leg.contract is None or not worst:
                mark = leg.mark(shares)
            else:
                mark = leg.contract.mark_bid if quantity > 0 else leg.contract.mark_ask
            value += quantity * leg.lots.multiplier * mark
        return value

    def return_on_risk(self, pnl: float) -> float:
        return pnl / self.risk_at_entry if self.risk_at_entry > 0 else math.nan
