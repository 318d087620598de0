"""Which expiries a root lists, by date: expiry, last trading day and settlement of each, and whether one found in data
could be listed at all.

A rule is a list of programs, each with the first expiry that it gave. Where several programs give one day, the first
names it: no weekly is listed where a monthly or a month end is (Cboe, "Weeklys Options").
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from engine.calendars import TradingCalendar, last_trade_days, settlement_instants_us
from engine.calendars.epoch import date_of_days, days_of_date
from engine.calendars.expiry_dates import (
    FRIDAY,
    FRIDAY_EXPIRIES_FROM,
    last_friday,
    last_session,
    months_between,
    session_at_or_before,
    standard_monthly,
    third_friday,
    vix_monthly,
    vix_wednesday,
    weekday_expiry,
)
from engine.instruments.terms import RootTerms

#: A monthly further away than this is a LEAP: the long-term series of the US exchanges begin at twelve months.
_LEAP_DAYS = 366
_MARGIN = dt.timedelta(days=10)


class ExpiryKind(StrEnum):
    """Why an expiry is listed. ``DAILY`` is a weekly of Monday to Thursday, or any day of a venue that never closes."""

    MONTHLY = "monthly"
    LEAP = "leap"
    END_OF_QUARTER = "eoq"
    END_OF_MONTH = "eom"
    WEEKLY = "weekly"
    DAILY = "daily"
    UNKNOWN = "unknown"


class NoSuchExpiryError(LookupError):
    """A rule lists no expiry of that kind in that period."""


Dates = Callable[[dt.date, dt.date, TradingCalendar], Iterable[dt.date]]


@dataclass(frozen=True, slots=True)
class ExpiryProgram:
    """Expiries of one kind.

    Attributes
    ----------
    dates
        All expiries between two days.
    since, until
        First and last expiry; None: as far as anything is known.
    """

    kind: ExpiryKind
    dates: Dates
    since: dt.date | None = None
    until: dt.date | None = None

    def between(self, first: dt.date, last: dt.date, calendar: TradingCalendar) -> set[dt.date]:
        """Its expiries from ``first`` to ``last``, both included."""
        # a closed day moves an expiry by days, at most over a long weekend
        found = self.dates(first - _MARGIN, last + _MARGIN, calendar)
        lower, upper = max(first, self.since or first), min(last, self.until or last)
        return {day for day in found if lower <= day <= upper}


@dataclass(frozen=True, slots=True)
class ExpiryRule:
    """Programs in order of precedence."""

    name: str
    programs: tuple[ExpiryProgram, ...]


@dataclass(frozen=True, slots=True, order=True)
class ScheduledExpiry:
    """One expiry that a root lists: ``settles_at_us`` is in UTC microseconds."""

    expiry: dt.date
    kind: ExpiryKind
    last_trade_date: dt.date
    settles_at_us: int


@dataclass(frozen=True, slots=True)
class ClassifiedExpiry:
    """What an expiry found in data is.

    Attributes
    ----------
    expiry
        As the root lists it; None for ``UNKNOWN``. It differs from the one found where a vendor writes the last
        Friday of trading in place of the Saturday after it.
    """

    kind: ExpiryKind
    expiry: dt.date | None


def listed_expiries(
    rule: ExpiryRule, first: dt.date, last: dt.date, calendar: TradingCalendar
) -> dict[dt.date, ExpiryKind]:
    """Every expiry that the rule lists from ``first`` to ``last``, both included, in order.

    Raises
    ------
    CalendarRangeError
        The days lie outside what ``calendar`` knows.
    """
    found: dict[dt.date, ExpiryKind] = {}
    for program in rule.programs:
        for day in program.between(first, last, calendar):
            found.setdefault(day, program.kind)
    return dict(sorted(found.items()))


def scheduled_expiries(
    rule: ExpiryRule, terms: RootTerms, first: dt.date, last: dt.date, calendar: TradingCalendar
) -> list[ScheduledExpiry]:
    """:func:`listed_expiries` with the last trading day and the settlement of a root's terms."""
    listed = listed_expiries(rule, first, last, calendar)
    numbers = [days_of_date(day) for day in listed]
    trades = last_trade_days(terms, numbers, calendar).tolist()
    settles = settlement_instants_us(terms, numbers, calendar).tolist()
    return [
        ScheduledExpiry(day, kind, date_of_days(trade), settle)
        for (day, kind), trade, settle in zip(listed.items(), trades, settles, strict=True)
    ]


