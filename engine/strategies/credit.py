"""The skeleton of strategies that sell a package for a credit, watch it, and close it by rule."""

from abc import abstractmethod

from pydantic import Field, model_validator

from engine.execution.fill_model import Refusal
from engine.execution.intents import OrderIntent, close_package
from engine.market.view import MarketView
from engine.portfolio.view import PackageView, PortfolioView
from engine.strategies.base import Strategy, StrategyParameters, close_delivered_shares
from engine.strategies.exits import credit_exit
from engine.strategies.selectors import Candidate, ExpiryChoice, select_expiry


class CreditParameters(StrategyParameters):
    """Entry by days to expiry; exits as in ``credit_exit`` (null switches a rule off)."""

    days_to_expiry: int = Field(default=45, ge=1)
    profit_target: float | None = Field(default=0.5, gt=0, le=1)
    loss_multiple: float | None = Field(default=None, gt=0)
    exit_days_to_expiry: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _exit_after_entry(self) -> "CreditParameters":
        if self.exit_days_to_expiry is not None and self.exit_days_to_expiry >= self.days_to_expiry:
            raise ValueError(
                f"exit_days_to_expiry {self.exit_days_to_expiry} is not below days_to_expiry {self.days_to_expiry}"
            )
        return self


class CreditStrategy(Strategy):
    """Opens while it may, closes by the exit rules, sells shares that were delivered to it."""

    parameters: CreditParameters

    def on_snapshot(self, view: MarketView, portfolio: PortfolioView) -> list[OrderIntent]:
        intents = [i for p in portfolio.packages if (i := self.manage(view, p)) is not None]
        if portfolio.can_open:
            entry = self._entry(view)
            if entry is not None:
                intents.append(entry)
        return intents

    def manage(self, view: MarketView, package: PackageView) -> OrderIntent | None:
        if package.busy:
            return None
        delivered = close_delivered_shares(package)
        if delivered is not None:
            return delivered
        p = self.parameters
        reason = credit_exit(
            package,
            view.trade_day,
            profit_target=p.profit_target,
            loss_multiple=p.loss_multiple,
            exit_days_to_expiry=p.exit_days_to_expiry,
        )
        return None if reason is None else close_package(package.package_id, reason)

    def _entry(self, view: MarketView) -> OrderIntent | None:
        p = self.parameters
        expiry = select_expiry(
            view,
            self.refuse,
            days=p.days_to_expiry,
            tolerance_days=p.expiry_tolerance_days,
            roots=p.roots,
            more_than_days=p.exit_days_to_expiry or 0,
        )
        return None if expiry is None else self.entry_at(view, expiry)

    @abstractmethod
    def entry_at(self, view: MarketView, expiry: ExpiryChoice) -> OrderIntent | None:
        """The package to open at that expiry, or None with the reason recorded."""

    def has_credit(self, sold: list[Candidate], bought: list[Candidate]) -> bool:
        """Whether the package brings money in at mid; records the refusal if not."""
        credit = sum(c.mid for c in sold) - sum(c.mid for c in bought)
        if credit > 0:
            return True
        self.refuse(Refusal("no_credit", credit, 0.0, f"{self.name} at mid"))
        return False

    def out_of_the_money(self, put: Candidate, call: Candidate) -> bool:
        """Whether the short put lies below the short call; records the refusal if not."""
        if put.strike < call.strike:
            return True
        self.refuse(Refusal("strikes_cross", put.strike, call.strike, f"{self.name}: put not below call"))
        return False
