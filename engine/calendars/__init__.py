"""Sessions, the instants of an option's life, and year fractions.

``trading_calendar`` knows sessions, opens and closes; ``contract_times`` turns a root's terms and an expiry
into instants; ``epoch`` holds the conversions between dates, day numbers and microseconds.
"""

from engine.calendars.contract_times import (
    last_trade_days,
    settlement_instants_us,
    trading_close_us,
    year_fraction,
)
from engine.calendars.epoch import date_of_days, days_of_date, wall_time_us
from engine.calendars.trading_calendar import CalendarRangeError, NotASessionError, TradingCalendar

__all__ = [
    "CalendarRangeError",
    "NotASessionError",
    "TradingCalendar",
    "date_of_days",
    "days_of_date",
    "last_trade_days",
    "settlement_instants_us",
    "trading_close_us",
    "wall_time_us",
    "year_fraction",
]
