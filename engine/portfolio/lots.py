"""Lots of one leg, first in first out."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.portfolio.ledger import ZERO


@dataclass(slots=True)
class Lot:
    """``quantity`` (signed) acquired at ``price`` per unit of underlying."""

    quantity: float
    price: float


@dataclass(slots=True)
class LotQueue:
    """Open lots, realized profit, and the averages that the trade report shows.

    ``multiplier`` is units of underlying per contract, 1 for shares.
    """

    multiplier: float
    lots: deque[Lot] = field(default_factory=deque)
    realized: float = 0.0
    opened: float = 0.0
    opened_value: float = 0.0
    closed: float = 0.0
    closed_value: float = 0.0
    #: signed units opened by the side that came first, for the report
    opened_signed: float = 0.0

    @property
    def quantity(self) -> float:
        return sum(lot.quantity for lot in self.lots)

    def apply(self, quantity: float, price: float) -> None:
        """Buy (+) or sell (-) at ``price``: first close opposite lots, oldest first, then open a new one."""
        left = quantity
        while self.lots and left * self.lots[0].quantity < 0 and abs(left) > ZERO:
            lot = self.lots[0]
            part = min(abs(left), abs(lot.quantity))
            signed = part if lot.quantity > 0 else -part
            self.realized += signed * (price - lot.price) * self.multiplier
            self.closed += part
            self.closed_value += part * price
            lot.quantity -= signed
            left += signed
            if abs(lot.quantity) < ZERO:
                self.lots.popleft()
        if abs(left) > ZERO:
            self.lots.append(Lot(left, price))
            self.opened += abs(left)
            self.opened_value += abs(left) * price
            if self.opened_signed == 0.0 or (self.opened_signed > 0) == (left > 0):
                self.opened_signed += left

    def unrealized(self, mark: float) -> float:
        return sum(lot.quantity * (mark - lot.price) for lot in self.lots) * self.multiplier

    @property
    def cost(self) -> float:
        """What the open lots were acquired for (shorts: negative, received)."""
        return sum(lot.quantity * lot.price for lot in self.lots) * self.multiplier

    def convert(self, quantity_factor: float, multiplier: float) -> None:
        """``quantity_factor`` new contracts (or shares) for one, each of ``multiplier`` units; costs do not change."""
        price_factor = self.multiplier / (quantity_factor * multiplier)
        for lot in self.lots:
            lot.quantity *= quantity_factor
            lot.price *= price_factor
        self.opened *= quantity_factor
        self.opened_signed *= quantity_factor
        self.closed *= quantity_factor
        self.opened_value *= quantity_factor * price_factor
        self.closed_value *= quantity_factor * price_factor
        self.multiplier = multiplier

    def give_basis(self, share: float, units_per_unit: float) -> list[Lot]:
        """Hand ``share`` of every open lot's cost to new lots of ``units_per_unit`` units of something else."""
        given = []
        # the averages of the report move with the cost of what is still open
        self.opened_value -= share * sum(abs(lot.quantity) * lot.price for lot in self.lots)
        for lot in self.lots:
            given.append(Lot(lot.quantity * units_per_unit, lot.price * share / units_per_unit))
            lot.price *= 1.0 - share
        return given

    def take(self, lots: Iterable[Lot]) -> None:
        """Acquire lots at the cost that they bring."""
        for lot in lots:
            self.apply(lot.quantity, lot.price)

    @property
    def average_entry(self) -> float:
        return self.opened_value / self.opened if self.opened else float("nan")

    @property
    def average_exit(self) -> float:
        return self.closed_value / self.closed if self.closed else float("nan")
