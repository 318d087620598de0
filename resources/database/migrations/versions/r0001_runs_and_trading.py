"""Runs, and what they did: trades, legs, orders, fills, equity, events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

MONEY = sa.Numeric(28, 10)
INSTANT = sa.DateTime(timezone=True)
UUID = sa.Uuid()


def of_run(table: str) -> sa.ForeignKeyConstraint:
    """The run that a row belongs to; its rows go with it."""
    return sa.ForeignKeyConstraint(
        ["backtest_id"], ["backtests.id"], name=op.f(f"fk_{table}_backtest_id_backtests"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "backtests",
        sa.Column("id", UUID, nullable=False),
        sa.Column("study", sa.String(length=48), nullable=False),
        sa.Column("universe", sa.String(length=48), nullable=False),
        sa.Column("status", sa.String(length=48), nullable=False),
        sa.Column("config", JSONB, nullable=False),
        sa.Column("base_currency", sa.String(length=16), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("study_digest", sa.String(length=64), nullable=False),
        sa.Column("inputs_digest", sa.String(length=64), nullable=False),
        sa.Column("result_digest", sa.String(length=64), nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("environment", JSONB, nullable=False),
        sa.Column("flags", JSONB, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("completed_at", INSTANT, nullable=True),
        sa.CheckConstraint("status IN ('running', 'completed', 'failed')", name=op.f("ck_backtests_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtests")),
    )
    op.create_index(
        "ix_backtests_study_completed_at",
        "backtests",
        ["study", sa.literal_column("completed_at DESC NULLS LAST")],
    )
    op.create_table(
        "trades",
        sa.Column("id", UUID, nullable=False),
        sa.Column("backtest_id", UUID, nullable=False),
        sa.Column("package_id", sa.BigInteger(), nullable=False),
        sa.Column("symbol", sa.String(length=32), nullable=False),
        sa.Column("strategy_type", sa.String(length=48), nullable=False),
        sa.Column("quantity", sa.Double(), nullable=False),
        sa.Column("entry_date", INSTANT, nullable=False),
        sa.Column("exit_date", INSTANT, nullable=False),
        sa.Column("entry_value", MONEY, nullable=True),
        sa.Column("exit_value", MONEY, nullable=True),
        sa.Column("fees", MONEY, nullable=True),
        sa.Column("pnl", MONEY, nullable=True),
        sa.Column("pnl_at_mid", MONEY, nullable=True),
        sa.Column("pnl_at_worst", MONEY, nullable=True),
        sa.Column("return_pct", sa.Double(), nullable=True),
        sa.Column("risk_at_entry", MONEY, nullable=True),
        sa.Column("exit_reason", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=16), nullable=False),
        of_run("trades"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trades")),
        sa.UniqueConstraint("backtest_id", "package_id", name=op.f("uq_trades_backtest_id_package_id")),
    )
    op.create_index("ix_trades_backtest_id_entry_date", "trades", ["backtest_id", "entry_date"])
    op.create_index("ix_trades_symbol_strategy_type", "trades", ["symbol", "strategy_type"])
    op.create_table(
        "trade_legs",
        sa.Column("backtest_id", UUID, nullable=False),
        sa.Column("package_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leg", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("instrument", sa.String(length=32), nullable=False),
        sa.Column("right", sa.String(length=1), nullable=False),
        sa.Column("strike", sa.Double(), nullable=True),
        sa.Column("expiry", sa.Date(), nullable=True),
        sa.Column("quantity", sa.Double(), nullable=False),
        sa.Column("entry_price", MONEY, nullable=True),
        sa.Column("exit_price", MONEY, nullable=True),
        sa.Column("multiplier", sa.Double(), nullable=False),
        sa.Column("currency", sa.String(length=16), nullable=False),
        of_run("trade_legs"),
        sa.PrimaryKeyConstraint("backtest_id", "package_id", "leg", name=op.f("pk_trade_legs")),
    )
    op.create_index("ix_trade_legs_contract_id", "trade_legs", ["contract_id"])
    op.create_table(
        "orders",
        sa.Column("backtest_id", UUID, nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("package_id", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("arrives_at", INSTANT, nullable=False),
        sa.Column("intent", sa.String(length=48), nullable=False),
        sa.Column("order_type", sa.String(length=48), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("packages", sa.Double(), nullable=False),
        sa.Column("limit_price", MONEY, nullable=True),
        sa.Column("currency", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=48), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=False),
        of_run("orders"),
        sa.PrimaryKeyConstraint("backtest_id", "order_id", name=op.f("pk_orders")),
    )
    op.create_index("ix_orders_backtest_id_decided_at", "orders", ["backtest_id", "decided_at"])
    op.create_index("ix_orders_backtest_id_package_id", "orders", ["backtest_id", "package_id"])
    op.create_table(
        "fills",
        sa.Column("backtest_id", UUID, nullable=False),
        sa.Column("fill_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("package_id", sa.BigInteger(), nullable=False),
        sa.Column("leg", sa.BigInteger(), nullable=False),
        sa.Column("filled_at", INSTANT, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("instrument", sa.String(length=32), nullable=False),
        sa.Column("quantity", sa.Double(), nullable=False),
        sa.Column("price", MONEY, nullable=True),
        sa.Column("bid", MONEY, nullable=True),
        sa.Column("ask", MONEY, nullable=True),
        sa.Column("multiplier", sa.Double(), nullable=False),
        sa.Column("fee", MONEY, nullable=True),
        sa.Column("currency", sa.String(length=16), nullable=False),
        sa.Column("grade", sa.String(length=48), nullable=False),
        sa.Column("quote_age_seconds", sa.Double(), nullable=True),
        of_run("fills"),
        sa.PrimaryKeyConstraint("backtest_id", "fill_id", name=op.f("pk_fills")),
    )
    op.create_index("ix_fills_backtest_id_filled_at", "fills", ["backtest_id", "filled_at"])
    op.create_index("ix_fills_backtest_id_order_id", "fills", ["backtest_id", "order_id"])
    op.create_table(
        "equity_curve",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("backtest_id", UUID, nullable=False),
        sa.Column("timestamp", INSTANT, nullable=False),
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("equity", MONEY, nullable=True),
        sa.Column("cash", MONEY, nullable=True),
        sa.Column("marks", MONEY, nullable=True),
        sa.Column("equity_at_mid", MONEY, nullable=True),
        sa.Column("equity_at_worst", MONEY, nullable=True),
        sa.Column("currency", sa.String(length=16), nullable=False),
        sa.Column("equity_usd", MONEY, nullable=True),
        sa.Column("drawdown", sa.Double(), nullable=True),
        sa.Column("delta", sa.Double(), nullable=True),
        sa.Column("gamma", sa.Double(), nullable=True),
        sa.Column("vega_per_vol_point", sa.Double(), nullable=True),
        sa.Column("theta_per_day", sa.Double(), nullable=True),
        sa.Column("open_packages", sa.BigInteger(), nullable=False),
        sa.Column("exposure", sa.Double(), nullable=True),
        sa.Column("oldest_mark_seconds", sa.Double(), nullable=True),
        sa.Column("halted", sa.Boolean(), nullable=False),
        of_run("equity_curve"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equity_curve")),
        sa.UniqueConstraint("backtest_id", "timestamp", name=op.f("uq_equity_curve_backtest_id_timestamp")),
    )
    op.create_table(
        "events",
        sa.Column("backtest_id", UUID, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("happened_at", INSTANT, nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("package_id", sa.BigInteger(), nullable=False),
        sa.Column("instrument", sa.String(length=32), nullable=False),
        sa.Column("quantity", sa.Double(), nullable=True),
        sa.Column("amount", MONEY, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        of_run("events"),
        sa.PrimaryKeyConstraint("backtest_id", "position", name=op.f("pk_events")),
    )
    op.create_index("ix_events_backtest_id_kind", "events", ["backtest_id", "kind"])
    op.create_table(
        "rejections",
        sa.Column("backtest_id", UUID, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rejected_at", INSTANT, nullable=False),
        sa.Column("rule", sa.String(length=48), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("limit", sa.Double(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        of_run("rejections"),
        sa.PrimaryKeyConstraint("backtest_id", "position", name=op.f("pk_rejections")),
    )
    op.create_index("ix_rejections_backtest_id_rule", "rejections", ["backtest_id", "rule"])


def downgrade() -> None:
    op.drop_table("rejections")
    op.drop_table("events")
    op.drop_table("equity_curve")
    op.drop_table("fills")
    op.drop_table("orders")
    op.drop_table("trade_legs")
    op.drop_table("trades")
    op.drop_table("backtests")
