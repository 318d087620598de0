"""Where the data came from: what was harvested, and which files a run read."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from resources.database.models.base import Base, Digest, RunKey, Word


class Harvest(Base):
    """One version of what was received for a key: the raw store's record, for queries."""

    __tablename__ = "harvests"
    __table_args__ = (
        sa.Index("ix_harvests_universe_trade_date", "universe", "trade_date"),
        sa.Index("ix_harvests_digest", "digest"),
    )

    universe: Mapped[str] = mapped_column(sa.String(48), primary_key=True)
    dataset: Mapped[str] = mapped_column(sa.String(48), primary_key=True)
    #: a day or a month
    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: the key as a date where it is one
    trade_date: Mapped[dt.date | None]
    digest: Mapped[Digest]
    parts: Mapped[list[Any]]
    received_at: Mapped[dt.datetime]


class RunInput(Base):
    """One file that a run read, or a harvest record behind it."""

    __tablename__ = "run_inputs"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('raw', 'layer')", name="kind"),
        # which runs used this file, this day
        sa.Index("ix_run_inputs_sha256", "sha256"),
        sa.Index("ix_run_inputs_universe_dataset_key", "universe", "dataset", "key"),
    )

    backtest_id: Mapped[RunKey]
    kind: Mapped[Word] = mapped_column(primary_key=True)
    #: in the lake
    path: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[Digest]
    universe: Mapped[Word]
    dataset: Mapped[Word]
    key: Mapped[str] = mapped_column(sa.String(64))
