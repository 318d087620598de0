"""A study: what to trade, how it fills, what it risks, how it is validated. One YAML file each."""

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PeriodSpec(_Strict):
    start: dt.date
    end: dt.date

    @model_validator(mode="after")
    def _ordered(self) -> "PeriodSpec":
        if self.end <= self.start:
            raise ValueError(f"the period ends {self.end}, not after its start {self.start}")
        return self


class CapitalSpec(_Strict):
    """Starting cash, by asset. ``base_currency`` is what NAV and metrics are reported in."""

    base_currency: str = "USD"
    amount: float = Field(gt=0)


class StrategySpec(_Strict):
    name: str
    parameters: dict[str, Any] = {}


class ExecutionSpec(_Strict):
    """How orders become fills.

    With ``price: touch`` a buy fills at ``ask + slippage_fraction * (ask - bid) / 2``, a sell mirrored;
    ``mid_plus`` starts from mid and pays ``slippage_fraction`` of the half spread (1.0 is the touch).
    """

    lag_snapshots: int = Field(default=1, ge=0)
    order_type: Literal["market", "limit"] = "market"
    price: Literal["touch", "mid_plus"] = "mid_plus"
    slippage_fraction: float = Field(default=1.0, ge=0)
    #: snapshots that a limit order rests before it is cancelled
    limit_time_in_force_snapshots: int = Field(default=1, ge=1)
    fill_grades: tuple[Literal["firm", "wide", "stale", "one_sided"], ...] = ("firm", "wide")
    #: share of displayed size (where the source has one) that a fill may take; null: no limit, and said so
    max_size_fraction: float | None = Field(default=None, gt=0)


class FeeSpec(_Strict):
    """Fees in the fee currency of the venue: dollars per option contract and share, or a share of the coin.

    Coin venues charge ``min(coin_rate * contracts, coin_cap_of_premium * premium)`` (Deribit: 0.0003, 0.125).
    """

    per_contract: float = Field(default=0.0, ge=0)
    per_share: float = Field(default=0.0, ge=0)
    per_exercise: float = Field(default=0.0, ge=0)
    coin_rate: float = Field(default=0.0, ge=0)
    coin_cap_of_premium: float = Field(default=0.0, ge=0)


class SizingSpec(_Strict):
    """``contracts`` packages an entry, or as many as ``risk_fraction`` of NAV allows for the package's stated
    maximum loss (for unlimited-loss packages: the loss of a ``stress_move`` of the underlying)."""

    contracts: float | None = Field(default=None, gt=0)
    risk_fraction: float | None = Field(default=None, gt=0, le=1)
    stress_move: float = Field(default=0.25, gt=0, lt=1)
    max_open_packages: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _one(self) -> "SizingSpec":
        if (self.contracts is None) == (self.risk_fraction is None):
            raise ValueError("give exactly one of contracts and risk_fraction")
        return self


class RiskSpec(_Strict):
    """Limits in fractions of NAV; null switches a limit off."""

    #: an open package that has lost this much of the NAV at its entry is closed
    max_loss_per_trade: float | None = Field(default=None, gt=0)
    #: a session that has lost this much of the NAV at its start closes everything and halts entries
    max_daily_loss: float | None = Field(default=None, gt=0)
    #: sessions until entries resume after a halt; null: for the rest of the run
    halt_sessions: int | None = Field(default=None, ge=1)


class SettlementSpec(_Strict):
    """What happens to options that reach expiry, or are exercised before.

    ``proxy`` names what stands in where no official settlement price exists; a run that used one is flagged. With
    ``none`` an AM-settled option without its opening print stays pending, any other must be closed before, else
    the run fails. The close never stands in for an opening print.
    """

    exit_before_expiry_days: int = Field(default=0, ge=0)
    proxy: Literal["none", "open", "close", "index_snapshot", "index_average"] = "none"
    #: when short American options are assigned early: where exercise is optimal (rational), with
    #: ``random_probability`` where it is (random), never (none), or judged at the prices worst for the writer,
    #: who is then also assigned below the exercise threshold (worst_case)
    assignment: Literal["rational", "random", "none", "worst_case"] = "rational"
    random_probability: float = Field(default=0.5, gt=0, le=1)
    #: whether long American options are exercised early where that is optimal
    exercise_longs: bool = True
    #: an option that ends within this fraction of its strike is reported as pin risk
    pin_fraction: float = Field(default=0.0025, ge=0, lt=1)


class WalkForwardSpec(_Strict):
    train_months: int = Field(ge=1)
    test_months: int = Field(default=1, ge=1)
    grid: dict[str, list[Any]] = Field(min_length=1)
    objective: Literal["sharpe", "total_return", "calmar", "sortino"] = "sharpe"

    @model_validator(mode="after")
    def _values(self) -> "WalkForwardSpec":
        for key, values in self.grid.items():
            if not values:
                raise ValueError(f"grid.{key} lists no values")
        return self


class MonteCarloSpec(_Strict):
    paths: int = Field(default=2000, ge=100, le=1_000_000)
    mean_block_length: float = Field(default=10, ge=1)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    #: ruin: NAV falls to this fraction of where it started
    ruin_fraction: float = Field(default=0.5, gt=0, lt=1)


class StudySpec(_Strict):
    """One study, as its YAML says."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{1,47}$")
    description: str
    universe: str
    underlying: str
    period: PeriodSpec
    capital: CapitalSpec
    strategy: StrategySpec
    execution: ExecutionSpec = ExecutionSpec()
    fees: FeeSpec = FeeSpec()
    sizing: SizingSpec
    risk: RiskSpec = RiskSpec()
    settlement: SettlementSpec = SettlementSpec()
    walk_forward: WalkForwardSpec | None = None
    monte_carlo: MonteCarloSpec = MonteCarloSpec()
    #: sessions a year; follows the calendar: 252 for exchanges, 365 for 24/7 venues
    annualization: Literal[252, 365] = 252
    seed: int = Field(default=20240101, ge=0)
    owners: tuple[str, ...] = ("team:optix",)
