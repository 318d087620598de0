"""The freshness board: how far each universe has come."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from resources.database.models.base import Base, Word


class FreshnessRow(Base):
    """One universe as it stood when it was last looked at."""

    __tablename__ = "freshness"
    __table_args__ = (
        sa.CheckConstraint(
            "status IN ('current', 'due', 'late', 'unusable', 'waiting', 'closed')", name="status"
        ),
    )

    universe: Mapped[str] = mapped_column(sa.String(48), primary_key=True)
    status: Mapped[Word]
    #: the newest session that should be there, and the tick from which it is expected
    expected: Mapped[dt.date | None]
    due_at: Mapped[dt.datetime | None]
    #: the newest that came, and the newest that can be used
    present: Mapped[dt.date | None]
    usable: Mapped[dt.date | None]
    #: sessions after 'present' up to 'expected'; those of them whose harvest has had its time
    behind: Mapped[int]
    late: Mapped[int]
    checked_at: Mapped[dt.datetime]
