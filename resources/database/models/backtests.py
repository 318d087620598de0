"""The run itself."""

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from resources.database.models.base import Base, Currency, Digest, Word


class Backtest(Base):
    """One run of a study. ``id`` is uuid5 of its digests and seed (``resources.database.run_id``): who computes the
    same thing again writes the same row."""

    __tablename__ = "backtests"
    __table_args__ = (
        sa.CheckConstraint("status IN ('running', 'completed', 'failed')", name="status"),
        sa.Index("ix_backtests_study_completed_at", "study", sa.text("completed_at DESC NULLS LAST")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    study: Mapped[Word]
    universe: Mapped[Word]
    status: Mapped[Word]
    #: the study and the universe as they were, and the digests of the run's assets
    config: Mapped[dict[str, Any]]
    base_currency: Mapped[Currency]
    code_digest: Mapped[Digest]
    study_digest: Mapped[Digest]
    inputs_digest: Mapped[Digest]
    result_digest: Mapped[Digest | None]
    seed: Mapped[int]
    #: library versions and processor; never part of a digest
    environment: Mapped[dict[str, Any]]
    #: what a reader must know before believing the numbers (``settled_by_proxy``, ...)
    flags: Mapped[list[Any]]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.now())
    completed_at: Mapped[dt.datetime | None]
