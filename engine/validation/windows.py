"""Calendar-month windows of a walk-forward: train on some months, judge on the ones after."""

import calendar
import datetime as dt
from dataclasses import dataclass


class WalkForwardPeriodError(ValueError):
    """A study period too short for a single window."""


@dataclass(frozen=True, slots=True)
class WalkForwardWindow:
    """One window; all dates are inclusive and lie within the study's period.

    Attributes
    ----------
    key
        ``YYYY-MM``, the month in which the test range ends: the partition of ``walk_forward_window``.
    partial_train, partial_test
        The range covers only part of its first or last month, because the period begins or ends within it.
    """

    key: str
    train_start: dt.date
    train_end: dt.date
    test_start: dt.date
    test_end: dt.date
    partial_train: bool = False
    partial_test: bool = False


def month_windows(
    start: dt.date, end: dt.date, train_months: int, test_months: int
) -> list[WalkForwardWindow]:
    """Rolling windows of whole calendar months, moved by ``test_months`` so that no day is tested twice.

    Every month that the period touches counts. The first and the last of them may be cut short by the period;
    a window that holds such a month is kept, ends at the period's own dates, and says so. Months at the end
    that do not fill a test range are not tested.

    Raises
    ------
    WalkForwardPeriodError
        If the period touches fewer than ``train_months + test_months`` months.
    ValueError
        If a length is below one month.
    """
    if train_months < 1 or test_months < 1:
        raise ValueError(f"walk-forward of {train_months} + {test_months} months: both must be at least 1")
    first, last = _month(start), _month(end)
    span = train_months + test_months
    if last - first + 1 < span:
        raise WalkForwardPeriodError(
            f"period {start} to {end} touches {max(last - first + 1, 0)} months; "
            f"{train_months} to train and {test_months} to test need {span}: lengthen it or shorten them"
        )
    windows = []
    for begin in range(first, last - span + 2, test_months):
        test = begin + train_months
        final = begin + span - 1
        windows.append(
            WalkForwardWindow(
                key=f"{final // 12:04d}-{final % 12 + 1:02d}",
                train_start=max(_first_day(begin), start),
                train_end=_last_day(test - 1),
                test_start=_first_day(test),
                test_end=min(_last_day(final), end),
                partial_train=_first_day(begin) < start,
                partial_test=end < _last_day(final),
            )
        )
    return windows


def _month(day: dt.date) -> int:
    """Months since January of year 0."""
    return day.year * 12 + day.month - 1


def _first_day(month: int) -> dt.date:
    return dt.date(month // 12, month % 12 + 1, 1)


def _last_day(month: int) -> dt.date:
    year, number = month // 12, month % 12 + 1
    return dt.date(year, number, calendar.monthrange(year, number)[1])
