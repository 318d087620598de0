"""What a run did: packages and their legs, orders, fills, events, rejected candidates.

Columns follow ``engine.backtest.result.RESULT_TABLES``. Quantities are signed from the holder's side; prices are per
unit of underlying in the row's currency; NULL is undefined.
"""

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from resources.database.models.base import Base, Currency, Money, RunKey, Symbol, Word


class Trade(Base):
    """A package from entry to exit. ``id`` is uuid5 of the run and the package."""

    __tablename__ = "trades"
    __table_args__ = (
        sa.UniqueConstraint("backtest_id", "package_id"),
        sa.Index("ix_trades_backtest_id_entry_date", "backtest_id", "entry_date"),
        sa.Index("ix_trades_symbol_strategy_type", "symbol", "strategy_type"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    backtest_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("backtests.id", ondelete="CASCADE"))
    package_id: Mapped[int]
    symbol: Mapped[Symbol]
    strategy_type: Mapped[Word]
    quantity: Mapped[float]
    #: the instants of the first and the last fill or settlement
    entry_date: Mapped[dt.datetime]
    exit_date: Mapped[dt.datetime]
    #: cash received (+) or paid (-), without fees
    entry_value: Mapped[Money | None]
    exit_value: Mapped[Money | None]
    fees: Mapped[Money | None]
    pnl: Mapped[Money | None]
    pnl_at_mid: Mapped[Money | None]
    pnl_at_worst: Mapped[Money | None]
    #: pnl over risk_at_entry
    return_pct: Mapped[float | None]
    risk_at_entry: Mapped[Money | None]
    exit_reason: Mapped[str]
    currency: Mapped[Currency]


class TradeLeg(Base):
    """One leg of a package; ``contract_id`` is 0 for shares and coins."""

    __tablename__ = "trade_legs"
    __table_args__ = (sa.Index("ix_trade_legs_contract_id", "contract_id"),)

    backtest_id: Mapped[RunKey]
    package_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    leg: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    contract_id: Mapped[int]
    instrument: Mapped[Symbol]
    right: Mapped[str] = mapped_column(sa.String(1))
    strike: Mapped[float | None]
    expiry: Mapped[dt.date | None]
    quantity: Mapped[float]
    entry_price: Mapped[Money | None]
    exit_price: Mapped[Money | None]
    multiplier: Mapped[float]
    currency: Mapped[Currency]


class Order(Base):
    """One order for a package."""

    __tablename__ = "orders"
    __table_args__ = (
        sa.Index("ix_orders_backtest_id_package_id", "backtest_id", "package_id"),
        sa.Index("ix_orders_backtest_id_decided_at", "backtest_id", "decided_at"),
    )

    backtest_id: Mapped[RunKey]
    order_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    package_id: Mapped[int]
    decided_at: Mapped[dt.datetime]
    arrives_at: Mapped[dt.datetime]
    intent: Mapped[Word]
    order_type: Mapped[Word]
    reason: Mapped[str]
    packages: Mapped[float]
    limit_price: Mapped[Money | None]
    currency: Mapped[Currency]
    status: Mapped[Word]
    status_reason: Mapped[str]


class Fill(Base):
    """One fill of one leg, with the quote that it was made on."""

    __tablename__ = "fills"
    __table_args__ = (
        sa.Index("ix_fills_backtest_id_order_id", "backtest_id", "order_id"),
        sa.Index("ix_fills_backtest_id_filled_at", "backtest_id", "filled_at"),
    )

    backtest_id: Mapped[RunKey]
    fill_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    order_id: Mapped[int]
    package_id: Mapped[int]
    leg: Mapped[int]
    filled_at: Mapped[dt.datetime]
    contract_id: Mapped[int]
    instrument: Mapped[Symbol]
    quantity: Mapped[float]
    price: Mapped[Money | None]
    bid: Mapped[Money | None]
    ask: Mapped[Money | None]
    multiplier: Mapped[float]
    fee: Mapped[Money | None]
    currency: Mapped[Currency]
    grade: Mapped[Word]
    quote_age_seconds: Mapped[float | None]


class Event(Base):
    """Expiries, exercises, dividends, splits, halts, ... in order of time.

    What ``amount`` is depends on the kind (cash of a dividend, price of a settlement, NAV at a halt); the engine's
    event carries no currency, so none stands beside it: ``note`` says what it is.
    """

    __tablename__ = "events"
    __table_args__ = (sa.Index("ix_events_backtest_id_kind", "backtest_id", "kind"),)

    backtest_id: Mapped[RunKey]
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    happened_at: Mapped[dt.datetime]
    kind: Mapped[Word]
    package_id: Mapped[int]
    instrument: Mapped[Symbol]
    quantity: Mapped[float | None]
    amount: Mapped[Money | None]
    note: Mapped[str]


class Rejection(Base):
    """A candidate, an order or an entry that a rule refused: the rule, the value, the limit."""

    __tablename__ = "rejections"
    __table_args__ = (sa.Index("ix_rejections_backtest_id_rule", "backtest_id", "rule"),)

    backtest_id: Mapped[RunKey]
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rejected_at: Mapped[dt.datetime]
    rule: Mapped[Word]
    value: Mapped[float | None]
    limit: Mapped[float | None]
    note: Mapped[str]
