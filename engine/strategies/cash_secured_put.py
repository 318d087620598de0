"""Cash-secured put: a short put with its strike kept in cash; delivered shares are sold at once."""

from typing import ClassVar

from pydantic import Field

from engine.execution.intents import LegIntent, OrderIntent, open_package
from engine.instruments.terms import Right
from engine.market.view import MarketView
from engine.strategies.base import StrategyParameters
from engine.strategies.credit import CreditParameters, CreditStrategy
from engine.strategies.selectors import ExpiryChoice, select_by_delta


class CashSecuredPutParameters(CreditParameters):
    """``profit_target`` null holds to expiry."""

    days_to_expiry: int = Field(default=30, ge=1)
    put_delta: float = Field(default=0.30, gt=0, lt=1)


class CashSecuredPut(CreditStrategy):
    name: ClassVar[str] = "cash_secured_put"
    Parameters: ClassVar[type[StrategyParameters]] = CashSecuredPutParameters
    parameters: CashSecuredPutParameters

    def entry_at(self, view: MarketView, expiry: ExpiryChoice) -> OrderIntent | None:
        p = self.parameters
        put = select_by_delta(
            view, expiry, Right.PUT, self.refuse, delta=p.put_delta, tolerance=p.delta_tolerance
        )
        if put is None:
            return None
        return open_package(
            LegIntent(put.contract_id, -1.0), cash_secured_per_package=put.strike * put.multiplier
        )
