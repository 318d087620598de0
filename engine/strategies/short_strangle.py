"""Short strangle: one short put and one short call, both out of the money."""

from typing import ClassVar

from pydantic import Field

from engine.execution.intents import LegIntent, OrderIntent, open_package
from engine.instruments.terms import Right
from engine.market.view import MarketView
from engine.strategies.base import StrategyParameters
from engine.strategies.credit import CreditParameters, CreditStrategy
from engine.strategies.selectors import ExpiryChoice, select_by_delta


class ShortStrangleParameters(CreditParameters):
    short_delta: float = Field(default=0.16, gt=0, lt=0.5)
    loss_multiple: float | None = Field(default=2.0, gt=0)


class ShortStrangle(CreditStrategy):
    name: ClassVar[str] = "short_strangle"
    Parameters: ClassVar[type[StrategyParameters]] = ShortStrangleParameters
    parameters: ShortStrangleParameters

    def entry_at(self, view: MarketView, expiry: ExpiryChoice) -> OrderIntent | None:
        p = self.parameters
        put, call = (
            select_by_delta(
                view, expiry, right, self.refuse, delta=p.short_delta, tolerance=p.delta_tolerance
            )
            for right in (Right.PUT, Right.CALL)
        )
        if put is None or call is None or not self.out_of_the_money(put, call):
            return None
        return open_package(LegIntent(put.contract_id, -1.0), LegIntent(call.contract_id, -1.0))
