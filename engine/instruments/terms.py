"""The vocabulary of option terms, and what a root's contracts have in common."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Right(StrEnum):
    CALL = "C"
    PUT = "P"


class ExerciseStyle(StrEnum):
    AMERICAN = "A"
    EUROPEAN = "E"


class SettlementTime(StrEnum):
    """The instant on expiry day to which time is measured: opening print, close, or 08:00 UTC."""

    AM = "AM"
    PM = "PM"
    UTC08 = "08UTC"


class SettlementType(StrEnum):
    CASH = "cash"
    PHYSICAL = "physical"


class UnderlyingKind(StrEnum):
    INDEX = "index"
    STOCK = "stock"
    ETF = "etf"
    COIN = "coin"


class QuoteGrade(IntEnum):
    """How far a quote can be trusted. ``LOCKED`` and ``CROSSED`` never fill; a study decides on the rest."""

    FIRM = 0
    ONE_SIDED = 1
    WIDE = 2
    STALE = 3
    LOCKED = 4
    CROSSED = 5
    NO_QUOTE = 6


@dataclass(frozen=True, slots=True)
class RootTerms:
    """Terms shared by every contract of one option root (``SPX``, ``SPXW``, ``SPY``, ``BTC``).

    Attributes
    ----------
    multiplier
        Units of underlying per contract as listed (100 shares; 1 coin).
    trading_close
        Local wall time "HH:MM" at which the root's quotes stop on an ordinary session
        (16:15 for SPX and SPY options, 16:00 for stock options).
    calendar
        Code of the sessions that the root trades in (``XNYS``, ``24/7``), see ``engine.calendars``.
    coin_settled
        Premium and payoff are paid in the coin itself (Deribit inverse options): a call pays
        max(S - K, 0) / S coins.
    """

    root: str
    underlying: str
    style: ExerciseStyle
    settlement_time: SettlementTime
    settlement_type: SettlementType
    multiplier: float
    quote_currency: str
    settlement_currency: str
    timezone: str
    trading_close: str = "16:00"
    coin_settled: bool = False
    calendar: str = "24/7"
