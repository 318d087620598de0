"""What the data-quality suite found."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from resources.database.models.base import Base, Word


class DataQualityResult(Base):
    """One check of one underlying's session."""

    __tablename__ = "data_quality_results"
    __table_args__ = (
        sa.CheckConstraint("severity IN ('critical', 'warning', 'info')", name="severity"),
        sa.Index("ix_data_quality_results_trade_date", "trade_date"),
        # the board of failures
        sa.Index(
            "ix_data_quality_results_failed", "universe", "trade_date", postgresql_where=sa.text("NOT passed")
        ),
    )

    universe: Mapped[str] = mapped_column(sa.String(48), primary_key=True)
    asset: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    trade_date: Mapped[dt.date] = mapped_column(primary_key=True)
    underlying: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    check_name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    #: -1: the check judges the session as a whole
    snapshot_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, server_default="-1")
    severity: Mapped[Word]
    passed: Mapped[bool]
    #: as a person reads it, and as a number where it is one
    observed: Mapped[str | None]
    observed_value: Mapped[float | None]
    limit: Mapped[str]
    message: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=sa.text("'{}'::jsonb"))


class QualityRelease(Base):
    """Somebody's decision to let through what the suite kept out (mirrored from the lake)."""

    __tablename__ = "quality_releases"
    __table_args__ = (sa.Index("ix_quality_releases_universe", "universe", "first_session"),)

    id: Mapped[str] = mapped_column(sa.String(48), primary_key=True)
    universe: Mapped[str] = mapped_column(sa.String(48))
    underlying: Mapped[str] = mapped_column(sa.String(32))
    first_session: Mapped[dt.date]
    last_session: Mapped[dt.date]
    reasons: Mapped[list[str]] = mapped_column(JSONB)
    #: the rule that was applied to the rows: see ``resources.data_quality.release_rules.RowFix``
    fix: Mapped[str]
    because: Mapped[str]
    released_by: Mapped[str]
    released_at: Mapped[dt.datetime]
    #: empty and null while the release is in force
    revoked_by: Mapped[str]
    revoked_at: Mapped[dt.datetime | None]
    revoked_because: Mapped[str]
