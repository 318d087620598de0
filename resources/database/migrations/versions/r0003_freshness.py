"""How far each universe has come: the freshness board."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "freshness",
        sa.Column("universe", sa.String(length=48), nullable=False),
        sa.Column("status", sa.String(length=48), nullable=False),
        sa.Column("expected", sa.Date(), nullable=True),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("present", sa.Date(), nullable=True),
        sa.Column("usable", sa.Date(), nullable=True),
        sa.Column("behind", sa.BigInteger(), nullable=False),
        sa.Column("late", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "status IN ('current', 'due', 'late', 'unusable', 'waiting', 'closed')",
            name=op.f("ck_freshness_status"),
        ),
        sa.PrimaryKeyConstraint("universe", name=op.f("pk_freshness")),
    )


def downgrade() -> None:
    op.drop_table("freshness")
