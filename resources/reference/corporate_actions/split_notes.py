"""What the free text beside a split states about its dates, in the few phrases that are unambiguous."""

import datetime as dt
import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = r"(?:on )?([A-Z][a-z]{2,8})\.? (\d{1,2}), (\d{4})"
_EX_DATE = re.compile(
    r"(?:split-adjusted (?:\w+ )?trading (?:on [A-Z]\w+ )?began|split-adjusted basis began|"
    rf"\bex-(?:distribution )?date\)?:?) {_DATE}",
    re.IGNORECASE,
)
_ANNOUNCED = re.compile(rf"\bannounced (?:alongside [^.;]{{1,60}}? )?{_DATE}", re.IGNORECASE)


def stated_ex_dates(notes: str) -> list[dt.date]:
    """Days of which the text says that trading on the new basis began then, without repetition."""
    return _dates(_EX_DATE, notes)


def announced_before(notes: str, ex_date: dt.date) -> dt.date | None:
    """The latest day before the ex-date on which the text says that something was announced.

    The latest, because a board's first word and the announcement of the final terms may be two days. What a
    board approved is not taken: approval need not be public.
    """
    return max((day for day in _dates(_ANNOUNCED, notes) if day < ex_date), default=None)


def _dates(pattern: re.Pattern[str], notes: str) -> list[dt.date]:
    found = (_date(*match.groups()) for match in pattern.finditer(notes))
    return sorted({day for day in found if day is not None})


def _date(month: str, day: str, year: str) -> dt.date | None:
    short = month[:3].lower()
    if short not in _MONTHS:
        return None
    try:
        return dt.date(int(year), _MONTHS.index(short) + 1, int(day))
    except ValueError:
        return None