def expiry_of_month(
    rule: ExpiryRule,
    terms: RootTerms,
    year: int,
    month: int,
    calendar: TradingCalendar,
    kind: ExpiryKind = ExpiryKind.MONTHLY,
) -> ScheduledExpiry:
    """The one expiry of a kind (a monthly, a month end, a quarter end) in a month.

    Raises
    ------
    NoSuchExpiryError
        There is none, or there are several.
    """
    first, last = dt.date(year, month, 1), dt.date(year + month // 12, month % 12 + 1, 1)
    return _only(rule, terms, kind, first, last - dt.timedelta(days=1), calendar)


def expiry_of_week(
    rule: ExpiryRule, terms: RootTerms, day: dt.date, calendar: TradingCalendar
) -> ScheduledExpiry:
    """The weekly of the week, Monday to Sunday, in which a day lies.

    Raises
    ------
    NoSuchExpiryError
        There is none: the week has a monthly or a month end in its place.
    """
    monday = day - dt.timedelta(days=day.weekday())
    return _only(rule, terms, ExpiryKind.WEEKLY, monday, monday + dt.timedelta(days=6), calendar)


def _only(
    rule: ExpiryRule,
    terms: RootTerms,
    kind: ExpiryKind,
    first: dt.date,
    last: dt.date,
    calendar: TradingCalendar,
) -> ScheduledExpiry:
    everything = scheduled_expiries(rule, terms, first, last, calendar)
    found = [expiry for expiry in everything if expiry.kind is kind]
    if len(found) != 1:
        there = ", ".join(f"{e.expiry} {e.kind}" for e in everything) or "none"
        raise NoSuchExpiryError(
            f"{terms.root}: {len(found) or 'no'} {kind} expiries under the rule {rule.name} from {first} to {last}; "
            f"it lists {there}"
        )
    return found[0]


def classify_expiry(
    rule: ExpiryRule, found: dt.date, calendar: TradingCalendar, seen_on: dt.date | None = None
) -> ClassifiedExpiry:
    """What an expiry found in data is, ``UNKNOWN`` where the rule could not have listed it.

    Parameters
    ----------
    seen_on
        The session of the data. A monthly more than a year away is then a ``LEAP``.

    Raises
    ------
    CalendarRangeError
        ``found`` lies outside what ``calendar`` knows.
    """
    expiry = found
    kind = listed_expiries(rule, found, found, calendar).get(found, ExpiryKind.UNKNOWN)
    if kind is ExpiryKind.UNKNOWN:
        saturday = third_friday(found.year, found.month) + dt.timedelta(days=1)
        traded_last = saturday < FRIDAY_EXPIRIES_FROM and found == session_at_or_before(calendar, saturday)
        listed = listed_expiries(rule, saturday, saturday, calendar) if traded_last else {}
        if saturday not in listed:
            return ClassifiedExpiry(ExpiryKind.UNKNOWN, None)
        expiry, kind = saturday, listed[saturday]
    if kind is ExpiryKind.MONTHLY and seen_on is not None and (expiry - seen_on).days > _LEAP_DAYS:
        kind = ExpiryKind.LEAP
    return ClassifiedExpiry(kind, expiry)


def third_fridays(first: dt.date, last: dt.date, calendar: TradingCalendar) -> Iterable[dt.date]:
    """Standard monthly expiries."""
    return (standard_monthly(calendar, *month) for month in months_between(first, last))


def weekdays(*chosen: int) -> Dates:
    """Weekly expiries of some weekdays (Monday is 0); a third Friday is the monthly's."""

    def dates(first: dt.date, last: dt.date, calendar: TradingCalendar) -> Iterable[dt.date]:
        for day in (first + dt.timedelta(days=i) for i in range((last - first).days + 1)):
            if day.weekday() in chosen and day != third_friday(day.year, day.month):
                yield weekday_expiry(calendar, day)

    return dates


def month_ends(first: dt.date, last: dt.date, calendar: TradingCalendar) -> Iterable[dt.date]:
    """Last sessions of months."""
    return (last_session(calendar, *month) for month in months_between(first, last))


def quarter_ends(first: dt.date, last: dt.date, calendar: TradingCalendar) -> Iterable[dt.date]:
    """Last sessions of calendar quarters."""
    return (last_session(calendar, y, m) for y, m in months_between(first, last) if m % 3 == 0)


def vix_monthlies(first: dt.date, last: dt.date, calendar: TradingCalendar) -> Iterable[dt.date]:
    """30 days before the third Friday of the following month."""
    return (vix_monthly(calendar, *month) for month in months_between(first, last))


def vix_weeklies(first: dt.date, last: dt.date, calendar: TradingCalendar) -> Iterable[dt.date]:
    """Wednesdays but those of the monthlies."""
    monthlies = set(vix_monthlies(first, last, calendar))
    days = (first + dt.timedelta(days=i) for i in range((last - first).days + 1))
    return (e for d in days if d.weekday() == 2 and (e := vix_wednesday(calendar, d)) not in monthlies)


def last_fridays(first: dt.date, last: dt.date, _calendar: TradingCalendar) -> Iterable[dt.date]:
    """Last Fridays of months, at venues that never close."""
    return (last_friday(*month) for month in months_between(first, last))


def last_fridays_of_quarters(first: dt.date, last: dt.date, _calendar: TradingCalendar) -> Iterable[dt.date]:
    """Last Fridays of calendar quarters, at venues that never close."""
    return (last_friday(y, m) for y, m in months_between(first, last) if m % 3 == 0)


def fridays(first: dt.date, last: dt.date, calendar: TradingCalendar) -> Iterable[dt.date]:
    """Every Friday, at venues that never close."""
    return (day for day in every_day(first, last, calendar) if day.weekday() == FRIDAY)


def every_day(first: dt.date, last: dt.date, _calendar: TradingCalendar) -> Iterable[dt.date]:
    """Every day, at venues that never close."""
    return (first + dt.timedelta(days=i) for i in range((last - first).days + 1))
