"""Checks of the severity ``info``: told, neither a warning nor a reason to keep anything out."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLE, NAME = "data_quality_results", "ck_data_quality_results_severity"


def upgrade() -> None:
    op.drop_constraint(op.f(NAME), TABLE)
    op.create_check_constraint(op.f(NAME), TABLE, "severity IN ('critical', 'warning', 'info')")


def downgrade() -> None:
    op.execute("DELETE FROM data_quality_results WHERE severity = 'info'")
    op.drop_constraint(op.f(NAME), TABLE)
    op.create_check_constraint(op.f(NAME), TABLE, "severity IN ('critical', 'warning')")
