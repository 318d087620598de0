"""An order on its way: what it trades, when it may fill, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

#: ``Order.arrives_us`` of an order that never reached the market.
NEVER = -1


@dataclass(slots=True)
class Order:
    """One order for one package.

    ``quantities`` maps contract id (``SHARES`` for the underlying) to the signed number of contracts or shares
    of the whole order; it is empty for closing orders, which trade what the package holds when they fill (a
    split or an expiry may change that on the way). ``limit_cash`` is the most net cash that the whole order may
    pay (negative: the least it must receive), None for market orders. A split changes ``quantities`` and not that.
    """

    order_id: int
    package_id: int
    action: str
    order_type: str
    reason: str
    packages: float
    decided_us: int
    earliest_index: int
    time_in_force: int
    quantities: dict[int, float] = field(default_factory=dict)
    decided_legs: str = ""
    limit_cash: float | None = None
    risk_per_package: float = 0.0
    cash_secured: float = 0.0
    arrives_us: int = NEVER
    attempts: int = 0
    attempted_index: int = -1
    status: str = "working"
    status_reason: str = ""

    @property
    def intent(self) -> str:
        return "close" if self.action == "close" else "open"

    def note_legs(self, quantities: Mapping[int, float]) -> None:
        """Keep, for the record, what the order was to trade when it was decided."""
        self.decided_legs = ";".join(
            f"{contract}:{quantity:.10g}" for contract, quantity in quantities.items()
        )

    def finish(self, status: str, reason: str = "") -> None:
        self.status = status
        self.status_reason = reason
