"""What every strategy is: parameters, one decision per snapshot, and a record of what it passed over."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from engine.execution.fill_model import Refusal
from engine.execution.intents import OrderIntent, close_package
from engine.market.view import MarketView
from engine.portfolio.view import PackageView, PortfolioView


class StrategyParameters(BaseModel):
    """Parameters that every named strategy has.

    Attributes
    ----------
    roots
        Option roots to choose from, in order of preference where two list the same expiry; null: all, in
        alphabetical order.
    expiry_tolerance_days
        An expiry further than this from the wanted days is not taken.
    delta_tolerance
        An option whose absolute delta is further than this from the wanted one is not taken.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    roots: tuple[str, ...] | None = None
    expiry_tolerance_days: int = Field(default=15, ge=0)
    delta_tolerance: float = Field(default=0.10, gt=0, le=1)


class Strategy(ABC):
    """Decides once per snapshot from what was known then.

    A strategy may keep state between snapshots, but must be deterministic: no clocks, no unseeded randomness.
    """

    name: ClassVar[str]
    Parameters: ClassVar[type[StrategyParameters]] = StrategyParameters

    def __init__(self, parameters: Any) -> None:
        self.parameters = parameters
        self._refusals: list[Refusal] = []

    @abstractmethod
    def on_snapshot(self, view: MarketView, portfolio: PortfolioView) -> list[OrderIntent]:
        """Order intents at this decision."""

    def refuse(self, refusal: Refusal) -> None:
        """Record a candidate or an entry that was passed over, and why."""
        self._refusals.append(refusal)

    def drain_refusals(self) -> list[Refusal]:
        """Refusals since the last call."""
        refusals, self._refusals = self._refusals, []
        return refusals


def close_delivered_shares(package: PackageView) -> OrderIntent | None:
    """Sell (or buy back) at once what an exercise or assignment left in a package without options."""
    if package.options or package.shares == 0.0 or package.busy:
        return None
    return close_package(package.package_id, "delivered_shares")
