"""How good a run was and where its data came from: metrics, windows, Monte Carlo, harvests, data quality."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

INSTANT = sa.DateTime(timezone=True)
UUID = sa.Uuid()

#: the customer's table, as a view over the metrics of the whole run
COLUMNS = (
    "total_return", "annual_return", "annual_volatility", "sharpe_ratio", "sortino_ratio", "calmar_ratio",
    "max_drawdown", "max_drawdown_days", "win_rate", "profit_factor", "average_win", "average_loss", "expectancy",
    "exposure", "var_95", "cvar_95", "skew", "kurtosis", "trade_count", "quote_coverage",
)  # fmt: skip


def of_run(table: str) -> sa.ForeignKeyConstraint:
    """The run that a row belongs to; its rows go with it."""
    return sa.ForeignKeyConstraint(
        ["backtest_id"], ["backtests.id"], name=op.f(f"fk_{table}_backtest_id_backtests"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "metrics",
        sa.Column("backtest_id", UUID, nullable=False),
        sa.Column("scope", sa.String(length=48), nullable=False),
        sa.Column("metric", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        of_run("metrics"),
        sa.PrimaryKeyConstraint("backtest_id", "scope", "metric", name=op.f("pk_metrics")),
    )
    op.create_index("ix_metrics_metric_scope_value", "metrics", ["metric", "scope", "value"])
    op.create_table(
        "walk_forward_windows",
        sa.Column("backtest_id", UUID, nullable=False),
        sa.Column("window_key", sa.String(length=16), nullable=False),
        sa.Column("train_start", sa.Date(), nullable=False),
        sa.Column("train_end", sa.Date(), nullable=False),
        sa.Column("test_start", sa.Date(), nullable=False),
        sa.Column("test_end", sa.Date(), nullable=False),
        sa.Column("objective", sa.String(length=48), nullable=False),
        sa.Column("parameters", JSONB, nullable=False),
        sa.Column("in_sample", sa.Double(), nullable=True),
        sa.Column("out_of_sample", sa.Double(), nullable=True),
        sa.Column("trials", JSONB, nullable=False),
        sa.Column("trial_count", sa.BigInteger(), nullable=False),
        sa.Column("result_digest", sa.String(length=64), nullable=True),
        of_run("walk_forward_windows"),
        sa.PrimaryKeyConstraint("backtest_id", "window_key", name=op.f("pk_walk_forward_windows")),
    )
    op.create_table(
        "monte_carlo_summaries",
        sa.Column("backtest_id", UUID, nullable=False),
        sa.Column("method", sa.String(length=48), nullable=False),
        sa.Column("statistic", sa.String(length=48), nullable=False),
        sa.Column("mean", sa.Double(), nullable=True),
        sa.Column("median", sa.Double(), nullable=True),
        sa.Column("lower", sa.Double(), nullable=True),
        sa.Column("upper", sa.Double(), nullable=True),
        sa.Column("std_error", sa.Double(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("paths", sa.BigInteger(), nullable=False),
        of_run("monte_carlo_summaries"),
        sa.PrimaryKeyConstraint("backtest_id", "method", "statistic", name=op.f("pk_monte_carlo_summaries")),
    )
    op.create_table(
        "harvests",
        sa.Column("universe", sa.String(length=48), nullable=False),
        sa.Column("dataset", sa.String(length=48), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("trade_date", sa.Date(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("parts", JSONB, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("universe", "dataset", "key", "sequence", name=op.f("pk_harvests")),
    )
    op.create_index("ix_harvests_digest", "harvests", ["digest"])
    op.create_index("ix_harvests_universe_trade_date", "harvests", ["universe", "trade_date"])
    op.create_table(
        "run_inputs",
        sa.Column("backtest_id", UUID, nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("universe", sa.String(length=48), nullable=False),
        sa.Column("dataset", sa.String(length=48), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.CheckConstraint("kind IN ('raw', 'layer')", name=op.f("ck_run_inputs_kind")),
        of_run("run_inputs"),
        sa.PrimaryKeyConstraint("backtest_id", "kind", "path", name=op.f("pk_run_inputs")),
    )
    op.create_index("ix_run_inputs_sha256", "run_inputs", ["sha256"])
    op.create_index("ix_run_inputs_universe_dataset_key", "run_inputs", ["universe", "dataset", "key"])
    op.create_table(
        "data_quality_results",
        sa.Column("universe", sa.String(length=48), nullable=False),
        sa.Column("asset", sa.String(length=64), nullable=False),
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("underlying", sa.String(length=32), nullable=False),
        sa.Column("check_name", sa.String(length=64), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger(), server_default="-1", autoincrement=False, nullable=False),
        sa.Column("severity", sa.String(length=48), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("observed", sa.Text(), nullable=True),
        sa.Column("observed_value", sa.Double(), nullable=True),
        sa.Column("limit", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("details", JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.CheckConstraint(
            "severity IN ('critical', 'warning')", name=op.f("ck_data_quality_results_severity")
        ),
        sa.PrimaryKeyConstraint(
            "universe",
            "asset",
            "trade_date",
            "underlying",
            "check_name",
            "snapshot_id",
            name=op.f("pk_data_quality_results"),
        ),
    )
    op.create_index(
        "ix_data_quality_results_failed",
        "data_quality_results",
        ["universe", "trade_date"],
        postgresql_where=sa.text("NOT passed"),
    )
    op.create_index("ix_data_quality_results_trade_date", "data_quality_results", ["trade_date"])
    values = ",\n".join(f"max(value) FILTER (WHERE metric = '{name}') AS {name}" for name in COLUMNS)
    op.execute(
        f"CREATE VIEW performance_metrics AS SELECT backtest_id, {values} "
        "FROM metrics WHERE scope = 'full' GROUP BY backtest_id"
    )


def downgrade() -> None:
    op.execute("DROP VIEW performance_metrics")
    op.drop_table("data_quality_results")
    op.drop_table("run_inputs")
    op.drop_table("harvests")
    op.drop_table("monte_carlo_summaries")
    op.drop_table("walk_forward_windows")
    op.drop_table("metrics")
