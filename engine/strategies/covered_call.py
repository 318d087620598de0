"""Covered call: buy the shares and sell a call on them; write the next one when it expires."""

from typing import ClassVar

from pydantic import Field

from engine.execution.intents import SHARES, LegIntent, OrderIntent, extend_package, open_package
from engine.instruments.terms import Right
from engine.market.view import MarketView
from engine.portfolio.view import PackageView, PortfolioView
from engine.strategies.base import Strategy, StrategyParameters
from engine.strategies.selectors import Candidate, select_by_delta, select_expiry


class CoveredCallParameters(StrategyParameters):
    days_to_expiry: int = Field(default=30, ge=1)
    call_delta: float = Field(default=0.30, gt=0, lt=1)


class CoveredCall(Strategy):
    """Holds the shares until a call takes them away.

    A package is the shares and every call written on them in turn; it ends when they are called away. The
    call is held to expiry.
    """

    name: ClassVar[str] = "covered_call"
    Parameters: ClassVar[type[StrategyParameters]] = CoveredCallParameters
    parameters: CoveredCallParameters

    def on_snapshot(self, view: MarketView, portfolio: PortfolioView) -> list[OrderIntent]:
        intents = [i for p in portfolio.packages if (i := self._rewrite(view, p)) is not None]
        if portfolio.can_open:
            call = self._call(view)
            if call is not None:
                intents.append(
                    open_package(LegIntent(SHARES, call.multiplier), LegIntent(call.contract_id, -1.0))
                )
        return intents

    def _rewrite(self, view: MarketView, package: PackageView) -> OrderIntent | None:
        """The next call on the shares of a package whose call has expired."""
        if package.options or package.busy or package.shares <= 0:
            return None
        call = self._call(view)
        if call is None:
            return None
        contracts = package.shares / call.multiplier / package.packages
        return extend_package(package.package_id, LegIntent(call.contract_id, -contracts), reason="next_call")

    def _call(self, view: MarketView) -> Candidate | None:
        p = self.parameters
        expiry = select_expiry(
            view,
            self.refuse,
            days=p.days_to_expiry,
            tolerance_days=p.expiry_tolerance_days,
            roots=p.roots,
        )
        if expiry is None:
            return None
        return select_by_delta(
            view, expiry, Right.CALL, self.refuse, delta=p.call_delta, tolerance=p.delta_tolerance
        )
