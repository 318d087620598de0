"""Iron condor: short strangle with long wings, one expiry."""

from typing import ClassVar

from pydantic import Field, model_validator

from engine.execution.fill_model import Refusal
from engine.execution.intents import LegIntent, OrderIntent, open_package
from engine.instruments.terms import Right
from engine.market.view import MarketView
from engine.strategies.base import StrategyParameters
from engine.strategies.credit import CreditParameters, CreditStrategy
from engine.strategies.selectors import Candidate, ExpiryChoice, select_by_delta, select_by_strike


class IronCondorParameters(CreditParameters):
    """Short legs by ``short_delta``; wings by ``wing_delta``, or ``wing_width`` price units outside them."""

    short_delta: float = Field(default=0.16, gt=0, lt=0.5)
    wing_delta: float | None = Field(default=None, gt=0, lt=0.5)
    wing_width: float | None = Field(default=None, gt=0)
    exit_days_to_expiry: int | None = Field(default=21, ge=0)

    @model_validator(mode="after")
    def _wings(self) -> "IronCondorParameters":
        if self.wing_delta is not None and self.wing_width is not None:
            raise ValueError("give one of wing_delta and wing_width")
        if self.wing_delta is not None and self.wing_delta >= self.short_delta:
            raise ValueError(f"wing_delta {self.wing_delta} is not below short_delta {self.short_delta}")
        return self

    @property
    def wing_delta_or_default(self) -> float:
        """``wing_delta``, 0.05 where neither wing rule is given (at most a third of the short delta)."""
        return self.wing_delta if self.wing_delta is not None else min(0.05, self.short_delta / 3.0)


class IronCondor(CreditStrategy):
    name: ClassVar[str] = "iron_condor"
    Parameters: ClassVar[type[StrategyParameters]] = IronCondorParameters
    parameters: IronCondorParameters

    def entry_at(self, view: MarketView, expiry: ExpiryChoice) -> OrderIntent | None:
        p = self.parameters
        short: dict[Right, Candidate] = {}
        wing: dict[Right, Candidate] = {}
        for right in (Right.PUT, Right.CALL):
            inner = select_by_delta(
                view, expiry, right, self.refuse, delta=p.short_delta, tolerance=p.delta_tolerance
            )
            outer = None if inner is None else self._wing(view, expiry, inner)
            if inner is None or outer is None:
                return None
            gap = outer.strike - inner.strike if right is Right.CALL else inner.strike - outer.strike
            if gap <= 0:
                note = f"{right.value}: wing {outer.strike:g} is not outside {inner.strike:g}"
                self.refuse(Refusal("wings_collapse", gap, 0.0, note))
                return None
            short[right], wing[right] = inner, outer
        sold, bought = list(short.values()), list(wing.values())
        if not self.out_of_the_money(short[Right.PUT], short[Right.CALL]) or not self.has_credit(
            sold, bought
        ):
            return None
        return open_package(
            LegIntent(wing[Right.PUT].contract_id, 1.0),
            LegIntent(short[Right.PUT].contract_id, -1.0),
            LegIntent(short[Right.CALL].contract_id, -1.0),
            LegIntent(wing[Right.CALL].contract_id, 1.0),
        )

    def _wing(self, view: MarketView, expiry: ExpiryChoice, inner: Candidate) -> Candidate | None:
        p = self.parameters
        if p.wing_width is None:
            return select_by_delta(
                view,
                expiry,
                inner.right,
                self.refuse,
                delta=p.wing_delta_or_default,
                tolerance=p.delta_tolerance,
            )
        outward = p.wing_width if inner.right is Right.CALL else -p.wing_width
        return select_by_strike(view, expiry, inner.right, self.refuse, strike=inner.strike + outward)
