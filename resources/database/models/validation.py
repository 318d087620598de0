"""How good a run was: equity over time, metrics by scope, walk-forward windows, Monte Carlo."""

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from resources.database.models.base import Base, Currency, Digest, Money, RunKey, Word


class EquityPoint(Base):
    """Net asset value and Greeks at one snapshot."""

    __tablename__ = "equity_curve"
    __table_args__ = (sa.UniqueConstraint("backtest_id", "timestamp"),)

    id: Mapped[int] = mapped_column(sa.Identity(always=True), primary_key=True)
    backtest_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("backtests.id", ondelete="CASCADE"))
    timestamp: Mapped[dt.datetime]
    trade_date: Mapped[dt.date]
    equity: Mapped[Money | None]
    cash: Mapped[Money | None]
    marks: Mapped[Money | None]
    equity_at_mid: Mapped[Money | None]
    equity_at_worst: Mapped[Money | None]
    currency: Mapped[Currency]
    equity_usd: Mapped[Money | None]
    #: fraction of the peak
    drawdown: Mapped[float | None]
    delta: Mapped[float | None]
    gamma: Mapped[float | None]
    vega_per_vol_point: Mapped[float | None]
    theta_per_day: Mapped[float | None]
    open_packages: Mapped[int]
    exposure: Mapped[float | None]
    oldest_mark_seconds: Mapped[float | None]
    halted: Mapped[bool]


class Metric(Base):
    """One number about a run; ``scope`` is ``full``, ``out_of_sample`` or ``window:YYYY-MM``."""

    __tablename__ = "metrics"
    __table_args__ = (
        # rankings over all runs
        sa.Index("ix_metrics_metric_scope_value", "metric", "scope", "value"),
    )

    backtest_id: Mapped[RunKey]
    scope: Mapped[str] = mapped_column(sa.String(48), primary_key=True)
    metric: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    #: NULL where undefined
    value: Mapped[float | None]


class WalkForwardWindow(Base):
    """One window: trained here, judged there, with these parameters."""

    __tablename__ = "walk_forward_windows"

    backtest_id: Mapped[RunKey]
    #: month in which the test range ends, YYYY-MM
    window_key: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    train_start: Mapped[dt.date]
    train_end: Mapped[dt.date]
    test_start: Mapped[dt.date]
    test_end: Mapped[dt.date]
    objective: Mapped[Word]
    #: chosen on the train range
    parameters: Mapped[dict[str, Any]]
    in_sample: Mapped[float | None]
    out_of_sample: Mapped[float | None]
    #: every parameter set that was tried, with its objective; failures included
    trials: Mapped[list[Any]]
    trial_count: Mapped[int]
    result_digest: Mapped[Digest | None]


class MonteCarloSummary(Base):
    """One statistic over all paths of one method (``engine.validation.monte_carlo.MonteCarloSummary``)."""

    __tablename__ = "monte_carlo_summaries"

    backtest_id: Mapped[RunKey]
    method: Mapped[str] = mapped_column(sa.String(48), primary_key=True)
    statistic: Mapped[str] = mapped_column(sa.String(48), primary_key=True)
    mean: Mapped[float | None]
    median: Mapped[float | None]
    lower: Mapped[float | None]
    upper: Mapped[float | None]
    std_error: Mapped[float | None]
    #: of the interval from lower to upper
    confidence: Mapped[float]
    paths: Mapped[int]
