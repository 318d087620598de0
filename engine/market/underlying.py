"""Daily prices of the underlying, each row with the instant from which it was known."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.market.frozen import frozen

Array = NDArray[Any]


class UnderlyingFormatError(ValueError):
    """The daily prices are not one row per session in order."""


@dataclass(frozen=True, slots=True)
class UnderlyingHistory:
    """One row per session, in order, every array of shape (sessions,); NaN where the source has no price.

    Attributes
    ----------
    days
        Session, days since 1970-01-01.
    open, high, low, close
        As traded that day, not adjusted for later splits.
    settlement_price
        The venue's official one (opening print for AM settlement, delivery price for coins).
    ts_us, known_at_us
        When the row was true, and from when a trader could know it, UTC microseconds.
    """

    days: Array
    open: Array
    high: Array
    low: Array
    close: Array
    settlement_price: Array
    ts_us: Array
    known_at_us: Array

    def __post_init__(self) -> None:
        rows = len(self.days)
        for f in fields(self):
            if getattr(self, f.name).shape != (rows,):
                raise UnderlyingFormatError(
                    f"underlying prices: {f.name} has shape {getattr(self, f.name).shape}, days has {rows} rows"
                )
        if rows > 1 and (np.diff(self.days) <= 0).any():
            row = int(np.argmax(np.diff(self.days) <= 0)) + 1
            raise UnderlyingFormatError(f"underlying prices: row {row} is not later than the one before")

    def row_of(self, day: int) -> int | None:
        """Row of the session ``day``, None if there is none."""
        row = int(np.searchsorted(self.days, day))
        return row if row < len(self.days) and int(self.days[row]) == day else None

    def known_at(self, decision_us: int) -> "UnderlyingHistory":
        """Immutable copy of the rows known at ``decision_us``; it holds no way back to the others."""
        known = self.known_at_us <= decision_us
        return UnderlyingHistory(*(frozen(getattr(self, f.name)[known]) for f in fields(self)))
