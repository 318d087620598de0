"""The corporate actions that a position has to survive."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class ActionKind(StrEnum):
    SPLIT = "split"
    CASH_DIVIDEND = "cash_dividend"


@dataclass(frozen=True, slots=True, order=True)
class CorporateAction:
    """One event of one underlying.

    Attributes
    ----------
    effective_date
        First session on which the underlying trades on the new basis (the ex-date).
    new_shares, old_shares
        A split gives ``new_shares`` for ``old_shares`` (4-for-1: 4, 1); 1, 1 otherwise.
    cash_amount
        Dividend per share in ``currency``; 0 for a split.
    known_at_us
        UTC microseconds from which a trader could know the event; nothing may use it earlier.
    """

    underlying: str
    effective_date: dt.date
    kind: ActionKind
    new_shares: float
    old_shares: float
    cash_amount: float
    currency: str
    known_at_us: int
    source: str = ""

    @property
    def split_ratio(self) -> float:
        """New shares per old share."""
        return self.new_shares / self.old_shares
