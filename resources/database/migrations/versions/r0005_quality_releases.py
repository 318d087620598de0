"""Who let through what the quality suite kept out, and why."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "quality_releases",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("universe", sa.String(length=48), nullable=False),
        sa.Column("underlying", sa.String(length=32), nullable=False),
        sa.Column("first_session", sa.Date(), nullable=False),
        sa.Column("last_session", sa.Date(), nullable=False),
        sa.Column("reasons", JSONB, nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("released_by", sa.Text(), nullable=False),
        sa.Column("released_at", INSTANT, nullable=False),
        sa.Column("revoked_by", sa.Text(), nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.Column("revoked_because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_releases")),
    )
    op.create_index("ix_quality_releases_universe", "quality_releases", ["universe", "first_session"])


def downgrade() -> None:
    op.drop_table("quality_releases")
